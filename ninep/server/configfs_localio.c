// SPDX-License-Identifier: GPL-2.0-only
/*
 * exports/NAME/localio, which can be written at any time; and what a change of any other
 * attribute, while the export is enabled, means to clients in this kernel.
 */
#include <linux/cleanup.h>
#include <linux/module.h>

#include "configfs_export.h"
#include "localio.h"

/* Who changes an attribute keeps links away until what the old ones do is over. */
static void set_live(struct hf9_export_item *item)
{
	struct hf9_export *export = hf9_live_export(item);

	if (export)
		WRITE_ONCE(export->localio, item->wish.localio && !item->changing);
}

static struct hf9_export *begin_change(struct hf9_export_item *item)
{
	struct hf9_export *export;

	guard(mutex)(&item->service.config);
	export = hf9_live_export(item);
	if (!export)
		return NULL;
	hf9_service_get(&export->service);
	item->changing++;
	hf9_localio_stop(export);
	return export;
}

static void end_change(struct hf9_export_item *item, struct hf9_export *export)
{
	mutex_lock(&item->service.config);
	item->changing--;
	set_live(item);
	mutex_unlock(&item->service.config);
	hf9_service_put(&export->service);
}

/* Without the lock: who disables the export waits for nobody's disk. */
int hf9_item_end_links(struct hf9_export_item *item)
{
	struct hf9_export *export = begin_change(item);
	int ret;

	if (!export)
		return 0;
	ret = hf9_localio_wait(export);
	end_change(item, export);
	return ret;
}

static void set(struct hf9_export_item *item, bool localio)
{
	guard(mutex)(&item->service.config);
	WRITE_ONCE(item->wish.localio, localio);
	set_live(item);
}

static ssize_t localio_show(struct config_item *config, char *page)
{
	return sprintf(page, "%u\n", READ_ONCE(hf9_item_of(config)->wish.localio));
}

static ssize_t localio_store(struct config_item *config, const char *page, size_t count)
{
	struct hf9_export_item *item = hf9_item_of(config);
	u32 value;
	int ret;

	ret = hf9_parse_number(config, "localio", page, count, 0, 1, &value);
	if (ret)
		return ret;
	set(item, value);
	if (!value)
		ret = hf9_item_end_links(item);
	return ret ?: count;
}

struct configfs_attribute hf9_attr_localio = {
	.ca_name	= "localio",
	.ca_mode	= 0644,
	.ca_owner	= THIS_MODULE,
	.show		= localio_show,
	.store		= localio_store,
};
