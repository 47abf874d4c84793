// SPDX-License-Identifier: GPL-2.0-only
/* What is done to both, see session_world.hpp. */
#include "session_world.hpp"

#include <cstring>

namespace session_world {

using reach::met;

world::world(options o) : opt(o)
{
	connect();
}

world::~world() = default;

void world::connect()
{
	std::memset(static_cast<void *>(&core), 0xa5, sizeof(core));
	ns_init(&core, &opt.limits);
	most = session_model::session::possible(opt.limits);
	model = { .limits = most };
	pending.clear();
	names.clear();
}

void world::limit(ns_limits limits)
{
	ns_limit(&core, &limits);
	limits = session_model::session::possible(limits);
	most.max_requests = std::max(most.max_requests, limits.max_requests);
	most.max_parked = std::max(most.max_parked, limits.max_parked);
	most.max_fids = std::max(most.max_fids, limits.max_fids);
	model.limits = limits;
	met("fewer places", limits.max_parked < model.nr_places());
	compare();
}

/* What the core does not set is not zero by luck. */
message &world::fresh(uint16_t tag)
{
	auto memory = std::make_unique<message>();
	message &m = *memory;

	std::memset(static_cast<void *>(&m.core), 0xa5, sizeof(m.core));
	m.core.state = NS_IDLE;
	m.core.tag = tag;
	m.id = ++last_id;
	messages[m.id] = std::move(memory);
	return m;
}

message *world::of(const ns_request *request)
{
	for (auto &[id, m] : messages)
		if (&m->core == request)
			return m.get();
	REQUIRE(!request, "an unknown request");
	return nullptr;
}

fid *world::of(const ns_fid *f)
{
	for (auto &[id, mine] : fids)
		if (&mine->core == f)
			return mine.get();
	REQUIRE(!f, "an unknown fid");
	return nullptr;
}

/* In the session, or not taken. */
ns_begun world::begun(message &m, ns_begun core_says, ns_begun model_says)
{
	bool inside = core_says == NS_RUN || core_says == NS_DRAIN || core_says == NS_CANCEL ||
		      core_says == NS_FLUSH_WAITS;

	REQUIRE(core_says == model_says, "%d, and the model says %d", core_says, model_says);
	REQUIRE((m.core.state != NS_IDLE) == inside);
	met("begun", core_says);
	if (inside)
		pending[m.core.tag] = m.id;
	else
		messages.erase(m.id);
	compare();
	return core_says;
}

ns_begun world::plain(uint16_t tag)
{
	message &m = fresh(tag);
	int none;
	ns_begun expected = model.arrive(m.id, session_model::plain, tag, 0, none);

	return begun(m, ns_begin(&core, &m.core, tag), expected);
}

ns_begun world::version(uint16_t tag)
{
	message &m = fresh(tag);
	int none;
	ns_begun expected = model.arrive(m.id, session_model::version, tag, 0, none);

	return begun(m, ns_version(&core, &m.core, tag), expected);
}

ns_begun world::flush(uint16_t tag, uint16_t oldtag, int *victim)
{
	message &m = fresh(tag);
	int wanted = 0, id = m.id;
	ns_request *core_victim = nullptr;
	session_model::message *old = model.by_tag(oldtag);
	int old_id = old ? old->id : 0;
	ns_begun expected = model.arrive(id, session_model::flush, tag, oldtag, wanted);
	ns_begun says = ns_flush(&core, &m.core, tag, oldtag, &core_victim);

	REQUIRE((says == NS_CANCEL) == !!core_victim);
	if (core_victim)
		REQUIRE(of(core_victim)->id == wanted);
	names[id] = old_id;
	if (says == NS_RFLUSH) {
		pending[tag] = id;
		hear(id, true);
	}
	if (victim)
		*victim = wanted;
	return begun(m, says, expected);
}

/*
 * A reply to id is in the queue, or the Tflush that names it was answered instead.
 * What the client then believes to be over has to be so.
 */
void world::hear(int id, bool reply)
{
	uint16_t tag = tag_of(id);
	auto at = pending.find(tag);

	REQUIRE(at != pending.end() && at->second == id, "a reply that nobody waits for");
	REQUIRE(!model.dead, "a reply from a dead session");
	pending.erase(at);
	if (!reply || !names.count(id))
		return;
	rflushes++;
	/* After an Rflush nothing is to come for what it names. */
	int old = names[id];

	REQUIRE(!model.by_id(old), "an Rflush before the end of its victim");
	std::erase_if(pending, [&](auto &entry) { return entry.second == old; });
}

void world::forget(int id)
{
	message &m = *messages.at(id);

	REQUIRE(m.core.state == NS_IDLE);
	REQUIRE(m.uses.empty() && m.reserved.empty() && m.claimed.empty());
	messages.erase(id);
}

void world::read_ended(const ns_ended &left, const session_model::ended &wanted)
{
	std::vector<int> flushes;

	for (const ns_request *at = left.flushes, *next; at; at = next) {
		message &m = *of(at);

		next = at->next;
		flushes.push_back(m.id);
		if (!left.mute)
			hear(m.id, true);
		forget(m.id);
	}
	REQUIRE(flushes == wanted.flushes, "not these Tflushes, or not in this order");
	REQUIRE(left.mute == wanted.mute && left.room == wanted.room && left.quiet == wanted.quiet);
	REQUIRE(!left.version == !wanted.version);
	if (left.version)
		REQUIRE(of(left.version)->id == wanted.version);
	met("flushes", flushes.size() > 1 ? 2 : static_cast<int>(flushes.size()));
	met("mute", left.mute);
	met("room", left.room);
	met("quiet", left.quiet);
	met("version", !!left.version);
}

ns_answered world::answer(int id, bool revocable)
{
	message &m = *messages.at(id);
	session_model::message &other = *model.by_id(id);
	session_model::ended wanted;
	ns_ended left;

	std::memset(static_cast<void *>(&left), 0xa5, sizeof(left));
	ns_answered expected = model.answer(other, revocable);
	ns_answered says = ns_answer(&core, &m.core, revocable, &left);

	REQUIRE(says == expected, "%d, and the model says %d", says, expected);
	met("answered", says);
	if (says == NS_SEND) {
		bool tversion = other.what == session_model::version;

		wanted = model.leave(id);
		hear(id, true);
		/* The client knows that all the rest is over. */
		if (tversion)
			pending.clear();
		replies++;
		read_ended(left, wanted);
		forget(id);
	}
	suppressed += says == NS_SUPPRESS;
	compare();
	return says;
}

void world::drop(int id)
{
	message &m = *messages.at(id);
	ns_ended left;

	std::memset(static_cast<void *>(&left), 0xa5, sizeof(left));
	REQUIRE(ns_drop(&core, &m.core, &left));
	session_model::ended wanted = model.leave(id);

	read_ended(left, wanted);
	forget(id);
	compare();
}

void world::die()
{
	ns_die(&core);
	model.dead = true;
	pending.clear();
	compare();
}

bool world::room()
{
	bool says = ns_room(&core);

	REQUIRE(says == model.room());
	compare();
	return says;
}

void world::agree()
{
	REQUIRE(version(NS_NOTAG) == NS_RUN);
	ns_agree(&core);
	model.agreed = true;
	REQUIRE(answer(pending.at(NS_NOTAG), false) == NS_SEND);
}

ns_parking world::park(int id, fid *on)
{
	session_model::fid *other = on ? &model.fids.at(on->id) : nullptr;
	size_t parked = model.nr_parked(), limit = model.limits.max_parked;
	bool again = model.by_id(id)->placed;
	ns_parking expected = model.park(*model.by_id(id), other);
	ns_parking says = ns_park(&core, &messages.at(id)->core, on ? &on->core : nullptr);

	REQUIRE(says == expected, "%d, and the model says %d", says, expected);
	met("parking", says);
	/* Some have a place and run: it is nobody else's, and their own. */
	if (says == NS_TOO_MANY_PARKED)
		met("refused beside one that runs", parked < limit);
	if (says == NS_NOW_PARKED && again)
		met("again, and all are taken", model.nr_places() >= limit);
	compare();
	return says;
}

ns_waking world::wake(int id)
{
	ns_waking expected = model.wake(*model.by_id(id));
	ns_waking says = ns_wake(&core, &messages.at(id)->core);

	REQUIRE(says == expected, "%d, and the model says %d", says, expected);
	met("waking", says);
	compare();
	return says;
}

int world::wake_on(fid &on)
{
	message *m = of(ns_wake_on(&core, &on.core));
	auto on_it = [&](const session_model::message &other) { return other.fid == on.id; };

	met("wake on", !!m);
	if (m) {
		session_model::message &other = *model.by_id(m->id);

		REQUIRE(other.state == NS_PARKED && on_it(other));
		other.state = NS_RUNNING;
		other.fid = 0;
	} else {
		REQUIRE(std::none_of(model.messages.begin(), model.messages.end(), on_it));
	}
	compare();
	return m ? m->id : 0;
}

int world::cancel()
{
	message *m = of(ns_cancel(&core));

	met("cancel", !!m);
	if (m) {
		session_model::message &other = *model.by_id(m->id);

		REQUIRE(model.mute() && other.state == NS_PARKED);
		other.state = NS_CANCELLED;
		other.fid = 0;
	} else {
		REQUIRE(!model.mute() || !model.nr_parked());
	}
	compare();
	return m ? m->id : 0;
}

ns_fid_says world::reserve(int id, uint32_t number)
{
	auto memory = std::make_unique<fid>();
	fid &f = *memory;

	std::memset(static_cast<void *>(&f.core), 0xa5, sizeof(f.core));
	f.core.state = NS_FID_IDLE;
	f.id = ++last_id;
	ns_fid_says expected = model.reserve(f.id, number);
	ns_fid_says says = ns_fid_reserve(&core, &f.core, number);

	REQUIRE(says == expected, "%d, and the model says %d", says, expected);
	met("reserve", says);
	if (says == NS_FID_OK) {
		messages.at(id)->reserved.push_back(&f);
		fids[f.id] = std::move(memory);
	}
	compare();
	return says;
}

void world::publish(int id, fid &f, ns_fid_state state)
{
	REQUIRE(ns_fid_publish(&f.core, state));
	model.fids.at(f.id).state = state;
	std::erase(messages.at(id)->reserved, &f);
	compare();
}

void world::free_fid(fid &f)
{
	REQUIRE(f.core.state == NS_FID_IDLE);
	model.fids.erase(f.id);
	fids.erase(f.id);
}

void world::abandon(int id, fid &f)
{
	REQUIRE(ns_fid_abandon(&core, &f.core));
	std::erase(messages.at(id)->reserved, &f);
	free_fid(f);
	compare();
}

fid *world::find(int id, uint32_t number)
{
	fid *f = of(ns_fid_find(&core, number));
	session_model::fid *other = model.by_number(number, false);

	REQUIRE(!f == !other && (!f || f->id == other->id));
	met("find", !!f);
	if (f) {
		other->uses++;
		messages.at(id)->uses.insert(f);
	}
	compare();
	return f;
}

/* 0: nobody's, but ours. */
void world::put(int id, fid &f)
{
	bool last = model.put(model.fids.at(f.id));

	if (id) {
		auto &uses = messages.at(id)->uses;

		uses.erase(uses.find(&f));
	}
	REQUIRE(ns_fid_put(&core, &f.core) == last);
	met("put", last);
	if (last)
		free_fid(f);
	compare();
}

fid *world::clunk(int id, uint32_t number)
{
	session_model::fid *other = model.by_number(number, false);
	fid *f = of(ns_fid_clunk(&core, number));

	REQUIRE(!f == !other && (!f || f->id == other->id));
	met("clunk", !!f);
	if (f) {
		met("clunk in use", other->uses > 0);
		met("clunk state", other->state - NS_FID_UNOPENED);
		other->uses++;
		other->gone = true;
		messages.at(id)->uses.insert(f);
	}
	compare();
	return f;
}

void world::clunk_all()
{
	while (fid *f = of(ns_fid_clunk_first(&core))) {
		session_model::fid &other = model.fids.at(f->id);

		REQUIRE(!other.gone && other.state != NS_FID_RESERVED);
		other.gone = true;
		other.uses++;
		put(0, *f);
	}
	for (auto &[id, other] : model.fids)
		REQUIRE(other.gone || other.state == NS_FID_RESERVED);
	compare();
}

ns_fid_says world::claim(int id, fid &f)
{
	ns_fid_says expected = model.claim(model.fids.at(f.id));
	ns_fid_says says = ns_fid_claim(&f.core);

	REQUIRE(says == expected, "%d, and the model says %d", says, expected);
	met("claim", says);
	if (says == NS_FID_OK)
		messages.at(id)->claimed.push_back(&f);
	compare();
	return says;
}

void world::become(int id, fid &f, ns_fid_state state)
{
	REQUIRE(ns_fid_become(&f.core, state));
	model.fids.at(f.id).state = state;
	std::erase(messages.at(id)->claimed, &f);
	compare();
}

} // namespace session_world
