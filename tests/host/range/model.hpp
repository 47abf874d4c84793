/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The naive model: one cell a byte, with who holds it; a plain list of those
 * who wait; rules as they are told in words, by looking at everything.
 *
 * Cells 0 to 63 are the bytes 0 to 63, cell 64 all that is between, and the
 * last eight the last bytes that a lock can name.
 */
#ifndef HF_TESTS_RANGE_MODEL_HPP
#define HF_TESTS_RANGE_MODEL_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "lock_core.h"

namespace model {

constexpr int low = 64, high = 8, cells = low + 1 + high;

inline int64_t first_byte(int cell)
{
	return cell <= low ? cell : LK_END - (cells - 1 - cell);
}

inline int64_t last_byte(int cell)
{
	return cell == low ? LK_END - high : first_byte(cell);
}

constexpr int8_t none = -1;
using map = std::array<int8_t, cells>; /* none, LK_READ or LK_WRITE */

struct span {
	int a, b;

	bool meets(span o) const { return a <= o.b && o.a <= b; }
	bool operator==(const span &) const = default;
};

inline span cells_of(int64_t start, int64_t end)
{
	auto cell = [](int64_t byte) {
		if (byte < low)
			return static_cast<int>(byte);
		return byte > LK_END - high ? cells - 1 - static_cast<int>(LK_END - byte) : low;
	};

	return { cell(start), cell(end) };
}

struct turn {
	uint64_t manager;
	int type;
	span at;
	uint64_t deadline, late;
	bool overdue;
};

struct waiter {
	const lk_waiter *core;
	lk_request request;
	span at;
	uint64_t seq, refreshed;
	bool may_pass;
	bool lapsing = false;
	uint64_t order_due = UINT64_MAX;
};

/* A grant that can be taken back, and what the owner held there before. */
struct undo {
	const lk_waiter *core;
	uint64_t owner;
	span at;
	map before;
	/* Whose grant it took that much from, and what had been there before that. */
	const lk_waiter *over = nullptr;
	span over_at = {};
	map below = {};
};

/* Asked for elsewhere: it keeps others out, and its owner has nothing of it. */
struct pending {
	const lk_waiter *core;
	lk_request request;
	span at;
};

inline bool types_conflict(int a, int b) { return a == LK_WRITE || b == LK_WRITE; }

struct table {
	std::map<uint64_t, map> held;
	std::vector<waiter> waiters; /* by seq */
	std::vector<turn> turns;     /* oldest first */
	std::vector<undo> undos;
	std::vector<pending> asking;
	std::set<uint64_t> processes; /* owners that can deadlock; the rest are open files */

	map &of(uint64_t owner)
	{
		auto [it, fresh] = held.try_emplace(owner);

		if (fresh)
			it->second.fill(none);
		return it->second;
	}

	bool holds_in(uint64_t owner, span at)
	{
		map &m = of(owner);

		return std::any_of(m.begin() + at.a, m.begin() + at.b + 1,
				   [](int8_t t) { return t != none; });
	}

	/* By the owner, or another of the open files of his process (see shell.hpp). */
	bool may_pass(const lk_request &r, span at)
	{
		bool passes = (r.flags & (LK_RECLAIM | LK_CONFIRMED)) || holds_in(r.owner, at);

		if (r.fairness == LK_FAIR_FIFO || r.kind != LK_LOCAL)
			return passes;
		for (auto &[owner, m] : std::map(held))
			passes |= owner % 1000 == r.owner % 1000 && holds_in(owner, at);
		return passes;
	}

	std::set<uint64_t> holders_against(const lk_request &r, span at)
	{
		std::set<uint64_t> result;

		for (auto &[owner, m] : held)
			for (int c = at.a; owner != r.owner && c <= at.b; c++)
				if (m[c] != none && types_conflict(m[c], r.op))
					result.insert(owner);
		return result;
	}

	static bool against(const turn &t, const lk_request &r, span at)
	{
		return t.at.meets(at) && types_conflict(t.type, r.op);
	}

	const turn *turn_for(const lk_request &r, span at) const
	{
		if (r.kind != LK_NOTIFY)
			return nullptr;
		for (const turn &t : turns)
			if (t.manager == r.manager && t.type == r.op && t.at == at)
				return &t;
		return nullptr;
	}

