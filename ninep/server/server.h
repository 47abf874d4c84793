/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 9P server's own nouns: who is connected (struct hf9_connection), what is asked
 * (hf9_request), of what (hf9_fid), as whom (hf9_who), within what (hf9_export).
 *
 * A connection's reader takes a message, makes a request of it and gives it to its
 * operation (op.c), which fills the reply or an errno.  The session core decides what
 * a Tflush does and which fids there are; nothing here holds a lock while it sleeps
 * for a disk, a lock, a lease or a peer.
 */
#ifndef HF9_SERVER_H
#define HF9_SERVER_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/spinlock.h>

#include <holdfast/ninep.h>
#include <holdfast/ninep_link.h>

#include "core/config_core.h"
#include "core/session_core.h"

struct hf9_connection;
struct hf9_export;
struct hf9_pool;

/* As whom one attach acts: counted, never changed. */
struct hf9_who {
	struct kref ref;
	const struct cred *cred;	/* fsuid, fsgid, groups, capabilities: credentials.c */
	kgid_t create_gid_any;		/* see may_create_as() */
	bool trust_gid;
};

/* What a fid stands for.  The core's part has its number, state and uses. */
struct hf9_fid {
	struct ns_fid core;
	struct hf9_who *who;		/* I: counted */
	struct path path;		/* I, but for a claim: on the export's private clone */
	struct file *file;		/* NS_FID_OPEN: counted; from the claim on that opened it */
	struct mutex position;		/* of a directory that is read: its file's position */
	/* NS_FID_XATTR_READ, _WRITE */
	struct hf9_xattr {
		void *value;		/* kvmalloc: size bytes */
		u32 size, written;
		u32 flags;		/* Txattrcreate's */
		char name[256];
	} *xattr;
	struct list_head locks;		/* lock.c: owners that locked through it */
};

/* Pages that a payload is received into, or sent from. */
struct hf9_pages {
	struct bio_vec *vec;
	u32 nr, bytes;
};

/*
 * One message, from its arrival until its reply has been sent.  The operation fills
 * r (not size, tag, type) and, for a payload, out.
 */
struct hf9_request {
	struct ns_request core;
	struct hf9_connection *connection;	/* counted */
	const struct hf9_op *op;
	void *frame;			/* the message's bytes (of a payload message: its head) */
	struct np_msg t, r;		/* strings point into frame, or text */
	struct hf9_fid *fid[2];		/* found by the dispatcher, as op says: with a use each */
	struct hf9_fid *newfid;		/* reserved by the dispatcher, as op says */
	struct hf9_pages in, out;
	void *text;			/* kvmalloc: what r's strings point to; freed with it */
	struct hf9_lock *lock;		/* lock.c: one that waits */
	unsigned long give_up;		/* jiffies: parked for a lease or a freeze, until then */
	unsigned int tries;
	u32 reserved;			/* bytes that it counts for */
	int error;			/* 0, or -errno for Rlerror */
	struct hf_link_out reply;
	u8 *head;			/* of the reply: HF9_HEAD bytes, or kmalloc for more */
	struct list_head queued;	/* in a pool, or among the parked */
	/* ... */
};

/* What an operation says besides 0 and -errno. */
enum {
	HF9_PARKED = 1,		/* somebody else has the request now; it is not touched any more */
	HF9_RETRY = 2,		/* a lease, delegation, layout or freeze is in the way: park, try again */
};

enum {
	HF9_FID = 1,		/* t has a fid at fid_at: find it */
	HF9_FID2 = 2,		/* and a second one at fid2_at */
	HF9_NEWFID = 4,		/* and a newfid at newfid_at: reserve it (unless it equals the fid) */
	HF9_OPEN = 8,		/* the fid has to be open (EBADF) */
	HF9_PATH = 16,		/* the fid has to stand for a file, not for an attribute (EBADF) */
	HF9_DIR = 32,		/* and for a directory: d_can_lookup() (ENOTDIR) */
	HF9_CHANGES = 64,	/* changes the filesystem: EROFS on a read-only export; probed for a freeze */
	HF9_QUICK = 128,	/* never sleeps for a disk for long: run by the reader itself */
	HF9_NO_EXPORT = 256,	/* before an attach as well */
};

struct hf9_op {
	u8 type;			/* enum np_type */
	u16 needs;
	u16 fid_at, fid2_at, newfid_at;	/* offsets in struct np_msg */
	/* Context: the export's thread, as fid[0]->who, no lock held.  0, -errno or HF9_... */
	int (*run)(struct hf9_request *request);
};

const struct hf9_op *hf9_op_of(u8 type, enum np_dialect dialect);

#endif /* HF9_SERVER_H */
