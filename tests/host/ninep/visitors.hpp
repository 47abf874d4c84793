/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model's messages are shown to: a writer and a reader of bytes, and an
 * inventor of messages; lookers.hpp has those that care for few fields.
 */
#ifndef HF_TESTS_NINEP_VISITORS_HPP
#define HF_TESTS_NINEP_VISITORS_HPP

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "../source.hpp"
#include "lookers.hpp"

namespace model {

using frame = std::vector<uint8_t>;

inline std::string_view view(const np_str &s) { return { s.at, s.len }; }
inline np_str str(std::string_view s) { return { s.data(), static_cast<uint16_t>(s.size()) }; }

/* What may be said: the naive way. */
inline np_status judge_string(std::string_view s)
{
	return s.find('\0') == s.npos ? NP_OK : NP_BAD_STRING;
}

inline np_status judge_name(std::string_view s, bool dot, bool dot_dot)
{
	if ((s == "." && !dot) || (s == ".." && !dot_dot))
		return NP_BAD_NAME;
	if (s.find('\0') != s.npos)
		return NP_BAD_STRING;
	if (s.size() > 255)
		return NP_LONG_NAME;
	return s.empty() || s.find('/') != s.npos ? NP_BAD_NAME : NP_OK;
}

struct writer {
	frame out;

	void number(uint64_t value, int bytes)
	{
		for (; bytes > 0; bytes--, value /= 256)
			out.push_back(value % 256);
	}
	void u8(uint8_t x) { number(x, 1); }
	void u16(uint16_t x) { number(x, 2); }
	void u32(uint32_t x) { number(x, 4); }
	void u64(uint64_t x) { number(x, 8); }
	void late(uint32_t x) { number(x, 4); }
	void flags(uint32_t x, uint32_t) { number(x, 4); }
	void from1(uint32_t x, uint32_t) { number(x, 4); }
	void upto(uint8_t x, uint8_t) { number(x, 1); }
	void upto(uint32_t x, uint32_t) { number(x, 4); }
	void bytes(const uint8_t *x, int count) { out.insert(out.end(), x, x + count); }
	void qid(const np_qid &q) { u8(q.type); u32(q.version); u64(q.path); }
	void str(const np_str &s) { u16(s.len); out.insert(out.end(), s.at, s.at + s.len); }
	void name(const np_str &s) { str(s); }
	void seen_name(const np_str &s) { str(s); }
	void steps(const np_names &n)
	{
		u16(n.count);
		for (int i = 0; i < n.count; i++)
			str(n.name[i]);
	}
	void qids(const np_qids &q)
	{
		u16(q.count);
		for (int i = 0; i < q.count; i++)
			qid(q.qid[i]);
	}
	void data(const np_payload &p) { u32(p.count); }
};

/* Ends with the first unsound field, thrown; goes on behind a refused one. */
struct reader {
	const uint8_t *at, *end;
	np_status refused = NP_OK;

	void note(np_status status) { if (refused == NP_OK) refused = status; }
	const uint8_t *take(size_t bytes)
	{
		if (bytes > static_cast<size_t>(end - at))
			throw NP_BEYOND;
		return (at += bytes) - bytes;
	}
	uint64_t number(int bytes)
	{
		const uint8_t *from = take(bytes);
		uint64_t value = 0;

		while (bytes-- > 0)
			value = value * 256 + from[bytes];
		return value;
	}
	void u8(uint8_t &x) { x = number(1); }
	void u16(uint16_t &x) { x = number(2); }
	void u32(uint32_t &x) { x = number(4); }
	void u64(uint64_t &x) { x = number(8); }
	void late(uint32_t &x) { x = at == end ? 0 : number(4); }
	void flags(uint32_t &x, uint32_t mask)
	{
		u32(x);
		if ((x | mask) != mask)
			note(NP_BAD_FLAGS);
	}
	void from1(uint32_t &x, uint32_t last)
	{
		u32(x);
		if (x == 0 || x > last)
			note(NP_BAD_VALUE);
	}
	void upto(uint8_t &x, uint8_t last)
	{
		u8(x);
		if (x > last)
			note(NP_BAD_VALUE);
	}
	void upto(uint32_t &x, uint32_t last)
	{
		u32(x);
		if (x > last)
			note(NP_BAD_VALUE);
	}
	void bytes(uint8_t *x, int count)
	{
		const uint8_t *from = take(count);

		for (int i = 0; i < count; i++)
			x[i] = from[i];
	}
	void qid(np_qid &q) { u8(q.type); u32(q.version); u64(q.path); }
	void raw(np_str &s)
	{
		u16(s.len);
		s.at = reinterpret_cast<const char *>(take(s.len));
	}
	void str(np_str &s) { raw(s); note(judge_string(view(s))); }
	void name(np_str &s) { raw(s); note(judge_name(view(s), false, false)); }
	void seen_name(np_str &s) { raw(s); note(judge_name(view(s), true, true)); }
	void count(uint16_t &n)
	{
		u16(n);
		if (n > 16)
			throw NP_BAD_COUNT;
	}
	void steps(np_names &n)
	{
		count(n.count);
		for (int i = 0; i < n.count; i++) {
			raw(n.name[i]);
			note(judge_name(view(n.name[i]), false, true));
		}
	}
	void qids(np_qids &q)
	{
		count(q.count);
		for (int i = 0; i < q.count; i++)
			qid(q.qid[i]);
	}
	void data(np_payload &p) { u32(p.count); }
};

/* Makes a message up, of numbers and strings that are allowed. */
struct inventor {
	world::source &from;
	std::deque<std::string> strings {};	/* that the message points to */
	uint32_t most_data = 1u << 20;

