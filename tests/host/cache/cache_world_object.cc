// SPDX-License-Identifier: GPL-2.0-only
/* The moves of cache_world.hpp that an object makes. */
#include "cache_world.hpp"

namespace cache_world {

/* --------------------------------------------------------------------------- its file */

void world::look_over(live &l)
{
	uint64_t v = l.core.key.version;
	rc_look look = l.on ? RC_LOOK_OPEN : RC_LOOK_CREATED;
	rc_header header;
	bool good = false;

	if (opt.errors && !from.pick(8))
		look = l.on ? (from.pick(2) ? RC_LOOK_BAD : RC_LOOK_FAILED) : RC_LOOK_ABSENT;
	if (look == RC_LOOK_CREATED)
		l.on = &files.emplace(v, key_of(v)).first->second;
	if (look == RC_LOOK_OPEN)
		good = rc_header_read(l.on->head.data(), &l.core.key, l.on->length, &header) ==
		       RC_HEADER_GOOD;
	l.looking = false;
	rc_opened opened = rc_object_opened(&l.core, look, good ? &header : nullptr);

	reach::met("looked", look);
	reach::met("opened", opened);
	REQUIRE(rc_object_opened(&l.core, look, nullptr) == RC_OPENED_INVALID);
	if (l.dead) {
		REQUIRE(opened == RC_OPENED_DEAD);
	} else if (look == RC_LOOK_BAD || (look == RC_LOOK_OPEN && !good)) {
		REQUIRE(opened == RC_OPENED_DEAD);
		l.dead = true;
	} else if (look == RC_LOOK_ABSENT || look == RC_LOOK_FAILED) {
		REQUIRE(opened == RC_OPENED_NONE);
		l.none = true;
	} else {
		REQUIRE(opened == RC_OPENED_READY);
		for (size_t g = 0; good && g < l.model.size(); g++)
			if (header.bits[g / 8] >> g % 8 & 1)
				l.model[g] = granule::vouched;
		owed(l);
	}
	put_away(l);
}

void world::kill(live &l, rc_why why)
{
	reach::met("killed with fills", !l.fills.empty());
	REQUIRE(rc_kill(&l.core, why) == !l.dead);
	l.dead = true;
}

/* -------------------------------------------------------------------------------- fills */

void world::fill_begun(live &l, int i, const rc_fill &fill)
{
	filling f = { fill, {}, 0, false };

	REQUIRE(fill.from < fill.to && fill.to <= int64_t(opt.size));
	REQUIRE(fill.to - fill.from <= int64_t(RC_FILL_MAX));
	reach::met("collected", fill.collected);
	for (size_t c = fill.from / CELL; int64_t(c * CELL) < fill.to; c++) {
		REQUIRE(l.came[i][c], "cell %zu has not come", c);
		f.folios.push_back(inodes[i].cache[c]);
		f.missed |= !f.folios.back();
	}
	for (size_t g = fill.from >> rc_shift(opt.size); end_of(l, g) <= fill.to; g++) {
		REQUIRE(l.model[g] == granule::empty, "a granule is filled twice");
		l.model[g] = granule::filling;
		if (end_of(l, g) == fill.to)
			break;
	}
	l.fills.push_back(std::move(f));
	REQUIRE(l.fills.size() <= RC_FILLS_MAX);
}

void world::owed(live &l)
{
	rc_fill fill;

	for (int i = 0; i < 2; i++)
		while (rc_fill_owed(&l.core, &inodes[i], &fill)) {
			reach::met("owed", 0);
			REQUIRE(fill.collected);
			fill_begun(l, i, fill);
		}
	REQUIRE(!l.core.owed || l.core.state != RC_READY || l.fills.size() == RC_FILLS_MAX,
		"what is owed is not paid");
}

/* An inode goes, or only lets go. */
void world::forget(live &l, int i)
{
	rc_fill_forget(&l.core, &inodes[i]);
	reach::met("owed", 1);
	std::fill(l.came[i].begin(), l.came[i].end(), false);
	put_away(l);
}

/* A cell more, from a folio that is as it is now. */
void world::fill_goes_on(live &l, bool to_the_end)
{
	if (l.fills.empty())
		return;
	auto at = l.fills.begin();

	std::advance(at, from.pick(l.fills.size()));
	if (at->missed) {
		fill_over(l, at, RC_MISSED);
		return;
	}
	do {
		if (at->at == at->folios.size()) {
			fill_over(l, at, RC_DONE);
			return;
		}
		rc_outcome result = outcome();

		if (result != RC_DONE) {
			fill_over(l, at, result);
			return;
		}
		l.on->write_cell(at->what.from / CELL + at->at, *at->folios[at->at]);
		at->at++;
	} while (to_the_end);
}

void world::fill_over(live &l, std::list<filling>::iterator at, rc_outcome result)
{
	rc_fill fill = at->what;

	reach::met("filled", result);
	REQUIRE(rc_fill_end(&l.core, &fill, result, now));
	for (size_t g = fill.from >> rc_shift(opt.size); g < l.model.size() && end_of(l, g) <= fill.to; g++)
		l.model[g] = result == RC_DONE && !l.dead ? granule::here : granule::empty;
	if (result == RC_ERROR)
		l.dead = true;
	l.fills.erase(at);
	REQUIRE(!rc_fill_end(&l.core, &fill, result, now));
	owed(l);
	put_away(l);
}

/* ------------------------------------------------------------------------------ commits */

void world::commit_begin(live &l)
{
	bool due = rc_commit_due(&l.core, now, wall());

	REQUIRE(rc_commit_begin(&l.core, now, wall()) == due);
	if (!due)
		return;
	for (granule &g : l.model)
		if (g == granule::here)
			g = granule::syncing;
	l.syncing = l.on->pending.size();
	l.answer.reset();
}

static void end_commit(live &l, granule to)
{
	for (granule &g : l.model)
		if (g == granule::syncing)
			g = to;
}

void world::commit_goes_on(live &l)
{
	rc_outcome result = outcome();
	bool later = result == RC_FROZEN || result == RC_MISSED;

	/* First the server answers; or nobody asks. */
	if (l.core.commit == RC_COMMIT_SYNCING && !l.answer && from.pick(8)) {
		l.answer = told();
		return;
	}
	if (l.core.commit == RC_COMMIT_SYNCING) {
		bool same = l.answer == l.core.key.version;

		if (same)
			REQUIRE(rc_commit_confirm(&l.core));
		reach::met("confirmed", same);
		/* The same struct file is told of a write-back that has failed. */
		if (l.on->failed)
			result = RC_ERROR, later = false;
		if (result == RC_DONE) {
			l.on->synced(std::min(l.syncing, l.on->pending.size()), from);
			l.on->safe = l.on->last;
		} else if (!later) {
			l.on->lost(from);
		}
		bool more = std::count(l.model.begin(), l.model.end(), granule::syncing);
		bool writes = result == RC_DONE && !l.dead && (same || !more);
		uint64_t sequence = l.core.sequence + 1;
		rc_commit what = rc_commit_synced(&l.core, result, now, l.slot, &l.place);

		reach::met("synced", what);
		REQUIRE(what == (writes ? RC_COMMIT_WRITE : RC_COMMIT_STOP));
		if (result != RC_DONE && !later)
			l.dead = true;
		l.says = { sequence, std::vector<bool>(l.model.size()) };
		for (size_t g = 0; g < l.model.size(); g++) {
			l.says.granules[g] = l.model[g] == granule::syncing || l.model[g] == granule::vouched;
			if (l.model[g] == granule::here)
				reach::met("late bits", 0);
		}
		if (writes) {
			rc_header_seal(l.slot);
			return;
		}
		end_commit(l, granule::here);
		put_away(l);
		return;
	}
	if (!later) {
		/* A write that has failed may have come as far as anywhere. */
		size_t len = result == RC_DONE ? RC_SLOT : from.pick(16) * 256;

		l.on->write_slot(l.place, l.slot, len);
		if (result == RC_DONE)
			l.on->last = l.says;
		else
			l.on->last = l.on->safe;
	}
	reach::met("written", result);
	REQUIRE(rc_commit_written(&l.core, result, now));
	REQUIRE(!rc_commit_written(&l.core, result, now));
	end_commit(l, result == RC_DONE && !l.dead ? granule::vouched : granule::here);
	if (result != RC_DONE && !later)
		l.dead = true;
	put_away(l);
}

/* -------------------------------------------------------------------------------- reads */

void world::read_begin(live &l)
{
	int64_t pos = from.pick(nr_cells()) * CELL;
	int64_t len = CELL * (1 + from.pick(8));
	rc_run run = rc_read_plan(&l.core, pos, len), begun;

	if (from.pick(4))
		len = run.len;
	bool covered = run.cache && run.len >= len;

	REQUIRE(rc_read_begin(&l.core, pos, len, &begun) == covered);
	if (covered) {
		REQUIRE(!l.dead, "a dead object is read");
		l.reads.push_back({ pos, len, begun });
	}
}

void world::read_over(live &l)
{
	if (l.reads.empty())
		return;
	reading r = l.reads.front();
	rc_outcome result = opt.errors && !from.pick(40) ? RC_ERROR : from.pick(12) ? RC_DONE : RC_MISSED;

	l.reads.pop_front();
	if (!r.run.vouched && l.on->failed) {
		result = RC_ERROR;
		reach::met("read was lost", 0);
	}
	if (result == RC_DONE && !rc_read_stands(&l.core, &r.run))
		result = RC_MISSED;
	reach::met("read", r.run.vouched);
	if (result == RC_DONE)
		for (int64_t pos = r.pos; pos < r.pos + r.run.data; pos += CELL)
			REQUIRE(is_of(l.core.key.version, pos / CELL, l.on->view[pos / CELL], r.run.vouched),
				"cell %lld is not the version's", (long long)(pos / CELL));
	REQUIRE(!rc_read_end(&l.core, RC_FULL));
	REQUIRE(rc_read_end(&l.core, result));
	if (result == RC_ERROR)
		l.dead = true;
	put_away(l);
}

} // namespace cache_world
