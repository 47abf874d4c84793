// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upper dentries, and how a change of names below is noticed.
 *
 * An upper dentry that has a name keeps in d_fsdata a reference to the lower
 * dentry of that name, negative ones included, and in d_time the lower
 * d_seq as it was when name, parent and inode were last seen to agree (the
 * "stamp").  Whatever can make them disagree (rename, unlink, creation) goes
 * through the dcache below and changes d_seq, so an equal d_seq is the whole
 * check, and it can be made under RCU.  A stable d_seq is even, so odd values
 * of d_time are free for other states.
 *
 * d_fsdata and d_time are written under the upper d_lock.  A reader without it
 * may pair an old d_time with a new d_fsdata, hence the order in write_stamp().
 * d_fsdata gets another value only under the i_rwsem of the upper directory,
 * so that whoever holds that for writing may use it without a reference.
 *
 * A disconnected alias made from a file handle has no stamp; it is not found
 * by name, so none is needed.
 *
 *	d_fsdata	d_time	which is
 *	reference	even	known: they agree while the lower d_seq is this
 *	reference	UNSURE	to be checked by name, parent and inode
 *	reference	MOVING	valid: a rename is at work (hf_dentry_moving())
 *	NULL		MOVING	valid: a removal is at work (hf_dentry_take())
 *	NULL		UNSURE	no name below that is known
 *
 *	call	leaves it	and the reference
 *	give	known, UNSURE	is the caller's; the old one is put
 *	stamp	known, UNSURE	stays, or is a new one, and the old one put
 *	take	NULL, MOVING	goes to the caller if it was known, else is put
 *	moving	MOVING		stays
 *	clear	NULL, UNSURE	is put
 *	lower	as it was	is lent, if it is known
 *	release	freed		is put
 */

#include <linux/dcache.h>
#include <linux/namei.h>

#include "export.h"

/* d_time when the slow check has to be made. */
#define STAMP_UNSURE	1UL
/*
 * d_time while a rename or an unlink is at work: valid as it is until the VFS
 * moves the upper dentry or makes it negative, which it does after we returned.
 */
#define STAMP_MOVING	3UL

/*
 * Lets a lower dentry of d_fsdata go.  The names in a directory that was removed
 * are of no use to anybody, and the dcache would keep them until memory is
 * wanted, and with them the directory's inode and blocks.  (The removal below
 * could not drop them, since we held them.)
 */
static void put_lower(struct dentry *lower)
{
	const struct inode *dir;
	bool dead;

	if (!lower)
		return;
	rcu_read_lock();
	dir = d_inode_rcu(READ_ONCE(lower->d_parent));
	dead = dir && IS_DEADDIR(dir);
	rcu_read_unlock();
	if (unlikely(dead)) {
		spin_lock(&lower->d_lock);
		/* A rename may have taken it elsewhere meanwhile. */
		if (IS_DEADDIR(d_inode(lower->d_parent)))
			__d_drop(lower);
		spin_unlock(&lower->d_lock);
	}
	dput(lower);
}

/* Returns the lower dentry that was there before, to be put without the lock. */
static struct dentry *write_stamp(struct dentry *dentry, struct dentry *lower,
				  unsigned long stamp)
{
	struct dentry *old = dentry->d_fsdata;

	lockdep_assert_held(&dentry->d_lock);
	WRITE_ONCE(dentry->d_time, STAMP_UNSURE);
	smp_wmb();	/* no reader takes the old stamp for the new lower */
	WRITE_ONCE(dentry->d_fsdata, lower);
	smp_wmb();	/* pairs with is_current() */
	WRITE_ONCE(dentry->d_time, stamp);
	return old;
}

/* The stamp if @lower stands for @name in @lower_dir, and for @lower_inode. */
static unsigned long stamp_of(struct dentry *lower,
			      const struct inode *lower_dir,
			      const struct qstr *name,
			      const struct inode *lower_inode)
{
	unsigned long stamp = STAMP_UNSURE;

	spin_lock(&lower->d_lock);
	if (!d_unhashed(lower) && d_inode(lower->d_parent) == lower_dir &&
	    d_inode(lower) == lower_inode &&
	    lower->d_name.len == name->len &&
	    !memcmp(lower->d_name.name, name->name, name->len))
		/* Writers of d_seq hold d_lock: it is even. */
		stamp = raw_seqcount_begin(&lower->d_seq);
	spin_unlock(&lower->d_lock);
	return stamp;
}

/*
 * Where the dcache is the directory (tmpfs), who lists it passes over each negative
 * dentry, so that the filesystem keeps none; but it cannot drop one that we hold.
 * So ours go with their last user.  (->d_delete would make each last dput() of any
 * dentry take d_lock.)
 */
