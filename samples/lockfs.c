// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockfs: the smallest filesystem whose locks, leases and layouts are holdfast's.
 *
 *	mount -t lockfs none /mnt
 *
 * has one file, /mnt/file, that lives in memory.  The lines that a filesystem
 * adds to use the lock manager are marked with their number in
 * Documentation/filesystem-authors.md.
 */
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include <holdfast/lease.h>
#include <holdfast/lock.h>

struct sample_inode {
	struct hf_lock_inode locks;		/* 1 */
	struct hf_lease_inode leases;		/* 7 */
	struct inode vfs;
};

static struct kmem_cache *inode_cache;

static struct sample_inode *sample(struct inode *inode)
{
	return container_of(inode, struct sample_inode, vfs);
}

static struct hf_lease_inode *leases(struct inode *inode)
{
	return &sample(inode)->leases;
}

static struct hf_lock_domain *domain(struct file *file)
{
	return file_inode(file)->i_sb->s_fs_info;
}

static int sample_lock(struct file *file, int cmd, struct file_lock *fl)
{
	return hf_lock(domain(file), &sample(file_inode(file))->locks,
		       file, cmd, fl);		/* 3 */
}

static int sample_flock(struct file *file, int cmd, struct file_lock *fl)
{
	return hf_flock(domain(file), &sample(file_inode(file))->locks,
			file, cmd, fl);		/* 3 */
}

static int sample_setlease(struct file *file, int arg,
			   struct file_lease **lease, void **priv)
{
	return hf_setlease(leases(file_inode(file)), file, arg, lease,
			   priv);		/* 8 */
}

static long sample_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return hf_layout_ioctl(leases(file_inode(file)), file, cmd, arg); /* 8 */
}

static int sample_open(struct inode *inode, struct file *file)
{
	hf_lease_opened(leases(inode));		/* 9 */
	return 0;
}

static int sample_release(struct inode *inode, struct file *file)
{
	hf_lease_release(leases(inode), file);	/* 9 */
	return 0;
}

/*
 * Whether blocks go is known for sure, since i_rwsem is held.  It is not during
 * a wait; afterwards the file may be even shorter, which is no harm.
 */
static int sample_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			  struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct file *file = attr->ia_valid & ATTR_FILE ? attr->ia_file : NULL;
	struct hf_change change;
	int ret;

	if (!(attr->ia_valid & ATTR_SIZE) || attr->ia_size >= i_size_read(inode))
		return simple_setattr(idmap, dentry, attr);

	ret = hf_change_begin(leases(inode), &change, file, attr->ia_size,
			      OFFSET_MAX, inode);	/* 10 */
	if (ret < 0)
		return ret;
	ret = simple_setattr(idmap, dentry, attr);
	hf_change_end(&change);			/* 10 */
	return ret;
}

static const struct inode_operations file_inode_operations = {
	.setattr = sample_setattr,
};

static const struct file_operations file_operations = {
	.open = sample_open,
	.release = sample_release,
	.llseek = generic_file_llseek,
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = noop_fsync,
	.unlocked_ioctl = sample_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.lock = sample_lock,
	.flock = sample_flock,
	.setlease = sample_setlease,
};

/* Directories have both as well: a lock on one must not go to fs/locks.c. */
static const struct file_operations dir_operations = {
	.open = dcache_dir_open,
	.release = dcache_dir_close,
	.llseek = dcache_dir_lseek,
	.read = generic_read_dir,
	.iterate_shared = dcache_readdir,
	.fsync = noop_fsync,
	.lock = sample_lock,
	.flock = sample_flock,
};

static void init_once(void *p)
{
	struct sample_inode *si = p;

	inode_init_once(&si->vfs);
	hf_lease_inode_init(&si->leases);	/* 7 */
}

static struct inode *alloc_inode(struct super_block *sb)
{
	struct sample_inode *si = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	if (!si)
		return NULL;
	si->locks = (struct hf_lock_inode) {};	/* 1 */
	return &si->vfs;
}

static void free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, sample(inode));
}

static void evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	hf_lock_evict(&sample(inode)->locks);	/* 4 */
	hf_lease_evict(&sample(inode)->leases);	/* 11 */
}

static const struct super_operations super_operations = {
	.alloc_inode = alloc_inode,
	.free_inode = free_inode,
	.evict_inode = evict_inode,
	.statfs = simple_statfs,
	/* Nothing is kept in the cache for later; in particular no table. */
	.drop_inode = generic_delete_inode,
};

static struct inode *make_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &simple_dir_inode_operations;
		inode->i_fop = &dir_operations;
		inc_nlink(inode);
	} else {
		inode->i_op = &file_inode_operations;
		inode->i_fop = &file_operations;
		inode->i_mapping->a_ops = &ram_aops;
		mapping_set_unevictable(inode->i_mapping);
	}
	return inode;
}

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct hf_lock_domain *made = hf_lock_domain_create(HF_FAIR_BOUNDED, NULL);
	struct dentry *dentry;
	struct inode *inode;

	if (IS_ERR(made))
		return PTR_ERR(made);
	sb->s_fs_info = made;			/* 2; put in kill_sb */
	sb->s_op = &super_operations;
	sb->s_magic = 0x6c6f636b;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;

	inode = make_inode(sb, S_IFDIR | 0755);
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;
	dentry = d_alloc_name(sb->s_root, "file");
	if (!dentry)
		return -ENOMEM;
	inode = make_inode(sb, S_IFREG | 0666);
	if (!inode) {
		dput(dentry);
		return -ENOMEM;
	}
	d_add(dentry, inode);
	return 0;
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, fill_super);
}

static const struct fs_context_operations context_operations = {
	.get_tree = get_tree,
};

static int init_fs_context(struct fs_context *fc)
{
	fc->ops = &context_operations;
	return 0;
}

static void kill_sb(struct super_block *sb)
{
	struct hf_lock_domain *made = sb->s_fs_info;

	kill_litter_super(sb);
	hf_lock_domain_put(made);		/* 5: every inode is evicted */
}

static struct file_system_type type = {
	.owner = THIS_MODULE,
	.name = "lockfs",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_sb,
};

static int __init lockfs_init(void)
{
	int ret;

	inode_cache = kmem_cache_create("lockfs_inode",
					sizeof(struct sample_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					init_once);
	if (!inode_cache)
		return -ENOMEM;
	ret = register_filesystem(&type);
	if (ret)
		kmem_cache_destroy(inode_cache);
	return ret;
}

static void __exit lockfs_exit(void)
{
	unregister_filesystem(&type);
	rcu_barrier();			/* inodes are freed by RCU */
	kmem_cache_destroy(inode_cache);
}

module_init(lockfs_init);
module_exit(lockfs_exit);
MODULE_ALIAS_FS("lockfs");
MODULE_DESCRIPTION("sample: a filesystem with holdfast locks and leases");
MODULE_LICENSE("GPL");
