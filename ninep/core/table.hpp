/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_NINEP_TABLE_HPP
#define HF_NINEP_TABLE_HPP

#include "ninep_core.h"

namespace np {

/* The shape of @type in @dialect, or NULL. */
const np_shape *find(uint8_t type, np_dialect dialect);

/* The bytes before the payload; 0 of a message that has none. */
uint32_t head_size(uint8_t type, np_dialect dialect);

} // namespace np

#endif /* HF_NINEP_TABLE_HPP */
