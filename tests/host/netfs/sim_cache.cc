// SPDX-License-Identifier: GPL-2.0-only
/* The page cache, and the model of each byte. */
#include "sim_world.hpp"

namespace netfs_world {

std::shared_ptr<folio> world::find(int64_t at)
{
	auto next = cache.upper_bound(at);

	if (next == cache.begin() || (--next)->second->end() <= at)
		return nullptr;
	return next->second;
}

/* As large as there is room for, or less. */
std::shared_ptr<folio> world::create(int64_t at, bool locked)
{
	uint32_t size = limits.folio >> pick(3);
	auto f = std::make_shared<folio>();

	if (size < limits.page)
		size = limits.page;
	for (;; size /= 2) {
		int64_t pos = at / size * size;
		auto next = cache.lower_bound(pos);

		if (size > limits.page &&
		    (find(pos) || (next != cache.end() && next->first < pos + size)))
			continue;
		f->pos = pos;
		break;
	}
	f->size = size;
	f->data.assign(size, 0xee);
	f->since.assign(size, 0);
	f->locked = locked;
	cache[f->pos] = f;
	return f;
}

std::shared_ptr<folio> world::next_dirty(int64_t at, int64_t to)
{
	for (auto &[pos, f] : cache)
		if (f->end() > at && pos < to && f->dirty)
			return f;
	return nullptr;
}

bool world::mapping_dirty()
{
	for (auto &[pos, f] : cache)
		if (f->dirty || f->writeback)
			return true;
	return false;
}

bool world::writing_back(int64_t at, int64_t to)
{
	for (auto &[pos, f] : cache)
		if (f->end() > at && pos < to && f->writeback)
			return true;
	return false;
}

/* With the straddling folio locked.  What is being read gets what the server has. */
void world::zero_gap(int64_t pos)
{
	rl_bytes gap = rl_size_gap(&sizes, pos);

	for (int64_t at = gap.from; at < gap.to; at++)
		if (auto f = find(at); f && f->uptodate) {
			/* Of no time: what is known of that place may be old. */
			f->data[at - f->pos] = 0;
			f->since[at - f->pos] = 0;
		}
}

/* Its write-back begins; locked until here. */
void world::take(request &r, folio &f, rl_plan &plan)
{
	rl_folio core = f.core();
	rl_piece piece;
	rl_added added;

	f.taken = rl_dirty(&core);
	f.word = 0;
	f.dirty = false;
	f.writeback = true;
	f.locked = false;
	added = rl_plan_add(&plan, f.pos, f.taken, sizes.i_size, &piece);
	reach::met("added", added);
	REQUIRE(added != RL_ADDED_INVALID);
	if (added == RL_ADDED_NOTHING) {
		mark_sent(f, f.taken.from, f.taken.to);
		f.writeback = false;
		return;
	}
	r.folios.push_back(find(f.pos));
	if (added == RL_ADDED_CUT)
		send(r, piece);
}

/* A byte is written here. */
void world::wrote(int64_t at, uint8_t value)
{
	REQUIRE(ours[at]);
	local[at] = value;
	sure[at] = true;
	pend[at] = true;
	when[at] = events;
}

void world::mark_sent(folio &f, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && f.pos + i < domain; i++)
		pend[f.pos + i] = false;
}

/* Written here, and failed: the server may have it or not. */
void world::lost(int64_t from, int64_t to)
{
	for (int64_t at = from; at < to && at < domain; at++)
		pend[at] = sure[at] = false;
	floor = 0;
}

void world::extends(int64_t end)
{
	for (int64_t at = sizes.i_size; at < end; at++)
		extended[at] = true;
}

void world::dropped(int64_t from, uint64_t processed)
{
	for (int64_t at = from; at < domain; at++) {
		extended[at] = false;
		if (cut[at] <= processed)
			cut[at] = 0;
	}
}

