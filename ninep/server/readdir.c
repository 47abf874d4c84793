// SPDX-License-Identifier: GPL-2.0-only
/*
 * Treaddir, Treaddirattr.
 *
 * The filesystem tells each entry with its own position; what the client is told is
 * the next one's, where it goes on.  So an entry is kept until the next is known, or
 * the end.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "core/translate_core.h"
#include "ops.h"

#define ENTRY_FIXED	24	/* of an entry's bytes: all but its name */
#define ENTRY_MOST	(ENTRY_FIXED + NP_NAME_MAX)
#define ATTR_FIXED	164	/* likewise, of one with its attributes */
#define ATTR_MOST	(ATTR_FIXED + NP_NAME_MAX)

/* A directory that is being read. */
struct fill {
	struct dir_context ctx;
	struct iov_iter to;
	u32 room;		/* bytes that the reply may still grow by */
	u32 fixed;		/* bytes of an entry in the reply, without its name */
	u32 bytes;		/* that were written to @to */
	bool full;		/* an entry had to be left for the next message */
	int error;
	u64 dev, root_dev;
	u64 up;			/* st_ino of what ".." is, 0: what the filesystem says */
	struct np_entry last;	/* its name is in @name; none if that has no length */
	char name[NP_NAME_MAX];
	u8 bytes_of[ENTRY_MOST];
};

static u8 qid_type_of(unsigned int d_type)
{
	return d_type == DT_DIR ? NP_QTDIR : d_type == DT_LNK ? NP_QTSYMLINK : NP_QTFILE;
}

/* The last entry, now that it is known where the next one is. */
static bool write_last(struct fill *fill, u64 next)
{
	enum np_status status;
	u32 used;

	if (!fill->last.name.len)
		return true;
	fill->last.offset = next;
	status = np_entry_encode(&fill->last, fill->bytes_of, sizeof(fill->bytes_of),
				 &used);
	fill->last.name.len = 0;
	if (status != NP_OK) {
		fill->error = -EIO;
		return false;
	}
	if (copy_to_iter(fill->bytes_of, used, &fill->to) != used) {
		fill->error = -EIO;
		return false;
	}
	fill->bytes += used;
	return true;
}

static void keep(struct fill *fill, const char *name, u32 len, u64 ino,
		 unsigned int d_type)
{
	struct np_entry *last = &fill->last;

	memcpy(fill->name, name, len);
	last->name.at = fill->name;
	last->name.len = len;
	if (fill->up && len == 2 && name[0] == '.' && name[1] == '.')
		ino = fill->up;
	last->qid.type = qid_type_of(d_type);
	last->qid.version = 0;	/* to ask for it would make later writes dearer */
	last->qid.path = ns_qid_path(ino, fill->dev, fill->root_dev);
	last->type = d_type;
	fill->room -= fill->fixed + len;
}

