// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns: the ring of a table's reservations, its use and its end.
 *
 * table.reservations is the newest, and its turn.next the oldest: both ends at
 * hand in one word.  Finding a turn and dropping turns costs O(reservations),
 * which are as many as clients are being waited for with different ranges, and
 * LK_TURNS at most.
 */
#include "reserve.hpp"
#include "graph.hpp"
#include "queue.hpp"

namespace lk {

namespace {

uint64_t later(uint64_t now, uint64_t by) { return now + by < now ? UINT64_MAX : now + by; }

/* How long a turn may be left before it is late, and late again. */
uint64_t pace(const lk_graph &graph)
{
	uint64_t eighth = graph.reserve_ms / 8;

	return eighth ? eighth : 1;
}

void append(lk_table &table, lk_record &record)
{
	lk_record *newest = table.reservations;

	record.holder->turn.next = newest ? newest->holder->turn.next : &record;
	if (newest)
		newest->holder->turn.next = &record;
	table.reservations = &record;
	table.nr_reservations++;
}

/* When something is to be done about it. */
uint64_t due_of(const lk_record &turn)
{
	const lk_turn &kept = turn.holder->turn;

	return kept.late < kept.deadline ? kept.late : kept.deadline;
}

void note_turn(lk_table &table, const lk_record &turn)
{
	uint64_t due = due_of(turn);

	table.turn_due = due < table.turn_due ? due : table.turn_due;
}

/* The ring is opened into a list; those that stay are appended anew. */
template <typename Goes>
void drop_if(work &work, Goes goes)
{
	lk_table &table = work.table;
	lk_record *newest = table.reservations;

	if (!newest)
		return;
	lk_record *at = newest->holder->turn.next, *next;

	newest->holder->turn.next = nullptr;
	table.reservations = nullptr;
	table.nr_reservations = 0;
	table.turn_due = UINT64_MAX;
	for (; at; at = next) {
		next = at->holder->turn.next;
		if (!goes(*at)) {
			append(table, *at);
			note_turn(table, *at);
			continue;
		}
		leave_by_range(work, *at);
	}
}

template <typename Visit>
void for_each_turn(const lk_table &table, Visit visit)
{
	lk_record *newest = table.reservations;

	if (!newest)
		return;
	for (lk_record *at = newest->holder->turn.next;; at = at->holder->turn.next) {
		visit(*at);
		if (at == newest)
			return;
	}
}

bool is_for(const lk_record &turn, const lk_request &request)
{
	return turn.holder->owner == request.manager && turn.type == request.op &&
	       range_of(turn) == range_of(request);
}

/* Each turn that is late lets three more be told, and is late again later. */
void count_late(work &work, uint64_t interval)
{
	work.table.turn_due = UINT64_MAX;
	for_each_turn(work.table, [&](lk_record &turn) {
		unsigned int room = UINT32_MAX - work.may_tell;

		if (turn.holder->turn.late <= work.now) {
			turn.flags |= LK_OVERDUE;
			turn.holder->turn.late = later(work.now, interval);
			work.may_tell += turn.turns > room / 3 ? room : turn.turns * 3;
		}
		note_turn(work.table, turn);
	});
}

/* Who could not be looked at in this call is told by the next; but there has to be somebody. */
void tell_early(work &work)
{
	unsigned int before = work.may_tell;
	bool room = work.room && work.table.graph->steps_left;

	for_each_turn(work.table, [&](lk_record &turn) {
		if (turn.flags & LK_OVERDUE)
			loosen(work, turn);
	});
	drain(work);
	bool all = work.room && work.table.graph->steps_left;

	if (!room || work.table.attention || (!all && work.may_tell < before))
		work.table.may_tell = work.may_tell;
}

void tell_ran_out(const lk_table &table, const lk_record &turn)
{
	if (table.observer && table.observer->ran_out)
		table.observer->ran_out(table.context, &turn);
}

} // namespace

lk_record *keep_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags)
{
	lk_table &table = work.table;
	const lk_request &request = waiter.request;
	lk_record *record = table.reservations;
	uint64_t late = later(work.now, pace(*table.graph));

	if (record && is_for(*record, request) && record->holder->turn.deadline == deadline &&
	    record->holder->turn.late == late && record->flags == flags && record->turns < UINT32_MAX) {
		record->turns++;
		return record;
	}
	record = waiter.promise;
	waiter.promise = nullptr;
	record->start = request.start;
	record->end = request.end;
	record->holder->owner = request.manager;
	record->type = request.op;
	record->flags = flags;
	record->turns = 1;
	record->holder->turn.deadline = deadline;
	record->holder->turn.late = late;
	append(table, *record);
	note_turn(table, *record);
	enter_by_range(table, *record);
	return record;
}

lk_record *find_turn(const lk_table &table, const lk_request &request)
{
	lk_record *found = nullptr;

	if (request.kind != LK_NOTIFY || request.op == LK_UNLOCK)
		return nullptr;
	for_each_turn(table, [&](lk_record &turn) {
		if (!found && is_for(turn, request))
			found = &turn;
	});
	return found;
}

void use_turns(work &work, const lk_request &request, lk_record *own)
{
	view minded(request);

	minded.past_reservations = false;
	if (own)
		own->turns--;
	drop_if(work, [&](const lk_record &turn) {
		return !turn.turns || conflicts(turn, minded);
	});
}

void drop_turns(work &work)
{
	drop_if(work, [](const lk_record &) { return true; });
}

bool tell_early(work &work, lk_waiter &waiter, lk_record &blocker)
{
	lk_graph &graph = *work.table.graph;
	uint64_t deadline = UINT64_MAX;
	view view(waiter.request);

	if (!work.may_tell || waiter.request.kind != LK_NOTIFY || &waiter == work.requester ||
	    work.table.nr_reservations >= LK_TURNS)
		return false;
	for (lk_record *at = &blocker; at; at = next_conflict(work.table, view, at)) {
		if (!(at->flags & LK_OVERDUE) || !graph.steps_left)
			return false;
		graph.steps_left--;
		if (at->holder->turn.deadline < deadline)
			deadline = at->holder->turn.deadline;
	}
	work.may_tell--;
	give_turn(work, waiter, deadline, LK_RESERVATION | LK_OVERDUE);
	return true;
}

void expire_turns(work &work)
{
	work.steps += static_cast<unsigned int>(3 * work.table.nr_reservations);
	drop_if(work, [&](const lk_record &turn) {
		bool over = turn.holder->turn.deadline <= work.now;

		if (over) {
			work.table.graph->expired += turn.turns;
			tell_ran_out(work.table, turn);
		}
		return over;
	});
	work.may_tell = work.table.may_tell;
	work.table.may_tell = 0;
	count_late(work, pace(*work.table.graph));
	if (!work.may_tell)
		return;
	tell_early(work);
}

} // namespace lk
