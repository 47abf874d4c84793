/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request layer (holdfast_netfs): the page cache, direct I/O and the requests of a
 * network filesystem.  The filesystem answers subrequests, {position, length}, by
 * struct hf_netfs_ops, and puts the functions below into its tables.
 * Documentation/filesystem-authors.md walks through samples/netram.c, which uses all
 * of it; Documentation/netfs.md has the invariants.
 *
 * Life of a request: io_count of its inode rises; ->begin(); ->issue() for each try of
 * each subrequest, which ends with one hf_netfs_sub_done(); ->end(); io_count falls.
 * After that nothing of the inode, the superblock or the filesystem's module is touched.
 * A request holds no reference to its inode: hf_netfs_evict() waits for it.
 *
 * Order of locks: i_rwsem, mmap_lock, invalidate_lock, the inode's write-back mutex, a
 * folio's lock, i_lock, and those of requests and mounts.  Who calls
 * hf_netfs_sub_done() may hold none of them, nor anything that is held while ->issue()
 * or ->cancel() is called.
 */
#ifndef HOLDFAST_NETFS_H
#define HOLDFAST_NETFS_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <holdfast/netfs_types.h>

struct hf_cache_dir;
struct hf_cache_object;
struct hf_netfs_asked;
struct hf_netfs_mount;
struct hf_netfs_req;
struct hf_netfs_reserve;
struct hf_netfs_sub;
struct hf_netfs_sysfs;

/**
 * struct hf_netfs_ops - what a network filesystem does
 * @begin: a request begins.  @file is through whom, NULL for write-back, which has
 *	what @dirty has kept, and for reads that nobody's file asks for.  A reference to
 *	what @issue needs goes into @req->priv.  0, or an error, of which @end is not
 *	called; one of write-back loses what was to be written, so it may not be for
 *	want of memory.  Context: may sleep, folios may be locked, GFP_NOFS
 * @issue: send what @sub->iter says, from hf_netfs_sub_pos() on.  0: the answer comes by
 *	hf_netfs_sub_done(), perhaps already has; then @sub may be gone, or on its way
 *	anew: once an answer can come nothing of it is touched here.  An error: that is
 *	the answer, and no other comes; so it is for what is issued after @abort.
 *	Context: as @begin; never waits for an answer
 * @cancel: @sub is not wanted any more: what leads to hf_netfs_sub_done() is to be
 *	hurried, with any answer, or with an error.  Of one with @sub->req->may_discard
 *	nobody may write to the pages of @sub->iter when that is called.  May come before
 *	@issue is entered or has returned (then it comes once more), and after the answer:
 *	it does nothing then.  Context:
 *	may sleep, but not for the server
 * @end: the request is over: drop what @begin took.  The last call into the
 *	filesystem.  Context: process, perhaps hf_netfs_sub_done()'s caller
 * @dirty: bytes are going to be written through @file into the cache of @inode: from
 *	here on @begin of write-back finds somebody who may write there.  Context: may
 *	sleep; a write holds i_rwsem, a fault mmap_lock.  Optional
 * @revalidate: a read reaches behind the end that is known, or the size is in doubt: ask
 *	for attributes, hf_netfs_attributes().  An error fails the read.  Context: may
 *	sleep, no folio is locked.  Optional
 * @resize: ask the server to make the file @size bytes long, and wait for it; @data is
 *	hf_netfs_resize()'s.  Context: i_rwsem, invalidate_lock and the write-back
 *	mutex are held
 * @transient: whether a try that failed so is to be made again.  Besides these, EAGAIN,
 *	EINTR and ENOMEM are.  Any context.  Optional
 * @version: ask for the version of @inode, by a message that is sent from here on, and do
 *	not wait; the answer comes by hf_netfs_cache_answer(), once if this is 0, and else
 *	never.  Context: a work item, GFP_NOFS; @inode stays until it returns.  For a cache
 *	on disk (netfs_cache.h)
 * @abort: whatever is under way ends now, with errors.  Idempotent; may be called
 *	beside everything.  Context: process, no lock that is listed above but i_rwsem
 */
