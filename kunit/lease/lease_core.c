// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lease core through its C API: each row of its conflict table, by the cases
 * of the host's tests, and what is made of the looks at leases.
 */
#include <kunit/test.h>

#include "lease_run.h"

static void describe_case(const struct lease_case *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lease, lease_cases, describe_case);

static void rows(struct kunit *test)
{
	const struct lease_case *row = test->param_value;
	unsigned int step = 0;

	if (lease_case_run(row - lease_cases, &step))
		KUNIT_FAIL(test, "%s, step %u", row->name, step);
}

/* One table with one lease, and what happened to it since the last look. */
struct one {
	struct ls_table table;
	struct ls_grant lease;
	struct ls_batch batch;
};

/* Return: a letter for what was told, "." for nothing. */
static char told(struct kunit *test, struct one *one)
{
	char letter = '.';

	if (one->batch.first) {
		KUNIT_EXPECT_PTR_EQ(test, one->batch.first, &one->lease);
		KUNIT_EXPECT_PTR_EQ(test, one->batch.last, &one->lease);
		letter = "GCBbdRO"[one->lease.event];
	}
	one->batch = (struct ls_batch) {};
	KUNIT_EXPECT_NULL(test, ls_validate(&one->table));
	return letter;
}

static char granted(struct kunit *test, struct one *one, enum ls_type type)
{
	ls_lease_granted(&one->table, &one->lease, type, &one->batch);
	return told(test, one);
}

static char seen(struct kunit *test, struct one *one, enum ls_type type,
		 enum ls_state state)
{
	ls_lease_seen(&one->table, &one->lease, type, state,
		      state == LS_HELD ? LS_NEVER : 1000, &one->batch);
	return told(test, one);
}

static char missing(struct kunit *test, struct one *one)
{
	ls_lease_missing(&one->table, &one->lease, &one->batch);
	return told(test, one);
}

static char returned(struct kunit *test, struct one *one)
{
	ls_lease_returned(&one->table, &one->lease, &one->batch);
	return told(test, one);
}

static void init_one(struct one *one)
{
	*one = (struct one) { .lease = { .holder = 1, .owner = 2 } };
}

static void lease_broken_and_returned(struct kunit *test)
{
	struct one one;

	init_one(&one);
	KUNIT_EXPECT_EQ(test, 'G', granted(test, &one, LS_READ));
	KUNIT_EXPECT_PTR_EQ(test, one.table.leases, &one.lease);
	KUNIT_EXPECT_EQ(test, '.', seen(test, &one, LS_READ, LS_HELD));
	KUNIT_EXPECT_EQ(test, 'B', seen(test, &one, LS_READ, LS_BREAKING));
	KUNIT_EXPECT_EQ(test, '.', seen(test, &one, LS_READ, LS_BREAKING));
	KUNIT_EXPECT_EQ(test, one.lease.deadline, 1000ULL);
	KUNIT_EXPECT_EQ(test, 'R', returned(test, &one));
	KUNIT_EXPECT_TRUE(test, ls_idle(&one.table));
	KUNIT_EXPECT_EQ(test, (int)one.lease.state, (int)LS_IDLE);
}

static void lease_downgraded(struct kunit *test)
{
	struct one one;

	init_one(&one);
	KUNIT_EXPECT_EQ(test, 'G', granted(test, &one, LS_WRITE));
	KUNIT_EXPECT_EQ(test, 'b', seen(test, &one, LS_WRITE, LS_BREAKING_TO_READ));
	KUNIT_EXPECT_EQ(test, 'd', granted(test, &one, LS_READ));
	KUNIT_EXPECT_EQ(test, one.lease.deadline, LS_NEVER);
	/* By its time: the VFS does not say, but it shows. */
	KUNIT_EXPECT_EQ(test, 'C', granted(test, &one, LS_WRITE));
	KUNIT_EXPECT_EQ(test, 'b', seen(test, &one, LS_WRITE, LS_BREAKING_TO_READ));
	KUNIT_EXPECT_EQ(test, 'd', seen(test, &one, LS_READ, LS_HELD));
	/* For a writer a downgrade is not enough. */
	KUNIT_EXPECT_EQ(test, 'C', granted(test, &one, LS_WRITE));
	KUNIT_EXPECT_EQ(test, 'B', seen(test, &one, LS_WRITE, LS_BREAKING));
	KUNIT_EXPECT_EQ(test, 'C', granted(test, &one, LS_READ));
	KUNIT_EXPECT_EQ(test, (int)one.lease.state, (int)LS_BREAKING);
}

static void lease_ran_out(struct kunit *test)
{
	struct one one;

	init_one(&one);
	KUNIT_EXPECT_EQ(test, 'G', granted(test, &one, LS_READ));
	KUNIT_EXPECT_EQ(test, 'B', seen(test, &one, LS_READ, LS_BREAKING));
	KUNIT_EXPECT_EQ(test, 'O', missing(test, &one));
	KUNIT_EXPECT_EQ(test, '.', missing(test, &one));
	KUNIT_EXPECT_EQ(test, 'G', granted(test, &one, LS_READ));
	KUNIT_EXPECT_EQ(test, 'O', missing(test, &one));
	/* It was granted by somebody who is not done with telling. */
	KUNIT_EXPECT_EQ(test, 'G', seen(test, &one, LS_WRITE, LS_HELD));
	KUNIT_EXPECT_EQ(test, 'R', returned(test, &one));
	KUNIT_EXPECT_TRUE(test, ls_idle(&one.table));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(rows, lease_gen_params),
	KUNIT_CASE(lease_broken_and_returned),
	KUNIT_CASE(lease_downgraded),
	KUNIT_CASE(lease_ran_out),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_core",
	.test_cases = cases,
};
kunit_test_suite(suite);
