// SPDX-License-Identifier: GPL-2.0-only
/*
 * As whom a client's user acts.
 *
 * A client's kernel is believed about its users' ids, as with NFS's sec=sys.  What it
 * does not say, their groups, comes from the export's table of users, or, for a local
 * peer that is not root, from that peer itself, who can be nobody else.
 *
 * Capabilities: none, unless the user is root and stays root, who has those that
 * knfsd's root has.  (knfsd leaves a user those that are not about files; but 9P has
 * extended attributes, and CAP_SYS_ADMIN is about those.)
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/init_task.h>
#include <linux/slab.h>

#include "credentials.h"

struct hf9_who *hf9_who_get(struct hf9_who *who)
{
	kref_get(&who->ref);
	return who;
}

static void release(struct kref *ref)
{
	struct hf9_who *who = container_of(ref, struct hf9_who, ref);

	put_cred(who->cred);
	kfree(who);
}

void hf9_who_put(struct hf9_who *who)
{
	if (who)
		kref_put(&who->ref, release);
}

/* Who connected has these ids, whatever it says. */
static int ids_of_peer(const struct cred *peer, u32 claimed, struct ns_ids *ids)
{
	const struct group_info *groups = peer->group_info;
	u32 i;

	ids->uid = from_kuid(&init_user_ns, peer->euid);
	ids->gid = from_kgid(&init_user_ns, peer->egid);
	if (claimed != NS_NO_ID && claimed != ids->uid)
		return -EPERM;
	ids->groups = kvcalloc(max(groups->ngroups, 1), sizeof(u32), GFP_KERNEL);
	if (!ids->groups)
		return -ENOMEM;
	for (i = 0; i < groups->ngroups; i++)
		ids->groups[i] = from_kgid(&init_user_ns, groups->gid[i]);
	ids->nr_groups = groups->ngroups;
	return 0;
}

/* Root's own group needs no table; squashing takes it away again. */
static int ids_of_claim(const struct hf9_export *export, u32 claimed,
			struct ns_ids *ids)
{
	int ret;

	ids->uid = claimed;
	ids->gid = claimed ? NS_NO_ID : 0;
	if (claimed == NS_NO_ID)
		return 0;
	ret = hf9_users_find(export->users, ids);
	return ret == -ENOENT ? 0 : ret;
}

static int find_ids(const struct hf9_export *export,
		    const struct hf9_connection *connection, u32 claimed,
		    struct ns_ids *ids)
{
	bool is_local = connection->peer.ip.family == NS_UNIX;
	int ret;

	if (is_local && !connection->peer_cred)
		return -EPERM;
	if (is_local && !connection->unix_root)
		ret = ids_of_peer(connection->peer_cred, claimed, ids);
	else
		ret = ids_of_claim(export, claimed, ids);
	if (!ret)
		ns_squash_ids(ids, export->squash, export->anon_uid, export->anon_gid);
	return ret;
}

static int set_ids(struct cred *cred, const struct ns_ids *ids)
{
	struct group_info *groups = groups_alloc(ids->nr_groups);
	u32 i;

	if (!groups)
		return -ENOMEM;
	for (i = 0; i < ids->nr_groups; i++)
		groups->gid[i] = make_kgid(&init_user_ns, ids->groups[i]);
	groups_sort(groups);
	set_groups(cred, groups);
	put_group_info(groups);
	cred->fsuid = make_kuid(&init_user_ns, ids->uid);
	cred->fsgid = make_kgid(&init_user_ns, ids->gid);
	return 0;
}

static void set_capabilities(struct cred *cred)
{
	bool root = uid_eq(cred->fsuid, GLOBAL_ROOT_UID);

	cred->cap_permitted = root ? CAP_NFSD_SET : CAP_EMPTY_SET;
	cred->cap_effective = cred->cap_permitted;
	cred->cap_inheritable = CAP_EMPTY_SET;
	cred->cap_ambient = CAP_EMPTY_SET;
}

/* Not the caller's own: that has a label and keys. */
static const struct cred *make_cred(const struct ns_ids *ids)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return NULL;
	if (set_ids(cred, ids)) {
		abort_creds(cred);
		return NULL;
	}
	set_capabilities(cred);
	return cred;
}

static struct hf9_who *make(const struct hf9_export *export, const struct ns_ids *ids)
{
	struct hf9_who *who = kzalloc(sizeof(*who), GFP_KERNEL);

	if (!who)
		return ERR_PTR(-ENOMEM);
	kref_init(&who->ref);
	who->anon_gid = make_kgid(&init_user_ns, export->anon_gid);
	who->squash_gids = export->squash == NS_SQUASH_ALL;
	who->squash_gid0 = export->squash != NS_SQUASH_NONE;
	who->trust_gid = export->trust_gid;
	who->cred = make_cred(ids);
	if (who->cred)
		return who;
	kfree(who);
	return ERR_PTR(-ENOMEM);
}

struct hf9_who *hf9_who_make(const struct hf9_export *export,
			     const struct hf9_connection *connection, u32 claimed)
{
	struct ns_ids ids = {};
	struct hf9_who *who;
	int ret;

	ret = find_ids(export, connection, claimed, &ids);
	who = ret ? ERR_PTR(ret) : make(export, &ids);
	kvfree(ids.groups);
	return who;
}

static kgid_t squashed(const struct hf9_who *who, u32 gid)
{
	kgid_t kgid = make_kgid(&init_user_ns, gid);

	if (!gid_valid(kgid))
		return who->cred->fsgid;
	if (who->squash_gids || (who->squash_gid0 && gid_eq(kgid, GLOBAL_ROOT_GID)))
		return who->anon_gid;
	return kgid;
}

static const struct cred *with_gid(const struct hf9_who *who, kgid_t gid)
{
	struct cred *cred = prepare_creds();

	if (!cred)
		return ERR_PTR(-ENOMEM);
	cred->fsgid = gid;
	return cred;
}

const struct cred *hf9_create_cred(const struct hf9_who *who, const struct inode *dir,
				   u32 gid, umode_t *mode)
{
	kgid_t kgid = squashed(who, gid), asked = make_kgid(&init_user_ns, gid);

	if (WARN_ON_ONCE(current_cred() != who->cred))
		return ERR_PTR(-EIO);
	/* The one that the directory gives, also if that is squashed, is no claim. */
	if (gid_eq(kgid, who->cred->fsgid) ||
	    (dir->i_mode & S_ISGID &&
	     (gid_eq(kgid, dir->i_gid) || gid_eq(asked, dir->i_gid))))
		return get_cred(who->cred);
	if (in_group_p(kgid) || uid_eq(who->cred->fsuid, GLOBAL_ROOT_UID))
		return with_gid(who, kgid);
	if (!who->trust_gid)
		return ERR_PTR(-EPERM);
	/* Ownership, but no right: nothing that runs with it. */
	*mode &= ~S_ISGID;
	return with_gid(who, kgid);
}
