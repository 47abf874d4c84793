// SPDX-License-Identifier: GPL-2.0-only
/* /proc/fs/holdfast/ninep: listeners, exports, and who is connected. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include <holdfast/proc.h>

#include "connection.h"
#include "export.h"
#include "listener.h"
#include "pool.h"
#include "proc.h"
#include "registry.h"
#include "stats.h"

static const char *state_of(const struct hf9_service *service)
{
	lockdep_assert_held(&hf9_registry_lock);
	return service->state == HF9_ENABLED ? "enabled" : "stopping";
}

static void show_export(struct seq_file *m, const struct hf9_export *export)
{
	seq_printf(m, "export %s %s threads %u connections %u\n", export->service.name,
		   state_of(&export->service),
		   export->pool ? hf9_pool_threads(export->pool) : 0,
		   export->service.nr_connections);
}

static void show_listener(struct seq_file *m, const struct hf9_listener *listener)
{
	seq_printf(m, "listener %s %s %s connections %u\n", listener->service.name,
		   listener->address, state_of(&listener->service),
		   listener->service.nr_connections);
}

static const char *version_of(const struct hf9_connection *connection)
{
	if (!test_bit(HF9_AGREED, &connection->flags))
		return "none";
	return connection->dialect == NP_HF1 ? NP_VERSION_HF1 : NP_VERSION_DOTL;
}

/*
 * What is one moment's, of a connection that goes on meanwhile.  Who waits counts as
 * parked also while it tries again, which it does all the time: as it does for the limit.
 */
struct moment {
	u32 requests, parked, fids;
	u64 bytes;
	const struct hf9_export *export;
};

static struct moment look(struct hf9_connection *connection)
{
	struct moment now;

	spin_lock(&connection->lock);
	now.requests = connection->session.nr_requests;
	now.parked = connection->session.nr_places;
	now.fids = connection->session.nr_fids;
	now.bytes = connection->bytes;
	now.export = connection->export;
	spin_unlock(&connection->lock);
	return now;
}

/* It leaves its export when it leaves the list, hf9_registry_leave(). */
static void show_connection(struct seq_file *m, struct hf9_connection *connection)
{
	struct moment now = look(connection);

	seq_printf(m, "connection %u %s listener %s export %s version %s msize %u%s\n",
		   connection->id, connection->name, connection->listener->service.name,
		   now.export ? now.export->service.name : "-", version_of(connection),
		   READ_ONCE(connection->msize),
		   hf9_connection_is_dead(connection) ? " ending" : "");
	seq_printf(m, "\tfids %u requests %u parked %u bytes %llu locks %u\n", now.fids,
		   now.requests, now.parked, now.bytes, hf9_locks_held(connection));
}

static int show(struct seq_file *m, void *v)
{
	struct hf9_listener *listener;
	struct hf9_connection *connection;
	struct hf9_export *export;

	mutex_lock(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, service.of_all)
		show_export(m, export);
	list_for_each_entry(listener, &hf9_listeners, service.of_all) {
		show_listener(m, listener);
		list_for_each_entry(connection, &listener->service.connections,
				    of_listener)
			show_connection(m, connection);
	}
	mutex_unlock(&hf9_registry_lock);
	return 0;
}

int __init hf9_proc_init(void)
{
	if (!proc_create_single("ninep", 0400, hf_proc_dir(), show))
		return -ENOMEM;
	hf_counters_add(&hf9_counters);
	return 0;
}

void hf9_proc_exit(void)
{
	hf_counters_remove(&hf9_counters);
	remove_proc_entry("ninep", hf_proc_dir());
}
