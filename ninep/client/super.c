// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock: owner of a mount's life.
 *
 * How it ends:
 * 1. generic_shutdown_super() drops dentries and inodes: no request is left, nor any
 *    fid but the users'; those that went are on their way to the server.  Then it calls
 *    put_super(), for the rest.
 * 2. No handshake with a server in this kernel begins any more: its work is cancelled.
 * 3. @session is taken away under @ending: nothing is sent any more, and no abort finds
 *    it.
 * 4. hf9c_session_close(): every call that somebody has left behind is over, and its fid
 *    put; nothing of ours is called back any more.  So the link to such a server can end.
 * 5. The users' fids are put.  The work that frees fids is flushed, and nobody queues it
 *    again.
 * 6. hf_netfs_unmount() lets go of the directory of a cache on disk, which no question is
 *    left of (4), and waits for who is writing to the abort file.  Its folder is named
 *    by the superblock's number, which is another's as soon as kill_anon_super() is over.
 *
 * Before all that: what killed processes have left at the server's lock table is given
 * back; a server that does not answer for 10 s is given up.
 *
 * A mount that is half built has no root, and put_super() is not called: hf9c_kill_sb()
 * does the same, and nothing if it is done.
 */
#include <linux/backing-dev.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include <holdfast/netfs_cache.h>

#include "cache.h"
#include "client.h"
#include "fid.h"
#include "localio.h"
#include "lock.h"
#include "remote.h"

/* Bytes in flight at the most. */
#define BYTES_MOST	(16 << 20)

enum np_dialect hf9c_dialect(const struct hf9c_super *hs)
{
	return hf9c_session_dialect(hs->session);
}

u32 hf9c_msize(const struct hf9c_super *hs)
{
	return hf9c_session_msize(hs->session);
}

/* hf_netfs_ops.abort */
void hf9c_super_abort(struct super_block *sb)
{
	struct hf9c_super *hs = hf9c_super(sb);

	WRITE_ONCE(hs->gone, true);
	mutex_lock(&hs->ending);
	if (hs->session)
		hf9c_abort(hs->session);
	mutex_unlock(&hs->ending);
}

/* The connection has ended. */
static void died(void *priv, int error)
{
	struct hf9c_super *hs = priv;

	WRITE_ONCE(hs->gone, true);
	/* Pairs with begin_requests(). */
	if (!smp_load_acquire(&hs->mounted))
		return;
	hf_netfs_cache_lost(&hs->netfs);
	hf_netfs_abort(&hs->netfs, -EIO);
}

/* ------------------------------------------------------------------------ beginning */

static struct socket *connect_to(struct fs_context *fc, const struct hf9c_options *opts)
{
	enum hf9c_family family = opts->trans == HF9C_TCP  ? HF9C_INET :
				  opts->trans == HF9C_UNIX ? HF9C_LOCAL : HF9C_VM;

	if (opts->trans == HF9C_FD)
		return hf9c_connect_file(opts->rfile);
	return hf9c_connect(fc->net_ns, family, fc->source, opts->port,
			    opts->timeo * MSEC_PER_SEC);
}

static int begin_session(struct fs_context *fc, struct hf9c_super *hs)
{
	const struct hf9c_options *opts = hs->opts;
	struct hf9c_session_options how = {
		.msize = opts->msize,
		.dialect = opts->version == HF9C_DOTL ? NP_DOTL : NP_HF1,
		.fall_back = opts->version == HF9C_ANY_VERSION,
		.soft = opts->soft, .timeo = opts->timeo * MSEC_PER_SEC,
		.died = died, .priv = hs,
	};
	struct hf9c_session *session;
	struct socket *sock;

	sock = connect_to(fc, opts);
	if (IS_ERR(sock)) {
		errorfc(fc, "cannot connect to '%s' (%ld)", fc->source ?: "fd",
			PTR_ERR(sock));
		return PTR_ERR(sock);
	}
	session = hf9c_session_open(sock, &how);
	if (IS_ERR(session)) {
		errorfc(fc, "'%s' agrees on no version (%ld)", fc->source ?: "fd",
			PTR_ERR(session));
		return PTR_ERR(session);
	}
	hs->session = session;
	if (hf9c_dialect(hs) != NP_HF1)
		return 0;
	return hf9c_remote_caps(hs, &hs->known);
}

