// SPDX-License-Identifier: GPL-2.0-only
/*
 * fsc=DIRECTORY: what a cache on disk is told of versions.  <holdfast/netfs_cache.h> has
 * what it makes of them.
 *
 * A version is the export's identity, what a file is known by, and its data_version, size
 * and mtime, of one answer: in the inode, beside what else came with it, is struct hf9c_told.
 * It is attached at an open only if the server has also said that it stays for as long as
 * the content does (NP_ATTR_STILL); then no two contents have had it, and it need not age.  That it is another one is seen without that: a file that
 * somebody has opened for writing is the same file until its data_version says otherwise.
 *
 * An open that attaches a version, beside an answer that makes it another: what is told is
 * forgotten under i_lock, and hf_netfs_cache_seen() comes after that; the open takes its sample
 * in the hold of i_lock in which it takes what is told.  So either it finds nothing told, or its
 * sample is old by the time that it has attached; or an older answer was taken in between, and
 * is told: then the newer one, which is taken after that, comes once more.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include <holdfast/netfs_cache.h>

#include "cache.h"
#include "fid.h"
#include "remote.h"

static_assert(sizeof_field(struct hf_netfs_version, identity) == NP_IDENTITY);

static bool has_cache(const struct inode *inode)
{
	return hf9c_super(inode->i_sb)->netfs.cache;
}

/* ------------------------------------------------------------------------- versions */

static struct hf9c_told told_of(const struct np_attr *attr)
{
	const u64 wanted = NP_ATTR_DATA_VERSION | NP_ATTR_SIZE | NP_ATTR_MTIME | NP_ATTR_CTIME;

	if ((attr->valid & wanted) != wanted)
		return (struct hf9c_told) {};
	return (struct hf9c_told) {
		.version = attr->data_version, .size = attr->size,
		.mtime_sec = attr->mtime_sec,
		.mtime_nsec = min_t(u64, attr->mtime_nsec, NSEC_PER_SEC - 1),
		.changed = max((s64)attr->mtime_sec, (s64)attr->ctime_sec),
		.still = attr->valid & NP_ATTR_STILL,
	};
}

static bool is_same(const struct hf9c_told *a, const struct hf9c_told *b)
{
	return a->version == b->version && a->size == b->size &&
	       a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec;
}

static struct hf_netfs_version make_version(const struct hf9c_super *hs, u64 path, u32 gen,
					    const struct hf9c_told *told)
{
	struct hf_netfs_version version = {
		.path = path, .generation = gen, .version = told->version,
		.size = told->size, .mtime_sec = told->mtime_sec,
		.mtime_nsec = told->mtime_nsec, .changed = told->changed,
	};

	memcpy(version.identity, hs->identity, NP_IDENTITY);
	return version;
}

static struct hf_netfs_version version_of(struct inode *inode, const struct hf9c_told *told)
{
	const struct hf9c_inode *hi = hf9c_inode(inode);

	return make_version(hf9c_super(inode->i_sb), hi->path, hi->gen, told);
}

/* Of whatever file it is about.  Return: whether it tells a version. */
static bool answer_of(const struct hf9c_super *hs, const struct np_attr *attr,
		      struct hf_netfs_version *version)
{
	struct hf9c_told told = told_of(attr);

	*version = make_version(hs, attr->qid.path,
				attr->valid & NP_ATTR_GEN ? attr->gen : 0, &told);
	return told.version;
}

/**
 * hf9c_cache_take - what an answer says of the content is taken
 * @hi: a regular file's; with i_lock
 * @attr: the answer
 */
void hf9c_cache_take(struct hf9c_inode *hi, const struct np_attr *attr)
{
	struct hf9c_told told;

	lockdep_assert_held(&hi->netfs.vfs.i_lock);
	if (!has_cache(&hi->netfs.vfs))
		return;
	told = told_of(attr);
	if (!is_same(&hi->told, &told))
		WRITE_ONCE(hi->moves, hi->moves + 1);
	hi->told = told;
}

/**
 * hf9c_cache_see - an answer has come that counts
 * @inode: of what
 * @attr: what it says
 *
 * Of another version nothing is read from the cache any more.  Before what is in memory goes.
 *
 * Context: any but interrupts.
 * Return: for hf9c_cache_taken().
 */
unsigned int hf9c_cache_see(struct inode *inode, const struct np_attr *attr)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	unsigned int before = READ_ONCE(hi->moves);
	struct hf_netfs_version version;
	struct hf9c_told told;
	bool same;

	if (!has_cache(inode))
		return before;
	told = told_of(attr);
	spin_lock(&inode->i_lock);
	same = is_same(&hi->told, &told);
	/* Until this one is taken, if it is. */
	if (!same)
		hi->told.still = false;
	spin_unlock(&inode->i_lock);
	if (!same) {
		version = version_of(inode, &told);
		hf_netfs_cache_seen(inode, told.version ? &version : NULL);
	}
	return before;
}

/**
 * hf9c_cache_taken - hf9c_cache_take() is over, or there was none
 * @inode: of what
 * @before: of hf9c_cache_see()
 *
 * An older answer may have been taken in between, and its version attached: once more, of what
 * is told now.  Before what is in memory goes.
 *
 * Context: any but interrupts.
 */
void hf9c_cache_taken(struct inode *inode, unsigned int before)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct hf_netfs_version version;
	struct hf9c_told told;

	if (!has_cache(inode) || READ_ONCE(hi->moves) == before)
		return;
	spin_lock(&inode->i_lock);
	told = hi->told;
	spin_unlock(&inode->i_lock);
	version = version_of(inode, &told);
	hf_netfs_cache_seen(inode, told.version ? &version : NULL);
}

