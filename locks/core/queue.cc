// SPDX-License-Identifier: GPL-2.0-only
/*
 * The waiters of one table.  One examination costs O(log n) for the record and
 * for the place in a pile on one range; where ranges differ, the search for
 * the latest earlier waiter is branch and bound over what each subtree knows.
 */
#include "queue.hpp"
#include "graph.hpp"
#include "reserve.hpp"
#include "undo.hpp"

namespace lk {

namespace {

struct by_start {
	using node = lk_node;
	using item = lk_waiter;

	static lk_waiter *to_item(lk_node *n) { return reinterpret_cast<lk_waiter *>(n); }
	static lk_node *to_node(lk_waiter &w) { return &w.by_range; }

	struct sums {
		int64_t max_end;
		uint64_t min_seq, max_seq, max_seq_write, min_refreshed;

		bool operator==(const sums &) const = default;
	};

	static sums sums_of(const lk_waiter &w)
	{
		return { w.max_end, w.min_seq, w.max_seq, w.max_seq_write, w.min_refreshed };
	}

	static bool before(const lk_waiter &a, const lk_waiter &b)
	{
		return a.request.start != b.request.start ? a.request.start < b.request.start
							  : a.seq < b.seq;
	}

	static void add(lk_waiter &to, const lk_waiter &from)
	{
		to.max_end = from.max_end > to.max_end ? from.max_end : to.max_end;
		to.min_seq = from.min_seq < to.min_seq ? from.min_seq : to.min_seq;
		to.max_seq = from.max_seq > to.max_seq ? from.max_seq : to.max_seq;
		if (from.max_seq_write > to.max_seq_write)
			to.max_seq_write = from.max_seq_write;
		if (from.min_refreshed < to.min_refreshed)
			to.min_refreshed = from.min_refreshed;
	}

	static bool refresh(lk_waiter &w)
	{
		sums before = sums_of(w);

		w.max_end = w.request.end;
		w.min_seq = w.seq;
		w.max_seq = w.seq;
		w.max_seq_write = w.request.op == LK_WRITE ? w.seq : 0;
		w.min_refreshed = w.request.kind == LK_NOTIFY ? w.refreshed : UINT64_MAX;
		if (w.by_range.left)
			add(w, *to_item(w.by_range.left));
		if (w.by_range.right)
			add(w, *to_item(w.by_range.right));
		return sums_of(w) != before;
	}

	static bool absorb(lk_waiter &w, const lk_waiter &leaf)
	{
		sums before = sums_of(w);

		add(w, leaf);
		return sums_of(w) != before;
	}

