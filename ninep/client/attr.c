// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes: which answer is believed, and what it says about the cache.
 *
 * An answer tells how things were some time between its asking and its coming.  So it
 * is not taken if a later one has been, or if something that we have changed was
 * answered after it was asked for.  What a write changes (size, times, content) is
 * judged apart from what it does not, so that a file that is written all the time has
 * an owner and a mode nevertheless.
 *
 * Whether others have changed a file: by its version, or else by its times, which count
 * as equal only if they were old enough when they were seen: within a tick of the
 * server's clock a file can change twice.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>

#include "cache.h"
#include "client.h"
#include "fid.h"
#include "remote.h"

/* Seconds until a time cannot be the time of a second change. */
#define RACY	2

/**
 * hf9c_sample - attributes are about to be asked for
 * @sb: of the mount
 * @inode: whose, or NULL if that is not known yet
 *
 * Return: for hf9c_adopt().
 */
struct hf9c_sample hf9c_sample(struct super_block *sb, struct inode *inode)
{
	struct hf9c_sample sample = {
		.number = hf9c_tick(hf9c_super(sb)), .since = jiffies,
	};

	if (inode && S_ISREG(inode->i_mode)) {
		sample.size = hf_netfs_sample(inode);
		sample.known = true;
	}
	return sample;
}

/**
 * hf9c_check_attr - can an inode be made of it?
 * @attr: what the server says
 *
 * Return: 0 or -EIO.
 */
int hf9c_check_attr(const struct np_attr *attr)
{
	bool dir = attr->qid.type & NP_QTDIR, link = attr->qid.type & NP_QTSYMLINK;

	if (!(attr->valid & NP_ATTR_MODE) || attr->size > (u64)MAX_LFS_FILESIZE)
		return -EIO;
	switch (attr->mode & S_IFMT) {
	case S_IFREG:
		/* Without a size it would be cut. */
		if (!(attr->valid & NP_ATTR_SIZE))
			return -EIO;
		fallthrough;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return dir || link ? -EIO : 0;
	case S_IFDIR:
		return dir ? 0 : -EIO;
	case S_IFLNK:
		return link ? 0 : -EIO;
	}
	return -EIO;
}

static struct timespec64 time_of(u64 sec, u64 nsec)
{
	return (struct timespec64) { sec, min_t(u64, nsec, NSEC_PER_SEC - 1) };
}

/* With i_lock.  @of: NP_ATTR_*: what counts. */
static void set_owner(struct inode *inode, const struct np_attr *attr)
{
	umode_t mode = (inode->i_mode & S_IFMT) | (attr->mode & S_IALLUGO);
	kuid_t uid = make_kuid(&init_user_ns, attr->uid);
	kgid_t gid = make_kgid(&init_user_ns, attr->gid);

	if (inode->i_mode != mode)
		inode->i_mode = mode;
	if (attr->valid & NP_ATTR_UID)
		inode->i_uid = uid;
	if (attr->valid & NP_ATTR_GID)
		inode->i_gid = gid;
	if (attr->valid & NP_ATTR_NLINK)
		set_nlink(inode, min_t(u64, attr->nlink, U32_MAX));
}

static void set_times(struct hf9c_inode *hi, const struct np_attr *attr)
{
	struct inode *inode = &hi->netfs.vfs;

	if (attr->valid & NP_ATTR_ATIME)
		inode_set_atime_to_ts(inode, time_of(attr->atime_sec, attr->atime_nsec));
	if (attr->valid & NP_ATTR_MTIME)
		inode_set_mtime_to_ts(inode, time_of(attr->mtime_sec, attr->mtime_nsec));
	if (attr->valid & NP_ATTR_CTIME)
		inode_set_ctime_to_ts(inode, time_of(attr->ctime_sec, attr->ctime_nsec));
	if (attr->valid & NP_ATTR_BTIME) {
		hi->btime = time_of(attr->btime_sec, attr->btime_nsec);
		hi->has_btime = true;
	}
	if (attr->valid & NP_ATTR_BLOCKS)
		hi->blocks = attr->blocks;
}

static bool times_settled(const struct np_attr *attr)
{
	time64_t now = ktime_get_real_seconds();

	return (s64)attr->mtime_sec < now - RACY && (s64)attr->ctime_sec < now - RACY;
}

