// SPDX-License-Identifier: GPL-2.0-only
/*
 * exports/NAME: what is exported, to whom, as whom, within which limits.
 *
 * All but "clients" and "users" are what they are when it is enabled; they cannot be
 * changed until it is disabled again.
 */
#define pr_fmt(fmt) "holdfast: 9P: " fmt

#include <linux/cleanup.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "configfs.h"
#include "configfs_export.h"
#include "connection.h"
#include "credentials.h"
#include "pool.h"
#include "registry.h"

int hf9_item_in_use(struct hf9_export_item *item, const char *attribute)
{
	lockdep_assert_held(&item->config);
	if (!item->live)
		return 0;
	hf9_refuse(&item->item, attribute, "not while it is enabled");
	return -EBUSY;
}

static ssize_t path_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	guard(mutex)(&item->config);
	return sprintf(page, "%s\n", item->wish.path ?: "");
}

static int check_path(struct config_item *config, struct ns_text text)
{
	if (text.length && text.at[0] == '/' && !memchr(text.at, 0, text.length))
		return 0;
	hf9_refuse(config, "path", "it is not absolute");
	return -EINVAL;
}

static ssize_t path_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	struct ns_text text;
	char *copy;
	int ret;

	if (!hf9_written(config, "path", page, count, &text))
		return -E2BIG;
	ret = check_path(config, text);
	if (ret)
		return ret;
	guard(mutex)(&item->config);
	ret = hf9_item_in_use(item, "path");
	if (ret)
		return ret;
	copy = hf9_copy(text);
	if (!copy)
		return -ENOMEM;
	kfree(item->wish.path);
	item->wish.path = copy;
	return count;
}

static ssize_t clients_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	guard(mutex)(&item->config);
	return sprintf(page, "%s\n", item->clients_text ?: "");
}

static int parse_clients(struct config_item *config, struct ns_text text,
			 struct hf9_clients **clients)
{
	struct ns_text wrong = {};
	enum ns_fault fault = hf9_clients_parse(text, clients, &wrong);

	if (!fault)
		return *clients ? 0 : -ENOMEM;
	pr_notice("exports %s: clients: \"%.*s\": %s\n", config_item_name(config),
		  (int)wrong.length, wrong.at, ns_fault_text(fault));
	return -EINVAL;
}

static void set_clients(struct hf9_export_item *item, char *copy,
			struct hf9_clients *clients)
{
	lockdep_assert_held(&item->config);
	kfree(item->clients_text);
	kfree(item->wish.clients);
	item->clients_text = copy;
	item->wish.clients = clients;
}

/* Those who have attached stay. */
static int replace_clients(struct hf9_export_item *item, struct ns_text text,
			   struct hf9_clients *clients)
{
	struct hf9_clients *live = NULL;
	char *copy = hf9_copy(text);

	lockdep_assert_held(&item->config);
	if (item->live)
		live = hf9_clients_copy(clients);
	if (!copy || (item->live && !live)) {
		kfree(copy);
		kfree(live);
		return -ENOMEM;
	}
	if (live)
		hf9_export_set_clients(item->live, live);
	set_clients(item, copy, clients);
	return 0;
}

static ssize_t clients_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	struct hf9_clients *clients;
	struct ns_text text;
	int ret;

	if (!hf9_written(config, "clients", page, count, &text))
		return -E2BIG;
	ret = parse_clients(config, text, &clients);
	if (ret)
		return ret;
	guard(mutex)(&item->config);
	ret = replace_clients(item, text, clients);
	if (ret)
		kfree(clients);
	return ret ?: count;
}

static ssize_t users_show(struct config_item *config, char *page)
{
	return hf9_users_show(hf9_item_of(config)->wish.users, page, PAGE_SIZE);
}

static int set_user(struct config_item *config, struct ns_text text)
{
	struct ns_user user;
	int ret;

	user.groups = kvcalloc(NS_USER_GROUPS, sizeof(u32), GFP_KERNEL);
	if (!user.groups)
		return -ENOMEM;
	ret = hf9_fault(config, "users", ns_parse_user(text, NS_USER_GROUPS, &user));
	if (!ret)
		ret = hf9_users_set(hf9_item_of(config)->wish.users, &user);
	kvfree(user.groups);
	return ret;
}

static ssize_t users_store(struct config_item *config, const char *page, size_t count)
{
	struct ns_text text;

	if (!hf9_written(config, "users", page, count, &text))
		return -E2BIG;
	return set_user(config, text) ?: count;
}

static ssize_t identity_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	guard(mutex)(&item->config);
	return sprintf(page, "%*phN\n", NP_IDENTITY, item->wish.identity);
}

static ssize_t identity_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	u8 identity[NP_IDENTITY];
	struct ns_text text;
	int ret;

	if (!hf9_written(config, "identity", page, count, &text))
		return -E2BIG;
	if (text.length != 2 * NP_IDENTITY || hex2bin(identity, text.at, NP_IDENTITY)) {
		hf9_refuse(config, "identity", "it is not 32 hexadecimal digits");
		return -EINVAL;
	}
	guard(mutex)(&item->config);
	ret = hf9_item_in_use(item, "identity");
	if (ret)
		return ret;
	memcpy(item->wish.identity, identity, NP_IDENTITY);
	return count;
}

static const char * const squashes[] = {
	[NS_SQUASH_ROOT]	= "root",
	[NS_SQUASH_ALL]		= "all",
	[NS_SQUASH_NONE]	= "none",
};