struct hf_netfs_ops {
	int (*begin)(struct hf_netfs_req *req, struct file *file);
	int (*issue)(struct hf_netfs_sub *sub);
	void (*cancel)(struct hf_netfs_sub *sub);
	void (*end)(struct hf_netfs_req *req);
	int (*dirty)(struct inode *inode, struct file *file);
	int (*revalidate)(struct inode *inode, struct file *file);
	int (*resize)(struct inode *inode, loff_t size, void *data);
	bool (*transient)(int error);
	int (*version)(struct inode *inode, struct hf_netfs_asked *asked);
	void (*abort)(struct super_block *sb);
};

/**
 * struct hf_netfs_limits - what a server takes
 * @rsize: bytes of a read at the most, a page at the least
 * @wsize: bytes of a write
 * @subs: subrequests in flight
 * @bytes: bytes of them
 * @timeo: ms without progress until a try that fails in passing is not made again;
 *	0: as long as the mount lives (hard)
 * @short_is_eof: the server reads less than it is asked for at the end of a file only
 * @alone: nobody else writes these files: clean bytes may be sent as well
 */
struct hf_netfs_limits {
	u32 rsize;
	u32 wsize;
	u32 subs;
	u64 bytes;
	u32 timeo;
	bool short_is_eof;
	bool alone;
};

/**
 * struct hf_netfs_mount - a mount's part; the filesystem embeds it; all is private
 * @ops: I: the filesystem's
 * @sb: I: its superblock
 * @limits: I: as the core wants them
 * @retry: I: likewise
 * @write_flags: I: RL_MAY_WIDEN
 * @credit_lock: of @credits; taken inside a request's lock
 * @credits: what is in flight
 * @room: where those wait who have no credit
 * @lock: of the list; a request's is taken inside it
 * @requests: L: that live
 * @reserve: for requests of write-back: to free memory takes none
 * @aborted: L: 0, or why nothing is sent any more; set once
 * @all: all mounts
 * @sysfs: its folder
 * @cache: the directory where what was read is kept, or NULL; hf_netfs_cache_attach() sets it,
 *	hf_netfs_unmount() clears it
 *
 * I: set by hf_netfs_mount(), then only read.
 */
struct hf_netfs_mount {
	const struct hf_netfs_ops *ops;
	struct super_block *sb;
	struct rl_limits limits;
	struct rl_retry retry;
	u32 write_flags;
	spinlock_t credit_lock;
	struct rl_credits credits;
	wait_queue_head_t room;
	spinlock_t lock;
	struct list_head requests;
	struct hf_netfs_reserve *reserve;
	int aborted;
	struct list_head all;
	struct hf_netfs_sysfs *sysfs;
	struct hf_cache_dir *cache;
};

/**
 * struct hf_netfs_inode - an inode's part, which begins with the VFS's
 * @vfs: the VFS's inode
 * @mount: its mount
 * @sizes: under i_lock
 * @io_count: requests; eviction waits for them
 * @wb_lock: one write-back at a time: two would wait for each other's folios
 * @flags: bits, private
 * @lost: bytes that could not be written
 * @cache: its object on disk, or the last one that it had; RCU, changed under i_lock
 * @opens: L: hf_netfs_cache_open(), not closed yet
 * @uses: L: it is a user of @cache
 * @readable: changed L: nothing had made the version of @cache another one when it was attached
 * @changes: how often something may have
 *
 * L: under i_lock.
 */
struct hf_netfs_inode {
	struct inode vfs;
	struct hf_netfs_mount *mount;
	struct rl_sizes sizes;
	atomic_t io_count;
	struct mutex wb_lock;
	unsigned long flags;
	atomic64_t lost;
	struct hf_cache_object __rcu *cache;
	u32 opens;
	bool uses, readable;
	atomic_t changes;
};

/**
 * struct hf_netfs_sub - a subrequest
 * @core: private, but see hf_netfs_sub_pos()
 * @req: its request
 * @iter: what is to be filled or sent by this try: ITER_XARRAY, ITER_BVEC, ITER_KVEC,
 *	whose pages stay until hf_netfs_sub_done()
 * @priv: the filesystem's; NULL at first
 * @credit: private
 * @place: private: where it waits for one
 * @id: its number in the request, from 0 on
 * @cached: private: this try reads the cache on disk
 * @cached_data: private: then so many bytes, and behind them the file has ended
 * @cached_vouched: private: an fsync has succeeded since they were written
 * @asked: private: ms, when the first try that brought bytes, or may, was issued
 * @work: the filesystem's, for a worker that answers; from hf_netfs_sub_done_atomic()
 *	on the layer's
 * @answer: private: hf_netfs_sub_done_atomic()'s
 */
