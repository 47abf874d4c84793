/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A remote for one test: the test is it, and answers when it likes.  And processes, each
 * a thread with one request.
 */
#ifndef HF_KUNIT_RANGE_REMOTE_H
#define HF_KUNIT_RANGE_REMOTE_H

#include <linux/delay.h>
#include <range/remote.h>

#include "../fail.h"
#include "file.h"

#define REMOTE_ASKED 8
/* Nothing takes so long. */
#define REMOTE_LONG (60 * HZ)

/* ->lock(), ->unlock(): the test answers. */
#define BY_TEST 1

struct remote {
	struct hf_remote *asked[REMOTE_ASKED];	/* to be answered, the oldest first */
	unsigned int begun, ended, granted, cancelled;
	int locks, unlocks;		/* the answer, at once; or BY_TEST */
	int fails;			/* ->lock() */
	/* Whoever asks for this ('l', 'w', 'u') stops in there, until remote_go_on(). */
	char stops;
	struct completion stopped, go_on;
	/* The work's allocations fail, from the next "l" to what is told after it. */
	bool fail_after;
	/*
	 * What it has been told, in order: "lW0-9" asked for, "w..." to be waited for,
	 * "u..." given up
	 */
	char told[192];
};

extern struct remote remote;

int remote_init(struct kunit *test);
void remote_exit(struct kunit *test);

/* What has begun by itself has ended: the work queues itself three times at the most. */
void remote_settle(void);
/* The answer to the @nth of those that are outstanding; what follows from it was done. */
void answer_nth(struct hf_test_file *file, unsigned int nth, int result);
unsigned int remote_outstanding(void);
/* It, not to be answered by answer() any more. */
struct hf_remote *remote_take(unsigned int nth);
/* Whoever is to stop has. */
void remote_await_stop(struct hf_test_file *file);
void remote_go_on(void);

static inline void answer(struct hf_test_file *file, int result)
{
	answer_nth(file, 0, result);
}

#define expect_remote(file, text) do {					\
	remote_settle();						\
	KUNIT_EXPECT_STREQ((file)->test, remote.told, text);		\
	remote.told[0] = '\0';						\
} while (0)

/* A server's request, which waits: as far as that goes by itself. */
struct fake *ask(struct hf_test_file *file, unsigned int nr, unsigned int owner,
		 int type, loff_t start, loff_t last);
/* At once, with a yes of the remote's that is not noted. */
void held(struct hf_test_file *file, unsigned int owner, int type, loff_t start,
	  loff_t last);

/* Until process_wait(), or the end of the test. */
#define PROCESSES 2

struct process {
	struct hf_test_file *file;
	struct file_lock fl;
	bool wait, failed;
	unsigned int fail_nth;		/* this allocation of its does; 0: none */
	int ret;
	struct task_struct *task;	/* NULL: it is free */
	struct completion over;
};

/* F_SETLKW (F_SETLK) of a process, which has begun when this returns. */
struct process *process_start(struct hf_test_file *file, unsigned int owner, int type,
			      loff_t start, loff_t last, bool wait);
/* F_SETLKW, of whose allocations the @nth fails. */
struct process *process_start_failing(struct hf_test_file *file, unsigned int owner,
				      int type, loff_t start, loff_t last,
				      unsigned int nth);
void process_kill(struct process *process);
int process_wait(struct process *process);

/* How many are in line at the remote. */
unsigned int in_line(struct hf_test_file *file);

#define comes_to_be(file, condition) do {				\
	unsigned long end_ = jiffies + REMOTE_LONG;			\
									\
	while (!(condition) && time_before(jiffies, end_))		\
		usleep_range(200, 1000);				\
	KUNIT_ASSERT_TRUE_MSG((file)->test, condition, "never: " #condition); \
} while (0)

#endif /* HF_KUNIT_RANGE_REMOTE_H */
