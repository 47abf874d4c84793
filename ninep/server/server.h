/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 9P server's own nouns: who is connected (struct hf9_connection), what is asked
 * (hf9_request), of what (hf9_fid), as whom (hf9_who), within what (hf9_export).
 *
 * A connection's reader takes a message, makes a request of it and gives it to its
 * operation (op.c), which fills the reply or an errno.  The session core decides what
 * a Tflush does and which fids there are; nothing here holds a lock while it sleeps
 * for a disk, a lock, a lease or a peer.
 *
 * Locks, each taken before those below it; "T" is a lock table's of holdfast_locks:
 *
 *	hf9_service_item.config			mutex	configfs_service.c
 *	hf9_registry_lock			mutex	registry.c
 *	hf9_users.lock				mutex	users.c
 *	hf9_fid.position			mutex	readdir.c, xattr_fid.c
 *	the exported filesystem's own
 *	T, and the spinlocks of fs/locks.c
 *	hf9_locks.lock				spinlock  lock_owner.c; nothing below it
 *	hf9_connection.lock			spinlock  session.c
 *	hf9_connection.work_lock		spinlock, bh  schedule.c
 *	hf9_pool.lock				spinlock, bh  pool.c
 *	the link's own
 */
#ifndef HF9_SERVER_H
#define HF9_SERVER_H

#include <linux/bvec.h>
#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <holdfast/ninep.h>
#include <holdfast/ninep_link.h>

#include "core/config_core.h"
#include "core/session_core.h"
#include "service.h"

struct hf9_connection;
struct hf9_export;
struct hf9_listener;
struct hf9_locks;
struct hf9_pool;
struct hf9_request;

/* As whom one attach acts: counted, never changed.  credentials.c */
struct hf9_who {
	struct kref ref;
	const struct cred *cred;	/* fsuid, fsgid, groups, capabilities */
	kgid_t anon_gid;		/* in the place of a gid that is squashed */
	bool squash_gid0;		/* gid 0 is */
	bool squash_gids;		/* every gid is */
	bool trust_gid;			/* a create's gid is believed, for ownership */
};

/* What a fid stands for.  The core's part has its number, state and uses.  fid.c */
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
		u32 charged;		/* bytes, of @connection's */
		struct hf9_connection *connection;	/* which outlives the fid */
		char name[256];
	} *xattr;
	struct list_head locks;		/* lock_mark.c: owners that locked through it */
	struct hf9_locks *locks_of;	/* lock_mark.c: set once, by the first; counted */
};

/* Pages that a payload is received into, or sent from.  pages.c */
struct hf9_pages {
	struct bio_vec *vec;		/* parts of pages, each of them held */
	u32 nr, most, bytes;		/* of the parts */
	struct bio_vec few[2];		/* @vec, if they are enough */
};

#define HF9_FRAME_INLINE	192	/* bytes of most messages */
#define HF9_HEAD_INLINE		192	/* and of most replies, without their payload */

/*
 * One message, from its arrival until its reply has been sent.  The operation fills
 * r (not size, tag, type) and, for a payload, out.
 *
 * Owner of its life: request.c.
 */
