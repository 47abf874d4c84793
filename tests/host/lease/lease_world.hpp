/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lease core and its model, side by side: each step is done to both, and
 * then everything that can be seen of the core is compared.  A step that fails
 * must have left every byte as it was, but for what time had brought.
 *
 * The batch is read at each step or, at times, only some steps later: calls
 * append to it.
 */
#ifndef HF_TESTS_LEASE_WORLD_HPP
#define HF_TESTS_LEASE_WORLD_HPP

#include <memory>
#include <string>

#include "lease_model.hpp"
#include "../source.hpp"

namespace lease_world {

using ::world::source;
using lease_model::span;

struct options {
	int holders = 4;
	uint64_t start = 1000;		/* of the clock */
	uint64_t break_ms = 0;		/* one for all, and the wait is bounded; 0: any */
	bool leases = true;
};

struct world {
	static constexpr int slots = 3;
	static constexpr uint64_t owners = 2;

	options opt;
	ls_table core = {};
	ls_batch batch = {};
	lease_model::table model;
	uint64_t now;
	uint64_t last_pin = 0;
	std::vector<std::unique_ptr<ls_grant>> grants;	/* in the table, or in the batch */
	std::vector<std::unique_ptr<ls_pin>> pins;
	ls_change changes[slots] = {};
	uint64_t first_break[slots] = {};
	std::map<const ls_grant *, int> ids;
	/* What happened, so that a run that proves nothing is noticed. */
	std::map<int, uint64_t> answers, events;

	explicit world(options o) : opt(o), now(o.start) {}

	/* ---------------------------------------------------------------- steps */
	ls_wish wish(uint64_t holder, span at, int type) const;
	ls_answer set(uint64_t holder, span at, int type, bool spare);
	void look(uint64_t holder);
	void give_back(uint64_t holder);
	ls_answer pin(uint64_t holder, span at, int type);
	void unpin(uint64_t holder, uint64_t id);
	ls_answer begin(int slot, uint64_t holder, span at);
	ls_answer break_for(int slot, uint64_t break_ms);
	void end(int slot);
	void granted(int kind, uint64_t holder, uint64_t owner, int type);
	void seen(uint64_t holder, uint64_t owner, int type, int state, uint64_t deadline);
	void missing(uint64_t holder, uint64_t owner);
	void returned(uint64_t holder, uint64_t owner);
	void release(uint64_t holder);
	/* What comes in from C and makes no sense. */
	void refuse(source &from);

	/* ------------------------------------------------------------- at random */
	span some_span(source &from);
	span small_span(source &from);
	uint64_t some_break_ms(source &from);
	void lease_step(source &from);
	void change_step(source &from);
	void lose_a_pin(source &from);
	void step(source &from);
	/* Everybody who can lets go: in the end the table is idle. */
	void let_everybody_go();

	/* --------------------------------------------------------------- compare */
	/* All bytes of the table and of what is in it. */
	std::string snapshot() const;
	void settle(ls_answer core_says, ls_answer model_says, const std::string &before);
	void compare() const;
	void compare_grant(const ls_grant &g, bool layout) const;
	void read_batch();
	lease_model::change *model_change(int slot);
	ls_grant *lease_of(uint64_t holder, uint64_t owner);
	std::unique_ptr<ls_grant> fresh_grant() const;
};

} // namespace lease_world

#endif /* HF_TESTS_LEASE_WORLD_HPP */