struct hf_netfs_sub {
	struct rl_sub core;
	struct hf_netfs_req *req;
	struct iov_iter iter;
	void *priv;
	u32 credit;
	struct rl_place place;
	u32 id;
	bool cached, cached_vouched;
	loff_t cached_data;
	u64 asked;
	struct work_struct work;
	struct rl_answer answer;
};

/**
 * struct hf_netfs_pinned - a program's memory, pinned
 * @vecs: parts of pages; NULL: none
 * @nr: how many
 */
struct hf_netfs_pinned {
	struct bio_vec *vecs;
	u32 nr;
};

/**
 * struct hf_netfs_req - a request
 * @ni: its inode
 * @kind: RL_READ, RL_WRITEPAGES, RL_DIRECT_READ or RL_DIRECT_WRITE
 * @may_discard: the pages are a program's: see hf_netfs_ops.cancel
 * @priv: the filesystem's, NULL at first
 *
 * All else is private.
 */
struct hf_netfs_req {
	struct hf_netfs_inode *ni;
	enum rl_kind kind;
	bool may_discard;
	void *priv;

	/* private: */
	struct rl_req core;
	spinlock_t lock;		/* of the core, and of what is marked L */
	wait_queue_head_t alone;	/* its issuer waits here */
	struct delayed_work work;	/* tries again, ends */
	bool working;			/* L: @work is queued or runs, and holds it */
	u64 work_at;			/* L: when, in ms */
	struct work_struct end;		/* ends it, if it is not to end where it is let go */
	bool in_work;			/* so always */
	bool unbegun;			/* ->begin() has refused it */
	bool issuer_ends;		/* its folio is the issuer's to end */
	bool bad;			/* some of what was written was lost; before its put */
	struct kiocb *iocb;		/* AIO; or NULL */
	struct hf_netfs_waiting *waiting;	/* direct, and not AIO: its issuer */
	struct iov_iter iter;		/* direct: all of it */
	struct hf_netfs_pinned pages;	/* direct: what iter is over, if it is a program's */
	loff_t pos;			/* direct: where iter begins */
	size_t len;			/* direct: what it carries */
	struct rl_result result;
	struct list_head on_mount;
	struct rcu_head rcu;
	unsigned long since;		/* jiffies */
	u64 id;
	struct hf_netfs_reserve *reserve;	/* where its memory goes; NULL: kvfree() */
	wait_queue_entry_t hungry;	/* @work waits for a credit, without a thread */
	bool starving;			/* of @work: @hungry is queued */
	u32 nr_subs;
	u32 room;
	struct hf_netfs_sub subs[];
};

static inline struct hf_netfs_inode *hf_netfs_inode(struct inode *inode)
{
	return container_of(inode, struct hf_netfs_inode, vfs);
}

/* What this try is about: the server's byte at which @sub->iter begins. */
static inline loff_t hf_netfs_sub_pos(const struct hf_netfs_sub *sub)
{
	return sub->core.pos + sub->core.done;
}

/* ------------------------------------------------------------------ mounts, inodes */

/**
 * hf_netfs_mount - a mount begins
 * @mount: filled
 * @sb: its superblock, with s_dev
 * @ops: the filesystem's
 * @limits: what the server takes
 *
 * Makes /sys/fs/holdfast/MAJOR:MINOR/abort.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for limits of less than a page, or none at all; -ENOMEM.
 */
int hf_netfs_mount(struct hf_netfs_mount *mount, struct super_block *sb,
		   const struct hf_netfs_ops *ops, const struct hf_netfs_limits *limits);

/**
 * hf_netfs_unmount - it ends: all of its inodes are evicted
 * @mount: what hf_netfs_mount() has filled; zeroes, or a second time: does nothing
 *
 * Context: may sleep; in ->put_super, while the superblock has its number still, which
 * is the name of a folder; and once more in ->kill_sb, for a mount that failed.
 */
void hf_netfs_unmount(struct hf_netfs_mount *mount);

/**
 * hf_netfs_abort - end whatever is under way, for good
 * @mount: the mount
 * @error: negative, what it ends with
 *
 * For ->umount_begin, and for who has lost the server.  From now on no request goes
 * out.
 *
 * Context: may sleep, but not for the server.
 */
