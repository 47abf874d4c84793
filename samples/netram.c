// SPDX-License-Identifier: GPL-2.0-only
/*
 * netram: the smallest network filesystem on holdfast's request layer.
 *
 *	mount -t netram none /mnt
 *
 * has one file, /mnt/file.  Its server is a file in memory, which answers each request
 * after @delay ms, in any order, with @most bytes at the most.  Each mount is another
 * client of the one server: who opens sees what others have written and closed.  The
 * lines that a filesystem adds to use the layer are marked with their number in
 * Documentation/filesystem-authors.md.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <holdfast/netfs.h>

static unsigned int delay = 1;
module_param(delay, uint, 0644);
MODULE_PARM_DESC(delay, "ms until an answer");
static unsigned int most = UINT_MAX;
module_param(most, uint, 0644);
MODULE_PARM_DESC(most, "bytes of an answer at the most, 1 or more");

/* The server. */
static struct file *store;
static atomic64_t version = ATOMIC64_INIT(1);
static struct workqueue_struct *answers;

/* A mount: a client. */
struct client {
	struct hf_netfs_mount netfs;			/* 1 */
	bool dead;
};

struct sample_inode {
	struct hf_netfs_inode netfs;			/* 2: first */
	s64 version;
};

struct message {
	struct delayed_work work;
	struct hf_netfs_sub *sub;
};

static struct kmem_cache *inode_cache;
static mempool_t *messages;

static struct sample_inode *sample(struct inode *inode)
{
	return container_of(hf_netfs_inode(inode), struct sample_inode, netfs);
}

static struct client *client_of(struct inode *inode)
{
	return inode->i_sb->s_fs_info;
}

/* ---------------------------------------------------------------- requests */

static int begin(struct hf_netfs_req *req, struct file *file)
{
	req->priv = client_of(&req->ni->vfs);		/* 4 */
	return 0;
}

static void end(struct hf_netfs_req *req)
{
	req->priv = NULL;				/* 8 */
}

/* What the server does; the size is its file's. */
static ssize_t serve(struct hf_netfs_sub *sub)
{
	loff_t pos = hf_netfs_sub_pos(sub);
	struct iov_iter part = sub->iter;

	iov_iter_truncate(&part, max(READ_ONCE(most), 1));
	if (iov_iter_rw(&part) == ITER_DEST)
		return vfs_iter_read(store, &part, &pos, 0);
	atomic64_inc(&version);
	return vfs_iter_write(store, &part, &pos, 0);
}

static void answer(struct work_struct *work)
{
	struct message *message = container_of(work, struct message, work.work);
	struct hf_netfs_sub *sub = message->sub;
	struct client *client = sub->req->priv;
	ssize_t ret = READ_ONCE(client->dead) ? -EIO : serve(sub);

	mempool_free(message, messages);
	hf_netfs_sub_done(sub, max(ret, 0), min(ret, 0), 0);	/* 6 */
}

/* Never fails for want of memory: write-back frees some. */
static int issue(struct hf_netfs_sub *sub)
{
	struct message *message = mempool_alloc(messages, GFP_NOFS);

	message->sub = sub;
	INIT_DELAYED_WORK(&message->work, answer);
	queue_delayed_work(answers, &message->work,
			   msecs_to_jiffies(READ_ONCE(delay)));	/* 5 */
	return 0;
}

/* An answer comes in any case, and soon: there is nothing to hurry. */
static void cancel(struct hf_netfs_sub *sub)
{
}							/* 7 */

static int revalidate(struct inode *inode, struct file *file)
{
	struct rl_sample before = hf_netfs_sample(inode);	/* 9 */
	s64 now = atomic64_read(&version);
	loff_t size = i_size_read(file_inode(store));

	if (READ_ONCE(client_of(inode)->dead))
		return -EIO;
	/* Somebody has written, perhaps we; what is cached may be from before. */
	if (sample(inode)->version != now && !hf_netfs_dirty(inode)) {
		hf_netfs_drop(inode, 0);
		sample(inode)->version = now;
	}
	hf_netfs_attributes(inode, before, size);
	return 0;
}

static int resize(struct inode *inode, loff_t size, void *data)
{
	if (READ_ONCE(client_of(inode)->dead))
		return -EIO;
	atomic64_inc(&version);
	return vfs_truncate(&store->f_path, size);	/* 10 */
}

static void abort_mount(struct super_block *sb)
{
	struct client *client = sb->s_fs_info;

	WRITE_ONCE(client->dead, true);			/* 11 */
}

static const struct hf_netfs_ops netfs_ops = {
	.begin = begin,
	.issue = issue,
	.cancel = cancel,
	.end = end,
	.revalidate = revalidate,
	.resize = resize,
	.abort = abort_mount,
};

/* ------------------------------------------------------------------- files */

static int sample_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_CAN_ODIRECT;
	return revalidate(inode, file);
}

/* Who closes is told what became of his writes; who opens then sees them. */
static int sample_flush(struct file *file, fl_owner_t id)
{
	return file->f_mode & FMODE_WRITE ? vfs_fsync(file, 0) : 0;
}

