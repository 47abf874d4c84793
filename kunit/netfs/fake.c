// SPDX-License-Identifier: GPL-2.0-only
/* The mount of one test, its file, and the end of whatever a test has left. */
#include <linux/backing-dev.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "fake.h"

const struct hf_netfs_limits fake_limits = {
	.rsize = FAKE_PIECE, .wsize = FAKE_PIECE, .subs = 64, .bytes = SZ_1M,
};

static struct fake *fake_of(struct super_block *sb)
{
	return sb->s_fs_info;
}

/* ------------------------------------------------------------------------- files */

static int file_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_CAN_ODIRECT;
	return 0;
}

static int file_fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	return file_write_and_wait_range(file, start, last);
}

static const struct file_operations file_operations = {
	.open = file_open,
	.llseek = generic_file_llseek,
	.read_iter = hf_netfs_read_iter,
	.write_iter = hf_netfs_write_iter,
	.mmap = hf_netfs_file_mmap,
	.fsync = file_fsync,
};

static const struct inode_operations file_inode_operations;

/* ----------------------------------------------------------- inodes, superblocks */

static struct inode *alloc_inode(struct super_block *sb)
{
	struct hf_netfs_inode *ni = kzalloc(sizeof(*ni), GFP_KERNEL);

	if (!ni)
		return NULL;
	hf_netfs_inode_init_once(ni);
	return &ni->vfs;
}

static void free_inode(struct inode *inode)
{
	kfree(hf_netfs_inode(inode));
}

static void evict_inode(struct inode *inode)
{
	hf_netfs_evict(inode);
	clear_inode(inode);
	if (S_ISREG(inode->i_mode))
		fake_of(inode->i_sb)->evicted++;
}

static const struct super_operations super_operations = {
	.alloc_inode = alloc_inode,
	.free_inode = free_inode,
	.evict_inode = evict_inode,
	.statfs = simple_statfs,
};

static struct inode *make_inode(struct fake *fake, struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = S_ISDIR(mode) ? 1 : 2;
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &simple_dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		inc_nlink(inode);
		return inode;
	}
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	inode->i_op = &file_inode_operations;
	inode->i_fop = &file_operations;
	if (hf_netfs_inode_init(hf_netfs_inode(inode), &fake->netfs, fake->inode_size)) {
		iput(inode);
		return NULL;
	}
	/* Of one that is not hashed an unmount drops what is dirty. */
	insert_inode_hash(inode);
	return inode;
}

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct fake *fake = fc->fs_private;
	int ret;

	sb->s_fs_info = fake;
	sb->s_op = &super_operations;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_blocksize = PAGE_SIZE;
	ret = super_setup_bdi(sb) ?:
	      hf_netfs_mount(&fake->netfs, sb, &fake_ops, &fake->limits);
	if (ret)
		return ret;
	/* A program's read asks for one folio at a time. */
	sb->s_bdi->ra_pages = 0;
	sb->s_root = d_make_root(make_inode(fake, sb, S_IFDIR | 0755));
	fake->dentry = sb->s_root ? d_alloc_name(sb->s_root, "file") : NULL;
	fake->inode = fake->dentry ? make_inode(fake, sb, S_IFREG | 0666) : NULL;
	if (fake->inode) {
		d_add(fake->dentry, fake->inode);
		return 0;
	}
	dput(fake->dentry);
	return -ENOMEM;
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, fill_super);
}

/* What kern_mount() is given is no text. */
static int take_data(struct fs_context *fc, void *data)
{
	fc->fs_private = data;
	return 0;
}

static const struct fs_context_operations context_operations = {
	.parse_monolithic = take_data,
	.get_tree = get_tree,
};

static int init_fs_context(struct fs_context *fc)
{
	fc->ops = &context_operations;
	return 0;
}

static void kill_sb(struct super_block *sb)
{
	struct fake *fake = fake_of(sb);

	kill_litter_super(sb);
	if (fake)
		hf_netfs_unmount(&fake->netfs);
}

static struct file_system_type type = {
	.owner = THIS_MODULE,
	.name = "hf_kunit_netfs",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_sb,
};

/* ----------------------------------------------------------------- begin and end */

