// SPDX-License-Identifier: GPL-2.0-only
/* listeners/NAME: address, msize, max_connections, enabled. */
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "configfs.h"
#include "connection.h"
#include "listener.h"
#include "registry.h"

struct item {
	struct config_item item;
	struct mutex config;		/* of the rest; "config" in server.h */
	struct hf9_listener_wish wish;
	struct hf9_listener *live;	/* while it is enabled */
};

static struct item *item_of(struct config_item *item)
{
	return container_of(item, struct item, item);
}

/* Return: -EBUSY, with a line in the log, if the listener has it. */
static int is_in_use(struct item *item, const char *attribute)
{
	lockdep_assert_held(&item->config);
	if (!item->live)
		return 0;
	hf9_refuse(&item->item, attribute, "not while it is enabled");
	return -EBUSY;
}

static ssize_t address_show(struct config_item *config, char *page)
{
	struct item *item = item_of(config);

	guard(mutex)(&item->config);
	return sprintf(page, "%s\n", item->wish.address ?: "");
}

static int check_address(struct config_item *config, struct ns_text text)
{
	struct ns_address address;

	return hf9_fault(config, "address", ns_parse_address(text, &address));
}

static ssize_t address_store(struct config_item *config, const char *page, size_t count)
{
	struct item *item = item_of(config);
	struct ns_text text;
	char *copy;
	int ret;

	if (!hf9_written(config, "address", page, count, &text))
		return -E2BIG;
	ret = check_address(config, text);
	if (ret)
		return ret;
	guard(mutex)(&item->config);
	ret = is_in_use(item, "address");
	if (ret)
		return ret;
	copy = hf9_copy(text);
	if (!copy)
		return -ENOMEM;
	kfree(item->wish.address);
	item->wish.address = copy;
	return count;
}

static ssize_t store_number(struct item *item, const char *attribute, const char *page,
			    size_t count, u32 min, u32 max, u32 *value)
{
	int ret;

	guard(mutex)(&item->config);
	ret = is_in_use(item, attribute);
	if (!ret)
		ret = hf9_parse_number(&item->item, attribute, page, count, min, max,
				       value);
	return ret ?: count;
}

static ssize_t msize_show(struct config_item *config, char *page)
{
	return sprintf(page, "%u\n", READ_ONCE(item_of(config)->wish.msize));
}

static ssize_t msize_store(struct config_item *config, const char *page, size_t count)
{
	struct item *item = item_of(config);

	return store_number(item, "msize", page, count, HF9_MSIZE_LEAST, HF9_MSIZE_MOST,
			    &item->wish.msize);
}

static ssize_t max_connections_show(struct config_item *config, char *page)
{
	return sprintf(page, "%u\n", READ_ONCE(item_of(config)->wish.max_connections));
}

static ssize_t max_connections_store(struct config_item *config, const char *page,
				     size_t count)
{
	struct item *item = item_of(config);

	return store_number(item, "max_connections", page, count, 1, 1 << 20,
			    &item->wish.max_connections);
}

static ssize_t enabled_show(struct config_item *config, char *page)
{
	return sprintf(page, "%d\n", !!READ_ONCE(item_of(config)->live));
}

static int enable(struct item *item)
{
	struct hf9_listener *live;
	const char *why;

	lockdep_assert_held(&item->config);
	if (item->live)
		return 0;
	if (!item->wish.address) {
		hf9_refuse(&item->item, "enabled", "there is no address");
		return -EINVAL;
	}
	live = hf9_listener_start(config_item_name(&item->item), &item->wish, &why);
	if (IS_ERR(live)) {
		hf9_refuse(&item->item, "enabled", why);
		return PTR_ERR(live);
	}
	item->live = live;
	return 0;
}

/* From here on it may be enabled again, beside the one that ends. */
static void begin_stop(struct item *item)
{
	struct hf9_listener *live;

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
static int disable(struct item *item)
{
	struct hf9_service *live;
	int ret = 0;

	begin_stop(item);
	while (!ret && (live = hf9_registry_stopping(&hf9_listeners, config_item_name(&item->item)))) {
		ret = wait_for_completion_killable(&live->stopped);
		hf9_service_put(live);
	}
	return ret ? -EINTR : 0;
}

static ssize_t enabled_store(struct config_item *config, const char *page, size_t count)
{
	struct item *item = item_of(config);
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

CONFIGFS_ATTR(, address);
CONFIGFS_ATTR(, msize);
CONFIGFS_ATTR(, max_connections);
CONFIGFS_ATTR(, enabled);

static struct configfs_attribute *attributes[] = {
	&attr_address,
	&attr_msize,
	&attr_max_connections,
	&attr_enabled,
	NULL
};

static void release(struct config_item *config)
{
	struct item *item = item_of(config);

	kfree(item->wish.address);
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

static struct config_item *make_item(struct config_group *group, const char *name)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->config);
	item->wish.msize = 128 << 10;
	item->wish.max_connections = 1024;
	config_item_init_type_name(&item->item, name, &item_type);
	return &item->item;
}

/* The subsystem's mutex is held: nothing is waited for. */
static void drop_item(struct config_group *group, struct config_item *config)
{
	begin_stop(item_of(config));
	config_item_put(config);
}

static struct configfs_group_operations group_operations = {
	.make_item	= make_item,
	.drop_item	= drop_item,
};

const struct config_item_type hf9_listeners_type = {
	.ct_group_ops	= &group_operations,
	.ct_owner	= THIS_MODULE,
};
