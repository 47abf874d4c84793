// SPDX-License-Identifier: GPL-2.0-only
/* What holds of an object between calls; see cache_object.hpp. */
#include "cache_object.hpp"

namespace rc {

namespace {

/* Of a word of each map: the granules' states. */
const char *wrong_word(const maps &m, uint32_t word)
{
	if (m.filling[word] & (m.here[word] | m.owed[word]))
		return "cache: what is being filled is here, or owed";
	if (m.owed[word] & m.here[word])
		return "cache: what is here is owed";
	if ((m.syncing[word] | m.vouched[word]) & ~m.here[word])
		return "cache: it vouches for what is not here";
	if (m.syncing[word] & m.vouched[word])
		return "cache: what is vouched for is synced";
	return nullptr;
}

/* Bytes of granules that are in @map, and not in @without. */
uint64_t bytes_in(const rc_object &object, const uint64_t *map, const uint64_t *without)
{
	uint64_t bytes = 0;

	for (uint32_t granule = 0; granule < granules(object); granule++)
		if (test(map, granule) && !(without && test(without, granule)))
			bytes += static_cast<uint64_t>(end_of(object, granule) -
						       start_of(object, granule));
	return bytes;
}

uint32_t count(const rc_object &object, const uint64_t *map)
{
	uint32_t n = 0;

	for (uint32_t granule = 0; granule < granules(object); granule++)
		n += test(map, granule);
	return n;
}

const char *wrong_bits(const rc_object &object)
{
	maps m = maps_of(object);
	uint32_t behind = granules(object) % 64;

	for (uint32_t word = 0; word < m.words; word++)
		if (const char *why = wrong_word(m, word))
			return why;
	if (behind && (m.filling[m.words - 1] | m.here[m.words - 1] | m.owed[m.words - 1]) >> behind)
		return "cache: a bit behind the last granule";
	if (count(object, m.owed) != object.owed)
		return "cache: the count of what is owed";
	if (object.fills > count(object, m.filling) || !object.fills != !count(object, m.filling))
		return "cache: the count of fills";
	if (bytes_in(object, m.here, m.vouched) != object.loose)
		return "cache: the bytes that no header vouches for";
	if (bytes_in(object, m.syncing, nullptr) != object.synced)
		return "cache: the bytes of the header under way";
	return nullptr;
}

const char *wrong_part(const rc_object &object, const rc_part &part)
{
	maps m = maps_of(object);

	if (!part.to)
		return nullptr;
	if (part.granule >= granules(object) || part.from >= part.to ||
	    part.to > end_of(object, part.granule) - start_of(object, part.granule))
		return "cache: no such part of a granule";
	if (test(m.filling, part.granule))
		return "cache: a part of what is being filled is collected";
	return nullptr;
}

} // namespace

} // namespace rc

const char *rc_object_validate(const struct rc_object *object)
{
	if (object->state == RC_GONE)
		return nullptr;
	if ((object->state == RC_DEAD) != (object->why != RC_ALIVE))
		return "cache: it is dead without a reason, or alive with one";
	if (object->state == RC_LOOKING ? !object->looking :
					  object->looking && object->state != RC_DEAD)
		return "cache: it is looked for in another state";
	if (object->fills > RC_FILLS_MAX)
		return "cache: too many fills";
	if ((object->loose_since == RL_NEVER) != (object->loose == object->synced) &&
	    object->state == RC_READY)
		return "cache: since when there is something to vouch for";
	if (object->owed && !object->inode)
		return "cache: nobody's folios are owed";
	for (const rc_part &part : object->parts)
		if (const char *why = rc::wrong_part(*object, part))
			return why;
	return rc::wrong_bits(*object);
}
