/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the registry's shell share.  The core decides, under these locks:
 *
 *	R  hf_localio_lock	who is there, who waits for an answer, which link is whose,
 *				in which state; inside it
 *	L  link->lock		the files of a link
 *
 * Both are plain spinlocks: they are taken in process context only.  What may happen in
 * an interrupt or under RCU, to get and to put a reference, takes neither.  Under both
 * nothing of a server's or a client's is called.  I: constant.
 */
#ifndef HF_LOCALIO_SHELL_H
#define HF_LOCALIO_SHELL_H

#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <holdfast/localio.h>

#include "core/localio_core.h"

/* Until the next handshake, in ms. */
#define HF_LOCALIO_AGAIN 5000

/* Who ended a link: the words of the tracepoint. */
#define HF_LOCALIO_ENDS(X)				\
	X(SERVER,	"the server stopped")		\
	X(SESSION,	"the session ended")		\
	X(CLIENT,	"the client ended")		\
	X(ANSWER,	"the answer was wrong")

enum hf_localio_end {
#define X(name, text) HF_LOCALIO_END_##name,
	HF_LOCALIO_ENDS(X)
#undef X
};

/* server.c */
struct hf_localio_server {
	struct lo_server core;			/* R */
	const struct hf_localio_ops *ops;	/* I: the server's, by pointer */
	wait_queue_head_t idle;			/* woken under R */
	bool waiting;				/* R: somebody is in hf_localio_server_wait() */
	struct list_head all;			/* R */
};

struct hf_localio_bytes {
	u64 count[2];				/* read, written */
};

/* link.c */
struct hf_localio_link {
	struct lo_link core;			/* R, its files L */
	struct percpu_ref ref;			/* its users, and one for being hooked */
	spinlock_t lock;			/* L */
	unsigned int nr_files;			/* L: listed ones */
	const struct hf_localio_ops *ops;	/* I: gone once the server was counted down */
	u64 id;					/* I */
	ktime_t since;				/* I */
	struct hf_localio_bytes __percpu *bytes;
	struct work_struct work;		/* queued once, by the last put */
	struct list_head all;			/* R: from its attach until it is counted */
	struct rcu_head rcu;
};

/* registry.c */
extern spinlock_t hf_localio_lock;
extern struct lo_registry hf_localio_registry;		/* R */
extern struct list_head hf_localio_servers;		/* R */
extern struct list_head hf_localio_links;		/* R */

struct lo_secret hf_localio_secret_draw(void);
struct lo_secret hf_localio_secret_read(const u8 *bytes);
void hf_localio_secret_write(u8 *bytes, const struct lo_secret *secret);

/* link.c */
extern struct workqueue_struct *hf_localio_wq;

struct hf_localio_link *hf_localio_link_alloc(const struct hf_localio_ops *ops);
void hf_localio_link_free_unused(struct hf_localio_link *link);
void hf_localio_link_kill_locked(struct lo_link *core, struct lo_client *whose,
				 enum hf_localio_end why);

/* show.c */
struct seq_file;
int hf_localio_show(struct seq_file *m, void *v);

static inline struct hf_localio_link *hf_localio_link_of(struct lo_link *core)
{
	return container_of(core, struct hf_localio_link, core);
}

static inline struct hf_localio_client *hf_localio_client_of(struct lo_client *core)
{
	return container_of(core, struct hf_localio_client, core);
}

static inline struct hf_localio_file *hf_localio_file_of(struct lo_file *core)
{
	return container_of(core, struct hf_localio_file, core);
}

#endif /* HF_LOCALIO_SHELL_H */