	static void inherit(lk_waiter &to, const lk_waiter &from)
	{
		to.max_end = from.max_end;
		to.min_seq = from.min_seq;
		to.max_seq = from.max_seq;
		to.max_seq_write = from.max_seq_write;
		to.min_refreshed = from.min_refreshed;
	}
};

static_assert(offsetof(lk_waiter, by_range) == 0);

using queue_tree = hf::tree<by_start>;

/* The root's parent, and a right child beyond where nothing can start. */
bool beyond(const lk_waiter *up, const lk_waiter *down, range where)
{
	return up && &down->by_range == up->by_range.right && up->request.start > where.end;
}

/* The newest that a request of this type minds. */
uint64_t newest(const lk_waiter &subtree, bool write)
{
	return write ? subtree.max_seq : subtree.max_seq_write;
}

bool minds(const lk_request &one, const lk_request &other)
{
	return one.owner != other.owner && (one.op == LK_WRITE || other.op == LK_WRITE) &&
	       range_of(one).overlaps(range_of(other));
}

void tell_blocks(work &work, lk_record &record, bool blocks)
{
	const lk_observer *observer = work.table.observer;

	if (observer && observer->blocks && !is_reservation(record))
		observer->blocks(work.table.context, &record, blocks);
}

void link_at(lk_waiter &waiter, lk_waiter *&head)
{
	waiter.sibling = head;
	waiter.sibling_at = &head;
	if (head)
		head->sibling_at = &waiter.sibling;
	head = &waiter;
}

void link(lk_waiter &waiter, lk_waiter &behind)
{
	waiter.on_record = nullptr;
	waiter.on_waiter = &behind;
	link_at(waiter, behind.waiters);
}

void link(work &work, lk_waiter &waiter, lk_record &blocker)
{
	const lk_observer *observer = work.table.observer;
	bool first = !blocker.waiters;

	waiter.on_waiter = nullptr;
	waiter.on_record = &blocker;
	link_at(waiter, blocker.waiters);
	if (first)
		tell_blocks(work, blocker, true);
	if (observer && observer->linked && !is_reservation(blocker))
		observer->linked(work.table.context, &blocker, &waiter);
}

void unlink(work &work, lk_waiter &waiter)
{
	lk_record *record = waiter.on_record;

	*waiter.sibling_at = waiter.sibling;
	if (waiter.sibling)
		waiter.sibling->sibling_at = waiter.sibling_at;
	waiter.on_record = nullptr;
	waiter.on_waiter = nullptr;
	waiter.sibling = nullptr;
	waiter.sibling_at = nullptr;
	if (record && !record->waiters)
		tell_blocks(work, *record, false);
}

/* The heap of loose waiters: a pairing heap by seq, next_winner is the child. */
lk_waiter *meld(lk_waiter *a, lk_waiter *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->seq < a->seq) {
		lk_waiter *swap = a;

		a = b;
		b = swap;
	}
	b->sibling = a->next_winner;
	a->next_winner = b;
	return a;
}

lk_waiter *pop_loose(work &work)
{
	lk_waiter *oldest = work.loose;
	lk_waiter *rest = oldest->next_winner;
	lk_waiter *pairs = nullptr;

	while (rest) {
		lk_waiter *a = rest;
		lk_waiter *b = a->sibling;

		rest = b ? b->sibling : nullptr;
		a->sibling = nullptr;
		if (b)
			b->sibling = nullptr;
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	work.loose = nullptr;
	while (pairs) {
		lk_waiter *next = pairs->sibling;

		pairs->sibling = nullptr;
		work.loose = meld(work.loose, pairs);
		pairs = next;
	}
	oldest->next_winner = nullptr;
	oldest->sibling = nullptr;
	return oldest;
}

void leave_trees(work &work, lk_waiter &waiter)
{
	queue_tree::erase(work.table.waiters, waiter);
	work.table.nr_waiters--;
	leave_graph(waiter);
}

void win(work &work, lk_waiter &waiter)
{
	lk_batch &batch = work.batch;

	waiter.next_winner = nullptr;
	*(batch.last_winner ? batch.last_winner : &batch.winners) = &waiter;
	batch.last_winner = &waiter.next_winner;
}

void fail(work &work, lk_waiter &waiter)
{
	doom why = doom { waiter.doomed };

	waiter.doomed = 0;
	leave_queue(work, waiter);
	if (&waiter == work.requester) {
		work.requester_lost = true;
		return;
	}
	if (why == doom::lapse)
		waiter.state = LK_LAPSED;
	else	/* A client that is told asks again, and is refused then. */
		waiter.state = waiter.request.kind == LK_NOTIFY ? LK_NOTIFIED : LK_LOST_DEADLOCK;
	win(work, waiter);
}

/* Those behind it wait for what it got now. */
void hand_over_followers(work &work, lk_waiter *follower, lk_record &record)
{
	lk_waiter *next;

	for (; follower; follower = next) {
		next = follower->sibling;
		link(work, *follower, record);
	}
}

void grant(work &work, lk_waiter &waiter)
{
	lk_waiter *followers = waiter.waiters;
	bool revocable = waiter.request.kind == LK_REVOCABLE;
	place place = {};
	lk_record *record;

	waiter.waiters = nullptr;
	leave_trees(work, waiter);
	trim_undo(work, waiter.request.owner, range_of(waiter.request));
	find_touched(work.table, waiter.request, place);
	record = revocable ? hold_revocably(work, waiter, place)
			   : hold(work, waiter.request, place, waiter.nodes, nullptr);
	hand_over_followers(work, followers, *record);
	if (waiter.request.flags & LK_RECLAIM)
		use_turns(work, waiter.request, nullptr);
	if (&waiter != work.requester) {
		waiter.state = LK_WON;
		win(work, waiter);
		return;
	}
	waiter.state = revocable ? LK_WON : LK_IDLE;
	work.requester_won = true;
}

void examine(work &work, lk_waiter &waiter)
{
	if (waiter.doomed)
		return fail(work, waiter);
	if (lk_waiter *behind = latest_before(waiter))
		return link(waiter, *behind);

	lk_record *blocker = next_conflict(work.table, view(waiter.request), nullptr);

	if (!blocker) {
		if (waiter.request.kind != LK_NOTIFY || &waiter == work.requester)
			return grant(work, waiter);
		return give_turn(work, waiter, work.now + work.table.graph->reserve_ms,
				 LK_RESERVATION);
	}
	if (!tell_early(work, waiter, *blocker))
		link(work, waiter, *blocker);
}

} // namespace

bool in_order(const lk_waiter &later, const lk_waiter &earlier)
{
	return !later.may_pass && earlier.seq < later.seq && minds(later.request, earlier.request);
}

lk_waiter *latest_before(const lk_waiter &waiter)
{
	range where = range_of(waiter.request);
	bool write = waiter.request.op == LK_WRITE;
	lk_waiter *best = nullptr;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       down->min_seq < waiter.seq &&
		       newest(*down, write) > (best ? best->seq : 0);
	};

	if (waiter.may_pass)
		return nullptr;
	for (lk_waiter *at = queue_tree::last_within(waiter.table->waiters, enter); at;
	     at = queue_tree::prev_within(at, enter))
		if ((!best || at->seq > best->seq) && in_order(waiter, *at))
			best = at;
	return best;
}

lk_waiter *next_before(const lk_waiter &waiter, lk_waiter *after)
{
	range where = range_of(waiter.request);
	bool write = waiter.request.op == LK_WRITE;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       down->min_seq < waiter.seq && newest(*down, write);
	};
	lk_waiter *at = after ? queue_tree::next_within(after, enter)
			      : queue_tree::first_within(waiter.table->waiters, enter);

	while (at && !in_order(waiter, *at))
		at = queue_tree::next_within(at, enter);
	return at;
}