void hf_netfs_abort(struct hf_netfs_mount *mount, int error);

/**
 * hf_netfs_inode_init_once - a new object of an inode's slab
 * @ni: the inode's part
 */
void hf_netfs_inode_init_once(struct hf_netfs_inode *ni);

/**
 * hf_netfs_inode_init - a new inode
 * @ni: the inode's part; i_mode is set
 * @mount: its mount
 * @size: what the server says its size is
 *
 * Sets a_ops, i_size and i_blkbits, of a regular file: what stat(2) is to say of blocks is
 * the filesystem's.
 *
 * Return: 0; -EIO for a size that no file has.
 */
int hf_netfs_inode_init(struct hf_netfs_inode *ni, struct hf_netfs_mount *mount,
			loff_t size);

/**
 * hf_netfs_wait_for_outstanding_io - until no request of an inode is left
 * @ni: the inode's part
 *
 * What waits to be tried again is tried now.  Says which requests it waits for after
 * 10 s, and each minute.  If the superblock is going away, a fatal signal aborts the
 * mount.
 *
 * Context: may sleep; no new request can begin.
 */
void hf_netfs_wait_for_outstanding_io(struct hf_netfs_inode *ni);

/**
 * hf_netfs_evict - ->evict_inode, up to clear_inode()
 * @inode: the inode
 *
 * Waits for what is under way, and drops the cache.  Logs what was lost and nobody
 * could be told.  An inode is to be hashed: the VFS evicts one that is not with its last
 * reference, and what is dirty by then is dropped without a word.
 *
 * Context: may sleep.
 */
void hf_netfs_evict(struct inode *inode);

/* ------------------------------------------------------------------------ answers */

#define HF_NETFS_EOF	0x1	/* the server says that no byte is behind these */

/**
 * hf_netfs_sub_done - an answer to a subrequest, or the end of the hope for one
 * @sub: the subrequest; once for each ->issue() that returned 0
 * @bytes: how many were read or written
 * @error: negative, the server's or the connection's; 0: none
 * @flags: HF_NETFS_EOF
 *
 * @sub may be gone when it returns.
 *
 * Context: process, GFP_NOFS; sleeps, but never for the server or a folio's lock.
 */
void hf_netfs_sub_done(struct hf_netfs_sub *sub, u32 bytes, int error,
		       unsigned int flags);

/**
 * hf_netfs_sub_done_atomic - hf_netfs_sub_done() from an interrupt or under a spinlock
 * @sub: as there
 * @bytes: as there
 * @error: as there
 * @flags: as there
 *
 * Context: any; a work item does it.
 */
void hf_netfs_sub_done_atomic(struct hf_netfs_sub *sub, u32 bytes, int error,
			      unsigned int flags);

/* -------------------------------------------------------------------------- sizes */

/**
 * hf_netfs_sample - before attributes are asked for
 * @inode: of what
 *
 * Return: to be given to hf_netfs_attributes().
 */
struct rl_sample hf_netfs_sample(struct inode *inode);

/**
 * hf_netfs_attributes - the server has said a size
 * @inode: of what
 * @sample: hf_netfs_sample(), from before it was asked
 * @size: what it said
 *
 * Sets i_size and drops what is stale of the cache, unless what it said may be older
 * than what is known here.
 *
 * Context: may sleep; no folio is locked, nor the write-back mutex held.
 * Return: whether it was taken, so that other attributes of the same message may be.
 */
bool hf_netfs_attributes(struct inode *inode, struct rl_sample sample, loff_t size);

/**
 * hf_netfs_stale - whether attributes are to be asked for before they are believed
 * @inode: of what
 */
bool hf_netfs_stale(struct inode *inode);

/**
 * hf_netfs_dirty - whether there is something that the server does not have
 * @inode: of what
 */
bool hf_netfs_dirty(struct inode *inode);

/**
 * hf_netfs_drop - forget what is cached
 * @inode: of what
 * @from: the first byte
 *
 * Of what is dirty the dirty bytes stay, and the rest is read anew; but what was stored
 * to through a mapping, or is pinned, stays as it is, and leaves a doubt.
 *
 * Context: may sleep; no folio is locked.
 * Return: 0, or -EBUSY if something stayed as it was.
 */
