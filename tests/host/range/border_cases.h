/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cases of the border, as a table.  Compiled as C11 and as C++20, each of
 * which runs all of them: the structures must be the same on both sides.
 */
#ifndef HF_TESTS_RANGE_BORDER_CASES_H
#define HF_TESTS_RANGE_BORDER_CASES_H

#include "lock_core.h"

struct border_step {
	uint64_t owner;
	int64_t start, end;
	uint8_t op, flags;
	enum lk_outcome outcome;
	unsigned int nodes;	/* that the plan asks for, when granted */
};

struct border_case {
	const char *name;
	struct border_step steps[8];
	unsigned int records;	/* held in the end */
};

#define R LK_READ
#define W LK_WRITE
#define U LK_UNLOCK
#define OK LK_GRANTED

static const struct border_case border_cases[] = {
	{ "one byte", { { 1, 0, 0, W, 0, OK, 1 } }, 1 },
	{ "the last byte", { { 1, LK_END, LK_END, W, 0, OK, 1 }, { 2, 0, LK_END, R, 0, LK_CONFLICT, 0 } }, 1 },
	{ "the whole file, and none of it", { { 1, 0, LK_END, W, 0, OK, 1 }, { 1, 0, LK_END, U, 0, OK, 0 } }, 0 },
	{ "readers share", { { 1, 0, 9, R, 0, OK, 1 }, { 2, 5, 14, R, 0, OK, 1 } }, 2 },
	{ "a writer does not", { { 1, 0, 9, R, 0, OK, 1 }, { 2, 9, 9, W, 0, LK_CONFLICT, 0 } }, 1 },
	{ "nor a reader beside one", { { 1, 0, 9, W, 0, OK, 1 }, { 2, 9, 20, R, LK_WAIT, LK_MUST_WAIT, 0 } }, 1 },
	{ "neighbours merge", { { 1, 0, 4, R, 0, OK, 1 }, { 1, 5, 9, R, 0, OK, 0 } }, 1 },
	{ "both sides merge", { { 1, 0, 4, R, 0, OK, 1 }, { 1, 10, 14, R, 0, OK, 1 }, { 1, 5, 9, R, 0, OK, 0 } }, 1 },
	{ "other types do not", { { 1, 0, 4, R, 0, OK, 1 }, { 1, 5, 9, W, 0, OK, 1 } }, 2 },
	{ "upgrade in place", { { 1, 0, 9, R, 0, OK, 1 }, { 1, 0, 9, W, 0, OK, 0 } }, 1 },
	{ "upgrade in the middle", { { 1, 0, 9, R, 0, OK, 1 }, { 1, 3, 5, W, 0, OK, 2 } }, 3 },
	{ "upgrade of one end", { { 1, 0, 9, R, 0, OK, 1 }, { 1, 5, 9, W, 0, OK, 1 } }, 2 },
	{ "downgrade joins what was apart",
	  { { 1, 0, 9, R, 0, OK, 1 }, { 1, 3, 5, W, 0, OK, 2 }, { 1, 3, 5, R, 0, OK, 0 } }, 1 },
	{ "unlock in the middle", { { 1, 0, 9, W, 0, OK, 1 }, { 1, 3, 5, U, 0, OK, 1 } }, 2 },
	{ "unlock of one end", { { 1, 0, 9, W, 0, OK, 1 }, { 1, 3, 9, U, 0, OK, 0 } }, 1 },
	{ "unlock up to the last byte", { { 1, 0, LK_END, W, 0, OK, 1 }, { 1, 1, LK_END, U, 0, OK, 0 } }, 1 },
	{ "unlock of another's", { { 1, 0, 9, W, 0, OK, 1 }, { 2, 0, 9, U, 0, OK, 0 } }, 1 },
	{ "a set swallows many",
	  { { 1, 0, 0, W, 0, OK, 1 }, { 1, 2, 2, R, 0, OK, 1 }, { 1, 4, 4, W, 0, OK, 1 }, { 1, 6, 6, R, 0, OK, 1 },
	    { 1, 0, 9, R, 0, OK, 0 } }, 1 },
	{ "backwards", { { 1, 5, 4, W, 0, LK_INVALID, 0 } }, 0 },
	{ "before the file", { { 1, -1, 4, W, 0, LK_INVALID, 0 }, { 1, INT64_MIN, LK_END, U, 0, LK_INVALID, 0 } }, 0 },
	{ "unknown op", { { 1, 0, 4, 3, 0, LK_INVALID, 0 }, { 1, 0, 4, 255, 0, LK_INVALID, 0 } }, 0 },
	{ "unknown flag", { { 1, 0, 4, W, 0x40, LK_INVALID, 0 }, { 1, 0, 4, R, 0x80, LK_INVALID, 0 } }, 0 },
};

