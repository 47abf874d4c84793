/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two interpreters of a list of fields.  @base is what np_field.at counts from:
 * a struct np_msg, or a directory's entry.
 */
#ifndef HF_NINEP_FIELDS_HPP
#define HF_NINEP_FIELDS_HPP

#include "ninep_core.h"

namespace np {

struct fields {
	const np_field *list;
	uint32_t count;
};

/*
 * What is left of a frame to read.  @fault is what makes it unsound, which ends the
 * reading; @refused what does not.
 */
struct reader {
	const uint8_t *at, *end;
	np_status fault = NP_OK;
	np_status refused = NP_OK;

	[[nodiscard]] np_status status() const { return fault ? fault : refused; }
};

void read_fields(reader &from, const fields &all, void *base);

/* Plan: how many bytes, and whether each may be what it is. */
[[nodiscard]] np_status measure_fields(const fields &all, const void *base, uint32_t &bytes);

/* Commit: cannot fail; as many bytes as were measured.  Returns where they end. */
uint8_t *write_fields(const fields &all, const void *base, uint8_t *at);

} // namespace np

#endif /* HF_NINEP_FIELDS_HPP */
