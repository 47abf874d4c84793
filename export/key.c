// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key that file handles are signed with.  It has to live as long as the
 * handles do, that is as long as the exported directory, whatever mounts it on
 * whatever machine: so it is kept with LOWERDIR, in a trusted.* attribute,
 * which only the administrator reads, and which the mount hides.  Whoever copies
 * LOWERDIR with its attributes copies the key, too; home.c tells that by a second
 * one, and the copy gets a key of its own:
 *
 *	key	home		what is done
 *	-	any		a new key; first the home is written, then the key
 *	kept	here		it is used, unless another mount in the same
 *				filesystem has it
 *	kept	-		it is from before there were homes: it is used, and
 *				the home is written, unless another mount has it
 *	kept	elsewhere	a copy: a new key; first that is written, then the
 *				home
 *
 * The order is so that no crash between the two leaves a key that was copied with
 * a home that says "here".  One that leaves a new key leaves it without handles.
 */

#include <linux/list.h>
#include <linux/mount.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/xattr.h>

#include "export.h"

static_assert(sizeof(siphash_key_t) == 16);

/* The mounts that have a key, for those whose home is not known yet. */
static LIST_HEAD(keys);
static DEFINE_SPINLOCK(keys_lock);	/* protects it */

static int read_key(struct super_block *sb)
{
	struct hf_super *hs = hf_super(sb);
	siphash_key_t key;
	ssize_t len;

	len = vfs_getxattr(hf_lower_idmap(sb), hs->lower_root, HF_KEY_XATTR,
			   &key, sizeof(key));
	if (len == sizeof(key)) {
		hs->key = key;
		return 0;
	}
	return len < 0 && len != -ERANGE ? len : -EUCLEAN;
}

static int write_key(struct super_block *sb)
{
	struct hf_super *hs = hf_super(sb);

	return vfs_setxattr(hf_lower_idmap(sb), hs->lower_root, HF_KEY_XATTR,
			    &hs->key, sizeof(hs->key), 0);
}

/* @copy: the home that is there says of another key that it is at home. */
static int write_both(struct super_block *sb, bool copy)
{
	int err;

	err = copy ? write_key(sb) : hf_home_write(sb);
	if (err)
		return err;
	return copy ? hf_home_write(sb) : write_key(sb);
}

/* A key of its own, kept if that can be. */
static int new_key(struct super_block *sb, bool copy)
{
	struct hf_super *hs = hf_super(sb);
	int err;

	get_random_bytes(&hs->key, sizeof(hs->key));
	/* Here, if it is frozen: fsconfig(2) cannot be restarted. */
	err = mnt_want_write(hf_super(sb)->lower_mnt);
	if (!err) {
		err = write_both(sb, copy);
		hf_drop_write(sb);
	}
	switch (err) {
	case -EOPNOTSUPP:
	case -EROFS:
	case -EPERM:
	case -ENOSPC:
	case -EDQUOT:
	case -E2BIG:
	case -EOVERFLOW:
		pr_notice("holdfast: %pd: no key can be kept (%d): NFS file handles will not survive a remount\n",
			  hs->lower_root, err);
		return 0;
	}
	return err;
}

static int give_copy_a_key(struct super_block *sb)
{
	pr_notice("holdfast: %pd: is a copy of a LOWERDIR, or restored from one: it gets a key of its own, and the NFS file handles of the original are not valid here\n",
		  hf_super(sb)->lower_root);
	return new_key(sb, true);
}

static bool is_near(const struct hf_super *hs, const struct hf_super *other)
{
	return hs->lower_root->d_sb == other->lower_root->d_sb;
}

/*
 * Does the mount of another LOWERDIR have this key?  If not this one has.  @near:
 * only those in the same filesystem are asked: a key that is at home in two
 * filesystems is that of a snapshot.
 */
static bool take_key(struct hf_super *hs, bool near)
{
	struct hf_super *other;
	bool taken = false;

	spin_lock(&keys_lock);
	list_for_each_entry(other, &keys, keys)
		if (!memcmp(&other->key, &hs->key, sizeof(hs->key)) &&
		    other->lower_root != hs->lower_root &&
		    (!near || is_near(hs, other)))
			taken = true;
	if (!taken)
		list_add(&hs->keys, &keys);
	spin_unlock(&keys_lock);
	return !taken;
}

/* The handles that it signed are valid, whether or not the home is written. */
static int adopt(struct super_block *sb)
{
	struct hf_super *hs = hf_super(sb);
	int err;

	if (!take_key(hs, false))
		return give_copy_a_key(sb);
	/* Here, if it is frozen: fsconfig(2) cannot be restarted. */
	err = mnt_want_write(hf_super(sb)->lower_mnt);
	if (err)	/* read-only: it is looked at each time */
		return 0;
	err = hf_home_write(sb);
	hf_drop_write(sb);
	if (err)
		pr_notice("holdfast: %pd: attribute %s cannot be written (%d): a copy of it with its attributes will have its key\n",
			  hs->lower_root, HF_HOME_XATTR, err);
	return 0;
}

static int check_home(struct super_block *sb)
{
	enum hf_home home;
	int err;

	err = hf_home_of(sb, &home);
	if (err == -EUCLEAN)
		pr_err("holdfast: %pd: attribute %s is damaged, or of a newer version; remove it if this is the original\n",
		       hf_super(sb)->lower_root, HF_HOME_XATTR);
	if (err)
		return err;
	switch (home) {
	case HF_HOME_ELSEWHERE:
		return give_copy_a_key(sb);
	case HF_HOME_NONE:
		return adopt(sb);
	case HF_HOME_HERE:
		/* Adopted by a copy, while the original was not mounted? */
		if (!take_key(hf_super(sb), true))
			return give_copy_a_key(sb);
		break;
	case HF_HOME_NEVER:
		break;
	}
	return 0;
}

/**
 * hf_key_load - read LOWERDIR's key, or make one
 * @sb: the upper superblock
 *
 * Where none can be kept (a read-only filesystem, one without extended
 * attributes) a key is made for this mount, and its handles end with it.
 *
 * Context: while mounting, as the administrator.
 * Return: 0 or -errno.
 */
int hf_key_load(struct super_block *sb)
{
	struct hf_super *hs = hf_super(sb);
	int err;

	err = read_key(sb);
	if (!err)
		err = check_home(sb);
	else if (err == -ENODATA || err == -EOPNOTSUPP)
		err = new_key(sb, false);
	else if (err == -EUCLEAN)
		pr_err("holdfast: %pd: attribute %s is damaged; remove it (file handles given out before end with it)\n",
		       hs->lower_root, HF_KEY_XATTR);
	if (err)
		return err;
	spin_lock(&keys_lock);
	if (list_empty(&hs->keys))
		list_add(&hs->keys, &keys);
	spin_unlock(&keys_lock);
	return 0;
}

/**
 * hf_key_drop - the mount gives out no handle any more
 * @hs: what it knows; hf_key_load() need not have been called
 */
void hf_key_drop(struct hf_super *hs)
{
	spin_lock(&keys_lock);
	list_del_init(&hs->keys);
	spin_unlock(&keys_lock);
}

/**
 * hf_key_sign - a message authentication code
 * @hs: whose key
 * @data: the message
 * @len: its length
 *
 * Return: SipHash of @data, in host order.
 */
u64 hf_key_sign(const struct hf_super *hs, const void *data, size_t len)
{
	return siphash(data, len, &hs->key);
}
