// SPDX-License-Identifier: GPL-2.0-only
/* Waiting without a thread, see session.hpp. */
#include "session.hpp"

namespace ns {

void unpark(ns_session &session, ns_request &request, ns_state to)
{
	parked::unlink(request);
	session.nr_parked--;
	if (request.fid)
		request.fid->parked--;
	request.fid = nullptr;
	request.state = to;
}

} // namespace ns

namespace {

/* One that tries again has its own: who has waited does not lose it to who has just come. */
bool take_place(ns_session &session, ns_request &request)
{
	if (request.placed)
		return true;
	if (session.nr_places >= session.limits.max_parked)
		return false;
	request.placed = 1;
	session.nr_places++;
	return true;
}

} // namespace

enum ns_parking ns_park(struct ns_session *session, struct ns_request *request,
			struct ns_fid *fid)
{
	if (request->state != NS_RUNNING || request == session->version)
		return NS_PARK_INVALID;
	if (fid && !fid->uses)
		return NS_PARK_INVALID;
	if (ns::is_unwanted(*session, *request))
		return NS_UNWANTED;
	/* Nobody would clunk it again. */
	if (fid && fid->gone)
		return NS_FID_WENT;
	if (request->woken) {
		request->woken = 0;
		return NS_WOKEN;
	}
	if (!take_place(*session, *request))
		return NS_TOO_MANY_PARKED;
	request->state = NS_PARKED;
	request->fid = fid;
	if (fid)
		fid->parked++;
	session->nr_parked++;
	ns::parked::link(session->parked, *request);
	return NS_NOW_PARKED;
}

enum ns_waking ns_wake(struct ns_session *session, struct ns_request *request)
{
	if (ns::is_unwanted(*session, *request))
		return NS_REFUSED;
	if (request->state == NS_PARKED) {
		ns::unpark(*session, *request, NS_RUNNING);
		return NS_YOURS;
	}
	if (request->state != NS_RUNNING)
		return NS_REFUSED;
	request->woken = 1;
	return NS_NOTED;
}

struct ns_request *ns_wake_on(struct ns_session *session, struct ns_fid *fid)
{
	ns_request *at = fid->parked ? session->parked : nullptr;

	while (at && at->fid != fid)
		at = at->parked_next;
	if (at)
		ns::unpark(*session, *at, NS_RUNNING);
	return at;
}

struct ns_request *ns_cancel(struct ns_session *session)
{
	ns_request *at = ns::is_mute(*session) ? session->parked : nullptr;

	if (at)
		ns::unpark(*session, *at, NS_CANCELLED);
	return at;
}
