// SPDX-License-Identifier: GPL-2.0-only
/* Messages: sent, taken by the server in any order, answered in any other. */
#include "sim_world.hpp"

namespace netfs_world {

namespace {

constexpr int32_t eio = -5, eagain = -11, eintr = -4;

sub &sub_of(const rpc &m) { return *static_cast<sub *>(m.of); }

/* What it reads or writes: of its buffer, or of the folio that has the byte. */
uint8_t &byte_of(request &r, int64_t at)
{
	if (r.buffer)
		return r.buffer->at(at - r.base);
	for (auto &f : r.folios)
		if (at >= f->pos && at < f->end())
			return f->data[at - f->pos];
	REQUIRE(false, "no folio has byte %ld", (long)at);
	std::abort();
}

} // namespace

void world::post(rpc m)
{
	m.sent = srv.seq;
	if (m.kind == WRITE || m.kind == RESIZE)
		explained = std::max(explained, m.kind == WRITE ? m.pos + m.len : m.size);
	if (m.kind == WRITE) {
		sub &s = sub_of(m);
		for (const rpc &other : flying)
			REQUIRE(other.kind != WRITE || other.pos + other.len <= m.pos ||
				other.pos >= m.pos + m.len, "two writes of a byte in flight");
		if (s.sent.empty())
			for (uint32_t i = 0; i < s.core.len; i++)
				s.sent.push_back(byte_of(*s.of, s.core.pos + i));
	}
	m.silent = opt.silent && !calm && chance(60);
	flying.push_back(m);
	/* Its answer may be here before it was sent, as far as the sender knows. */
	if (chance(16)) {
		process(flying.back());
		if (!flying.back().silent)
			deliver(std::prev(flying.end()));
	}
}

void world::process(rpc &m)
{
	bool data = m.kind == READ || m.kind == WRITE;

	m.processed = ++srv.seq;
	if (!calm && opt.fatal && chance(40)) {
		m.answer = { 0, eio, false, false, false };
		return;
	}
	if (data && !calm && chance(opt.trouble) && chance(2)) {
		m.answer = { 0, chance(2) ? eagain : eintr, true, false, false };
		return;
	}
	/* A cache was asked first, and had it no more. */
	if (m.kind == READ && !calm && chance(opt.trouble) && chance(2)) {
		m.answer = { 0, 0, false, false, true };
		return;
	}
	if (m.kind == READ)
		process_read(m);
	else if (m.kind == WRITE)
		process_write(m);
	else if (m.kind == RESIZE)
		process_resize(m);
	else
		m.size = srv.size();
	m.processed = srv.seq;
}

/* A short read is no proof of an end, unless the server is known to read all. */
void world::process_read(rpc &m)
{
	int64_t there = std::max<int64_t>(0, std::min<int64_t>(m.len, srv.size() - m.pos));
	bool all = true;

	if (!(opt.flags & RL_SHORT_IS_EOF) && there > 1 && chance(opt.trouble)) {
		there = 1 + pick(there - 1);
		all = false;
	}
	for (int64_t i = 0; i < there; i++)
		m.data.push_back(srv.bytes[m.pos + i]);
	m.answer = { static_cast<uint32_t>(there), 0, false,
		     all && m.pos + there >= srv.size() && chance(2), false };
}

void world::process_write(rpc &m)
{
	sub &s = sub_of(m);
	uint32_t len = m.len;

	if (chance(opt.trouble))
		len = pick(m.len + 1);
	if (calm && !len)
		len = m.len;
	m.answer = { len, 0, false, false, false };
	if (!len)
		return;
	if (m.pos + len > srv.size())
		srv.resize(m.pos + len);
	srv.seq++;
	for (uint32_t i = 0; i < len; i++) {
		int64_t at = m.pos + i;
		uint8_t value = byte_of(*s.of, at);

		REQUIRE(value == s.sent[at - s.core.pos], "byte %ld changed in flight", (long)at);
		REQUIRE(ours[at], "byte %ld is another client's", (long)at);
		REQUIRE(pend[at], "byte %ld was not written here", (long)at);
		srv.set(at, value);
	}
}

/* What is behind it is gone, though the client has not heard of it. */
void world::process_resize(rpc &m)
{
	for (int64_t at = m.size; at < domain; at++)
		if (ours[at])
			sure[at] = false;
	floor = std::min(floor, m.size);
	srv.resize(m.size);
}

void world::deliver_read(sub &s, rpc &m)
{
	request &r = *s.of;

	if (!m.data.empty())
		r.shown = std::max<int64_t>(r.shown, m.pos + m.data.size());
	if (!m.answer.error && !m.answer.not_asked && (m.answer.eof || m.data.empty()))
		r.shown_end = std::min<int64_t>(r.shown_end, m.pos + m.data.size());
	r.shown_at = std::max(r.shown_at, m.processed);
	for (size_t i = 0; i < m.data.size(); i++) {
		int64_t at = m.pos + i;

		byte_of(r, at) = m.data[i];
		if (r.buffer) {
			check_filled(at, m.data[i], m.sent);
			r.got[at - r.base] = true;
			continue;
		}
		for (auto &f : r.folios)
			if (at >= f->pos && at < f->end())
				f->since[at - f->pos] = m.sent;
	}
}

void world::deliver(std::list<rpc>::iterator at)
{
	rpc m = std::move(*at);

	flying.erase(at);
	if (m.flushed && !m.processed)
		m.answer = { 0, eintr, true, false, false };
	if (m.kind == READ || m.kind == WRITE) {
		if (m.kind == READ)
			deliver_read(sub_of(m), m);
		done(sub_of(m), m.answer);
		return;
	}
	thread &t = *static_cast<thread *>(m.of);
	t.reply = m;
	t.answered = true;
}

/* One message goes on.  A flushed one may have been done, or not. */
bool world::wire_step()
{
	std::vector<std::list<rpc>::iterator> able;

	for (auto at = flying.begin(); at != flying.end(); at++)
		if (!at->processed || !at->silent || at->flushed)
			able.push_back(at);
	if (able.empty())
		return false;
	auto at = able[pick(able.size())];
	if (at->processed || (at->flushed && chance(2)))
		deliver(at);
	else
		process(*at);
	return true;
}

void world::flush(const void *of)
{
	for (rpc &m : flying)
		if (m.of == of)
			m.flushed = true;
}

/* The session: whatever would never be answered has failed. */
void world::die()
{
	for (auto at = flying.begin(); at != flying.end(); at = flying.begin()) {
		at->answer = { 0, eio, false, false, false };
		at->data.clear();
		at->processed = at->processed ? at->processed : srv.seq;
		deliver(at);
	}
}

} // namespace netfs_world
