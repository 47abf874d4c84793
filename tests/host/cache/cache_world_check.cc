// SPDX-License-Identifier: GPL-2.0-only
/* What has to hold in cache_world.hpp. */
#include "cache_world.hpp"

namespace cache_world {

bool world::is_of(uint64_t v, size_t cell, uint32_t token, bool vouched) const
{
	if (token == content.at(v)[cell]) {
		reach::met("of its version", 1);
		return true;
	}
	reach::met("of its version", 0);
	return !vouched && !(token & 0x80000000) && (token & 0xfff) == cell && token >> 12 > v;
}

bool world::owes(const live &l, size_t g)
{
	const uint64_t *bits = l.bits.empty() ? l.core.own : l.bits.data();

	return bits[4 * ((l.model.size() + 63) / 64) + g / 64] >> g % 64 & 1;
}

/* A read, byte by byte: but that a granule's bytes are alike. */
void world::check_run(live &l, int64_t pos, int64_t len)
{
	rc_run run = rc_read_plan(&l.core, pos, len);
	uint32_t shift = rc_shift(opt.size);
	bool ready = !l.dead && !l.none && !l.looking;
	bool vouched = true;
	int64_t end = pos;
	auto state = [&](int64_t p) {
		return ready && p < int64_t(opt.size) ? l.model[p >> shift] : granule::empty;
	};
	auto cached = [&](int64_t p) {
		return state(p) != granule::empty && state(p) != granule::filling;
	};
	bool cache = cached(pos);

	while (end < pos + len && end < int64_t(opt.size) && cached(end) == cache) {
		vouched &= state(end) == granule::vouched;
		end = std::min(pos + len, ((end >> shift) + 1) << shift);
	}
	if (end >= int64_t(opt.size) || !ready)
		end = pos + len;
	REQUIRE(run.cache == cache, "at %lld", (long long)pos);
	REQUIRE(run.len == end - pos, "%lld, not %lld", (long long)run.len, (long long)(end - pos));
	REQUIRE(run.data == (cache ? std::min<int64_t>(end, opt.size) - pos : 0));
	REQUIRE(run.vouched == (cache && vouched));
}

void world::check(live &l)
{
	const char *why = rc_object_validate(&l.core);

	REQUIRE(!why, "%s", why);
	REQUIRE((l.core.state == RC_DEAD) == l.dead);
	REQUIRE(l.core.users == l.users.size() && l.core.fills == l.fills.size());
	REQUIRE(l.core.reads == l.reads.size());
	for (size_t g = 0; g < l.model.size(); g++)
		for (size_t c = (g << rc_shift(opt.size)) / CELL; owes(l, g) && int64_t(c * CELL) < end_of(l, g); c++)
			REQUIRE((l.came[0][c] || l.came[1][c]) && l.model[g] == granule::empty, "nothing is owed of %zu", g);
	if (l.looking && !l.dead) {
		uint64_t wait = rc_look_wait(&l.core, now);

		REQUIRE(wait <= RC_LOOK_MS && (l.exists || !wait));
	} else {
		REQUIRE(!rc_look_wait(&l.core, now));
	}
	if (!l.dead) {
		uint64_t when = rc_commit_when(&l.core);

		REQUIRE(when == RL_NEVER || !rc_commit_due(&l.core, when ? when - 1 : 0, 0) ||
			l.users.empty() || !when);
		REQUIRE(when == RL_NEVER || rc_commit_due(&l.core, when, 0) || l.users.empty());
	} else {
		REQUIRE(!rc_commit_due(&l.core, ~0ull - 1, ~0ull));
	}
	for (int n = 0; n < 2; n++)
		check_run(l, from.pick(nr_cells() + 1) * CELL + from.pick(2) * 100,
			  1 + from.pick(40) * CELL);
}

/* After a power cut. */
void world::check_disk(file &f)
{
	rc_header header;
	rc_header_says says = rc_header_read(f.head.data(), &f.key, f.length, &header);
	uint32_t shift = rc_shift(f.key.size);

	bool newer = says == RC_HEADER_GOOD && header.sequence > f.safe.sequence;

	reach::met("after a cut", f.safe.sequence ? 1 + newer : 0);
	if (says != RC_HEADER_GOOD) {
		REQUIRE(!f.safe.sequence, "a header that was safe is lost");
		return;
	}
	REQUIRE(header.sequence >= f.safe.sequence, "an older header is believed");
	if (f.safe.sequence && header.sequence == f.safe.sequence)
		reach::met("torn", 0);
	for (size_t g = 0; g < rc_granules(f.key.size); g++) {
		bool believed = header.bits[g / 8] >> g % 8 & 1;

		REQUIRE(believed || !f.safe.sequence || !f.safe.granules[g], "a bit is lost");
		if (!believed)
			continue;
		for (size_t c = (g << shift) / CELL; c < f.disk.size() && c * CELL < (g + 1) << shift; c++)
			REQUIRE(is_of(f.key.version, c, f.disk[c], true),
				"version %llu: cell %zu is believed and is %x",
				(unsigned long long)f.key.version, c, f.disk[c]);
	}
	f.safe.sequence = header.sequence;
	f.safe.granules.assign(rc_granules(f.key.size), false);
	for (size_t g = 0; g < f.safe.granules.size(); g++)
		f.safe.granules[g] = header.bits[g / 8] >> g % 8 & 1;
	f.last = f.safe;
}

/* What a shell may not ask for: nothing changes. */
void world::fault(live &l)
{
	rc_object before = l.core;
	std::vector<uint64_t> bits = l.bits;
	uint8_t slot[RC_SLOT];
	uint32_t place;
	rc_fill fill = { 0, 0, false };
	rc_run run;
	size_t g = from.pick(l.model.size());
	int64_t start = int64_t(g) << rc_shift(opt.size);

	REQUIRE(!rc_kill(&l.core, RC_ALIVE) && !rc_kill(&l.core, RC_NR_WHYS));
	REQUIRE(!rc_read_begin(&l.core, -1, 1, &run) && !rc_read_begin(&l.core, 0, 0, &run));
	REQUIRE(!rc_fill_end(&l.core, &fill, RC_DONE, now));
	fill = { start + 1, end_of(l, g), false };
	REQUIRE(!rc_fill_end(&l.core, &fill, RC_DONE, now));
	fill = { start, end_of(l, g), false };
	if (l.model[g] != granule::filling)
		REQUIRE(!rc_fill_end(&l.core, &fill, RC_DONE, now));
	REQUIRE(!rc_fill_end(&l.core, &fill, static_cast<rc_outcome>(RC_NR_OUTCOMES), now));
	fill = { -65536, 0, false };
	REQUIRE(!rc_fill_end(&l.core, &fill, RC_DONE, now));
	if (l.reads.empty())
		REQUIRE(!rc_read_end(&l.core, RC_DONE));
	if (l.core.commit != RC_COMMIT_SYNCING)
		REQUIRE(rc_commit_synced(&l.core, RC_DONE, now, slot, &place) == RC_COMMIT_INVALID);
	if (l.core.commit != RC_COMMIT_SYNCING)
		REQUIRE(!rc_commit_confirm(&l.core));
	if (l.core.commit != RC_COMMIT_WRITING)
		REQUIRE(!rc_commit_written(&l.core, RC_DONE, now));
	if (l.core.commit != RC_COMMIT_IDLE)
		REQUIRE(!rc_commit_begin(&l.core, now, wall()));
	REQUIRE(rc_object_opened(&l.core, static_cast<rc_look>(7), nullptr) == RC_OPENED_INVALID);
	REQUIRE(!std::memcmp(&before, &l.core, sizeof(before)) && bits == l.bits);
}

} // namespace cache_world
