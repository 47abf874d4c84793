// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who works for a connection: threads of its pool, at most half of them, so that
 * one client does not keep all others waiting.
 *
 * A connection has work if a request can run, or if there may be something to read
 * and nobody does.  Then it stands in its pool's line, once; a thread that takes it
 * takes one piece of work, and puts it at the end of the line if there is more.
 * One thread at a time is the *reader*.  When it has a request that takes time it
 * first lets another one read.
 *
 * work_lock protects what is marked W; callbacks of sockets take it, so bottom
 * halves are off.
 */
#include "connection.h"
#include "pool.h"

static bool has_work(const struct hf9_connection *connection)
{
	lockdep_assert_held(&connection->work_lock);
	return !list_empty(&connection->runnable) ||
	       (connection->readable && !connection->reading);
}

static void stand_in_line(struct hf9_connection *connection)
{
	lockdep_assert_held(&connection->work_lock);
	if (connection->queued || !has_work(connection))
		return;
	if (connection->threads >= hf9_pool_share(connection->pool))
		return;
	connection->queued = true;
	kref_get(&connection->ref);
	hf9_pool_add(connection->pool, connection);
}

void hf9_connection_readable(struct hf9_connection *connection)
{
	spin_lock_bh(&connection->work_lock);
	connection->readable = true;
	stand_in_line(connection);
	spin_unlock_bh(&connection->work_lock);
}

void hf9_request_queue(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;

	spin_lock_bh(&connection->work_lock);
	list_add_tail(&request->queued, &connection->runnable);
	stand_in_line(connection);
	spin_unlock_bh(&connection->work_lock);
}

void hf9_connection_move(struct hf9_connection *connection, struct hf9_pool *pool)
{
	spin_lock_bh(&connection->work_lock);
	connection->pool = pool;
	spin_unlock_bh(&connection->work_lock);
}

void hf9_reader_leaves(struct hf9_connection *connection, bool more)
{
	spin_lock_bh(&connection->work_lock);
	WARN_ON_ONCE(!connection->reading);
	connection->reading = false;
	connection->readable |= more;
	stand_in_line(connection);
	spin_unlock_bh(&connection->work_lock);
}

static struct hf9_request *take_request(struct hf9_connection *connection)
{
	struct hf9_request *request;

	lockdep_assert_held(&connection->work_lock);
	request = list_first_entry_or_null(&connection->runnable, struct hf9_request,
					   queued);
	if (request)
		list_del_init(&request->queued);
	return request;
}

static bool become_reader(struct hf9_connection *connection)
{
	lockdep_assert_held(&connection->work_lock);
	if (!connection->readable || connection->reading)
		return false;
	connection->readable = false;
	connection->reading = true;
	return true;
}

/* Return: false if its threads are others since it came to stand in line. */
static bool enter(struct hf9_connection *connection, const struct hf9_pool *pool)
{
	lockdep_assert_held(&connection->work_lock);
	connection->queued = false;
	if (connection->pool != pool) {
		stand_in_line(connection);
		return false;
	}
	connection->threads++;
	return true;
}

static void leave(struct hf9_connection *connection)
{
	spin_lock_bh(&connection->work_lock);
	connection->threads--;
	stand_in_line(connection);
	spin_unlock_bh(&connection->work_lock);
}

static void serve(struct hf9_connection *connection, const struct hf9_pool *pool)
{
	struct hf9_request *request = NULL;
	bool entered, reads = false;

	spin_lock_bh(&connection->work_lock);
	entered = enter(connection, pool);
	if (entered) {
		request = take_request(connection);
		reads = !request && become_reader(connection);
		stand_in_line(connection);
	}
	spin_unlock_bh(&connection->work_lock);
	if (!entered)
		return;
	if (request)
		hf9_request_run(request);
	else if (reads)
		hf9_connection_read(connection);
	leave(connection);
}

void hf9_connection_serve(struct hf9_connection *connection,
			  const struct hf9_pool *pool)
{
	serve(connection, pool);
	hf9_connection_put(connection);
}
