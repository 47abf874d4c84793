/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The session core's model: every message that has not ended, in order of arrival,
 * and every fid; who waits for whom is found by going through all of them.
 */
#ifndef HF_TESTS_SESSION_MODEL_HPP
#define HF_TESTS_SESSION_MODEL_HPP

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "session_core.h"

namespace session_model {

enum kind { plain, flush, version };

struct message {
	int id;
	kind what;
	uint16_t tag;
	ns_state state;
	int target = 0;		/* a Tflush: the message that had the tag */
	int fid = 0;		/* parked: on this one */
	bool woken = false;
	bool placed = false;	/* it has waited */
};

struct fid {
	int id;
	uint32_t number;
	ns_fid_state state;
	bool gone = false;
	int uses = 0;
};

/* What an end must have left. */
struct ended {
	std::vector<int> flushes;
	int version = 0;
	bool mute, room, quiet;
};

struct session {
	ns_limits limits;
	std::list<message> messages = {};
	std::map<int, fid> fids = {};
	bool agreed = false, dead = false, stopped = false;

	message *by_id(int id)
	{
		for (message &m : messages)
			if (m.id == id)
				return &m;
		return nullptr;
	}

	message *by_tag(uint16_t tag)
	{
		for (message &m : messages)
			if (m.tag == tag)
				return &m;
		return nullptr;
	}

	message *tversion()
	{
		for (message &m : messages)
			if (m.what == version)
				return &m;
		return nullptr;
	}

	/* The one whose end a Tflush waits for, however many are between. */
	int victim_of(const message &m)
	{
		const message *at = &m;

		while (at->what == flush)
			at = by_id(at->target);
		return at->id;
	}

	std::vector<int> flushes_of(int id)
	{
		std::vector<int> all;

		for (const message &m : messages)
			if (m.what == flush && victim_of(m) == id)
				all.push_back(m.id);
		return all;
	}

	size_t nr_parked() const
	{
		return std::count_if(messages.begin(), messages.end(),
				     [](const message &m) { return m.state == NS_PARKED; });
	}

	/* Of all that have ever been parked, however they go on. */
	size_t nr_places() const
	{
		return std::count_if(messages.begin(), messages.end(),
				     [](const message &m) { return m.placed; });
	}

	size_t parked_on(int fid) const
	{
		return std::count_if(messages.begin(), messages.end(),
				     [&](const message &m) { return m.fid == fid; });
	}

	bool mute() { return dead || tversion(); }
	bool mute_to(const message &m) { return dead || (tversion() && m.what != version); }
	bool unwanted(const message &m) { return mute_to(m) || !flushes_of(m.id).empty(); }

	/* All but one may wait. */
	static ns_limits possible(ns_limits limits)
	{
		limits.max_requests = std::max(limits.max_requests, 2u);
		limits.max_parked = std::min(limits.max_parked, limits.max_requests - 1);
		limits.max_fids = std::max(limits.max_fids, 1u);
		return limits;
	}

	/* For one more message: always, if all that there are have waited. */
	bool has_room()
	{
		return !tversion() && (messages.size() < limits.max_requests ||
				       messages.size() == nr_places());
	}

	bool room()
	{
		if (dead)
			return false;
		stopped = stopped || !has_room();
		return has_room();
	}

	ns_begun admit(kind what, uint16_t tag)
	{
		if (dead)
			return NS_DEAD;
		if (!room())
			return NS_NO_ROOM;
		if (what != version && !agreed)
			return NS_NO_VERSION;
		if (what != version && tag == NS_NOTAG)
			return NS_BAD_TAG;
		return by_tag(tag) ? NS_DUPLICATE : NS_RUN;
	}

