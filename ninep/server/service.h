/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Services: what is enabled and stopped in configfs.  An export has one in it, and so
 * has a listener.
 */
#ifndef HF9_SERVICE_H
#define HF9_SERVICE_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct hf9_service;

/* Read and changed under hf9_registry_lock; service.c has who changes it. */
enum hf9_service_state {
	HF9_MADE = 0,		/* in no list */
	HF9_ENABLED,		/* in its list; attaches, or new connections, find it */
	HF9_STOPPING,		/* in its list; none finds it */
	HF9_STOPPED,		/* in no list, and without connections */
};

/* What an export and a listener have each of its own. */
struct hf9_service_ops {
	/* It stops: ends its connections and waits for them, then all that it has. */
	void (*end)(struct hf9_service *service);
	/* Its last reference is gone: frees what it is in. */
	void (*release)(struct hf9_service *service);
};

/*
 * Owner of its life: service.c.  I: set before others see it; E: under
 * hf9_registry_lock.
 */
struct hf9_service {
	struct kref ref;
	const struct hf9_service_ops *ops;	/* I */
	const char *name;		/* I */
	enum hf9_service_state state;	/* E */
	struct list_head of_all;	/* E: hf9_exports, hf9_listeners */
	struct list_head connections;	/* E */
	u32 nr_connections;		/* E */
	wait_queue_head_t idle;		/* no connection is left */
	struct work_struct stop;
	struct completion stopped;
};

/**
 * hf9_service_init - a service that is made
 * @service: zeroes; part of what @ops->release frees
 * @ops: of it
 * @name: copied
 *
 * Return: false without memory; the caller puts it in that case, too.
 */
bool hf9_service_init(struct hf9_service *service, const struct hf9_service_ops *ops,
		      const char *name);

void hf9_service_get(struct hf9_service *service);
/* Context: may sleep. */
void hf9_service_put(struct hf9_service *service);

/* It is found from here on, in @all.  hf9_registry_lock held. */
void hf9_service_enable(struct hf9_service *service, struct list_head *all);

/* It was enabled, but its start has failed; no connection has come. */
void hf9_service_withdraw(struct hf9_service *service);

/**
 * hf9_service_stop - nobody finds it, and each of its connections ends
 * @service: enabled; with a reference of the caller's, which it keeps
 *
 * Only begins it: @service->stopped says when nothing of it is left, so that an
 * export's lower filesystem can be unmounted, and a listener's address is free.
 *
 * Context: may sleep, but waits for nobody.
 */
void hf9_service_stop(struct hf9_service *service);

int hf9_services_init(void);
/* Waits for all that was stopped. */
void hf9_services_exit(void);

#endif /* HF9_SERVICE_H */