struct hf9_request {
	struct ns_request core;
	struct hf9_connection *connection;	/* I: counted */
	const struct hf9_op *op;	/* I: NULL for Tversion, Tflush, and what is refused */
	u8 type;			/* I */
	struct np_msg r;		/* strings point into frame, or text */
	struct hf9_fid *fid[2];		/* found by the dispatcher, as op says: with a use each */
	struct hf9_fid *newfid;		/* reserved by the dispatcher, as op says */
	/*
	 * The operation's: what the newfid becomes, NS_FID_UNOPENED, _OPEN or
	 * _XATTR_READ; NS_FID_IDLE if, though it succeeded, there will be none.
	 */
	u8 newfid_as;
	struct hf9_pages in, out;
	void *text;			/* kvmalloc: what r's strings point to; freed with it */
	/*
	 * The operation's: takes back what the request has done, or what it waits for
	 * elsewhere.  Set only if that can be done: then a Tflush gets its Rflush
	 * alone.  Called once, by whoever has the request then, before it is answered
	 * or dropped without success.  May sleep; no lock held.  The fids may have gone.
	 */
	void (*take_back)(struct hf9_request *request);
	struct hf9_lock *lock;		/* lock_wait.c: what it waits for, or was granted */
	unsigned long give_up;		/* jiffies: parked for a lease, until then */
	bool tried;			/* it has run: r and out may have something */
	unsigned int tries;
	struct delayed_work retry;	/* park.c */
	bool timed;			/* it has been queued */
	u32 reserved;			/* bytes that it counts for */
	int error;			/* 0, or -errno for Rlerror */
	ktime_t arrived;		/* 0: no tracepoint wants to know */
	struct hf_link_out reply;
	void *frame;			/* I: the message, of a payload message its head */
	u32 frame_bytes;		/* I: there */
	u8 *head;			/* the reply */
	struct list_head queued;	/* W: of the connection, to be run */
	/* Not zeroed: what the decoder fills if it says that the message is sound. */
	struct np_msg t;		/* strings point into frame */
	u8 frame_inline[HF9_FRAME_INLINE];
	u8 head_inline[HF9_HEAD_INLINE];
};

/* What an operation says besides 0 and -errno. */
enum {
	HF9_PARKED = 1,		/* somebody else has the request now; it is not touched any more */
	HF9_RETRY = 2,		/* a lease, delegation, layout or freeze is in the way: park, try again.
				 * -EAGAIN means the same */
};

enum {
	HF9_FID = 1,		/* t has a fid at fid_at: find it (EBADF) */
	HF9_FID2 = 2,		/* and a second one at fid2_at */
	HF9_NEWFID = 4,		/* and a newfid at newfid_at: reserve it (unless it equals the fid) */
	HF9_OPEN = 8,		/* the fid has to be open (EBADF) */
	HF9_PATH = 16,		/* the fid has to stand for a file, not for an attribute (EBADF) */
	HF9_DIR = 32,		/* and for a directory: d_can_lookup() (ENOTDIR) */
	HF9_CHANGES = 64,	/* changes the filesystem: EROFS on a read-only export; probed for a freeze */
	HF9_QUICK = 128,	/* never sleeps for a disk for long: run by the reader itself */
	HF9_CLUNKS = 256,	/* the fid is out of the table before it runs, and gone afterwards */
	HF9_OPEN2 = 512,	/* the second fid has to be open (EBADF) */
	HF9_PATH2 = 1024,	/* and has to stand for a file */
	HF9_DIR2 = 2048,	/* and for a directory */
	HF9_NOFID = 4096,	/* the newfid may be NOFID: none is made */
};

struct hf9_op {
	u8 type;			/* enum np_type */
	u16 needs;
	u16 fid_at, fid2_at, newfid_at;	/* offsets in struct np_msg */
	/*
	 * Context: a thread of the export's, as fid[0]->who, no lock held.  It may run
	 * again for one request, after HF9_RETRY or HF9_PARKED: r and out are empty
	 * then, what else it has kept is as it was.
	 * 0, -errno or HF9_...
	 */
	int (*run)(struct hf9_request *request);
};

/*
 * One peer.  Owner of its life: connection.c.
 *
 * I: set before others see it; S: under @lock; W: under @work_lock; R: the reader's,
 * of whom there is one at a time; V: changed by Tversion alone, when nothing else of
 * this connection runs.
 */
struct hf9_connection {
	struct kref ref;
	u32 id;				/* I: for people */
	unsigned long flags;		/* A: bits, connection.h */
	struct hf_link link;
	enum np_dialect dialect;	/* V */
	u32 msize;			/* V */
	struct hf9_listener *listener;	/* I: counted */
	struct hf9_export *export;	/* S: of the first attach; from then on as I.  Counted */
	struct ns_peer peer;		/* I: who has connected */
	bool reserved_port;		/* I: a port that is for root alone */
	bool stranger;			/* registry.c: no export listed it when it came */
	bool unix_root;			/* I: of AF_UNIX, connected by root */
	const struct cred *peer_cred;	/* I: of AF_UNIX, counted; else NULL */
	char name[64];			/* I: the peer, for people */