#undef R
#undef W
#undef U
#undef OK

/* Return: NULL, or the name of the case that came out otherwise. */
static inline const char *border_run(unsigned int index)
{
	const struct border_case *c = &border_cases[index];
	struct lk_record memory[16];
	struct lk_holder holders[16];
	struct lk_list spares = { NULL, 0 };
	struct lk_graph graph;
	struct lk_table table;
	const struct lk_record *r;
	unsigned int i, held = 0;

	lk_graph_init(&graph, 2000);
	lk_table_init(&table, &graph, NULL, NULL);
	for (i = 0; i < 16; i++) {
		lk_record_init(&memory[i], &holders[i]);
		lk_list_push(&spares, &memory[i]);
	}
	for (i = 0; i < 8 && c->steps[i].owner; i++) {
		const struct border_step *s = &c->steps[i];
		struct lk_batch batch = { NULL, NULL, { NULL, 0 } };
		struct lk_request request = {
			.owner = s->owner, .start = s->start, .end = s->end, .manager = 0,
			.now = 0, .cookie = NULL, .op = s->op, .kind = LK_LOCAL,
			.fairness = LK_FAIR_BOUNDED, .flags = s->flags,
		};
		unsigned int before = spares.count;
		struct lk_unlock rest;
		struct lk_plan plan;

		if (lk_plan(&table, &request, false, &plan) != s->outcome)
			return c->name;
		if (s->outcome != LK_GRANTED)
			continue;
		lk_commit(&table, &request, &plan, &spares, &rest, &batch);
		if (plan.nodes != s->nodes || before - spares.count != s->nodes)
			return c->name;
		while (batch.freed.count)
			lk_list_push(&spares, lk_list_pop(&batch.freed));
		if (lk_validate(&table))
			return c->name;
	}
	for (r = lk_first_record(&table); r; r = lk_next_record(r))
		held++;
	return held == c->records ? NULL : c->name;
}

static inline unsigned int border_count(void)
{
	return sizeof(border_cases) / sizeof(border_cases[0]);
}

#ifdef __cplusplus
extern "C" {
#endif
/* The same, from C. */
const char *border_run_in_c(unsigned int index);
unsigned int border_size_in_c(unsigned int which);
#ifdef __cplusplus
}
#endif

/* Sizes that both languages must agree on. */
static inline unsigned int border_size(unsigned int which)
{
	const unsigned int sizes[] = {
		sizeof(struct lk_record), sizeof(struct lk_holder), sizeof(struct lk_waiter), sizeof(struct lk_table),
		sizeof(struct lk_graph), sizeof(struct lk_request), sizeof(struct lk_plan),
		sizeof(struct lk_batch), sizeof(struct lk_observer), offsetof(struct lk_waiter, nodes),
		offsetof(struct lk_waiter, state), offsetof(struct lk_record, type),
		offsetof(struct lk_table, nr_records), 0,
	};

	return which < sizeof(sizes) / sizeof(sizes[0]) ? sizes[which] : 0;
}

#endif /* HF_TESTS_RANGE_BORDER_CASES_H */
