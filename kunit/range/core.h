/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A graph and some tables of the core for one test, with time of its own.
 * After every step each table is validated and compared with what the observer
 * was told; at the end every record must have come back.
 */
#ifndef HF_KUNIT_RANGE_CORE_H
#define HF_KUNIT_RANGE_CORE_H

#include <kunit/test.h>
#include <linux/list.h>

#include "describe.h"

#define CORE_TABLES 3
#define CORE_WAITERS 24
#define CORE_RESERVE_MS 1000

struct core {
	struct kunit *test;
	struct lk_graph graph;
	struct lk_table table[CORE_TABLES];
	struct list_head held[CORE_TABLES];	/* as the observer was told */
	struct lk_waiter waiter[CORE_WAITERS];
	struct lk_batch batch;
	u64 now;
	u8 fairness;
	bool queued;		/* the last core_wait() came to lk_enqueue() */
	unsigned int records;			/* that were allocated */
	/* Winners of all steps since core_told(), as letters of their slots. */
	char told[64];
	void (*on_winner)(struct core *core, struct lk_waiter *waiter);
	void *private;
	char text[DESCRIPTION];
};

/* Owners are 1 for "a", 2 for "b" and so on. */
enum { A = 1, B, C, D };

int core_init(struct kunit *test);
void core_exit(struct kunit *test);

/* A request that does not wait. */
enum lk_outcome core_ask(struct core *core, unsigned int table, u64 owner,
			 u8 op, s64 start, s64 end, u8 flags);
/* One that waits, as waiter @slot, if it has to. */
enum lk_outcome core_wait(struct core *core, unsigned int slot,
			  unsigned int table, u64 owner, u8 op, s64 start,
			  s64 end, u8 kind);
void core_end(struct core *core, unsigned int slot, bool take_back);
/* Everything that is due after @ms more. */
void core_pass_time(struct core *core, u64 ms);
void core_expect_valid(struct core *core);

#define core_expect_held(core, nr, text)				\
	KUNIT_EXPECT_STREQ((core)->test, core_describe(core, nr), text)

/* Slots "A" = 0 and so on, in the order in which they were told. */
#define core_expect_told(core, text) do {				\
	KUNIT_EXPECT_STREQ((core)->test, (core)->told, text);		\
	(core)->told[0] = '\0';						\
} while (0)

/* In a buffer of @core: valid until the next call. */
const char *core_describe(struct core *core, unsigned int nr);

static inline void core_set(struct core *core, u64 owner, u8 op, s64 start,
			    s64 end)
{
	KUNIT_EXPECT_EQ(core->test, LK_GRANTED,
			core_ask(core, 0, owner, op, start, end, 0));
}

#endif /* HF_KUNIT_RANGE_CORE_H */
