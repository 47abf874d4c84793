// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fids of a connection.  A fid, and what alone leads from one state to the next:
 *
 *	idle -> reserved	ns_fid_reserve()
 *	reserved -> idle	ns_fid_abandon()
 *	reserved -> unopened, open, xattr_read
 *				ns_fid_publish()
 *	unopened -> claimed	ns_fid_claim()
 *	claimed -> unopened, open, xattr_write
 *				ns_fid_become()
 *
 * Beside that, from any but idle and reserved: a clunk makes it *gone*, out of the
 * table, its number free.  It stays in its state, and its uses in theirs; the put of
 * the last one makes it idle.  So a clunk waits for nobody, a clunk that comes twice
 * finds nothing, and no fid goes away under a request.
 */
#include "session.hpp"

using ns::fids;

namespace {

ns_fid *find(const ns_session &session, uint32_t number)
{
	ns_fid *at = fids::first_not(session.fids, [number](const ns_fid &fid) {
		return fid.number < number;
	});

	return at && at->number == number ? at : nullptr;
}

/* One that others may see. */
ns_fid *find_published(const ns_session &session, uint32_t number)
{
	ns_fid *fid = find(session, number);

	return fid && fid->state != NS_FID_RESERVED ? fid : nullptr;
}

void make_idle(ns_session &session, ns_fid &fid)
{
	session.nr_fids--;
	fid.state = NS_FID_IDLE;
}

ns_fid *clunk(ns_session &session, ns_fid *fid)
{
	if (!fid)
		return nullptr;
	fids::erase(session.fids, *fid);
	fid->gone = 1;
	fid->uses++;
	return fid;
}

} // namespace

enum ns_fid_says ns_fid_reserve(struct ns_session *session, struct ns_fid *fid, uint32_t number)
{
	if (fid->state != NS_FID_IDLE)
		return NS_FID_INVALID;
	if (number == NS_NOFID)
		return NS_FID_BAD_NUMBER;
	if (find(*session, number))
		return NS_FID_IN_USE;
	if (session->nr_fids >= session->limits.max_fids)
		return NS_FID_TOO_MANY;
	*fid = ns_fid {};
	fid->number = number;
	fid->state = NS_FID_RESERVED;
	fids::insert(session->fids, *fid);
	session->nr_fids++;
	return NS_FID_OK;
}

bool ns_fid_publish(struct ns_fid *fid, enum ns_fid_state state)
{
	if (fid->state != NS_FID_RESERVED)
		return false;
	if (state != NS_FID_UNOPENED && state != NS_FID_OPEN && state != NS_FID_XATTR_READ)
		return false;
	fid->state = state;
	return true;
}

bool ns_fid_abandon(struct ns_session *session, struct ns_fid *fid)
{
	if (fid->state != NS_FID_RESERVED)
		return false;
	fids::erase(session->fids, *fid);
	make_idle(*session, *fid);
	return true;
}

struct ns_fid *ns_fid_find(struct ns_session *session, uint32_t number)
{
	ns_fid *fid = find_published(*session, number);

	if (fid)
		fid->uses++;
	return fid;
}

bool ns_fid_put(struct ns_session *session, struct ns_fid *fid)
{
	if (!fid->uses || --fid->uses || !fid->gone)
		return false;
	make_idle(*session, *fid);
	return true;
}

struct ns_fid *ns_fid_clunk(struct ns_session *session, uint32_t number)
{
	return clunk(*session, find_published(*session, number));
}

struct ns_fid *ns_fid_clunk_first(struct ns_session *session)
{
	ns_fid *at = fids::first(session->fids);

	while (at && at->state == NS_FID_RESERVED)
		at = fids::next(at);
	return clunk(*session, at);
}

enum ns_fid_says ns_fid_claim(struct ns_fid *fid)
{
	if (fid->state < NS_FID_UNOPENED || !fid->uses)
		return NS_FID_INVALID;
	if (fid->gone)
		return NS_FID_CLUNKED;
	if (fid->state == NS_FID_CLAIMED)
		return NS_FID_BUSY;
	if (fid->state != NS_FID_UNOPENED)
		return NS_FID_OPENED;
	fid->state = NS_FID_CLAIMED;
	return NS_FID_OK;
}

bool ns_fid_become(struct ns_fid *fid, enum ns_fid_state state)
{
	if (fid->state != NS_FID_CLAIMED)
		return false;
	if (state != NS_FID_UNOPENED && state != NS_FID_OPEN && state != NS_FID_XATTR_WRITE)
		return false;
	fid->state = state;
	return true;
}
