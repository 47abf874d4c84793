/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network filesystem of one file, for one test, which is its server: what the layer
 * issues is held until the test answers it.  Bytes have a colour and a place, so that
 * whose they are is seen.
 */
#ifndef HF_KUNIT_NETFS_FAKE_H
#define HF_KUNIT_NETFS_FAKE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/pagemap.h>
#include <linux/workqueue.h>

#include <holdfast/netfs.h>

/* Of a subrequest, reads and writes. */
#define FAKE_PIECE	(4 * PAGE_SIZE)
/* The server's largest file. */
#define FAKE_STORE	SZ_1M
#define FAKE_CALLS	512
#define FAKE_FILES	3
#define FAKE_TASKS	8
/* Until a test says that it hangs. */
#define FAKE_PATIENCE	(60 * HZ)

/* Whose bytes: the server's at first, and others that write. */
enum colour { SERVER = 1, OURS = 2, THEIRS = 3 };

struct fake;

/* One ->issue(). */
struct call {
	struct fake *fake;
	struct hf_netfs_sub *sub;
	enum rl_kind kind;
	loff_t pos;
	u32 len;
	bool may_discard;
	bool answered;		/* L */
	bool cancelled;		/* L: ->cancel() came before the answer */
	bool automatic;		/* the fake answers it itself */
	bool finished;		/* hf_netfs_sub_done() has returned */
	bool in_hardirq;	/* BY_IRQ: so it was */
	u64 issued_at;		/* ms */
	u64 answered_at;
	struct work_struct work;
	struct irq_work irq;
	u32 bytes;
	int error;
	unsigned int flags;
};

/* What a thread of the test's does. */
struct doing {
	struct fake *fake;
	ssize_t (*what)(struct doing *doing);
	struct file *file;
	loff_t pos;
	size_t len;
	enum colour colour;
	u8 *buffer;
	ssize_t ret;
	struct task_struct *task;
	struct completion done;
};

struct fake {
	struct kunit *test;
	struct hf_netfs_mount netfs;
	struct hf_netfs_limits limits;
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct inode *inode;
	struct file *file[FAKE_FILES];
	loff_t inode_size;	/* what the inode begins with */

	/* The server's. */
	u8 *store;
	loff_t size;

	/* How it behaves. */
	bool automatic;		/* answers all within ->issue() */
	bool late_issue;	/* ->issue() returns when it is answered */
	bool gate;		/* ->issue() waits before it is a call that is seen */
	bool deaf;		/* ->abort() answers nothing */
	bool fresh;		/* ->revalidate() says the size */
	void (*then)(struct fake *fake);	/* automatic: what happens once, within ->issue() */
	u32 most;		/* automatic: bytes of an answer */
	int issue_error;	/* of each ->issue() */
	int begin_error;
	int resize_error;

	/* What has happened; under @lock. */
	spinlock_t lock;
	wait_queue_head_t wait;
	struct call call[FAKE_CALLS];
	unsigned int calls;
	unsigned int seen;	/* by the test */
	unsigned int in_flight;
	unsigned int most_in_flight;
	unsigned int writes_in_flight;
	unsigned int begun, ended;
	unsigned int at_gate;
	unsigned int revalidated;
	unsigned int resizes;
	unsigned int resizes_early;	/* while a write was in flight */
	unsigned int evicted;
	bool dead;
	bool full;		/* more calls than there is room for */

	struct doing doing[FAKE_TASKS];
	unsigned int tasks;
};

/* ------------------------------------------------------------- fake.c: the mount */

/* Mounted; file 0 is open to read and write; the server's file is @size bytes. */
struct fake *fake_mount(struct kunit *test, loff_t size);
struct fake *fake_mount_with(struct kunit *test, loff_t size,
			     const struct hf_netfs_limits *limits);
extern const struct hf_netfs_limits fake_limits;
/* Of each suite: whatever the test has left is answered, closed, unmounted. */
void fake_exit(struct kunit *test);
void fake_open(struct fake *fake, unsigned int nr, int flags);
void fake_close(struct fake *fake, unsigned int nr);
/* The last reference to the inode goes: evicts it. */
void fake_forget(struct fake *fake);
void fake_unmount(struct fake *fake);
/* fake_server.c */
extern const struct hf_netfs_ops fake_ops;

