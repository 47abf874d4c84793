/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mount of the 9P client, whose server is in the same kernel and lends it a file that
 * the test answers for: it sees what is asked of a filesystem below, and does it in part,
 * early, late or not.
 */
#ifndef HF_KUNIT_NINEP_BYPASS_H
#define HF_KUNIT_NINEP_BYPASS_H

#include <linux/uio.h>

#include "../../ninep/client/bypass_pinned.h"
#include "session_borrower.h"

/* What is written, and what is read where there is something. */
#define BYPASS_BYTE	0xa5
/* The buffer is one of these, so many times over. */
#define BYPASS_PIECE	(1u << 20)
#define BYPASS_PIECES	9
/* Of a program's memory, if that is used instead. */
#define BYPASS_USER	(64u << 10)
/* Alignment of O_DIRECT. */
#define BYPASS_MEMORY	4
#define BYPASS_OFFSET	512

/* What was asked of the server's file, once: by this test's link, or by its thread. */
struct asked {
	struct task_struct *by;
	bool as_opener;		/* with the file's credentials */
	int flags;		/* IOCB_* */
	loff_t pos;
	size_t len;
};

struct bypass;
typedef ssize_t (*bypass_does)(struct bypass *bypass, struct kiocb *kiocb, struct iov_iter *iter);

struct bypass {
	struct kunit *test;
	struct server *server;
	struct vfsmount *mnt;
	struct file *file;	/* the mount's */
	/* The server's file: what it does; or NULL: bypass_do().  And what it was asked. */
	bypass_does does;
	atomic_t times;
	struct asked asked[3];
	struct kiocb *kept;	/* of its own use */
	/* The one I/O; @kiocb's memory is the test's. */
	struct kiocb kiocb;
	struct iov_iter iter;
	struct kvec vecs[BYPASS_PIECES];
	u8 *buffer;
	u8 __user *memory;	/* a program's; or NULL */
	struct completion over;
	atomic_t told;		/* calls of ->ki_complete */
	long ret;
};

/* How it is asked for. */
struct bypass_way {
	const char *name;
	unsigned int direction;	/* ITER_SOURCE: a write */
	int flags;		/* IOCB_* */
	bool async;
	loff_t pos;
	size_t len;
	bool user;		/* of a program's memory */
};

/* Mounted and linked, the file open; FILE_BYTES of zeroes.  It goes with the test. */
struct bypass *bypass_begin(struct kunit *test);
/* By the server's side: FILE_BYTES of zeroes once more; so much of it has BYPASS_BYTE. */
void bypass_empty(struct bypass *bypass);
void bypass_fill(struct bypass *bypass, size_t len);
/* How many bytes from there on are BYPASS_BYTE, by the server's side. */
size_t bypass_written(struct bypass *bypass, loff_t pos);
/* Likewise, of what was read. */
size_t bypass_got(const struct bypass *bypass);

/* What ->read_iter or ->write_iter says. */
ssize_t bypass_submit(struct bypass *bypass, const struct bypass_way *way);
/* What is told of one that is queued, once it is. */
long bypass_result(struct bypass *bypass);
/* Both. */
long bypass_io(struct bypass *bypass, const struct bypass_way *way);

/* In ->does: whether it may be told later; or else the case fails. */
bool bypass_may_queue(struct bypass *bypass, struct kiocb *kiocb);
/* Likewise: the filesystem's own; and as if the file, or the disk, had an end there. */
ssize_t bypass_do(struct kiocb *kiocb, struct iov_iter *iter);
ssize_t bypass_do_some(struct kiocb *kiocb, struct iov_iter *iter, size_t len);

/* Who has begun to write to the server's filesystem, and has not ended: it cannot be frozen. */
int bypass_writers(const struct bypass *bypass);
/* Expects that it was told once at the most, and nothing is held any more. */
void bypass_rests(struct bypass *bypass);

static inline struct inode *bypass_inode(const struct bypass *bypass)
{
	return file_inode(bypass->file);
}

#endif /* HF_KUNIT_NINEP_BYPASS_H */
