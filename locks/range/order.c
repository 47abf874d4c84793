// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations at the remote, in order.
 *
 * Two operations of one owner on ranges that meet do not commute, and messages may pass
 * one another on the way.  So each is at the remote alone: it enters the table's list,
 * waits until none that was there before it meets it, and leaves when both tables have
 * it.  An unlock is done here within its turn, too; a request that the remote holds back
 * has none meanwhile.
 *
 * The list is as long as there are operations under way in one file.
 */
#include "remote.h"

static bool meet(const struct hf_step *a, const struct hf_step *b)
{
	return a->space == b->space && a->owner == b->owner && a->start <= b->end &&
	       b->start <= a->end;
}

static bool is_first(struct hf_table *table, const struct hf_step *step)
{
	const struct hf_step *at;

	list_for_each_entry(at, &table->steps, list) {
		if (at == step)
			break;
		if (meet(at, step))
			return false;
	}
	return true;
}

/**
 * hf_step_enter - get in line
 * @table: the file
 * @step: filled, but for @list and @ready
 *
 * Context: T.
 * Return: whether its turn has come; else it will be told.
 */
bool hf_step_enter(struct hf_table *table, struct hf_step *step)
{
	lockdep_assert_held(&table->lock);
	list_add_tail(&step->list, &table->steps);
	step->ready = is_first(table, step);
	return step->ready;
}

/**
 * hf_step_leave - it is done, or not wanted; whose turn it is then is told
 * @table: the file
 * @step: in the list
 *
 * Context: T.
 */
void hf_step_leave(struct hf_table *table, struct hf_step *step)
{
	struct hf_step *at, *next;

	lockdep_assert_held(&table->lock);
	list_del(&step->list);
	list_for_each_entry_safe(at, next, &table->steps, list) {
		if (at->ready || !meet(at, step) || !is_first(table, at))
			continue;
		at->ready = true;
		if (at->ask)
			hf_remote_happened(at->ask);
		else
			complete(at->turn);
	}
}
