// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects of a cache's directory: which there are, who has them, which goes next; see
 * cache_index.hpp.  What is leaving counts as space that is taken, but not when it is asked
 * whether more has to leave.
 */
#include "cache_index.hpp"

namespace rc {

namespace {

/* What is refused for want of @room has to be above where culling begins. */
bool is_mark(const rc_mark &mark, uint64_t room)
{
	return mark.run && mark.run < mark.cull && mark.cull < mark.stop &&
	       mark.stop - mark.cull >= room;
}

rc_entry *find(const rc_index &index, const rc_key &key)
{
	rc_entry *found = keys::first_not(index.by_key, [&](const rc_entry &entry) {
		return compare(entry.key, key) < 0;
	});

	return found && rc_key_equal(&found->key, &key) ? found : nullptr;
}

/* The first version of a file; the others are behind it. */
rc_entry *first_version(const rc_index &index, const rc_key &key)
{
	rc_key first {};

	for (int i = 0; i < 16; i++)
		first.identity[i] = key.identity[i];
	first.path = key.path;
	first.mtime_sec = -RL_SIZE_MAX - 1;
	return keys::first_not(index.by_key, [&](const rc_entry &entry) {
		return compare(entry.key, first) < 0;
	});
}

void make_idle(rc_index &index, rc_entry &entry)
{
	entry.state = RC_ENTRY_IDLE;
	entry.number = ++index.numbers;
	entry.object = nullptr;
	ages::insert(index.by_age, entry);
}

void outdate(rc_index &index, rc_entry &entry)
{
	if (entry.outdated)
		return;
	if (entry.state == RC_ENTRY_IDLE)
		ages::erase(index.by_age, entry);
	entry.outdated = true;
	if (entry.state == RC_ENTRY_IDLE)
		ages::insert(index.by_age, entry);
}

/* All versions but @current, that is in the index. */
void outdate_others(rc_index &index, rc_entry &current)
{
	rc_entry *entry = first_version(index, current.key);

	for (; entry && rc_key_same_file(&entry->key, &current.key); entry = keys::next(entry))
		if (entry != &current)
			outdate(index, *entry);
}

/* The version of that file that is to be read, or NULL. */
rc_entry *current_version(const rc_index &index, const rc_key &key)
{
	rc_entry *entry = first_version(index, key);

	for (; entry && rc_key_same_file(&entry->key, &key); entry = keys::next(entry))
		if (!entry->outdated)
			return entry;
	return nullptr;
}

void enter(rc_index &index, rc_entry &entry, const rc_key &key, uint64_t bytes)
{
	entry = rc_entry {};
	entry.key = key;
	entry.bytes = bytes;
	keys::insert(index.by_key, entry);
	index.objects++;
	index.bytes += bytes;
}

void leave(rc_index &index, rc_entry &entry)
{
	keys::erase(index.by_key, entry);
	index.objects--;
	index.bytes -= entry.bytes + entry.taken;
	index.stuck -= entry.stuck;
	entry.state = RC_ENTRY_OUT;
}

void use(rc_index &index, rc_entry &entry, void *object)
{
	entry.state = RC_ENTRY_USED;
	entry.object = object;
	entry.outdated = false;
	index.stuck -= entry.stuck;
	entry.stuck = false;
	index.used++;
	outdate_others(index, entry);
}

void unuse(rc_index &index, rc_entry &entry)
{
	index.used--;
	index.bytes -= entry.taken;
	entry.taken = 0;
	entry.object = nullptr;
}

void set_bytes(rc_index &index, rc_entry &entry, uint64_t bytes)
{
	index.bytes = index.bytes - entry.bytes + bytes;
	entry.bytes = bytes;
}

uint64_t not_before(rc_index &index, uint64_t wall)
{
	if (wall > index.newest)
		index.newest = wall;
	return index.newest;
}

/* Culling begins and ends by what will be there when all that leaves has left. */
bool is_culling(rc_index &index)
{
	uint64_t bytes = index.bytes - index.leaving_bytes;
	uint64_t objects = index.objects - index.leaving;

	if (bytes > index.limits.bytes.cull || objects > index.limits.objects.cull)
		index.culling = true;
	else if (bytes <= index.limits.bytes.run && objects <= index.limits.objects.run)
		index.culling = false;
	return index.culling;
}

/* Of those that are stuck, and may be tried again. */
rc_entry *next_stuck(const rc_index &index, rank least)
{
	rc_entry *found = ages::first_not(index.by_age, [&](const rc_entry &entry) {
		return rank_of(entry) < least;
	});

	return found && rank_of(*found) == least && found->number <= index.retry ? found : nullptr;
}

rc_entry *next_victim(rc_index &index)
{
	rc_entry *oldest = ages::first(index.by_age);
	bool culling = is_culling(index);

	if (oldest && (rank_of(*oldest) == rank::waste ||
		       (rank_of(*oldest) == rank::of_use && culling)))
		return oldest;
	if (rc_entry *stuck = next_stuck(index, rank::stuck_waste))
		return stuck;
	return culling ? next_stuck(index, rank::stuck) : nullptr;
}

} // namespace

} // namespace rc

