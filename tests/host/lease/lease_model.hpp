/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lease core's model: records in a vector, bytes as bits of a word, events
 * from grids that were written by hand.  Slow, and plain enough to be believed.
 */
#ifndef HF_TESTS_LEASE_MODEL_HPP
#define HF_TESTS_LEASE_MODEL_HPP

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "lease_core.h"

namespace lease_model {

/* A file has this many cells: a byte each, and the rest of it is the last. */
constexpr int cells = 16;

/* Of cells a to b: the bits, and what the core is asked for. */
struct span {
	int a, b;

	uint32_t bits() const
	{
		uint32_t sum = 0;

		for (int i = a; i <= b; i++)
			sum |= 1u << i;
		return sum;
	}
	int64_t start() const { return a; }
	int64_t end() const { return b == cells - 1 ? LS_END : b; }
};

struct grant {
	int id;
	int kind;
	uint64_t holder, owner;
	span at;
	int type, state;
	uint64_t deadline;
};

struct pin {
	uint64_t id, holder;
	span at;
	int type;
};

struct change {
	int slot;
	uint64_t holder;
	span at;
	uint64_t deadline;
};

/*
 * What is told when an entry of the VFS that was seen as the row says is seen
 * as the column says.  Held, to be Downgraded, Broken, reVoked; a Read or Write
 * lease.
 *						   HR HW DR DW BR BW
 */
constexpr const char *seen_grid[] = {
	/* HR */ ".CTTBB",
	/* HW */ "C.TTBB",
	/* DR */ "CC.CBB",
	/* DW */ "DCD.BB",
	/* BR */ "CCTT.C",
	/* BW */ "CCTTC.",
	/* VR */ "GGTTBB",
	/* VW */ "GGTTBB",
};

/* The order of the rows. */
inline int row_of(int state, int type)
{
	constexpr int row[] = { -1, 0, 1, 2, 3 };

	return row[state] * 2 + (type == LS_WRITE);
}

inline int event_of(char letter)
{
	return static_cast<int>(std::strchr("GCBTDRO", letter) - "GCBTDRO");
}

struct table {
	std::vector<grant> grants;
	std::vector<pin> pins;
	std::vector<change> changes;
	std::map<int, int> told;	/* id of a grant: its last event */
	int last_id = 0;

	grant *find(int kind, uint64_t holder, uint64_t owner)
	{
		for (grant &g : grants)
			if ((g.kind == LS_LAYOUT) == (kind == LS_LAYOUT) && g.holder == holder &&
			    g.owner == owner)
				return &g;
		return nullptr;
	}

	grant *layout(uint64_t holder) { return find(LS_LAYOUT, holder, 0); }

	void tell(const grant &g, int event) { told[g.id] = event; }

	void drop(const grant &gone)
	{
		std::erase_if(grants, [id = gone.id](const grant &g) { return g.id == id; });
	}

	/* What was revoked has been told already. */
	void give_back(const grant &g)
	{
		if (g.state != LS_REVOKED)
			tell(g, LS_RETURNED);
		drop(g);
	}

	/* Row 5. */
	bool revoke_if_late(grant &g, uint64_t now)
	{
		if (g.state != LS_BREAKING || g.deadline == LS_NEVER || now < g.deadline)
			return false;
		g.state = LS_REVOKED;
		g.deadline = LS_NEVER;
		tell(g, LS_RAN_OUT);
		return true;
	}

	grant *look(uint64_t holder, uint64_t now)
	{
		grant *g = layout(holder);

		if (g)
			revoke_if_late(*g, now);
		return g;
	}

	bool changing(span at) const
	{
		return std::any_of(changes.begin(), changes.end(),
				   [&](const change &c) { return c.at.bits() & at.bits(); });
	}

