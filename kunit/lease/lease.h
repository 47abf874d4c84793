/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file with leases and layouts of ours, for one test: an inode of the kernel's
 * own tmpfs, opened through file operations of the test, which call what a
 * filesystem's would.  What the VFS does to leases is so done to ours.
 */
#ifndef HF_KUNIT_LEASE_LEASE_H
#define HF_KUNIT_LEASE_LEASE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/filelock.h>
#include <uapi/holdfast/layout.h>

#include <lease/leases.h>
#include <stats.h>

#define LEASE_OPENS 4
#define LEASE_OWNERS 2

struct hf_test_lease {
	struct kunit *test;
	struct hf_lease_inode li;
	struct file *base;		/* is open for no one: keeps the inode */
	struct inode *inode;
	struct file *open[LEASE_OPENS];
	char owner[LEASE_OWNERS];	/* whose address is a server's owner */
	atomic_t released;		/* last closes */

	/* What the fake managers are told, and answer. */
	atomic_t breaks;
	struct completion broken;	/* at the first of them */
	bool drop;			/* lm_break()'s answer */
	bool breaker_owns;
	unsigned long ticks;		/* until its end; 0: the VFS's */

	char text[160];
};

/* As fcntl's, which are wrapped, and as nfsd's, which are left alone. */
extern const struct lease_manager_operations fake_user_ops;
extern const struct lease_manager_operations fake_server_ops;

int lease_init(struct kunit *test);
void lease_exit(struct kunit *test);
/* The last close, unless somebody else has it. */
void lease_close(struct hf_test_lease *file, unsigned int nr);
void lease_open(struct hf_test_lease *file, unsigned int nr, int flags);

/* As fcntl(F_SETLEASE) of open file @nr. */
int lease_set(struct hf_test_lease *file, unsigned int nr, int type);
/* As nfsd: @flags are FL_LEASE, FL_DELEG or FL_LAYOUT. */
int lease_grant(struct hf_test_lease *file, unsigned int nr, unsigned int owner,
		int type, unsigned int flags);
int lease_return(struct hf_test_lease *file, unsigned int nr,
		 unsigned int owner);
/* What a filesystem does at the end of its ->open, after the VFS's breaks. */
int lease_break(struct hf_test_lease *file, int mode);
/* The operations of the VFS's only entry. */
const struct lease_manager_operations *lease_ops(struct hf_test_lease *file);
/*
 * The breaks that have begun have @ms left, for the VFS and for us; or all the
 * time there is, so that a wait that nobody ends does not end.
 */
#define LEASE_FOR_EVER UINT_MAX
void lease_left(struct hf_test_lease *file, unsigned int ms);

/*
 * What is there, by open file: its leases (L), delegations (D), layouts (Y) and
 * pins (P), R or W, the range of those that have one, and "!" if it is breaking,
 * "v" if it is to be downgraded, "x" if it is revoked: "0LR! 1YW0-99 1PR5-end".
 * In a buffer of @file: valid until the next call.
 */
const char *lease_describe(struct hf_test_lease *file);

#define lease_expect(file, words)					\
	KUNIT_EXPECT_STREQ((file)->test, lease_describe(file), words)

/* The ioctl of open file @nr, with the user memory that it needs. */
long layout_ioctl(struct hf_test_lease *file, unsigned int nr,
		  unsigned int cmd, void *arg);
long layout_set(struct hf_test_lease *file, unsigned int nr, u32 type,
		u64 start, u64 length);
/* Return: its id, or -errno. */
s64 pin_set(struct hf_test_lease *file, unsigned int nr, u32 type, u64 start,
	    u64 length);
long pin_end(struct hf_test_lease *file, unsigned int nr, u64 id);

/* ->fallocate and the like; -1: through no descriptor. */
int change_begin(struct hf_test_lease *file, struct hf_change *change, int nr,
		 loff_t start, loff_t end);
/* One that is over at once.  Return: hf_change_begin()'s. */
int change(struct hf_test_lease *file, int nr, loff_t start, loff_t end);

/* Of /proc/fs/holdfast/stats. */
#define lease_count(name) ((long)hf_stat_sum(HF_STAT_##name))

/* A kernel thread that breaks something, and may have to wait for it. */
struct lease_waiter {
	struct hf_test_lease *file;
	int (*work)(struct lease_waiter *waiter);
	int mode;			/* lease_breaks() */
	loff_t start, end;		/* change_waits(), through no descriptor */
	struct inode *locked;
	int ret;
	struct task_struct *task;
	struct completion done;
};

int lease_breaks(struct lease_waiter *waiter);
int change_waits(struct lease_waiter *waiter);
void waiter_start(struct lease_waiter *waiter);
void waiter_interrupt(struct lease_waiter *waiter);
/* Return: what its work did. */
int waiter_end(struct lease_waiter *waiter);

/* Polls: for what another thread is sure to do. */
#define lease_wait_until(file, condition) do {				\
	unsigned long end = jiffies + 120 * HZ;				\
									\
	while (!(condition) && time_before(jiffies, end))		\
		schedule_timeout_uninterruptible(1);			\
	KUNIT_EXPECT_TRUE((file)->test, condition);			\
} while (0)

#define lease_wait_for(file, words)					\
	lease_wait_until(file, !strcmp(lease_describe(file), words))

#endif /* HF_KUNIT_LEASE_LEASE_H */
