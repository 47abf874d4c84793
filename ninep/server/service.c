// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services, which are exports and listeners: owner of their life, and of their end.
 *
 * A state, and what alone leads from one to the next, under hf9_registry_lock:
 *
 *	made -> enabled		hf9_service_enable()
 *	enabled -> stopping	hf9_service_stop()
 *	stopping -> stopped	its work, when nothing of it is left
 *	enabled -> stopped	hf9_service_withdraw()
 *
 * References: configfs's until it is told to stop; that work's; one of each of its
 * connections; one of who waits until it has stopped.
 *
 * Why nothing of it is left when @stopped is complete:
 * 1. It is stopping: no attach finds the export, no new connection the listener, whose
 *    socket's callbacks are restored, whose accept work is cancelled.
 * 2. Each of its connections is ended (connection.c): its socket is shut down, no
 *    request begins, a grant that comes is refused; what waits is cancelled.
 * 3. A request that runs ends by itself.  How long that takes is up to the filesystem
 *    below; nothing here can interrupt it.  One that would park finds that it may not.
 * 4. The last reference of a connection goes with its last request: then its locks are
 *    released, its fids put, their files closed by that thread and not some time
 *    later; its owners, credentials and socket follow; it leaves the lists.
 * 5. Its list is empty: the threads have no work, and are stopped.
 * 6. The export's root goes, and with it the private mount, at once.
 * 7. What is left is the structure itself, held by who waits.
 *
 * That waits for disks, so it is done by work of its own: whoever begins it waits for
 * nothing.  Who waits for its end is another matter: a write to "enabled" holds
 * configfs's lock of that directory meanwhile, so that an rmdir of it waits, and with
 * that whoever makes or lists its neighbours.  And a listener waits for the disks of
 * all exports that its connections are of; but those are all shut down before.
 */
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "registry.h"
#include "service.h"

/* What waits for disks. */
static struct workqueue_struct *stop_wq;

static bool become(struct hf9_service *service, enum hf9_service_state from,
		   enum hf9_service_state to)
{
	lockdep_assert_held(&hf9_registry_lock);
	if (WARN_ONCE(service->state != from, "holdfast: %s is in state %u, not %u\n",
		      service->name, service->state, from))
		return false;
	service->state = to;
	return true;
}

static void leave_list(struct hf9_service *service, enum hf9_service_state from)
{
	mutex_lock(&hf9_registry_lock);
	if (become(service, from, HF9_STOPPED))
		list_del_init(&service->of_all);
	mutex_unlock(&hf9_registry_lock);
}

static void stop(struct work_struct *work)
{
	struct hf9_service *service = container_of(work, struct hf9_service, stop);

	service->ops->end(service);
	leave_list(service, HF9_STOPPING);
	complete_all(&service->stopped);
	hf9_service_put(service);
}

bool hf9_service_init(struct hf9_service *service, const struct hf9_service_ops *ops,
		      const char *name)
{
	kref_init(&service->ref);
	service->ops = ops;
	INIT_LIST_HEAD(&service->of_all);
	INIT_LIST_HEAD(&service->connections);
	init_waitqueue_head(&service->idle);
	INIT_WORK(&service->stop, stop);
	init_completion(&service->stopped);
	service->name = kstrdup(name, GFP_KERNEL);
	return service->name;
}

void hf9_service_get(struct hf9_service *service)
{
	kref_get(&service->ref);
}

static void release(struct kref *ref)
{
	struct hf9_service *service = container_of(ref, struct hf9_service, ref);

	WARN_ON_ONCE(!list_empty(&service->of_all) || !list_empty(&service->connections));
	kfree(service->name);
	service->ops->release(service);
}

void hf9_service_put(struct hf9_service *service)
{
	kref_put(&service->ref, release);
}

void hf9_service_enable(struct hf9_service *service, struct list_head *all)
{
	if (become(service, HF9_MADE, HF9_ENABLED))
		list_add_tail(&service->of_all, all);
}

void hf9_service_withdraw(struct hf9_service *service)
{
	leave_list(service, HF9_ENABLED);
}

void hf9_service_stop(struct hf9_service *service)
{
	bool stops;

	mutex_lock(&hf9_registry_lock);
	stops = become(service, HF9_ENABLED, HF9_STOPPING);
	mutex_unlock(&hf9_registry_lock);
	if (!stops)
		return;
	hf9_service_get(service);
	queue_work(stop_wq, &service->stop);
}

int __init hf9_services_init(void)
{
	/* As many at once as there are exports and listeners, nearly. */
	stop_wq = alloc_workqueue("holdfast_9p_stop", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return stop_wq ? 0 : -ENOMEM;
}

void hf9_services_exit(void)
{
	destroy_workqueue(stop_wq);
}
