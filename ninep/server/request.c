// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: owner of their life.
 *
 * A request is made when its message is here, or the head of its payload.  From
 * ns_begin() on it is in the session; whoever has it there, which the session decides,
 * has it alone.  It ends in one of three ways:
 *
 *	it never was in the session	its reader frees it
 *	its reply was sent, or could not be	sent() frees it
 *	it is not to be answered	whoever has it drops it (answer.c)
 *
 * It holds its connection, and counts there until it is freed, which is after its
 * reply was sent: so a peer that does not read its replies is not read from either.
 * (To the session it is nothing any more as soon as its reply is queued.)
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "connection.h"
#include "export.h"
#include "trace.h"

/* Of each connection, whatever all others have in flight. */
#define OWN_SHARE	(64 << 10)

static struct kmem_cache *cache;
struct hf9_in_flight hf9_in_flight;

int __init hf9_requests_init(void)
{
	cache = KMEM_CACHE(hf9_request, 0);
	hf9_in_flight.most = (u64)totalram_pages() << PAGE_SHIFT >> 3;
	return cache ? 0 : -ENOMEM;
}

void hf9_requests_exit(void)
{
	kmem_cache_destroy(cache);
}

static u32 most_of(const struct hf9_connection *connection)
{
	return connection->export ? connection->export->limits.bytes : HF9_MSIZE_MOST;
}

/*
 * Beside max_requests that run or wait there are as many whose replies are not sent
 * yet: more only if the peer does not read.  (What the bytes do not tell is small:
 * the end of a page, the target of a link.)  Of the bytes one alone is always let in,
 * and whatever has no payload, since it may be the Tflush of what has used them up.
 */
static bool has_room(struct hf9_connection *connection, u32 bytes, bool payload)
{
	u32 most = 2 * connection->session.limits.max_requests;

	lockdep_assert_held(&connection->lock);
	if (!ns_room(&connection->session) || connection->nr_counted >= most)
		return false;
	return !payload || !connection->bytes ||
	       connection->bytes + bytes <= most_of(connection);
}

/* @share: set if the connection had less than what nobody else takes from it. */
static bool reserve_here(struct hf9_connection *connection, u32 bytes, bool payload,
			 bool *share)
{
	bool room;

	spin_lock(&connection->lock);
	*share = connection->bytes < OWN_SHARE;
	room = has_room(connection, bytes, payload);
	if (room) {
		connection->bytes += bytes;
		connection->nr_counted++;
	} else {
		connection->held = true;
	}
	spin_unlock(&connection->lock);
	return room;
}

/*
 * All connections together: who is too much looks again a little later.  But those
 * that read none of their replies do not use up what others need to go on.
 */
bool hf9_reserve(struct hf9_connection *connection, u32 bytes, bool payload)
{
	bool share;

	if (!reserve_here(connection, bytes, payload, &share))
		return false;
	if (atomic64_add_return(bytes, &hf9_in_flight.bytes) <= hf9_in_flight.most || share)
		return true;
	hf9_unreserve(connection, bytes);
	mod_timer(&connection->timer, jiffies + HF9_MEMORY_TIME);
	return false;
}

void hf9_unreserve(struct hf9_connection *connection, u32 bytes)
{
	bool held;

	atomic64_sub(bytes, &hf9_in_flight.bytes);
	spin_lock(&connection->lock);
	connection->bytes -= bytes;
	connection->nr_counted--;
	held = connection->held;
	connection->held = false;
	spin_unlock(&connection->lock);
	if (held)
		hf9_connection_readable(connection);
}

static void sent(struct hf_link *link, struct hf_link_out *out, int error)
{
	hf9_request_free(container_of(out, struct hf9_request, reply));
}

static bool copy_frame(struct hf9_request *request, const void *frame, u32 bytes)
{
	request->frame = request->frame_inline;
	if (bytes > sizeof(request->frame_inline))
		request->frame = kmalloc(bytes, GFP_KERNEL);
	if (!request->frame)
		return false;
	memcpy(request->frame, frame, bytes);
	request->frame_bytes = bytes;
	return true;
}

/* A clock is dear where it is emulated, and that is more often than it is looked at. */
static bool is_traced(void)
{
	return trace_hf9_answer_enabled() || trace_hf9_refused_enabled() ||
	       trace_hf9_flush_enabled() || trace_hf9_parked_enabled() ||
	       trace_hf9_woken_enabled() || trace_hf9_dropped_enabled();
}

struct hf9_request *hf9_request_new(struct hf9_connection *connection,
				    const void *frame, u32 bytes, u32 reserved)
{
	struct hf9_request *request = kmem_cache_alloc(cache, GFP_KERNEL);

	if (!request)
		return NULL;
	memset(request, 0, offsetof(struct hf9_request, t));
	if (!copy_frame(request, frame, bytes)) {
		kmem_cache_free(cache, request);
		return NULL;
	}
	request->connection = hf9_connection_get(connection);
	request->type = ((const u8 *)frame)[4];
	request->reserved = reserved;
	request->arrived = is_traced() ? ktime_get() : 0;
	request->reply.sent = sent;
	INIT_LIST_HEAD(&request->queued);
	hf9_park_init(request);
	return request;
}

static void free_head(struct hf9_request *request)
{
	if (request->head != request->head_inline)
		kfree(request->head);
}

void hf9_request_free(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;

	WARN_ON_ONCE(request->core.state != NS_IDLE);
	WARN_ON_ONCE(request->fid[0] || request->fid[1] || request->newfid);
	hf9_unreserve(connection, request->reserved);
	hf9_pages_free(&request->in);
	hf9_pages_free(&request->out);
	kvfree(request->text);
	if (request->lock)
		hf9_lock_free(request->lock);
	free_head(request);
	if (request->frame != request->frame_inline)
		kfree(request->frame);
	kmem_cache_free(cache, request);
	hf9_connection_put(connection);
}
