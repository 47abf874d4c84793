// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 9P core as the kernel compiles it: each message once both ways, through the
 * assembly of frames.  What there is to find is found on the host (tests/host/ninep).
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "../../ninep/core/ninep_core.h"

/* All that np_encode() refuses zeroes in is what begins with 1, and names. */
static void fill(const struct np_shape *shape, struct np_msg *msg)
{
	unsigned int i;

	memset(msg, 0, sizeof(*msg));
	msg->type = shape->type;
	msg->tag = 0x1234;
	for (i = 0; i < shape->count; i++) {
		const struct np_field *field = &shape->fields[i];
		void *at = (void *)msg + field->at;

		if (field->rule == NP_FROM1)
			*(u32 *)at = 1;
		if (field->kind == NP_STR)
			*(struct np_str *)at = (struct np_str) { "name", 4 };
	}
}

static void both_ways(struct kunit *test)
{
	struct np_msg *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);
	u8 *frame = kunit_kzalloc(test, 512, GFP_KERNEL);
	u8 *again = kunit_kzalloc(test, 512, GFP_KERNEL);
	unsigned int type, seen = 0;

	KUNIT_ASSERT_TRUE(test, msg && frame && again);
	for (type = 0; type < 256; type++) {
		const struct np_shape *shape = np_shape_of(type);
		struct np_built built, same;

		if (!shape)
			continue;
		seen++;
		fill(shape, msg);
		KUNIT_ASSERT_EQ(test, NP_OK,
				np_encode(msg, NP_HF1, frame, 512, &built));
		KUNIT_ASSERT_EQ(test, NP_OK,
				np_decode(frame, built.head, NP_HF1, msg));
		KUNIT_EXPECT_EQ(test, 0x1234, msg->tag);
		KUNIT_ASSERT_EQ(test, NP_OK,
				np_encode(msg, NP_HF1, again, 512, &same));
		KUNIT_EXPECT_EQ(test, built.head, same.head);
		KUNIT_EXPECT_EQ(test, 0, memcmp(frame, again, built.head));
		KUNIT_EXPECT_EQ(test, NP_SHORT,
				np_decode(frame, built.head - 1, NP_HF1, msg));
	}
	KUNIT_EXPECT_EQ(test, 85, seen);
}

/* A byte at a time. */
static enum np_step_kind put(struct kunit *test, struct np_frame *frame, u8 *stage,
			     const u8 *bytes, unsigned int count)
{
	struct np_step step;

	while (count--) {
		np_frame_next(frame, &step);
		KUNIT_ASSERT_EQ(test, NP_STEP_RECEIVE, step.kind);
		stage[step.at] = *bytes++;
		KUNIT_ASSERT_TRUE(test, np_frame_received(frame, 1));
	}
	np_frame_next(frame, &step);
	return step.kind;
}

static void assembled(struct kunit *test)
{
	static const u8 clunk[] = { 11, 0, 0, 0, NP_TCLUNK, 1, 0, 5, 0, 0, 0 };
	u8 write[23] = { 25, 0, 0, 0, NP_TWRITE, [19] = 2 };
	u8 *stage = kunit_kzalloc(test, NP_STAGE_LEAST, GFP_KERNEL);
	struct np_frame frame;

	KUNIT_ASSERT_NOT_NULL(test, stage);
	KUNIT_ASSERT_TRUE(test, np_frame_init(&frame, NP_SERVER, stage,
					      NP_STAGE_LEAST, 4096));
	KUNIT_EXPECT_EQ(test, NP_STEP_MESSAGE,
			put(test, &frame, stage, clunk, sizeof(clunk)));
	KUNIT_ASSERT_TRUE(test, np_frame_taken(&frame));
	KUNIT_EXPECT_EQ(test, NP_STEP_PAYLOAD,
			put(test, &frame, stage, write, sizeof(write)));
	KUNIT_ASSERT_TRUE(test, np_frame_accept(&frame, 2));
	KUNIT_ASSERT_TRUE(test, np_frame_received(&frame, 2));
	KUNIT_ASSERT_TRUE(test, np_frame_taken(&frame));
	write[0] = 3;
	KUNIT_EXPECT_EQ(test, NP_STEP_BROKEN, put(test, &frame, stage, write, 4));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(both_ways),
	KUNIT_CASE(assembled),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_ninep_codec",
	.test_cases = cases,
};
kunit_test_suite(suite);
