// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

struct core_record {
	struct lk_record core;
	struct lk_holder holder;
	struct list_head held;
	s64 start, end;		/* as the observer was last told */
	u8 type;
	bool blocks;
};

static struct core_record *outer(const struct lk_record *record)
{
	return container_of(record, struct core_record, core);
}

static void copy_range(struct lk_record *record)
{
	outer(record)->start = record->start;
	outer(record)->end = record->end;
	outer(record)->type = record->type;
}

static void link_record(void *context, struct lk_record *record)
{
	copy_range(record);
	list_add_tail(&outer(record)->held, context);
}

static void unlink_record(void *context, struct lk_record *record)
{
	list_del_init(&outer(record)->held);
}

static void change_record(void *context, struct lk_record *record)
{
	copy_range(record);
}

static void note_blocks(void *context, struct lk_record *record, bool blocks)
{
	outer(record)->blocks = blocks;
}

static const struct lk_observer observer = {
	.link = link_record,
	.unlink = unlink_record,
	.change = change_record,
	.blocks = note_blocks,
};

static void alloc_records(struct core *core, struct lk_list *list,
			  unsigned int count)
{
	while (list->count < count) {
		struct core_record *record = kzalloc(sizeof(*record), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(core->test, record);
		INIT_LIST_HEAD(&record->held);
		core->records++;
		lk_record_init(&record->core, &record->holder);
		lk_list_push(list, &record->core);
	}
}

static void free_records(struct core *core, struct lk_list *list)
{
	struct lk_record *record;

	while ((record = lk_list_pop(list))) {
		KUNIT_EXPECT_TRUE(core->test, list_empty(&outer(record)->held));
		KUNIT_EXPECT_FALSE(core->test, outer(record)->blocks);
		core->records--;
		kfree(outer(record));
	}
}

/* The observer knows exactly the records that are held, as they are. */
static void expect_observed(struct core *core, unsigned int nr)
{
	const struct lk_record *record = lk_first_record(&core->table[nr]);
	unsigned int held = 0;

	for (; record; record = lk_next_record(record)) {
		if (record->flags & LK_RESERVATION)
			continue;
		held++;
		KUNIT_EXPECT_FALSE(core->test, list_empty(&outer(record)->held));
		KUNIT_EXPECT_EQ(core->test, record->start, outer(record)->start);
		KUNIT_EXPECT_EQ(core->test, record->end, outer(record)->end);
		KUNIT_EXPECT_EQ(core->test, record->type, outer(record)->type);
		KUNIT_EXPECT_EQ(core->test, !!record->holder->waiters,
				outer(record)->blocks);
	}
	KUNIT_EXPECT_EQ(core->test, held,
			(unsigned int)list_count_nodes(&core->held[nr]));
}

void core_expect_valid(struct core *core)
{
	unsigned int nr;

	for (nr = 0; nr < CORE_TABLES; nr++) {
		const char *wrong = lk_validate(&core->table[nr]);

		if (wrong)
			KUNIT_FAIL(core->test, "table %u: %s", nr, wrong);
		expect_observed(core, nr);
	}
}

/* Takes the winners, frees the freed, looks whether all is well. */
static void finish_step(struct core *core)
{
	struct lk_waiter *waiter;

	while ((waiter = core->batch.winners)) {
		size_t told = strlen(core->told);

		core->batch.winners = waiter->next_winner;
		waiter->next_winner = NULL;
		if (told + 1 < sizeof(core->told)) {
			core->told[told] = 'A' + (waiter - core->waiter);
			core->told[told + 1] = '\0';
		}
		if (core->on_winner)
			core->on_winner(core, waiter);
	}
	core->batch.last_winner = NULL;
	free_records(core, &core->batch.freed);
	core_expect_valid(core);
}

static struct lk_request make_request(struct core *core, u64 owner, u8 op,
				      s64 start, s64 end, u8 kind, u8 flags)
{
	return (struct lk_request) {
		.owner = owner, .start = start, .end = end, .now = core->now,
		.manager = kind == LK_NOTIFY ? 1000 : 0, .op = op, .kind = kind,
		.fairness = core->fairness, .flags = flags | LK_DETECT,
	};
}

static enum lk_outcome plan_and_commit(struct core *core, unsigned int nr,
				       const struct lk_request *request)
{
	struct lk_table *table = &core->table[nr];
	struct lk_unlock rest;
	struct lk_list spares = {};
	enum lk_outcome outcome;
	struct lk_plan plan;

	outcome = lk_plan(table, request, false, &plan);
	/* A contended table may be answered for without G, or may not. */
	if (outcome == LK_NEED_GRAPH) {
		KUNIT_EXPECT_TRUE(core->test, lk_contended(table));
		outcome = lk_plan(table, request, true, &plan);
	}
	if (outcome != LK_GRANTED)
		return outcome;
	KUNIT_EXPECT_LE(core->test, plan.nodes, 2U);
	alloc_records(core, &spares, plan.nodes);
	if (lk_commit(table, request, &plan, &spares, &rest,
		      &core->batch) == LK_MORE)
		while (lk_unlock_more(table, &rest, core->now,
				      &core->batch) == LK_MORE)
			;
	free_records(core, &spares);
	return outcome;
}

enum lk_outcome core_ask(struct core *core, unsigned int nr, u64 owner,
			 u8 op, s64 start, s64 end, u8 flags)
{
	struct lk_request request = make_request(core, owner, op, start, end,
						 LK_LOCAL, flags);
	enum lk_outcome outcome = plan_and_commit(core, nr, &request);

	finish_step(core);
	return outcome;
}

enum lk_outcome core_wait(struct core *core, unsigned int slot,
			  unsigned int nr, u64 owner, u8 op, s64 start,
			  s64 end, u8 kind)
{
	struct lk_request request = make_request(core, owner, op, start, end,
						 kind, LK_WAIT | LK_DETECT);
	struct lk_waiter *waiter = &core->waiter[slot];
	enum lk_outcome outcome;

	KUNIT_EXPECT_NE(core->test, (u8)LK_WAITING, waiter->state);
	core_end(core, slot, false);	/* one that has won */
	outcome = plan_and_commit(core, nr, &request);
	core->queued = outcome == LK_MUST_WAIT;
	if (core->queued) {
		memset(waiter, 0, sizeof(*waiter));
		alloc_records(core, &waiter->nodes, lk_waiter_nodes(kind));
		outcome = lk_enqueue(&core->table[nr], &request, waiter,
				     &core->batch);
		if (waiter->state == LK_IDLE)
			free_records(core, &waiter->nodes);
	}
	finish_step(core);
	return outcome;
}

void core_end(struct core *core, unsigned int slot, bool take_back)
{
	struct lk_waiter *waiter = &core->waiter[slot];

	if (!waiter->table)
		return;
	lk_end_waiter(waiter->table, waiter, take_back, core->now, &core->batch);
	free_records(core, &waiter->nodes);
	finish_step(core);
	KUNIT_EXPECT_EQ(core->test, (u8)LK_IDLE, waiter->state);
}

void core_pass_time(struct core *core, u64 ms)
{
	struct lk_table *table;
	unsigned int rounds = 0;
	u64 next;

	core->now += ms;
	while ((table = lk_due(&core->graph, core->now, &next))) {
		lk_expire(table, core->now, &core->batch);
		finish_step(core);
		if (++rounds == 1000) {
			KUNIT_FAIL(core->test, "lk_due() does not end");
			return;
		}
	}
}

static char name_owner(const void *context, u64 owner)
{
	return 'a' + owner - A;
}

const char *core_describe(struct core *core, unsigned int nr)
{
	describe(core->text, &core->table[nr], name_owner, core);
	return core->text;
}

int core_init(struct kunit *test)
{
	struct core *core = kzalloc(sizeof(*core), GFP_KERNEL);
	unsigned int i;

	if (!core)
		return -ENOMEM;
	core->test = test;
	core->now = 1000000;
	core->fairness = LK_FAIR_FIFO;
	lk_graph_init(&core->graph, CORE_RESERVE_MS);
	for (i = 0; i < CORE_TABLES; i++) {
		INIT_LIST_HEAD(&core->held[i]);
		lk_table_init(&core->table[i], &core->graph, &observer,
			      &core->held[i]);
	}
	test->priv = core;
	return 0;
}

/* Whatever a test left is dropped, and nothing may be missing then. */
void core_exit(struct kunit *test)
{
	struct core *core = test->priv;
	unsigned int i;

	if (!core)
		return;
	core->on_winner = NULL;
	for (i = 0; i < CORE_WAITERS; i++)
		core_end(core, i, false);
	for (i = 0; i < CORE_TABLES; i++) {
		lk_detach(&core->table[i], &core->batch);
		finish_step(core);
		KUNIT_EXPECT_TRUE(test, lk_idle(&core->table[i]));
		KUNIT_EXPECT_FALSE(test, lk_contended(&core->table[i]));
	}
	KUNIT_EXPECT_EQ(test, core->graph.nr_contended, 0U);
	KUNIT_EXPECT_NULL(test, core->graph.waiters);
	KUNIT_EXPECT_EQ(test, core->records, 0U);
	kfree(core);
}
