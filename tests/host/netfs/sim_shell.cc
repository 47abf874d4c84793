// SPDX-License-Identifier: GPL-2.0-only
/* Requests, as the C shell will have them: each decision is the core's. */
#include "sim_world.hpp"

#include <cstring>

namespace netfs_world {

namespace {

bool writes(rl_kind kind) { return kind == RL_WRITEPAGES || kind == RL_DIRECT_WRITE; }

bool direct(rl_kind kind) { return kind >= RL_DIRECT_READ; }

} // namespace

request_p world::start(rl_kind kind)
{
	request_p r = std::make_shared<request>();

	io_count++;
	r->kind = kind;
	REQUIRE(rl_req_init(&r->core, kind, &retry, limits.flags));
	if (writes(kind))
		rl_size_write_begin(&sizes);
	live.push_back(r);
	return r;
}

void world::send(request &r, rl_piece piece)
{
	r.subs.push_back({});
	sub &s = r.subs.back();
	s.of = &r;
	REQUIRE(rl_req_add(&r.core, &s.core, &piece));
	issue(s, true);
}

/* It waits for a credit first, without the lock; who is not the issuer holds. */
void world::issue(sub &s, bool issuer)
{
	begin_deed({ &s, false, issuer, true });
}

flight world::in_flight()
{
	flight all;

	for (auto &r : live)
		for (sub &s : r->subs)
			if (!r->over && s.core.state == RL_ISSUED) {
				(writes(r->kind) ? all.writes : all.reads)++;
				all.bytes += s.credit;
			}
	return all;
}

/* Whether nobody in the line comes first; who has a kept place passes reads. */
bool world::in_turn(const sub &s, bool kept)
{
	for (const sub *other : line) {
		if (other == &s)
			return true;
		if (!kept || writes(other->of->kind))
			return false;
	}
	return true;
}

/* Reads leave to writes what is kept for them, in turn, and nothing waits for nothing. */
bool world::take_credit(sub &s)
{
	bool write = writes(s.of->kind);
	flight now = in_flight();
	uint32_t subs = now.reads + now.writes;
	bool kept = write && now.writes < credits.kept;
	bool room, taken;

	s.credit = s.core.len - s.core.done;
	room = !subs || (subs < credits.subs &&
			 (kept || now.bytes + s.credit <= credits.bytes));
	room = room && (write || now.reads < credits.subs - credits.kept);
	taken = rl_credit_take(&credits, &s.place, write, s.credit);
	reach::met("credit", taken);
	REQUIRE(taken == (room && in_turn(s, kept)), "%s", taken ? "it had to wait" : "it waits in vain");
	if (taken)
		line.remove(&s);
	else if (std::find(line.begin(), line.end(), &s) == line.end())
		line.push_back(&s);
	return taken;
}

void world::leave_line(sub &s)
{
	bool stood = std::find(line.begin(), line.end(), &s) != line.end();

	REQUIRE(rl_credit_leave(&credits, &s.place) == stood);
	line.remove(&s);
}

void world::give_credit(sub &s)
{
	REQUIRE(rl_credit_give(&credits, writes(s.of->kind), s.credit));
}

void world::try_issue(std::list<deed>::iterator at)
{
	sub &s = *at->of;
	bool taken = false;
	rl_act what;

	/* Nothing of it goes out any more. */
	if (s.of->core.cancelled)
		leave_line(s);
	else if (!(taken = take_credit(s)))
		return;
	what = rl_sub_issue(&s.of->core, &s.core, now);
	at->wants = false;
	if (what == RL_ACT_ISSUE) {
		reach::met("issued in kind", s.of->kind);
		return;
	}
	if (taken)
		give_credit(s);
	if (what != RL_ACT_NONE)
		act(s, what);
	end_deed(at);
}

/* ops->issue().  A cancel may have passed it by, and has found nothing. */
void world::transmit(sub &s)
{
	rpc m = { writes(s.of->kind) ? WRITE : READ, &s };

	m.pos = s.core.pos + s.core.done;
	m.len = s.core.len - s.core.done;
	s.asked = srv.seq;
	post(m);
	if (s.core.state == RL_ISSUED && s.core.cancel != RL_WELL)
		flush(&s);
}

/* The lock is dropped: anything may come before the call, and before it returns. */
void world::begin_deed(deed d)
{
	REQUIRE(d.issuer || rl_req_hold(&d.of->of->core));
	deeds.push_back(d);
}

void world::end_deed(std::list<deed>::iterator at)
{
	request &r = *at->of->of;
	bool issuer = at->issuer;

	deeds.erase(at);
	if (!issuer)
		left(r, rl_req_release(&r.core));
}

void world::deed_step()
{
	if (deeds.empty())
		return;
	auto at = std::next(deeds.begin(), pick(deeds.size()));

	if (at->wants)
		return try_issue(at);
	if (at->did)
		return end_deed(at);
	at->did = true;
	if (at->cancel)
		flush(at->of);
	else
		transmit(*at->of);
}

/* Whether the issuer has come back from all that it sends. */
bool world::sent(const request &r)
{
	return std::none_of(deeds.begin(), deeds.end(),
			    [&](const deed &d) { return d.issuer && d.of->of == &r; });
}

/* It stands in the line already, and is not sent there twice. */
bool world::waits(const sub &s)
{
	return std::any_of(deeds.begin(), deeds.end(),
			   [&](const deed &d) { return d.of == &s && d.wants; });
}

bool world::inside(const request &r)
{
	return std::any_of(deeds.begin(), deeds.end(), [&](const deed &d) { return d.of->of == &r; });
}

void world::done(sub &s, const rl_answer &answer)
{
	rl_act what = rl_sub_done(&s.of->core, &s.core, &answer, now);

	give_credit(s);
	REQUIRE(what != RL_ACT_INVALID);
	act(s, what);
}

void world::act(sub &s, rl_act what)
{
	reach::met("state", s.core.state);
	switch (what) {
	case RL_ACT_ISSUE:
		return issue(s, false);
	case RL_ACT_CANCEL:
		return begin_deed({ &s, true, false });
	case RL_ACT_END:
		return end(s);
	case RL_ACT_WAIT:
		REQUIRE(rl_req_due(&s.of->core) != RL_NEVER);
		return;
	default:
		REQUIRE(false, "act %d", what);
	}
}

void world::end(sub &s)
{
	request &r = *s.of;
	rl_act again;
	const char *wrong;

	reach::met("why", s.core.why);
	if (s.core.why == RL_WHY_TIMEOUT)
		reach::met("why of time", 0);
	note_lost(s);
	if (!direct(r.kind) && !r.issuer_ends)
		for (auto &f : r.folios)
			end_folio(s, *f);
	again = rl_sub_issue(&r.core, &s.core, now);
	REQUIRE(again == RL_ACT_NONE);
	left(r, rl_sub_put(&r.core, &s.core));
	wrong = rl_req_validate(&r.core);
	REQUIRE(!wrong, "%s", wrong);
	REQUIRE(rl_sub_put(&r.core, &s.core) == RL_LEFT_INVALID);
}

void world::end_folio(sub &s, folio &f)
{
	rl_ending how = rl_folio_end(&s.of->core, &s.core, f.pos, f.size);

	if (how.fate == RL_FATE_INVALID)
		return;
	reach::met(s.of->kind == RL_READ ? "fate of read" : "fate of write", how.fate);
	if (s.of->kind == RL_READ)
		end_read(s, f, how);
	else
		end_write(s, f, how);
}

/* Each byte is judged before anybody can see it. */
void world::end_read(sub &s, folio &f, rl_ending how)
{
	REQUIRE(f.locked && !f.writeback);
	f.locked = false;
	if (how.fate != RL_FATE_GOOD)
		return;
	for (uint32_t i = how.zero.from; i < how.zero.to; i++) {
		f.data[i] = 0;
		f.since[i] = s.asked;
	}
	for (uint32_t i = 0; i < f.size; i++)
		check_filled(f.pos + i, f.data[i], f.since[i]);
	f.uptodate = true;
}

/* Each byte of write-back that failed is somebody's, who is to be told. */
void world::note_lost(const sub &s)
{
	if (s.of->kind != RL_WRITEPAGES || s.core.why == RL_WELL)
		return;
	for (int64_t at = s.core.pos + s.core.done; at < s.core.pos + s.core.len; at++)
		unreported[at] = true;
}

/* A work item: completion, which takes no folio's lock, could not. */
void world::drop_bad()
{
	auto at = std::find_if(cache.begin(), cache.end(), [](auto &entry) {
		folio &f = *entry.second;

		return f.bad && !f.locked && !f.writeback;
	});

	if (at == cache.end())
		return;
	at->second->bad = false;
	drop_one(*at->second, 0, RL_SIZE_MAX);
}

void world::end_write(sub &, folio &f, rl_ending how)
{
	REQUIRE(f.writeback);
	if (how.fate == RL_FATE_BAD) {
		REQUIRE(how.why != RL_WELL);
		error = true;
		f.bad = true;
		if (!f.dirty)
			lost(f.pos + f.taken.from, f.pos + f.taken.to);
	} else if (!f.dirty) {
		mark_sent(f, f.taken.from, f.taken.to);
	}
	f.writeback = false;
}

/* A folio whose parts are read by several, or of which only a gap is read. */
void world::end_issuers(request &r)
{
	folio &f = *r.folios.at(0);

	for (sub &s : r.subs) {
		rl_ending how = rl_folio_end(&r.core, &s.core, f.pos, f.size);
		REQUIRE(how.fate != RL_FATE_INVALID);
		if (how.fate != RL_FATE_GOOD)
			return;
		for (uint32_t i = how.zero.from; i < how.zero.to; i++) {
			f.data[i] = 0;
			f.since[i] = s.asked;
		}
		for (int64_t at = s.core.pos; at < s.core.pos + s.core.len; at++)
			check_filled(at, f.data[at - f.pos], f.since[at - f.pos]);
	}
}

void world::left(request &r, rl_left who)
{
	REQUIRE(who != RL_LEFT_INVALID);
	/* An issuer that ends its folio itself ends it now; a work item, some time. */
	if (who == RL_LEFT_NONE && r.issuer_ends)
		finish(r);
	else if (who == RL_LEFT_NONE)
		ending.push_back(&r);
	else
		REQUIRE(rl_req_exit(&r.core) == RL_EXIT_INVALID);
}

void world::finish(request &r)
{
	int last = -1;

	REQUIRE(!inside(r), "it ends under somebody");
	while (last != RL_EXIT_FREE) {
		rl_exit step = rl_req_exit(&r.core);

		REQUIRE(step > last && step <= RL_EXIT_FREE);
		step_of(r, step);
		last = step;
	}
	REQUIRE(r.steps == 6, "%d", r.steps);
	/* Its memory is gone: whoever looks finds nonsense. */
	std::memset(&r.core, 0xee, sizeof(r.core));
	r.over = true;
}

void world::step_of(request &r, rl_exit step)
{
	r.steps++;
	if (step == RL_EXIT_FOLIOS && r.issuer_ends)
		end_issuers(r);
	if (step == RL_EXIT_COUNT)
		io_count--;
	if (step != RL_EXIT_SIZES)
		return;
	r.result = rl_req_result(&r.core);
	if (writes(r.kind))
		REQUIRE(rl_size_written(&sizes, &r.result));
	else
		rl_size_read(&sizes, &r.result, mapping_dirty());
	if (!writes(r.kind))
		check_shown(r);
	if (writes(r.kind) && r.result.why != RL_WELL)
		floor = 0;
}

void world::finish_one()
{
	if (ending.empty())
		return;
	auto at = ending.begin() + pick(ending.size());
	request *r = *at;

	ending.erase(at);
	finish(*r);
}

void world::timers()
{
	for (size_t i = 0; i < live.size(); i++) {
		request_p r = live[i];
		sub *s = nullptr;
		rl_act what;

		if (r->over || rl_req_due(&r->core) > now || !rl_req_hold(&r->core))
			continue;
		while (rl_sub *next = rl_req_next_due(&r->core, s ? &s->core : nullptr, now, &what)) {
			s = reinterpret_cast<sub *>(next);
			if (what != RL_ACT_ISSUE || !waits(*s))
				act(*s, what);
		}
		left(*r, rl_req_release(&r->core));
	}
	std::erase_if(live, [](const request_p &r) { return r->over; });
}

void world::cancel(request &r, int32_t why)
{
	sub *s = nullptr;
	rl_act what;

	if (r.over || !rl_req_hold(&r.core))
		return;
	REQUIRE(rl_req_cancel(&r.core, why));
	while (rl_sub *next = rl_req_next_cancel(&r.core, s ? &s->core : nullptr, &what)) {
		s = reinterpret_cast<sub *>(next);
		reach::met("cancel", what == RL_ACT_END);
		act(*s, what);
	}
	left(r, rl_req_release(&r.core));
}

} // namespace netfs_world
