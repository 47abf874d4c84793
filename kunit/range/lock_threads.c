// SPDX-License-Identifier: GPL-2.0-only
/* Several threads on one file: exclusion, and races that both sides may win. */
#include <linux/wait.h>

#include "../threads.h"
#include "file.h"

#define ROUNDS 150
#define PROCESS_ROUNDS 1000

struct shared {
	/* Changed only by who holds the lock. */
	unsigned int inside, sum;
	unsigned int wrong;
};

static int lock(struct hf_test_file *file, int cmd, struct file_lock *fl)
{
	return hf_lock(file->domain, &file->li, file->open[0], cmd, fl);
}

static void unlock(struct hf_test_file *file, unsigned int owner)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, owner, F_UNLCK, 0, OFFSET_MAX, FL_POSIX);
	lock(file, F_SETLK, &fl);
}

/* As ksmbd waits. */
static void increment(struct crew *crew, unsigned int nr)
{
	struct shared *shared = crew->private;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct file_lock fl;
		int ret;

		lock_init(crew->file, &fl, NULL, A + nr, F_WRLCK, round % 3, 9,
			  FL_POSIX | FL_SLEEP);
		while ((ret = lock(crew->file, F_SETLKW, &fl)) ==
		       FILE_LOCK_DEFERRED)
			wait_event(fl.c.flc_wait,
				   !smp_load_acquire(&fl.c.flc_blocker));
		if (ret || shared->inside++)
			WRITE_ONCE(shared->wrong, shared->wrong + 1);
		shared->sum++;
		cond_resched();
		shared->inside--;
		unlock(crew->file, A + nr);
		locks_release_private(&fl);
	}
}

static void exclusion(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct shared shared = {};
	struct crew crew = { .test = test, .file = file, .work = increment,
			     .private = &shared };

	crew_start(&crew, THREADS);
	crew_wait(&crew, THREADS);
	KUNIT_EXPECT_EQ(test, shared.wrong, 0U);
	KUNIT_EXPECT_EQ(test, shared.sum, (unsigned int)THREADS * ROUNDS);
	file_check(file);
	file_expect_held(file, "");
}

/* One unlocks, the other cancels who waits for it. */
static void unlock_or_cancel(struct crew *crew, unsigned int nr)
{
	struct fake *waiter = crew->private;

	if (nr == 0)
		unlock(crew->file, A);
	else
		lock(crew->file, F_CANCELLK, &waiter->fl);
}

static void race(struct hf_test_file *file, struct fake *waiter,
		 void (*work)(struct crew *crew, unsigned int nr))
{
	struct crew crew = { .test = file->test, .file = file, .work = work,
			     .private = waiter };

	file_expect_set(file, A, F_WRLCK, 0, 9);
	EXPECT_DEFERRED(waiter);
	crew_start(&crew, 2);
	crew_wait(&crew, 2);
	file_check(file);
}

static void cancel_against_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int round, granted = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B,
						F_WRLCK, 0, 9);

		file_expect_set(file, B, F_RDLCK, 20, 29);
		race(file, waiter, unlock_or_cancel);
		granted += waiter->granted;
		/* Whoever was first, after a cancel it does not hold it. */
		file_expect_held(file, "bR20-29");
		KUNIT_EXPECT_LE(test, waiter->granted, 1U);
		fake_release(waiter);
		file->told[0] = '\0';
	}
	kunit_info(test, "the grant was first in %u of %u", granted, round);
}

static void unlock_or_release(struct crew *crew, unsigned int nr)
{
	struct fake *waiter = crew->private;

	if (nr == 0) {
		unlock(crew->file, A);
		return;
	}
	locks_release_private(&waiter->fl);
	/* tell() complains of a waiter that is not live. */
	waiter->live = false;
	memset(&waiter->fl, 0x5a, sizeof(waiter->fl));
}

static void release_against_grant(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int round, granted = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct fake *waiter = fake_init(file, 0, &fake_grant_ops, B,
						F_WRLCK, 0, 9);

		race(file, waiter, unlock_or_release);
		/* Granted and released: it is the client's from then on. */
		if (waiter->granted)
			file_expect_held(file, "bW0-9");
		else
			file_expect_held(file, "");
		granted += waiter->granted;
		file_expect_set(file, B, F_UNLCK, 0, OFFSET_MAX);
		file->told[0] = '\0';
	}
	kunit_info(test, "the grant was first in %u of %u", granted, round);
}

/* As processes wait, each of which has its waiter freed once it was told. */
static void increment_as_process(struct crew *crew, unsigned int nr)
{
	struct hf_test_file *file = crew->file;
	struct shared *shared = crew->private;
	struct lk_request request;
	struct file_lock fl;
	unsigned int round;
	int ret;

	for (round = 0; round < PROCESS_ROUNDS; round++) {
		lock_init(file, &fl, NULL, A + nr, F_WRLCK, 0, 9, FL_POSIX | FL_SLEEP);
		ret = hf_request_init(&request, file->domain, &fl, false) ?:
		      hf_set(file->li.table, &file->li.table->posix, &request, &fl,
			     HF_TOLD_WAKE, true);
		if (ret || shared->inside++)
			WRITE_ONCE(shared->wrong, shared->wrong + 1);
		shared->sum++;
		shared->inside--;
		unlock(file, A + nr);
	}
}

static void processes(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	struct shared shared = {};
	struct crew crew = { .test = test, .file = file, .work = increment_as_process,
			     .private = &shared };

	file_expect_set(file, E, F_RDLCK, 20, 29);
	crew_start(&crew, THREADS);
	crew_wait(&crew, THREADS);
	KUNIT_EXPECT_EQ(test, shared.wrong, 0U);
	KUNIT_EXPECT_EQ(test, shared.sum, (unsigned int)THREADS * PROCESS_ROUNDS);
	file_check(file);
	file_expect_held(file, "eR20-29");
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(processes),
	KUNIT_CASE_SLOW(exclusion),
	KUNIT_CASE_SLOW(cancel_against_grant),
	KUNIT_CASE_SLOW(release_against_grant),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lock_threads",
	.init = file_init,
	.exit = file_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
