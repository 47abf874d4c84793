// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sizes of an inode.  Invariant: i_size is no less than the end of what was
 * written here and has not failed, unless somebody truncated the file since.
 *
 *	S1	zero only what one answer proved to be behind the server's end; if
 *		i_size is beyond that without data of ours, or bytes come from where no
 *		data of ours can be, the attributes are stale
 *	S2	another size at the server: the cache is dropped from the folio of the
 *		smaller end on
 *	S3	growing: drop, then i_size.  Shrinking: i_size, then drop
 *	S4	all of it under i_lock
 *
 * Answers pass one another.  The generation rises with all that makes attributes late
 * which were asked for before: a write or a resize that has ended, attributes that
 * were taken, zeroes put where a growing file may have data.  While such a thing is
 * under way, or there is dirty data, no size is taken at all.
 *
 * What was not taken is not forgotten: @doubt is the lowest end that the file may have
 * had since what is cached was read, and the next attributes that are taken drop from
 * there on, though the sizes may agree by then; @doubts counts them, for those that
 * come up between the question, or a resize, and its answer.  @hole is where zeroes were
 * put before a write behind the end: attributes that are not taken, and are larger, may
 * speak of data there, though a write of ours has made them agree, until the cache was
 * dropped from there on.  Each is O(1).
 */
#include "size.hpp"

namespace rl {

namespace {

/*
 * What came up since they were asked for is not settled by @sample's attributes; zeroes
 * are there until the cache is dropped: others may have been asked for before them.
 */
void settle(rl_sizes &sizes, uint32_t doubts, int64_t low)
{
	sizes.doubt = doubts == sizes.doubts ? RL_SIZE_MAX : low;
	if (low <= sizes.hole)
		sizes.hole = RL_SIZE_MAX;
}

/* Not taken, but it says that there may be another's data where zeroes were put. */
void not_taken(rl_sizes &sizes, int64_t server)
{
	if (server > sizes.hole)
		doubt_from(sizes, sizes.hole);
	else if (server != sizes.server)
		doubt_from(sizes, server);
}

/* It is our own data that say how large the file is. */
bool busy(const rl_sizes &sizes, bool dirty)
{
	return dirty || sizes.writes || sizes.resizes;
}

/* The lowest end there was; @sizes agree with @server, but for an i_size to grow. */
rl_size_says take(rl_sizes &sizes, int64_t server, uint32_t doubts, rl_size_change &change)
{
	int64_t low = lower(lower(server, sizes.doubt), lower(sizes.i_size, sizes.server));
	bool same = low == server && sizes.i_size == server && sizes.server == server;

	change = { low, RL_SIZE_MAX, server, { ++sizes.generation, doubts }, false };
	if (server > sizes.i_size) {
		sizes.doubt = low;
		return RL_SIZE_DROP_FIRST;
	}
	settle(sizes, doubts, low);
	sizes.i_size = sizes.server = server;
	return same ? RL_SIZE_SAME : RL_SIZE_DROP;
}

/* A resize is in @sizes->resizes until it has grown, so that no attributes come first. */
bool grow_resized(rl_sizes &sizes, const rl_size_change &change)
{
	sizes.resizes--;
	sizes.generation++;
	sizes.i_size = sizes.server = change.size;
	settle(sizes, change.sample.doubts, change.drop_from);
	return true;
}

} // namespace

void doubt_from(rl_sizes &sizes, int64_t end)
{
	sizes.doubt = lower(sizes.doubt, lower(end, lower(sizes.i_size, sizes.server)));
	sizes.doubts++;
}

rl_size_says attributes(rl_sizes &sizes, rl_sample sample, int64_t server, bool dirty,
			rl_size_change &change)
{
	bool late = sample.generation != sizes.generation;

	if (!late && !busy(sizes, dirty))
		return take(sizes, server, sample.doubts, change);
	not_taken(sizes, server);
	return late ? RL_SIZE_LATE : RL_SIZE_BUSY;
}

bool grow(rl_sizes &sizes, const rl_size_change &change, bool dirty)
{
	if (change.resize)
		return sizes.resizes && grow_resized(sizes, change);
	/* The doubt that take() left stays. */
	if (change.sample.generation != sizes.generation || busy(sizes, dirty))
		return false;
	sizes.i_size = sizes.server = change.size;
	settle(sizes, change.sample.doubts, change.drop_from);
	return true;
}

rl_bytes gap(rl_sizes &sizes, int64_t pos)
{
	if (pos <= sizes.i_size)
		return { 0, 0 };
	/* Attributes under way may know data there: then what we zero is to be dropped. */
	sizes.generation++;
	sizes.hole = lower(sizes.hole, sizes.i_size);
	return { sizes.i_size, pos };
}

bool written(rl_sizes &sizes, const rl_result &result)
{
	if (!sizes.writes)
		return false;
	sizes.writes--;
	sizes.generation++;
	sizes.server = higher(sizes.server, result.extent);
	sizes.i_size = higher(sizes.i_size, result.extent);
	/* What failed is not there, but counts in i_size. */
	if (result.why != RL_WELL)
		doubt_from(sizes, RL_SIZE_MAX);
	return true;
}

/*
 * What is dirty is not there yet.  What is being written may be, up to i_size: behind it
 * direct I/O alone, of which a doubt too many costs little.  Where zeroes were put before
 * it, another may have been first.
 */
void saw_bytes(rl_sizes &sizes, int64_t end)
{
	bool ours = (sizes.writes || sizes.resizes) && end <= sizes.hole;

	if (end > sizes.i_size || (end > sizes.server && !ours))
		doubt_from(sizes, sizes.hole);
}

void saw_eof(rl_sizes &sizes, int64_t eof, bool dirty)
{
	/* Our data may explain an end before ours, but never one before the server's. */
	if (eof < sizes.server || (!busy(sizes, dirty) && eof < sizes.i_size))
		doubt_from(sizes, eof);
}

rl_size_says resized(rl_sizes &sizes, int64_t size, bool well, rl_size_change &change)
{
	int64_t lost = lower(size, sizes.i_size);
	rl_size_says says;

	if (!sizes.resizes)
		return RL_SIZE_INVALID;
	if (!well || size < 0) {
		sizes.resizes--;
		sizes.generation++;
		doubt_from(sizes, higher(size, 0));
		return size < 0 ? RL_SIZE_INVALID : RL_SIZE_SAME;
	}
	says = take(sizes, size, sizes.resize_doubts, change);
	change.truncate_from = lost;
	change.resize = says == RL_SIZE_DROP_FIRST;
	if (!change.resize)
		sizes.resizes--;
	return says;
}

const char *validate(const rl_sizes &sizes)
{
	if (sizes.i_size < 0 || sizes.server < 0 || sizes.doubt < 0)
		return "a size is negative";
	if (sizes.hole < 0)
		return "a hole begins before the file";
	if (sizes.doubt != RL_SIZE_MAX && sizes.doubt > sizes.i_size)
		return "the doubt begins behind the end";
	return nullptr;
}

} // namespace rl
