// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server has sent, on its way into an object; see cache_object.hpp.
 *
 * Only whole granules are written.  Read-ahead comes in windows that know nothing of
 * granules; what of a granule comes a part at a time is collected, as one interval, of a
 * few granules at a time, and is written when it is whole: the data are in the page cache
 * meanwhile.  So no read is made larger for the cache's sake.  What comes before the file
 * is open, or faster than it is written, is owed, and taken from the page cache likewise.
 *
 * Data that were asked for before the version was known, or while the write that made it
 * may still have been under way, are not the version's for certain: they are left out.
 * O(granules in the range x RC_PARTS).
 */
#include "cache_object.hpp"

namespace rc {

namespace {

rc_part *find(rc_object &object, uint32_t granule)
{
	for (rc_part &part : object.parts)
		if (part.to && part.granule == granule)
			return &part;
	return nullptr;
}

rc_part *place_for(rc_object &object, uint32_t granule)
{
	rc_part *part = find(object, granule);

	if (part)
		return part;
	part = &object.parts[object.next_part];
	object.next_part = (object.next_part + 1) % RC_PARTS;
	*part = { granule, 0, 0 };
	return part;
}

/* What touches grows; a gap is not remembered, but what came last. */
void widen(rc_part &part, uint32_t from, uint32_t to)
{
	if (part.to && from <= part.to && part.from <= to) {
		from = from < part.from ? from : part.from;
		to = to > part.to ? to : part.to;
	}
	part.from = from;
	part.to = to;
}

/* All of a granule has come, now or before. */
bool is_whole(rc_object &object, bool own, uint32_t granule, int64_t from, int64_t to,
	      bool &collected)
{
	int64_t start = start_of(object, granule);
	uint32_t len = static_cast<uint32_t>(end_of(object, granule) - start);
	rc_part *part;

	collected = to - from != len;
	if (!collected || !own)
		return !collected;
	part = place_for(object, granule);
	widen(*part, static_cast<uint32_t>(from - start), static_cast<uint32_t>(to - start));
	return !part->from && part->to == len;
}

void forget_part(rc_object &object, uint32_t granule)
{
	rc_part *part = find(object, granule);

	if (part)
		part->to = 0;
}

bool is_empty(const rc_object &object, uint32_t granule)
{
	maps m = maps_of(object);

	return !test(m.here, granule) && !test(m.filling, granule);
}

void owe(rc_object &object, uint32_t granule)
{
	maps m = maps_of(object);

	if (test(m.owed, granule))
		return;
	set(m.owed, granule);
	object.owed++;
}

void forgive(rc_object &object, uint32_t granule)
{
	maps m = maps_of(object);

	if (!test(m.owed, granule))
		return;
	clear(m.owed, granule);
	object.owed--;
}

void begin(rc_object &object, uint32_t granule)
{
	set(maps_of(object).filling, granule);
	forget_part(object, granule);
	forgive(object, granule);
}

/* To be filled: neither there nor on its way, and all of it has come. */
bool is_wanted(rc_object &object, bool own, uint32_t granule, int64_t from, int64_t to,
	       bool &collected)
{
	if (!is_empty(object, granule))
		return false;
	if (!own || !test(maps_of(object).owed, granule))
		return is_whole(object, own, granule, from, to, collected);
	collected = true;
	return true;
}

/* Whether the folios of @inode are those that are collected; they are if no others are. */
bool is_own(rc_object &object, const void *inode)
{
	if (!object.inode)
		object.inode = inode;
	return object.inode == inode;
}

/* All that is wanted, for another time. */
void owe_all(rc_object &object, rl_bytes came)
{
	while (came.from < came.to) {
		uint32_t granule = granule_at(object, came.from);
		int64_t end = end_of(object, granule);
		int64_t to = came.to < end ? came.to : end;
		bool collected;

		if (is_wanted(object, true, granule, came.from, to, collected)) {
			owe(object, granule);
			forget_part(object, granule);
		}
		came.from = to;
	}
}

/* The first granules of @came that are wanted. */
void take_run(rc_object &object, bool own, rl_bytes &came, rc_fill &fill)
{
	fill = { 0, 0, false };
	while (came.from < came.to) {
		uint32_t granule = granule_at(object, came.from);
		int64_t end = end_of(object, granule);
		int64_t to = came.to < end ? came.to : end;
		bool collected = false;

		if (fill.to && end - fill.from > static_cast<int64_t>(RC_FILL_MAX))
			return;
		if (is_wanted(object, own, granule, came.from, to, collected)) {
			begin(object, granule);
			fill = { fill.to ? fill.from : start_of(object, granule), end,
				 fill.collected || collected };
		} else if (fill.to) {
			came.from = to;
			return;
		}
		came.from = to;
	}
}

/* The first that are owed, in a row. */
void take_owed(rc_object &object, rc_fill &fill)
{
	maps m = maps_of(object);
	uint32_t count = granules(object), granule = 0;

	fill = { 0, 0, true };
	while (granule < count && !m.owed[granule / 64])
		granule += 64;
	for (; granule < count; granule++) {
		bool wanted = test(m.owed, granule);
		int64_t end = end_of(object, granule);

		if (fill.to && (!wanted || end - fill.from > static_cast<int64_t>(RC_FILL_MAX)))
			return;
		if (!wanted)
			continue;
		begin(object, granule);
		fill = { fill.to ? fill.from : start_of(object, granule), end, true };
	}
}

bool is_in_flight(const rc_object &object, const rc_fill &fill)
{
	maps m = maps_of(object);
	uint32_t granule;

	if (!object.fills || fill.from < 0 || fill.from >= fill.to || fill.to > size_of(object))
		return false;
	granule = granule_at(object, fill.from);
	if (fill.from != start_of(object, granule) ||
	    fill.to != end_of(object, granule_at(object, fill.to - 1)))
		return false;
	for (; granule <= granule_at(object, fill.to - 1); granule++)
		if (!test(m.filling, granule))
			return false;
	return true;
}

void filled(rc_object &object, const rc_fill &fill, uint64_t now)
{
	object.loose += static_cast<uint64_t>(fill.to - fill.from);
	if (object.loose_since == RL_NEVER)
		object.loose_since = now;
}

} // namespace

void forgive_here(rc_object &object)
{
	maps m = maps_of(object);

	for (uint32_t word = 0; word < m.words; word++) {
		uint64_t both = m.owed[word] & m.here[word];

		m.owed[word] &= ~both;
		for (; both; both &= both - 1)
			object.owed--;
	}
}

} // namespace rc

