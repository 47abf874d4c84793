// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object of the cache: how it begins, dies and ends, and what is read from it; see
 * cache_object.hpp.  O(1), but for what is O(granules): to begin, and in the range that it
 * is about to read.
 */
#include "cache_object.hpp"

namespace rc {

namespace {

bool is_settled(int64_t changed, uint64_t wall)
{
	int64_t now = wall > RL_SIZE_MAX ? RL_SIZE_MAX : static_cast<int64_t>(wall);

	return now >= static_cast<int64_t>(RC_SETTLED_S) &&
	       changed <= now - static_cast<int64_t>(RC_SETTLED_S);
}

/* The same of all of them, from @granule on, up to the one with @end's last byte. */
uint32_t run_end(const rc_object &object, uint32_t granule, int64_t end)
{
	const uint64_t *here = maps_of(object).here;
	bool what = test(here, granule);
	uint32_t last = granule_at(object, end - 1);

	while (granule < last && test(here, granule + 1) == what)
		granule++;
	return granule;
}

bool all_vouched(const rc_object &object, uint32_t from, uint32_t last)
{
	const uint64_t *vouched = maps_of(object).vouched;

	for (; from <= last; from++)
		if (!test(vouched, from))
			return false;
	return true;
}

/* The bits of a header that was believed: it has none behind the last granule. */
void load(rc_object &object, const rc_header &header)
{
	maps m = maps_of(object);

	for (uint32_t word = 0; word < m.words; word++)
		m.here[word] = m.vouched[word] = get(header.bits + 8 * word, 8);
	forgive_here(object);
	object.sequence = header.sequence;
	object.last_use = header.last_use;
}

rc_opened believe(rc_object &object, const rc_header *header)
{
	if (!header) {
		rc_kill(&object, RC_WHY_HEADER);
		return RC_OPENED_DEAD;
	}
	load(object, *header);
	object.state = RC_READY;
	return RC_OPENED_READY;
}

rc_end how_it_ends(const rc_object &object)
{
	if (!object.on_disk)
		return RC_END_NOTHING;
	if (object.state == RC_NONE)
		return RC_END_KEEP;
	/* Without a header it is worth nothing. */
	return object.state == RC_READY && object.sequence ? RC_END_KEEP : RC_END_REMOVE;
}

} // namespace

void failed(rc_object &object, rc_why why)
{
	if (object.errors != 0xffffffff)
		object.errors++;
	rc_kill(&object, why);
}

} // namespace rc

uint32_t rc_object_words(const struct rc_key *key)
{
	uint32_t words = rc_key_valid(key) ? rc::words_of(rc_granules(key->size)) : 0;

	return words > 1 ? RC_MAPS * words : 0;
}

bool rc_object_init(struct rc_object *object, const struct rc_key *key, int64_t changed,
		    uint64_t known, uint64_t *bits, bool exists, uint64_t now, uint64_t wall)
{
	uint32_t words = rc_object_words(key);
	uint64_t settled = rc::is_settled(changed, wall) ? 0 : rc::later(known, RC_SETTLE_MS);

	if (!rc_key_valid(key) || (words && !bits) || known > now)
		return false;
	*object = rc_object {};
	object->key = *key;
	object->bits = words ? bits : nullptr;
	for (uint32_t word = 0; word < words; word++)
		bits[word] = 0;
	object->settled = rc::later(settled > now ? settled : now, 1);
	object->look_until = exists ? rc::later(now, RC_LOOK_MS) : 0;
	object->loose_since = RL_NEVER;
	object->users = 1;
	object->state = RC_LOOKING;
	object->looking = true;
	return true;
}

