/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A closed range of byte offsets, 0 <= start <= end <= INT64_MAX.
 *
 * Both ends are inclusive, because the last byte that fcntl can name is
 * INT64_MAX: one past it does not exist.  No function here computes an offset
 * outside of 0..INT64_MAX.
 */
#ifndef HF_CORE_RANGE_HPP
#define HF_CORE_RANGE_HPP

#include <holdfast/core/std.hpp>

namespace hf {

struct range {
	int64_t start;
	int64_t end;

	static constexpr int64_t last = numeric_limits<int64_t>::max();

	/* Whether the two ends, which came from outside, make a range. */
	[[nodiscard]] static constexpr bool possible(int64_t start, int64_t end)
	{
		return start >= 0 && start <= end;
	}

	[[nodiscard]] constexpr bool overlaps(range other) const
	{
		return start <= other.end && other.start <= end;
	}

	[[nodiscard]] constexpr bool contains(range other) const
	{
		return start <= other.start && other.end <= end;
	}

	/* Overlaps, or leaves no byte between the two. */
	[[nodiscard]] constexpr bool touches(range other) const
	{
		return overlaps(other.widened());
	}

	/* One byte more on both sides, where there is one. */
	[[nodiscard]] constexpr range widened() const
	{
		return { start > 0 ? start - 1 : 0, end < last ? end + 1 : last };
	}

	/* The smallest range that contains both. */
	[[nodiscard]] constexpr range hull(range other) const
	{
		return { start < other.start ? start : other.start,
			 end > other.end ? end : other.end };
	}

	/* What the two share; they must overlap. */
	[[nodiscard]] constexpr range common(range other) const
	{
		return { start > other.start ? start : other.start,
			 end < other.end ? end : other.end };
	}

	constexpr bool operator==(const range &) const = default;
};

} // namespace hf

#endif /* HF_CORE_RANGE_HPP */
