// SPDX-License-Identifier: GPL-2.0-only
/* The C side of test_border.cc. */
#include "border_cases.h"

const char *border_run_in_c(unsigned int index)
{
	return border_run(index);
}

unsigned int border_size_in_c(unsigned int which)
{
	return border_size(which);
}