int hf_netfs_drop(struct inode *inode, loff_t from);

/**
 * hf_netfs_resize - truncate, or extend
 * @inode: the inode, with i_rwsem
 * @size: its new size, see inode_newsize_ok()
 * @data: for ->resize()
 *
 * Waits for what is under way.  Writes back first.
 *
 * Context: may sleep.
 * Return: 0, or what ->resize() said, then nothing has changed; -EINTR.
 */
int hf_netfs_resize(struct inode *inode, loff_t size, void *data);

/**
 * struct hf_netfs_change - a change of content that the server makes by itself
 * @from: the first byte that changes, but for those behind the end; beyond @last: none
 * @last: the last one
 * @ask: ask for it, and wait; *@size is how large the file is then, or stays -1 if that
 *	is not known.  Context: as hf_netfs_ops.resize
 * @data: for @ask
 */
struct hf_netfs_change {
	loff_t from, last;
	int (*ask)(struct inode *inode, void *data, loff_t *size);
	void *data;
};

/**
 * hf_netfs_change - have the server change what is in a file
 * @inode: the inode, with i_rwsem
 * @how: what, and how
 *
 * As hf_netfs_resize(): waits for what is under way, and writes back first.  Then what is
 * cached of the range is dropped, and nothing takes its place until @how->ask has come
 * back.  So does what was cached behind an end that has moved.
 *
 * Context: may sleep.
 * Return: 0, or what @how->ask said, then the sizes have not changed; -EBUSY: somebody
 * writes to the pages without a fault, and nothing was asked; -EINTR.
 */
int hf_netfs_change(struct inode *inode, const struct hf_netfs_change *how);

/* ------------------------------------------------------------------ of files' tables */

/**
 * hf_netfs_read_iter - ->read_iter through the cache, or with IOCB_DIRECT past it
 * @iocb: where
 * @to: to
 *
 * Return: bytes, or an error.
 */
ssize_t hf_netfs_read_iter(struct kiocb *iocb, struct iov_iter *to);

/**
 * hf_netfs_splice_read - ->splice_read through the cache
 * @in: of what
 * @pos: where
 * @pipe: to
 * @len: bytes
 * @flags: SPLICE_F_*
 *
 * Return: bytes, or an error.
 */
ssize_t hf_netfs_splice_read(struct file *in, loff_t *pos, struct pipe_inode_info *pipe,
			     size_t len, unsigned int flags);

/**
 * hf_netfs_write_iter - ->write_iter through the cache, or with IOCB_DIRECT past it
 * @iocb: where
 * @from: from
 *
 * Context: takes i_rwsem.
 * Return: bytes, or an error.
 */
ssize_t hf_netfs_write_iter(struct kiocb *iocb, struct iov_iter *from);

/**
 * hf_netfs_direct_read - read past the cache, at any alignment
 * @iocb: where; if it is asynchronous, its ki_complete() may follow
 * @to: to
 *
 * Return: bytes, or an error; -EIOCBQUEUED.
 */
ssize_t hf_netfs_direct_read(struct kiocb *iocb, struct iov_iter *to);

/**
 * hf_netfs_direct_write - write past the cache, at any alignment
 * @iocb: where, after generic_write_checks(); as above
 * @from: from
 *
 * Context: i_rwsem is held.
 * Return: bytes, or an error; -EIOCBQUEUED.
 */
ssize_t hf_netfs_direct_write(struct kiocb *iocb, struct iov_iter *from);

/**
 * hf_netfs_file_mmap - ->mmap through the cache
 * @file: of what
 * @vma: where
 *
 * Return: 0, or what ->dirty() said of a mapping that may write.
 */
int hf_netfs_file_mmap(struct file *file, struct vm_area_struct *vma);

/**
 * hf_netfs_fsync - ->fsync: what was written is at the server
 * @file: of what
 * @start: the first byte
 * @last: the last one
 * @datasync: not looked at
 *
 * Whether the server has it on its disk is for the filesystem to ask.
 *
 * Return: 0, or the error that @file was not told of yet.
 */
int hf_netfs_fsync(struct file *file, loff_t start, loff_t last, int datasync);

extern const struct address_space_operations hf_netfs_aops;

#endif /* HOLDFAST_NETFS_H */