	uint64_t number(int bits)
	{
		uint64_t value = 0;

		switch (from.pick(4)) {
		case 0: return from.pick(3);
		case 1: return ~0ULL >> (64 - bits);
		default:
			for (int i = 0; i < 8; i++)
				value = value << 8 | from.pick(256);
			return value >> (64 - bits);
		}
	}
	void u8(uint8_t &x) { x = number(8); }
	void u16(uint16_t &x) { x = number(16); }
	void u32(uint32_t &x) { x = number(32); }
	void u64(uint64_t &x) { x = number(64); }
	void late(uint32_t &x) { u32(x); }
	void flags(uint32_t &x, uint32_t mask) { x = number(32) & mask; }
	void from1(uint32_t &x, uint32_t last) { x = 1 + number(32) % last; }
	void upto(uint8_t &x, uint8_t last) { x = number(8) % (last + 1); }
	void upto(uint32_t &x, uint32_t last) { x = number(32) % (last + 1); }
	void bytes(uint8_t *x, int count) { while (count-- > 0) *x++ = from.pick(256); }
	void qid(np_qid &q) { u8(q.type); u32(q.version); u64(q.path); }
	np_str letters(size_t least, size_t most)
	{
		size_t len = least + from.pick(4) * from.pick(80);

		if (from.pick(64) == 63)
			len = most;
		else if (len > most)
			len = least;
		strings.emplace_back(len, 'a' + from.pick(26));
		for (size_t i = 0; i < len && i < 4; i++)
			strings.back()[i] = 1 + from.pick(255);
		return model::str(strings.back());
	}
	void str(np_str &s) { s = letters(0, 65535); }
	void name(np_str &s)
	{
		s = letters(1, 255);
		for (char &c : strings.back())
			if (c == '/' || c == '.')
				c = '_';
	}
	void seen_name(np_str &s)
	{
		name(s);
		if (from.pick(4) == 0)
			s = model::str(from.pick(2) ? "." : "..");
	}
	void steps(np_names &n)
	{
		n.count = from.pick(17);
		for (int i = 0; i < n.count; i++) {
			name(n.name[i]);
			if (from.pick(8) == 0)
				n.name[i] = model::str("..");
		}
	}
	void qids(np_qids &q)
	{
		q.count = from.pick(17);
		for (int i = 0; i < q.count; i++)
			qid(q.qid[i]);
	}
	void data(np_payload &p) { p.count = number(32) % (most_data + 1); }
};

/* The head of the frame. */
inline frame write(np_msg m)
{
	writer w;
	uint64_t size;

	w.number(0, 4);
	w.u8(m.type);
	w.u16(m.tag);
	body(w, m);
	size = w.out.size() + (has_payload(m.type) ? m.payload.count : 0);
	for (int i = 0; i < 4; i++)
		w.out[i] = size >> 8 * i;
	return w.out;
}

/* The bytes of a message's head, its strings and lists empty. */
inline size_t head_of(uint8_t type)
{
	np_msg m = {};

	m.type = type;
	return write(m).size();
}

inline bool known(uint8_t type, np_dialect dialect)
{
	looker l;
	np_msg m = {};

	m.type = type;
	return body(l, m) && (dialect == NP_HF1 || is_dotl(type));
}

inline np_status read_body(reader &r, uint32_t size, size_t have, np_msg &m)
{
	size_t begin;
	bool payload = has_payload(m.type);
	const uint8_t *start = r.at - 7;

	if (!payload && have < size)
		return NP_SHORT;
	r.end = start + (have < size ? have : size);
	try {
		body(r, m);
	} catch (np_status fault) {
		/* Too few bytes for the head, though the frame has them. */
		if (payload && fault == NP_BEYOND && have < size)
			return head_of(m.type) > size ? NP_BEYOND : NP_SHORT;
		return fault;
	}
	begin = r.at - start;
	if (!payload)
		return begin < size ? NP_TRAILING : r.refused;
	m.payload.at = begin;
	return m.payload.count == size - begin ? r.refused : NP_BAD_PAYLOAD;
}

/* What the frame is. */
inline np_status read(const uint8_t *bytes, size_t have, np_dialect dialect, np_msg &m)
{
	reader r { bytes, bytes + have };

	m = {};
	if (have < 7)
		return NP_SHORT;
	r.u32(m.size);
	r.u8(m.type);
	r.u16(m.tag);
	if (m.size < 7)
		return NP_BAD_SIZE;
	if (!known(m.type, dialect))
		return have < m.size ? NP_SHORT : NP_UNKNOWN_TYPE;
	return read_body(r, m.size, have, m);
}

} // namespace model

#endif /* HF_TESTS_NINEP_VISITORS_HPP */
