/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the session core.
 *
 * A request, and what alone leads from one state to the next:
 *
 *	idle -> running		ns_begin(); ns_version() if it is alone
 *	idle -> waiting		ns_flush() of a tag that is in use; ns_version()
 *				if others are under way
 *	running -> parked	ns_park(), unless it is woken, flushed, its fid
 *				gone, the session mute, or there is no place for it
 *	parked -> running	ns_wake(), ns_wake_on()
 *	parked -> cancelled	ns_flush() of it; ns_cancel() in a mute session
 *	running -> cancelled	ns_answer() that says NS_SUPPRESS: in a mute
 *				session; or a Tflush waits, and it is revocable
 *	running -> idle		ns_answer() that says NS_SEND
 *	cancelled -> idle	ns_drop()
 *	waiting -> idle		a Tflush: the end of its victim, in ns_ended.flushes
 *	waiting -> running	a Tversion: the end of the last other, ns_ended.version
 *
 * Whoever leads one out of parked has it: a grant, a timer, a Tflush, a clunk and
 * the end of the connection all want it, and one of them gets it.
 *
 * A *place* is what one has that waits, from its first ns_park() until it is idle: also
 * while it runs to try again, and while it is taken back.  There are max_parked of them,
 * fewer than requests: so what waits never keeps a Tflush from being read.  If the limits
 * fall it is still so: beside those that have a place one more request has room.
 *
 * The session is *mute* once it is dead, and while a Tversion is not answered: then
 * nothing is sent but that Tversion's own answer, and nothing begins.
 *
 * Who answers a Tflush, by what its oldtag is:
 *
 *	in no use; its own tag	the caller, at once (NS_RFLUSH)
 *	parked			the caller takes the victim back, and its
 *				ns_drop() hands out the Tflush (NS_CANCEL)
 *	cancelled		whoever has the victim, at ns_drop()
 *	running			whoever has it: behind its reply, or instead of it
 *				if it parks, or is revocable
 *	a Tflush that waits	whoever has that one's victim: behind that one.  (At
 *				once would be too early: its Rflush is still to come, and
 *				the client would take it for one of a tag used again.)
 *
 * A victim has all of its Tflushes in the order in which they came, and they leave
 * together with it.  A Tflush names only what came before, so that none waits for
 * itself.  An effect is taken back before the Rflush, not behind it: the same owner
 * may ask for the same lock as soon as it has the Rflush.
 *
 * Costs: O(log n) each, but for ns_wake_on(); ns_drop() and ns_answer() O(log n)
 * for each Tflush that they end.
 */
#ifndef HF_NINEP_SESSION_HPP
#define HF_NINEP_SESSION_HPP

#include <holdfast/core/list.hpp>
#include <holdfast/core/tree.hpp>

#include "session_core.h"

namespace ns {

using hf::uint32_t;

struct by_tag : hf::plain_node<ns_request, ns_node, offsetof(ns_request, by_tag)> {
	static bool before(const ns_request &a, const ns_request &b) { return a.tag < b.tag; }
};

struct by_number : hf::plain_node<ns_fid, ns_node, offsetof(ns_fid, by_number)> {
	static bool before(const ns_fid &a, const ns_fid &b) { return a.number < b.number; }
};

using requests = hf::tree<by_tag>;
using fids = hf::tree<by_number>;
using parked = hf::list<&ns_request::parked_next, &ns_request::parked_at>;

inline bool is_mute(const ns_session &session)
{
	return session.dead || session.version;
}

/* To all but the Tversion. */
inline bool is_mute_to(const ns_session &session, const ns_request &request)
{
	return session.dead || (session.version && session.version != &request);
}

/* What it ends with is not to be seen, if that can be helped. */
inline bool is_unwanted(const ns_session &session, const ns_request &request)
{
	return is_mute_to(session, request) || request.flushes;
}

/* One more than have a place, whatever the limits were when they took it. */
inline uint32_t most_requests(const ns_session &session)
{
	uint32_t most = session.limits.max_requests;

	return most > session.nr_places ? most : session.nr_places + 1;
}

inline bool has_room(const ns_session &session)
{
	return !session.version && session.nr_requests < most_requests(session);
}

/* park.cc: out of parked. */
void unpark(ns_session &session, ns_request &request, ns_state to);

} // namespace ns

#endif /* HF_NINEP_SESSION_HPP */
