// SPDX-License-Identifier: GPL-2.0-only
/*
 * The groups that an export's users have, as its administrator has told: 9P does not
 * say them.  The table outlives the export, and may change while it is enabled; who
 * attaches gets a copy of what is there then.
 */
#include <linux/cleanup.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "credentials.h"

struct user {
	u32 nr;
	u32 groups[] __counted_by(nr);
};

struct hf9_users {
	struct kref ref;
	struct mutex lock;		/* of the table, and of each user in it */
	struct xarray by_uid;
};

struct hf9_users *hf9_users_new(void)
{
	struct hf9_users *users = kzalloc(sizeof(*users), GFP_KERNEL);

	if (!users)
		return NULL;
	kref_init(&users->ref);
	mutex_init(&users->lock);
	xa_init(&users->by_uid);
	return users;
}

struct hf9_users *hf9_users_get(struct hf9_users *users)
{
	kref_get(&users->ref);
	return users;
}

static void release(struct kref *ref)
{
	struct hf9_users *users = container_of(ref, struct hf9_users, ref);
	struct user *user;
	unsigned long uid;

	xa_for_each(&users->by_uid, uid, user)
		kfree(user);
	xa_destroy(&users->by_uid);
	mutex_destroy(&users->lock);
	kfree(users);
}

void hf9_users_put(struct hf9_users *users)
{
	if (users)
		kref_put(&users->ref, release);
}

static struct user *make(const struct ns_user *from)
{
	struct user *user = kmalloc(struct_size(user, groups, from->nr_groups),
				    GFP_KERNEL);

	if (!user)
		return NULL;
	user->nr = from->nr_groups;
	memcpy(user->groups, from->groups, flex_array_size(user, groups, user->nr));
	return user;
}

int hf9_users_set(struct hf9_users *users, const struct ns_user *from)
{
	struct user *user = NULL, *old;

	if (from->nr_groups) {
		user = make(from);
		if (!user)
			return -ENOMEM;
	}
	guard(mutex)(&users->lock);
	old = user ? xa_store(&users->by_uid, from->uid, user, GFP_KERNEL) :
		     xa_erase(&users->by_uid, from->uid);
	if (xa_is_err(old)) {
		kfree(user);
		return xa_err(old);
	}
	kfree(old);
	return 0;
}

int hf9_users_find(struct hf9_users *users, struct ns_ids *ids)
{
	const struct user *user;

	guard(mutex)(&users->lock);
	user = xa_load(&users->by_uid, ids->uid);
	if (!user)
		return -ENOENT;
	ids->groups = kvmalloc_array(user->nr, sizeof(u32), GFP_KERNEL);
	if (!ids->groups)
		return -ENOMEM;
	memcpy(ids->groups, user->groups, flex_array_size(user, groups, user->nr));
	ids->nr_groups = user->nr;
	ids->gid = user->groups[0];
	return 0;
}

/* 0 if there is no room for all of it: half a number would be another one. */
static size_t show_user(unsigned long uid, const struct user *user, char *page,
			size_t room)
{
	size_t used = scnprintf(page, room, "%lu", uid);
	u32 i;

	for (i = 0; i < user->nr; i++)
		used += scnprintf(page + used, room - used, "%c%u", i ? ',' : ' ',
				  user->groups[i]);
	used += scnprintf(page + used, room - used, "\n");
	return used && page[used - 1] == '\n' ? used : 0;
}

size_t hf9_users_show(struct hf9_users *users, char *page, size_t room)
{
	const struct user *user;
	unsigned long uid;
	size_t used = 0;

	guard(mutex)(&users->lock);
	xa_for_each(&users->by_uid, uid, user)
		used += show_user(uid, user, page + used, room - used);
	page[used] = 0;
	return used;
}