static int begin_requests(struct super_block *sb)
{
	struct hf9c_super *hs = hf9c_super(sb);
	u32 msize = hf9c_msize(hs);
	unsigned int subs = hf9c_session_credits(hs->session);
	struct hf_netfs_limits limits = {
		.rsize = round_down(msize - NP_RREAD_HEAD, PAGE_SIZE),
		.wsize = round_down(msize - NP_TWRITE_HEAD, PAGE_SIZE),
		.subs = subs,
		.timeo = hs->opts->soft ? hs->opts->timeo * MSEC_PER_SEC : 0,
		.short_is_eof = hf9c_dialect(hs) == NP_HF1,
		.alone = hs->opts->cache == HF9C_LOOSE,
	};
	int err;

	limits.bytes = max_t(u64, min_t(u64, (u64)subs * msize, BYTES_MOST), msize);
	hs->rsize = limits.rsize;
	hs->wsize = limits.wsize;
	sb->s_bdi->ra_pages = max_t(unsigned long, sb->s_bdi->ra_pages,
				    4 * limits.rsize / PAGE_SIZE);
	sb->s_bdi->io_pages = limits.wsize / PAGE_SIZE;
	/* The server is on this machine, and may wait for the pages that it is to clean. */
	if (hs->opts->trans == HF9C_UNIX || hs->opts->trans == HF9C_FD)
		sb->s_bdi->capabilities |= BDI_CAP_STRICTLIMIT;
	err = hf_netfs_mount(&hs->netfs, sb, &hf9c_netfs_ops, &limits);
	if (err)
		return err;
	/* From here on died() sees to it; what died before it does not. */
	smp_store_release(&hs->mounted, true);
	return hf9c_session_error(hs->session) ? -EIO : 0;
}

static int make_root(struct fs_context *fc, struct super_block *sb)
{
	struct hf9c_super *hs = hf9c_super(sb);
	struct hf9c_sample sample;
	struct hf9c_fid *fid;
	struct np_attr attr;
	struct inode *root;
	int err;

	fid = hf9c_fid_root(hs);
	if (IS_ERR(fid)) {
		errorfc(fc, "the server lets nobody attach to '%s' (%ld)",
			hs->opts->aname ?: "", PTR_ERR(fid));
		return PTR_ERR(fid);
	}
	sample = hf9c_sample(sb, NULL);
	err = hf9c_remote_getattr(fid, &attr);
	if (!err)
		err = hf9c_local_begin(sb, fid);
	if (!err)
		err = hf9c_cache_begin(fc, sb, fid);
	hf9c_fid_put(fid);
	if (err)
		return err;
	root = hf9c_iget(sb, &attr, &sample);
	if (IS_ERR(root))
		return PTR_ERR(root);
	if (!S_ISDIR(root->i_mode)) {
		iput(root);
		errorfc(fc, "'%s' is not a directory", hs->opts->aname ?: "");
		return -ENOTDIR;
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct hf9c_fid *fid = hf9c_fid_of(dentry);
	struct np_rstatfs from;
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	err = hf9c_remote_statfs(fid, &from);
	hf9c_fid_put(fid);
	if (err)
		return err;
	buf->f_type = HF9C_SUPER_MAGIC;
	buf->f_bsize = from.bsize;
	buf->f_blocks = from.blocks;
	buf->f_bfree = from.bfree;
	buf->f_bavail = from.bavail;
	buf->f_files = from.files;
	buf->f_ffree = from.ffree;
	buf->f_fsid = u64_to_fsid(from.fsid);
	buf->f_namelen = min_t(u32, from.namelen, NP_NAME_MAX);
	return 0;
}

static int show_options(struct seq_file *m, struct dentry *root)
{
	hf9c_options_show(m, hf9c_super(root->d_sb));
	return 0;
}

static void umount_begin(struct super_block *sb)
{
	hf_netfs_abort(&hf9c_super(sb)->netfs, -EIO);
}

/* Steps 2 to 6, of which each does nothing a second time. */
static void end(struct hf9c_super *hs)
{
	struct hf9c_session *session;

	hf9c_local_end(hs);
	flush_delayed_work(&hs->clunk);
	mutex_lock(&hs->ending);
	session = hs->session;
	hs->session = NULL;
	mutex_unlock(&hs->ending);
	hf9c_session_close(session);
	hf9c_local_fini(hs);
	hf9c_users_free(hs);
	flush_delayed_work(&hs->clunk);
	hf_netfs_unmount(&hs->netfs);
}

static void put_super(struct super_block *sb)
{
	end(hf9c_super(sb));
}

static const struct super_operations super_operations = {
	.alloc_inode	= hf9c_inode_alloc,
	.free_inode	= hf9c_inode_free,
	.drop_inode	= hf9c_inode_drop,
	.evict_inode	= hf9c_inode_evict,
	.put_super	= put_super,
	.statfs		= statfs,
	.umount_begin	= umount_begin,
	.show_options	= show_options,
};

static struct hf9c_super *alloc_super(void)
{
	struct hf9c_super *hs = kzalloc(sizeof(*hs), GFP_KERNEL);

	if (!hs)
		return NULL;
	hs->doubted_at = jiffies - 1;
	ida_init(&hs->numbers);
	xa_init(&hs->users);
	mutex_init(&hs->sparing);
	spin_lock_init(&hs->fid_lock);
	mutex_init(&hs->ending);
	INIT_LIST_HEAD(&hs->paths);
	init_llist_head(&hs->clunking);
	get_random_bytes(&hs->lock_key, sizeof(hs->lock_key));
	INIT_DELAYED_WORK(&hs->clunk, hf9c_fids_clunk);
	INIT_DELAYED_WORK(&hs->hello, hf9c_local_again);
	hf_localio_client_init(&hs->localio, hs->name);
	return hs;
}

static int begin_locks(struct hf9c_super *hs)
{
	struct hf_lock_domain *locks;

	if (hs->opts->cache == HF9C_LOOSE)
		return 0;
	locks = hf_lock_domain_create(HF_FAIR_BOUNDED, &hf9c_lock_ops);
	if (IS_ERR(locks))
		return PTR_ERR(locks);
	hs->locks = locks;
	return 0;
}

static void end_locks(struct super_block *sb)
{
	struct hf9c_super *hs = hf9c_super(sb);

	if (hf_lock_domain_settle(hs->locks, 10 * HZ))
		return;
	hf9c_super_abort(sb);
	hf_lock_domain_settle(hs->locks, MAX_SCHEDULE_TIMEOUT);
}

/**
 * hf9c_fill_super - a new mount
 * @sb: its superblock
 * @fc: how; its options become the mount's
 *
 * Return: 0; or -errno, and hf9c_kill_sb() ends what there is of it.
 */
int hf9c_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct hf9c_super *hs = alloc_super();
	int err;

	if (!hs)
		return -ENOMEM;
	sb->s_fs_info = hs;
	hs->opts = fc->fs_private;
	fc->fs_private = NULL;
	hs->ac = hs->opts->ac * HZ;
	sb->s_magic = HF9C_SUPER_MAGIC;
	sb->s_op = &super_operations;
	sb->s_xattr = hf9c_xattr_handlers;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;
	sb->s_time_min = S64_MIN;
	sb->s_time_max = S64_MAX;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	if (hs->opts->cache != HF9C_LOOSE)
		sb->s_export_op = &hf9c_export_ops;
	if (hs->opts->access == HF9C_CLIENT)
		sb->s_flags |= SB_POSIXACL;
	sb->s_d_op = &hf9c_dentry_operations;
	err = begin_locks(hs);
	if (!err)
		err = super_setup_bdi(sb);
	if (!err)
		err = begin_session(fc, hs);
	if (!err)
		err = begin_requests(sb);
	return err ?: make_root(fc, sb);
}

