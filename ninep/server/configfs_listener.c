// SPDX-License-Identifier: GPL-2.0-only
/* listeners/NAME: address, msize, max_connections, enabled. */
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "configfs_service.h"
#include "connection.h"
#include "listener.h"
#include "registry.h"

struct item {
	struct hf9_service_item service;
	struct hf9_listener_wish wish;
};

static struct item *item_of(struct config_item *config)
{
	return container_of(hf9_service_item_of(config), struct item, service);
}

static ssize_t address_show(struct config_item *config, char *page)
{
	struct item *item = item_of(config);

	return hf9_service_show_text(&item->service, &item->wish.address, page);
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
	int ret;

	if (!hf9_written(config, "address", page, count, &text))
		return -E2BIG;
	ret = check_address(config, text);
	if (!ret)
		ret = hf9_service_text(&item->service, "address", text,
				       &item->wish.address);
	return ret ?: count;
}

static ssize_t store_number(struct item *item, const char *attribute, const char *page,
			    size_t count, u32 min, u32 max, u32 *value)
{
	u32 written;
	int ret;

	guard(mutex)(&item->service.config);
	ret = hf9_service_number(&item->service, attribute, page, count, min, max,
				 &written);
	if (ret)
		return ret;
	WRITE_ONCE(*value, written);
	return count;
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

static struct hf9_service *start(struct hf9_service_item *service, const char **why)
{
	struct item *item = container_of(service, struct item, service);
	struct hf9_listener *live;

	lockdep_assert_held(&service->config);
	if (!item->wish.address) {
		*why = "there is no address";
		return ERR_PTR(-EINVAL);
	}
	live = hf9_listener_start(config_item_name(&service->item), &item->wish, why);
	return IS_ERR(live) ? ERR_CAST(live) : &live->service;
}

static const struct hf9_service_item_ops service_ops = {
	.all	= &hf9_listeners,
	.start	= start,
};

CONFIGFS_ATTR(, address);
CONFIGFS_ATTR(, msize);
CONFIGFS_ATTR(, max_connections);

static struct configfs_attribute *attributes[] = {
	&attr_address,
	&attr_msize,
	&attr_max_connections,
	&hf9_attr_enabled,
	NULL
};

static void release(struct config_item *config)
{
	struct item *item = item_of(config);

	kfree(item->wish.address);
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

static struct config_item *make_item(struct config_group *group, const char *name)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return ERR_PTR(-ENOMEM);
	hf9_service_item_init(&item->service, name, &item_type, &service_ops);
	item->wish.msize = 128 << 10;
	item->wish.max_connections = 1024;
	return &item->service.item;
}

static struct configfs_group_operations group_operations = {
	.make_item	= make_item,
	.drop_item	= hf9_service_drop_item,
};

const struct config_item_type hf9_listeners_type = {
	.ct_group_ops	= &group_operations,
	.ct_owner	= THIS_MODULE,
};
