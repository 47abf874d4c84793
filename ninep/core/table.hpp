/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_NINEP_TABLE_HPP
#define HF_NINEP_TABLE_HPP

#include "ninep_core.h"

namespace np {

/* The shape of @type in @dialect, or NULL. */
const np_shape *find(uint8_t type, np_dialect dialect);

} // namespace np

#endif /* HF_NINEP_TABLE_HPP */
