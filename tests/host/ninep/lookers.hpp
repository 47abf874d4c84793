/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model's messages are shown to by those who care for few fields: to change
 * one, to make all as long as they can be, to find out what there is.
 */
#ifndef HF_TESTS_NINEP_LOOKERS_HPP
#define HF_TESTS_NINEP_LOOKERS_HPP

#include "model.hpp"

namespace model {

/* Does nothing with any field. */
struct looker {
	void u8(uint8_t &) {}
	void u16(uint16_t &) {}
	void u32(uint32_t &) {}
	void u64(uint64_t &) {}
	void late(uint32_t &) {}
	void flags(uint32_t &, uint32_t) {}
	void from1(uint32_t &, uint32_t) {}
	void upto(uint8_t &, uint8_t) {}
	void upto(uint32_t &, uint32_t) {}
	void bytes(uint8_t *, int) {}
	void qid(np_qid &) {}
	void str(np_str &) {}
	void name(np_str &) {}
	void seen_name(np_str &) {}
	void steps(np_names &) {}
	void qids(np_qids &) {}
	void data(np_payload &) {}
};

/* Makes everything as long as it can be. */
struct filler : looker {
	np_str text;

	explicit filler(np_str text) : text(text) {}

	np_str longest_name() const { return { text.at, 255 }; }
	void str(np_str &s) { s = text; }
	void name(np_str &s) { s = longest_name(); }
	void steps(np_names &n)
	{
		n.count = 16;
		for (np_str &name : n.name)
			name = longest_name();
	}
	void qids(np_qids &q) { q.count = 16; }
};

/* Replaces the number that comes as the (turn)th; was_there if there is one. */
struct changer : looker {
	int turn;
	uint64_t value;
	bool was_there = false;

	changer(int turn, uint64_t value) : turn(turn), value(value) {}

	template <typename type>
	void set(type &x)
	{
		if (turn-- != 0)
			return;
		x = static_cast<type>(value);
		was_there = true;
	}
	void u8(uint8_t &x) { set(x); }
	void u16(uint16_t &x) { set(x); }
	void u32(uint32_t &x) { set(x); }
	void u64(uint64_t &x) { set(x); }
	void late(uint32_t &x) { set(x); }
	void flags(uint32_t &x, uint32_t) { set(x); }
	void from1(uint32_t &x, uint32_t) { set(x); }
	void upto(uint8_t &x, uint8_t) { set(x); }
	void upto(uint32_t &x, uint32_t) { set(x); }
	void qid(np_qid &q) { set(q.type); set(q.version); set(q.path); }
	void qids(np_qids &q)
	{
		for (int i = 0; i < q.count; i++)
			qid(q.qid[i]);
	}
};

/* The same for strings, and the names of a walk. */
struct renamer : looker {
	int turn;
	np_str text;
	bool was_there = false;

	renamer(int turn, np_str text) : turn(turn), text(text) {}

	void set(np_str &s)
	{
		if (turn-- != 0)
			return;
		s = text;
		was_there = true;
	}
	void str(np_str &s) { set(s); }
	void name(np_str &s) { set(s); }
	void seen_name(np_str &s) { set(s); }
	void steps(np_names &n)
	{
		for (int i = 0; i < n.count; i++)
			set(n.name[i]);
	}
};

/* What the number that comes as the (turn)th may be; was_there as for changer. */
struct rule_finder : looker {
	enum rule { any, flags_of, at_most, from_one } rule = any;
	int turn;
	uint32_t limit = 0;
	int bits = 0;
	bool was_there = false;

	explicit rule_finder(int turn) : turn(turn) {}

	void set(enum rule found, uint32_t with, int width)
	{
		if (turn-- != 0)
			return;
		rule = found;
		limit = with;
		bits = width;
		was_there = true;
	}
	void u8(uint8_t &) { set(any, 0, 8); }
	void u16(uint16_t &) { set(any, 0, 16); }
	void u32(uint32_t &) { set(any, 0, 32); }
	void u64(uint64_t &) { set(any, 0, 64); }
	void late(uint32_t &) { set(any, 0, 32); }
	void flags(uint32_t &, uint32_t mask) { set(flags_of, mask, 32); }
	void from1(uint32_t &, uint32_t last) { set(from_one, last, 32); }
	void upto(uint8_t &, uint8_t last) { set(at_most, last, 8); }
	void upto(uint32_t &, uint32_t last) { set(at_most, last, 32); }
	void qid(np_qid &q) { u8(q.type); u32(q.version); u64(q.path); }
	void qids(np_qids &q)
	{
		for (int i = 0; i < q.count; i++)
			qid(q.qid[i]);
	}

	np_status judge(uint64_t value) const
	{
		switch (rule) {
		case flags_of: return value & ~uint64_t { limit } ? NP_BAD_FLAGS : NP_OK;
		case at_most: return value <= limit ? NP_OK : NP_BAD_VALUE;
		case from_one: return value >= 1 && value <= limit ? NP_OK : NP_BAD_VALUE;
		default: return NP_OK;
		}
	}
};

/* Whether it has a field that can be refused. */
struct restriction_finder : looker {
	bool found = false;

	void flags(uint32_t &, uint32_t) { found = true; }
	void from1(uint32_t &, uint32_t) { found = true; }
	void upto(uint8_t &, uint8_t) { found = true; }
	void upto(uint32_t &, uint32_t) { found = true; }
	void str(np_str &) { found = true; }
	void name(np_str &) { found = true; }
	void steps(np_names &) { found = true; }
};

inline bool can_be_refused(uint8_t type)
{
	restriction_finder finder;
	np_msg m = {};

	m.type = type;
	body(finder, m);
	return finder.found;
}

/* Whether its frame goes on behind what is encoded. */
struct payload_finder : looker {
	bool found = false;

	void data(np_payload &) { found = true; }
};

inline bool has_payload(uint8_t type)
{
	payload_finder finder;
	np_msg m = {};

	m.type = type;
	body(finder, m);
	return finder.found;
}

} // namespace model

#endif /* HF_TESTS_NINEP_LOOKERS_HPP */
