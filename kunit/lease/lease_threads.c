// SPDX-License-Identifier: GPL-2.0-only
/* Several threads on one file: every race may end in any way, but no promise breaks. */
#include "../threads.h"
#include "lease.h"

#define ROUNDS 80

struct shared {
	struct hf_test_lease *file;
	bool pinned, done;
	unsigned int wrong, pins, changes, broken;
};

static void pin_and_unpin(struct shared *shared)
{
	struct hf_pin *pin = hf_layout_pin(shared->file->open[0], 0, 10, false);

	if (IS_ERR(pin))
		return;
	WRITE_ONCE(shared->pinned, true);
	shared->pins++;
	cond_resched();
	WRITE_ONCE(shared->pinned, false);
	hf_layout_unpin(pin);
}

static void lay_out(struct shared *shared, unsigned int round)
{
	layout_set(shared->file, 0, HF_LAYOUT_READ, 0, 10 + round % 3);
	pin_and_unpin(shared);
	cond_resched();
	pin_and_unpin(shared);
	if (round % 2)
		layout_set(shared->file, 0, HF_LAYOUT_NONE, 0, 0);
}

/* While blocks move, nothing is pinned; and the other way round. */
static void move_blocks(struct shared *shared, unsigned int round)
{
	struct hf_change change;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		if (change_begin(shared->file, &change, -1, 9, LS_END))
			continue;
		shared->wrong += READ_ONCE(shared->pinned);
		shared->changes++;
		cond_resched();
		shared->wrong += READ_ONCE(shared->pinned);
		hf_change_end(&change);
	}
	if (round % 4 == 0)
		lease_left(shared->file, 0);
}

static void lease_and_return(struct shared *shared, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		lease_set(shared->file, 2, F_RDLCK);
		lease_grant(shared->file, 2, 0, F_RDLCK, FL_DELEG);
		cond_resched();
		lease_set(shared->file, 2, F_UNLCK);
		lease_return(shared->file, 2, 0);
	}
}

static void break_leases(struct shared *shared, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		shared->broken += lease_break(shared->file,
					      O_WRONLY | O_NONBLOCK) != 0;
		if (i % 4 == 0)
			lease_left(shared->file, 0);
		cond_resched();
	}
}

static void work(struct crew *crew, unsigned int nr)
{
	static void (* const parts[THREADS])(struct shared *shared,
					     unsigned int round) = {
		lay_out, move_blocks, lease_and_return, break_leases,
	};
	struct shared *shared = crew->private;
	unsigned int round;

	/* The first, which is slow, says how long. */
	for (round = 0; nr ? !READ_ONCE(shared->done) : round < ROUNDS; round++)
		parts[nr](shared, round);
	if (!nr)
		WRITE_ONCE(shared->done, true);
}

static void all_at_once(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct shared shared = { .file = file };
	struct crew crew = { .test = test, .work = work, .private = &shared };

	lease_open(file, 0, O_RDONLY);
	lease_open(file, 2, O_RDONLY);
	crew_start(&crew, THREADS);
	crew_wait(&crew, THREADS);
	KUNIT_EXPECT_EQ(test, shared.wrong, 0U);
	KUNIT_EXPECT_NULL(test, hf_leases(&file->li)->pins);
	KUNIT_EXPECT_NULL(test, hf_leases(&file->li)->changes);
	lease_describe(file);
	kunit_info(test, "%u pins, %u changes, %u breaks that would have waited",
		   shared.pins, shared.changes, shared.broken);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(all_at_once),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_threads",
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