static void set_kept(struct dentry *dentry, const struct inode *lower_inode)
{
	lockdep_assert_held(&dentry->d_lock);
	if (!hf_super(dentry->d_sb)->in_memory)
		return;
	if (lower_inode)
		dentry->d_flags &= ~DCACHE_DONTCACHE;
	else
		dentry->d_flags |= DCACHE_DONTCACHE;
}

static void set_lower(struct dentry *dentry, struct dentry *lower,
		      unsigned long stamp, const struct inode *lower_inode)
{
	struct dentry *old;

	spin_lock(&dentry->d_lock);
	old = write_stamp(dentry, lower, stamp);
	set_kept(dentry, lower_inode);
	spin_unlock(&dentry->d_lock);
	put_lower(old);
}

/**
 * hf_dentry_give - let an upper dentry stand for a lower one
 * @dentry: the upper dentry
 * @lower: the lower dentry; the caller's reference goes to @dentry
 * @lower_dir: the lower directory that the name is in
 * @name: the name
 * @lower_inode: the lower inode that the upper dentry stands, or is about to
 *	stand, for; NULL for a negative one
 *
 * If they do not agree any more, the next use of @dentry will find out.
 *
 * Context: may sleep.
 */
void hf_dentry_give(struct dentry *dentry, struct dentry *lower,
		    struct inode *lower_dir, const struct qstr *name,
		    struct inode *lower_inode)
{
	set_lower(dentry, lower, stamp_of(lower, lower_dir, name, lower_inode),
		  lower_inode);
}

/**
 * hf_dentry_stamp - hf_dentry_give() with a reference of its own
 * @dentry: the upper dentry
 * @lower: the lower dentry
 * @lower_dir: the lower directory that the name is in
 * @name: the name
 * @lower_inode: see hf_dentry_give()
 *
 * Context: may sleep.
 */
void hf_dentry_stamp(struct dentry *dentry, struct dentry *lower,
		     struct inode *lower_dir, const struct qstr *name,
		     struct inode *lower_inode)
{
	unsigned long stamp = stamp_of(lower, lower_dir, name, lower_inode);
	bool same;

	spin_lock(&dentry->d_lock);
	same = dentry->d_fsdata == lower;
	if (same) {
		WRITE_ONCE(dentry->d_time, stamp);
		set_kept(dentry, lower_inode);
	}
	spin_unlock(&dentry->d_lock);
	if (!same)
		set_lower(dentry, dget(lower), stamp, lower_inode);
}

/**
 * hf_dentry_clear - an upper dentry's name is gone
 * @dentry: the upper dentry
 *
 * A negative dentry that is left behind must not pin a deleted file.
 *
 * Context: may sleep.
 */
void hf_dentry_clear(struct dentry *dentry)
{
	set_lower(dentry, NULL, STAMP_UNSURE, NULL);
}

/**
 * hf_dentry_moving - an upper dentry is about to be renamed
 * @dentry: the upper dentry
 *
 * Until the next hf_dentry_stamp() or hf_dentry_clear() it is valid as it is.
 * Otherwise a path walk between the rename below and the one above would drop
 * it, together with everything that is mounted inside.
 *
 * Context: the i_rwsem of its directory is held for writing.
 */
void hf_dentry_moving(struct dentry *dentry)
{
	spin_lock(&dentry->d_lock);
	WRITE_ONCE(dentry->d_time, STAMP_MOVING);
	spin_unlock(&dentry->d_lock);
}

/* The quick check, under RCU. */
static inline bool is_current(const struct dentry *dentry)
{
	unsigned long stamp = READ_ONCE(dentry->d_time);
	const struct dentry *lower;

	if (stamp & 1)
		return false;
	smp_rmb();	/* pairs with write_stamp() */
	lower = READ_ONCE(dentry->d_fsdata);
	return lower && !(lower->d_flags & DCACHE_OP_REVALIDATE) &&
	       !read_seqcount_retry(&lower->d_seq, stamp) &&
	       READ_ONCE(dentry->d_time) == stamp;
}

/*
 * A reference to d_fsdata.  Not under the upper d_lock: lockdep knows one class
 * for both, and rightly wants no order between dentries that are not related.
 */
static struct dentry *get_lower(struct dentry *dentry)
{
	struct dentry *lower;

	rcu_read_lock();
	do {
		lower = READ_ONCE(dentry->d_fsdata);
		/* Dead means replaced meanwhile: there is a new one to read. */
	} while (lower && !lockref_get_not_dead(&lower->d_lockref));
	rcu_read_unlock();
	return lower;
}

