// SPDX-License-Identifier: GPL-2.0-only
/* How requests begin and end, see session.hpp. */
#include "session.hpp"

using ns::requests;

namespace {

ns_request *find(const ns_session &session, uint32_t tag)
{
	ns_request *at = requests::first_not(session.requests, [tag](const ns_request &request) {
		return request.tag < tag;
	});

	return at && at->tag == tag ? at : nullptr;
}

/* NS_RUN, or what keeps it out. */
ns_begun admit(ns_session &session, const ns_request &request, uint32_t tag, bool version)
{
	if (request.state != NS_IDLE)
		return NS_BEGUN_INVALID;
	if (session.dead)
		return NS_DEAD;
	if (!ns_room(&session))
		return NS_NO_ROOM;
	if (!version && !session.agreed)
		return NS_NO_VERSION;
	if (!version && tag == NS_NOTAG)
		return NS_BAD_TAG;
	return find(session, tag) ? NS_DUPLICATE : NS_RUN;
}

void enter(ns_session &session, ns_request &request, uint16_t tag, ns_state state)
{
	request = ns_request {};
	request.tag = tag;
	request.state = state;
	requests::insert(session.requests, request);
	session.nr_requests++;
}

void forget(ns_session &session, ns_request &request)
{
	requests::erase(session.requests, request);
	session.nr_requests--;
	session.nr_places -= request.placed;
	request.placed = 0;
	request.state = NS_IDLE;
	request.victim = nullptr;
	request.woken = 0;
}

void wait_for(ns_request &victim, ns_request &flush)
{
	flush.victim = &victim;
	if (victim.last_flush)
		victim.last_flush->next = &flush;
	else
		victim.flushes = &flush;
	victim.last_flush = &flush;
}

/* All others have ended. */
ns_request *version_due(ns_session &session)
{
	ns_request *version = session.version;

	if (!version || version->state != NS_WAITING || session.nr_requests != 1)
		return nullptr;
	version->state = NS_RUNNING;
	return version;
}

/* With the Tflushes that wait for it; from here on their tags are free. */
void leave(ns_session &session, ns_request &request, ns_ended &ended)
{
	if (session.version == &request)
		session.version = nullptr;
	forget(session, request);
	ended.flushes = request.flushes;
	for (ns_request *flush = request.flushes; flush; flush = flush->next)
		forget(session, *flush);
	request.flushes = nullptr;
	request.last_flush = nullptr;
	ended.mute = ns::is_mute(session);
	ended.version = version_due(session);
	ended.room = session.stopped && ns::has_room(session);
	if (ended.room)
		session.stopped = false;
	ended.quiet = ns_quiet(&session);
}

} // namespace

void ns_init(struct ns_session *session, const struct ns_limits *limits)
{
	*session = ns_session {};
	ns_limit(session, limits);
}

void ns_limit(struct ns_session *session, const struct ns_limits *limits)
{
	ns_limits &mine = session->limits;

	mine = *limits;
	if (mine.max_requests < 2)
		mine.max_requests = 2;
	if (mine.max_parked >= mine.max_requests)
		mine.max_parked = mine.max_requests - 1;
	if (mine.max_fids < 1)
		mine.max_fids = 1;
}

bool ns_room(struct ns_session *session)
{
	if (session->dead)
		return false;
	if (ns::has_room(*session))
		return true;
	session->stopped = true;
	return false;
}

enum ns_begun ns_begin(struct ns_session *session, struct ns_request *request, uint16_t tag)
{
	ns_begun says = admit(*session, *request, tag, false);

	if (says == NS_RUN)
		enter(*session, *request, tag, NS_RUNNING);
	return says;
}

enum ns_begun ns_version(struct ns_session *session, struct ns_request *request, uint16_t tag)
{
	ns_begun says = admit(*session, *request, tag, true);

	if (says != NS_RUN)
		return says;
	session->agreed = false;
	session->version = request;
	enter(*session, *request, tag, NS_WAITING);
	return version_due(*session) ? NS_RUN : NS_DRAIN;
}

enum ns_begun ns_flush(struct ns_session *session, struct ns_request *request, uint16_t tag,
		       uint16_t oldtag, struct ns_request **victim)
{
	ns_begun says = admit(*session, *request, tag, false);

	if (says != NS_RUN)
		return says;
	/* There is no Tversion: that would leave no room. */
	ns_request *old = find(*session, oldtag);

	if (!old)
		return NS_RFLUSH;
	if (old->state == NS_WAITING)
		old = old->victim;
	enter(*session, *request, tag, NS_WAITING);
	wait_for(*old, *request);
	if (old->state != NS_PARKED)
		return NS_FLUSH_WAITS;
	ns::unpark(*session, *old, NS_CANCELLED);
	*victim = old;
	return NS_CANCEL;
}

enum ns_answered ns_answer(struct ns_session *session, struct ns_request *request, bool revocable,
			   struct ns_ended *ended)
{
	if (request->state != NS_RUNNING)
		return NS_ANSWER_INVALID;
	if (ns::is_mute_to(*session, *request) || (revocable && request->flushes)) {
		request->state = NS_CANCELLED;
		return NS_SUPPRESS;
	}
	leave(*session, *request, *ended);
	return NS_SEND;
}

bool ns_drop(struct ns_session *session, struct ns_request *request, struct ns_ended *ended)
{
	if (request->state != NS_CANCELLED)
		return false;
	leave(*session, *request, *ended);
	return true;
}

void ns_agree(struct ns_session *session)
{
	if (session->version && session->version->state == NS_RUNNING)
		session->agreed = true;
}

void ns_die(struct ns_session *session)
{
	session->dead = true;
}

bool ns_quiet(const struct ns_session *session)
{
	return session->dead && !session->nr_requests;
}
