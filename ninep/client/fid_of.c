// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which fid stands for something, for the user who asks.
 *
 * Each user is attached as himself, and what he asks for is asked for by fids that were
 * walked to from there: so the server judges.  An inode keeps those that were walked to
 * it.  Of the many that a mount would come to have the oldest that nobody uses go; they
 * are walked to again (walk.c).
 */
#include <linux/cred.h>

#include "fid.h"
#include "remote.h"

/* Of one mount. */
#define PATHS_MOST	8192

static struct hf9c_fid *find(struct list_head *list, kuid_t uid, fmode_t mode)
{
	struct hf9c_fid *fid;

	list_for_each_entry(fid, list, of_inode)
		if ((fid->mode & mode) == mode &&
		    (!uid_valid(uid) || uid_eq(fid->uid, uid)))
			return hf9c_fid_get(fid);
	return NULL;
}

struct hf9c_fid *hf9c_find_path(struct inode *inode, kuid_t uid)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_fid *fid;

	spin_lock(&hs->fid_lock);
	fid = find(&hf9c_inode(inode)->paths, uid, 0);
	if (fid)
		list_move_tail(&fid->aged, &hs->paths);
	spin_unlock(&hs->fid_lock);
	return fid;
}

struct hf9c_fid *hf9c_find_open(struct inode *inode, kuid_t uid, fmode_t mode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_fid *fid;

	spin_lock(&hs->fid_lock);
	fid = find(&hf9c_inode(inode)->open, uid, mode);
	spin_unlock(&hs->fid_lock);
	return fid;
}

/* With fid_lock; its reference is the caller's. */
static void take_off(struct hf9c_super *hs, struct hf9c_fid *fid)
{
	list_del_init(&fid->of_inode);
	list_del_init(&fid->aged);
	hs->nr_paths--;
}

static struct hf9c_fid *take_oldest(struct hf9c_super *hs)
{
	struct hf9c_fid *fid = NULL;

	spin_lock(&hs->fid_lock);
	if (hs->nr_paths > PATHS_MOST) {
		fid = list_first_entry(&hs->paths, struct hf9c_fid, aged);
		take_off(hs, fid);
	}
	spin_unlock(&hs->fid_lock);
	return fid;
}

/**
 * hf9c_fid_keep - one was walked to
 * @inode: what it stands for
 * @fid: the caller's reference, which is the inode's from here on
 */
void hf9c_fid_keep(struct inode *inode, struct hf9c_fid *fid)
{
	struct hf9c_super *hs = fid->hs;
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct hf9c_fid *there;

	spin_lock(&hs->fid_lock);
	there = find(&hi->paths, fid->uid, 0);
	if (!there) {
		list_add(&fid->of_inode, &hi->paths);
		list_add_tail(&fid->aged, &hs->paths);
		hs->nr_paths++;
	}
	spin_unlock(&hs->fid_lock);
	if (there) {
		hf9c_fid_put(there);
		hf9c_fid_put(fid);
	}
	fid = take_oldest(hs);
	if (fid)
		hf9c_fid_put(fid);
}

/**
 * hf9c_fids_forget - what stands for it by a path does not any more, nor what was open
 * @inode: evicted, or with a name less
 */
void hf9c_fids_forget(struct inode *inode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct hf9c_fid *fid;

	for (;;) {
		spin_lock(&hs->fid_lock);
		fid = list_first_entry_or_null(&hi->paths, struct hf9c_fid, of_inode) ?:
		      list_first_entry_or_null(&hi->kept, struct hf9c_fid, of_inode);
		if (fid)
			take_off(hs, fid);
		spin_unlock(&hs->fid_lock);
		if (!fid)
			return;
		hf9c_fid_put(fid);
	}
}

/* At once. */
#define SPARE_MOST	64

/* With fid_lock.  The oldest that nobody has but their inode; nobody can find them any more. */
static void take_unused(struct hf9c_super *hs, struct list_head *unused)
{
	struct hf9c_fid *fid, *next;
	unsigned int count = 0;

	lockdep_assert_held(&hs->fid_lock);
	list_for_each_entry_safe(fid, next, &hs->paths, aged) {
		if (refcount_read(&fid->ref) != 1)
			continue;
		take_off(hs, fid);
		list_add_tail(&fid->aged, unused);
		if (++count == SPARE_MOST)
			return;
	}
}

/* With @sparing.  Return: whether there were any. */
static bool spare(struct hf9c_super *hs)
{
	struct hf9c_fid *last = NULL, *fid, *next;
	LIST_HEAD(unused);

	lockdep_assert_held(&hs->sparing);
	spin_lock(&hs->fid_lock);
	take_unused(hs, &unused);
	spin_unlock(&hs->fid_lock);
	list_for_each_entry_safe(fid, next, &unused, aged) {
		list_del_init(&fid->aged);
		if (last)
			hf9c_fid_put(last);
		last = fid;
	}
	if (!last)
		return false;
	flush_delayed_work(&hs->clunk);
	/* It is gone whatever is said to that. */
	hf9c_remote_clunk(last);
	WRITE_ONCE(hs->spared, hs->spared + 1);
	return true;
}

