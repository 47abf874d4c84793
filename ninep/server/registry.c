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

struct hf9_export *hf9_registry_stopping_export(const char *name)
{
	struct hf9_export *export;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, of_all) {
		if (!export->enabled && !strcmp(export->name, name))
			return hf9_export_get(export);
	}
	return NULL;
}

struct hf9_listener *hf9_registry_stopping_listener(const char *name)
{
	struct hf9_listener *listener;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(listener, &hf9_listeners, of_all) {
		if (!listener->enabled && !strcmp(listener->name, name))
			return hf9_listener_get(listener);
	}
	return NULL;
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

static struct hf9_connection *next_to_cut(struct hf9_listener *listener)
{
	struct hf9_connection *connection;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(connection, &listener->connections, of_listener) {
		if (!test_bit(HF9_CUT, &connection->flags) && is_to_end(connection)) {
			set_bit(HF9_CUT, &connection->flags);
			return connection;
		}
	}
	return NULL;
}

/* The end of one may wait for its export's disk: so first all are shut down. */
void hf9_registry_cut_listener(struct hf9_listener *listener)
{
	struct hf9_connection *connection;

	while ((connection = next_to_cut(listener))) {
		hf_link_shutdown(&connection->link);
		hf9_connection_readable(connection);
		hf9_connection_put(connection);
	}
}

/* Who leaves wakes us, see hf9_registry_leave(). */
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

/*
 * Who is on no export's list may come, to hear that, or to be listed soon; but those
 * that are need not wait until so many strangers have had their time.
 */
static bool is_stranger(const struct hf9_connection *connection)
{
	const struct hf9_export *export;

	lockdep_assert_held(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, of_all) {
		if (export->enabled && hf9_clients_match(export->clients, &connection->peer))
			return false;
	}
	return true;
}

static bool has_room(const struct hf9_listener *listener, bool stranger)
{
	lockdep_assert_held(&hf9_registry_lock);
	return listener->nr_connections < listener->max_connections &&
	       (!stranger || listener->nr_strangers < max(1u, listener->max_connections / 8));
}

static void forget_stranger(struct hf9_connection *connection)
{
	lockdep_assert_held(&hf9_registry_lock);
	if (connection->stranger)
		connection->listener->nr_strangers--;
	connection->stranger = false;
}

int hf9_registry_join_listener(struct hf9_connection *connection)
{
	struct hf9_listener *listener = connection->listener;
	bool stranger;

	guard(mutex)(&hf9_registry_lock);
	if (!listener->enabled)
		return -ESHUTDOWN;
	stranger = is_stranger(connection);
	if (!has_room(listener, stranger))
		return -EBUSY;
	connection->stranger = stranger;
	listener->nr_strangers += stranger;
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
	forget_stranger(connection);
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
	/* Whichever there are by now: "" has been said for the one that it has. */
	if (connection->export && !name->len)
		return 0;
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

/*
 * Of both lists at once.  /proc walks the listener's, and shows the export of each
 * that it finds there; either one may be at its end otherwise:
 * 1. Both references are put after the lock is let go of, so neither goes before.
 * 2. Whoever takes the lock then finds the connection in neither list.
 * Whom it leaves is woken without the lock, and held until then.
 */
void hf9_registry_leave(struct hf9_connection *connection)
{
	struct hf9_listener *listener = connection->listener;
	struct hf9_export *export = connection->export;

	mutex_lock(&hf9_registry_lock);
	if (export) {
		list_del_init(&connection->of_export);
		WRITE_ONCE(export->nr_connections, export->nr_connections - 1);
	}
	forget_stranger(connection);
	list_del_init(&connection->of_listener);
	WRITE_ONCE(listener->nr_connections, listener->nr_connections - 1);
	mutex_unlock(&hf9_registry_lock);
	if (export) {
		wake_up(&export->idle);
		hf9_export_put(export);
	}
	wake_up(&listener->idle);
	hf9_listener_put(listener);
}
