/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stacked filesystem "holdfast": what its files share.
 *
 * "Upper" is an object of holdfast, "lower" the object of the local filesystem
 * that it stands for.  The invariant on which the lock table rests:
 *
 *	one upper inode per lower inode, hard links and every way of reaching
 *	it (path, file handle, second mount of the same LOWERDIR) included.
 *
 * No data and no attribute lives above: the upper page cache is empty and the
 * attributes of an upper inode are a copy that hf_refresh() renews.
 *
 * Lock order: everything of the upper filesystem (s_vfs_rename_mutex, i_rwsem,
 * sb_writers, dcache) before anything of the lower one; inode->i_lock and
 * dentry->d_lock of an upper object are not held when a lower lock is taken.
 */
#ifndef HOLDFAST_EXPORT_H
#define HOLDFAST_EXPORT_H

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/mount.h>
#include <linux/siphash.h>
#include <linux/time.h>
#include <linux/xarray.h>

#include <holdfast/lease.h>
#include <holdfast/lock.h>

#define HF_SUPER_MAGIC	0x48464553	/* "HFES" */

/* The extended attributes of LOWERDIR that are ours; the mount hides them. */
#define HF_XATTR_PREFIX	"trusted.holdfast."
#define HF_KEY_XATTR	HF_XATTR_PREFIX "key"
#define HF_HOME_XATTR	HF_XATTR_PREFIX "home"

/**
 * enum hf_delegations - what nfsd may give to its NFSv4 clients
 * @HF_DELEGATE_READ: read delegations, of files that nobody has open for
 *	writing: so the locks of who may write are always the server's
 * @HF_DELEGATE_ALL: what nfsd asks for
 * @HF_DELEGATE_NONE: nothing
 */
enum hf_delegations {
	HF_DELEGATE_READ,
	HF_DELEGATE_ALL,
	HF_DELEGATE_NONE,
};

/**
 * struct hf_super - what a mount knows of its lower filesystem
 * @lower_mnt: I: a private clone of the mount that LOWERDIR was found on
 * @lower_root: I: LOWERDIR; a reference
 * @cred: I: whose right files are opened by below: the kernel's.  (The mounter
 *	may be confined himself; he has no path to a private mount either.)
 * @domain: I: the lock manager's part
 * @fairness: A: as shown in /proc/mounts
 * @delegations: A: likewise
 * @key: I: what file handles are signed with
 * @keys: on the list of all mounts that have a key: hf_key_drop()
 * @fsid: I: what statfs() reports as f_fsid
 * @file_mode: A: what FMODE_* bits of HF_LEARNED_MODES open files have below,
 *	and HF_MODES_KNOWN once a file was opened
 * @opens_late: I: may regular files be opened below at their first use?
 * @in_memory: I: are directories below the dcache itself, as on tmpfs?
 * @lower_ops: A: what files that are open for writing have below
 * @wb_err: A: how far write-back errors of the lower superblock were reported
 * @lower_dev: I: the st_dev of LOWERDIR
 * @devices: A: our number for each other st_dev below: device.c
 *
 * I: set before the mount is visible, never changed; A: atomic.
 */
struct hf_super {
	struct vfsmount *lower_mnt;
	struct dentry *lower_root;
	const struct cred *cred;
	struct hf_lock_domain *domain;
	enum hf_fairness fairness;
	enum hf_delegations delegations;
	siphash_key_t key;
	struct list_head keys;
	u64 fsid;
	fmode_t file_mode;
	bool opens_late;
	bool in_memory;
	struct hf_lower_ops *lower_ops;
	errseq_t wb_err;
	dev_t lower_dev;
	struct xarray devices;
};

#define HF_LEARNED_MODES	(FMODE_CAN_ODIRECT | FMODE_NOWAIT)
#define HF_MODES_KNOWN		FMODE_OPENED

/**
 * struct hf_inode - an upper inode
 * @vfs: what the VFS sees
 * @lower_dir: I: of a directory, its lower dentry, of which there is only one;
 *	a reference.  NULL for others: a reference to one of their names would
 *	keep an unlink from leaving a negative dentry, see hf_lower_get().
 * @lower_inode: I: the lower inode; held by @lower_dir, or a reference
 * @hidden: I: what the copy of the mode lacks, see flags.c
 * @lock: the lock manager's part
 * @lease: that of leases, layouts and pins
 * @late_begun: A: how many late opens (late.c) of it there have been
 * @late_ended: A: how many of these are over
 * @written: A: was there a writer since the last time that the last one to go
 *	was closed below?
 */
struct hf_inode {
	struct inode vfs;
	struct dentry *lower_dir;
	struct inode *lower_inode;
	umode_t hidden;
	struct hf_lock_inode lock;
	struct hf_lease_inode lease;
	atomic_t late_begun, late_ended;
	bool written;
};

