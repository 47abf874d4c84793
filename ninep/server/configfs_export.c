// SPDX-License-Identifier: GPL-2.0-only
/*
 * exports/NAME: what is exported, to whom, as whom, within which limits.
 *
 * All but "clients", "users" and "localio" are what they are when it is enabled; they
 * cannot be changed until it is disabled again.
 */
#define pr_fmt(fmt) "holdfast: 9P: " fmt

#include <linux/cleanup.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "configfs_export.h"
#include "credentials.h"
#include "registry.h"

static ssize_t path_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	return hf9_service_show_text(&item->service, &item->wish.path, page);
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
	int ret;

	if (!hf9_written(config, "path", page, count, &text))
		return -E2BIG;
	ret = check_path(config, text);
	if (!ret)
		ret = hf9_service_text(&item->service, "path", text, &item->wish.path);
	return ret ?: count;
}

static ssize_t clients_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	return hf9_service_show_text(&item->service, &item->clients_text, page);
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
	lockdep_assert_held(&item->service.config);
	kfree(item->clients_text);
	kfree(item->wish.clients);
	item->clients_text = copy;
	item->wish.clients = clients;
}

struct hf9_export *hf9_live_export(struct hf9_export_item *item)
{
	struct hf9_service *live = item->service.live;

	lockdep_assert_held(&item->service.config);
	return live ? container_of(live, struct hf9_export, service) : NULL;
}

/* Those who have attached stay. */
static int replace_clients(struct hf9_export_item *item, struct ns_text text,
			   struct hf9_clients *clients)
{
	struct hf9_clients *live = NULL;
	char *copy = hf9_copy(text);
	struct hf9_export *export;

	guard(mutex)(&item->service.config);
	export = hf9_live_export(item);
	if (export)
		live = hf9_clients_copy(clients);
	if (!copy || (export && !live)) {
		kfree(copy);
		kfree(live);
		return -ENOMEM;
	}
	if (live)
		hf9_export_set_clients(export, live);
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
	ret = replace_clients(item, text, clients);
	if (ret)
		kfree(clients);
	else
		ret = hf9_item_end_links(item);
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
	return set_user(config, text) ?: hf9_item_end_links(hf9_item_of(config)) ?: count;
}

static ssize_t identity_show(struct config_item *config, char *page)
{
	struct hf9_export_item *item = hf9_item_of(config);

	guard(mutex)(&item->service.config);
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
	guard(mutex)(&item->service.config);
	ret = hf9_service_in_use(&item->service, "identity");
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
	guard(mutex)(&item->service.config);
	ret = hf9_service_in_use(&item->service, "squash");
	if (ret)
		return ret;
	item->wish.squash = squash;
	return count;
}

static struct hf9_service *start(struct hf9_service_item *service, const char **why)
{
	struct hf9_export_item *item = hf9_item_of(&service->item);
	struct hf9_export *live;

	lockdep_assert_held(&service->config);
	if (!item->wish.path) {
		*why = "there is no path";
		return ERR_PTR(-EINVAL);
	}
	live = hf9_export_start(config_item_name(&service->item), &item->wish, why);
	return IS_ERR(live) ? ERR_CAST(live) : &live->service;
}

static const struct hf9_service_item_ops service_ops = {
	.all	= &hf9_exports,
	.start	= start,
};

CONFIGFS_ATTR(, path);
CONFIGFS_ATTR(, clients);
CONFIGFS_ATTR(, users);
CONFIGFS_ATTR(, identity);
CONFIGFS_ATTR(, squash);

static struct configfs_attribute *attributes[] = {
	&attr_path,
	&attr_clients,
	&attr_users,
	&attr_identity,
	&attr_squash,
	HF9_NUMBER_ATTRIBUTES
	&hf9_attr_localio,
	&hf9_attr_enabled,
	NULL
};

static void release(struct config_item *config)
{
	struct hf9_export_item *item = hf9_item_of(config);

	kfree(item->wish.path);
	kfree(item->wish.clients);
	kfree(item->clients_text);
	hf9_users_put(item->wish.users);
	hf9_service_item_exit(&item->service);
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
	hf9_service_item_init(&item->service, name, &item_type, &service_ops);
	set_defaults(&item->wish);
	hf9_clients_parse(nobody, &clients, &nobody);
	item->wish.clients = clients;
	item->wish.users = hf9_users_new();
	if (clients && item->wish.users)
		return &item->service.item;
	config_item_put(&item->service.item);
	return ERR_PTR(-ENOMEM);
}

static struct configfs_group_operations group_operations = {
	.make_item	= make_item,
	.drop_item	= hf9_service_drop_item,
};

const struct config_item_type hf9_exports_type = {
	.ct_group_ops	= &group_operations,
	.ct_owner	= THIS_MODULE,
};
