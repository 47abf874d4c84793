// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which exports and listeners there are, and whose each connection is: the one place
 * where a connection that comes meets a stop.
 *
 * All of it under hf9_registry_lock.  Nothing is waited for under it, no connection
 * ended, no last reference dropped.
 */
#include <linux/cleanup.h>
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

static bool is_enabled(const struct hf9_export *export)
{
	lockdep_assert_held(&hf9_registry_lock);
	return export->service.state == HF9_ENABLED;
}

static bool clash(const struct hf9_export *a, const struct hf9_export *b)
{
	return is_enabled(a) && (!strcmp(a->service.name, b->service.name) ||
				 !memcmp(a->identity, b->identity, sizeof(a->identity)));
}

int hf9_registry_add_export(struct hf9_export *export)
{
	struct hf9_export *other;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(other, &hf9_exports, service.of_all) {
		if (clash(other, export))
			return -EEXIST;
	}
	hf9_service_enable(&export->service, &hf9_exports);
	return 0;
}

void hf9_registry_add_listener(struct hf9_listener *listener)
{
	guard(mutex)(&hf9_registry_lock);
	hf9_service_enable(&listener->service, &hf9_listeners);
}

struct hf9_service *hf9_registry_stopping(const struct list_head *all, const char *name)
{
	struct hf9_service *service;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(service, all, of_all) {
		if (service->state == HF9_STOPPING && !strcmp(service->name, name)) {
			hf9_service_get(service);
			return service;
		}
	}
	return NULL;
}

/* One that nobody has ended yet; those that are being released go by themselves. */
static bool is_to_end(struct hf9_connection *connection)
{
	return !hf9_connection_is_dead(connection) &&
	       kref_get_unless_zero(&connection->ref);
}

/* The connection that stands there in a service's list. */
typedef struct hf9_connection *(*connection_at)(struct list_head *at);

static struct hf9_connection *by_export(struct list_head *at)
{
	return list_entry(at, struct hf9_connection, of_export);
}

static struct hf9_connection *by_listener(struct list_head *at)
{
	return list_entry(at, struct hf9_connection, of_listener);
}

/* Found ones go to the list's end, so that the next one is not behind all of them. */
static struct hf9_connection *next_to_end(struct hf9_service *service, connection_at of)
{
	struct list_head *at;

	guard(mutex)(&hf9_registry_lock);
	list_for_each(at, &service->connections) {
		if (is_to_end(of(at))) {
			list_move_tail(at, &service->connections);
			return of(at);
		}
	}
	return NULL;
}

/* Who leaves wakes us, see hf9_registry_leave(). */
static void drain(struct hf9_service *service, connection_at of, const char *why)
{
	struct hf9_connection *connection;

	while ((connection = next_to_end(service, of))) {
		hf9_connection_end(connection, why);
		hf9_connection_put(connection);
	}
	wait_event(service->idle, !READ_ONCE(service->nr_connections));
}

void hf9_registry_drain_export(struct hf9_export *export)
{
	drain(&export->service, by_export, "the export stops");
}

void hf9_registry_drain_listener(struct hf9_listener *listener)
{
	drain(&listener->service, by_listener, "the listener stops");
}

void hf9_registry_each(struct hf9_export *export,
		       void (*call)(struct hf9_connection *connection))
{
	struct hf9_connection *connection;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(connection, &export->service.connections, of_export)
		call(connection);
}

static struct hf9_connection *next_to_cut(struct hf9_listener *listener)
{
	struct hf9_connection *connection;

	guard(mutex)(&hf9_registry_lock);
	list_for_each_entry(connection, &listener->service.connections, of_listener) {
		if (!test_bit(HF9_CUT, &connection->flags) && is_to_end(connection)) {
			set_bit(HF9_CUT, &connection->flags);
			list_move_tail(&connection->of_listener,
				       &listener->service.connections);
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

/*
 * Who is on no export's list may come, to hear that, or to be listed soon; but those
 * that are need not wait until so many strangers have had their time.
 */
static bool is_stranger(const struct hf9_connection *connection)
{
	const struct hf9_export *export;

	lockdep_assert_held(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, service.of_all) {
		if (is_enabled(export) &&
		    hf9_clients_match(export->clients, &connection->peer))
			return false;
	}
	return true;
}

static bool has_room(const struct hf9_listener *listener, bool stranger)
{
	lockdep_assert_held(&hf9_registry_lock);
	return listener->service.nr_connections < listener->max_connections &&
	       (!stranger || listener->nr_strangers < max(1u, listener->max_connections / 8));
}

static void forget_stranger(struct hf9_connection *connection)
{
	lockdep_assert_held(&hf9_registry_lock);
	if (connection->stranger)
		connection->listener->nr_strangers--;
	connection->stranger = false;
}

/* A connection, by its place in the list; from here on it holds the service. */
static void enter(struct hf9_service *service, struct list_head *at)
{
	lockdep_assert_held(&hf9_registry_lock);
	service->nr_connections++;
	list_add_tail(at, &service->connections);
	hf9_service_get(service);
}

int hf9_registry_join_listener(struct hf9_connection *connection)
{
	struct hf9_listener *listener = connection->listener;
	bool stranger;

	guard(mutex)(&hf9_registry_lock);
	if (listener->service.state != HF9_ENABLED)
		return -ESHUTDOWN;
	stranger = is_stranger(connection);
	if (!has_room(listener, stranger))
		return -EBUSY;
	connection->stranger = stranger;
	listener->nr_strangers += stranger;
	enter(&listener->service, &connection->of_listener);
	return 0;
}

static bool is_named(const struct hf9_export *export, const struct np_str *name)
{
	return strlen(export->service.name) == name->len &&
	       !memcmp(export->service.name, name->at, name->len);
}

/* "" is the only one. */
static struct hf9_export *find_export(const struct np_str *name)
{
	struct hf9_export *export, *found = NULL;

	lockdep_assert_held(&hf9_registry_lock);
	list_for_each_entry(export, &hf9_exports, service.of_all) {
		if (!is_enabled(export))
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
	if (export->service.nr_connections >= export->limits.connections)
		return -EBUSY;
	return 0;
}

/*
 * Its limits are the export's, its threads as well.  As many may wait as leave room
 * for a Tflush; for a lock fewer (lock_wait.c).  Nobody waits yet: what is before a
 * connection's first attach needs nothing of an export, and its reader is in here.
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
	enter(&export->service, &connection->of_export);
	spin_lock(&connection->lock);
	connection->export = export;
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

static void leave(struct hf9_service *service, struct list_head *at)
{
	lockdep_assert_held(&hf9_registry_lock);
	list_del_init(at);
	WRITE_ONCE(service->nr_connections, service->nr_connections - 1);
}

/* Whoever waits in drain() holds it, too. */
static void left(struct hf9_service *service)
{
	wake_up(&service->idle);
	hf9_service_put(service);
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
	if (export)
		leave(&export->service, &connection->of_export);
	forget_stranger(connection);
	leave(&listener->service, &connection->of_listener);
	mutex_unlock(&hf9_registry_lock);
	if (export)
		left(&export->service);
	left(&listener->service);
}
