/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/kernel/config/holdfast: what its files share. */
#ifndef HF9_CONFIGFS_H
#define HF9_CONFIGFS_H

#include <linux/configfs.h>

#include "core/config_core.h"

extern const struct config_item_type hf9_exports_type;		/* configfs_export.c */
extern const struct config_item_type hf9_listeners_type;	/* configfs_listener.c */

int hf9_configfs_init(void);
void hf9_configfs_exit(void);

/* What configfs hands over of one write at the most; the rest comes as another one. */
#define HF9_WRITE_MOST	4095

/* The line in the log of what was refused. */
void hf9_refuse(const struct config_item *item, const char *attribute, const char *why);

/*
 * What was written, without the newline.  Return: false, with a line in the log, if
 * it may not be all.
 */
bool hf9_written(const struct config_item *item, const char *attribute,
		 const char *page, size_t count, struct ns_text *text);

/* -errno of a fault, with a line in the log; 0 for NS_GOOD. */
int hf9_fault(const struct config_item *item, const char *attribute,
	      enum ns_fault fault);

/* A number from @min to @max.  0 or -errno, with a line in the log. */
int hf9_parse_number(const struct config_item *item, const char *attribute,
		     const char *page, size_t count, u32 min, u32 max, u32 *value);

/* A copy with a NUL behind it, of what has none in it. */
char *hf9_copy(struct ns_text text);

#endif /* HF9_CONFIGFS_H */
