// SPDX-License-Identifier: GPL-2.0-only
/*
 * "enabled": a service is made of what the attributes say then, and is the item's
 * until it is told to stop.  After that the item may be enabled again, beside the one
 * that ends; and it may go, which that one does not need.
 */
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "configfs_service.h"
#include "registry.h"

void hf9_service_item_init(struct hf9_service_item *item, const char *name,
			   const struct config_item_type *type,
			   const struct hf9_service_item_ops *ops)
{
	mutex_init(&item->config);
	item->ops = ops;
	config_item_init_type_name(&item->item, name, type);
}

void hf9_service_item_exit(struct hf9_service_item *item)
{
	WARN_ON_ONCE(item->live);
	mutex_destroy(&item->config);
}

int hf9_service_in_use(struct hf9_service_item *item, const char *attribute)
{
	lockdep_assert_held(&item->config);
	if (!item->live)
		return 0;
	hf9_refuse(&item->item, attribute, "not while it is enabled");
	return -EBUSY;
}

int hf9_service_number(struct hf9_service_item *item, const char *attribute,
		       const char *page, size_t count, u32 min, u32 max, u32 *value)
{
	int ret = hf9_service_in_use(item, attribute);

	return ret ?: hf9_parse_number(&item->item, attribute, page, count, min, max,
				       value);
}

int hf9_service_text(struct hf9_service_item *item, const char *attribute,
		     struct ns_text text, const char **to)
{
	char *copy;
	int ret;

	guard(mutex)(&item->config);
	ret = hf9_service_in_use(item, attribute);
	if (ret)
		return ret;
	copy = hf9_copy(text);
	if (!copy)
		return -ENOMEM;
	kfree(*to);
	*to = copy;
	return 0;
}

ssize_t hf9_service_show_text(struct hf9_service_item *item, const char *const *text,
			      char *page)
{
	guard(mutex)(&item->config);
	return sprintf(page, "%s\n", *text ?: "");
}

static ssize_t enabled_show(struct config_item *config, char *page)
{
	return sprintf(page, "%d\n", !!READ_ONCE(hf9_service_item_of(config)->live));
}

static int enable(struct hf9_service_item *item)
{
	struct hf9_service *live;
	const char *why;

	lockdep_assert_held(&item->config);
	if (item->live)
		return 0;
	live = item->ops->start(item, &why);
	if (IS_ERR(live)) {
		hf9_refuse(&item->item, "enabled", why);
		return PTR_ERR(live);
	}
	item->live = live;
	return 0;
}

static void begin_stop(struct hf9_service_item *item)
{
	struct hf9_service *live;

	guard(mutex)(&item->config);
	live = item->live;
	item->live = NULL;
	if (!live)
		return;
	hf9_service_stop(live);
	hf9_service_put(live);
}

/*
 * The end itself cannot be interrupted; waiting for it can, and so there may be some
 * that others have waited for before.
 */
static int disable(struct hf9_service_item *item)
{
	const char *name = config_item_name(&item->item);
	struct hf9_service *live;
	int ret = 0;

	begin_stop(item);
	while (!ret && (live = hf9_registry_stopping(item->ops->all, name))) {
		ret = wait_for_completion_killable(&live->stopped);
		hf9_service_put(live);
	}
	return ret ? -EINTR : 0;
}

static ssize_t enabled_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_service_item *item = hf9_service_item_of(config);
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

struct configfs_attribute hf9_attr_enabled = {
	.ca_name	= "enabled",
	.ca_mode	= 0644,
	.ca_owner	= THIS_MODULE,
	.show		= enabled_show,
	.store		= enabled_store,
};

/* The subsystem's mutex is held: nothing is waited for. */
void hf9_service_drop_item(struct config_group *group, struct config_item *config)
{
	begin_stop(hf9_service_item_of(config));
	config_item_put(config);
}