	spinlock_t lock;		/* see session.c */
	struct ns_session session;	/* S */
	struct hf9_locks *locks;	/* lock_owner.c */
	atomic_t xattr_bytes;		/* xattr_fid.c: that fids keep */
	u64 bytes;			/* S: that requests count for */
	u32 nr_counted;			/* S: requests that do, until they are freed */
	bool held;			/* S: the reader was told that there is no room */

	spinlock_t work_lock;		/* see schedule.c */
	struct hf9_pool *pool;		/* W: whose threads work for it */
	struct list_head runnable;	/* W: requests */
	struct list_head in_pool;	/* the pool's: waits for a thread */
	bool queued;			/* W: is there */
	bool readable;			/* W: there may be something to read or to send */
	bool reading;			/* W: some thread is the reader */
	unsigned int threads;		/* W: that are in here */

	struct hf9_request *arrived;	/* R: a message that is whole */
	struct hf9_request *placing;	/* R: one whose payload comes */
	struct hf9_request *version;	/* R: a Tversion that waits for others */
	bool refused;			/* R: a message that the session has refused */
	struct timer_list timer;	/* to look again: for memory, for a late Tversion */
	unsigned long begun;		/* I: jiffies */

	struct list_head of_listener;	/* registry.c */
	struct list_head of_export;
};

/* What an export is limited to. */
struct hf9_limits {
	u32 threads;
	u32 connections;
	/* Of one connection: */
	u32 fids;
	u32 requests;
	u32 bytes;			/* in flight */
	u32 held_locks;			/* records */
	u32 waiting_locks;
};

/*
 * A directory that is exported.  Owner of its life: export.c.
 *
 * E: under hf9_registry_lock; C: set when it is enabled, then only read until it is
 * disabled and its last connection gone; A: read by anybody.  configfs's wishes are apart, in
 * configfs_export.c.
 */
struct hf9_export {
	struct hf9_service service;
	struct path root;		/* C: on a private clone of the mount, alone there */
	u8 identity[NP_IDENTITY];	/* C: what tells it from every other one */
	struct hf9_limits limits;	/* C */
	u32 lock_hold_ms;		/* C: 0 is for ever */
	bool read_only, trust_gid, require_reserved_port;	/* C */
	bool localio;			/* A: its clients may go past the network */
	atomic_t links;			/* of those who do, localio.c */
	enum ns_squash squash;		/* C */
	u32 anon_uid, anon_gid;		/* C */
	struct hf9_clients *clients;	/* E */
	struct hf9_users *users;	/* I: counted; its content may change */
	struct hf9_pool *pool;		/* C; E once it stops */
};

/* ------------------------------------------------- for operations: session.c */

/*
 * Be the only one to change what a fid stands for, and the end of it, see
 * ns_fid_claim() and ns_fid_become().
 * Return: 0; -EBUSY if it is claimed; -EINVAL if it is open or of an attribute
 * already; -EBADF if it has been clunked.
 */
int hf9_fid_claim(struct hf9_connection *connection, struct hf9_fid *fid);
void hf9_fid_become(struct hf9_connection *connection, struct hf9_fid *fid,
		    enum ns_fid_state state);

/*
 * The file of the open fid that has a number now.
 * Return: it, with a reference, for hf9_close(); NULL if there is none.
 */
struct file *hf9_open_file_of(struct hf9_connection *connection, u32 number);

/* -------------------------------------------------- for operations: park.c */

/**
 * hf9_park - wait without a thread
 * @request: the caller's
 * @fid: whose clunk ends the waiting, of which it has a use; or NULL
 * @delay: jiffies after which it runs again by itself; 0: only by hf9_wake()
 *
 * It runs again, from the beginning of its operation, when somebody wakes it or time
 * is up.  A Tflush, a clunk of @fid or the end of the connection calls its take_back
 * instead.
 *
 * Context: no spinlock that a waker holds.
 * Return: NS_NOW_PARKED: the operation returns HF9_PARKED, and touches nothing of
 * @request any more.  NS_WOKEN: what it waits for is there.  Else it gives up, and
 * returns an error (-EINTR; take_back is called for it).
 */
