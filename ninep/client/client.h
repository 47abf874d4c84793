/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 9P client, filesystem type "holdfast9p": what its files share.
 *
 * What the server has is known by its qid.path, its type and its generation, and has
 * one inode here.  Everything that is asked and done carries a number of the mount's
 * clock, so that of two answers the one that was asked for later counts.
 *
 * Locks, with those of <holdfast/netfs.h>.  Of all only i_rwsem and the first one may be
 * held for an answer:
 *
 *	hf9c_dir.lock		mutex	an open directory's entries; outside of i_rwsem
 *	inode->i_lock		spin	attributes
 *	hf9c_super.sparing	mutex	fids are given up; of ours only fid_lock is taken inside
 *	hf9c_super.fid_lock	spin	which fids there are; inside i_lock of none
 */
#ifndef HF9C_CLIENT_H
#define HF9C_CLIENT_H

#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <holdfast/localio.h>
#include <holdfast/lock.h>
#include <holdfast/netfs.h>
#include <holdfast/ninep.h>

#include "options.h"

#define HF9C_SUPER_MAGIC	0x48463943	/* "HF9C" */

struct hf9c_fid;
struct hf9c_session;

/**
 * struct hf9c_super - a mount
 * @netfs: the request layer's part
 * @session: I: the connection
 * @ending: whoever uses @session and is not waited for by step 1 of super.c
 * @mounted: A: @netfs has begun
 * @opts: I: as given
 * @ac: A: jiffies that attributes and names are believed
 * @rsize: I: bytes of a Tread, whole pages
 * @wsize: I: of a Twrite
 * @clock: A: rises with whatever is asked and done
 * @evicted: A: the latest change of ours, by @clock, of what no inode remembers
 * @doubted: F: the latest time that something may have changed of which nobody knows
 *	what, by @clock; read by anybody.  What was asked for before is not believed
 * @doubted_at: F: likewise, in jiffies
 * @numbers: fids' numbers
 * @users: of each uid, the fid that it is attached by; X
 * @sparing: who asks the server to forget fids for want of room, and waits for it
 * @spared: how often that was done; read without the lock
 * @fid_lock: of the lists of fids, here and in inodes
 * @paths: F: fids that nobody uses but their inode, the oldest first
 * @nr_paths: F: how many
 * @clunking: fids that the server is to be told to forget
 * @clunk: tells it
 * @locks: I: what the server decides upon, too; NULL with cache=loose
 * @lock_key: I: owners' numbers are made by
 * @known: I: the requests of hf1 that the server knows
 * @identity: I: the export's, if there is a cache on disk; or zeroes
 * @local: I: the server has answered from this kernel: I/O may go past the network
 * @gone: A: aborted, or its connection has ended: nothing goes at all
 * @localio: the link by which it does
 * @hello: looks for the server once more
 * @root: I: the fid that is known by
 * @name: I: of @localio
 *
 * I: set before the mount is visible; A: atomic; F: under @fid_lock; X: the xarray's.
 */
struct hf9c_super {
	struct hf_netfs_mount netfs;
	struct hf9c_session *session;
	struct mutex ending;
	bool mounted;
	struct hf9c_options *opts;
	unsigned long ac;
	u32 rsize, wsize;
	atomic64_t clock, evicted, doubted;
	unsigned long doubted_at;
	struct ida numbers;
	struct xarray users;
	struct mutex sparing;
	unsigned int spared;
	spinlock_t fid_lock;
	struct list_head paths;
	unsigned int nr_paths;
	struct llist_head clunking;
	struct delayed_work clunk;
	struct hf_lock_domain *locks;
	siphash_key_t lock_key;
	struct np_rcaps known;
	u8 identity[NP_IDENTITY];
	bool local, gone;
	struct hf_localio_client localio;
	struct delayed_work hello;
	struct hf9c_fid *root;
	char name[24];
};

/**
 * struct hf9c_told - what one answer says of a file's content
 * @version: its data_version, 0 if that is not told
 * @size: bytes
 * @mtime_sec: s
 * @mtime_nsec: likewise
 * @still: whoever changes the content from then on changes @version first
 * @changed: the later one of mtime and ctime, s
 */
struct hf9c_told {
	u64 version, size;
	s64 mtime_sec;
	u32 mtime_nsec;
	bool still;
	s64 changed;
};