lk_waiter *oldest_conflict(const lk_table &table, const lk_request &request)
{
	range where = range_of(request);
	bool write = request.op == LK_WRITE;
	lk_waiter *best = nullptr;
	auto enter = [&](lk_waiter *up, lk_waiter *down) {
		return !beyond(up, down, where) && down->max_end >= where.start &&
		       newest(*down, write) && (!best || down->min_seq < best->seq);
	};

	for (lk_waiter *at = queue_tree::first_within(table.waiters, enter); at;
	     at = queue_tree::next_within(at, enter))
		if ((!best || at->seq < best->seq) && minds(request, at->request))
			best = at;
	return best;
}

bool is_waited_for(const lk_table &table, const lk_record &record)
{
	lk_request held = {};

	held.owner = record.owner;
	held.start = record.start;
	held.end = record.end;
	held.op = record.type;
	return oldest_conflict(table, held);
}

void loosen(work &work, lk_waiter &waiter)
{
	unlink(work, waiter);
	work.loose = meld(work.loose, &waiter);
}

void loosen(work &work, lk_record &record)
{
	while (record.waiters)
		loosen(work, *record.waiters);
}

void loosen_some(work &work, lk_record &record)
{
	lk_waiter *next;

	for (lk_waiter *at = record.waiters; at; at = next) {
		next = at->sibling;
		if (!conflicts(record, view(at->request)))
			loosen(work, *at);
	}
}

void enter_queue(work &work, lk_waiter &waiter)
{
	waiter.state = LK_WAITING;
	/* The heap's; a waiter may have won before. */
	waiter.next_winner = nullptr;
	waiter.sibling = nullptr;
	queue_tree::insert(work.table.waiters, waiter);
	work.table.nr_waiters++;
	enter_graph(waiter);
	work.loose = meld(work.loose, &waiter);
}

void leave_queue(work &work, lk_waiter &waiter)
{
	if (waiter.sibling_at)
		unlink(work, waiter);
	while (waiter.waiters)
		loosen(work, *waiter.waiters);
	leave_trees(work, waiter);
	waiter.state = LK_IDLE;
}

void give_turn(work &work, lk_waiter &waiter, uint64_t deadline, uint8_t flags)
{
	lk_waiter *followers = waiter.waiters;
	lk_record *record;

	waiter.waiters = nullptr;
	leave_trees(work, waiter);
	record = keep_turn(work, waiter, deadline, flags);
	hand_over_followers(work, followers, *record);
	waiter.state = LK_NOTIFIED;
	win(work, waiter);
	/* Others may be told beside it. */
	if (flags & LK_OVERDUE)
		loosen(work, *record);
}

void drain(work &work)
{
	while (work.loose)
		examine(work, *pop_loose(work));
}

void settle(work &work)
{
	drain(work);
	while (lk_waiter *winner = *work.unchecked) {
		work.unchecked = &winner->next_winner;
		if (winner->state == LK_WON)
			open_cycles_of(work, winner->request.owner);
	}
	note_contended(work.table);
}

void lapse_all(work &work)
{
	while (lk_waiter *waiter = first_waiter(work.table)) {
		leave_queue(work, *waiter);
		waiter->state = LK_LAPSED;
	}
	/* All of them are out: nobody is left to be examined. */
	while (work.loose)
		(void)pop_loose(work);
}

void refresh(lk_waiter &waiter, uint64_t now)
{
	waiter.refreshed = now;
	queue_tree::updated(waiter);
}

uint64_t oldest_refresh(const lk_table &table)
{
	return table.waiters ? by_start::to_item(table.waiters)->min_refreshed : UINT64_MAX;
}

void lapse_older(work &work, uint64_t limit)
{
	auto enter = [=](lk_waiter *, lk_waiter *down) { return down->min_refreshed <= limit; };

	for (lk_waiter *at = queue_tree::first_within(work.table.waiters, enter); at;
	     at = queue_tree::next_within(at, enter)) {
		if (at->request.kind != LK_NOTIFY || at->refreshed > limit)
			continue;
		at->doomed = static_cast<uint8_t>(doom::lapse);
		if (at->sibling_at)
			loosen(work, *at);
	}
}

void loosen_marked(work &work)
{
	for (lk_waiter *at = first_waiter(work.table); at; at = waiter_after(*at))
		if (at->sibling_at && (at->doomed || (at->may_pass && at->on_waiter)))
			loosen(work, *at);
}

lk_waiter *first_waiter(const lk_table &table) { return queue_tree::first(table.waiters); }
lk_waiter *waiter_after(lk_waiter &waiter) { return queue_tree::next(&waiter); }

lk_waiter *waiter_behind(const lk_table &table, int64_t start, uint64_t seq)
{
	return queue_tree::first_not(table.waiters, [=](const lk_waiter &w) {
		return w.request.start != start ? w.request.start < start : w.seq <= seq;
	});
}

const char *validate_queue_tree(const lk_table &table)
{
	return queue_tree::validate(table.waiters);
}

} // namespace lk