static bool is_dots(const char *name, u32 len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* A name that no message can carry is none that a client could ask for, either. */
static bool can_tell(const char *name, int len)
{
	const struct np_str str = { .at = name, .len = len };

	if (len <= 0 || len > NP_NAME_MAX)
		return false;
	return is_dots(name, len) || np_name_check(&str) == NP_OK;
}

static bool add(struct dir_context *ctx, const char *name, int len, loff_t offset,
		u64 ino, unsigned int d_type)
{
	struct fill *fill = container_of(ctx, struct fill, ctx);

	if (!write_last(fill, offset))
		return false;
	if (!can_tell(name, len))
		return true;
	if (fill->fixed + len > fill->room) {
		fill->full = true;
		return false;
	}
	keep(fill, name, len, ino, d_type);
	return true;
}

/* @file is at where the last message ended, as a rule; to seek may cost a search. */
static int seek(struct file *file, u64 offset)
{
	loff_t ret;

	if (offset > (u64)LLONG_MAX)
		return -EINVAL;
	if (file->f_pos == (loff_t)offset)
		return 0;
	ret = vfs_llseek(file, offset, SEEK_SET);
	return ret < 0 ? ret : 0;
}

/* fid->position is held. */
static int fill_locked(struct fill *fill, struct file *file, u64 offset)
{
	int err;

	err = seek(file, offset);
	if (!err)
		err = iterate_dir(file, &fill->ctx);
	if (!err)
		err = fill->error;
	/* Not if add() has stopped it: that wrote it with the position left for. */
	if (!err && !write_last(fill, fill->ctx.pos))
		err = fill->error;
	/* An empty reply would be the end. */
	if (!err && fill->full && !fill->bytes)
		err = -EINVAL;
	return err;
}

/*
 * At most @count bytes of entries, of which each costs @fixed and its name in the
 * reply, into @to.
 */
static int fill_from(struct hf9_request *request, struct iov_iter *to, u64 offset,
		     u32 count, u32 fixed, u32 *bytes)
{
	struct hf9_fid *fid = request->fid[0];
	struct file *file = hf9_fid_file(fid);
	const struct path *path = &file->f_path;
	struct fill *fill;
	struct kstat stat;
	int err;

	if (!S_ISDIR(file_inode(file)->i_mode))
		return -ENOTDIR;
	err = vfs_getattr(path, &stat, STATX_INO, AT_STATX_SYNC_AS_STAT);
	if (err)
		return err;
	fill = kzalloc(sizeof(*fill), GFP_KERNEL);
	if (!fill)
		return -ENOMEM;
	fill->ctx.actor = add;
	fill->to = *to;
	fill->room = count;
	fill->fixed = fixed;
	fill->dev = stat.dev;
	fill->root_dev = path->mnt->mnt_sb->s_dev;
	if (path->dentry == request->connection->export->root.dentry)
		fill->up = stat.ino;
	mutex_lock(&fid->position);
	err = fill_locked(fill, file, offset);
	mutex_unlock(&fid->position);
	*bytes = fill->bytes;
	kfree(fill);
	return err;
}

static u32 clip(const struct hf9_request *request, u32 count)
{
	return min(count, request->connection->msize - NP_RREAD_HEAD);
}

int hf9_run_readdir(struct hf9_request *request)
{
	const struct np_tread *t = &request->t.treaddir;
	u32 count = clip(request, t->count);
	struct iov_iter to;
	int err;

	if (!count)
		return -EINVAL;
	err = hf9_pages_alloc(&request->out, count);
	if (err)
		return err;
	hf9_pages_iter(&request->out, &to, ITER_DEST, count);
	return fill_from(request, &to, t->offset, count, ENTRY_FIXED,
			 &request->r.payload.count);
}

/* ---------------------------------------------------------- with attributes */

/*
 * What an entry's name leads to, if it does, and the caller may ask.  What is mounted
 * on, somewhere, may not be what the client would walk to.
 */
static int attr_of(struct hf9_request *request, const struct path *dir,
		   const struct np_str *name, struct np_attr *attr)
{
	struct path path = { .mnt = dir->mnt };
	int err;

	if (name->at[0] == '.' && name->len == 1)
		return hf9_attr(request, dir, attr);
	if (is_dots(name->at, name->len))
		return -EXDEV;
	path.dentry = lookup_one_positive_unlocked(mnt_idmap(dir->mnt), name->at,
						   dir->dentry, name->len);
	if (IS_ERR(path.dentry))
		return PTR_ERR(path.dentry);
	err = d_managed(path.dentry) ? -EXDEV : hf9_attr(request, &path, attr);
	dput(path.dentry);
	return err;
}

static int write_attr(struct hf9_request *request, const struct path *dir,
		      const struct np_entry *entry, struct iov_iter *to, u8 *buffer)
{
	struct np_entry_attr out = {
		.offset = entry->offset, .name = entry->name, .type = entry->type,
	};
	u32 used;

	if (attr_of(request, dir, &entry->name, &out.attr)) {
		memset(&out.attr, 0, sizeof(out.attr));
		out.attr.qid = entry->qid;
	}
	if (np_entry_attr_encode(&out, buffer, ATTR_MOST, &used) != NP_OK)
		return -EIO;
	if (copy_to_iter(buffer, used, to) != used)
		return -EIO;
	request->r.payload.count += used;
	return 0;
}

/* @names: @bytes of entries, as a Treaddir would have them. */
static int write_attrs(struct hf9_request *request, const void *names, u32 bytes,
		       struct iov_iter *to)
{
	const struct path *dir = hf9_fid_path(request->fid[0]);
	u8 *buffer = kmalloc(ATTR_MOST, GFP_KERNEL);
	struct np_entry entry;
	u32 at = 0, used;
	int err = 0;

	if (!buffer)
		return -ENOMEM;
	while (at < bytes && !err) {
		if (np_entry_decode(names + at, bytes - at, &entry, &used) != NP_OK) {
			err = -EIO;
			break;
		}
		err = write_attr(request, dir, &entry, to, buffer);
		at += used;
		cond_resched();
	}
	kfree(buffer);
	return err;
}

/*
 * The directory is locked while it is read, and a lookup in it wants that lock: so
 * first the names, then what they lead to.
 */
int hf9_run_readdirattr(struct hf9_request *request)
{
	const struct np_treaddirattr *t = &request->t.treaddirattr;
	u32 count = clip(request, t->count), bytes;
	struct iov_iter to;
	struct kvec names;
	int err;

	if (!count)
		return -EINVAL;
	/* Of an open one only what Treaddir tells; a lookup is a walk. */
	err = hf9_check_inside(request, hf9_fid_path(request->fid[0])->dentry);
	if (err)
		return err;
	names.iov_len = count;
	names.iov_base = kvmalloc(count, GFP_KERNEL);
	if (!names.iov_base)
		return -ENOMEM;
	iov_iter_kvec(&to, ITER_DEST, &names, 1, count);
	err = fill_from(request, &to, t->offset, count, ATTR_FIXED, &bytes);
	if (!err && bytes)
		err = hf9_pages_alloc(&request->out, count);
	if (!err && bytes) {
		hf9_pages_iter(&request->out, &to, ITER_DEST, count);
		err = write_attrs(request, names.iov_base, bytes, &to);
	}
	kvfree(names.iov_base);
	return err;
}
