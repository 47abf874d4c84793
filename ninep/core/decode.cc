// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes to fields.  take() is the only place that advances, and it never passes the
 * end: with the first byte that is missing the rest reads as nothing.  O(bytes).
 */
#include "bytes.hpp"
#include "check.hpp"
#include "fields.hpp"

namespace np {

namespace {

size_t left(const reader &from)
{
	return static_cast<size_t>(from.end - from.at);
}

/* The next @bytes, or NULL. */
const uint8_t *take(reader &from, uint32_t bytes)
{
	const uint8_t *at = from.at;

	if (from.fault == NP_OK && left(from) < bytes)
		from.fault = NP_BEYOND;
	if (from.fault != NP_OK)
		return nullptr;
	from.at += bytes;
	return at;
}

template <typename type>
type number(reader &from)
{
	const uint8_t *at = take(from, sizeof(type));

	return at ? load<type>(at) : 0;
}

template <typename type>
void read_number(reader &from, const np_field &field, void *base)
{
	type value = number<type>(from);

	in<type>(base, field.at) = value;
	if (field.rule != NP_ANY)
		note(from.refused, check_number(field, value));
}

np_qid read_qid(reader &from)
{
	np_qid qid = {};

	static_assert(qid_size == 1 + 4 + 8);
	qid.type = number<uint8_t>(from);
	qid.version = number<uint32_t>(from);
	qid.path = number<uint64_t>(from);
	return qid;
}

np_str read_string(reader &from)
{
	uint16_t len = number<uint16_t>(from);
	const uint8_t *at = take(from, len);

	return { reinterpret_cast<const char *>(at), at ? len : uint16_t { 0 } };
}

void read_text(reader &from, const np_field &field, void *base)
{
	np_str &string = in<np_str>(base, field.at);

	string = read_string(from);
	note(from.refused, check_string(field.rule, string));
}

/* Of a list. */
uint16_t read_count(reader &from)
{
	uint16_t count = number<uint16_t>(from);

	if (count <= NP_MAX_WALK)
		return count;
	from.fault = NP_BAD_COUNT;
	return 0;
}

void read_names(reader &from, np_names &names)
{
	names.count = read_count(from);
	for (uint32_t i = 0; i < names.count; i++) {
		names.name[i] = read_string(from);
		note(from.refused, check_step(names.name[i]));
	}
}

void read_qids(reader &from, np_qids &qids)
{
	qids.count = read_count(from);
	for (uint32_t i = 0; i < qids.count; i++)
		qids.qid[i] = read_qid(from);
}

void read_bytes(reader &from, const np_field &field, void *base)
{
	if (const uint8_t *at = take(from, field.limit))
		copy(&in<uint8_t>(base, field.at), at, field.limit);
}

void read_field(reader &from, const np_field &field, void *base)
{
	switch (field.kind) {
	case NP_U8: return read_number<uint8_t>(from, field, base);
	case NP_U16: return read_number<uint16_t>(from, field, base);
	case NP_U32: case NP_PAYLOAD: return read_number<uint32_t>(from, field, base);
	case NP_U64: return read_number<uint64_t>(from, field, base);
	case NP_LATE32:
		in<uint32_t>(base, field.at) = 0;
		if (left(from))
			read_number<uint32_t>(from, field, base);
		return;
	case NP_QID: in<np_qid>(base, field.at) = read_qid(from); return;
	case NP_STR: return read_text(from, field, base);
	case NP_NAMES: return read_names(from, in<np_names>(base, field.at));
	case NP_QIDS: return read_qids(from, in<np_qids>(base, field.at));
	case NP_BYTES: return read_bytes(from, field, base);
	}
}

} // namespace

void read_fields(reader &from, const fields &all, void *base)
{
	for (uint32_t i = 0; i < all.count && from.fault == NP_OK; i++)
		read_field(from, all.list[i], base);
}

} // namespace np