static ssize_t squash_show(struct config_item *config, char *page)
{
	return sprintf(page, "%s\n", squashes[READ_ONCE(hf9_item_of(config)->wish.squash)]);
}

static ssize_t squash_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	enum ns_squash squash;
	struct ns_text text;
	int ret;

	if (!hf9_written(config, "squash", page, count, &text))
		return -E2BIG;
	ret = hf9_fault(config, "squash", ns_parse_squash(text, &squash));
	if (ret)
		return ret;
	guard(mutex)(&item->config);
	ret = hf9_item_in_use(item, "squash");
	if (ret)
		return ret;
	item->wish.squash = squash;
	return count;
}

static ssize_t enabled_show(struct config_item *config, char *page)
{
	return sprintf(page, "%d\n", !!READ_ONCE(hf9_item_of(config)->live));
}

static int enable(struct hf9_export_item *item)
{
	struct hf9_export *live;
	const char *why;

	lockdep_assert_held(&item->config);
	if (item->live)
		return 0;
	if (!item->wish.path) {
		hf9_refuse(&item->item, "enabled", "there is no path");
		return -EINVAL;
	}
	live = hf9_export_start(config_item_name(&item->item), &item->wish, &why);
	if (IS_ERR(live)) {
		hf9_refuse(&item->item, "enabled", why);
		return PTR_ERR(live);
	}
	item->live = live;
	return 0;
}

/* From here on it may be enabled again, beside the one that ends. */
static void begin_stop(struct hf9_export_item *item)
{
	struct hf9_export *live;

	guard(mutex)(&item->config);
	live = item->live;
	item->live = NULL;
	if (!live)
		return;
	hf9_service_stop(&live->service);
	hf9_service_put(&live->service);
}

/*
 * The end itself cannot be interrupted; waiting for it can, and so there may be some
 * that others have waited for before.
 */
static int disable(struct hf9_export_item *item)
{
	struct hf9_service *live;
	int ret = 0;

	begin_stop(item);
	while (!ret && (live = hf9_registry_stopping(&hf9_exports, config_item_name(&item->item)))) {
		ret = wait_for_completion_killable(&live->stopped);
		hf9_service_put(live);
	}
	return ret ? -EINTR : 0;
}

static ssize_t enabled_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	u32 value;
	int ret;

	ret = hf9_parse_number(config, "enabled", page, count, 0, 1, &value);
	if (ret)
		return ret;
	if (!value)
		return disable(item) ?: count;
	guard(mutex)(&item->config);
	return enable(item) ?: count;
}

CONFIGFS_ATTR(, path);
CONFIGFS_ATTR(, clients);
CONFIGFS_ATTR(, users);
CONFIGFS_ATTR(, identity);
CONFIGFS_ATTR(, squash);
CONFIGFS_ATTR(, enabled);

static struct configfs_attribute *attributes[] = {
	&attr_path,
	&attr_clients,
	&attr_users,
	&attr_identity,
	&attr_squash,
	HF9_NUMBER_ATTRIBUTES
	&attr_enabled,
	NULL
};

static void release(struct config_item *config)
{
	struct hf9_export_item *item = hf9_item_of(config);

	kfree(item->wish.path);
	kfree(item->wish.clients);
	kfree(item->clients_text);
	hf9_users_put(item->wish.users);
	mutex_destroy(&item->config);
	kfree(item);
}

static struct configfs_item_operations item_operations = {
	.release	= release,
};

static const struct config_item_type item_type = {
	.ct_item_ops	= &item_operations,
	.ct_attrs	= attributes,
	.ct_owner	= THIS_MODULE,
};

/* Nobody is listed, root is nobody, and ports have to be reserved ones. */
static void set_defaults(struct hf9_export_wish *wish)
{
	get_random_bytes(wish->identity, sizeof(wish->identity));
	wish->squash = NS_SQUASH_ROOT;
	wish->anon_uid = 65534;
	wish->anon_gid = 65534;
	wish->require_reserved_port = true;
	wish->localio = true;
	wish->limits = (struct hf9_limits) {
		.threads	= 16,
		.connections	= 1024,
		.fids		= 65536,
		.requests	= 256,
		.bytes		= 8 << 20,
		.held_locks	= 65536,
		.waiting_locks	= 200,
	};
}

static struct config_item *make_item(struct config_group *group, const char *name)
{
	struct hf9_export_item *item = kzalloc(sizeof(*item), GFP_KERNEL);
	struct ns_text nobody = { .at = "" };
	struct hf9_clients *clients;

	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->config);
	set_defaults(&item->wish);
	hf9_clients_parse(nobody, &clients, &nobody);
	item->wish.clients = clients;
	item->wish.users = hf9_users_new();
	config_item_init_type_name(&item->item, name, &item_type);
	if (clients && item->wish.users)
		return &item->item;
	config_item_put(&item->item);
	return ERR_PTR(-ENOMEM);
}

/* The subsystem's mutex is held: nothing is waited for. */
static void drop_item(struct config_group *group, struct config_item *config)
{
	begin_stop(hf9_item_of(config));
	config_item_put(config);
}

static struct configfs_group_operations group_operations = {
	.make_item	= make_item,
	.drop_item	= drop_item,
};

const struct config_item_type hf9_exports_type = {
	.ct_group_ops	= &group_operations,
	.ct_owner	= THIS_MODULE,
};