void fake_open(struct fake *fake, unsigned int nr, int flags)
{
	struct path path = { .mnt = fake->mnt, .dentry = fake->dentry };
	struct file *file = dentry_open(&path, flags | O_LARGEFILE, current_cred());

	KUNIT_ASSERT_NOT_ERR_OR_NULL(fake->test, file);
	fake->file[nr] = file;
}

/* At once: a thread of the kernel's would close it later. */
void fake_close(struct fake *fake, unsigned int nr)
{
	if (fake->file[nr])
		__fput_sync(fake->file[nr]);
	fake->file[nr] = NULL;
}

void fake_forget(struct fake *fake)
{
	struct dentry *dentry = fake->dentry;

	remove_inode_hash(fake->inode);
	fake->dentry = NULL;
	fake->inode = NULL;
	d_drop(dentry);
	dput(dentry);
}

void fake_unmount(struct fake *fake)
{
	struct vfsmount *mnt = fake->mnt;

	fake->mnt = NULL;
	fake->dentry = NULL;
	fake->inode = NULL;
	if (mnt)
		kern_unmount(mnt);
}

struct fake *fake_mount_with(struct kunit *test, loff_t size,
			     const struct hf_netfs_limits *limits)
{
	struct fake *fake = vzalloc(sizeof(*fake));

	KUNIT_ASSERT_NOT_NULL(test, fake);
	test->priv = fake;
	fake->test = test;
	fake->limits = *limits;
	fake->inode_size = size;
	fake->most = U32_MAX;
	spin_lock_init(&fake->lock);
	init_waitqueue_head(&fake->wait);
	fake->store = vzalloc(FAKE_STORE);
	KUNIT_ASSERT_NOT_NULL(test, fake->store);
	fake_paint(fake, 0, size, SERVER);
	fake->mnt = vfs_kern_mount(&type, SB_KERNMOUNT, type.name, fake);
	if (IS_ERR(fake->mnt)) {
		fake->mnt = NULL;
		KUNIT_FAIL_AND_ABORT(test, "not mounted");
	}
	fake_open(fake, 0, O_RDWR);
	return fake;
}

struct fake *fake_mount(struct kunit *test, loff_t size)
{
	return fake_mount_with(test, size, &fake_limits);
}

/* What the test has left is answered; of one that has failed, what waits ends as well. */
static void answer_all(struct fake *fake)
{
	spin_lock(&fake->lock);
	fake->issue_error = 0;
	fake->automatic = true;
	spin_unlock(&fake->lock);
	WRITE_ONCE(fake->gate, false);
	wake_up(&fake->wait);
	fake_serve_all(fake);
	if (fake->test->status == KUNIT_FAILURE && fake->netfs.sysfs)
		hf_netfs_abort(&fake->netfs, -EIO);
}

static void let_go(struct fake *fake)
{
	unsigned int i;

	answer_all(fake);
	for (i = 0; i < fake->tasks; i++) {
		struct doing *doing = &fake->doing[i];

		if (doing->task) {
			wait_for_completion(&doing->done);
			put_task_struct(doing->task);
		}
		vfree(doing->buffer);
	}
	for (i = 0; i < FAKE_FILES; i++)
		fake_close(fake, i);
	fake_unmount(fake);
}

void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;
	unsigned int i;

	if (!fake)
		return;
	let_go(fake);
	for (i = 0; i < fake->calls; i++) {
		flush_work(&fake->call[i].work);
		irq_work_sync(&fake->call[i].irq);
	}
	KUNIT_EXPECT_EQ(test, fake->begun, fake->ended);
	KUNIT_EXPECT_EQ(test, fake->in_flight, 0);
	KUNIT_EXPECT_EQ(test, fake->netfs.credits.used, 0ULL);
	KUNIT_EXPECT_EQ(test, fake->netfs.credits.reads + fake->netfs.credits.writes, 0U);
	KUNIT_EXPECT_NULL(test, fake->netfs.credits.read_line.first);
	KUNIT_EXPECT_NULL(test, fake->netfs.credits.write_line.first);
	KUNIT_EXPECT_FALSE(test, fake->full);
	/* Inodes are freed by functions of this file. */
	rcu_barrier();
	vfree(fake->store);
	vfree(fake);
	test->priv = NULL;
}
