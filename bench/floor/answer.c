// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor's answers: what has to be known for the kernel's client to go on, and
 * nothing else.  No locks, no look-up of anything, no credentials, no memory.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "floor.h"

/* What a fid is of: from MADE on those that were created. */
enum { NOTHING, DIRECTORY, DATA, MADE };

#define DATA_BYTES	(16 << 20)
/* What v9fs would ask for if it asked: a page, and a head. */
#define PAYLOAD		(FLOOR_MSIZE - 24)

static bool is(const struct np_str *name, const char *text)
{
	return name->len == strlen(text) && !memcmp(name->at, text, name->len);
}

/* N of "made.N", or FLOOR_MADE if it is not such a name. */
static u32 number_of(const struct np_str *name)
{
	static const char prefix[] = "made.";
	u32 number = 0, at = sizeof(prefix) - 1;

	if (name->len <= at || name->len > at + 3 || memcmp(name->at, prefix, at))
		return FLOOR_MADE;
	for (; at < name->len; at++) {
		if (name->at[at] < '0' || name->at[at] > '9')
			return FLOOR_MADE;
		number = 10 * number + name->at[at] - '0';
	}
	return number;
}

static u32 find(const struct floor_tree *tree, const struct np_str *name)
{
	u32 number;

	if (is(name, "dir"))
		return DIRECTORY;
	if (is(name, "data") || is(name, "file"))
		return DATA;
	number = number_of(name);
	return number < FLOOR_MADE && test_bit(number, tree->made) ? MADE + number :
								     NOTHING;
}

static u32 node_of(const struct floor_tree *tree, u32 fid)
{
	return fid < FLOOR_FIDS ? tree->fids[fid] : NOTHING;
}

static int assign(struct floor_tree *tree, u32 fid, u32 node)
{
	if (fid >= FLOOR_FIDS)
		return -EMFILE;
	tree->fids[fid] = node;
	return 0;
}

/* (A fid of nothing makes no difference in a qid that is not sent.) */
static struct np_qid qid_of(u32 node)
{
	return (struct np_qid){
		.type = node == DIRECTORY ? NP_QTDIR : NP_QTFILE,
		.version = 1,
		.path = node,
	};
}

static int version(const struct np_msg *t, struct np_msg *r)
{
	r->rversion.msize = min(t->tversion.msize, FLOOR_MSIZE);
	r->rversion.version.at = NP_VERSION_DOTL;
	r->rversion.version.len = strlen(NP_VERSION_DOTL);
	return 0;
}

static int walk(struct floor_tree *tree, const struct np_msg *t, struct np_msg *r)
{
	u32 node = node_of(tree, t->twalk.fid), count = t->twalk.names.count, i;

	for (i = 0; i < count && node == DIRECTORY; i++) {
		node = find(tree, &t->twalk.names.name[i]);
		if (node == NOTHING)
			break;
		r->rwalk.qids.qid[i] = qid_of(node);
	}
	r->rwalk.qids.count = i;
	if (i < count)
		return i ? 0 : -ENOENT;
	return node == NOTHING ? -EBADF : assign(tree, t->twalk.newfid, node);
}

static int getattr(u32 node, struct np_msg *r)
{
	r->rgetattr.attr = (struct np_attr){
		.valid = NP_ATTR_BASIC,
		.qid = qid_of(node),
		.mode = node == DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = node == DIRECTORY ? 2 : 1,
		.size = node == DATA ? DATA_BYTES : 0,
		.blksize = PAGE_SIZE,
		.blocks = node == DATA ? DATA_BYTES >> 9 : 0,
	};
	return node == NOTHING ? -EBADF : 0;
}

static int create(struct floor_tree *tree, const struct np_msg *t, struct np_msg *r)
{
	u32 number = number_of(&t->tlcreate.name);

	if (number >= FLOOR_MADE)
		return -EPERM;
	set_bit(number, tree->made);
	r->rlcreate.qid = qid_of(MADE + number);
	r->rlcreate.iounit = 0;
	return assign(tree, t->tlcreate.fid, MADE + number);
}

static int unlink(struct floor_tree *tree, const struct np_msg *t)
{
	u32 number = number_of(&t->tunlinkat.name);

	if (number >= FLOOR_MADE || !test_and_clear_bit(number, tree->made))
		return -ENOENT;
	return 0;
}

static int read(u32 node, const struct np_msg *t, struct np_msg *r)
{
	u64 left = node == DATA && t->tread.offset < DATA_BYTES ?
			   DATA_BYTES - t->tread.offset : 0;

	r->payload.count = min3((u64)t->tread.count, left, (u64)PAYLOAD);
	return 0;
}

static int answer(struct floor_tree *tree, const struct np_msg *t, struct np_msg *r)
{
	switch (t->type) {
	case NP_TVERSION:
		return version(t, r);
	case NP_TATTACH:
		r->rattach.qid = qid_of(DIRECTORY);
		return assign(tree, t->tattach.fid, DIRECTORY);
	case NP_TWALK:
		return walk(tree, t, r);
	case NP_TGETATTR:
		return getattr(node_of(tree, t->tgetattr.fid), r);
	case NP_TLOPEN:
		r->rlopen.qid = qid_of(node_of(tree, t->tlopen.fid));
		r->rlopen.iounit = 0;
		return 0;
	case NP_TLCREATE:
		return create(tree, t, r);
	case NP_TREAD:
		return read(node_of(tree, t->tread.fid), t, r);
	case NP_TWRITE:
		r->rwrite.count = t->payload.count;
		return 0;
	case NP_TUNLINKAT:
		return unlink(tree, t);
	case NP_TCLUNK:
		return assign(tree, t->tclunk.fid, NOTHING);
	case NP_TFSYNC:
	case NP_TFLUSH:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

bool floor_answer(struct floor_tree *tree, const void *frame, u32 bytes, void *reply,
		  struct np_built *built)
{
	struct np_msg *t = &tree->request, *r = &tree->reply;
	int ret;

	if (np_decode(frame, bytes, NP_DOTL, t) != NP_OK)
		return false;
	r->tag = t->tag;
	r->type = t->type + 1;
	r->payload.count = 0;
	ret = answer(tree, t, r);
	if (ret) {
		r->type = NP_RLERROR;
		r->payload.count = 0;
		r->rlerror.ecode = -ret;
	}
	return np_encode(r, NP_DOTL, reply, FLOOR_MSIZE, built) == NP_OK;
}
