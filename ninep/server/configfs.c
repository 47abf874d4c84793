// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/holdfast: what is configured, in listeners/ and exports/.
 *
 * A listener or export of ours (listener.c, export.c) is made when "enabled" is set,
 * of what the attributes say then.  A directory holds the module, and what it has
 * started until that has stopped.
 */
#define pr_fmt(fmt) "holdfast: 9P: " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "configfs.h"

static const struct config_item_type root_type = {
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = {
		.ci_namebuf	= "holdfast",
		.ci_type	= &root_type,
	},
};

static struct config_group listeners, exports;

void hf9_refuse(const struct config_item *item, const char *attribute, const char *why)
{
	pr_notice("%s %s: %s: %s\n", config_item_name(item->ci_parent),
		  config_item_name((struct config_item *)item), attribute, why);
}

bool hf9_written(const struct config_item *item, const char *attribute,
		 const char *page, size_t count, struct ns_text *text)
{
	if (count >= HF9_WRITE_MOST) {
		hf9_refuse(item, attribute, "more than one write can take (4,094 bytes)");
		return false;
	}
	*text = ns_written(page, count);
	return true;
}

int hf9_fault(const struct config_item *item, const char *attribute,
	      enum ns_fault fault)
{
	switch (fault) {
	case NS_GOOD:
		return 0;
	case NS_TOO_SMALL:
	case NS_TOO_LARGE:
		hf9_refuse(item, attribute, ns_fault_text(fault));
		return -ERANGE;
	case NS_PATH_TOO_LONG:
		hf9_refuse(item, attribute, ns_fault_text(fault));
		return -ENAMETOOLONG;
	default:
		hf9_refuse(item, attribute, ns_fault_text(fault));
		return -EINVAL;
	}
}

int hf9_parse_number(const struct config_item *item, const char *attribute,
		     const char *page, size_t count, u32 min, u32 max, u32 *value)
{
	struct ns_text text;
	u64 parsed;
	int ret;

	if (!hf9_written(item, attribute, page, count, &text))
		return -E2BIG;
	ret = hf9_fault(item, attribute, ns_parse_count(text, min, max, &parsed));
	if (!ret)
		*value = parsed;
	return ret;
}

char *hf9_copy(struct ns_text text)
{
	return kmemdup_nul(text.at, text.length, GFP_KERNEL);
}

int __init hf9_configfs_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	config_group_init_type_name(&listeners, "listeners", &hf9_listeners_type);
	configfs_add_default_group(&listeners, &subsystem.su_group);
	config_group_init_type_name(&exports, "exports", &hf9_exports_type);
	configfs_add_default_group(&exports, &subsystem.su_group);
	return configfs_register_subsystem(&subsystem);
}

void hf9_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
}