static bool mtime_settled(const struct np_attr *attr)
{
	return (s64)attr->mtime_sec < ktime_get_real_seconds() - RACY;
}

static u64 version_of(const struct np_attr *attr)
{
	return attr->valid & NP_ATTR_DATA_VERSION ? attr->data_version : 0;
}

/*
 * Before the times are taken over.  A chmod, a link or a rename of ours gives a new version
 * and a new ctime; then the mtime has to tell.
 */
static bool is_same_content(const struct hf9c_inode *hi, const struct np_attr *attr)
{
	struct timespec64 mtime = inode_get_mtime(&hi->netfs.vfs);
	struct timespec64 ctime = inode_get_ctime(&hi->netfs.vfs);
	struct timespec64 m = time_of(attr->mtime_sec, attr->mtime_nsec);
	struct timespec64 c = time_of(attr->ctime_sec, attr->ctime_nsec);

	if (hi->version && hi->version == version_of(attr))
		return true;
	if (hi->versioned < hi->changed)
		return hi->mtime_settled && timespec64_equal(&m, &mtime);
	if (hi->version && version_of(attr))
		return false;
	return hi->settled && timespec64_equal(&m, &mtime) && timespec64_equal(&c, &ctime);
}

/* With i_lock.  Return: whether others have changed the content. */
static bool take_version(struct hf9c_inode *hi, const struct np_attr *attr, u64 number)
{
	struct inode *inode = &hi->netfs.vfs;
	bool doubted = hf9c_is_doubted(hf9c_super(inode->i_sb), hi->versioned);
	/* A write of ours does change the content. */
	bool ours = hi->versioned < hi->wrote && !doubted;
	bool same = ours || is_same_content(hi, attr);

	hi->guessed |= ours;
	/* Nobody else changes it. */
	if (hf9c_is_loose(inode->i_sb) && !doubted)
		same = true;
	hi->version = version_of(attr);
	hi->versioned = number;
	hi->settled = times_settled(attr);
	hi->mtime_settled = mtime_settled(attr);
	if (S_ISREG(inode->i_mode))
		hf9c_cache_take(hi, attr);
	set_times(hi, attr);
	return !same;
}

/**
 * hf9c_first_attributes - of a new inode
 * @inode: not hashed, or I_NEW
 * @attr: after hf9c_check_attr()
 * @sample: from before they were asked for
 */
void hf9c_first_attributes(struct inode *inode, const struct np_attr *attr,
			   const struct hf9c_sample *sample)
{
	struct hf9c_super *hs = hf9c_super(inode->i_sb);
	struct hf9c_inode *hi = hf9c_inode(inode);

	spin_lock(&inode->i_lock);
	/* They may be of before a change: to be asked for again. */
	if (sample->number < atomic64_read(&hs->evicted))
		hi->changed = hi->owned = hf9c_tick(hs);
	set_owner(inode, attr);
	take_version(hi, attr, sample->number);
	hf9c_came(hi, sample);
	spin_unlock(&inode->i_lock);
}

/* Return: whether what a write does not change was taken; @late: whether the rest may not be. */
static bool take_owner(struct hf9c_inode *hi, const struct np_attr *attr,
		       const struct hf9c_sample *sample, bool *late)
{
	struct inode *inode = &hi->netfs.vfs;
	bool taken;

	spin_lock(&inode->i_lock);
	taken = sample->number > hi->applied && sample->number > hi->changed;
	*late = sample->number < hi->wrote;
	if (taken) {
		set_owner(inode, attr);
		hf9c_came(hi, sample);
	}
	spin_unlock(&inode->i_lock);
	return taken;
}

static bool take_content(struct hf9c_inode *hi, const struct np_attr *attr,
			 const struct hf9c_sample *sample)
{
	struct inode *inode = &hi->netfs.vfs;
	struct timespec64 ctime = inode_get_ctime(inode);
	struct timespec64 c = time_of(attr->ctime_sec, attr->ctime_nsec);
	bool changed = false;

	spin_lock(&inode->i_lock);
	if (sample->number > hi->versioned && sample->number > hi->wrote)
		changed = take_version(hi, attr, sample->number);
	spin_unlock(&inode->i_lock);
	if (!timespec64_equal(&c, &ctime))
		forget_all_cached_acls(inode);
	return changed;
}

