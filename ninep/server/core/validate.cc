// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every invariant that session.hpp and fids.cc state, checked the slow way.  (The limits
 * are not among them: what there was when they fell stays.)
 */
#include "session.hpp"

using ns::fids;
using ns::requests;

namespace {

ns_request *next(ns_request *of) { return requests::next(of); }
ns_fid *next(ns_fid *of) { return fids::next(of); }

/* How many Tflushes wait for it, each in place; UINT32_MAX: one is not. */
uint32_t count_flushes(const ns_request &victim)
{
	uint32_t count = 0;
	const ns_request *last = nullptr;

	for (const ns_request *at = victim.flushes; at; last = at, at = at->next, count++)
		if (at->victim != &victim || at->state != NS_WAITING || at->flushes)
			return UINT32_MAX;
	return last == victim.last_flush ? count : UINT32_MAX;
}

const char *check_request(const ns_session &session, const ns_request &request)
{
	bool version = &request == session.version;
	bool flush = request.state == NS_WAITING && !version;

	if (request.state < NS_RUNNING || request.state > NS_WAITING)
		return "a request in no state is in use";
	if (flush != !!request.victim)
		return "a Tflush waits for nobody, or something else for a victim";
	if (request.tag == NS_NOTAG && !version)
		return "NOTAG is in use";
	if (request.state == NS_PARKED && request.flushes)
		return "one that is parked was flushed";
	if (request.state != NS_PARKED && request.fid)
		return "one that is not parked is so on a fid";
	if (request.placed > 1 || (request.state == NS_PARKED && !request.placed))
		return "one is parked without a place";
	if (request.placed && request.state == NS_WAITING)
		return "a Tflush or a Tversion has a place";
	if (version && request.state != NS_RUNNING && request.state != NS_WAITING &&
	    !(session.dead && request.state == NS_CANCELLED))
		return "a Tversion neither waits nor runs";
	if (version && (request.state == NS_WAITING) != (session.nr_requests > 1))
		return "a Tversion waits for nobody, or is not alone";
	return nullptr;
}

const char *check_requests(const ns_session &session)
{
	uint32_t count = 0, flushes = 0, waiting = 0;
	const ns_request *before = nullptr;
	bool version = !session.version;

	for (ns_request *at = requests::first(session.requests); at; before = at, at = next(at)) {
		uint32_t mine = count_flushes(*at);

		if (before && before->tag == at->tag)
			return "a tag is in use twice";
		if (const char *wrong = check_request(session, *at))
			return wrong;
		if (mine == UINT32_MAX)
			return "a victim's Tflushes are not what they should be";
		count++;
		flushes += mine;
		waiting += !!at->victim;
		version |= at == session.version;
	}
	if (count != session.nr_requests)
		return "requests were miscounted";
	if (flushes != waiting)
		return "a Tflush waits for one that does not know it";
	return version ? nullptr : "the Tversion is not in use";
}

bool is_in_session(const ns_session &session, const ns_request &request)
{
	ns_request *at = requests::first(session.requests);

	while (at && at != &request)
		at = next(at);
	return at;
}

const char *check_parked(const ns_session &session)
{
	uint32_t count = 0, states = 0, places = 0;
	ns_request *const *from = &session.parked;

	for (const ns_request *at = session.parked; at; from = &at->parked_next, at = *from) {
		if (at->state != NS_PARKED || at->parked_at != from)
			return "the list of those that are parked is not what it should be";
		if (!is_in_session(session, *at))
			return "one that is parked is in no use";
		if (at->fid && (at->fid->gone > 1 || at->fid->state < NS_FID_UNOPENED ||
				!at->fid->uses))
			return "one is parked on a fid that is none";
		count++;
	}
	for (ns_request *at = requests::first(session.requests); at; at = next(at)) {
		states += at->state == NS_PARKED;
		places += at->placed;
	}
	if (count != states || count != session.nr_parked)
		return "those that are parked were miscounted";
	return places == session.nr_places ? nullptr : "places were miscounted";
}

uint32_t parked_on(const ns_session &session, const ns_fid &fid)
{
	uint32_t count = 0;

	for (const ns_request *at = session.parked; at; at = at->parked_next)
		count += at->fid == &fid;
	return count;
}

const char *check_fids(const ns_session &session)
{
	uint32_t count = 0;
	const ns_fid *before = nullptr;

	for (ns_fid *at = fids::first(session.fids); at; before = at, at = next(at)) {
		if (before && before->number == at->number)
			return "a fid is there twice";
		if (at->number == NS_NOFID || at->gone)
			return "a fid that is none is in the table";
		if (at->state < NS_FID_RESERVED || at->state > NS_FID_XATTR_WRITE)
			return "a fid is in no state";
		if (at->state == NS_FID_RESERVED && at->uses)
			return "a reserved fid was found";
		if (at->state == NS_FID_CLAIMED && !at->uses)
			return "nobody has claimed a claimed fid";
		if (at->parked != parked_on(session, *at) || at->parked > at->uses)
			return "those parked on a fid were miscounted";
		count++;
	}
	if (count > session.nr_fids)
		return "fids were miscounted";
	return nullptr;
}

} // namespace

const char *ns_validate(const struct ns_session *session)
{
	const char *wrong = requests::validate(session->requests);

	if (!wrong)
		wrong = fids::validate(session->fids);
	if (!wrong)
		wrong = check_requests(*session);
	if (!wrong)
		wrong = check_parked(*session);
	if (!wrong)
		wrong = check_fids(*session);
	return wrong;
}
