// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an export, and of a listener.
 *
 * Why nothing of it is left when @stopped is complete:
 * 1. It is closed: no attach finds the export, no new connection the listener, whose
 *    socket's callbacks are restored, whose accept work is cancelled.
 * 2. Each of its connections is ended (connection.c): its socket is shut down, no
 *    request begins, a grant that comes is refused; what waits is cancelled.
 * 3. A request that runs ends by itself.  How long that takes is up to the filesystem
 *    below; nothing here can interrupt it.  One that would park finds that it may not.
 * 4. The last reference of a connection goes with its last request: then its locks are
 *    released, its fids put, their files closed by that thread and not some time
 *    later; its owners, credentials and socket follow; it leaves the lists.
 * 5. Both lists are empty: the threads have no work, and are stopped.
 * 6. The export's root goes, and with it the private mount, at once.
 * 7. What is left is the structure itself, held by configfs.
 *
 * That waits for disks, so it is done by work of its own: whoever begins it waits for
 * nothing.  Who waits for its end is another matter: a write to "enabled" holds
 * configfs's lock of that directory meanwhile, so that an rmdir of it waits, and with
 * that whoever makes or lists its neighbours.  And a listener waits for the disks of
 * all exports that its connections are of; but those are all shut down before.
 */
#include <linux/workqueue.h>

#include "address.h"
#include "export.h"
#include "listener.h"
#include "pool.h"
#include "registry.h"

struct workqueue_struct *hf9_stop_wq;

void hf9_stop_work_export(struct work_struct *work)
{
	struct hf9_export *export = container_of(work, struct hf9_export, stop);

	hf9_registry_drain_export(export);
	hf9_export_close(export);
	hf9_registry_remove(&export->of_all);
	complete_all(&export->stopped);
	hf9_export_put(export);
}

void hf9_export_stop(struct hf9_export *export)
{
	hf9_registry_close_export(export);
	hf9_export_get(export);
	queue_work(hf9_stop_wq, &export->stop);
}

void hf9_stop_work_listener(struct work_struct *work)
{
	struct hf9_listener *listener = container_of(work, struct hf9_listener, stop);

	hf9_listener_close(listener);
	hf9_registry_cut_listener(listener);
	/* Only now: its filesystem may be frozen.  But not after disks. */
	hf9_address_unlink(&listener->file);
	hf9_registry_drain_listener(listener);
	hf9_pool_free(listener->pool);
	hf9_registry_remove(&listener->of_all);
	complete_all(&listener->stopped);
	hf9_listener_put(listener);
}

void hf9_listener_stop(struct hf9_listener *listener)
{
	hf9_registry_close_listener(listener);
	hf9_listener_get(listener);
	queue_work(hf9_stop_wq, &listener->stop);
}

int __init hf9_stop_init(void)
{
	/* As many at once as there are exports and listeners, nearly. */
	hf9_stop_wq = alloc_workqueue("holdfast_9p_stop", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return hf9_stop_wq ? 0 : -ENOMEM;
}

void hf9_stop_exit(void)
{
	destroy_workqueue(hf9_stop_wq);
}
