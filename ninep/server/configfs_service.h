/* SPDX-License-Identifier: GPL-2.0-only */
/* What exports/NAME and listeners/NAME have in common: they are enabled and disabled. */
#ifndef HF9_CONFIGFS_SERVICE_H
#define HF9_CONFIGFS_SERVICE_H

#include <linux/configfs.h>
#include <linux/mutex.h>

#include "configfs.h"
#include "service.h"

struct hf9_service_item;

struct hf9_service_item_ops {
	struct list_head *all;		/* hf9_exports, hf9_listeners */
	/*
	 * Starts what the attributes say.  @item->config held.
	 * Return: counted, for hf9_service_stop(); -errno, and @why in words.
	 */
	struct hf9_service *(*start)(struct hf9_service_item *item, const char **why);
};

/* Part of an item: all of that is under @config, but for what says otherwise. */
struct hf9_service_item {
	struct config_item item;
	struct mutex config;		/* "config" in server.h */
	const struct hf9_service_item_ops *ops;	/* I */
	struct hf9_service *live;	/* while it is enabled; counted */
};

static inline struct hf9_service_item *hf9_service_item_of(struct config_item *config)
{
	return container_of(config, struct hf9_service_item, item);
}

/* It is disabled; @type's release ends with hf9_service_item_exit(). */
void hf9_service_item_init(struct hf9_service_item *item, const char *name,
			   const struct config_item_type *type,
			   const struct hf9_service_item_ops *ops);
void hf9_service_item_exit(struct hf9_service_item *item);

/* Return: -EBUSY, with a line in the log, while it is enabled.  @item->config held. */
int hf9_service_in_use(struct hf9_service_item *item, const char *attribute);

/* As hf9_parse_number(), and -EBUSY.  @item->config held. */
int hf9_service_number(struct hf9_service_item *item, const char *attribute,
		       const char *page, size_t count, u32 min, u32 max, u32 *value);

/* A copy of @text in the place of @to.  0, -EBUSY or -ENOMEM. */
int hf9_service_text(struct hf9_service_item *item, const char *attribute,
		     struct ns_text text, const char **to);

/* What hf9_service_text() has set, as it was written. */
ssize_t hf9_service_show_text(struct hf9_service_item *item, const char *const *text,
			      char *page);

/* A row of an item's attributes, and its group's ->drop_item. */
extern struct configfs_attribute hf9_attr_enabled;
void hf9_service_drop_item(struct config_group *group, struct config_item *config);

#endif /* HF9_CONFIGFS_SERVICE_H */