/**
 * hf9c_adopt - attributes have come
 * @inode: whose
 * @attr: after hf9c_check_attr(); hf9c_is() says that they are its
 * @sample: from before they were asked for
 *
 * Context: may sleep; no folio is locked.
 */
void hf9c_adopt(struct inode *inode, const struct np_attr *attr,
		const struct hf9c_sample *sample)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	struct rl_sample size = sample->size;
	unsigned int before;
	bool late, changed;

	/*
	 * Whoever's it was not known to be.  A write that is answered before this makes
	 * the attributes late, and one after it makes this sample old.
	 */
	if (!sample->known && S_ISREG(inode->i_mode))
		size = hf_netfs_sample(inode);
	if (!take_owner(hi, attr, sample, &late) || late)
		return;
	if (!S_ISREG(inode->i_mode)) {
		take_content(hi, attr, sample);
		i_size_write(inode, attr->size);
		return;
	}
	before = hf9c_cache_see(inode, attr);
	if (!hf_netfs_attributes(inode, size, attr->size))
		return;
	changed = take_content(hi, attr, sample);
	hf9c_cache_taken(inode, before);
	if (changed)
		hf_netfs_drop(inode, 0);
}

/**
 * hf9c_changed - something of ours has changed attributes, and was answered
 * @inode: whose
 *
 * What was asked for before is of no use; what is here is to be asked for again.
 */
void hf9c_changed(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);

	spin_lock(&inode->i_lock);
	hi->changed = hi->owned = hf9c_tick(hf9c_super(inode->i_sb));
	spin_unlock(&inode->i_lock);
}

/**
 * hf9c_changed_names - hf9c_changed(), of a directory in which names were changed
 * @dir: which
 *
 * Who may do what there is as before.
 */
void hf9c_changed_names(struct inode *dir)
{
	struct hf9c_inode *hi = hf9c_inode(dir);

	spin_lock(&dir->i_lock);
	hi->changed = hf9c_tick(hf9c_super(dir->i_sb));
	spin_unlock(&dir->i_lock);
}

/**
 * hf9c_wrote - a write of ours was answered
 * @inode: to what
 *
 * Context: any but interrupts; before hf_netfs_sub_done().
 */
void hf9c_wrote(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);

	spin_lock(&inode->i_lock);
	hi->wrote = hf9c_tick(hf9c_super(inode->i_sb));
	spin_unlock(&inode->i_lock);
}

/**
 * hf9c_doubt - something may have changed, and nobody knows what
 * @hs: the mount
 *
 * A request was left behind, or was not answered: what it changes is done, or will be, or
 * never.  That is rare; so all that is known is asked for again, once, rather than who
 * left it behind being remembered with what it was about, which may be evicted by then.
 *
 * Context: process; waits for nothing.
 */
void hf9c_doubt(struct hf9c_super *hs)
{
	spin_lock(&hs->fid_lock);
	atomic64_set(&hs->doubted, hf9c_tick(hs));
	WRITE_ONCE(hs->doubted_at, jiffies);
	spin_unlock(&hs->fid_lock);
}

/**
 * hf9c_forget_guess - what is cached is about to be dropped, if it need be
 * @inode: a regular file
 *
 * Return: whether others may have written what is cached here without its version having
 * told: beside a write of ours.
 */
bool hf9c_forget_guess(struct inode *inode)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool guessed;

	spin_lock(&inode->i_lock);
	guessed = hi->guessed || hi->wrote > hi->versioned;
	hi->guessed = false;
	spin_unlock(&inode->i_lock);
	return guessed;
}

/**
 * hf9c_refresh - ask for attributes
 * @inode: whose
 * @fid: one of its
 *
 * Context: may sleep.
 * Return: 0 or -errno; -ESTALE if it is not there any more.
 */
int hf9c_refresh(struct inode *inode, struct hf9c_fid *fid)
{
	struct hf9c_sample sample = hf9c_sample(inode->i_sb, inode);
	struct np_attr attr;
	int err;

	err = hf9c_remote_getattr(fid, &attr);
	if (err)
		return err;
	if (!hf9c_is(inode, &attr))
		return -ESTALE;
	hf9c_adopt(inode, &attr, &sample);
	return 0;
}
