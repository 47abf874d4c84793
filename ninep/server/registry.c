// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which exports and listeners there are, and whose each connection is: the one place
 * where a connection that comes meets a stop.
 *
 * All of it under hf9_registry_lock.  Nothing is waited for under it, no connection
 * ended, no last reference dropped.
 */
#include <linux/mutex.h>
#include <linux/wait.h>

#include "connection.h"
#include "credentials.h"
#include "export.h"
#include "listener.h"
#include "registry.h"
#include "trace.h"

DEFINE_MUTEX(hf9_registry_lock);
LIST_HEAD(hf9_exports);
LIST_HEAD(hf9_listeners);

static bool clash(const struct hf9_export *a, const struct hf9_export *b)
{
	return a->enabled && (!strcmp(a->name, b->name) ||
			      !memcmp(a->identity, b->identity, sizeof(a->identity)));
}

int hf9_registry_add_export(struct hf9_export *export)
{
	struct hf9_export *other;
	int ret = 0;

	mutex_lock(&hf9_registry_lock);
	list_for_each_entry(other, &hf9_exports, of_all) {
		if (clash(other, export))
			ret = -EEXIST;
	}
	if (!ret) {
		export->enabled = true;
		list_add_tail(&export->of_all, &hf9_exports);
	}
	mutex_unlock(&hf9_registry_lock);
	return ret;
}

void hf9_registry_add_listener(struct hf9_listener *listener)
{
	mutex_lock(&hf9_registry_lock);
	listener->enabled = true;
	list_add_tail(&listener->of_all, &hf9_listeners);
	mutex_unlock(&hf9_registry_lock);
}

void hf9_registry_close_export(struct hf9_export *export)
{
	mutex_lock(&hf9_registry_lock);
	export->enabled = false;
	mutex_unlock(&hf9_registry_lock);
}

void hf9_registry_close_listener(struct hf9_listener *listener)
{
	mutex_lock(&hf9_registry_lock);
	listener->enabled = false;
	mutex_unlock(&hf9_registry_lock);
}

void hf9_registry_remove(struct list_head *of_all)
{
	mutex_lock(&hf9_registry_lock);
	list_del_init(of_all);
	mutex_unlock(&hf9_registry_lock);
}

/* One that nobody has ended yet; those that are being released go by themselves. */
static bool is_to_end(struct hf9_connection *connection)
{
	return !hf9_connection_is_dead(connection) &&
	       kref_get_unless_zero(&connection->ref);
}

static struct hf9_connection *next_of_export(struct hf9_export *export)
{
	struct hf9_connection *connection;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(connection, &export->connections, of_export) {
		if (is_to_end(connection))
			return connection;
	}
	return NULL;
}

static struct hf9_connection *next_of_listener(struct hf9_listener *listener)
{
	struct hf9_connection *connection;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(connection, &listener->connections, of_listener) {
		if (is_to_end(connection))
			return connection;
	}
	return NULL;
}

/* Who leaves wakes us without the lock, and holds the export until it has. */
void hf9_registry_drain_export(struct hf9_export *export)
{
	struct hf9_connection *connection;

	while ((connection = next_of_export(export))) {
		hf9_connection_end(connection, "the export stops");
		hf9_connection_put(connection);
	}
	wait_event(export->idle, !READ_ONCE(export->nr_connections));
}

void hf9_registry_drain_listener(struct hf9_listener *listener)
{
	struct hf9_connection *connection;

	while ((connection = next_of_listener(listener))) {
		hf9_connection_end(connection, "the listener stops");
		hf9_connection_put(connection);
	}
	wait_event(listener->idle, !READ_ONCE(listener->nr_connections));
}

int hf9_registry_join_listener(struct hf9_connection *connection)
{
	struct hf9_listener *listener = connection->listener;

	guard(mutex)(&hf9_registry_lock);
	if (!listener->enabled)
		return -ESHUTDOWN;
	if (listener->nr_connections >= listener->max_connections)
		return -EBUSY;
	listener->nr_connections++;
	list_add_tail(&connection->of_listener, &listener->connections);
	hf9_listener_get(listener);
	return 0;
}

static bool is_named(const struct hf9_export *export, const struct np_str *name)
{
	return strlen(export->name) == name->len &&
	       !memcmp(export->name, name->at, name->len);
}

/* "" is the only one. */
static struct hf9_export *find_export(const struct np_str *name)
{
	struct hf9_export *export, *found = NULL;

	lockdep_assert_held(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, of_all) {
		if (!export->enabled)
			continue;
		if (name->len && is_named(export, name))
			return export;
		if (!name->len) {
			if (found)
				return NULL;
			found = export;
		}
	}
	return found;
}

static int may_join(const struct hf9_connection *connection,
		    const struct hf9_export *export)
{
	lockdep_assert_held(&hf9_registry_lock);
	if (!hf9_clients_match(export->clients, &connection->peer))
		return -EACCES;
	/* A port that any user may have says nothing about who speaks. */
	if (!connection->reserved_port &&
	    (export->require_reserved_port || connection->peer.ip.family == NS_VSOCK))
		return -EACCES;
	if (export->nr_connections >= export->limits.connections)
		return -EBUSY;
	return 0;
}

/*
 * Its limits are the export's, its threads as well.  As many may wait as leave room
 * for a Tflush; for a lock fewer (lock_wait.c).
 */
static void join(struct hf9_connection *connection, struct hf9_export *export)
{
	const struct hf9_limits *limits = &export->limits;
	const struct ns_limits mine = {
		.max_requests	= limits->requests,
		.max_parked	= limits->requests - 1,
		.max_fids	= limits->fids,
	};

	lockdep_assert_held(&hf9_registry_lock);
	export->nr_connections++;
	list_add_tail(&connection->of_export, &export->connections);
	spin_lock(&connection->lock);
	connection->export = hf9_export_get(export);
	ns_limit(&connection->session, &mine);
	spin_unlock(&connection->lock);
	hf9_connection_move(connection, export->pool);
}

int hf9_registry_join_export(struct hf9_connection *connection,
			     const struct np_str *name)
{
	struct hf9_export *export;
	int ret;

	guard(mutex)(&hf9_registry_lock);
	export = find_export(name);
	if (!export)
		return -ENOENT;
	if (connection->export)
		return connection->export == export ? 0 : -EXDEV;
	ret = may_join(connection, export);
	if (!ret)
		join(connection, export);
	return ret;
}

static void leave_export(struct hf9_connection *connection)
{
	struct hf9_export *export = connection->export;

	if (!export)
		return;
	mutex_lock(&hf9_registry_lock);
	list_del_init(&connection->of_export);
	WRITE_ONCE(export->nr_connections, export->nr_connections - 1);
	mutex_unlock(&hf9_registry_lock);
	wake_up(&export->idle);
	hf9_export_put(export);
}

static void leave_listener(struct hf9_connection *connection)
{
	struct hf9_listener *listener = connection->listener;

	if (list_empty(&connection->of_listener))
		return;
	mutex_lock(&hf9_registry_lock);
	list_del_init(&connection->of_listener);
	WRITE_ONCE(listener->nr_connections, listener->nr_connections - 1);
	mutex_unlock(&hf9_registry_lock);
	wake_up(&listener->idle);
	hf9_listener_put(listener);
}

void hf9_registry_leave(struct hf9_connection *connection)
{
	leave_export(connection);
	leave_listener(connection);
}
