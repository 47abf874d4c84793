// SPDX-License-Identifier: GPL-2.0-only
/* What is compared after each step, and steps at random. */
#include "session_world.hpp"

namespace session_world {

using reach::met;

void world::compare()
{
	size_t in_table = 0;

	if (const char *wrong = ns_validate(&core))
		REQUIRE(false, "%s", wrong);
	REQUIRE(core.nr_requests == model.messages.size());
	REQUIRE(core.nr_parked == model.nr_parked() && core.nr_places == model.nr_places());
	REQUIRE(core.nr_fids == model.fids.size());
	REQUIRE(core.nr_requests <= most.max_requests && core.nr_places <= most.max_parked &&
		core.nr_fids <= most.max_fids);
	REQUIRE(core.agreed == model.agreed && core.dead == model.dead &&
		core.stopped == model.stopped);
	REQUIRE(ns_quiet(&core) == (model.dead && model.messages.empty()));
	for (const session_model::message &other : model.messages) {
		const ns_request &mine = messages.at(other.id)->core;

		REQUIRE(mine.tag == other.tag && mine.state == other.state);
		REQUIRE(mine.placed == other.placed);
		REQUIRE(mine.state == NS_CANCELLED || mine.woken == other.woken);
		REQUIRE(mine.fid == (other.fid ? &fids.at(other.fid)->core : nullptr));
	}
	for (const auto &[id, other] : model.fids) {
		const ns_fid &mine = fids.at(id)->core;

		REQUIRE(mine.number == other.number && mine.state == other.state &&
			mine.gone == other.gone && mine.uses == static_cast<uint32_t>(other.uses));
		REQUIRE(mine.parked == model.parked_on(id));
		in_table += !other.gone;
	}
	REQUIRE(in_table || !core.fids);
	if (model.mute())
		return;
	/* What only waits does not keep a Tflush from being read. */
	ns_session copy = core;

	REQUIRE(core.nr_parked < core.nr_requests || ns_room(&copy));
	/* Nothing that the client waits for was lost. */
	REQUIRE(pending.size() == model.messages.size());
	for (auto [tag, id] : pending)
		REQUIRE(model.by_id(id));
}

std::string world::snapshot() const
{
	std::string bytes(reinterpret_cast<const char *>(&core), sizeof(core));

	for (auto &[id, m] : messages)
		bytes.append(reinterpret_cast<const char *>(&m->core), sizeof(m->core));
	for (auto &[id, f] : fids)
		bytes.append(reinterpret_cast<const char *>(&f->core), sizeof(f->core));
	return bytes;
}

int world::some(source &from, ns_state state)
{
	std::vector<int> all;

	for (const session_model::message &m : model.messages)
		if (m.state == state)
			all.push_back(m.id);
	return all.empty() ? 0 : all[from.pick(all.size())];
}

/* A tag that the client believes to be free, mostly. */
uint16_t world::some_tag(source &from)
{
	std::vector<uint16_t> free;

	for (uint16_t tag = 0; tag < opt.tags; tag++)
		if (!pending.count(tag))
			free.push_back(tag);
	if (opt.hostile && from.pick(64) == 0)
		return from.pick(4) ? from.pick(opt.tags) : NS_NOTAG;
	return free.empty() ? opt.tags + last_id % 64 : free[from.pick(free.size())];
}

uint16_t world::some_oldtag(source &from, uint16_t tag)
{
	if (pending.empty() || from.pick(8) == 0) {
		const uint16_t others[] = { tag, NS_NOTAG, 60000,
					    static_cast<uint16_t>(from.pick(opt.tags)) };

		return others[from.pick(4)];
	}
	auto at = pending.begin();

	std::advance(at, from.pick(pending.size()));
	return at->first;
}

/* One that is there, mostly. */
uint32_t world::some_number(source &from)
{
	std::vector<uint32_t> all;

	for (auto &[id, f] : model.fids)
		if (!f.gone && f.state != NS_FID_RESERVED)
			all.push_back(f.number);
	if (all.empty() || from.pick(4) == 0)
		return from.pick(opt.numbers);
	return all[from.pick(all.size())];
}

void world::client_step(source &from)
{
	/* What is not read does nothing. */
	if (!room() && from.pick(16))
		return;
	uint32_t what = from.pick(64);
	uint16_t tag = what == 0 && from.pick(2) ? NS_NOTAG : some_tag(from);
	ns_begun says;

	if (!model.agreed && !model.tversion() && (!opt.hostile || from.pick(4)))
		what = 0;
	if (what == 0)
		says = version(tag);
	else if (what < 20)
		says = flush(tag, some_oldtag(from, tag));
	else
		says = plain(tag);
	if (says == NS_NO_VERSION || says == NS_BAD_TAG || says == NS_DUPLICATE)
		die();
}

void world::fid_step(source &from, message &m)
{
	uint32_t number = some_number(from);
	const ns_fid_state published[] = { NS_FID_UNOPENED, NS_FID_UNOPENED, NS_FID_OPEN,
					   NS_FID_XATTR_READ };
	const ns_fid_state became[] = { NS_FID_UNOPENED, NS_FID_OPEN, NS_FID_XATTR_WRITE };

	switch (from.pick(9)) {
	case 0:
	case 1:
		number = from.pick(opt.numbers);
		reserve(m.id, opt.hostile && from.pick(32) == 0 ? NS_NOFID : number);
		break;
	case 2:
		if (!m.reserved.empty())
			publish(m.id, *m.reserved.back(), published[from.pick(4)]);
		break;
	case 3:
		if (!m.reserved.empty())
			abandon(m.id, *m.reserved.back());
		break;
	case 4:
		find(m.id, number);
		break;
	case 5:
		if (fid *f = clunk(m.id, number))
			while (from.pick(4) && wake_on(*f))
				;
		break;
	case 6:
		if (fid *f = from.pick(2) ? find(m.id, number) : nullptr)
			claim(m.id, *f);
		else if (!m.uses.empty())
			claim(m.id, **m.uses.begin());
		break;
	case 7:
		if (!m.claimed.empty())
			become(m.id, *m.claimed.back(), became[from.pick(3)]);
		break;
	case 8:
		for (fid *f : m.uses)
			if (std::find(m.claimed.begin(), m.claimed.end(), f) == m.claimed.end())
				return put(m.id, *f);
		break;
	}
}

void world::let_go(source &from, int id)
{
	message &m = *messages.at(id);

	while (!m.reserved.empty())
		if (from.pick(2))
			publish(id, *m.reserved.back(), NS_FID_UNOPENED);
		else
			abandon(id, *m.reserved.back());
	while (!m.claimed.empty())
		become(id, *m.claimed.back(), from.pick(2) ? NS_FID_OPEN : NS_FID_UNOPENED);
	while (!m.uses.empty())
		put(id, **m.uses.begin());
}

/* It is alone. */
void world::run_version(source &from, int id)
{
	REQUIRE(model.messages.size() == 1);
	clunk_all();
	REQUIRE(model.fids.empty());
	if (from.pick(8)) {
		ns_agree(&core);
		model.agreed = true;
	}
	answer(id, false);
}

/* A thread goes on with what it has. */
void world::shell_step(source &from)
{
	int id = some(from, NS_RUNNING);

	if (!id)
		return;
	message &m = *messages.at(id);

	if (model.by_id(id)->what == session_model::version)
		return run_version(from, id);
	switch (from.pick(opt.fids ? 12 : 2)) {
	case 0:
		park(id, m.uses.empty() || from.pick(8) == 0 ? nullptr : *m.uses.begin());
		break;
	case 1:
		let_go(from, id);
		answer(id, from.pick(2));
		break;
	default:
		fid_step(from, m);
	}
}

/* Grants and timers: early, in time, late; those of Tflushes are of no use. */
void world::wake_step(source &from)
{
	std::vector<int> all;
	bool parked = from.pick(2);

	for (const session_model::message &m : model.messages)
		if (m.what == session_model::plain && (!parked || m.state == NS_PARKED))
			all.push_back(m.id);
	if (all.empty())
		return;
	int id = all[from.pick(all.size())];

	met("wake of state", model.by_id(id)->state - NS_RUNNING);
	wake(id);
}

void world::end_step(source &from)
{
	int id = some(from, NS_CANCELLED);

	if (!id)
		return;
	let_go(from, id);
	drop(id);
}

/* What makes no sense changes nothing. */
void world::fault_step()
{
	std::string before = snapshot();
	ns_ended left;
	ns_request *victim;
	int id = model.messages.empty() ? 0 : model.messages.back().id;

	if (id) {
		ns_request &request = messages.at(id)->core;
		ns_state state = model.by_id(id)->state;

		REQUIRE(ns_begin(&core, &request, 3) == NS_BEGUN_INVALID);
		REQUIRE(ns_version(&core, &request, 3) == NS_BEGUN_INVALID);
		REQUIRE(ns_flush(&core, &request, 3, 4, &victim) == NS_BEGUN_INVALID);
		if (state != NS_RUNNING) {
			REQUIRE(ns_answer(&core, &request, false, &left) == NS_ANSWER_INVALID);
			REQUIRE(ns_answer(&core, &request, true, &left) == NS_ANSWER_INVALID);
			REQUIRE(ns_park(&core, &request, nullptr) == NS_PARK_INVALID);
		}
		if (model.tversion())
			REQUIRE(ns_park(&core, core.version, nullptr) == NS_PARK_INVALID);
		if (state != NS_CANCELLED)
			REQUIRE(!ns_drop(&core, &request, &left));
		if (state != NS_RUNNING && state != NS_PARKED)
			REQUIRE(ns_wake(&core, &request) == NS_REFUSED);
		met("fault of state", state - NS_RUNNING);
	}
	if (!model.tversion())
		ns_agree(&core);
	for (auto &[number, f] : fids) {
		ns_fid_state state = model.fids.at(f->id).state;

		REQUIRE(ns_fid_reserve(&core, &f->core, 7) == NS_FID_INVALID);
		REQUIRE(!ns_fid_publish(&f->core, state == NS_FID_RESERVED ? NS_FID_CLAIMED
									   : NS_FID_OPEN));
		REQUIRE(!ns_fid_become(&f->core, state == NS_FID_CLAIMED ? NS_FID_XATTR_READ
									 : NS_FID_OPEN));
		if (state != NS_FID_RESERVED)
			REQUIRE(!ns_fid_abandon(&core, &f->core));
		if (!f->core.uses) {
			REQUIRE(!ns_fid_put(&core, &f->core));
			REQUIRE(ns_fid_claim(&f->core) == NS_FID_INVALID);
		}
	}
	REQUIRE(snapshot() == before, "a fault left a trace");
	met("fault", 0);
}

/* As they were, or fewer. */
void world::limit_step(source &from)
{
	const ns_limits &all = opt.limits;

	if (from.pick(2))
		limit(all);
	else
		limit({ from.pick(all.max_requests + 1), from.pick(all.max_parked + 1),
			from.pick(all.max_fids + 1) });
}

void world::step(source &from)
{
	/* The next client, at times. */
	if (ns_quiet(&core) && from.pick(4) == 0) {
		clunk_all();
		connect();
	}
	switch (from.pick(16)) {
	case 0:
	case 1:
	case 2:
		return client_step(from);
	case 3:
	case 4:
		return end_step(from);
	case 5:
		return wake_step(from);
	case 6:
		cancel();
		return;
	case 7:
		if (from.pick(64) == 0)
			die();
		else if (from.pick(8) == 0)
			fault_step();
		else if (from.pick(8) == 0)
			limit_step(from);
		else
			room();
		return;
	default:
		return shell_step(from);
	}
}

void world::end(source &from)
{
	die();
	while (cancel())
		;
	/* A Tversion that waits for the others runs in the end. */
	while (!messages.empty()) {
		if (int id = some(from, NS_RUNNING)) {
			let_go(from, id);
			REQUIRE(answer(id, from.pick(2)) == NS_SUPPRESS);
		}
		end_step(from);
	}
	REQUIRE(ns_quiet(&core) && messages.empty());
	clunk_all();
	REQUIRE(fids.empty() && !core.fids && !core.nr_fids);
}

} // namespace session_world