enum ns_parking hf9_park(struct hf9_request *request, struct hf9_fid *fid,
			 unsigned long delay);

/**
 * hf9_wake - what a request waits for is there
 * @request: parked, or about to be; not answered or dropped yet
 *
 * Context: any but interrupts, T may be held.
 * Return: false if nothing is wanted of it any more: a grant is to be refused.
 */
bool hf9_wake(struct hf9_request *request);

/* ------------------------------------------------ for operations: others */

/**
 * hf9_create_cred - as whom to create something for a client's gid
 * @who: who creates
 * @dir: the directory, in which @who may create (checked by the caller, as @who)
 * @gid: what the message says
 * @mode: of what is created; S_ISGID is taken from it where @gid is only believed
 *
 * A gid of @who's own, or the one that a set-gid directory gives: @who itself.  Any
 * other is a claim, which only ``trust_gid`` believes, and root.
 *
 * Return: counted, for override_creds() around the creation alone, then put_cred();
 * or -EPERM, -ENOMEM.
 */
const struct cred *hf9_create_cred(const struct hf9_who *who, const struct inode *dir,
				   u32 gid, umode_t *mode);

struct hf9_who *hf9_who_get(struct hf9_who *who);
void hf9_who_put(struct hf9_who *who);		/* NULL is all right */

/*
 * Pages for @bytes bytes: whole ones, or those that the file has at @pos, read as
 * read(2) would.  -ENOMEM, or what that said.  @pages is empty before, and after the
 * free.  hf9_pages_of_file() returns how many bytes there are; io.c has which files it
 * is for.  hf9_pages_iter(): the first @bytes of them.
 */
int hf9_pages_alloc(struct hf9_pages *pages, u32 bytes);
ssize_t hf9_pages_of_file(struct hf9_pages *pages, struct file *file, loff_t pos,
			  u32 bytes);
void hf9_pages_free(struct hf9_pages *pages);
void hf9_pages_iter(const struct hf9_pages *pages, struct iov_iter *iter,
		    unsigned int direction, u32 bytes);

/* The filesystem that is exported, or what it is stacked upon, is frozen now.  freeze.c */
bool hf9_is_frozen(const struct hf9_request *request);

/* Rows of op.c's table that are here: attach.c, clunk.c, localio.c */
int hf9_run_localhello(struct hf9_request *request);
int hf9_auth(struct hf9_request *request);
int hf9_attach(struct hf9_request *request);
int hf9_clunk(struct hf9_request *request);

/* clunk.c: its clunk sets an extended attribute. */
bool hf9_is_xattr_write(struct hf9_connection *connection, const struct hf9_fid *fid);

/* ------------------------------------- what the operations' files provide */

/* op.c.  NULL: the dialect has none.  Never for Tversion and Tflush. */
const struct hf9_op *hf9_op_of(u8 type, enum np_dialect dialect);

/* fid.c.  New: idle, stands for nothing; NULL without memory.  Free: it is idle. */
struct hf9_fid *hf9_fid_new(void);
void hf9_fid_free(struct hf9_fid *fid);
int hf9_fids_init(void);
void hf9_fids_exit(void);

/* attr.c: the same one everywhere. */
int hf9_qid(const struct path *path, struct np_qid *qid);

/* xattr_fid.c: what a clunk of a Txattrcreate's fid does, as its who. */
int hf9_xattr_commit(struct hf9_fid *fid);

/*
 * lock_mark.c.  Of a fid that was clunked: whoever locked through it since unlocking all
 * loses all on its file.  Of a connection that has ended, or begins anew, and of
 * which nothing waits any more: everything.  May sleep.
 */
void hf9_locks_clunked(struct hf9_connection *connection, struct hf9_fid *fid);
void hf9_locks_end(struct hf9_connection *connection);
/* Of a request that was answered.  May sleep, as close(2) may. */
void hf9_lock_free(struct hf9_lock *lock);
/* For /proc; under no lock. */
unsigned int hf9_locks_held(struct hf9_connection *connection);

#endif /* HF9_SERVER_H */