	/* victim: of NS_CANCEL. */
	ns_begun arrive(int id, kind what, uint16_t tag, uint16_t oldtag, int &victim)
	{
		ns_begun says = admit(what, tag);
		message *old = by_tag(oldtag);

		if (says != NS_RUN)
			return says;
		if (what == flush && !old)
			return NS_RFLUSH;
		bool alone = messages.empty();

		messages.push_back({ id, what, tag, NS_RUNNING });
		message &mine = messages.back();

		if (what == plain || (what == version && alone)) {
			agreed = agreed && what == plain;
			return NS_RUN;
		}
		mine.state = NS_WAITING;
		if (what == version) {
			agreed = false;
			return NS_DRAIN;
		}
		mine.target = old->id;
		old = by_id(victim_of(mine));
		if (old->state != NS_PARKED)
			return NS_FLUSH_WAITS;
		old->state = NS_CANCELLED;
		old->fid = 0;
		victim = old->id;
		return NS_CANCEL;
	}

	ended leave(int id)
	{
		ended left;

		left.flushes = flushes_of(id);
		std::erase_if(messages, [&](const message &m) {
			return m.id == id || std::find(left.flushes.begin(), left.flushes.end(),
						       m.id) != left.flushes.end();
		});
		left.mute = mute();
		left.room = stopped && has_room();
		stopped = stopped && !left.room;
		left.quiet = dead && messages.empty();
		if (messages.size() == 1 && messages.front().state == NS_WAITING) {
			messages.front().state = NS_RUNNING;
			left.version = messages.front().id;
		}
		return left;
	}

	ns_answered answer(message &m, bool revocable)
	{
		if (m.state != NS_RUNNING)
			return NS_ANSWER_INVALID;
		if (mute_to(m) || (revocable && unwanted(m))) {
			m.state = NS_CANCELLED;
			return NS_SUPPRESS;
		}
		return NS_SEND;
	}

	ns_parking park(message &m, const fid *on)
	{
		if (m.state != NS_RUNNING || m.what != plain)
			return NS_PARK_INVALID;
		if (unwanted(m))
			return NS_UNWANTED;
		if (on && on->gone)
			return NS_FID_WENT;
		if (m.woken) {
			m.woken = false;
			return NS_WOKEN;
		}
		if (!m.placed && nr_places() >= limits.max_parked)
			return NS_TOO_MANY_PARKED;
		m.placed = true;
		m.state = NS_PARKED;
		m.fid = on ? on->id : 0;
		return NS_NOW_PARKED;
	}

	ns_waking wake(message &m)
	{
		if (unwanted(m) || (m.state != NS_PARKED && m.state != NS_RUNNING))
			return NS_REFUSED;
		if (m.state == NS_RUNNING) {
			m.woken = true;
			return NS_NOTED;
		}
		m.state = NS_RUNNING;
		m.fid = 0;
		return NS_YOURS;
	}

	/* ------------------------------------------------------------------ fids */

	/* Neither gone nor, for others, reserved. */
	fid *by_number(uint32_t number, bool reserved)
	{
		for (auto &[id, f] : fids)
			if (f.number == number && !f.gone &&
			    (reserved || f.state != NS_FID_RESERVED))
				return &f;
		return nullptr;
	}

	ns_fid_says reserve(int id, uint32_t number)
	{
		if (number == NS_NOFID)
			return NS_FID_BAD_NUMBER;
		if (by_number(number, true))
			return NS_FID_IN_USE;
		if (fids.size() >= limits.max_fids)
			return NS_FID_TOO_MANY;
		fids[id] = { id, number, NS_FID_RESERVED };
		return NS_FID_OK;
	}

	ns_fid_says claim(fid &f)
	{
		if (f.gone)
			return NS_FID_CLUNKED;
		if (f.state == NS_FID_CLAIMED)
			return NS_FID_BUSY;
		if (f.state != NS_FID_UNOPENED)
			return NS_FID_OPENED;
		f.state = NS_FID_CLAIMED;
		return NS_FID_OK;
	}

	bool put(fid &f) { return !--f.uses && f.gone; }
};

} // namespace session_model

#endif /* HF_TESTS_SESSION_MODEL_HPP */