/**
 * struct hf9c_inode - something of the server's
 * @netfs: the request layer's part, with the VFS's
 * @path: I: qid.path
 * @gen: I: its generation, 0 if it is not told
 * @applied: L: when the attributes that are here were asked for, by the clock
 * @changed: L: when a change of them of ours was answered
 * @owned: L: when one was of owner or mode, which names do not change
 * @wrote: L: when a write of ours was
 * @versioned: L: @applied, of those that @version came with
 * @version: L: of the content, 0 if it is not told
 * @settled: L: without @version: the times that are here tell that nothing has changed
 * @guessed: L: a version was taken for that of a write of ours, which may have hidden
 *	another's of other bytes
 * @mtime_settled: L: the mtime alone tells that no content has
 * @told: L: for a cache on disk, of a regular file: all of what @version came with
 * @moves: changed L: how often that was another one
 * @since: L: jiffies, when the attributes that are here were asked for
 * @came: L: likewise, when they came
 * @asker: L: who has asked for them and not used them yet, only to be compared
 * @switches: L: how often he had slept by then
 * @blocks: L: as the server counts
 * @btime: L: when it was made
 * @has_btime: L: whether that is known
 * @paths: F: fids that stand for it
 * @open: F: fids of open files
 * @kept: F: fids of files that are closed, for who opens them again
 * @writer: F: what write-back writes by; a reference
 * @writers: F: files that may write
 * @walks: A: how often a name in it was asked for
 * @listing: L: of a directory: what it has; a reference; or NULL
 * @aside: A: bytes have come past the cache since it was last dropped for that
 * @locks: the lock table
 *
 * I: set when it is made; L: under i_lock; F: under hf9c_super.fid_lock; A: atomic.
 */
struct hf9c_inode {
	struct hf_netfs_inode netfs;
	u64 path;
	u32 gen;
	u64 applied, changed, owned, wrote, versioned;
	u64 version;
	bool settled, mtime_settled, guessed;
	struct hf9c_told told;
	unsigned int moves;
	unsigned long since, came;
	const void *asker;
	unsigned long switches;
	u64 blocks;
	struct timespec64 btime;
	bool has_btime;
	struct list_head paths, open, kept;
	struct hf9c_fid *writer;
	unsigned int writers;
	atomic_t walks;
	struct hf9c_listing *listing;
	bool aside;
	struct hf_lock_inode locks;
};

static inline struct hf9c_super *hf9c_super(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct hf9c_inode *hf9c_inode(const struct inode *inode)
{
	return container_of(inode, struct hf9c_inode, netfs.vfs);
}

static inline bool hf9c_is_loose(const struct super_block *sb)
{
	return hf9c_super(sb)->opts->cache == HF9C_LOOSE;
}

/* Of a request of hf1: may it be sent? */
static inline bool hf9c_knows(const struct hf9c_super *hs, u8 type)
{
	return hs->known.known[type / 8] & 1 << type % 8;
}

/* What is asked or done now. */
static inline u64 hf9c_tick(struct hf9c_super *hs)
{
	return atomic64_inc_return(&hs->clock);
}

/* Whether what was asked for then is of before a change of which nobody knows what it was. */
static inline bool hf9c_is_doubted(const struct hf9c_super *hs, u64 number)
{
	return number <= atomic64_read(&hs->doubted);
}

/**
 * struct hf9c_sample - when attributes were asked for
 * @number: by the clock
 * @since: jiffies
 * @size: of the inode's sizes, if it was known
 * @known: whether it was
 */
struct hf9c_sample {
	u64 number;
	unsigned long since;
	struct rl_sample size;
	bool known;
};

/*
 * module.c.  Where fids are forgotten by who closes a server's file first, which waits for
 * that one's filesystem, memory is not freed by it.
 */
extern struct workqueue_struct *hf9c_wq;

static inline struct workqueue_struct *hf9c_clunk_wq(const struct hf9c_super *hs)
{
	return hs->local ? system_unbound_wq : hf9c_wq;
}

/* context.c */
extern struct file_system_type hf9c_fs_type;
int hf9c_init_fs_context(struct fs_context *fc);

/* super.c */
int hf9c_fill_super(struct super_block *sb, struct fs_context *fc);
void hf9c_super_abort(struct super_block *sb);
void hf9c_kill_sb(struct super_block *sb);
enum np_dialect hf9c_dialect(const struct hf9c_super *hs);
u32 hf9c_msize(const struct hf9c_super *hs);

/* inode.c */
int hf9c_inodes_init(void);
void hf9c_inodes_exit(void);
struct inode *hf9c_inode_alloc(struct super_block *sb);
void hf9c_inode_free(struct inode *inode);
int hf9c_inode_drop(struct inode *inode);
void hf9c_inode_evict(struct inode *inode);
struct inode *hf9c_iget(struct super_block *sb, const struct np_attr *attr,
			const struct hf9c_sample *sample);
bool hf9c_is(const struct inode *inode, const struct np_attr *attr);

/* attr.c */
struct hf9c_sample hf9c_sample(struct super_block *sb, struct inode *inode);
int hf9c_check_attr(const struct np_attr *attr);
void hf9c_first_attributes(struct inode *inode, const struct np_attr *attr,
			   const struct hf9c_sample *sample);
void hf9c_adopt(struct inode *inode, const struct np_attr *attr,
		const struct hf9c_sample *sample);
void hf9c_changed(struct inode *inode);
void hf9c_changed_names(struct inode *dir);
void hf9c_wrote(struct inode *inode);
void hf9c_doubt(struct hf9c_super *hs);
bool hf9c_forget_guess(struct inode *inode);
int hf9c_refresh(struct inode *inode, struct hf9c_fid *fid);

/* fresh.c */
void hf9c_came(struct hf9c_inode *hi, const struct hf9c_sample *sample);
bool hf9c_is_alone(struct inode *inode);
bool hf9c_is_fresh(struct inode *inode);
bool hf9c_is_believed(struct inode *inode);

/* getattr.c */
int hf9c_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		 u32 request_mask, unsigned int flags);
int hf9c_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);

