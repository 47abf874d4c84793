// SPDX-License-Identifier: GPL-2.0-only
/* What the public headers assert, for a compiler of another machine to check. */
#include <holdfast/ninep.h>
#include <holdfast/ninep_frame.h>
