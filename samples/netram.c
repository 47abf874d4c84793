// SPDX-License-Identifier: GPL-2.0-only
/*
 * netram: the smallest network filesystem on holdfast's request layer.
 *
 *	touch /mnt/file; mount -t netram none /mnt/file
 *
 * is one file.  Its server is another in memory, which answers each request after
 * @delay ms, in any order, with @most bytes at the most.  Each mount is another client
 * of it: who opens sees what others have written and closed.  The lines that a
 * filesystem adds to use the layer are marked with their number in
 * Documentation/filesystem-authors.md.
 */
#include <linux/backing-dev.h>
#include <linux/delay.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <holdfast/netfs.h>

static unsigned int delay = 1, most = UINT_MAX;
module_param(delay, uint, 0644);
module_param(most, uint, 0644);

/* The server. */
static struct file *store;
static struct workqueue_struct *answers;

/* A mount: a client. */
struct client {
	struct hf_netfs_mount netfs;			/* 1 */
	bool dead;
};

static struct kmem_cache *inode_cache;			/* 2 */

static struct client *client_of(struct super_block *sb)
{
	return sb->s_fs_info;
}

static int alive(struct inode *inode)
{
	return READ_ONCE(client_of(inode->i_sb)->dead) ? -EIO : 0;
}

static int begin(struct hf_netfs_req *req, struct file *file)
{
	req->priv = &req->ni->vfs;			/* 4 */
	return alive(req->priv);
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
	return vfs_iter_write(store, &part, &pos, 0);
}

static void answer(struct work_struct *work)
{
	struct hf_netfs_sub *sub = container_of(work, struct hf_netfs_sub, work);
	unsigned int nofs = memalloc_nofs_save();	/* else it may wait for itself */
	ssize_t ret;

	msleep(READ_ONCE(delay));
	ret = alive(sub->req->priv) ?: serve(sub);
	hf_netfs_sub_done(sub, max(ret, 0), min(ret, 0), 0);	/* 6 */
	memalloc_nofs_restore(nofs);
}

/* Without memory: write-back frees some. */
static int issue(struct hf_netfs_sub *sub)
{
	INIT_WORK(&sub->work, answer);
	queue_work(answers, &sub->work);		/* 5 */
	return 0;
}

/* An answer comes in any case, and soon: there is nothing to hurry. */
static void cancel(struct hf_netfs_sub *sub) { }		/* 7 */

static int revalidate(struct inode *inode, struct file *file)
{
	struct rl_sample before = hf_netfs_sample(inode);	/* 9 */

	hf_netfs_attributes(inode, before, i_size_read(file_inode(store)));
	return alive(inode);
}

struct resizing {
	struct work_struct work;
	struct completion done;
	loff_t size;
	int ret;
};

static void resize_store(struct work_struct *work)
{
	struct resizing *r = container_of(work, struct resizing, work);

	r->ret = vfs_truncate(&store->f_path, r->size);
	complete(&r->done);
}

/* The server's locks are another thread's, as on another machine, not under the client's. */
static int resize(struct inode *inode, loff_t size, void *data)
{
	struct resizing r = { .size = size, .ret = alive(inode) };	/* 10 */

	if (r.ret)
		return r.ret;
	init_completion(&r.done);
	INIT_WORK_ONSTACK(&r.work, resize_store);
	queue_work(answers, &r.work);
	wait_for_completion(&r.done);
	destroy_work_on_stack(&r.work);
	return r.ret;
}

static void abort_mount(struct super_block *sb)
{
	WRITE_ONCE(client_of(sb)->dead, true);		/* 11 */
}

static const struct hf_netfs_ops netfs_ops = {
	.begin = begin, .issue = issue, .cancel = cancel, .end = end,
	.revalidate = revalidate, .resize = resize, .abort = abort_mount,
};

/* What is cached may be from before. */
static int sample_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_CAN_ODIRECT;
	hf_netfs_drop(inode, 0);
	return revalidate(inode, file);
}

/* Who closes is told what became of his writes. */
static int sample_flush(struct file *file, fl_owner_t id)
{
	return vfs_fsync(file, 0);
}