bool rc_limits_valid(const struct rc_limits *limits)
{
	return rc::is_mark(limits->bytes, RC_FILL_MAX) && rc::is_mark(limits->objects, 1);
}

bool rc_index_init(struct rc_index *index, const struct rc_limits *limits)
{
	if (!rc_limits_valid(limits))
		return false;
	*index = rc_index {};
	index->limits = *limits;
	return true;
}

bool rc_index_limit(struct rc_index *index, const struct rc_limits *limits)
{
	if (!rc_limits_valid(limits))
		return false;
	index->limits = *limits;
	return true;
}

bool rc_index_scan(struct rc_index *index, struct rc_entry *entry, const struct rc_key *key,
		   bool believed, uint64_t bytes, uint64_t last_use, uint64_t wall)
{
	rc_entry *current;

	if (index->scanned || !rc_key_valid(key) || rc::find(*index, *key))
		return false;
	current = rc::current_version(*index, *key);
	rc::enter(*index, *entry, *key, bytes);
	entry->last_use = last_use < wall ? last_use : wall;
	(void)rc::not_before(*index, entry->last_use);
	entry->doomed = !believed;
	if (!believed || (current && (current->state == RC_ENTRY_USED || current->last_use > entry->last_use)))
		entry->outdated = true;
	else if (current)
		rc::outdate(*index, *current);
	rc::make_idle(*index, *entry);
	return true;
}

void rc_index_scanned(struct rc_index *index) { index->scanned = true; }

enum rc_found rc_index_open(struct rc_index *index, const struct rc_key *key,
			    struct rc_entry *spare, void *object, struct rc_entry **entry)
{
	rc_entry *found;

	*entry = nullptr;
	if (!rc_key_valid(key) || !object)
		return RC_FOUND_INVALID;
	found = rc::find(*index, *key);
	if (found && (found->doomed || found->state == RC_ENTRY_LEAVING))
		return RC_FOUND_BUSY;
	if (!found && index->objects >= index->limits.objects.stop) {
		index->culling = true;
		return RC_FOUND_STOP;
	}
	*entry = found ? found : spare;
	if (!found) {
		rc::enter(*index, *spare, *key, 0);
		rc::use(*index, *spare, object);
		return index->scanned ? RC_FOUND_NEW : RC_FOUND_MAYBE;
	}
	if (found->state == RC_ENTRY_USED) {
		rc::outdate_others(*index, *found);
		found->outdated = false;
		return RC_FOUND_SHARED;
	}
	rc::ages::erase(index->by_age, *found);
	rc::use(*index, *found, object);
	return RC_FOUND;
}

bool rc_index_doom(struct rc_index *, struct rc_entry *entry)
{
	if (entry->state != RC_ENTRY_USED)
		return false;
	entry->doomed = true;
	entry->outdated = true;
	return true;
}

bool rc_index_close(struct rc_index *index, struct rc_entry *entry, uint64_t bytes,
		    uint64_t wall)
{
	if (entry->state != RC_ENTRY_USED)
		return false;
	rc::unuse(*index, *entry);
	rc::set_bytes(*index, *entry, bytes);
	entry->last_use = rc::not_before(*index, wall);
	rc::make_idle(*index, *entry);
	return true;
}

bool rc_index_drop(struct rc_index *index, struct rc_entry *entry)
{
	if (entry->state != RC_ENTRY_USED)
		return false;
	rc::unuse(*index, *entry);
	rc::leave(*index, *entry);
	return true;
}