/* ------------------------------------------------------------------- open and close */

/*
 * What the server has now, as far as is known here.  A chmod of ours has moved the version
 * of what has not changed: the one from before is nobody's any more.
 */
static bool get_told(struct inode *inode, struct hf9c_told *told, u32 *sample)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool known;

	spin_lock(&inode->i_lock);
	*sample = hf_netfs_cache_sample(inode);
	*told = hi->told;
	known = told->version && told->still && hi->versioned > max(hi->wrote, hi->changed) &&
		!hf9c_is_doubted(hf9c_super(inode->i_sb), hi->versioned);
	spin_unlock(&inode->i_lock);
	return known;
}

/**
 * hf9c_cache_open - a regular file was opened
 * @inode: which
 *
 * Context: may sleep, for what is on disk, not long; no folio is locked.
 */
void hf9c_cache_open(struct inode *inode)
{
	struct hf_netfs_version version;
	struct hf9c_told told;
	u32 sample;
	bool known;

	if (!has_cache(inode))
		return;
	known = get_told(inode, &told, &sample);
	version = version_of(inode, &told);
	hf_netfs_cache_open(inode, known ? &version : NULL, sample);
}

/**
 * hf9c_cache_close - a file is closed, once for each hf9c_cache_open()
 * @inode: which
 *
 * Context: process.
 */
void hf9c_cache_close(struct inode *inode)
{
	if (has_cache(inode))
		hf_netfs_cache_close(inode);
}

/* ------------------------------------------------------------------------- questions */

struct question {
	struct hf9c_call call;
	struct hf9c_fid *fid;
	struct hf_netfs_asked *asked;
};

/* The call is over: with the answer, an error, or the session's end. */
static void answered(struct hf9c_call *call)
{
	struct question *question = container_of(call, struct question, call);
	const struct np_attr *attr = &call->reply.rgetattr.attr;
	struct hf_netfs_asked *asked = question->asked;
	struct hf_netfs_version version = {};
	bool known = false;

	if (!call->error && !hf9c_check_attr(attr))
		known = answer_of(question->fid->hs, attr, &version);
	hf9c_fid_put(question->fid);
	kfree(question);
	/* Nothing of the mount is touched after it. */
	hf_netfs_cache_answer(asked, known ? &version : NULL);
}

/* Nobody is asked for a fid: whose version it was can be nobody's by then. */
static struct hf9c_fid *fid_at_hand(struct inode *inode)
{
	return hf9c_find_open(inode, INVALID_UID, 0) ?: hf9c_find_path(inode, INVALID_UID);
}

/**
 * hf9c_cache_ask - hf_netfs_ops.version
 * @inode: of what
 * @asked: for the answer
 *
 * Context: process, GFP_NOFS; waits for nobody.
 * Return: 0, and the answer comes; -ENOENT if no fid is at hand; -ENOMEM, -EIO.
 */
int hf9c_cache_ask(struct inode *inode, struct hf_netfs_asked *asked)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct question *question;
	int err;

	question = kmalloc(sizeof(*question), GFP_NOFS);
	if (!question)
		return -ENOMEM;
	hf9c_call_init(&question->call, NP_TGETATTR);
	question->asked = asked;
	question->fid = fid_at_hand(inode);
	err = -ENOENT;
	if (question->fid) {
		question->call.ask.tgetattr.fid = question->fid->number;
		question->call.ask.tgetattr.request_mask = NP_ATTR_ALL;
		question->call.done = answered;
		err = hf9c_call_start(hs->session, &question->call);
		if (!err)
			return 0;
		hf9c_fid_put(question->fid);
	}
	kfree(question);
	return err;
}

/* ------------------------------------------------------------------------- the mount */

/* Return: 0, also if there is none, then it stays zeroes; -EINTR: killed. */
static int get_identity(struct hf9c_super *hs, struct hf9c_fid *root)
{
	if (hf9c_knows(hs, NP_TIDENTITY) && hf9c_remote_identity(root, hs->identity) == -EINTR)
		return -EINTR;
	return 0;
}

/**
 * hf9c_cache_begin - the directory that the mount keeps content in, if it is to
 * @fc: the context
 * @sb: the new mount, which has no inode yet
 * @root: the fid of what it shows
 *
 * Context: may sleep, for the server and for the directory's filesystem.
 * Return: 0 or -errno, and the log says why.
 */
int hf9c_cache_begin(struct fs_context *fc, struct super_block *sb, struct hf9c_fid *root)
{
	struct hf9c_super *hs = hf9c_super(sb);
	const struct hf_netfs_cache_limits limits = {
		.bytes = hs->opts->fscsize, .objects = hs->opts->fscfiles,
	};
	const char *why = NULL;
	int err;

	if (!hs->opts->fsc)
		return 0;
	err = get_identity(hs, root);
	if (err)
		return err;
	if (!memchr_inv(hs->identity, 0, NP_IDENTITY)) {
		pr_info("holdfast: 9P session %u: the server tells no identity: nothing is cached in %s\n",
			hf9c_session_id(hs->session), hs->opts->fsc);
		return 0;
	}
	err = hf_netfs_cache_attach(&hs->netfs, hs->opts->fsc, &limits, &why);
	if (err)
		errorfc(fc, "fsc: %s (%d)", why ?: "it cannot be used", err);
	return err;
}