static const struct file_operations file_operations = {
	.open = sample_open,
	.flush = sample_flush,
	.llseek = generic_file_llseek,
	.read_iter = hf_netfs_read_iter,		/* 12 */
	.write_iter = hf_netfs_write_iter,
	.mmap = hf_netfs_file_mmap,
	.splice_read = hf_netfs_splice_read,
	.splice_write = iter_file_splice_write,
	.fsync = hf_netfs_fsync,
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

static const struct inode_operations file_inode_operations = { .setattr = sample_setattr };

static void init_once(void *p)
{
	hf_netfs_inode_init_once(p);			/* 2 */
}

static struct inode *alloc_inode(struct super_block *sb)
{
	struct hf_netfs_inode *ni = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	return ni ? &ni->vfs : NULL;
}

static void free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, hf_netfs_inode(inode));
}

static void evict_inode(struct inode *inode)
{
	hf_netfs_evict(inode);				/* 3 */
	clear_inode(inode);
}

static void put_super(struct super_block *sb)
{
	hf_netfs_unmount(&client_of(sb)->netfs);	/* 1 */
}

static void umount_begin(struct super_block *sb)
{
	hf_netfs_abort(&client_of(sb)->netfs, -EIO);	/* 11 */
}

static const struct super_operations super_operations = {
	.alloc_inode = alloc_inode, .free_inode = free_inode, .evict_inode = evict_inode,
	.put_super = put_super, .umount_begin = umount_begin,
	.statfs = simple_statfs,
};

static struct inode *make_file(struct super_block *sb)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = 1;
	inode->i_mode = S_IFREG | 0666;
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	inode->i_op = &file_inode_operations;
	inode->i_fop = &file_operations;
	simple_inode_init_ts(inode);
	insert_inode_hash(inode);			/* or nobody writes it back */
	hf_netfs_inode_init(hf_netfs_inode(inode), &client_of(sb)->netfs,
			    i_size_read(file_inode(store)));	/* 2 */
	return inode;
}

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	static const struct hf_netfs_limits limits = {
		.rsize = SZ_64K, .wsize = SZ_64K, .subs = 32, .bytes = SZ_1M,
	};
	struct client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	int ret;

	if (!client)
		return -ENOMEM;
	sb->s_fs_info = client;				/* freed in kill_sb */
	sb->s_op = &super_operations;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	ret = super_setup_bdi(sb) ?:
	      hf_netfs_mount(&client->netfs, sb, &netfs_ops, &limits);	/* 1 */
	if (ret)
		return ret;
	sb->s_bdi->ra_pages = 4 * limits.rsize >> PAGE_SHIFT;
	sb->s_bdi->capabilities |= BDI_CAP_STRICTLIMIT;	/* 1: the server is in this kernel */
	sb->s_root = d_make_root(make_file(sb));
	return sb->s_root ? 0 : -ENOMEM;
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, fill_super);
}

static const struct fs_context_operations context_operations = { .get_tree = get_tree };

static int init_fs_context(struct fs_context *fc)
{
	fc->ops = &context_operations;
	return 0;
}

static void kill_sb(struct super_block *sb)
{
	struct client *client = sb->s_fs_info;

	kill_anon_super(sb);
	if (client)
		hf_netfs_unmount(&client->netfs);	/* 1: of a mount that failed */
	kfree(client);
}

static struct file_system_type type = {
	.owner = THIS_MODULE, .name = "netram",
	.init_fs_context = init_fs_context, .kill_sb = kill_sb,
};

static void netram_exit(void)
{
	unregister_filesystem(&type);
	if (answers)
		destroy_workqueue(answers);
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
	inode_cache = kmem_cache_create("netram_inode", sizeof(struct hf_netfs_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	if (!IS_ERR(store) && answers && inode_cache)
		ret = register_filesystem(&type);
	if (ret)
		netram_exit();
	return ret;
}

module_init(netram_init);
module_exit(netram_exit);
MODULE_ALIAS_FS("netram");
MODULE_DESCRIPTION("sample: a network filesystem on holdfast's request layer");
MODULE_LICENSE("GPL");
