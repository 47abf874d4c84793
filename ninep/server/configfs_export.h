/* SPDX-License-Identifier: GPL-2.0-only */
/* exports/NAME, in three files: configfs_export.c, configfs_numbers.c, configfs_localio.c. */
#ifndef HF9_CONFIGFS_EXPORT_H
#define HF9_CONFIGFS_EXPORT_H

#include "configfs_service.h"
#include "export.h"

struct hf9_export_item {
	struct hf9_service_item service;
	struct hf9_export_wish wish;
	const char *clients_text;	/* as it was written */
	unsigned int changing;		/* who wait for the end of links, configfs_localio.c */
};

static inline struct hf9_export_item *hf9_item_of(struct config_item *config)
{
	return container_of(hf9_service_item_of(config), struct hf9_export_item, service);
}

/* configfs_export.c: what is enabled now, or NULL.  The item's lock is held. */
struct hf9_export *hf9_live_export(struct hf9_export_item *item);

/*
 * configfs_localio.c.  An attribute was changed: links of before end, and what is in
 * flight by them is waited for; then there may be new ones.  No lock held.
 * Return: 0; -EINTR if the caller was killed.
 */
int hf9_item_end_links(struct hf9_export_item *item);
extern struct configfs_attribute hf9_attr_localio;

/* X(name, field of the wish, least, most) */
#define HF9_NUMBERS(X)							\
	X(read_only, read_only, 0, 1)					\
	X(trust_gid, trust_gid, 0, 1)					\
	X(require_reserved_port, require_reserved_port, 0, 1)		\
	X(anonymous_uid, anon_uid, 0, NS_NO_ID - 1)			\
	X(anonymous_gid, anon_gid, 0, NS_NO_ID - 1)			\
	X(lock_hold_ms, lock_hold_ms, 0, 3600 * 1000)			\
	X(threads, limits.threads, 1, HF9_THREADS_MOST)			\
	X(max_connections, limits.connections, 1, 1 << 20)		\
	X(max_fids, limits.fids, 16, 1 << 24)				\
	X(max_requests, limits.requests, 4, 4096)			\
	X(max_bytes, limits.bytes, 1 << 16, 1 << 30)			\
	X(max_held_locks, limits.held_locks, 1, 1 << 24)		\
	X(max_waiting_locks, limits.waiting_locks, 1, 4096)

#define X(name, field, least, most)					\
extern struct configfs_attribute hf9_attr_##name;
HF9_NUMBERS(X)
#undef X

#define HF9_NUMBER_ATTRIBUTES						\
	&hf9_attr_read_only, &hf9_attr_trust_gid,			\
	&hf9_attr_require_reserved_port,				\
	&hf9_attr_anonymous_uid, &hf9_attr_anonymous_gid,		\
	&hf9_attr_lock_hold_ms, &hf9_attr_threads,			\
	&hf9_attr_max_connections, &hf9_attr_max_fids,			\
	&hf9_attr_max_requests, &hf9_attr_max_bytes,			\
	&hf9_attr_max_held_locks, &hf9_attr_max_waiting_locks,

#endif /* HF9_CONFIGFS_EXPORT_H */
