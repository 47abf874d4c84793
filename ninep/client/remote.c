// SPDX-License-Identifier: GPL-2.0-only
/* Requests and replies: what fids lead to, and what they say of it. */
#include <linux/slab.h>

#include "localio.h"
#include "remote.h"

/* --------------------------------------------------------------------------- clunk */

/* Later: there is no memory, or a server that does not answer. */
static void clunk_again(struct hf9c_fid *fid)
{
	llist_add(&fid->gone, &fid->hs->clunking);
	queue_delayed_work(hf9c_clunk_wq(fid->hs), &fid->hs->clunk, HZ);
}

/* Whatever the server says: the fid is gone.  Unless it has said nothing. */
static void clunked(struct hf9c_call *call)
{
	struct hf9c_fid *fid = call->priv;

	if (call->error == -ETIMEDOUT || call->error == -EINTR || call->error == -ENOMEM)
		clunk_again(fid);
	else
		hf9c_fid_free(fid);
	hf9c_call_free(call);
}

/*
 * It was to be forgotten, and nobody waits for that.  A value that it was the fid of is
 * set by then, or what it stood for removed; likewise if who has asked was killed.
 */
static void forgotten(struct hf9c_call *call)
{
	struct hf9c_fid *fid = call->priv;

	if (fid->value || call->ask.type == NP_TREMOVE)
		hf9c_doubt(fid->hs);
	clunked(call);
}

/* Return: false if there is no memory. */
static bool tell(struct hf9c_super *hs, struct hf9c_fid *fid)
{
	struct hf9c_call *call = hf9c_call_new(NP_TCLUNK);
	int err;

	if (!call)
		return false;
	call->ask.tclunk.fid = fid->number;
	call->done = forgotten;
	call->priv = fid;
	err = hf9c_call_start(hs->session, call);
	if (!err)
		return true;
	hf9c_call_free(call);
	if (err == -ENOMEM)
		return false;
	hf9c_fid_free(fid);
	return true;
}

/**
 * hf9c_fids_clunk - the mount's work: the server is to forget fids
 * @work: hf9c_super.clunk
 */
void hf9c_fids_clunk(struct work_struct *work)
{
	struct hf9c_super *hs = container_of(to_delayed_work(work), struct hf9c_super, clunk);
	struct llist_node *all = llist_del_all(&hs->clunking);
	struct hf9c_fid *fid, *next;

	/* Before the server forgets the fid, and where nobody waits. */
	llist_for_each_entry(fid, all, gone)
		hf9c_fid_give_back(fid);
	mutex_lock(&hs->ending);
	llist_for_each_entry_safe(fid, next, all, gone) {
		if (!hs->session) {
			hf9c_fid_free(fid);
		} else if (!tell(hs, fid)) {
			clunk_again(fid);
		}
	}
	mutex_unlock(&hs->ending);
}

/* @type: NP_TCLUNK or NP_TREMOVE, either of which is the fid's end, whatever is said to it. */
static int end(struct hf9c_fid *fid, u8 type)
{
	struct hf9c_call *call = hf9c_call_new(type);
	bool changes = type == NP_TREMOVE || fid->value;
	struct hf9c_super *hs = fid->hs;
	int err;

	if (!call) {
		hf9c_fid_put(fid);
		return -ENOMEM;
	}
	call->ask.tclunk.fid = fid->number;
	call->priv = fid;
	call->left = forgotten;
	err = hf9c_call_wait(hs->session, call);
	/* Nobody has said that it was not done, or will not be. */
	if (changes && (err == HF9C_LEFT || hf9c_is_unknown(err)))
		hf9c_doubt(hs);
	if (err == HF9C_LEFT)
		return -EINTR;
	clunked(call);
	return err;
}

/**
 * hf9c_remote_clunk - have a fid forgotten, and hear what the server says to that
 * @fid: of an attribute that was written; the caller's only reference, which goes
 *
 * Return: 0 or -errno.
 */
int hf9c_remote_clunk(struct hf9c_fid *fid)
{
	return end(fid, NP_TCLUNK);
}

/**
 * hf9c_remote_remove - have what a fid was walked to removed, and the fid forgotten
 * @fid: the caller's only reference, which goes
 *
 * Return: 0 or -errno.
 */
int hf9c_remote_remove(struct hf9c_fid *fid)
{
	return end(fid, NP_TREMOVE);
}

/* ------------------------------------------------------------------- where fids lead */

int hf9c_remote_caps(struct hf9c_super *hs, struct np_rcaps *caps)
{
	struct hf9c_call *call = hf9c_ask_new(hs, NP_TCAPS);
	int err = hf9c_ask(call);

	if (err)
		return err;
	*caps = call->reply.rcaps;
	hf9c_ask_free(call);
	return 0;
}

int hf9c_remote_attach(struct hf9c_fid *fid)
{
	const struct hf9c_options *opts = fid->hs->opts;
	struct hf9c_call *call = hf9c_ask_new(fid->hs, NP_TATTACH);
	int err;

	if (call) {
		struct np_tattach *t = &call->ask.tattach;

		t->fid = fid->number;
		t->afid = NP_NOFID;
		t->uname = hf9c_text(opts->uname ?: "");
		t->aname = hf9c_text(opts->aname ?: "");
		t->n_uname = from_kuid(&init_user_ns, fid->uid);
	}
	err = hf9c_ask_to_make(call, fid);
	if (!err)
		hf9c_ask_free(call);
	return err;
}