/* ------------------------------------------------------- fake_server.c: the server */

static inline struct hf_netfs_inode *fake_inode(struct fake *fake)
{
	return hf_netfs_inode(fake->inode);
}

static inline u8 byte_of(enum colour colour, loff_t pos)
{
	return (colour << 6) | ((pos ^ pos >> 8 ^ pos >> 12) & 0x3f);
}

/* The next one, in the order of ->issue(); waits until it is there. */
struct call *fake_next(struct fake *fake);
/* Likewise, of which is known what it asks for. */
struct call *fake_next_is(struct fake *fake, enum rl_kind kind, loff_t pos, u32 len);
/* As a good server does. */
void fake_serve(struct call *call);
void fake_serve_all(struct fake *fake);
/* Of the bytes that it moves, @bytes; then the answer. */
void fake_answer(struct call *call, u32 bytes, int error, unsigned int flags);
void fake_answer_by_worker(struct call *call, u32 bytes);
void fake_answer_by_irq(struct call *call, u32 bytes);
void fake_wait_cancelled(struct call *call);
/* Until all requests are over. */
void fake_wait_ended(struct fake *fake);
void fake_paint(struct fake *fake, loff_t pos, size_t len, enum colour colour);
/* No call that the test has not seen, nor any in flight. */
void fake_expect_quiet(struct fake *fake);
void fake_expect_store(struct fake *fake, loff_t pos, size_t len, enum colour colour);

/* ------------------------------------------------------- fake_client.c: programs */

/* In this thread. */
ssize_t fake_read(struct file *file, void *buffer, loff_t pos, size_t len, int flags);
ssize_t fake_write_from(struct file *file, void *buffer, loff_t pos, size_t len, int flags);
ssize_t fake_write(struct file *file, loff_t pos, size_t len, enum colour colour,
		   int flags);
int fake_truncate(struct fake *fake, loff_t size);
/* What a program reads there, through the cache. */
void fake_expect_bytes(struct fake *fake, loff_t pos, size_t len, enum colour colour);
void fake_expect_zeroes(struct fake *fake, loff_t pos, size_t len);
bool all_bytes(const u8 *buffer, loff_t pos, size_t len, enum colour colour);

/* In another, through file 0; @buffer has @len bytes, which are the fake's. */
struct doing *fake_start(struct fake *fake, ssize_t (*what)(struct doing *doing),
			 loff_t pos, size_t len);
ssize_t doing_read(struct doing *doing);
ssize_t doing_direct_read(struct doing *doing);
ssize_t doing_write(struct doing *doing);		/* OURS */
ssize_t doing_direct_write(struct doing *doing);	/* OURS */
ssize_t doing_fsync(struct doing *doing);
ssize_t doing_truncate(struct doing *doing);		/* to pos */
ssize_t doing_read_ahead(struct doing *doing);
ssize_t doing_forget(struct doing *doing);
ssize_t doing_unmount(struct doing *doing);
/* Waits for its end. */
ssize_t fake_result(struct doing *doing);
/* It sleeps, and has not ended. */
void fake_expect_waits(struct doing *doing);
void fake_kill(struct doing *doing);

/* Asks for it, and does not wait for the answers. */
int fake_read_ahead(struct fake *fake, loff_t pos, size_t len);
/* Whether the folio at @pos is in the cache, and is so. */
bool folio_at(struct fake *fake, loff_t pos, bool (*is)(struct folio *folio));
bool is_uptodate(struct folio *folio);
bool is_locked(struct folio *folio);
bool is_dirty(struct folio *folio);
bool is_there(struct folio *folio);
/* As a program does that has pinned or mapped the page: it is dirty, all of it. */
void fake_store(struct fake *fake, loff_t pos, size_t len, enum colour colour);

#endif /* HF_KUNIT_NETFS_FAKE_H */
