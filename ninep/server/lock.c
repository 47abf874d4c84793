// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tlock, Tlockx: who asks for what, within which limits; and to unlock.  What may be
 * waited for is in lock_wait.c.
 */
#include <linux/filelock.h>
#include <linux/fs.h>

#include "core/translate_core.h"
#include "lock.h"

/* A lock manager's failures in words that the client's fcntl(2) has. */
static int errno_of(int ret)
{
	return ret == -ENOMEM ? -ENOLCK : ret;
}

/* So many that the client has to wait until it has let go of some. */
static bool has_too_many(const struct hf9_request *request, const struct hf9_locks *locks)
{
	return atomic_read(&locks->held) >=
	       request->connection->export->limits.held_locks;
}

static int lock_it(struct hf9_request *request, const struct hf9_wish *wish)
{
	struct hf9_locks *locks = hf9_locks_of(request->connection);
	struct hf9_owner *owner;
	int ret;

	if (!locks)
		return -ENOLCK;
	if (has_too_many(request, locks))
		return hf9_lock_answer(request, NP_LOCK_BLOCKED);
	owner = hf9_owner_of(locks, &wish->key);
	if (!owner)
		return -ENOLCK;
	ret = wish->block ? hf9_lock_blocking(request, wish, owner) :
			    hf9_lock_now(request, wish, owner);
	hf9_owner_put(owner);
	return ret < 0 ? errno_of(ret) : ret;
}

/* ------------------------------------------------------------------- to unlock */

static bool is_whole(const struct hf9_wish *wish)
{
	return !wish->first && wish->last == OFFSET_MAX;
}

/*
 * To let go of a part may make two locks of one.  That is no lock that is asked for,
 * so it has room of its own, as much again; beyond that only a whole file is let go of.
 */
static bool may_split(const struct hf9_request *request, const struct hf9_locks *locks)
{
	return atomic_read(&locks->held) / 2 <
	       request->connection->export->limits.held_locks;
}

static int unlock_of(struct hf9_lock_file *file, struct hf9_owner *owner,
		     const struct hf9_wish *wish)
{
	struct file_lock fl;
	int err;

	if (is_whole(wish))
		return hf9_unlock_whole(file, owner);
	hf9_lock_fill(&fl, &wish->key, owner, file->file, F_UNLCK);
	fl.fl_start = wish->first;
	fl.fl_end = wish->last;
	err = hf9_lock_call(file, &fl);
	locks_release_private(&fl);
	return err;
}

/* Needs no memory of ours; who has no mark holds nothing. */
static int unlock_it(struct hf9_request *request, const struct hf9_wish *wish)
{
	const struct inode *inode = file_inode(hf9_fid_file(request->fid[0]));
	struct hf9_locks *locks = READ_ONCE(request->connection->locks);
	struct hf9_owner *owner = locks ? hf9_owner_find(locks, &wish->key) : NULL;
	struct hf9_lock_file *file;
	int err = 0;

	if (!owner)
		return hf9_lock_answer(request, NP_LOCK_SUCCESS);
	file = hf9_lock_file_find(locks, inode, owner);
	if (file && !is_whole(wish) && !may_split(request, locks)) {
		err = -ENOLCK;
		hf9_lock_file_put(file);
	} else if (file) {
		err = unlock_of(file, owner, wish);
		hf9_lock_file_put(file);
	}
	hf9_owner_put(owner);
	return err ? errno_of(err) : hf9_lock_answer(request, NP_LOCK_SUCCESS);
}

/* -------------------------------------------------------------------- messages */

static u8 type_of(u8 type)
{
	return type == NP_RDLCK ? F_RDLCK : type == NP_WRLCK ? F_WRLCK : F_UNLCK;
}

static int run(struct hf9_request *request, struct hf9_wish *wish, u64 start, u64 length)
{
	if (wish->key.client_id.len > HF9_CLIENT_ID_MOST)
		return -EINVAL;
	if (!ns_lock_range(start, length, &wish->first, &wish->last))
		return -EINVAL;
	return wish->type == F_UNLCK ? unlock_it(request, wish) :
				       lock_it(request, wish);
}

static int again(struct hf9_request *request)
{
	int ret = hf9_lock_go_on(request);

	return ret < 0 ? errno_of(ret) : ret;
}

/*
 * RECLAIM is ignored: no client sends it, and there is no time after a restart in
 * which one could have something to reclaim.  A fid that is open for reading may have
 * a lock for writing: it may be flock's, which asks for nothing else.
 */
int hf9_run_lock(struct hf9_request *request)
{
	const struct np_tlock *t = &request->t.tlock;
	struct hf9_wish wish = {
		.key.proc_id = t->proc_id, .key.client_id = t->client_id,
		.type = type_of(t->type), .block = t->flags & NP_LOCK_BLOCK,
	};

	if (request->lock)
		return again(request);
	return run(request, &wish, t->start, t->length);
}

int hf9_run_lockx(struct hf9_request *request)
{
	const struct np_tlockx *t = &request->t.tlockx;
	struct hf9_wish wish = {
		.key.hf1 = true, .key.kind = t->kind, .key.number = t->owner,
		.key.proc_id = t->proc_id, .key.client_id = t->client_id,
		.type = type_of(t->type), .block = t->flags & NP_LOCK_BLOCK,
	};

	if (request->lock)
		return again(request);
	if (t->flags & NP_LOCK_RECLAIM)
		return -EINVAL;
	if (t->kind == NP_FLOCK && (t->start || t->length))
		return -EINVAL;
	return run(request, &wish, t->start, t->length);
}
