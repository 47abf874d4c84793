// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a cache's filesystem is.
 *
 *	well -> full, frozen, read-only, failing	by the outcome; failing by a few errors
 *							in a row
 *	one of these -> another				by the outcome
 *	any -> well					a success, and no trouble since for a time
 *
 * A trouble makes a pause, in which nothing is created or filled.  Then it is tried again by
 * whoever comes.  The pauses of what is full, and of what fails, become longer until it is
 * well.  Reads go on, and are no trouble unless they fail.  O(1).
 */
#include "cache.hpp"

namespace rc {

namespace {

/* The next one of a kind that gets longer. */
uint32_t longer(const rc_health &health, rc_outcome outcome, uint32_t first, uint32_t most)
{
	if (health.state != outcome)
		return first;
	return health.pause <= most / 2 ? health.pause * 2 : most;
}

uint32_t pause_of(const rc_health &health, rc_outcome outcome)
{
	switch (outcome) {
	case RC_FULL:
		return longer(health, outcome, RC_PAUSE_FULL, RC_PAUSE_FULL_MAX);
	case RC_FROZEN:
		return RC_PAUSE_FROZEN;
	case RC_READ_ONLY:
		return RC_PAUSE_READ_ONLY;
	default:
		return longer(health, outcome, RC_PAUSE_ERROR, RC_PAUSE_ERROR_MAX);
	}
}

bool change(rc_health &health, rc_outcome to)
{
	bool changes = health.state != to;

	health.state = static_cast<uint8_t>(to);
	return changes;
}

bool trouble(rc_health &health, rc_outcome outcome, uint64_t now)
{
	health.well_since = RL_NEVER;
	/* What was in flight when the pause began says nothing new. */
	if (health.state == outcome && now < health.until)
		return false;
	health.pause = pause_of(health, outcome);
	health.until = later(now, health.pause);
	return change(health, outcome);
}

bool success(rc_health &health, uint64_t now)
{
	health.errors = 0;
	if (health.state == RC_DONE || now < health.until)
		return false;
	if (health.well_since == RL_NEVER)
		health.well_since = now;
	/* Another one may have read the clock later, and told of it before. */
	if (now < later(health.well_since, RC_HEAL))
		return false;
	health.pause = 0;
	return change(health, RC_DONE);
}

} // namespace

} // namespace rc

bool rc_may_fill(struct rc_health *health, uint64_t now)
{
	if (now >= health->until)
		return true;
	health->pauses++;
	return false;
}

bool rc_create_begin(struct rc_health *health, uint64_t now)
{
	if (now < health->until || health->creates >= RC_CREATES_MAX) {
		health->pauses++;
		return false;
	}
	health->creates++;
	return true;
}

bool rc_create_end(struct rc_health *health, enum rc_outcome outcome, uint64_t now)
{
	if (!health->creates || !rc::known(outcome))
		return false;
	health->creates--;
	/* A file is made in memory: that says nothing of a disk that fails. */
	if (outcome == RC_DONE) {
		health->counts[outcome]++;
		return false;
	}
	return rc_health_note(health, outcome, now);
}

bool rc_health_note(struct rc_health *health, enum rc_outcome outcome, uint64_t now)
{
	if (!rc::known(outcome))
		return false;
	health->counts[outcome]++;
	switch (outcome) {
	case RC_DONE:
		return rc::success(*health, now);
	case RC_MISSED:
		return false;
	case RC_ERROR:
		health->errors += health->errors < RC_ERRORS_IN_A_ROW;
		if (health->errors < RC_ERRORS_IN_A_ROW && health->state != RC_ERROR)
			return false;
		return rc::trouble(*health, outcome, now);
	default:
		health->errors = 0;
		return rc::trouble(*health, outcome, now);
	}
}

const char *rc_health_validate(const struct rc_health *health)
{
	if (health->state >= RC_NR_OUTCOMES || health->state == RC_MISSED)
		return "cache: no such health";
	if ((health->state == RC_DONE) != !health->pause)
		return "cache: it is well with a pause, or not without one";
	if (health->creates > RC_CREATES_MAX || health->errors > RC_ERRORS_IN_A_ROW)
		return "cache: too many creations, or errors";
	return nullptr;
}
