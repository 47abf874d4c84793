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
	struct kref ref;
	const char *name;		/* I */
	const char *address;		/* I: as it was written */
	u32 msize;			/* I: that a connection may agree on */
	u32 max_connections;		/* I */
	struct hf_socket socket;	/* until hf9_listener_close() */
	struct path file;		/* I: of AF_UNIX, the socket's name; until it has stopped */
	struct delayed_work accept;
	struct hf9_pool *pool;		/* I: for those that have not attached */
	bool enabled;			/* E */
	struct list_head of_all;	/* E */
	struct list_head connections;	/* E */
	u32 nr_connections;		/* E */
	u32 nr_strangers;		/* E: of them, see registry.c */
	wait_queue_head_t idle;		/* no connection is left */
	struct work_struct stop;	/* stop.c */
	struct completion stopped;
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
 * Return: counted, for hf9_listener_stop(); what socket(2), bind(2), listen(2) say.
 */
struct hf9_listener *hf9_listener_start(const char *name,
					const struct hf9_listener_wish *wish,
					const char **why);

/**
 * hf9_listener_stop - nobody connects, and each connection ends
 * @listener: a reference of the caller's, which it keeps
 *
 * Only begins it: @listener->stopped says when its address is free, and its
 * connections have gone.
 *
 * Context: may sleep, but waits for nobody.
 */
void hf9_listener_stop(struct hf9_listener *listener);

/* stop.c's work: no connection comes any more. */
void hf9_listener_close(struct hf9_listener *listener);

struct hf9_listener *hf9_listener_get(struct hf9_listener *listener);
void hf9_listener_put(struct hf9_listener *listener);

#endif /* HF9_LISTENER_H */