/* Who unmounts, and waits for what is dirty where no signal is looked at. */
struct umounting {
	struct delayed_work watch;
	struct task_struct *task;
	struct super_block *sb;
};

static void watch_umount(struct work_struct *work)
{
	struct umounting *umounting = container_of(to_delayed_work(work), struct umounting,
						   watch);

	if (fatal_signal_pending(umounting->task))
		umount_begin(umounting->sb);
	else
		queue_delayed_work(hf9c_wq, &umounting->watch, HZ);
}

/* If he is killed what is not written is given up.  (What has ended by then is aborted, too.) */
static void kill_watched(struct super_block *sb)
{
	struct umounting umounting = { .task = current, .sb = sb };

	INIT_DELAYED_WORK_ONSTACK(&umounting.watch, watch_umount);
	if (sb->s_root)
		queue_delayed_work(hf9c_wq, &umounting.watch, HZ);
	kill_anon_super(sb);
	cancel_delayed_work_sync(&umounting.watch);
	destroy_delayed_work_on_stack(&umounting.watch);
}

/**
 * hf9c_kill_sb - ->kill_sb, of a mount that is complete or half built
 * @sb: the superblock
 */
void hf9c_kill_sb(struct super_block *sb)
{
	struct hf9c_super *hs = hf9c_super(sb);

	if (hs)
		end_locks(sb);
	kill_watched(sb);
	if (!hs)
		return;
	end(hs);
	hf_lock_domain_put(hs->locks);
	WARN_ON_ONCE(!ida_is_empty(&hs->numbers) || hs->nr_paths);
	ida_destroy(&hs->numbers);
	hf9c_options_free(hs->opts);
	kfree(hs);
}
