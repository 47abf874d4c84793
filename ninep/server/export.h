/* SPDX-License-Identifier: GPL-2.0-only */
/* Exports: what is asked of one, and its start.  Its end is a service's. */
#ifndef HF9_EXPORT_H
#define HF9_EXPORT_H

#include "server.h"

/* accept, park: short work that waits for nobody. */
extern struct workqueue_struct *hf9_wq;

/* What an export is to be; all of it the caller's. */
struct hf9_export_wish {
	const char *path;
	const struct hf9_clients *clients;
	struct hf9_users *users;
	u8 identity[NP_IDENTITY];
	struct hf9_limits limits;
	u32 lock_hold_ms;
	bool read_only, trust_gid, require_reserved_port, localio;
	enum ns_squash squash;
	u32 anon_uid, anon_gid;
};

/**
 * hf9_export_start - clients may attach from here on
 * @name: as what
 * @wish: what it is to be
 * @why: on failure, in words
 *
 * Context: a process that may see the path, whose mount is cloned as that process.
 * Return: counted, for hf9_service_stop(); what the path's lookup says; what
 * clone_private_mount() says: -EINVAL, -EPERM to whoever may not mount there;
 * -EOPNOTSUPP: it is idmapped; -EEXIST: there is such an export; -ENOMEM.
 */
struct hf9_export *hf9_export_start(const char *name, const struct hf9_export_wish *wish,
				    const char **why);

/*
 * For connections that attach from now on, each by its first attach: one that has an
 * export stays, and with it the users that it attaches later.  Takes @clients over.
 */
void hf9_export_set_clients(struct hf9_export *export, struct hf9_clients *clients);

#endif /* HF9_EXPORT_H */