static inline struct hf_super *hf_super(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct hf_inode *hf_inode(const struct inode *inode)
{
	return container_of(inode, struct hf_inode, vfs);
}

static inline struct inode *hf_lower_inode(const struct inode *inode)
{
	return hf_inode(inode)->lower_inode;
}

static inline struct dentry *hf_lower_dir(const struct inode *dir)
{
	return hf_inode(dir)->lower_dir;
}

static inline struct mnt_idmap *hf_lower_idmap(const struct super_block *sb)
{
	return mnt_idmap(hf_super(sb)->lower_mnt);
}

static inline void hf_drop_write(const struct super_block *sb)
{
	mnt_drop_write(hf_super(sb)->lower_mnt);
}

/*
 * Of mount -o sync and dirsync; chattr +S and +D the lower filesystem sees to.
 * (A remount changes the first.)
 */
static inline bool hf_is_sync(const struct inode *inode)
{
	return READ_ONCE(inode->i_sb->s_flags) & SB_SYNCHRONOUS;
}

static inline bool hf_is_dirsync(const struct inode *dir)
{
	return READ_ONCE(dir->i_sb->s_flags) & (SB_SYNCHRONOUS | SB_DIRSYNC);
}

/* The mode as the VFS is to see it above. */
static inline umode_t hf_mode(const struct inode *inode)
{
	return READ_ONCE(hf_lower_inode(inode)->i_mode) &
	       ~hf_inode(inode)->hidden;
}

/* module.c */
extern struct file_system_type hf_fs_type;

/* context.c */
extern const struct fs_parameter_spec hf_parameters[];
int hf_init_fs_context(struct fs_context *fc);

/* super.c */
struct hf_super *hf_super_alloc(const struct path *lower);
void hf_super_free(struct hf_super *hs);
int hf_fill_super(struct super_block *sb, enum hf_fairness fairness);
void hf_kill_sb(struct super_block *sb);
bool hf_super_same(struct super_block *sb, const struct hf_super *wanted,
		   bool *overlap);
const char *hf_fairness_name(enum hf_fairness fairness);
const char *hf_delegations_name(enum hf_delegations delegations);

/* inode.c */
int hf_inode_init(void);
void hf_inode_exit(void);
struct inode *hf_inode_alloc(struct super_block *sb);
void hf_inode_free(struct inode *inode);
void hf_inode_destroy(struct inode *inode);
struct inode *hf_iget(struct super_block *sb, struct dentry *lower);
struct inode *hf_iget_new(struct super_block *sb, struct dentry *lower);
struct inode *hf_ilookup(struct super_block *sb, const struct inode *lower);

/* attr.c */
void hf_refresh(struct inode *inode);
struct dentry *hf_lower_get_write(struct dentry *dentry);
void hf_lower_put_write(struct dentry *dentry, struct dentry *lower);
int hf_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);
int hf_getattr(struct mnt_idmap *idmap, const struct path *path,
	       struct kstat *stat, u32 request_mask, unsigned int flags);
int hf_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct iattr *attr);
int hf_update_time(struct inode *inode, int flags);
int hf_fileattr_get(struct dentry *dentry, struct fileattr *fa);
int hf_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct fileattr *fa);

/* Of the lower inode's flags, those that change what the VFS does above. */
#define HF_COPIED_FLAGS	(S_SYNC | S_DIRSYNC | S_IMMUTABLE | S_APPEND | S_DEAD)

/* 0 if what decides who may do what is equal. */
static inline u32 hf_access_differs(const struct inode *inode,
				    const struct inode *lower)
{
	u32 differs = inode->i_mode ^ hf_mode(inode);

	differs |= __kuid_val(inode->i_uid) ^ __kuid_val(lower->i_uid);
	differs |= __kgid_val(inode->i_gid) ^ __kgid_val(lower->i_gid);
	differs |= inode->i_nlink ^ lower->i_nlink;
	differs |= (inode->i_flags ^ lower->i_flags) & HF_COPIED_FLAGS;
	return differs;
}

/*
 * After a path walk the VFS itself looks at that: the owner, for sticky
 * directories and for what only an owner may do; immutable and append-only;
 * whether a name is left.  Sizes and times it asks for.
 */
static inline void hf_refresh_access(struct inode *inode)
{
	if (unlikely(hf_access_differs(inode, hf_lower_inode(inode))))
		hf_refresh(inode);
}

/*
 * After a read or a write nobody above looks at more than the size (nfsd does,
 * for the end of the file) before there is another lookup or open.
 */
static inline void hf_refresh_size(struct inode *inode)
{
	if (unlikely(i_size_read(inode) !=
		     i_size_read(hf_lower_inode(inode))))
		hf_refresh(inode);
}

/* xattr.c */
extern const struct xattr_handler * const hf_xattr_handlers[];
ssize_t hf_listxattr(struct dentry *dentry, char *list, size_t size);
struct posix_acl *hf_get_inode_acl(struct inode *inode, int type, bool rcu);
struct posix_acl *hf_get_acl(struct mnt_idmap *idmap, struct dentry *dentry,
			     int type);
int hf_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
	       struct posix_acl *acl, int type);

/* dentry.c */
extern const struct dentry_operations hf_dentry_operations;
void hf_dentry_give(struct dentry *dentry, struct dentry *lower,
		    struct inode *lower_dir, const struct qstr *name,
		    struct inode *lower_inode);
