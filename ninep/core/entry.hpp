/* SPDX-License-Identifier: GPL-2.0-only */
/* The entries of a directory, in the payload of a reply. */
#ifndef HF_NINEP_ENTRY_HPP
#define HF_NINEP_ENTRY_HPP

#include "fields.hpp"

namespace np {

/* Of a struct np_entry. */
fields entry_fields();
/* Of a struct np_entry_attr. */
fields entry_attr_fields();

[[nodiscard]] np_status encode_entry(const fields &all, const void *entry, void *buf, size_t room,
				     uint32_t &used);
[[nodiscard]] np_status decode_entry(const fields &all, const void *data, size_t have, void *entry,
				     uint32_t &used);

} // namespace np

#endif /* HF_NINEP_ENTRY_HPP */
