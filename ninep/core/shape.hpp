/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words in which dotl.hpp and hf1.hpp are written: fields, and the shape that
 * follows from them.  All of it is computed by the compiler.
 */
#ifndef HF_NINEP_SHAPE_HPP
#define HF_NINEP_SHAPE_HPP

#include <holdfast/core/std.hpp>

#include "bytes.hpp"
#include "ninep_core.h"

/* Where a field is: in an entry of a directory, in a message. */
#define NP_IN(type, member) static_cast<hf::uint16_t>(offsetof(type, member))
#define NP_AT(member) NP_IN(np_msg, member)

namespace np {

constexpr np_field u8(uint16_t at) { return { NP_U8, NP_ANY, at, 0 }; }
constexpr np_field u16(uint16_t at) { return { NP_U16, NP_ANY, at, 0 }; }
constexpr np_field u32(uint16_t at) { return { NP_U32, NP_ANY, at, 0 }; }
constexpr np_field u64(uint16_t at) { return { NP_U64, NP_ANY, at, 0 }; }
constexpr np_field late32(uint16_t at) { return { NP_LATE32, NP_ANY, at, 0 }; }
constexpr np_field qid(uint16_t at) { return { NP_QID, NP_ANY, at, 0 }; }
constexpr np_field text(uint16_t at) { return { NP_STR, NP_ANY, at, 0 }; }
constexpr np_field name(uint16_t at) { return { NP_STR, NP_NAME, at, 0 }; }
constexpr np_field seen_name(uint16_t at) { return { NP_STR, NP_SEEN_NAME, at, 0 }; }
constexpr np_field names(uint16_t at) { return { NP_NAMES, NP_ANY, at, 0 }; }
constexpr np_field qids(uint16_t at) { return { NP_QIDS, NP_ANY, at, 0 }; }
constexpr np_field raw(uint16_t at, uint32_t bytes) { return { NP_BYTES, NP_ANY, at, bytes }; }
constexpr np_field payload() { return { NP_PAYLOAD, NP_ANY, NP_AT(payload.count), 0 }; }

constexpr np_field flags(uint16_t at, uint32_t mask) { return { NP_U32, NP_FLAGS, at, mask }; }
constexpr np_field choice(uint16_t at, uint32_t last) { return { NP_U8, NP_UPTO, at, last }; }
constexpr np_field upto(uint16_t at, uint32_t last) { return { NP_U32, NP_UPTO, at, last }; }
constexpr np_field from1(uint16_t at, uint32_t last) { return { NP_U32, NP_FROM1, at, last }; }

/* struct np_attr, as Rgetattr has it. */
#define NP_ATTR_FIELDS(type, attr)							\
	u64(NP_IN(type, attr.valid)), qid(NP_IN(type, attr.qid)),			\
	u32(NP_IN(type, attr.mode)), u32(NP_IN(type, attr.uid)),			\
	u32(NP_IN(type, attr.gid)), u64(NP_IN(type, attr.nlink)),			\
	u64(NP_IN(type, attr.rdev)), u64(NP_IN(type, attr.size)),			\
	u64(NP_IN(type, attr.blksize)), u64(NP_IN(type, attr.blocks)),			\
	u64(NP_IN(type, attr.atime_sec)), u64(NP_IN(type, attr.atime_nsec)),		\
	u64(NP_IN(type, attr.mtime_sec)), u64(NP_IN(type, attr.mtime_nsec)),		\
	u64(NP_IN(type, attr.ctime_sec)), u64(NP_IN(type, attr.ctime_nsec)),		\
	u64(NP_IN(type, attr.btime_sec)), u64(NP_IN(type, attr.btime_nsec)),		\
	u64(NP_IN(type, attr.gen)), u64(NP_IN(type, attr.data_version))

/* Bytes of a field at the least. */
constexpr uint32_t least(const np_field &field)
{
	switch (field.kind) {
	case NP_U8: return 1;
	case NP_U16: case NP_STR: case NP_NAMES: case NP_QIDS: return 2;
	case NP_U32: case NP_PAYLOAD: return 4;
	case NP_U64: return 8;
	case NP_QID: return qid_size;
	case NP_BYTES: return field.limit;
	default: return 0;
	}
}

/* What it may have beyond that. */
constexpr uint32_t room(const np_field &field)
{
	switch (field.kind) {
	case NP_LATE32: return 4;
	case NP_STR: return field.rule == NP_ANY ? 65535 : NP_NAME_MAX;
	case NP_NAMES: return NP_MAX_WALK * (2 + NP_NAME_MAX);
	case NP_QIDS: return NP_MAX_WALK * qid_size;
	default: return 0;
	}
}

constexpr np_shape shape_of(uint8_t type, uint8_t dialect, const char *name, const np_field *fields,
			    size_t count)
{
	np_shape shape = { name, fields, static_cast<uint8_t>(count), type, dialect, false,
			   NP_HEADER, 0 };

	for (size_t i = 0; i < count; i++) {
		shape.least += least(fields[i]);
		shape.most += room(fields[i]);
		shape.payload |= fields[i].kind == NP_PAYLOAD;
	}
	shape.most += shape.least;
	return shape;
}

/* Only the last field may be one that goes on, or that may be missing. */
template <size_t count>
consteval np_shape shape(uint8_t type, uint8_t dialect, const char *name,
			 const np_field (&fields)[count])
{
	static_assert(count < 256);
	for (size_t i = 0; i + 1 < count; i++)
		if (fields[i].kind == NP_PAYLOAD || fields[i].kind == NP_LATE32)
			__builtin_unreachable();
	return shape_of(type, dialect, name, fields, count);
}

consteval np_shape shape(uint8_t type, uint8_t dialect, const char *name)
{
	return shape_of(type, dialect, name, nullptr, 0);
}

} // namespace np

#endif /* HF_NINEP_SHAPE_HPP */
