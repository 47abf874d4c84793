// SPDX-License-Identifier: GPL-2.0-only
/* The border of the cache's core, used from C: a file of one granule, cached and read. */
#include "netfs_core.h"

const char *cache_from_c(void);

const char *cache_from_c(void)
{
	struct rc_key key = { .identity = { 1 }, .path = 2, .version = 3, .size = 100 }, found;
	struct rc_limits limits = { { 1, 2, 2 + RC_FILL_MAX }, { 1, 2, 3 } };
	struct rl_bytes came = { 0, 4096 };
	struct rc_health health = { 0 };
	struct rc_index index;
	struct rc_entry spare, *entry;
	struct rc_object object;
	struct rc_fill fill;
	struct rc_run run;
	char name[RC_NAME_LEN + 1];
	uint8_t slot[RC_SLOT];
	uint32_t place;

	if (!rc_name(&key, name) || !rc_name_parse(rc_bucket(&key), name, RC_NAME_LEN, &found) ||
	    !rc_key_equal(&key, &found))
		return "a name";
	if (!rc_index_init(&index, &limits) ||
	    rc_index_open(&index, &key, &spare, &object, &entry) != RC_FOUND_MAYBE)
		return "the index";
	if (!rc_create_begin(&health, 0) || rc_create_end(&health, RC_DONE, 0) ||
	    !rc_object_init(&object, &key, 0, 0, 0, false, 0, 100000) ||
	    rc_object_opened(&object, RC_LOOK_CREATED, 0) != RC_OPENED_READY)
		return "an object";
	if (!rc_may_fill(&health, 0) ||
	    !rc_fill_begin(&object, &index, &came, 1, &fill) || fill.to != 100 ||
	    !rc_index_take(&index, entry, 100) ||
	    !rc_fill_end(&object, &fill, RC_DONE, 0) ||
	    !rc_index_give(&index, entry, 100, true))
		return "a fill";
	if (!rc_read_begin(&object, 0, 4096, &run) || run.data != 100 || run.vouched ||
	    !rc_read_end(&object, RC_DONE))
		return "a read";
	if (!rc_unuse(&object) || rc_object_end(&object, 0, 1000) != RC_END_COMMIT ||
	    !rc_commit_begin(&object, 0, 1000) || !rc_commit_confirm(&object) ||
	    rc_commit_synced(&object, RC_DONE, 0, slot, &place) != RC_COMMIT_WRITE ||
	    place != RC_SLOT)
		return "a commit begun";
	rc_header_seal(slot);
	if (!rc_commit_written(&object, RC_DONE, 0))
		return "a commit";
	if (rc_object_end(&object, 0, 1000) != RC_END_KEEP ||
	    !rc_index_close(&index, entry, 100, 1000) || rc_index_victim(&index) != entry ||
	    !rc_index_left(&index, entry, true))
		return "the end";
	return rc_index_validate(&index);
}
