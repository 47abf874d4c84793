// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an object's header gets to disk; see cache_object.hpp.
 *
 *	idle -> syncing		rc_commit_begin(): what is here by now
 *	syncing			rc_commit_confirm(): it is the version's, and no later one's
 *	syncing -> writing	rc_commit_synced(): it is on disk; the slot says so
 *	writing -> idle		rc_commit_written(): vouched
 *	syncing, writing -> idle	given up: by who has killed it, or for another time
 *
 * A commit is begun by what it would vouch for: so much, or so long ago, or all of it when
 * nobody uses the object and no fill is to come; then also by a last use that the header
 * does not know.  The fsync that begins it is also what the slot before needs: see there.
 * O(granules / 64).
 */
#include "cache_object.hpp"

namespace rc {

namespace {

/* A header that was not tried to be written. */
bool is_for_later(rc_outcome outcome) { return outcome == RC_FROZEN || outcome == RC_MISSED; }

bool is_old(const rc_object &object, uint64_t wall)
{
	return object.sequence && wall > object.last_use && wall - object.last_use >= RC_TOUCH;
}

bool is_due(const rc_object &object, uint64_t now, uint64_t wall)
{
	if (!object.users && !object.fills && !object.owed)
		return !object.gave_up && (object.loose || is_old(object, wall));
	return object.loose && now >= object.commit_after &&
	       (object.loose >= RC_COMMIT_BYTES ||
		now >= later(object.loose_since, RC_COMMIT_MS));
}

/* As before, but not soon again; and with no users not at all. */
void put_off(rc_object &object, uint64_t now)
{
	give_up(object);
	object.commit_after = later(now, RC_COMMIT_AGAIN);
	object.gave_up = !object.users;
	if (object.loose)
		object.loose_since = now;
}

void vouch(rc_object &object)
{
	maps m = maps_of(object);

	for (uint32_t word = 0; word < m.words; word++)
		m.vouched[word] |= m.syncing[word];
	object.loose -= object.synced;
	object.sequence++;
	object.last_use = object.next_use;
	object.gave_up = false;
	give_up(object);
}

/* What the slot is to say, made in the map that says it already, and taken back. */
void write_slot(rc_object &object, uint8_t *slot)
{
	maps m = maps_of(object);

	for (uint32_t word = 0; word < m.words; word++)
		m.syncing[word] |= m.vouched[word];
	rc_header_write(slot, &object.key, object.sequence + 1, object.next_use, m.syncing);
	for (uint32_t word = 0; word < m.words; word++)
		m.syncing[word] &= ~m.vouched[word];
}

} // namespace

void give_up(rc_object &object)
{
	maps m = maps_of(object);

	for (uint32_t word = 0; word < m.words; word++)
		m.syncing[word] = 0;
	object.synced = 0;
	object.commit = RC_COMMIT_IDLE;
}

} // namespace rc

bool rc_commit_due(const struct rc_object *object, uint64_t now, uint64_t wall)
{
	return object->state == RC_READY && object->commit == RC_COMMIT_IDLE &&
	       object->sequence < RC_SEQUENCE_MAX && rc::is_due(*object, now, wall);
}

uint64_t rc_commit_when(const struct rc_object *object)
{
	uint64_t when = object->loose >= RC_COMMIT_BYTES ?
			0 : rc::later(object->loose_since, RC_COMMIT_MS);

	if (object->state != RC_READY || object->commit != RC_COMMIT_IDLE || !object->loose ||
	    object->sequence >= RC_SEQUENCE_MAX)
		return RL_NEVER;
	return when > object->commit_after ? when : object->commit_after;
}

bool rc_commit_begin(struct rc_object *object, uint64_t now, uint64_t wall)
{
	rc::maps m = rc::maps_of(*object);

	if (!rc_commit_due(object, now, wall))
		return false;
	for (uint32_t word = 0; word < m.words; word++)
		m.syncing[word] = m.here[word] & ~m.vouched[word];
	object->synced = object->loose;
	object->loose_since = RL_NEVER;
	/* The wall clock may have gone back: a header is never older than one before. */
	object->next_use = wall > object->last_use ? wall : object->last_use;
	object->confirmed = false;
	object->commit = RC_COMMIT_SYNCING;
	return true;
}

bool rc_commit_confirm(struct rc_object *object)
{
	if (object->commit != RC_COMMIT_SYNCING)
		return false;
	object->confirmed = true;
	return true;
}

enum rc_commit rc_commit_synced(struct rc_object *object, enum rc_outcome outcome,
				uint64_t now, uint8_t slot[RC_SLOT], uint32_t *place)
{
	if (object->commit != RC_COMMIT_SYNCING || !rc::known(outcome))
		return RC_COMMIT_INVALID;
	if (rc::is_for_later(outcome)) {
		rc::put_off(*object, now);
		return RC_COMMIT_STOP;
	}
	if (outcome != RC_DONE)
		rc::failed(*object, RC_WHY_SYNC);
	if (object->state != RC_READY) {
		rc::give_up(*object);
		return RC_COMMIT_STOP;
	}
	if (object->synced && !object->confirmed) {
		rc::put_off(*object, now);
		return RC_COMMIT_STOP;
	}
	rc::write_slot(*object, slot);
	*place = static_cast<uint32_t>((object->sequence + 1) % 2) * RC_SLOT;
	object->commit = RC_COMMIT_WRITING;
	return RC_COMMIT_WRITE;
}

bool rc_commit_written(struct rc_object *object, enum rc_outcome outcome, uint64_t now)
{
	if (object->commit != RC_COMMIT_WRITING || !rc::known(outcome))
		return false;
	if (rc::is_for_later(outcome)) {
		rc::put_off(*object, now);
		return true;
	}
	if (outcome != RC_DONE)
		rc::failed(*object, RC_WHY_SLOT);
	if (object->state == RC_READY)
		rc::vouch(*object);
	else
		rc::give_up(*object);
	return true;
}