	bool blocked_by_pending(const lk_request &r, span at) const
	{
		return !(r.flags & LK_CONFIRMED) &&
		       std::any_of(asking.begin(), asking.end(), [&](const pending &p) {
			       return p.request.owner != r.owner && p.at.meets(at) &&
				      types_conflict(p.request.op, r.op);
		       });
	}

	bool blocked_hard(const lk_request &r, span at, bool past_turns, bool past_overdue = false)
	{
		if (!holders_against(r, at).empty() || blocked_by_pending(r, at))
			return true;
		for (const turn &t : turns)
			if (!past_turns && !(past_overdue && t.overdue) && against(t, r, at))
				return true;
		return false;
	}

	static bool behind(const waiter &w, const waiter &v)
	{
		return !w.may_pass && v.seq < w.seq && v.request.owner != w.request.owner &&
		       v.at.meets(w.at) && types_conflict(v.request.op, w.request.op);
	}

	bool blocked_by_order(const waiter &w) const
	{
		return std::any_of(waiters.begin(), waiters.end(),
				   [&](const waiter &v) { return behind(w, v); });
	}

	bool grantable(const waiter &w)
	{
		return !blocked_by_order(w) &&
		       !blocked_hard(w.request, w.at, w.request.flags & (LK_RECLAIM | LK_CONFIRMED));
	}

	bool tellable(const waiter &w)
	{
		return w.request.kind == LK_NOTIFY && !blocked_by_order(w) &&
		       !blocked_hard(w.request, w.at, false, true);
	}

	void trim_undos(uint64_t owner, span at)
	{
		for (size_t i = 0; i < undos.size(); i++) {
			undo &u = undos[i];

			if (u.owner != owner || !u.at.meets(at))
				continue;
			bool head = u.at.a < at.a, tail = u.at.b > at.b;

			if (head == tail)
				undos.erase(undos.begin() + i--);
			else {
				(head ? u.at.b : u.at.a) = head ? at.a - 1 : at.b + 1;
				u.over_at = { std::max(u.at.a, u.over_at.a), std::min(u.at.b, u.over_at.b) };
				if (u.over_at.a > u.over_at.b)
					u.over = nullptr;
			}
		}
	}

	void set(const lk_request &r, span at)
	{
		map &m = of(r.owner);

		if (r.flags & LK_DETECT)
			processes.insert(r.owner);
		trim_undos(r.owner, at);
		std::fill(m.begin() + at.a, m.begin() + at.b + 1,
			  r.op == LK_UNLOCK ? none : static_cast<int8_t>(r.op));
	}

	void drop_turns_against(const lk_request &r, span at)
	{
		std::erase_if(turns, [&](const turn &t) { return against(t, r, at); });
	}

	void use_turn(const turn *t) { turns.erase(turns.begin() + (t - turns.data())); }

	waiter *find(const lk_waiter *core)
	{
		for (waiter &w : waiters)
			if (w.core == core)
				return &w;
		return nullptr;
	}

	void erase(const lk_waiter *core)
	{
		std::erase_if(waiters, [=](const waiter &w) { return w.core == core; });
	}

	/* It could be had: what is held stays as it is. */
	void begin_asking(const waiter &won)
	{
		asking.push_back({ won.core, won.request, won.at });
		erase(won.core);
	}

	void end_asking(const lk_waiter *core)
	{
		std::erase_if(asking, [=](const pending &p) { return p.core == core; });
	}

	/* Granted for good, or so that it can be taken back. */
	void grant(const waiter &won, const lk_waiter *core)
	{
		lk_request r = won.request;
		span at = won.at;
		undo u = { core, r.owner, at, of(r.owner) };

		for (int8_t &t : u.before)
			if (t == LK_WRITE && r.op == LK_READ)
				t = LK_READ;
		note_over(u, r.op);
		erase(core);
		set(r, at);
		if (r.flags & (LK_RECLAIM | LK_CONFIRMED))
			drop_turns_against(r, at);
		if (r.kind == LK_REVOCABLE)
			undos.push_back(u);
	}

	void take_back(const lk_waiter *core)
	{
		auto u = std::find_if(undos.begin(), undos.end(),
				      [=](const undo &u) { return u.core == core; });

		if (u == undos.end())
			return;
		map &m = of(u->owner);

		std::copy(u->before.begin() + u->at.a, u->before.begin() + u->at.b + 1,
			  m.begin() + u->at.a);
		undo gone = *u;
		undos.erase(u);
		if (gone.over)
			give_back(gone);
	}

