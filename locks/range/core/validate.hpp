/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_RANGE_VALIDATE_HPP
#define HF_RANGE_VALIDATE_HPP

#include "lock_core.h"

namespace lk {

/* NULL, or which invariant of the other headers does not hold. */
[[nodiscard]] const char *validate(const lk_table &table);

} // namespace lk

#endif /* HF_RANGE_VALIDATE_HPP */
