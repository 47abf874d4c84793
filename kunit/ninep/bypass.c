// SPDX-License-Identifier: GPL-2.0-only
/* See bypass.h. */
#include <linux/fs_context.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/percpu-rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bypass.h"

/* ------------------------------------------------------------- the server's file */

/* Cases run one after another; and what the file's operations were. */
static struct bypass *now_tested;
static const struct file_operations *real_fop;
static const struct inode_operations *real_iop;
static struct file_operations test_fop;
static struct inode_operations test_iop;

ssize_t bypass_do(struct kiocb *kiocb, struct iov_iter *iter)
{
	return iov_iter_rw(iter) == WRITE ? real_fop->write_iter(kiocb, iter) :
					    real_fop->read_iter(kiocb, iter);
}

ssize_t bypass_do_some(struct kiocb *kiocb, struct iov_iter *iter, size_t len)
{
	size_t rest = iov_iter_count(iter) - min(len, iov_iter_count(iter));
	ssize_t got;

	iov_iter_truncate(iter, len);
	got = bypass_do(kiocb, iter);
	iov_iter_reexpand(iter, iov_iter_count(iter) + rest);
	return got;
}

bool bypass_may_queue(struct bypass *bypass, struct kiocb *kiocb)
{
	KUNIT_EXPECT_FALSE(bypass->test, is_sync_kiocb(kiocb));
	return !is_sync_kiocb(kiocb);
}

static void note(struct asked *asked, const struct kiocb *kiocb, const struct iov_iter *iter)
{
	asked->by = current;
	asked->as_opener = current_cred() == kiocb->ki_filp->f_cred;
	asked->flags = kiocb->ki_flags;
	asked->pos = kiocb->ki_pos;
	asked->len = iov_iter_count(iter);
}

static ssize_t asked_for(struct kiocb *kiocb, struct iov_iter *iter)
{
	struct bypass *bypass = now_tested;
	int nr = atomic_inc_return(&bypass->times) - 1;

	if (nr < ARRAY_SIZE(bypass->asked))
		note(&bypass->asked[nr], kiocb, iter);
	return bypass->does ? bypass->does(bypass, kiocb, iter) : bypass_do(kiocb, iter);
}

static int getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		   u32 request_mask, unsigned int flags)
{
	int err = real_iop->getattr(idmap, path, stat, request_mask, flags);

	stat->result_mask |= STATX_DIOALIGN;
	stat->dio_mem_align = BYPASS_MEMORY;
	stat->dio_offset_align = BYPASS_OFFSET;
	return err;
}

static void give_operations_back(void *data)
{
	struct inode *inode = file_inode(((struct bypass *)data)->server->file);

	inode->i_fop = real_fop;
	inode->i_op = real_iop;
}

/* From its next open on: that of the test's own file was before. */
static void take_operations(struct bypass *bypass)
{
	struct inode *inode = file_inode(bypass->server->file);

	real_fop = inode->i_fop;
	real_iop = inode->i_op;
	test_fop = *real_fop;
	test_fop.read_iter = asked_for;
	test_fop.write_iter = asked_for;
	test_iop = *real_iop;
	test_iop.getattr = getattr;
	now_tested = bypass;
	inode->i_fop = &test_fop;
	inode->i_op = &test_iop;
	KUNIT_ASSERT_EQ(bypass->test,
			kunit_add_action_or_reset(bypass->test, give_operations_back, bypass), 0);
}

/* ------------------------------------------------------------------------- a mount */

static struct vfsmount *mount(struct fs_context *fc)
{
	static const char * const options[][2] = {
		{ "source", "/run/hf/kunit.sock" }, { "trans", "unix" }, { "aname", "kunit" },
		{ "cache", "none" }, { "localio", "on" },
	};
	int i, err;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		err = vfs_parse_fs_string(fc, options[i][0], options[i][1], strlen(options[i][1]));
		if (err)
			return ERR_PTR(err);
	}
	return fc_mount(fc);
}

