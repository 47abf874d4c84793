// SPDX-License-Identifier: GPL-2.0-only
#include <cstring>

#include "table_world.hpp"

namespace table_world {

namespace {

constexpr int32_t killed = -4, late = -110, gone = -5, said = -2;
constexpr uint8_t types[TC_CLASSES] = { NP_TCLUNK, NP_TGETATTR, NP_TREAD, NP_TLOCK };

} // namespace

world::world(options o) : opt(o), slots(o.slots)
{
	REQUIRE(tc_init(&core, slots.data(), o.slots, &o.times));
	compare();
}

/* Written down again, not taken from the core. */
uint32_t world::left_by(tc_class group) const
{
	const uint32_t parts[TC_CLASSES] = { 0, opt.slots / 16, opt.slots / 4, opt.slots / 2 };

	return parts[group];
}

caller &world::of(const tc_call *call)
{
	for (auto &[id, c] : callers)
		if (&c->core == call)
			return *c;
	REQUIRE(false, "a call that nobody has made");
	__builtin_unreachable();
}

/* A request goes into the link's queue. */
void world::goes(caller &c, const asked &a)
{
	REQUIRE(c.core.state == TC_SENT && c.core.tag < opt.slots);
	REQUIRE(!tags.count(c.core.tag), "tag %u is in use", c.core.tag);
	tags[c.core.tag] = used { .owner = a, .type = a.type };
	link.push_back({ c.core.tag, c.id });
}

tc_begun world::begin(tc_class group, uint8_t type)
{
	auto c = std::make_unique<caller>();
	asked a { ++last_id, type, group, UINT64_MAX };
	tc_begun wanted = TC_SEND;

	c->id = a.id;
	if (opt.times.answer && group != TC_WAITING)
		a.due = now + opt.times.answer;
	for (const asked &each : waiting)
		if (each.group == group)
			wanted = TC_WAIT;
	if (!may(group))
		wanted = TC_WAIT;
	if (dead)
		wanted = TC_DEAD;
	tc_begun says = tc_begin(&core, &c->core, type, group, now);

	reach::met("begun", says);
	REQUIRE(says == wanted, "%d instead of %d", says, wanted);
	if (says == TC_DEAD)
		return says;
	if (says == TC_SEND)
		goes(*c, a);
	else
		waiting.push_back(a);
	callers[c->id] = std::move(c);
	compare();
	return says;
}

/* The first of the first class that has one and may. */
void world::promote()
{
	while (tc_call *call = tc_next(&core)) {
		auto best = waiting.end();

		for (auto at = waiting.begin(); at != waiting.end(); ++at)
			if (may(at->group) && (best == waiting.end() || at->group < best->group))
				best = at;
		REQUIRE(best != waiting.end(), "nobody may have a tag");
		asked a = *best;

		waiting.erase(best);
		REQUIRE(of(call).id == a.id, "%d instead of %d", of(call).id, a.id);
		reach::met("next", a.group);
		goes(of(call), a);
	}
	if (!dead)
		for (const asked &each : waiting)
			REQUIRE(!may(each.group), "somebody waits for nothing");
}

void world::over(tc_call *call, int id, int32_t error)
{
	caller &c = of(call);

	REQUIRE(c.id == id && call->state == TC_IDLE);
	REQUIRE(call->error == error, "%d instead of %d", call->error, error);
	callers.erase(id);
}

/* Nothing is left of a tag. */
void world::finish(uint16_t tag)
{
	if (tags.at(tag).closed())
		tags.erase(tag);
	promote();
	compare();
}

void world::send()
{
	if (link.empty())
		return;
	frame out = link.front();
	tc_call *call;

	link.pop_front();
	if (!out.id) {
		uint16_t tag = out.tag - opt.slots;

		REQUIRE(tc_flush_sent(&core, out.tag));
		tags.at(tag).flush_unsent = false;
		if (!dead) {
			REQUIRE(opt.hostile || !flushes.count(out.tag), "a Tflush's tag is in use");
			flushes[out.tag] = tag;
		}
		finish(tag);
		return;
	}
	used &u = tags.at(out.tag);

	REQUIRE(tc_sent(&core, out.tag, &call));
	u.unsent = u.held = false;
	if (!dead && u.answer) {
		REQUIRE(opt.hostile || !server.count(out.tag), "tag %u is known", out.tag);
		REQUIRE(opt.hostile || !flushes.count(out.tag + opt.slots), "tag %u is flushed",
			out.tag);
		server[out.tag] = { out.id };
	}
	reach::met("over at sent", !!call);
	REQUIRE(!!call == (u.owner && u.answered));
	if (call) {
		int id = u.owner->id;
		int32_t error = u.owner->error;

		u.owner.reset();
		over(call, id, error);
	}
	finish(out.tag);
}

void world::follow(uint16_t tag)
{
	used &u = tags.at(tag);

	u.rflush = true;
	u.flush_unsent = true;
	u.left = true;
	u.flush_due = now + opt.times.flush;
	link.push_back({ static_cast<uint16_t>(tag + opt.slots), 0 });
}

/* A reply comes, whether a server may send it or not. */
void world::reply(uint16_t tag, uint8_t type)
{
	bool rflush = tag >= opt.slots;
	uint16_t of_tag = rflush ? tag - opt.slots : tag;
	used *u = tags.count(of_tag) ? &tags.at(of_tag) : nullptr;
	tc_reply wanted = TC_NO_TAG;
	tc_call *call;

	if (u && rflush && u->rflush)
		wanted = type == NP_RFLUSH ? TC_IS_RFLUSH : TC_WRONG_TYPE;
	if (u && !rflush && u->answer) {
		wanted = u->owner ? TC_WANTED : TC_UNWANTED;
		if (type != u->type + 1 && type != NP_RLERROR)
			wanted = TC_WRONG_TYPE;
	}
	tc_reply whose = tc_whose(&core, tag, type, &call);

	reach::met("whose", whose);
	REQUIRE(whose == wanted, "%d instead of %d", whose, wanted);
	REQUIRE(!!call == (whose == TC_WANTED) && (!call || of(call).id == u->owner->id));
	tc_answered says = tc_answer(&core, tag, type, said, now, &call);

	reach::met("answered", says);
	if (whose == TC_NO_TAG || whose == TC_WRONG_TYPE) {
		REQUIRE(says == TC_ANSWER_INVALID && !call);
		compare();
		return;
	}
	bool ends = u->owner && u->answer, held = u->unsent && u->type == NP_TWRITE;

	if (ends && held) {
		if (!u->rflush)
			u->flush_due = now + opt.times.flush;
		u->held = true;
	}

	if (ends && !rflush)
		u->owner->error = said;
	u->answer = false;
	if (rflush)
		u->rflush = false;
	REQUIRE(says == (!ends ? TC_NOBODY : held ? TC_NOT_YET : TC_OVER), "%d", says);
	if (says == TC_NOT_YET) {
		u->answered = true;
		REQUIRE(of(call).id == u->owner->id && call->state == TC_ANSWERED);
	}
	if (says == TC_OVER) {
		asked a = *u->owner;

		u->owner.reset();
		over(call, a.id, a.error);
	}
	finish(of_tag);
}

tc_left world::leave(int id, bool discard)
{
	caller &c = *callers.at(id);
	uint16_t tag = c.core.tag;
	tc_left wanted = TC_TOO_LATE, says;

	auto queued = waiting.begin();

	while (queued != waiting.end() && queued->id != id)
		++queued;
	if (queued != waiting.end()) {
		wanted = TC_NEVER_SENT;
	} else {
		used &u = tags.at(tag);

		REQUIRE(u.owner && u.owner->id == id);
		if (!u.answered && !dead)
			wanted = discard ? TC_TAKE_BACK : u.left ? TC_TOO_LATE : TC_SEND_FLUSH;
	}
	says = tc_leave(&core, &c.core, discard, killed, now);
	reach::met("left", says);
	REQUIRE(says == wanted, "%d instead of %d", says, wanted);
	switch (says) {
	case TC_NEVER_SENT:
		waiting.erase(queued);
		over(&c.core, id, killed);
		break;
	case TC_TAKE_BACK:
		tags.at(tag).owner.reset();
		tags.at(tag).discarding = true;
		over(&c.core, id, killed);
		break;
	case TC_SEND_FLUSH:
		tags.at(tag).owner->error = killed;
		follow(tag);
		break;
	default:
		break;
	}
	compare();
	return says;
}

void world::discarded(uint16_t tag)
{
	used &u = tags.at(tag);
	bool wanted = u.answer && !u.rflush, says = tc_discarded(&core, tag, now);

	reach::met("discarded", says);
	REQUIRE(says == wanted);
	u.discarding = false;
	if (says)
		follow(tag);
	finish(tag);
}

/* The model looks at everything. */
void world::expire()
{
	tc_call *call;
	tc_expired says;

	do {
		bool hopeless = false;

		for (auto &[tag, u] : tags)
			hopeless |= (u.rflush || u.held) && opt.times.flush && u.flush_due <= now;
		says = tc_expire(&core, late, now, &call);
		reach::met("expired", says);
		REQUIRE((says == TC_HOPELESS) == (hopeless && !dead));
		REQUIRE(!!call == (says == TC_EXPIRED_UNSENT || says == TC_EXPIRED_FLUSH));
		if (says == TC_EXPIRED_UNSENT) {
			auto at = waiting.begin();

			while (at != waiting.end() && at->id != of(call).id)
				++at;
			REQUIRE(at != waiting.end() && at->due <= now);
			int id = at->id;

			waiting.erase(at);
			over(call, id, late);
		} else if (says == TC_EXPIRED_FLUSH) {
			used &u = tags.at(call->tag);

			REQUIRE(u.owner->due <= now && !u.left && !u.answered);
			u.owner->error = late;
			follow(call->tag);
		}
		compare();
	} while (says == TC_EXPIRED_UNSENT || says == TC_EXPIRED_FLUSH);
	if (says == TC_HOPELESS) {
		die();
		return;
	}
	for (const asked &each : waiting)
		REQUIRE(dead || each.due > now, "one that waits is overdue");
	for (auto &[tag, u] : tags)
		REQUIRE(dead || !u.owner || u.left || u.answered || u.owner->due > now,
			"tag %u is overdue", tag);
}

/* Who is being sent is over when the link has told so. */
void world::die()
{
	tc_die(&core, gone);
	if (!dead) {
		dead = gone;
		server.clear();
		flushes.clear();
		for (auto at = tags.begin(); at != tags.end();) {
			used &u = at->second;

			if (u.owner && u.answer) {
				u.owner->error = gone;
				u.answered = true;
			}
			u.answer = u.rflush = false;
			at = u.closed() ? tags.erase(at) : std::next(at);
		}
	}
	while (tc_call *call = tc_reap(&core)) {
		int id = of(call).id;
		uint16_t tag = call->tag;

		reach::met("reaped", 0);
		for (auto at = waiting.begin(); at != waiting.end(); ++at)
			if (at->id == id) {
				waiting.erase(at);
				over(call, id, gone);
				id = 0;
				break;
			}
		if (!id)
			continue;
		used &u = tags.at(tag);

		REQUIRE(u.owner && u.owner->id == id && !u.unsent);
		over(call, id, u.owner->error);
		u.owner.reset();
		if (u.closed())
			tags.erase(tag);
	}
	REQUIRE(waiting.empty());
	for (auto &[tag, u] : tags)
		REQUIRE(!u.owner || u.unsent);
	compare();
}

void world::compare() const
{
	const char *why = tc_validate(&core);
	uint64_t due = UINT64_MAX;

	REQUIRE(!why, "%s", why);
	REQUIRE(core.nr_free == opt.slots - tags.size());
	REQUIRE(core.nr_calls == callers.size());
	for (uint32_t tag = 0; tag < opt.slots; tag++) {
		auto at = tags.find(tag);
		const used none { .owner = {}, .type = 0, .answer = false, .unsent = false };
		const used &u = at == tags.end() ? none : at->second;
		uint8_t open = (u.answer ? TC_ANSWER : 0) | (u.rflush ? TC_RFLUSH : 0) |
			       (u.unsent ? TC_UNSENT : 0) | (u.discarding ? TC_DISCARDING : 0) |
			       (u.flush_unsent ? TC_FLUSH_UNSENT : 0) | (u.held ? TC_HELD : 0);

		REQUIRE(slots[tag].open == open, "tag %u: %x instead of %x", tag, slots[tag].open, open);
		REQUIRE(!!slots[tag].call == !!u.owner);
		if (u.owner && u.owner->due < due && !u.left && !u.answered)
			due = u.owner->due;
		if ((u.rflush || u.held) && opt.times.flush && u.flush_due < due)
			due = u.flush_due;
	}
	for (const asked &each : waiting)
		due = each.due < due ? each.due : due;
	REQUIRE(tc_due(&core) == (dead ? UINT64_MAX : due));
	REQUIRE(tc_quiet(&core) == (dead && tags.empty() && waiting.empty()));
}

caller *world::some_caller(source &from)
{
	if (callers.empty())
		return nullptr;
	auto at = callers.begin();

	std::advance(at, from.pick(callers.size() < 256 ? callers.size() : 256));
	return at->second.get();
}

/* What a server says: the request that it was sent is @id's. */
void world::hear(uint16_t tag, uint8_t type, int id)
{
	const auto at = tags.find(tag);

	REQUIRE(opt.hostile || at != tags.end(), "the server speaks of tag %u, which is free", tag);
	if (!opt.hostile && at->second.owner)
		REQUIRE(at->second.owner->id == id, "a reply to %d finds %d", id,
			at->second.owner->id);
	server.erase(tag);
	reply(tag, type);
}

/* It answers what it has, or flushes: then it does not answer any more. */
void world::server_step(source &from)
{
	uint32_t which = from.pick(server.size() + flushes.size() + 1);

	if (which < server.size()) {
		auto at = server.begin();

		std::advance(at, which);
		auto u = tags.find(at->first);
		uint8_t type = from.pick(4) && u != tags.end() ? u->second.type + 1 : NP_RLERROR;

		hear(at->first, type, at->second.id);
		return;
	}
	which -= server.size();
	if (which >= flushes.size())
		return;
	auto at = flushes.begin();

	std::advance(at, which);
	uint16_t tag = at->first, of_tag = at->second;

	flushes.erase(at);
	server.erase(of_tag);
	reply(tag, NP_RFLUSH);
}

/* Something that it may not say, or not yet. */
void world::lie(source &from)
{
	uint16_t tag = from.pick(8) ? from.pick(2 * opt.slots) : 0xffff - from.pick(3);
	auto at = tags.find(tag);
	uint8_t type = from.pick(256);

	if (from.pick(2))
		type = tag >= opt.slots ? NP_RFLUSH : at == tags.end() ? NP_RLERROR : at->second.type + 1;
	reply(tag, type);
}

/* What a shell may not ask for: nothing changes. */
void world::fault(source &from)
{
	tc_table before = core;
	std::vector<tc_slot> slots_before = slots;
	caller *c = some_caller(from);
	uint16_t tag = from.pick(3 * opt.slots);
	const bool used_tag = tags.count(tag), used_flush = tag >= opt.slots && tags.count(tag - opt.slots);
	tc_call *call, none {};

	reach::met("fault", 0);
	if (c)
		REQUIRE(tc_begin(&core, &c->core, NP_TREAD, TC_DATA, now) == TC_BEGUN_INVALID);
	REQUIRE(tc_begin(&core, &none, NP_TREAD, TC_CLASSES, now) == TC_BEGUN_INVALID);
	REQUIRE(tc_leave(&core, &none, from.pick(2), killed, now) == TC_TOO_LATE);
	if (!used_tag || !tags.at(tag).unsent)
		REQUIRE(!tc_sent(&core, tag, &call) && !call);
	if (!used_flush || !tags.at(tag - opt.slots).flush_unsent)
		REQUIRE(!tc_flush_sent(&core, tag));
	if (!used_tag || !tags.at(tag).discarding)
		REQUIRE(!tc_discarded(&core, tag, now));
	if (!dead)
		REQUIRE(!tc_reap(&core));
	REQUIRE(!std::memcmp(&before, &core, sizeof(core)));
	REQUIRE(!std::memcmp(slots_before.data(), slots.data(), slots.size() * sizeof(slots[0])));
}

void world::leave_step(source &from)
{
	caller *c = some_caller(from);

	if (c)
		leave(c->id, c->core.type == NP_TREAD && from.pick(2));
}

void world::discard_step(source &from)
{
	std::vector<uint16_t> which;

	for (auto &[tag, u] : tags)
		if (u.discarding)
			which.push_back(tag);
	if (!which.empty())
		discarded(which[from.pick(which.size())]);
}

void world::step(source &from)
{
	tc_class group;
	uint8_t type;

	switch (from.pick(16)) {
	case 0 ... 3:
		group = static_cast<tc_class>(from.pick(TC_CLASSES));
		type = types[group];
		if (group == TC_DATA && from.pick(2))
			type = NP_TWRITE;
		begin(group, type);
		break;
	case 4 ... 6:
		send();
		break;
	case 7 ... 9:
		server_step(from);
		break;
	case 10:
	case 11:
		if (!opt.patient)
			leave_step(from);
		break;
	case 12:
		discard_step(from);
		break;
	case 13:
		if (!opt.patient)
			now += from.pick(12);
		expire();
		break;
	case 14:
		if (opt.hostile)
			lie(from);
		else
			send();
		break;
	default:
		if (!opt.hostile)
			server_step(from);
		else if (from.pick(40))
			fault(from);
		else
			die();
	}
}

/* It dies, and then nothing is left. */
void world::end(source &from)
{
	die();
	while (!link.empty())
		send();
	for (uint32_t i = 0; i < 4 * opt.slots; i++)
		discard_step(from);
	REQUIRE(tc_quiet(&core) && callers.empty());
	REQUIRE(begin(TC_ENDING, NP_TCLUNK) == TC_DEAD);
}

} // namespace table_world
