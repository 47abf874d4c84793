/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners: where clients connect. */
#ifndef HF9_LISTENER_H
#define HF9_LISTENER_H

#include "server.h"

/*
 * Owner of its life: listener.c.  I, E as in struct hf9_export; its exports are whose
 * its connections attach to.
 */
struct hf9_listener {
	struct hf9_service service;
	const char *address;		/* I: as it was written */
	u32 msize;			/* I: that a connection may agree on */
	u32 max_connections;		/* I */
	struct hf_socket socket;	/* until it ends */
	struct path file;		/* I: of AF_UNIX, the socket's name; until it has stopped */
	struct delayed_work accept;
	struct hf9_pool *pool;		/* I: for those that have not attached */
	u32 nr_strangers;		/* E: of its connections, see registry.c */
};

/* What a listener is to be; all of it the caller's. */
struct hf9_listener_wish {
	const char *address;
	u32 msize;
	u32 max_connections;
};

/**
 * hf9_listener_start - peers may connect from here on
 * @name: of it
 * @wish: what it is to be
 * @why: on failure, in words
 *
 * Context: a process in whose network namespace it listens, and as whom a socket's
 * file is made.
 * Return: counted, for hf9_service_stop(); what socket(2), bind(2), listen(2) say.
 */
struct hf9_listener *hf9_listener_start(const char *name,
					const struct hf9_listener_wish *wish,
					const char **why);

#endif /* HF9_LISTENER_H */