static void leave(void *data)
{
	struct bypass *bypass = data;

	if (bypass->file)
		__fput_sync(bypass->file);
	mntput(bypass->mnt);
	server_has(bypass->server, 0);
}

static void make_mount(struct bypass *bypass)
{
	struct kunit *test = bypass->test;
	struct fs_context *fc = fs_context_for_mount(&hf9c_fs_type, 0);
	struct vfsmount *mnt;

	KUNIT_ASSERT_FALSE(test, IS_ERR(fc));
	mnt = mount(fc);
	put_fs_context(fc);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(mnt), "%ld", PTR_ERR(mnt));
	/* It ends with its last reference, and not some time later. */
	mnt->mnt_flags |= MNT_INTERNAL;
	bypass->mnt = mnt;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave, bypass), 0);
	KUNIT_ASSERT_TRUE(test, hf9c_super(mnt->mnt_sb)->local);
}

static void open_file(struct bypass *bypass)
{
	const struct path path = { .mnt = bypass->mnt, .dentry = bypass->mnt->mnt_root };
	struct file *file = file_open_root(&path, "file", O_RDWR | O_LARGEFILE, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(bypass->test, file);
	bypass->file = file;
}

struct bypass *bypass_begin(struct kunit *test)
{
	struct bypass *bypass = kunit_kzalloc(test, sizeof(*bypass), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bypass);
	bypass->buffer = kunit_kmalloc(test, BYPASS_PIECE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bypass->buffer);
	bypass->test = test;
	bypass->server = lending_server(test);
	bypass_empty(bypass);
	take_operations(bypass);
	make_mount(bypass);
	open_file(bypass);
	return bypass;
}

/* ------------------------------------------------------------------------- its bytes */

void bypass_empty(struct bypass *bypass)
{
	const struct path *path = &bypass->server->file->f_path;

	KUNIT_ASSERT_EQ(bypass->test, vfs_truncate(path, 0), 0L);
	KUNIT_ASSERT_EQ(bypass->test, vfs_truncate(path, FILE_BYTES), 0L);
}

void bypass_fill(struct bypass *bypass, size_t len)
{
	loff_t pos = 0;

	memset(bypass->buffer, BYPASS_BYTE, len);
	KUNIT_ASSERT_EQ(bypass->test, kernel_write(bypass->server->file, bypass->buffer, len, &pos),
			(ssize_t)len);
}

static size_t bytes_at(const u8 *buffer, size_t len)
{
	const u8 *other = memchr_inv(buffer, BYPASS_BYTE, len);

	return other ? other - buffer : len;
}

size_t bypass_written(struct bypass *bypass, loff_t pos)
{
	loff_t begin = pos;
	ssize_t got;
	size_t same;

	do {
		got = kernel_read(bypass->server->file, bypass->buffer, BYPASS_PIECE, &pos);
		KUNIT_EXPECT_GE(bypass->test, got, (ssize_t)0);
		same = bytes_at(bypass->buffer, max_t(ssize_t, got, 0));
	} while (got > 0 && same == got);
	return pos - begin - max_t(ssize_t, got, 0) + same;
}

size_t bypass_got(const struct bypass *bypass)
{
	if (bypass->memory)
		KUNIT_EXPECT_EQ(bypass->test, copy_from_user(bypass->buffer, bypass->memory,
							     BYPASS_USER), 0UL);
	return bytes_at(bypass->buffer, BYPASS_PIECE);
}

/* ------------------------------------------------------------------------------- I/O */

static void completed(struct kiocb *kiocb, long ret)
{
	struct bypass *bypass = container_of(kiocb, struct bypass, kiocb);

	bypass->ret = ret;
	atomic_inc(&bypass->told);
	complete(&bypass->over);
}

/* All of it is there. */
static void make_user_iter(struct bypass *bypass, const struct bypass_way *way)
{
	struct kunit *test = bypass->test;
	unsigned long at = (unsigned long)bypass->memory;

	if (!at)
		at = kunit_vm_mmap(test, NULL, 0, BYPASS_USER, PROT_READ | PROT_WRITE,
				   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, !at || IS_ERR_VALUE(at));
	bypass->memory = (u8 __user *)at;
	KUNIT_ASSERT_EQ(test, copy_to_user(bypass->memory, bypass->buffer, BYPASS_USER), 0UL);
	KUNIT_ASSERT_EQ(test, import_ubuf(way->direction, bypass->memory, way->len,
					  &bypass->iter), 0);
}

static void make_kernel_iter(struct bypass *bypass, const struct bypass_way *way)
{
	int i;

	for (i = 0; i < BYPASS_PIECES; i++)
		bypass->vecs[i] = (struct kvec) {
			.iov_base = bypass->buffer,
			.iov_len = way->len <= BYPASS_PIECE ? way->len : BYPASS_PIECE,
		};
	iov_iter_kvec(&bypass->iter, way->direction, bypass->vecs,
		      DIV_ROUND_UP(way->len, BYPASS_PIECE), way->len);
}

static void make_iter(struct bypass *bypass, const struct bypass_way *way)
{
	memset(bypass->buffer, way->direction == ITER_SOURCE ? BYPASS_BYTE : 0, BYPASS_PIECE);
	if (way->user)
		make_user_iter(bypass, way);
	else
		make_kernel_iter(bypass, way);
}

ssize_t bypass_submit(struct bypass *bypass, const struct bypass_way *way)
{
	const struct file_operations *ops = bypass->file->f_op;
	bool write = way->direction == ITER_SOURCE;

	make_iter(bypass, way);
	init_completion(&bypass->over);
	atomic_set(&bypass->told, 0);
	atomic_set(&bypass->times, 0);
	init_sync_kiocb(&bypass->kiocb, bypass->file);
	bypass->kiocb.ki_pos = way->pos;
	bypass->kiocb.ki_flags |= way->flags | (write ? IOCB_WRITE : 0);
	if (way->async)
		bypass->kiocb.ki_complete = completed;
	return write ? ops->write_iter(&bypass->kiocb, &bypass->iter) :
		       ops->read_iter(&bypass->kiocb, &bypass->iter);
}

long bypass_result(struct bypass *bypass)
{
	unsigned long left = wait_for_completion_timeout(&bypass->over, SESSION_LONG);

	KUNIT_EXPECT_NE(bypass->test, left, 0UL);
	return bypass->ret;
}

long bypass_io(struct bypass *bypass, const struct bypass_way *way)
{
	ssize_t ret = bypass_submit(bypass, way);

	if (ret != -EIOCBQUEUED) {
		KUNIT_EXPECT_EQ(bypass->test, atomic_read(&bypass->told), 0);
		return ret;
	}
	KUNIT_EXPECT_TRUE(bypass->test, way->async);
	return bypass_result(bypass);
}

int bypass_writers(const struct bypass *bypass)
{
	const struct super_block *sb = file_inode(bypass->server->file)->i_sb;
	const struct percpu_rw_semaphore *sem = &sb->s_writers.rw_sem[SB_FREEZE_WRITE - 1];
	int cpu, sum = 0;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(sem->read_count, cpu);
	return sum;
}

void bypass_rests(struct bypass *bypass)
{
	struct inode *inode = bypass_inode(bypass);
	struct hf9c_inode *hi = hf9c_inode(inode);

	KUNIT_EXPECT_LE(bypass->test, atomic_read(&bypass->told), 1);
	KUNIT_EXPECT_EQ(bypass->test, atomic_read(&inode->i_dio_count), 0);
	KUNIT_EXPECT_FALSE(bypass->test, rwsem_is_locked(&inode->i_rwsem));
	KUNIT_EXPECT_EQ(bypass->test, READ_ONCE(hi->netfs.sizes.writes), 0U);
	/* (The server's thread may be about to end what it has answered.) */
	until(bypass->test, !bypass_writers(bypass));
}
