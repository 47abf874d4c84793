// SPDX-License-Identifier: GPL-2.0-only
/* F_GETLK, and who asks whether he would be let in, as the server answers. */
#include <linux/filelock.h>

#include "fid.h"
#include "file.h"
#include "lock.h"
#include "remote.h"

/* In fcntl's words: a pid below 0 is another machine's. */
static void take_over(struct file_lock *fl, u8 kind, u8 type, u64 start, u64 length, u32 pid)
{
	if (type == NP_UNLCK) {
		fl->c.flc_type = F_UNLCK;
		return;
	}
	fl->c.flc_type = type == NP_RDLCK ? F_RDLCK : F_WRLCK;
	fl->c.flc_owner = NULL;
	fl->c.flc_pid = kind == NP_OFD ? -1 : -(pid_t)pid;
	fl->fl_start = min_t(u64, start, OFFSET_MAX);
	fl->fl_end = !length || length - 1 > OFFSET_MAX - fl->fl_start ?
		     OFFSET_MAX : fl->fl_start + length - 1;
}

static int ask_x(struct hf9c_fid *fid, const struct hf9c_owner *owner, struct file_lock *fl)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TGETLOCKX);
	const struct np_rgetlockx *r;
	int err;

	if (call)
		call->ask.tgetlockx = (struct np_tgetlockx) {
			.fid = fid->number, .kind = owner->kind,
			.type = hf9c_lock_type(fl), .start = hf9c_lock_start(fl),
			.length = hf9c_lock_length(fl), .owner = owner->number,
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	r = &call->reply.rgetlockx;
	take_over(fl, r->kind, r->type, r->start, r->length, r->proc_id);
	hf9c_ask_free(call);
	return 0;
}

/* The owner has to stay until the call is begun only: it is encoded then. */
static int ask_plain(struct hf9c_fid *fid, const struct hf9c_owner *owner, struct file_lock *fl)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TGETLOCK);
	const struct np_rgetlock *r;
	int err;

	if (call)
		call->ask.tgetlock = (struct np_tgetlock) {
			.fid = fid->number, .type = hf9c_lock_type(fl),
			.start = hf9c_lock_start(fl), .length = hf9c_lock_length(fl),
			.proc_id = owner->pid, .client_id = hf9c_text(owner->text),
		};
	err = hf9c_ask(call);
	if (err)
		return err;
	r = &call->reply.rgetlock;
	take_over(fl, NP_POSIX, r->type, r->start, r->length, r->proc_id);
	hf9c_ask_free(call);
	return 0;
}

/**
 * hf9c_lock_test - F_GETLK, of the server
 * @file: a file or a directory, open
 * @fl: the question, and the answer
 *
 * Return: 0 or -errno.
 */
int hf9c_lock_test(struct file *file, struct file_lock *fl)
{
	struct hf9c_fid *fid = hf9c_lock_fid(file);
	struct hf9c_owner owner;
	int err;

	if (IS_ERR(fid))
		return PTR_ERR(fid);
	hf9c_owner_of(&owner, fid, fl);
	err = hf9c_knows(fid->hs, NP_TGETLOCKX) ? ask_x(fid, &owner, fl) :
						  ask_plain(fid, &owner, fl);
	hf9c_fid_put(fid);
	return err;
}

/**
 * hf9c_lock_is_free - would the server give this lock?
 * @file: a file or a directory, open
 * @fl: which
 *
 * Return: 0; -EAGAIN; or -errno.
 */
int hf9c_lock_is_free(struct file *file, const struct file_lock *fl)
{
	struct file_lock test = *fl;
	int err = hf9c_lock_test(file, &test);

	return err ?: lock_is_unlock(&test) ? 0 : -EAGAIN;
}
