// SPDX-License-Identifier: GPL-2.0-only
/* A directory's entries are lists of fields, too, without a header. */
#include "entry.hpp"

#include "shape.hpp"

namespace np {

namespace {

constexpr np_field entry[] = { qid(NP_IN(np_entry, qid)), u64(NP_IN(np_entry, offset)),
			       u8(NP_IN(np_entry, type)), seen_name(NP_IN(np_entry, name)) };
constexpr np_field entry_attr[] = { NP_ATTR_FIELDS(np_entry_attr, attr),
				    u64(NP_IN(np_entry_attr, offset)),
				    u8(NP_IN(np_entry_attr, type)),
				    seen_name(NP_IN(np_entry_attr, name)) };

template <size_t count>
constexpr fields list_of(const np_field (&all)[count])
{
	return { all, count };
}

} // namespace

fields entry_fields()
{
	return list_of(entry);
}

fields entry_attr_fields()
{
	return list_of(entry_attr);
}

np_status encode_entry(const fields &all, const void *entry, void *buf, size_t room, uint32_t &used)
{
	uint32_t bytes = 0;
	np_status status = measure_fields(all, entry, bytes);

	used = 0;
	if (status == NP_OK && bytes > room)
		status = NP_NO_ROOM;
	if (status != NP_OK)
		return status;
	write_fields(all, entry, static_cast<uint8_t *>(buf));
	used = bytes;
	return NP_OK;
}

np_status decode_entry(const fields &all, const void *data, size_t have, void *entry,
		       uint32_t &used)
{
	const uint8_t *bytes = static_cast<const uint8_t *>(data);
	reader from { bytes, bytes + have };

	read_fields(from, all, entry);
	used = from.status() == NP_OK ? static_cast<uint32_t>(from.at - bytes) : 0;
	return from.status();
}

} // namespace np
