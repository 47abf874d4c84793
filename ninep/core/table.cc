// SPDX-License-Identifier: GPL-2.0-only
/* All shapes, by their type. */
#include "table.hpp"

#include "dotl.hpp"
#include "hf1.hpp"

namespace np {

namespace {

struct index {
	const np_shape *of[256];
};

template <size_t count>
constexpr void enter(index &all, const np_shape (&shapes)[count])
{
	for (const np_shape &shape : shapes) {
		/* (No constant, if two have one number.) */
		if (all.of[shape.type])
			__builtin_unreachable();
		all.of[shape.type] = &shape;
	}
}

constexpr index by_type = [] {
	index all = {};

	enter(all, dotl::shapes);
	enter(all, hf1::shapes);
	return all;
}();

constexpr uint32_t least_of(uint8_t type) { return by_type.of[type]->least; }
constexpr uint32_t most_of(uint8_t type) { return by_type.of[type]->most; }

/* What v9fs and QEMU have as constants, 23 and 11; and sizes counted by hand. */
static_assert(most_of(NP_TWRITE) == NP_TWRITE_HEAD && least_of(NP_TWRITE) == NP_TWRITE_HEAD);
static_assert(most_of(NP_RREAD) == NP_RREAD_HEAD && most_of(NP_RREADDIR) == NP_RREAD_HEAD);
static_assert(least_of(NP_RGETATTR) == 160 && most_of(NP_RGETATTR) == 160);
static_assert(least_of(NP_TWALK) == 17 && most_of(NP_TWALK) == 4129);
static_assert(least_of(NP_TFSYNC) == 11 && most_of(NP_TFSYNC) == 15);
static_assert(least_of(NP_TLOCK) == 38 && least_of(NP_RLERROR) == 11);
static_assert(most_of(NP_RREADDIRATTR) == NP_RREAD_HEAD && most_of(NP_TWALKATTR) == 4137);
static_assert(least_of(NP_RWALK) == 9 && most_of(NP_RWALK) == 9 + 16 * 13);

/* For frame.cc: every head fits into every stage, and ends with the count. */
constexpr bool heads_fit()
{
	for (const np_shape *shape : by_type.of)
		if (shape && shape->payload &&
		    (shape->most > NP_STAGE_LEAST ||
		     shape->fields[shape->count - 1].kind != NP_PAYLOAD))
			return false;
	return true;
}
static_assert(heads_fit());

} // namespace

const np_shape *find(uint8_t type, np_dialect dialect)
{
	const np_shape *shape = by_type.of[type];

	return shape && shape->dialect <= dialect ? shape : nullptr;
}

uint32_t head_size(uint8_t type, np_dialect dialect)
{
	const np_shape *shape = find(type, dialect);

	return shape && shape->payload ? shape->least : 0;
}

} // namespace np
