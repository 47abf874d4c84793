// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions: a call with memory of its own, and what has to stay until it is over.
 *
 * Who is killed leaves his question behind, and what it names: the server may read it
 * for as long as it has not said that it will not, and a fid's number that were another
 * file's by then would have that one changed.  So would a payload that is sent by then.
 * A fid that it makes goes to the server's end if it was made.
 *
 * What makes or opens one, and finds no room at the server, is asked once more without those
 * that nobody uses.
 *
 * What was left behind, or has failed without the server saying why, may have been done,
 * or not yet: hf9c_doubt(), now and when it is over.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "remote.h"

#define NAMED	2

/**
 * struct asking - a question
 * @call: the call
 * @hs: the mount, which outlives its session
 * @named: fids that it names; references
 * @made: one that it makes, while nobody else sees to that; likewise
 * @payload: what it sends; or NULL
 * @vec: likewise
 */
struct asking {
	struct hf9c_call call;
	struct hf9c_super *hs;
	struct hf9c_fid *named[NAMED];
	struct hf9c_fid *made;
	void *payload;
	struct kvec vec;
};

static struct asking *asking_of(struct hf9c_call *call)
{
	return container_of(call, struct asking, call);
}

/**
 * hf9c_is_unknown - may the server have done it, or do it yet, though it has not said so?
 * @error: of a call
 */
bool hf9c_is_unknown(int error)
{
	/* EIO: also of a reply that made no sense. */
	return error == -EIO || error == -EINTR || error == -ETIMEDOUT;
}

/* Whether the server may have made the fid of @call. */
static bool may_have_made(const struct hf9c_call *call)
{
	if (call->error)
		return hf9c_is_unknown(call->error);
	if (call->ask.type == NP_TWALK)
		return call->reply.rwalk.qids.count == call->ask.twalk.names.count;
	if (call->ask.type == NP_TWALKATTR)
		return call->reply.rwalkattr.qids.count == call->ask.twalkattr.names.count;
	return true;
}

/* The question is over, and the server has been asked. */
static void settle_made(struct asking *asking)
{
	struct hf9c_fid *fid = asking->made;

	if (!fid)
		return;
	asking->made = NULL;
	fid->there = may_have_made(&asking->call);
	hf9c_fid_put(fid);
}

/* Nobody waits for it any more. */
static void left_behind(struct hf9c_call *call)
{
	struct asking *asking = asking_of(call);

	if (tc_changes(call->ask.type) && (!call->error || hf9c_is_unknown(call->error)))
		hf9c_doubt(asking->hs);
	settle_made(asking);
	hf9c_ask_free(call);
}

/**
 * hf9c_ask_new - a question that names no fid
 * @hs: the mount
 * @type: of the request
 *
 * Context: may sleep, GFP_NOFS.
 * Return: to be filled, for hf9c_ask(); or NULL, which that takes as well.
 */
struct hf9c_call *hf9c_ask_new(struct hf9c_super *hs, u8 type)
{
	struct asking *asking = kzalloc(sizeof(*asking), GFP_NOFS);

	if (!asking)
		return NULL;
	hf9c_call_init(&asking->call, type);
	asking->call.left = left_behind;
	asking->hs = hs;
	return &asking->call;
}

/**
 * hf9c_ask_of - a question that names a fid
 * @fid: it, which stays until the question is over
 * @type: as hf9c_ask_new()
 *
 * Context and return: as there.
 */
struct hf9c_call *hf9c_ask_of(struct hf9c_fid *fid, u8 type)
{
	return hf9c_ask_of_two(fid, NULL, type);
}

/**
 * hf9c_ask_of_two - a question that names two fids
 * @fid: the one
 * @other: the other; or NULL
 * @type: as hf9c_ask_new()
 *
 * Context and return: as there.
 */
struct hf9c_call *hf9c_ask_of_two(struct hf9c_fid *fid, struct hf9c_fid *other, u8 type)
{
	struct hf9c_call *call = hf9c_ask_new(fid->hs, type);

	if (!call)
		return NULL;
	asking_of(call)->named[0] = hf9c_fid_get(fid);
	if (other)
		asking_of(call)->named[1] = hf9c_fid_get(other);
	return call;
}

/**
 * hf9c_ask_to_send - the payload of a question
 * @call: of hf9c_ask_new() and the like; or NULL
 * @payload: of kvmalloc(); the question's from here on, also if there is none
 * @bytes: of it
 */
void hf9c_ask_to_send(struct hf9c_call *call, void *payload, u32 bytes)
{
	struct asking *asking;

	if (!call) {
		kvfree(payload);
		return;
	}
	asking = asking_of(call);
	asking->payload = payload;
	asking->vec = (struct kvec) { .iov_base = payload, .iov_len = bytes };
	iov_iter_kvec(&call->payload, ITER_SOURCE, &asking->vec, 1, bytes);
	call->ask.payload.count = bytes;
	call->keeps_payload = true;
}

/**
 * hf9c_ask_free - a question that is over, or was never asked
 * @call: of hf9c_ask_new() and the like; or NULL
 *
 * Context: process; waits for nothing.
 */
void hf9c_ask_free(struct hf9c_call *call)
{
	struct asking *asking;
	unsigned int i;

	if (!call)
		return;
	asking = asking_of(call);
	for (i = 0; i < NAMED; i++)
		if (asking->named[i])
			hf9c_fid_put(asking->named[i]);
	hf9c_call_release(call);
	kvfree(asking->payload);
	kfree(asking);
}

/* The server has no room for what is to be made or opened. */
static bool is_full(u8 type, int err)
{
	switch (type) {
	case NP_TATTACH:
	case NP_TWALK:
	case NP_TWALKATTR:
	case NP_TXATTRWALK:
	case NP_TLOPEN:
	case NP_TOPENATTR:
		return err == -EMFILE || err == -ENFILE || err == -ENOSPC;
	case NP_TLCREATE:
	case NP_TCREATEATTR:
		/* ENOSPC is the filesystem's. */
		return err == -EMFILE || err == -ENFILE;
	}
	return false;
}

/* Once more, if there is room then. */
static int wait_with_room(struct hf9c_super *hs, struct hf9c_call *call)
{
	unsigned int spared = READ_ONCE(hs->spared);
	u8 type = call->ask.type;
	int err = hf9c_call_wait(hs->session, call);

	if (!is_full(type, err) || !hf9c_fids_spare(hs, spared))
		return err;
	hf9c_call_release(call);
	return hf9c_call_wait(hs->session, call);
}

/**
 * hf9c_ask - send a question and wait for its reply
 * @call: of hf9c_ask_new() and the like, filled; or NULL
 *
 * Return: 0: @call->reply is there; or -errno, and @call is gone.
 */
int hf9c_ask(struct hf9c_call *call)
{
	struct hf9c_super *hs;
	bool changes;
	int err;

	if (!call)
		return -ENOMEM;
	hs = asking_of(call)->hs;
	changes = tc_changes(call->ask.type);
	err = wait_with_room(hs, call);
	if (!err) {
		settle_made(asking_of(call));
		return 0;
	}
	if (err != HF9C_LEFT) {
		left_behind(call);
		return err;
	}
	if (changes)
		hf9c_doubt(hs);
	return -EINTR;
}

/**
 * hf9c_ask_to_make - hf9c_ask() for a fid
 * @call: as there
 * @fid: that it makes
 *
 * Return: as there.
 */
int hf9c_ask_to_make(struct hf9c_call *call, struct hf9c_fid *fid)
{
	if (call)
		asking_of(call)->made = hf9c_fid_get(fid);
	return hf9c_ask(call);
}
