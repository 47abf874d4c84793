// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key that file handles are signed with.  It has to live as long as the
 * handles do, that is as long as the exported directory, whatever mounts it on
 * whatever machine: so it is kept with LOWERDIR, in a trusted.* attribute,
 * which only the administrator reads, and which the mount hides.
 */

#include <linux/mount.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/xattr.h>

#include "export.h"

static_assert(sizeof(siphash_key_t) == 16);

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
	int err;

	/* Here, if it is frozen: fsconfig(2) cannot be restarted. */
	err = mnt_want_write(hf_super(sb)->lower_mnt);
	if (err)
		return err;
	get_random_bytes(&hs->key, sizeof(hs->key));
	err = vfs_setxattr(hf_lower_idmap(sb), hs->lower_root, HF_KEY_XATTR,
			   &hs->key, sizeof(hs->key), XATTR_CREATE);
	hf_drop_write(sb);
	return err;
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
	if (err == -ENODATA) {
		err = write_key(sb);
		if (err == -EEXIST)	/* by another mount, meanwhile */
			err = read_key(sb);
	}
	switch (err) {
	case 0:
		return 0;
	case -EUCLEAN:
		pr_err("holdfast: %pd: attribute %s is damaged; remove it (file handles given out before end with it)\n",
		       hs->lower_root, HF_KEY_XATTR);
		return err;
	case -EOPNOTSUPP:
	case -EROFS:
	case -EPERM:
	case -ENOSPC:
		pr_notice("holdfast: %pd: no key can be kept (%d): NFS file handles will not survive a remount\n",
			  hs->lower_root, err);
		get_random_bytes(&hs->key, sizeof(hs->key));
		return 0;
	}
	return err;
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
