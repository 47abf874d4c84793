/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is: exports, listeners, and whose each connection is. */
#ifndef HF9_REGISTRY_H
#define HF9_REGISTRY_H

#include "server.h"

extern struct mutex hf9_registry_lock;
extern struct list_head hf9_exports, hf9_listeners;	/* under it; also those that stop */

/*
 * Into the lists, from which attaches and new connections are taken.  -EEXIST: there
 * is an export of that name or identity.
 */
int hf9_registry_add_export(struct hf9_export *export);
void hf9_registry_add_listener(struct hf9_listener *listener);

/* Each connection is shut down, and its threads told to end it. */
void hf9_registry_cut_listener(struct hf9_listener *listener);

/* Each connection is ended, and waited for, until it is gone. */
void hf9_registry_drain_export(struct hf9_export *export);
void hf9_registry_drain_listener(struct hf9_listener *listener);

/* Of all that have joined it and not left it; hf9_registry_lock is held. */
void hf9_registry_each(struct hf9_export *export,
		       void (*call)(struct hf9_connection *connection));

/* One of that name in hf9_exports, or hf9_listeners, that stops; counted, or NULL. */
struct hf9_service *hf9_registry_stopping(const struct list_head *all, const char *name);

/* A new connection, which holds its listener from then on.  -ESHUTDOWN, -EBUSY. */
int hf9_registry_join_listener(struct hf9_connection *connection);

/*
 * The export of the first attach, which the connection holds from then on.  That one
 * is asked whether it lets the peer in; "" is the only one there is, and afterwards
 * the connection's own.
 * 0; -ENOENT: there is none; -EACCES; -EBUSY: it has too many; -EXDEV: it is of
 * another one.
 */
int hf9_registry_join_export(struct hf9_connection *connection,
			     const struct np_str *name);

/* One that has joined: of its listener, its export; it holds them no more. */
void hf9_registry_leave(struct hf9_connection *connection);

#endif /* HF9_REGISTRY_H */
