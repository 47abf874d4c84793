// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fields to bytes, in two passes: the first finds every fault and the size, the
 * second writes and cannot fail.  O(bytes).
 */
#include "bytes.hpp"
#include "check.hpp"
#include "fields.hpp"

namespace np {

namespace {

template <typename type>
np_status measure_number(const np_field &field, const void *base, uint32_t &bytes)
{
	bytes += sizeof(type);
	return field.rule == NP_ANY ? NP_OK : check_number(field, in<type>(base, field.at));
}

np_status measure_names(const np_names &names, uint32_t &bytes)
{
	np_status status = NP_OK;

	if (names.count > NP_MAX_WALK)
		return NP_BAD_COUNT;
	bytes += 2;
	for (uint32_t i = 0; i < names.count; i++) {
		note(status, check_step(names.name[i]));
		bytes += 2 + names.name[i].len;
	}
	return status;
}

np_status measure_field(const np_field &field, const void *base, uint32_t &bytes)
{
	switch (field.kind) {
	case NP_QID:
		bytes += qid_size;
		return NP_OK;
	case NP_STR:
		bytes += 2 + in<np_str>(base, field.at).len;
		return check_string(field.rule, in<np_str>(base, field.at));
	case NP_NAMES:
		return measure_names(in<np_names>(base, field.at), bytes);
	case NP_QIDS:
		bytes += 2 + qid_size * in<np_qids>(base, field.at).count;
		return in<np_qids>(base, field.at).count > NP_MAX_WALK ? NP_BAD_COUNT : NP_OK;
	case NP_BYTES:
		bytes += field.limit;
		return NP_OK;
	case NP_U8:
		return measure_number<uint8_t>(field, base, bytes);
	case NP_U16:
		return measure_number<uint16_t>(field, base, bytes);
	case NP_U64:
		return measure_number<uint64_t>(field, base, bytes);
	default:
		return measure_number<uint32_t>(field, base, bytes);
	}
}

uint8_t *write_qid(uint8_t *at, const np_qid &qid)
{
	at = store(at, qid.type);
	at = store(at, qid.version);
	return store(at, qid.path);
}

uint8_t *write_string(uint8_t *at, const np_str &string)
{
	return copy(store(at, string.len), string.at, string.len);
}

uint8_t *write_names(uint8_t *at, const np_names &names)
{
	at = store(at, names.count);
	for (uint32_t i = 0; i < names.count; i++)
		at = write_string(at, names.name[i]);
	return at;
}

uint8_t *write_qids(uint8_t *at, const np_qids &qids)
{
	at = store(at, qids.count);
	for (uint32_t i = 0; i < qids.count; i++)
		at = write_qid(at, qids.qid[i]);
	return at;
}

uint8_t *write_field(const np_field &field, const void *base, uint8_t *at)
{
	switch (field.kind) {
	case NP_QID: return write_qid(at, in<np_qid>(base, field.at));
	case NP_STR: return write_string(at, in<np_str>(base, field.at));
	case NP_NAMES: return write_names(at, in<np_names>(base, field.at));
	case NP_QIDS: return write_qids(at, in<np_qids>(base, field.at));
	case NP_BYTES: return copy(at, &in<uint8_t>(base, field.at), field.limit);
	case NP_U8: return store(at, in<uint8_t>(base, field.at));
	case NP_U16: return store(at, in<uint16_t>(base, field.at));
	case NP_U64: return store(at, in<uint64_t>(base, field.at));
	default: return store(at, in<uint32_t>(base, field.at));
	}
}

} // namespace

np_status measure_fields(const fields &all, const void *base, uint32_t &bytes)
{
	np_status status = NP_OK;

	for (uint32_t i = 0; i < all.count; i++)
		note(status, measure_field(all.list[i], base, bytes));
	return status;
}

uint8_t *write_fields(const fields &all, const void *base, uint8_t *at)
{
	for (uint32_t i = 0; i < all.count; i++)
		at = write_field(all.list[i], base, at);
	return at;
}

} // namespace np
