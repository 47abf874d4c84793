/* SPDX-License-Identifier: GPL-2.0-only */
/* What a field may say, whichever way it goes. */
#ifndef HF_NINEP_CHECK_HPP
#define HF_NINEP_CHECK_HPP

#include "ninep_core.h"

namespace np {

[[nodiscard]] np_status check_number(const np_field &field, uint64_t value);
[[nodiscard]] np_status check_string(uint8_t rule, const np_str &string);
/* One of those of a walk: ".." is, "." is not. */
[[nodiscard]] np_status check_step(const np_str &string);

/* The first fault is the one that is told. */
inline void note(np_status &status, np_status found)
{
	if (status == NP_OK)
		status = found;
}

} // namespace np

#endif /* HF_NINEP_CHECK_HPP */