bool rc_fill_begin(struct rc_object *object, const void *inode, struct rl_bytes *came,
		   uint64_t asked, struct rc_fill *fill)
{
	int64_t size = rc::size_of(*object);
	struct rl_bytes wanted = *came;
	bool own;

	if (object->state > RC_READY || asked < object->settled || wanted.from < 0) {
		came->from = came->to;
		return false;
	}
	if (wanted.to > size)
		wanted.to = size;
	own = rc::is_own(*object, inode);
	if (object->state == RC_LOOKING || object->fills == RC_FILLS_MAX) {
		if (own)
			rc::owe_all(*object, wanted);
		came->from = came->to;
		return false;
	}
	rc::take_run(*object, own, wanted, *fill);
	came->from = wanted.from < wanted.to ? wanted.from : came->to;
	if (!fill->to)
		return false;
	object->fills++;
	return true;
}

bool rc_fill_owed(struct rc_object *object, const void *inode, struct rc_fill *fill)
{
	if (object->state != RC_READY || !object->owed || object->inode != inode ||
	    object->fills == RC_FILLS_MAX)
		return false;
	rc::take_owed(*object, *fill);
	object->fills++;
	return true;
}

void rc_fill_forget(struct rc_object *object, const void *inode)
{
	rc::maps m = rc::maps_of(*object);

	if (object->state == RC_GONE || object->inode != inode)
		return;
	object->inode = nullptr;
	for (uint32_t word = 0; word < m.words; word++)
		m.owed[word] = 0;
	object->owed = 0;
	for (rc_part &part : object->parts)
		part.to = 0;
}

bool rc_fill_end(struct rc_object *object, const struct rc_fill *fill,
		 enum rc_outcome outcome, uint64_t now)
{
	rc::maps m = rc::maps_of(*object);
	uint32_t granule, last;

	if (!rc::known(outcome) || !rc::is_in_flight(*object, *fill))
		return false;
	granule = rc::granule_at(*object, fill->from);
	last = rc::granule_at(*object, fill->to - 1);
	for (; granule <= last; granule++) {
		rc::clear(m.filling, granule);
		if (outcome == RC_DONE && object->state == RC_READY)
			rc::set(m.here, granule);
	}
	object->fills--;
	if (outcome == RC_DONE && object->state == RC_READY)
		rc::filled(*object, *fill, now);
	if (outcome == RC_ERROR)
		rc::failed(*object, RC_WHY_FILL);
	return true;
}
