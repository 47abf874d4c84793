// SPDX-License-Identifier: GPL-2.0-only
/* Those attributes of exports/NAME that are numbers. */
#include <linux/cleanup.h>
#include <linux/module.h>

#include "configfs_export.h"
#include "pool.h"

#define X(name, field, least, most)					\
static ssize_t name##_show(struct config_item *config, char *page)	\
{									\
	return sprintf(page, "%u\n",					\
		       (u32)READ_ONCE(hf9_item_of(config)->wish.field)); \
}									\
									\
static ssize_t name##_store(struct config_item *config, const char *page, \
			    size_t count)				\
{									\
	struct hf9_export_item *item = hf9_item_of(config);		\
	u32 value;							\
	int ret;							\
									\
	guard(mutex)(&item->service.config);				\
	ret = hf9_service_number(&item->service, #name, page, count,	\
				 least, most, &value);			\
	if (ret)							\
		return ret;						\
	WRITE_ONCE(item->wish.field, value);				\
	return count;							\
}									\
									\
struct configfs_attribute hf9_attr_##name = {				\
	.ca_name	= #name,					\
	.ca_mode	= 0644,						\
	.ca_owner	= THIS_MODULE,					\
	.show		= name##_show,					\
	.store		= name##_store,					\
};

HF9_NUMBERS(X)
#undef X
