/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core and the model, side by side: each step is done to both, and then
 * everything that can be seen of the core is compared.
 *
 * The model says who can win next: the oldest that has no blocker.  Only when
 * the core opened a cycle in the same step (its counters tell) may it be
 * another, which then must have no blocker either.
 */
#ifndef HF_TESTS_RANGE_WORLD_HPP
#define HF_TESTS_RANGE_WORLD_HPP

#include <memory>

#include "model.hpp"
#include "shell.hpp"

namespace world {

/* No call of these worlds has more to look at: what it leaves is left by mistake. */
constexpr unsigned int no_crowd = 2 * LK_CROWD;

struct options {
	int tables = 2;
	int owners = 5;
	bool threads = true;	/* an owner may have several waiters */
	bool notify = true, revocable = true, blind = true; /* blind: open files, too */
	bool remote = false;	/* another table is asked, which says yes or no, or waits */
	int fairness = -1;	/* or one for all */
	unsigned int crowd = no_crowd;	/* how many waiters one call looks at */
};

/* From this one on owners are open files (OFD, flock), before it processes. */
constexpr uint64_t first_open_file = 1000;

struct waiting {
	lk_waiter core = {};
	uint64_t identity;
	int table;
};

struct world {
	options opt;
	lk_graph graph;
	struct slot {
		lk_table core;
		model::table model;
		shell::mirror mirror;
	};
	std::vector<std::unique_ptr<slot>> slots;
	std::vector<std::unique_ptr<waiting>> waiters;
	uint64_t ran_out = 0;	/* turns, in tables that are gone */
	uint64_t now = 1000;
	/* of the step that is going on */
	uint64_t passes = 0, cycles = 0, probes = 0, sweeps = 0;
	bool in_portions = false;	/* who is let go first may win first */
	bool marked = false;	/* by a search from another table, before */
	std::map<uint64_t, uint64_t> identities;
	uint64_t granted = 0, deadlocks = 0, told = 0, back = 0, passed = 0;
	uint64_t confirmed = 0, refused = 0, late = 0;

	explicit world(options o, uint64_t reserve_ms = 2000);
	~world();
	void init(int i);
	void detach(int i);

	/* ---------------------------------------------------------- requests */
	lk_request request(int op, uint64_t owner, model::span at);
	lk_outcome expect(slot &s, const lk_request &r, model::span at);

	/* Return: what lk_plan() or lk_enqueue() answered in the end. */
	lk_outcome ask(int table, lk_request r);
	void commit(slot &s, const lk_request &r, model::span at, const struct lk_plan &plan);
	lk_outcome enqueue(int table, const lk_request &r, model::span at);
	lk_outcome enqueue(int table, const lk_request &r, model::span at, size_t i);
	model::edges edges_of();

	/* ------------------------------------------------------------ waiters */
	void end(size_t i, bool take_back);
	void refresh(size_t i);
	/* Of one that asks.  Later: the other table lets it wait, and says yes then. */
	bool confirm(size_t i);
	void refuse(size_t i);
	void confirm_late(size_t i);

	/* ----------------------------------------------------------- the clock */
	uint64_t next_deadline();
	void expire(slot &s);
	void expire_due();
	void advance(uint64_t ms);

	/* ------------------------------------------------- winners, one by one */
	bool flexible() const
	{
		return graph.passes != passes || graph.cycles != cycles ||
		       graph.sweeps != sweeps || in_portions;
	}

	void start_step();
	model::waiter *next_winner(slot &s, unsigned int may_tell);
	void replay(slot &s, lk_batch &batch, unsigned int may_tell, const lk_waiter *requester);
	void grant(slot &s, const model::waiter &w);
	void grant_or_ask(slot &s, const model::waiter &w);
	void try_requester(slot &s, const lk_waiter *requester);
	void win(slot &s, model::waiter &found, unsigned int &may_tell);
	bool could_be_refused(slot &s, const model::waiter &w);
	/* Nobody is failed who would not be refused if he asked now. */
	void require_deadlock(slot &s, const model::waiter &w);
	void tell(slot &s, const model::waiter &w, unsigned int &may_tell);
	void finish_batch(slot &s, lk_batch &batch);

	/* ------------------------------------------------------------ compare */
	void finish_step();
	void note_order(slot &s);
	void compare(slot &s);
	void compare_turn(slot &s, const lk_record &r, model::span at);
	void compare_undo(slot &s, const lk_waiter &w);
	bool knows_pending(slot &s, const lk_record &r, model::span at) const;
	/* No order edge keeps anybody for ever; held locks only where nobody can be told. */
	void compare_cycles();

	/* ------------------------------------------------------------- at random */
	model::span some_span(source &from);
	bool has_waiter(uint64_t owner) const;
	void random_request(source &from);
	void random_test(source &from);
	void random_answer(source &from);
	void refuse_all();
	/* A client that was told comes back for its turn. */
	void random_return(source &from);
	void step(source &from);
	/* Waiters of a table that is gone are still the shell's to end. */
	void detach_all();
	/* Everybody who can lets go: in the end nobody waits. */
	void let_everybody_go();
	/* Who still waits does so for held locks alone, which nobody could be told of. */
	void require_cycle();
	void release_all(uint64_t owner);
	size_t waiting_now() const;
};

} // namespace world

#endif /* HF_TESTS_RANGE_WORLD_HPP */