/* @qid: of where it ends; not set for no names. */
int hf9c_remote_walk(struct hf9c_fid *from, struct hf9c_fid *fid,
		     const struct np_names *names, struct np_qid *qid)
{
	struct hf9c_call *call = hf9c_ask_of(from, NP_TWALK);
	const struct np_qids *qids;
	int err;

	if (call) {
		call->ask.twalk.fid = from->number;
		call->ask.twalk.newfid = fid->number;
		call->ask.twalk.names = *names;
	}
	err = hf9c_ask_to_make(call, fid);
	if (err)
		return err;
	qids = &call->reply.rwalk.qids;
	if (qids->count > names->count)
		err = -EIO;
	else if (qids->count < names->count)
		err = -ENOENT;
	else if (names->count)
		*qid = qids->qid[names->count - 1];
	hf9c_ask_free(call);
	return err;
}

static int walkattr(struct hf9c_fid *from, struct hf9c_fid *fid, const struct np_names *names,
		    struct np_attr *attr)
{
	struct hf9c_call *call = hf9c_ask_of(from, NP_TWALKATTR);
	int err;

	if (call) {
		call->ask.twalkattr.fid = from->number;
		call->ask.twalkattr.newfid = fid ? fid->number : NP_NOFID;
		call->ask.twalkattr.request_mask = NP_ATTR_ALL;
		call->ask.twalkattr.names = *names;
	}
	err = fid ? hf9c_ask_to_make(call, fid) : hf9c_ask(call);
	if (err)
		return err;
	if (call->reply.rwalkattr.qids.count != names->count)
		err = -ENOENT;
	*attr = call->reply.rwalkattr.attr;
	hf9c_ask_free(call);
	return err;
}

/* What a name leads to now, with no fid of it; of hf1. */
int hf9c_remote_peek(struct hf9c_fid *from, const struct qstr *name, struct np_attr *attr)
{
	struct np_names names = { .count = 1, .name = { hf9c_str(name) } };

	return walkattr(from, NULL, &names, attr);
}

/* @name: NULL: @from itself. */
int hf9c_remote_walkattr(struct hf9c_fid *from, struct hf9c_fid *fid,
			 const struct qstr *name, struct np_attr *attr)
{
	struct np_names names = { .count = !!name };
	struct np_qid qid;
	int err;

	if (name)
		names.name[0] = hf9c_str(name);
	if (hf9c_knows(from->hs, NP_TWALKATTR))
		return walkattr(from, fid, &names, attr);
	err = hf9c_remote_walk(from, fid, &names, &qid);
	return err ?: hf9c_remote_getattr(fid, attr);
}

/* @id: NP_IDENTITY bytes of the export that it is in; of hf1. */
int hf9c_remote_identity(struct hf9c_fid *fid, u8 *id)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TIDENTITY);
	int err;

	if (call)
		call->ask.tidentity.fid = fid->number;
	err = hf9c_ask(call);
	if (err)
		return err;
	memcpy(id, call->reply.ridentity.id, NP_IDENTITY);
	hf9c_ask_free(call);
	return 0;
}

/* Is the server in this kernel?  @id and @answer: NP_HELLO bytes. */
int hf9c_remote_hello(struct hf9c_fid *fid, const u8 *id, u8 *answer)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TLOCALHELLO);
	int err;

	if (call) {
		call->ask.tlocalhello.fid = fid->number;
		memcpy(call->ask.tlocalhello.id, id, NP_HELLO);
	}
	err = hf9c_ask(call);
	if (err)
		return err;
	memcpy(answer, call->reply.rlocalhello.answer, NP_HELLO);
	hf9c_ask_free(call);
	return 0;
}

/* ------------------------------------------------------------- what they say of it */

int hf9c_remote_getattr(struct hf9c_fid *fid, struct np_attr *attr)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TGETATTR);
	int err;

	if (call) {
		call->ask.tgetattr.fid = fid->number;
		call->ask.tgetattr.request_mask = NP_ATTR_ALL;
	}
	err = hf9c_ask(call);
	if (err)
		return err;
	*attr = call->reply.rgetattr.attr;
	hf9c_ask_free(call);
	return hf9c_check_attr(attr);
}

int hf9c_remote_setattr(struct hf9c_fid *fid, const struct np_tsetattr *set)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TSETATTR);
	int err;

	if (call) {
		call->ask.tsetattr = *set;
		call->ask.tsetattr.fid = fid->number;
	}
	err = hf9c_ask(call);
	if (!err)
		hf9c_ask_free(call);
	return err;
}

int hf9c_remote_statfs(struct hf9c_fid *fid, struct np_rstatfs *statfs)
{
	struct hf9c_call *call = hf9c_ask_of(fid, NP_TSTATFS);
	int err;

	if (call)
		call->ask.tstatfs.fid = fid->number;
	err = hf9c_ask(call);
	if (err)
		return err;
	*statfs = call->reply.rstatfs;
	hf9c_ask_free(call);
	return 0;
}