void hf_dentry_stamp(struct dentry *dentry, struct dentry *lower,
		     struct inode *lower_dir, const struct qstr *name,
		     struct inode *lower_inode);
void hf_dentry_clear(struct dentry *dentry);
void hf_dentry_moving(struct dentry *dentry);
struct dentry *hf_dentry_lower(struct dentry *dentry);
struct dentry *hf_dentry_take(struct dentry *dentry);
struct dentry *hf_lower_get(struct dentry *dentry);

/* thaw.c */
int hf_want_write(const struct super_block *sb);

/* dir.c */
extern const struct inode_operations hf_dir_inode_operations;
struct dentry *hf_lower_child(struct dentry *lower_dir, struct dentry *dentry);
int hf_changed_below(void);

/* tmpfile.c */
int hf_tmpfile(struct mnt_idmap *idmap, struct inode *dir, struct file *file,
	       umode_t mode);

/* rename.c */
int hf_rename(struct mnt_idmap *idmap, struct inode *old_dir,
	      struct dentry *old, struct inode *new_dir, struct dentry *new,
	      unsigned int flags);

/* late.c */
bool hf_opens_late(const struct super_block *lower);
int hf_hold_below(const struct file *file);
void hf_let_go_below(const struct file *file);
void hf_put_unused(struct file *lower);
struct file *hf_late_open(struct file *file, bool to_map);
int hf_late_wait(struct inode *inode, int *begun);
bool hf_late_begun(struct inode *inode, int begun);
void hf_close_unused(struct file *file);

/* symlink.c */
extern const struct inode_operations hf_symlink_inode_operations;

/* open.c */
struct file *hf_open_lower(struct file *file, unsigned int more_flags);
struct file *hf_lower_file(struct file *file);
struct file *hf_lower_file_to_map(struct file *file);
int hf_open(struct inode *inode, struct file *file);
int hf_release(struct inode *inode, struct file *file);

/* file.c */
extern const struct file_operations hf_file_operations;
extern const struct inode_operations hf_file_inode_operations;
int hf_fsync(struct file *file, loff_t start, loff_t end, int datasync);

/* copy.c */
ssize_t hf_copy_file_range(struct file *in, loff_t pos_in, struct file *out,
			   loff_t pos_out, size_t len, unsigned int flags);
loff_t hf_remap_file_range(struct file *in, loff_t pos_in, struct file *out,
			   loff_t pos_out, loff_t len, unsigned int flags);

/* fallocate.c */
long hf_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
long hf_fallocate_mapped(struct inode *inode, struct file *lower, int mode,
			 loff_t offset, loff_t len);

/* lower_ops.c */
const struct file_operations *hf_original_ops(const struct file *lower);
int hf_lower_ops_set(struct super_block *sb, struct file *lower);
void hf_lower_ops_free(struct hf_super *hs);

/* readdir.c */
extern const struct file_operations hf_dir_operations;

/* handle.c */
extern const struct export_operations hf_export_operations;
int hf_commit_metadata(struct inode *inode);

/* key.c */
int hf_key_load(struct super_block *sb);
void hf_key_drop(struct hf_super *hs);
u64 hf_key_sign(const struct hf_super *hs, const void *data, size_t len);

/* home.c */
enum hf_home {
	HF_HOME_NONE,		/* the attribute is not there */
	HF_HOME_HERE,
	HF_HOME_ELSEWHERE,
	HF_HOME_NEVER,		/* no file handles: nothing is looked at */
};

int hf_home_of(struct super_block *sb, enum hf_home *home);
int hf_home_write(struct super_block *sb);

/* device.c */
int hf_devices_init(struct hf_super *hs);
void hf_devices_free(struct hf_super *hs);
int hf_dev_of_other(struct super_block *sb, dev_t lower, dev_t *dev);
int hf_dev_learn(struct inode *inode, struct dentry *lower);

/* The st_dev above for one below; 0 or -errno.  @dev may be where @lower is from. */
static inline int hf_dev_of(struct super_block *sb, dev_t lower, dev_t *dev)
{
	if (unlikely(lower != hf_super(sb)->lower_dev))
		return hf_dev_of_other(sb, lower, dev);
	*dev = sb->s_dev;
	return 0;
}

/* flags.c */
bool hf_nosuid(const struct super_block *sb);
int hf_may_execute(const struct file *file);
bool hf_hides_caps(const struct super_block *sb, const char *name);
int hf_dir_changed(struct inode *dir, int err);
int hf_inode_changed(struct inode *inode, int err);

/* lock.c */
int hf_file_lock(struct file *file, int cmd, struct file_lock *fl);
int hf_file_flock(struct file *file, int cmd, struct file_lock *fl);

/* lease.c */
bool hf_refuse_lease(const struct file *file, int arg, bool delegation);
int hf_file_setlease(struct file *file, int arg, struct file_lease **lease,
		     void **priv);

/* ioctl.c */
long hf_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* HOLDFAST_EXPORT_H */
