// SPDX-License-Identifier: GPL-2.0-only
/* Files in 9P2000.L's numbers, see translate_core.h. */
#include "translate_core.h"

namespace {

constexpr uint32_t page = 4096;
constexpr int64_t lock_end = INT64_MAX;

/* splitmix64's finalizer: every bit of the result depends on every bit of @at. */
constexpr uint64_t mixed(uint64_t at)
{
	at = (at ^ (at >> 30)) * 0xbf58476d1ce4e5b9;
	at = (at ^ (at >> 27)) * 0x94d049bb133111eb;
	return at ^ (at >> 31);
}

constexpr uint32_t to_now(uint32_t what, uint32_t left)
{
	return left & what && !(left & (what == NP_SET_ATIME ? NP_SET_ATIME_SET
							     : NP_SET_MTIME_SET));
}

} // namespace

uint32_t ns_iounit(uint32_t msize)
{
	/* A byte more than a Twrite's head, so that v9fs's own computation fits, too. */
	constexpr uint32_t head = NP_TWRITE_HEAD + 1;

	if (msize <= head)
		return 0;
	if (msize - head < page)
		return msize - head;
	return (msize - head) & ~(page - 1);
}

uint64_t ns_qid_path(uint64_t ino, uint64_t dev, uint64_t root_dev)
{
	return dev == root_dev ? ino : ino ^ mixed(dev);
}

uint32_t ns_qid_version(uint64_t change)
{
	uint32_t folded = (uint32_t)(change ^ (change >> 32));

	return folded ? folded : 1;
}

uint32_t ns_set_left(uint32_t valid)
{
	uint32_t left = valid & ~(uint32_t)NP_SET_CTIME;

	if (left & NP_SET_SIZE && to_now(NP_SET_MTIME, left))
		left &= ~(uint32_t)NP_SET_MTIME;
	/* A value for a time that is not to be set is none. */
	if (!(left & NP_SET_ATIME))
		left &= ~(uint32_t)NP_SET_ATIME_SET;
	if (!(left & NP_SET_MTIME))
		left &= ~(uint32_t)NP_SET_MTIME_SET;
	return left;
}

enum ns_times ns_set_times(uint32_t left)
{
	if (!(left & (NP_SET_ATIME | NP_SET_MTIME)))
		return NS_TIMES_NONE;
	if (to_now(NP_SET_ATIME, left) && to_now(NP_SET_MTIME, left))
		return NS_TIMES_WRITER;
	return NS_TIMES_OWNER;
}

bool ns_lock_range(uint64_t start, uint64_t length, int64_t *first, int64_t *last)
{
	constexpr uint64_t end = lock_end;

	if (start > end)
		return false;
	if (length > end - start + 1)
		return false;
	*first = (int64_t)start;
	*last = length ? (int64_t)(start + (length - 1)) : lock_end;
	return true;
}

uint64_t ns_lock_length(int64_t first, int64_t last)
{
	return last == lock_end ? 0 : (uint64_t)(last - first) + 1;
}