/* setattr.c */
int hf9c_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
int hf9c_resize(struct inode *inode, loff_t size, void *data);

/* dentry.c */
extern const struct dentry_operations hf9c_dentry_operations;
void *hf9c_dir_version(struct inode *dir);
void hf9c_dentry_seen(struct dentry *dentry, void *version, unsigned long since);

/* dir.c, rename.c, create.c */
extern const struct inode_operations hf9c_dir_inode_operations;
int hf9c_peek(struct dentry *dir, const struct qstr *name, struct np_attr *attr);
struct hf9c_fid *hf9c_look(struct dentry *dir, const struct qstr *name, struct np_attr *attr);
int hf9c_instantiate(struct dentry *dentry);
void hf9c_lost_name(struct inode *inode);
u32 hf9c_gid_to_send(const struct inode *dir);
struct dentry *hf9c_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);
int hf9c_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
		umode_t mode, bool excl);
int hf9c_atomic_open(struct inode *dir, struct dentry *dentry, struct file *file,
		     unsigned int flags, umode_t mode);
int hf9c_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old,
		struct inode *new_dir, struct dentry *new, unsigned int flags);

/* readdir.c, prime.c */
extern const struct file_operations hf9c_dir_operations;
void hf9c_prime(struct dentry *dir, const struct np_entry_attr *entry, void *version,
		const struct hf9c_sample *sample);

/* symlink.c */
extern const struct inode_operations hf9c_symlink_inode_operations;

/* xattr.c, acl.c */
extern const struct xattr_handler * const hf9c_xattr_handlers[];
ssize_t hf9c_xattr_read(struct hf9c_fid *fid, const char *name, void *value, size_t size);
int hf9c_xattr_write(struct hf9c_fid *fid, const char *name, const void *value, size_t size,
		     int flags);
ssize_t hf9c_listxattr(struct dentry *dentry, char *list, size_t size);
struct posix_acl *hf9c_get_inode_acl(struct inode *inode, int type, bool rcu);
int hf9c_set_acl(struct mnt_idmap *idmap, struct dentry *dentry, struct posix_acl *acl,
		 int type);
umode_t hf9c_mode_to_send(struct inode *dir, umode_t mode);

/* file.c */
extern const struct file_operations hf9c_file_operations;
extern const struct file_operations hf9c_uncached_file_operations;
extern const struct inode_operations hf9c_file_inode_operations;

/* lock.c */
int hf9c_lock(struct file *file, int cmd, struct file_lock *fl);
int hf9c_flock(struct file *file, int cmd, struct file_lock *fl);
extern const struct export_operations hf9c_export_ops;

/* io.c */
extern const struct hf_netfs_ops hf9c_netfs_ops;

#endif /* HF9C_CLIENT_H */
