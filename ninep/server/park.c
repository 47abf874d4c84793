// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that wait without a thread: for a lock, for a lease or a delegation that
 * is recalled, for a filesystem that is frozen.
 *
 * A parked request is nobody's.  Who wants it (a grant, its timer, a Tflush, a clunk,
 * the end) asks the session, which gives it to one of them.  Its timer may be about
 * to ask, too: so whoever got it waits for that first (hf9_unparked()), and may free
 * it then.  Its place among those that may wait stays its own until it ends: one that
 * tries again finds it free.
 */
#include "connection.h"
#include "export.h"
#include "stats.h"
#include "trace.h"

#define FIRST_TRY	(HZ / 50)
#define SLOWEST_TRY	(HZ / 5)

/*
 * Nobody's lease is waited for longer: nfsd revokes a delegation that is not returned
 * within its lease time, 90 s unless it was told another one, and looks for such a
 * little later.
 */
#define LEASE_TIME	(100 * HZ)

enum ns_parking hf9_park(struct hf9_request *request, struct hf9_fid *fid,
			 unsigned long delay)
{
	struct hf9_connection *connection = request->connection;
	enum ns_parking says;

	spin_lock(&connection->lock);
	says = ns_park(&connection->session, &request->core, fid ? &fid->core : NULL);
	if (says == NS_NOW_PARKED) {
		trace_hf9_parked(request, request->tries);
		hf9_count(parked);
		/* Under the lock: whoever gets it from here on finds the timer set. */
		if (delay) {
			request->timed = true;
			queue_delayed_work(hf9_wq, &request->retry, delay);
		}
	}
	spin_unlock(&connection->lock);
	return says;
}

bool hf9_wake(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	enum ns_waking says;

	spin_lock(&connection->lock);
	says = ns_wake(&connection->session, &request->core);
	trace_hf9_woken(request, says);
	/* Before anybody can find that it has run. */
	if (says == NS_YOURS)
		hf9_request_queue(request);
	spin_unlock(&connection->lock);
	return says != NS_REFUSED;
}

static void time_is_up(struct work_struct *work)
{
	hf9_wake(container_of(to_delayed_work(work), struct hf9_request, retry));
}

void hf9_park_init(struct hf9_request *request)
{
	INIT_DELAYED_WORK(&request->retry, time_is_up);
}

void hf9_unparked(struct hf9_request *request)
{
	if (request->timed)
		cancel_delayed_work_sync(&request->retry);
	request->timed = false;
}

static unsigned long delay_of(struct hf9_request *request)
{
	unsigned long delay = FIRST_TRY << min(request->tries, 8u);

	request->tries++;
	return clamp_t(unsigned long, delay, 1, SLOWEST_TRY);
}

static bool is_too_late(struct hf9_request *request, bool frozen)
{
	if (frozen)
		return false;
	if (!request->give_up)
		request->give_up = (jiffies + LEASE_TIME) ?: 1;
	return time_after(jiffies, request->give_up);
}

int hf9_retry(struct hf9_request *request, bool frozen)
{
	bool clunks = request->op->needs & HF9_CLUNKS;

	if (is_too_late(request, frozen))
		return -EAGAIN;
	switch (hf9_park(request, clunks ? NULL : request->fid[0], delay_of(request))) {
	case NS_NOW_PARKED:
		return HF9_PARKED;
	case NS_WOKEN:
		return 0;
	case NS_FID_WENT:
		return -EBADF;
	case NS_TOO_MANY_PARKED:
		return -EAGAIN;
	default:
		return -EINTR;
	}
}
