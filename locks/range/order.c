// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations at the remote, in order.
 *
 * Two operations of one owner on ranges that meet do not commute, and messages may pass
 * one another on the way.  So each is at the remote alone: it enters the table's line,
 * waits until none that was there before it meets it, and leaves when both tables have
 * it.  An unlock is done here within its turn, too, unless its process ends and cannot
 * wait for that.
 *
 * A request that the remote holds back is not in line, or its owner could do nothing as
 * long as it waits.  If anything of its owner's was in line meanwhile, nobody knows
 * which of the two the remote has done first: it is *crossed*, and a yes to it is not
 * believed (remote.c).
 *
 * The line is as long as there are operations under way in one file; each costs that.
 */
#include "remote.h"

static bool meet(const struct hf_ask *a, const struct hf_ask *b)
{
	const struct lk_request *one = &a->waiter->core.request;
	const struct lk_request *other = &b->waiter->core.request;

	return a->waiter->space == b->waiter->space && one->owner == other->owner &&
	       one->start <= other->end && other->start <= one->end;
}

/**
 * hf_line_enter - get in line
 * @ask: not in it
 *
 * Context: T.
 * Return: whether its turn has come; else hf_remote_happened() will say so.
 */
bool hf_line_enter(struct hf_ask *ask)
{
	struct hf_table *table = ask->waiter->table;
	struct hf_ask *at;

	lockdep_assert_held(&table->lock);
	ask->ahead = 0;
	list_for_each_entry(at, &table->line, line)
		ask->ahead += meet(at, ask);
	list_for_each_entry(at, &table->held_back, line)
		at->crossed |= meet(at, ask);
	list_add_tail(&ask->line, &table->line);
	return !ask->ahead;
}

/**
 * hf_line_leave - it is done, or not wanted; whose turn it is then is told
 * @ask: in line
 *
 * Context: T.
 */
void hf_line_leave(struct hf_ask *ask)
{
	struct hf_table *table = ask->waiter->table;
	struct hf_ask *at = ask;

	lockdep_assert_held(&table->lock);
	list_for_each_entry_continue(at, &table->line, line)
		if (meet(at, ask) && !--at->ahead)
			hf_remote_happened(at);
	list_del_init(&ask->line);
}

/**
 * hf_line_hold_back - it is about to be asked for with waiting
 * @ask: not in line; for list_del_init() when it was answered
 *
 * Context: T.
 */
void hf_line_hold_back(struct hf_ask *ask)
{
	struct hf_table *table = ask->waiter->table;
	struct hf_ask *at;

	lockdep_assert_held(&table->lock);
	ask->crossed = false;
	list_for_each_entry(at, &table->line, line)
		ask->crossed |= meet(at, ask);
	list_add_tail(&ask->line, &table->held_back);
}