bool rc_index_take(struct rc_index *index, struct rc_entry *entry, uint64_t bytes)
{
	if (entry->state != RC_ENTRY_USED)
		return false;
	if (index->bytes > index->limits.bytes.stop ||
	    bytes > index->limits.bytes.stop - index->bytes) {
		index->culling = true;
		return false;
	}
	index->bytes += bytes;
	entry->taken += bytes;
	return true;
}

bool rc_index_give(struct rc_index *index, struct rc_entry *entry, uint64_t bytes, bool written)
{
	if (entry->state != RC_ENTRY_USED || bytes > entry->taken)
		return false;
	entry->taken -= bytes;
	if (written)
		entry->bytes += bytes;
	else
		index->bytes -= bytes;
	return true;
}

bool rc_index_bytes(struct rc_index *index, struct rc_entry *entry, uint64_t bytes)
{
	if (entry->state != RC_ENTRY_USED)
		return false;
	rc::set_bytes(*index, *entry, bytes);
	return true;
}

struct rc_entry *rc_index_victim(struct rc_index *index)
{
	rc_entry *victim = rc::next_victim(*index);

	if (!victim)
		return nullptr;
	rc::ages::erase(index->by_age, *victim);
	victim->state = RC_ENTRY_LEAVING;
	index->leaving++;
	index->leaving_bytes += victim->bytes;
	return victim;
}

bool rc_index_left(struct rc_index *index, struct rc_entry *entry, bool removed)
{
	if (entry->state != RC_ENTRY_LEAVING)
		return false;
	index->leaving--;
	index->leaving_bytes -= entry->bytes;
	if (removed) {
		rc::leave(*index, *entry);
		return true;
	}
	index->stuck += !entry->stuck;
	entry->stuck = true;
	rc::make_idle(*index, *entry);
	return true;
}

void rc_index_retry(struct rc_index *index) { index->retry = index->numbers; }

struct rc_entry *rc_index_pop(struct rc_index *index)
{
	rc_entry *first = rc::ages::first(index->by_age);

	if (!first)
		return nullptr;
	rc::ages::erase(index->by_age, *first);
	rc::leave(*index, *first);
	return first;
}

namespace rc {

namespace {

struct sums {
	uint64_t bytes, objects, leaving_bytes, leaving, used, idle, stuck;
};

const char *add(sums &sum, const rc_entry &entry)
{
	sum.objects++;
	sum.stuck += entry.stuck;
	sum.bytes += entry.bytes + entry.taken;
	if (entry.taken && entry.state != RC_ENTRY_USED)
		return "cache: room is taken for what nobody uses";
	switch (entry.state) {
	case RC_ENTRY_USED:
		sum.used++;
		return entry.object ? nullptr : "cache: an entry is used by nobody";
	case RC_ENTRY_IDLE:
		sum.idle++;
		return nullptr;
	case RC_ENTRY_LEAVING:
		sum.leaving++;
		sum.leaving_bytes += entry.bytes;
		return nullptr;
	default:
		return "cache: an entry is out of the index, and in it";
	}
}

const char *compare_sums(const rc_index &index, const sums &sum)
{
	if (sum.objects != index.objects || sum.bytes != index.bytes)
		return "cache: the index does not know how much there is";
	if (sum.leaving != index.leaving || sum.leaving_bytes != index.leaving_bytes)
		return "cache: the index does not know how much leaves";
	if (sum.stuck != index.stuck)
		return "cache: the index does not know how many are stuck";
	return sum.used == index.used ? nullptr : "cache: the index does not know how many are used";
}

} // namespace

} // namespace rc

const char *rc_index_validate(const struct rc_index *index)
{
	const rc_entry *current = nullptr;
	rc::sums sum {};
	const char *why = rc::keys::validate(index->by_key);

	if (why || (why = rc::ages::validate(index->by_age)))
		return why;
	for (rc_entry *at = rc::keys::first(index->by_key); at; at = rc::keys::next(at)) {
		if ((why = rc::add(sum, *at)))
			return why;
		if (at->outdated)
			continue;
		if (current && rc_key_same_file(&current->key, &at->key))
			return "cache: two versions of a file are to be read";
		current = at;
	}
	for (rc_entry *at = rc::ages::first(index->by_age); at; at = rc::ages::next(at), sum.idle--)
		if (at->state != RC_ENTRY_IDLE || at->last_use > index->newest)
			return "cache: what is in the order of ages is not idle, or of the future";
	return sum.idle ? "cache: what is idle has no age" : rc::compare_sums(*index, sum);
}