static int sample_fsync(struct file *file, loff_t start, loff_t last, int datasync)
{
	return file_write_and_wait_range(file, start, last);
}

static const struct file_operations file_operations = {
	.open = sample_open,
	.flush = sample_flush,
	.llseek = generic_file_llseek,
	.read_iter = hf_netfs_read_iter,		/* 12 */
	.write_iter = hf_netfs_write_iter,
	.mmap = hf_netfs_file_mmap,
	.splice_read = filemap_splice_read,
	.splice_write = iter_file_splice_write,
	.fsync = sample_fsync,
};

static int sample_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int ret = setattr_prepare(idmap, dentry, attr);

	if (!ret && attr->ia_valid & ATTR_SIZE)
		ret = hf_netfs_resize(inode, attr->ia_size, NULL);	/* 10 */
	if (!ret)
		setattr_copy(idmap, inode, attr);
	return ret;
}

static int sample_getattr(struct mnt_idmap *idmap, const struct path *path,
			  struct kstat *stat, u32 mask, unsigned int flags)
{
	int ret = revalidate(d_inode(path->dentry), NULL);

	return ret ?: simple_getattr(idmap, path, stat, mask, flags);
}

static const struct inode_operations file_inode_operations = {
	.setattr = sample_setattr,
	.getattr = sample_getattr,
};

/* ------------------------------------------------------- inodes, superblocks */

static void init_once(void *p)
{
	hf_netfs_inode_init_once(&((struct sample_inode *)p)->netfs);	/* 2 */
}

static struct inode *alloc_inode(struct super_block *sb)
{
	struct sample_inode *si = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	return si ? &si->netfs.vfs : NULL;
}

static void free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, sample(inode));
}

static void evict_inode(struct inode *inode)
{
	hf_netfs_evict(inode);				/* 3 */
	clear_inode(inode);
}

static void umount_begin(struct super_block *sb)
{
	struct client *client = sb->s_fs_info;

	hf_netfs_abort(&client->netfs, -EIO);		/* 11 */
}

static const struct super_operations super_operations = {
	.alloc_inode = alloc_inode,
	.free_inode = free_inode,
	.evict_inode = evict_inode,
	.umount_begin = umount_begin,
	.statfs = simple_statfs,
};

static struct inode *make_inode(struct super_block *sb, umode_t mode)
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
	sample(inode)->version = atomic64_read(&version);
	hf_netfs_inode_init(&sample(inode)->netfs, &client_of(inode)->netfs,
			    i_size_read(file_inode(store)));	/* 2 */
	/* Of one that is not hashed an unmount drops what is dirty. */
	insert_inode_hash(inode);
	return inode;
}

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	static const struct hf_netfs_limits limits = {
		.rsize = SZ_64K, .wsize = SZ_64K, .subs = 32, .bytes = SZ_1M,
	};
	struct client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	struct dentry *dentry;
	struct inode *inode;
	int ret;

	if (!client)
		return -ENOMEM;
	sb->s_fs_info = client;				/* freed in kill_sb */
	sb->s_op = &super_operations;
	sb->s_magic = 0x6e65744d;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize_bits = 9;
	sb->s_blocksize = 512;
	ret = super_setup_bdi(sb) ?:
	      hf_netfs_mount(&client->netfs, sb, &netfs_ops, &limits);	/* 1 */
	if (ret)
		return ret;
	sb->s_bdi->ra_pages = 4 * limits.rsize >> PAGE_SHIFT;

	sb->s_root = d_make_root(make_inode(sb, S_IFDIR | 0755));
	dentry = sb->s_root ? d_alloc_name(sb->s_root, "file") : NULL;
	inode = dentry ? make_inode(sb, S_IFREG | 0666) : NULL;
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
	struct client *client = sb->s_fs_info;

	kill_litter_super(sb);
	if (client)
		hf_netfs_unmount(&client->netfs);	/* 1 */
	kfree(client);
}

static struct file_system_type type = {
	.owner = THIS_MODULE,
	.name = "netram",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_sb,
};

static void release_all(void)
{
	if (answers)
		destroy_workqueue(answers);
	mempool_destroy(messages);
	rcu_barrier();			/* inodes are freed by RCU */
	kmem_cache_destroy(inode_cache);
	if (!IS_ERR(store))
		fput(store);
}

static int __init netram_init(void)
{
	int ret = -ENOMEM;

	store = shmem_file_setup("netram", 0, VM_NORESERVE);
	answers = alloc_workqueue("netram", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	messages = mempool_create_kmalloc_pool(8, sizeof(struct message));
	inode_cache = kmem_cache_create("netram_inode", sizeof(struct sample_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	if (!IS_ERR(store) && answers && messages && inode_cache)
		ret = register_filesystem(&type);
	if (ret)
		release_all();
	return ret;
}

static void __exit netram_exit(void)
{
	unregister_filesystem(&type);
	release_all();
}

module_init(netram_init);
module_exit(netram_exit);
MODULE_ALIAS_FS("netram");
MODULE_DESCRIPTION("sample: a network filesystem on holdfast's request layer");
MODULE_LICENSE("GPL");