enum rc_opened rc_object_opened(struct rc_object *object, enum rc_look look,
				const struct rc_header *header)
{
	if (!object->looking || look < RC_LOOK_OPEN || look > RC_LOOK_BAD)
		return RC_OPENED_INVALID;
	object->looking = false;
	object->on_disk = look != RC_LOOK_ABSENT;
	if (object->state != RC_LOOKING)
		return RC_OPENED_DEAD;
	switch (look) {
	case RC_LOOK_OPEN:
		return rc::believe(*object, header);
	case RC_LOOK_CREATED:
		object->state = RC_READY;
		return RC_OPENED_READY;
	case RC_LOOK_BAD:
		rc::failed(*object, RC_WHY_HEADER);
		return RC_OPENED_DEAD;
	default:
		object->state = RC_NONE;
		return RC_OPENED_NONE;
	}
}

bool rc_object_make(struct rc_object *object)
{
	if (!object->looking)
		return false;
	object->look_until = 0;
	return true;
}

uint32_t rc_look_wait(const struct rc_object *object, uint64_t now)
{
	if (object->state != RC_LOOKING || now >= object->look_until)
		return 0;
	return static_cast<uint32_t>(object->look_until - now);
}

bool rc_use(struct rc_object *object)
{
	if (object->state == RC_DEAD || object->state == RC_GONE || object->users == 0xffffffff)
		return false;
	object->users++;
	object->gave_up = false;
	return true;
}

bool rc_unuse(struct rc_object *object)
{
	if (!object->users)
		return false;
	object->users--;
	return true;
}

bool rc_kill(struct rc_object *object, enum rc_why why)
{
	if (object->state == RC_DEAD || object->state == RC_GONE || why <= RC_ALIVE ||
	    why >= RC_NR_WHYS)
		return false;
	object->state = RC_DEAD;
	object->why = static_cast<uint8_t>(why);
	return true;
}

struct rc_run rc_read_plan(const struct rc_object *object, int64_t pos, int64_t len)
{
	int64_t size = rc::size_of(*object), end;
	uint32_t first, last;

	if (pos < 0 || len <= 0)
		return {};
	if (len > RL_SIZE_MAX - pos)
		len = RL_SIZE_MAX - pos;
	if (object->state != RC_READY || pos >= size)
		return { len, 0, false, false };
	first = rc::granule_at(*object, pos);
	last = rc::run_end(*object, first, len < size - pos ? pos + len : size);
	end = rc::end_of(*object, last);
	if (end == size || len <= end - pos)
		end = pos + len;
	if (!rc::test(rc::maps_of(*object).here, first))
		return { end - pos, 0, false, false };
	return { end - pos, (end < size ? end : size) - pos, true,
		 rc::all_vouched(*object, first, last) };
}

bool rc_read_begin(struct rc_object *object, int64_t pos, int64_t len, struct rc_run *run)
{
	struct rc_run found = rc_read_plan(object, pos, len);

	if (!found.cache || found.len != len || object->reads == 0xffffffff)
		return false;
	*run = found;
	object->reads++;
	return true;
}

bool rc_read_stands(const struct rc_object *object, const struct rc_run *run)
{
	return run->vouched || !object->errors;
}

bool rc_read_end(struct rc_object *object, enum rc_outcome outcome)
{
	if (!object->reads ||
	    (outcome != RC_DONE && outcome != RC_ERROR && outcome != RC_MISSED))
		return false;
	object->reads--;
	if (outcome == RC_ERROR)
		rc::failed(*object, RC_WHY_READ);
	return true;
}

enum rc_end rc_object_end(struct rc_object *object, uint64_t now, uint64_t wall)
{
	rc_end end;

	if (object->state == RC_GONE)
		return RC_END_INVALID;
	if (object->users)
		return RC_END_USED;
	if (object->looking || object->fills || object->reads ||
	    object->commit != RC_COMMIT_IDLE ||
	    (object->owed && object->state == RC_READY))
		return RC_END_BUSY;
	if (rc_commit_due(object, now, wall))
		return RC_END_COMMIT;
	end = rc::how_it_ends(*object);
	object->state = RC_GONE;
	return end;
}