/**
 * hf9c_fids_spare - the server has no room for another fid, or open file
 * @hs: the mount
 * @spared: hf9c_super.spared, from before it was asked for that
 *
 * Some that nobody uses go, and the answer to the last Tclunk is waited for: there is room
 * for one then.
 *
 * Context: may sleep, killably, for the server.
 * Return: whether there may be room now.
 */
bool hf9c_fids_spare(struct hf9c_super *hs, unsigned int spared)
{
	bool any;

	if (mutex_lock_killable(&hs->sparing))
		return false;
	any = hs->spared != spared || spare(hs);
	mutex_unlock(&hs->sparing);
	return any;
}

/**
 * hf9c_fid_opened - an open file has one
 * @inode: of what
 * @fid: the file's, until hf9c_fid_closed()
 */
void hf9c_fid_opened(struct inode *inode, struct hf9c_fid *fid)
{
	spin_lock(&fid->hs->fid_lock);
	list_add(&fid->of_inode, &hf9c_inode(inode)->open);
	spin_unlock(&fid->hs->fid_lock);
}

/* With fid_lock.  Return: whether the inode has the caller's reference now. */
static bool keep_closed(struct inode *inode, struct hf9c_fid *fid)
{
	if (!fid->again || !inode->i_nlink)
		return false;
	list_add(&fid->of_inode, &hf9c_inode(inode)->kept);
	list_add_tail(&fid->aged, &fid->hs->paths);
	fid->hs->nr_paths++;
	return true;
}

/**
 * hf9c_fid_closed - an open file has it no longer
 * @inode: of what
 * @fid: put, or kept for hf9c_fid_again()
 */
void hf9c_fid_closed(struct inode *inode, struct hf9c_fid *fid)
{
	struct hf9c_super *hs = fid->hs;
	bool kept;

	spin_lock(&hs->fid_lock);
	list_del_init(&fid->of_inode);
	kept = keep_closed(inode, fid);
	spin_unlock(&hs->fid_lock);
	if (kept)
		fid = take_oldest(hs);
	if (fid)
		hf9c_fid_put(fid);
}

/**
 * hf9c_fid_again - one that is open for reading, and that nobody has
 * @inode: of what
 *
 * Return: to be put, or closed; NULL if there is none of this user's.
 */
struct hf9c_fid *hf9c_fid_again(struct inode *inode)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_fid *fid;

	spin_lock(&hs->fid_lock);
	list_for_each_entry(fid, &hf9c_inode(inode)->kept, of_inode)
		if (uid_eq(fid->uid, hf9c_user_of(hs))) {
			take_off(hs, fid);
			spin_unlock(&hs->fid_lock);
			return fid;
		}
	spin_unlock(&hs->fid_lock);
	return NULL;
}

/**
 * hf9c_fid_to_read - one that a read can go by, if the reader has none
 * @inode: of what
 *
 * Return: to be put; or NULL.
 */
struct hf9c_fid *hf9c_fid_to_read(struct inode *inode)
{
	return hf9c_find_open(inode, INVALID_UID, FMODE_READ);
}

/* ------------------------------------------------------------------------- users */

static struct hf9c_fid *find_attached(struct hf9c_super *hs, kuid_t uid)
{
	struct hf9c_fid *fid;

	xa_lock(&hs->users);
	fid = xa_load(&hs->users, __kuid_val(uid));
	if (fid)
		hf9c_fid_get(fid);
	xa_unlock(&hs->users);
	return fid;
}

/* Two may attach the same user; the second one uses what is there. */
static struct hf9c_fid *attach(struct hf9c_super *hs, kuid_t uid)
{
	struct hf9c_fid *fid = hf9c_fid_new(hs, uid), *there;
	int err;

	if (IS_ERR(fid))
		return fid;
	err = hf9c_remote_attach(fid);
	if (!err) {
		hf9c_fid_get(fid);
		there = xa_cmpxchg(&hs->users, __kuid_val(uid), NULL, fid, GFP_KERNEL);
		err = xa_err(there);
		if (!there)
			return fid;
		hf9c_fid_put(fid);
	}
	hf9c_fid_put(fid);
	return err ? ERR_PTR(err) : find_attached(hs, uid);
}

struct hf9c_fid *hf9c_root_for(struct hf9c_super *hs, kuid_t uid)
{
	return find_attached(hs, uid) ?: attach(hs, uid);
}

/* As whom; or INVALID_UID. */
kuid_t hf9c_user_of(const struct hf9c_super *hs)
{
	kuid_t uid = current_fsuid();

	if (hs->opts->access == HF9C_ONE && !uid_eq(uid, hs->opts->uid))
		return INVALID_UID;
	return uid;
}

/**
 * hf9c_fid_root - the root's, for who mounts
 * @hs: the mount
 *
 * Context: may sleep.
 * Return: to be put; or -errno, of the attach.
 */
struct hf9c_fid *hf9c_fid_root(struct hf9c_super *hs)
{
	return hf9c_root_for(hs, hs->opts->access == HF9C_ONE ? hs->opts->uid :
							   current_fsuid());
}

/**
 * hf9c_users_free - the users' fids
 * @hs: the mount, whose session is over
 */
void hf9c_users_free(struct hf9c_super *hs)
{
	struct hf9c_fid *fid;
	unsigned long uid;

	xa_for_each(&hs->users, uid, fid)
		hf9c_fid_put(fid);
	xa_destroy(&hs->users);
}
