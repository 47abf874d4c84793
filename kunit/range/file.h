/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file with locks of ours, for one test: an inode of the kernel's own tmpfs,
 * opened several times, and beside it what a filesystem would embed.  After
 * every request both tables are validated and compared with the mirror.
 */
#ifndef HF_KUNIT_RANGE_FILE_H
#define HF_KUNIT_RANGE_FILE_H

#include <kunit/test.h>
#include <range/locks.h>

#include "describe.h"

#define FILE_OPENS 3
#define FILE_OWNERS 5
#define FILE_FAKES 8
/* Long: nothing expires in a test unless it says so (file_pass_time). */
#define FILE_RESERVE_MS 3600000

/* Whom a fake manager's locks belong to.  Counts as nfsd's owners do. */
struct fake_owner {
	atomic_t refs;
};

/* A file_lock as a server keeps it. */
struct fake {
	struct file_lock fl;
	struct hf_test_file *file;
	unsigned int granted, failed, notified;
	bool refuse;		/* answered by lm_grant() */
	bool live;		/* fake_init() was called, fake_release() not */
};

struct hf_test_file {
	struct kunit *test;
	struct hf_lock_domain *domain;
	struct hf_lock_inode li;
	struct file *open[FILE_OPENS];
	struct inode *inode;
	struct fake_owner owner[FILE_OWNERS];
	struct fake fake[FILE_FAKES];
	u64 reserve_ms;		/* the graph's, to be put back */
	/* lm_lock_expirable() says so; lm_expire_lock() unlocks owner 0. */
	bool courtesy;
	unsigned int expirable_asked, expired;
	unsigned int bad_context;	/* callbacks called under a lock */
	char text[DESCRIPTION];
	char told[32];		/* lm_grant(), lm_notify() in order, "A" is fake 0 */
};

/* Owners, as they are shown: fake_owner 0 is "a". */
enum { A, B, C, D, E };

/* lockd's, nfsd's, ksmbd's (which has none) ways to hear of a lock. */
extern const struct lock_manager_operations fake_grant_ops;
extern const struct lock_manager_operations fake_answer_ops;
extern const struct lock_manager_operations fake_notify_ops;

int file_init(struct kunit *test);
void file_exit(struct kunit *test);
/* Closes the files: the inode goes unless something else holds it. */
void file_close(struct hf_test_file *file);

/* ->lock with @fl on the first open file; everything is checked after it. */
int file_lock_cmd(struct hf_test_file *file, int cmd, struct file_lock *fl);
/* F_SETLK by a process, which has no operations. */
int file_set(struct hf_test_file *file, unsigned int owner, int type,
	     loff_t start, loff_t end);
/* flock(2) on open file @open; F_SETLKW when @fl has FL_SLEEP. */
int file_flock(struct hf_test_file *file, unsigned int open, int type);
void file_check(struct hf_test_file *file);
/* Lets go of what is due @ms from now, as the work item would then. */
void file_pass_time(struct hf_test_file *file, u64 ms);
/* In a buffer of @file: valid until the next call. */
const char *file_describe(struct hf_test_file *file, bool flock);

/* An empty request of @owner, with its own reference if it has operations. */
void lock_init(struct hf_test_file *file, struct file_lock *fl,
	       const struct lock_manager_operations *ops, unsigned int owner,
	       int type, loff_t start, loff_t end, unsigned int flags);
struct fake *fake_init(struct hf_test_file *file, unsigned int nr,
		       const struct lock_manager_operations *ops,
		       unsigned int owner, int type, loff_t start, loff_t end);
/* As the server does: the file_lock is gone after it. */
void fake_release(struct fake *fake);
/* F_SETLK with FL_SLEEP (F_SETLKW without operations). */
int fake_ask(struct fake *fake);
int fake_cancel(struct fake *fake);

#define file_expect_held(file, text)					\
	KUNIT_EXPECT_STREQ((file)->test, file_describe(file, false), text)

#define file_expect_flock(file, text)					\
	KUNIT_EXPECT_STREQ((file)->test, file_describe(file, true), text)

#define file_expect_told(file, text) do {				\
	KUNIT_EXPECT_STREQ((file)->test, (file)->told, text);		\
	(file)->told[0] = '\0';						\
} while (0)

#define file_expect_set(file, owner, type, start, end)			\
	KUNIT_EXPECT_EQ((file)->test, 0,				\
			file_set(file, owner, type, start, end))

#define EXPECT_DEFERRED(waiter) do {					\
	struct fake *asking = (waiter);					\
									\
	KUNIT_EXPECT_EQ(asking->file->test, FILE_LOCK_DEFERRED,		\
			fake_ask(asking));				\
} while (0)

#endif /* HF_KUNIT_RANGE_FILE_H */
