// SPDX-License-Identifier: GPL-2.0-only
/* Tgetlock, Tgetlockx: who is in the way. */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "core/translate_core.h"
#include "lock.h"

/* Who is in the way, if anybody is. */
struct found {
	u8 type;			/* enum np_lock_type; NP_UNLCK: nobody */
	u8 kind;			/* enum np_lock_kind */
	u64 start, length;
	u32 proc_id;
	struct np_str client_id;	/* of request->text */
};

static int tell_client(struct hf9_request *request, struct found *found,
		       const char *name, size_t len)
{
	request->text = kvmalloc(len + 1, GFP_KERNEL);
	if (!request->text)
		return -ENOMEM;
	memcpy(request->text, name, len);
	found->client_id.at = request->text;
	found->client_id.len = len;
	return 0;
}

/*
 * One of this server's clients by the names that it has given; whoever else by a
 * number of a process, and the name of this machine.
 */
static int tell_owner(struct hf9_request *request, struct found *found,
		      const struct file_lock *fl)
{
	const struct hf9_owner *owner = fl->c.flc_owner;
	const char *node = init_utsname()->nodename;

	if (hf9_is_our_lock(fl)) {
		found->proc_id = owner->key.proc_id;
		return tell_client(request, found, owner->client_id,
				   owner->key.client_id.len);
	}
	found->proc_id = abs(fl->c.flc_pid);
	return tell_client(request, found, node, strlen(node));
}

static int tell(struct hf9_request *request, struct found *found,
		const struct file_lock *fl)
{
	if (fl->c.flc_type == F_UNLCK)
		return 0;
	found->type = fl->c.flc_type == F_RDLCK ? NP_RDLCK : NP_WRLCK;
	found->kind = fl->c.flc_flags & FL_OFDLCK ? NP_OFD : NP_POSIX;
	found->start = fl->fl_start;
	found->length = ns_lock_length(fl->fl_start, fl->fl_end);
	return tell_owner(request, found, fl);
}

/* The owner, if it is known: its own locks are not in its way. */
static struct hf9_owner *owner_of(struct hf9_request *request,
				  const struct hf9_owner_key *key)
{
	struct hf9_locks *locks = READ_ONCE(request->connection->locks);

	return locks ? hf9_owner_find(locks, key) : NULL;
}

static int test_range(struct hf9_request *request, const struct hf9_owner_key *key,
		      u8 type, u64 start, u64 length, struct found *found)
{
	struct file *file = hf9_fid_file(request->fid[0]);
	struct hf9_owner *owner;
	struct file_lock fl;
	loff_t first, last;
	int err;

	if (!ns_lock_range(start, length, &first, &last))
		return -EINVAL;
	owner = owner_of(request, key);
	/* Nobody else's address is the request's. */
	hf9_lock_fill(&fl, key, owner ? (void *)owner : request, file, type);
	fl.fl_start = first;
	fl.fl_end = last;
	err = vfs_test_lock(file, &fl);
	if (!err)
		err = tell(request, found, &fl);
	/* The other one's owner came with the answer. */
	locks_release_private(&fl);
	if (owner)
		hf9_owner_put(owner);
	return err;
}

/*
 * flock(2) has no question like this one: all that is heard is whether it would wait.
 * FL_ACCESS asks for that, of fs/locks.c and of holdfast; other filesystems that have
 * an flock of their own do not know it, and would set the lock.
 */
static bool can_test_flock(const struct file *file)
{
	return !file->f_op->flock || hf9_is_on_holdfast(file);
}

static int test_flock(struct hf9_request *request, const struct hf9_owner_key *key,
		      u8 type, struct found *found)
{
	struct file *file = hf9_fid_file(request->fid[0]);
	struct hf9_lock_file *own = NULL;
	struct hf9_owner *owner;
	struct file_lock fl;
	int err;

	if (!can_test_flock(file))
		return -EOPNOTSUPP;
	owner = owner_of(request, key);
	if (owner)
		own = hf9_lock_file_find(owner->locks, file_inode(file), owner);
	if (own)
		file = own->file;
	hf9_lock_fill(&fl, key, file, file, type);
	fl.c.flc_flags |= FL_ACCESS;
	if (file->f_op->flock)
		err = file->f_op->flock(file, F_SETLK, &fl);
	else
		err = locks_lock_file_wait(file, &fl);
	locks_release_private(&fl);
	if (own)
		hf9_lock_file_put(own);
	if (owner)
		hf9_owner_put(owner);
	if (err != -EAGAIN)
		return err;
	found->type = NP_WRLCK;
	found->kind = NP_FLOCK;
	return 0;
}

/*
 * v9fs asks with a type of "unlock" whatever the program has asked for: as for a
 * lock for writing then, which everything is in the way of.
 */
static u8 type_of(u8 type)
{
	return type == NP_RDLCK ? F_RDLCK : F_WRLCK;
}

int hf9_run_getlock(struct hf9_request *request)
{
	const struct np_tgetlock *t = &request->t.tgetlock;
	struct np_rgetlock *reply = &request->r.rgetlock;
	const struct hf9_owner_key key = {
		.proc_id = t->proc_id, .client_id = t->client_id,
	};
	/* Where nobody is, the question comes back. */
	struct found found = {
		.type = NP_UNLCK, .start = t->start, .length = t->length,
		.proc_id = t->proc_id, .client_id = t->client_id,
	};
	int err;

	if (t->client_id.len > HF9_CLIENT_ID_MOST)
		return -EINVAL;
	err = test_range(request, &key, type_of(t->type), t->start, t->length, &found);
	if (err)
		return err;
	reply->type = found.type;
	reply->start = found.start;
	reply->length = found.length;
	reply->proc_id = found.proc_id;
	reply->client_id = found.client_id;
	return 0;
}

int hf9_run_getlockx(struct hf9_request *request)
{
	const struct np_tgetlockx *t = &request->t.tgetlockx;
	struct np_rgetlockx *reply = &request->r.rgetlockx;
	const struct hf9_owner_key key = {
		.hf1 = true, .kind = t->kind, .number = t->owner,
	};
	struct found found = { .type = NP_UNLCK };
	u8 type = type_of(t->type);
	int err;

	if (t->type == NP_UNLCK || (t->kind == NP_FLOCK && (t->start || t->length)))
		return -EINVAL;
	if (t->kind == NP_FLOCK)
		err = test_flock(request, &key, type, &found);
	else
		err = test_range(request, &key, type, t->start, t->length, &found);
	if (err)
		return err;
	reply->kind = found.kind;
	reply->type = found.type;
	reply->start = found.start;
	reply->length = found.length;
	reply->proc_id = found.proc_id;
	reply->client_id = found.client_id;
	return 0;
}