/**
 * hf_dentry_lower - the lower dentry of an upper name, if that is known
 * @dentry: the upper dentry
 *
 * Context: the caller holds the i_rwsem of the upper and of the lower
 * directory for writing, so that the answer stays true, and @dentry's.
 * Return: a dentry, without a reference, or NULL if it has to be looked up.
 */
struct dentry *hf_dentry_lower(struct dentry *dentry)
{
	return is_current(dentry) ? dentry->d_fsdata : NULL;
}

/**
 * hf_dentry_take - hf_dentry_lower() with the upper dentry's own reference
 * @dentry: the upper dentry of a name that is about to go
 *
 * Until the next hf_dentry_give() or hf_dentry_clear(), which has to follow
 * whatever the answer is, @dentry is valid as it is.
 *
 * Context: as hf_dentry_lower(); may sleep.
 * Return: a referenced dentry, or NULL if it has to be looked up.
 */
struct dentry *hf_dentry_take(struct dentry *dentry)
{
	struct dentry *lower;
	bool known;

	spin_lock(&dentry->d_lock);
	known = is_current(dentry);
	lower = write_stamp(dentry, NULL, STAMP_MOVING);
	spin_unlock(&dentry->d_lock);
	if (known)
		return lower;
	put_lower(lower);
	return NULL;
}

/**
 * hf_lower_get - a lower dentry of the object that an upper dentry stands for
 * @dentry: a positive upper dentry
 *
 * To reach the inode, not for its name: for anything but a directory it may be
 * another name, or none any more.
 *
 * Context: may sleep.
 * Return: a referenced, positive dentry, or ERR_PTR(-ENOMEM).
 */
struct dentry *hf_lower_get(struct dentry *dentry)
{
	struct inode *lower_inode = hf_lower_inode(d_inode(dentry));
	struct dentry *lower;

	if (hf_lower_dir(d_inode(dentry)))
		return dget(hf_lower_dir(d_inode(dentry)));

	/* Held by us, a positive dentry cannot turn negative any more. */
	lower = get_lower(dentry);
	if (lower && d_inode(lower) == lower_inode)
		return lower;
	dput(lower);
	/* Disconnected, by a file handle, or unlinked while it is open. */
	lower = d_find_any_alias(lower_inode);
	if (lower)
		return lower;
	ihold(lower_inode);
	return d_obtain_alias(lower_inode);
}

static bool revalidate_slow(struct dentry *dentry, struct inode *inode)
{
	struct inode *lower_inode = inode ? hf_lower_inode(inode) : NULL;
	struct dentry *lower, *parent, *old;
	struct name_snapshot name;
	unsigned long before, stamp;
	bool valid;

	before = READ_ONCE(dentry->d_time);
	if (before == STAMP_MOVING)
		return true;
	smp_rmb();	/* pairs with write_stamp() */
	/* Of a file handle: without a name, none can be wrong (overlayfs asks). */
	if (IS_ROOT(dentry))
		return true;
	lower = get_lower(dentry);
	if (!lower)
		return false;

	parent = dget_parent(dentry);
	take_dentry_name_snapshot(&name, dentry);
	stamp = stamp_of(lower, hf_lower_inode(d_inode(parent)), &name.name,
			 lower_inode);
	release_dentry_name_snapshot(&name);
	dput(parent);
	valid = stamp != STAMP_UNSURE;

	/* A name without its key, under fscrypt: the lower one has a say. */
	if (valid && lower->d_flags & DCACHE_OP_REVALIDATE)
		valid = lower->d_op->d_revalidate(lower, 0) > 0;

	old = lower;
	if (valid) {
		spin_lock(&dentry->d_lock);
		/* Not over what a rename, say, has written meanwhile. */
		if (dentry->d_fsdata == lower && dentry->d_time == before)
			old = write_stamp(dentry, lower, stamp);
		spin_unlock(&dentry->d_lock);
	}
	put_lower(old);
	return valid;
}

static int revalidate(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = d_inode_rcu(dentry);
	bool valid;

	if (flags & LOOKUP_RCU) {
		if (!is_current(dentry))
			return -ECHILD;
	} else {
		rcu_read_lock();
		valid = is_current(dentry);
		rcu_read_unlock();
		if (!valid && !revalidate_slow(dentry, inode))
			return 0;
	}
	if (inode)
		hf_refresh_access(inode);
	return 1;
}

/* Reached without a name (a descriptor in /proc, say): only attributes age. */
static int weak_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = d_inode(dentry);

	if (inode)
		hf_refresh(inode);
	return 1;
}

static void release(struct dentry *dentry)
{
	put_lower(dentry->d_fsdata);
}

const struct dentry_operations hf_dentry_operations = {
	.d_revalidate		= revalidate,
	.d_weak_revalidate	= weak_revalidate,
	.d_release		= release,
};