	ls_answer set(uint64_t holder, span at, int type, uint64_t now, bool spare)
	{
		grant *own = look(holder, now);

		if (changing(at) || (own && own->state == LS_BREAKING))
			return LS_AGAIN;
		if (own) {
			int event = own->state == LS_REVOKED ? LS_GRANTED : LS_CHANGED;

			*own = { own->id, LS_LAYOUT, holder, 0, at, type, LS_HELD, LS_NEVER };
			tell(*own, event);
			return LS_OK;
		}
		if (!spare)
			return LS_NEED_SPARE;
		grants.push_back({ ++last_id, LS_LAYOUT, holder, 0, at, type, LS_HELD, LS_NEVER });
		tell(grants.back(), LS_GRANTED);
		return LS_OK;
	}

	ls_answer add_pin(uint64_t id, uint64_t holder, span at, int type, uint64_t now)
	{
		grant *own = look(holder, now);

		if (changing(at))
			return LS_AGAIN;
		if (!own || own->state == LS_REVOKED || (at.bits() & ~own->at.bits()) ||
		    type > own->type)
			return LS_DENIED;
		if (own->state == LS_BREAKING)
			return LS_AGAIN;
		pins.push_back({ id, holder, at, type });
		return LS_OK;
	}

	bool in_the_way(const grant &g, const change &c) const
	{
		return g.kind == LS_LAYOUT && g.holder != c.holder &&
		       (g.at.bits() & c.at.bits()) && g.state != LS_REVOKED;
	}

	ls_answer begin(change c)
	{
		for (const pin &p : pins)
			if (p.at.bits() & c.at.bits())
				return LS_PINNED;
		bool wait = std::any_of(grants.begin(), grants.end(),
					[&](const grant &g) { return in_the_way(g, c); });

		c.deadline = wait ? 0 : LS_NEVER;
		changes.push_back(c);
		return wait ? LS_WAIT : LS_OK;
	}

	ls_answer break_for(change &c, uint64_t now, uint64_t break_ms)
	{
		std::vector<uint64_t> deadlines;
		unsigned __int128 due = static_cast<unsigned __int128>(now) + break_ms;

		for (grant &g : grants) {
			if (!in_the_way(g, c) || revoke_if_late(g, now))
				continue;
			if (g.state == LS_HELD) {
				g.state = LS_BREAKING;
				g.deadline = !break_ms || due >= LS_NEVER ? LS_NEVER
									  : static_cast<uint64_t>(due);
				tell(g, LS_BREAK);
			}
			deadlines.push_back(g.deadline);
		}
		deadlines.push_back(LS_NEVER);
		c.deadline = *std::min_element(deadlines.begin(), deadlines.end());
		return deadlines.size() > 1 ? LS_WAIT : LS_OK;
	}

	/* nullptr: a new one. */
	grant &granted(grant *lease, int kind, uint64_t holder, uint64_t owner, int type)
	{
		int event = LS_CHANGED;

		if (!lease) {
			grants.push_back({ ++last_id, kind, holder, owner, { 0, cells - 1 }, type,
					   LS_REVOKED, LS_NEVER });
			lease = &grants.back();
		}
		if (lease->state == LS_REVOKED)
			event = LS_GRANTED;
		if (lease->state == LS_BREAKING_TO_READ && type == LS_READ)
			event = LS_DOWNGRADED;
		if (event != LS_CHANGED) {
			lease->state = LS_HELD;
			lease->deadline = LS_NEVER;
		}
		lease->type = type;
		tell(*lease, event);
		return *lease;
	}

	void seen(grant &lease, int type, int state, uint64_t deadline)
	{
		char letter = seen_grid[row_of(lease.state, lease.type)][row_of(state, type)];

		lease.type = type;
		lease.state = state;
		lease.deadline = state == LS_HELD ? LS_NEVER : deadline;
		if (letter != '.')
			tell(lease, event_of(letter));
	}

	void missing(grant &lease)
	{
		if (lease.state == LS_REVOKED)
			return;
		lease.state = LS_REVOKED;
		lease.deadline = LS_NEVER;
		tell(lease, LS_RAN_OUT);
	}
};

} // namespace lease_model

#endif /* HF_TESTS_LEASE_MODEL_HPP */
