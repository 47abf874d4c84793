// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every invariant that the headers state, checked the slow way: by looking at
 * all pairs where the code is clever.  Between calls, under G and T.
 */
#include "validate.hpp"
#include "graph.hpp"
#include "pending.hpp"
#include "queue.hpp"
#include "tally.hpp"
#include "undo.hpp"

namespace lk {

namespace {

/* Exclusion, in one sweep: a writer's bytes are nobody else's. */
const char *check_exclusion(const lk_table &table)
{
	uint64_t held = 0, turns = 0;
	int64_t end = -1, write_end = -1;

	for (lk_record *at = first_record(table); at; at = record_after(*at)) {
		if (!range::possible(at->start, at->end) || at->type > LK_WRITE)
			return "a record has an impossible range or type";
		if (is_reservation(*at)) {
			turns++;
			continue;
		}
		if (is_pending(*at))
			continue;
		if (at->flags & ~LK_PROCESS)
			return "a held record has flags";
		held++;
		if (at->start <= write_end || (at->type == LK_WRITE && at->start <= end))
			return "a write lock is not alone";
		end = at->end > end ? at->end : end;
		if (at->type == LK_WRITE)
			write_end = at->end > write_end ? at->end : write_end;
	}
	if (held != table.nr_records || turns != table.nr_reservations)
		return "records were miscounted";
	return nullptr;
}

/* The first of each owner's records tells how many there are. */
const char *check_tally(const lk_table &table)
{
	uint32_t left = 0;
	lk_record *before = nullptr;

	for (lk_record *at = first_by_owner(table); at; before = at, at = next_by_owner(*at)) {
		bool first = !before || before->holder->owner != at->holder->owner;

		if (first != !left || first != !!at->of_owner)
			return "an owner's records were miscounted";
		left = first ? at->of_owner - 1 : left - 1;
	}
	return left ? "an owner has fewer records than it says" : nullptr;
}

/* One owner's records are apart, and were merged. */
const char *check_owners(const lk_table &table)
{
	uint64_t seen = 0;
	lk_record *before = nullptr;
	bool recent = !table.recent;

	for (lk_record *at = first_by_owner(table); at; before = at, at = next_by_owner(*at)) {
		seen++;
		recent |= at == table.recent;
		if (is_reservation(*at))
			return "a reservation has an owner";
		if (at->owner_bits != bits_of(at->holder->owner))
			return "a record has another's bits";
		if (!before || before->holder->owner != at->holder->owner)
			continue;
		if (range_of(*before).overlaps(range_of(*at)))
			return "two records of one owner overlap";
		if (before->type == at->type && range_of(*before).touches(range_of(*at)))
			return "two records of one owner should be one";
	}
	if (!recent)
		return "the recent record is not held";
	return seen == table.nr_records ? nullptr : "a record lacks its owner";
}

/* A turn that is kept leaves room for one owner's lock. */
const char *check_turns(const lk_table &table)
{
	uint64_t seen = 0;
	lk_record *at = table.reservations;

	while (at && seen <= table.nr_reservations) {
		view minded { lk_request {} };
		const lk_record *other = nullptr;

		seen++;
		if (!is_reservation(*at) || !at->turns)
			return "the ring has something that is no turn";
		minded.where = range_of(*at);
		minded.write = at->type == LK_WRITE;
		minded.past_reservations = true;
		minded.past_pending = true;
		for (lk_record *r = next_conflict(table, minded, nullptr); r;
		     r = next_conflict(table, minded, r)) {
			if (other && other->holder->owner != r->holder->owner)
				return "two owners hold what is reserved";
			other = r;
		}
		at = at->holder->turn.next;
		if (at == table.reservations)
			break;
	}
	return seen == table.nr_reservations ? nullptr : "reservations were miscounted";
}

/* A followers' list: how many are on it and linked as it says. */
template <typename Linked>
uint64_t count_linked(const lk_waiter *head, Linked linked)
{
	uint64_t seen = 0;
	lk_waiter *const *at = nullptr;

	for (const lk_waiter *w = head; w; at = &w->sibling, w = w->sibling, seen++)
		if (!linked(*w) || !w->sibling_at || *w->sibling_at != w || (at && w->sibling_at != at))
			return UINT64_MAX / 2;
	return seen;
}

/* There are as many turns as there may be: it waits for one to end. */
bool is_parked(const lk_waiter &waiter)
{
	return is_reservation(*waiter.on) && waiter.request.kind == LK_NOTIFY &&
	       !conflicts(*waiter.on, view(waiter.request));
}

const char *check_links(const lk_table &table)
{
	uint64_t linked = 0;
	bool look = table.attention;

	for (lk_record *r = first_record(table); r; r = record_after(*r))
		linked += count_linked(r->holder->waiters, [=](const lk_waiter &w) {
			return w.on == r && (look || is_parked(w) || conflicts(*r, view(w.request)));
		});
	for (lk_waiter *b = first_waiter(table); b; b = waiter_after(*b)) {
		linked += count_linked(b->promise->holder->waiters, [=](const lk_waiter &w) {
			return w.on == b->promise && (in_order(w, *b) || (w.may_pass && look));
		});
		linked += look && (b->on->flags & LK_GONE);
	}
	return linked == table.nr_waiters ? nullptr : "a waiter is not linked to one blocker";
}

bool in_graph(const lk_graph &graph, const lk_waiter &waiter)
{
	lk_waiter *at = first_of(graph, waiter.request.owner);

	while (at && at != &waiter)
		at = next_of(*at);
	return at;
}

const char *check_waiter(const lk_table &table, lk_waiter &waiter)
{
	lk_waiter *latest = nullptr;
	unsigned int looks = UINT32_MAX;

	if (waiter.state != LK_WAITING || waiter.table != &table || is_revocable(waiter))
		return "one in the queue does not wait";
	if (waiter.promise->flags != LK_PROMISE || waiter.promise->holder->promised != &waiter)
		return "a waiter lacks its promise";
	if ((waiter.doomed || (waiter.may_pass && (waiter.on->flags & LK_PROMISE))) &&
	    !table.attention)
		return "a waiter is marked, and nobody will look";
	for (lk_waiter *at = first_waiter(table); at; at = waiter_after(*at))
		if (in_order(waiter, *at) && (!latest || at->seq > latest->seq))
			latest = at;
	if (latest != latest_before(waiter, looks))
		return "the search for the latest before a waiter is wrong";
	if (!latest && !table.attention && !is_parked(waiter) && !next_conflict(table, view(waiter.request), nullptr))
		return "one waits who need not";
	return in_graph(*table.graph, waiter) ? nullptr : "a waiter is not in the graph";
}

const char *check_queue(const lk_table &table)
{
	uint64_t seen = 0;

	for (lk_waiter *at = first_waiter(table); at; at = waiter_after(*at), seen++)
		if (const char *wrong = check_waiter(table, *at))
			return wrong;
	return seen == table.nr_waiters ? nullptr : "waiters were miscounted";
}

/* With its type; another grant over it, that was taken back, may have weakened a part. */
bool holds_all(const lk_table &table, const lk_request &request, range where)
{
	lk_record *at = own_in(table, request.owner, where);
	int64_t from = where.start;

	for (; at && at->start <= from && at->type <= request.op; at = own_after(*at)) {
		if (at->end >= where.end)
			return true;
		from = at->end + 1;
	}
	return false;
}

const char *check_revocable(const lk_table &table)
{
	for (lk_waiter *at = first_revocable(table); at; at = revocable_after(*at)) {
		range undo = { at->undo_start, at->undo_end };
		if (at->state != LK_WON || at->table != &table || !is_revocable(*at))
			return "one that is revocable has not won";
		if (!holds_all(table, at->request, undo))
			return "what can be taken back is not held";
		if (!at->nodes.count)
			return "a grant cannot be taken back";
		for (const lk_record *r = at->saved.first; r; r = r->next)
			if (!undo.contains(range_of(*r)) || r->holder->owner != at->request.owner)
				return "something was saved that was not taken";
	}
	return nullptr;
}

const char *check_graph(const lk_table &table)
{
	const lk_graph &graph = *table.graph;
	unsigned int tables = 0, attention = 0;
	bool found = false;

	for (lk_table *at = graph.contended; at; at = at->contended_next) {
		tables++;
		attention += at->attention;
		found |= at == &table;
		if (*at->contended_at != at)
			return "the list of contended tables is broken";
	}
	if (found != is_contended(table))
		return "the graph does not know what is contended";
	if ((table.due == 0) != (table.attention || table.may_tell))
		return "a table that needs a look is not due";
	if (tables != graph.nr_contended || attention != graph.nr_attention)
		return "contended tables were miscounted";
	if (const char *wrong = validate_due_tree(graph))
		return wrong;
	return validate_graph_tree(graph);
}

} // namespace

const char *validate(const lk_table &table)
{
	const char *(*const checks[])(const lk_table &) = {
		validate_trees, check_exclusion, check_owners, check_tally, check_turns,
		validate_queue_tree, check_graph, check_links, check_queue,
		validate_revocable_tree, check_revocable, validate_pending,
	};

	for (auto check : checks)
		if (const char *wrong = check(table))
			return wrong;
	return nullptr;
}

} // namespace lk