/* Locked, not under write-back.  Whether it is out of the way. */
bool world::drop_one(folio &f, int64_t from, int64_t truncate_from)
{
	rl_folio core = f.core();

	if (!f.dirty) {
		cache.erase(f.pos);
		return true;
	}
	if (f.end() <= truncate_from) {
		bool fine = rl_may_undefine(&core);

		f.uptodate &= !fine;
		reach::met("undefined", fine);
		return fine;
	}
	for (int64_t at = std::max(f.pos, truncate_from); at < f.end() && at < domain; at++)
		pend[at] = false;
	if (f.pos >= truncate_from) {
		cache.erase(f.pos);
		return true;
	}
	/* It stays, without what is behind the end. */
	f.word = rl_word_clip(&core, { static_cast<uint32_t>(truncate_from - f.pos), f.size });
	for (int64_t at = truncate_from; at < f.end(); at++) {
		f.data[at - f.pos] = 0;
		f.since[at - f.pos] = srv.seq;
	}
	return from >= truncate_from;
}

/*
 * Attributes that are not taken: of all that had grown by then, as the server knows, and
 * that they reach over.
 */
void world::hear(int64_t size, uint64_t processed)
{
	for (int64_t at = 0; at < size; at++)
		if (srv.foreign_grown[at] && srv.foreign_grown[at] <= processed)
			told[at] = true;
}

/* Nothing that we sent or were told explains it: where zeroes were put it is news. */
void world::see_growth(const request &r)
{
	for (int64_t at = 0; r.shown > explained && at < r.shown; at++)
		if (extended[at] && srv.foreign_grown[at] <= r.shown_at)
			told[at] = true;
}

void world::check_shown(const request &r)
{
	bool stale = rl_size_stale(&sizes);
	bool ours_alone = sizes.writes || sizes.resizes || mapping_dirty();

	REQUIRE(r.shown <= sizes.i_size || stale, "bytes up to %ld were read", (long)r.shown);
	REQUIRE(r.shown_end >= sizes.i_size || ours_alone || stale, "it ended at %ld",
		(long)r.shown_end);
	REQUIRE(r.shown_end >= sizes.server || stale, "it ended at %ld", (long)r.shown_end);
	if (r.shown > sizes.i_size)
		reach::met("growth", 0);
	see_growth(r);
}

void world::take_attributes(uint64_t processed, int64_t size)
{
	explained = size;
	adopted = std::max(adopted, processed);
	for (int64_t at = 0; at < domain; at++)
		if (told[at])
			told[at] = extended[at] = false;
}

bool world::all_ours(const folio &f)
{
	for (int64_t i = f.pos; i < f.end() && i < domain; i++)
		if (!ours[i])
			return false;
	return true;
}

/* ->dirty_folio of pages that are pinned: without the folio's lock, at any time. */
void world::pin()
{
	auto f = find(pick(domain));

	if (f && f->uptodate && !direct_write && all_ours(*f))
		mark_whole(*f);
}

/* What is there now is what will be there. */
void world::mark_whole(folio &f)
{
	for (int64_t i = f.pos; i < f.end() && i < domain; i++) {
		pend[i] = true;
		when[i] = events;
		if (i >= sizes.i_size)
			continue;
		local[i] = f.data[i - f.pos];
		sure[i] = true;
	}
	f.word |= RL_WORD_WHOLE;
	f.dirty = true;
	if (f.pos < sizes.i_size)
		floor = std::max(floor, std::min(sizes.i_size, f.end()));
}

/* What comes from the server, or was zeroed: what it had, then or since. */
void world::check_filled(int64_t at, uint8_t value, uint64_t asked)
{
	if (at >= domain || srv.changed[at] > asked)
		return;
	REQUIRE(value == srv.value(at), "byte %ld is filled with %d, the server has %d", (long)at,
		value, srv.value(at));
}

/* What a read of an uptodate folio sees. */
void world::check_read(const folio &f, int64_t at)
{
	uint8_t value = f.data[at - f.pos];
	uint64_t since = f.since[at - f.pos], grown = srv.foreign_grown[at];

	if (ours[at]) {
		REQUIRE(!sure[at] || value == local[at], "byte %ld: %d was written, %d is read",
			(long)at, local[at], value);
		return;
	}
	if (since < grown && grown <= adopted && srv.changed[at] <= grown && !extended[at] &&
	    !cut[at])
		REQUIRE(value == srv.value(at), "byte %ld is %d from before the file grew", (long)at,
			value);
}

} // namespace netfs_world