	void give_back(const undo &gone)
	{
		auto to = std::find_if(undos.begin(), undos.end(),
				       [&](const undo &u) { return u.core == gone.over; });

		if (to == undos.end()) {
			undos.push_back({ gone.over, gone.owner, gone.over_at, gone.below });
			return;
		}
		if (to->at.b + 1 == gone.over_at.a)
			to->at.b = gone.over_at.b;
		else if (gone.over_at.b + 1 == to->at.a)
			to->at.a = gone.over_at.a;
	}

	/* The only one that this one meets, if there is no third. */
	void note_over(undo &u, int op)
	{
		const undo *one = nullptr;
		int met = 0;

		for (const undo &v : undos)
			if (v.owner == u.owner && v.at.meets(u.at)) {
				one = &v;
				met++;
			}
		if (met != 1 || one->over)
			return;
		for (const undo &v : undos)
			if (v.over == one->core)
				return;
		u.over = one->core;
		u.over_at = { std::max(u.at.a, one->at.a), std::min(u.at.b, one->at.b) };
		u.below = one->before;
		for (int8_t &t : u.below)
			if (t == LK_WRITE && op == LK_READ)
				t = LK_READ;
		if (u.over_at.a > one->at.a && u.over_at.b < one->at.b)
			u.over = nullptr;
	}

	/* Its server has answered: what another one took from it, it has not, or for good. */
	void answered(const lk_waiter *core, bool unwanted)
	{
		for (undo &u : undos) {
			if (u.over != core)
				continue;
			u.over = nullptr;
			if (unwanted)
				std::copy(u.below.begin() + u.over_at.a,
					  u.below.begin() + u.over_at.b + 1,
					  u.before.begin() + u.over_at.a);
		}
	}

	void confirm(const lk_waiter *core)
	{
		std::erase_if(undos, [=](const undo &u) { return u.core == core; });
	}
};

/*
 * Who waits for whom, over all tables; each edge by order or not.  Any thread may
 * unlock what an open file holds, so that to wait for one is no edge of a deadlock.
 */
struct edges {
	std::map<uint64_t, std::set<uint64_t>> hard, order;
	std::map<uint64_t, std::set<uint64_t>> process; /* those of hard that lead to one */

	void add(table &t, const waiter &w)
	{
		for (uint64_t owner : t.holders_against(w.request, w.at)) {
			hard[w.request.owner].insert(owner);
			if (t.processes.count(owner))
				process[w.request.owner].insert(owner);
		}
		for (const waiter &v : t.waiters)
			if (table::behind(w, v))
				order[w.request.owner].insert(v.request.owner);
	}

	/* Does a wait for these, of either kind, lead back to the owner? */
	bool leads_back(const std::set<uint64_t> &holders, uint64_t owner)
	{
		std::set<uint64_t> seen = holders;
		std::vector<uint64_t> todo(holders.begin(), holders.end());

		while (!todo.empty()) {
			uint64_t at = todo.back();

			todo.pop_back();
			for (uint64_t next : process[at])
				if (seen.insert(next).second)
					todo.push_back(next);
		}
		return seen.count(owner);
	}

	bool deadlock(uint64_t owner) { return leads_back(process[owner], owner); }
	bool hard_cycle(uint64_t owner) { return cycle(owner, false); }
	/* With at least one edge by order. */
	bool order_cycle(uint64_t owner) { return cycle(owner, true); }

private:
	bool cycle(uint64_t owner, bool by_order)
	{
		std::set<std::pair<uint64_t, bool>> seen;
		std::vector<std::pair<uint64_t, bool>> todo = { { owner, false } };

		while (!todo.empty()) {
			auto [at, ordered] = todo.back();

			todo.pop_back();
			auto reach = [&](uint64_t next, bool o) {
				if (seen.insert({ next, o }).second)
					todo.push_back({ next, o });
			};
			for (uint64_t next : hard[at])
				reach(next, ordered);
			if (by_order)
				for (uint64_t next : order[at])
					reach(next, true);
		}
		return seen.count({ owner, by_order });
	}
};

} // namespace model

#endif /* HF_TESTS_RANGE_MODEL_HPP */
