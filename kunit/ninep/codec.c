// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 9P core as the kernel compiles it: each message once both ways, and through the
 * assembly of frames.  What there is to find is found on the host (tests/host/ninep).
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "../../ninep/core/ninep_core.h"

#define ROOM	512

/* Tversion, tag 0xffff, 8192, "9P2000.L" */
static const u8 version[] = {
	21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0,
	8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L',
};

/* Tlock, tag 4: fid 7, write, block, 5, 6, process 12345, "host" */
static const u8 lock[] = {
	42, 0, 0, 0, 52, 4, 0, 7, 0, 0, 0, 1, 1, 0, 0, 0,
	5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
	0x39, 0x30, 0, 0, 4, 0, 'h', 'o', 's', 't',
};

/* Another one each time, in each width, and never zero. */
static u64 other(u32 turn)
{
	return 0x8182838485868780ULL + 0x0305070911131703ULL * turn;
}

static u64 allowed(const struct np_field *field, u32 turn)
{
	switch (field->rule) {
	case NP_FLAGS:
		return field->limit;
	case NP_UPTO:
	case NP_FROM1:
		return 1 + turn % field->limit;
	default:
		return other(turn);
	}
}

static struct np_str text(u32 turn)
{
	return (struct np_str) { &"abcdefghijklmnopqrstuvwxyz"[turn % 20], 4 };
}

static struct np_qid qid(u32 turn)
{
	return (struct np_qid) { other(turn), other(turn), other(turn) };
}

static void fill_lists(const struct np_field *field, void *at, u32 turn)
{
	struct np_names *names = at;
	struct np_qids *qids = at;
	u32 i;

	switch (field->kind) {
	case NP_NAMES:
		names->count = 2;
		for (i = 0; i < 2; i++)
			names->name[i] = text(turn + i);
		break;
	case NP_QIDS:
		qids->count = 2;
		for (i = 0; i < 2; i++)
			qids->qid[i] = qid(turn + i);
		break;
	case NP_BYTES:
		for (i = 0; i < field->limit; i++)
			((u8 *)at)[i] = other(turn + i);
		break;
	}
}

static void fill_field(const struct np_field *field, void *at, u32 turn)
{
	switch (field->kind) {
	case NP_U8:
		*(u8 *)at = allowed(field, turn);
		break;
	case NP_U16:
		*(u16 *)at = allowed(field, turn);
		break;
	case NP_U64:
		*(u64 *)at = allowed(field, turn);
		break;
	case NP_U32:
	case NP_LATE32:
		*(u32 *)at = allowed(field, turn);
		break;
	case NP_PAYLOAD:
		*(u32 *)at = 0x155;
		break;
	case NP_QID:
		*(struct np_qid *)at = qid(turn);
		break;
	case NP_STR:
		*(struct np_str *)at = text(turn);
		break;
	default:
		fill_lists(field, at, turn);
	}
}

static void fill(const struct np_shape *shape, struct np_msg *msg)
{
	u32 i;

	memset(msg, 0, sizeof(*msg));
	msg->type = shape->type;
	msg->tag = 0x1234;
	for (i = 0; i < shape->count; i++)
		fill_field(&shape->fields[i], (void *)msg + shape->fields[i].at, i);
}

/* Of a decoded message nothing is left that was there before. */
static void poison(struct np_msg *msg)
{
	memset(msg, 0xa5, sizeof(*msg));
}

/* A byte at a time. */
static void put(struct kunit *test, struct np_frame *frame, u8 *stage,
		const u8 *bytes, unsigned int count)
{
	struct np_step step;

	while (count--) {
		np_frame_next(frame, &step);
		KUNIT_ASSERT_EQ(test, NP_STEP_RECEIVE, step.kind);
		stage[step.at] = *bytes++;
		KUNIT_ASSERT_TRUE(test, np_frame_received(frame, 1));
	}
}

static u8 next_kind(const struct np_frame *frame)
{
	struct np_step step;

	np_frame_next(frame, &step);
	return step.kind;
}

/* A stream of hf1, where @side's messages arrive. */
static void begin_hf1(struct kunit *test, struct np_frame *frame, u8 *stage,
		      enum np_side side)
{
	u8 first[sizeof(version)];

	memcpy(first, version, sizeof(version));
	first[4] += side;
	KUNIT_ASSERT_TRUE(test, np_frame_init(frame, side, stage, ROOM, 4096));
	put(test, frame, stage, first, sizeof(first));
	KUNIT_ASSERT_TRUE(test, np_frame_agree(frame, NP_HF1, 4096));
	KUNIT_ASSERT_TRUE(test, np_frame_taken(frame));
}

/* It comes out as its head says: with a payload, or whole. */
static void assemble(struct kunit *test, const struct np_shape *shape,
		     const u8 *bytes, const struct np_built *built)
{
	u8 *stage = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	u32 count = built->size - built->head;
	struct np_frame frame;
	struct np_step step;

	KUNIT_ASSERT_NOT_NULL(test, stage);
	begin_hf1(test, &frame, stage, shape->type % 2 ? NP_CLIENT : NP_SERVER);
	put(test, &frame, stage, bytes, built->head);
	np_frame_next(&frame, &step);
	KUNIT_EXPECT_EQ(test, 0, memcmp(stage + step.at, bytes, built->head));
	if (shape->payload) {
		KUNIT_ASSERT_EQ(test, NP_STEP_PAYLOAD, step.kind);
		KUNIT_EXPECT_EQ(test, built->head, step.head);
		KUNIT_EXPECT_EQ(test, 0x155, step.count);
		KUNIT_ASSERT_TRUE(test, np_frame_accept(&frame, count));
		KUNIT_ASSERT_TRUE(test, np_frame_received(&frame, count));
		KUNIT_ASSERT_EQ(test, NP_STEP_DONE, next_kind(&frame));
	} else {
		KUNIT_ASSERT_EQ(test, NP_STEP_MESSAGE, step.kind);
		KUNIT_EXPECT_EQ(test, built->size, step.bytes);
	}
	KUNIT_ASSERT_TRUE(test, np_frame_taken(&frame));
	kunit_kfree(test, stage);
}

static void one_both_ways(struct kunit *test, const struct np_shape *shape,
			  struct np_msg *msg, u8 *frame, u8 *again)
{
	struct np_built built, same;

	fill(shape, msg);
	KUNIT_ASSERT_EQ(test, NP_OK, np_encode(msg, NP_HF1, frame, ROOM, &built));
	poison(msg);
	KUNIT_ASSERT_EQ(test, NP_OK, np_decode(frame, built.head, NP_HF1, msg));
	KUNIT_EXPECT_EQ(test, shape->type, msg->type);
	KUNIT_EXPECT_EQ(test, 0x1234, msg->tag);
	KUNIT_EXPECT_EQ(test, built.size, msg->size);
	memset(again, 0xa5, ROOM);
	KUNIT_ASSERT_EQ(test, NP_OK, np_encode(msg, NP_HF1, again, ROOM, &same));
	KUNIT_EXPECT_EQ(test, built.head, same.head);
	KUNIT_EXPECT_EQ(test, built.size, same.size);
	KUNIT_EXPECT_EQ(test, 0, memcmp(frame, again, built.head));
	KUNIT_EXPECT_EQ(test, NP_SHORT, np_decode(frame, built.head - 1, NP_HF1, msg));
	assemble(test, shape, frame, &built);
}

static void both_ways(struct kunit *test)
{
	struct np_msg *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);
	u8 *frame = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	u8 *again = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	unsigned int type, seen = 0;

	KUNIT_ASSERT_TRUE(test, msg && frame && again);
	for (type = 0; type < 256; type++) {
		const struct np_shape *shape = np_shape_of(type);

		if (!shape)
			continue;
		seen++;
		one_both_ways(test, shape, msg, frame, again);
	}
	KUNIT_EXPECT_EQ(test, 85, seen);
}

/* Which byte is which, once in the kernel as well. */
static void golden(struct kunit *test)
{
	struct np_msg *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);
	u8 out[sizeof(lock)];
	struct np_built built;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	poison(msg);
	KUNIT_ASSERT_EQ(test, NP_OK, np_decode(lock, sizeof(lock), NP_DOTL, msg));
	KUNIT_EXPECT_EQ(test, NP_TLOCK, msg->type);
	KUNIT_EXPECT_EQ(test, 4, msg->tag);
	KUNIT_EXPECT_EQ(test, 7, msg->tlock.fid);
	KUNIT_EXPECT_EQ(test, NP_WRLCK, msg->tlock.type);
	KUNIT_EXPECT_EQ(test, NP_LOCK_BLOCK, msg->tlock.flags);
	KUNIT_EXPECT_EQ(test, 5, msg->tlock.start);
	KUNIT_EXPECT_EQ(test, 6, msg->tlock.length);
	KUNIT_EXPECT_EQ(test, 12345, msg->tlock.proc_id);
	KUNIT_ASSERT_EQ(test, 4, msg->tlock.client_id.len);
	KUNIT_EXPECT_EQ(test, 0, memcmp(msg->tlock.client_id.at, "host", 4));
	KUNIT_ASSERT_EQ(test, NP_OK,
			np_encode(msg, NP_DOTL, out, sizeof(out), &built));
	KUNIT_EXPECT_EQ(test, sizeof(lock), built.size);
	KUNIT_EXPECT_EQ(test, 0, memcmp(lock, out, sizeof(lock)));
}

static void assembled(struct kunit *test)
{
	static const u8 clunk[] = { 11, 0, 0, 0, NP_TCLUNK, 1, 0, 5, 0, 0, 0 };
	u8 write[23] = { 25, 0, 0, 0, NP_TWRITE, [19] = 2 };
	u8 *stage = kunit_kzalloc(test, NP_STAGE_LEAST, GFP_KERNEL);
	struct np_frame frame;

	KUNIT_ASSERT_NOT_NULL(test, stage);
	/* (C++ has no such number of that type, so that the host cannot ask.) */
	KUNIT_EXPECT_FALSE(test, np_frame_init(&frame, (enum np_side)2, stage,
					       NP_STAGE_LEAST, 4096));
	KUNIT_ASSERT_TRUE(test, np_frame_init(&frame, NP_SERVER, stage,
					      NP_STAGE_LEAST, 4096));
	put(test, &frame, stage, clunk, sizeof(clunk));
	KUNIT_EXPECT_EQ(test, NP_STEP_MESSAGE, next_kind(&frame));
	KUNIT_ASSERT_TRUE(test, np_frame_taken(&frame));
	put(test, &frame, stage, write, sizeof(write));
	KUNIT_EXPECT_EQ(test, NP_STEP_PAYLOAD, next_kind(&frame));
	KUNIT_ASSERT_TRUE(test, np_frame_accept(&frame, 2));
	KUNIT_ASSERT_TRUE(test, np_frame_received(&frame, 2));
	KUNIT_ASSERT_TRUE(test, np_frame_taken(&frame));
	write[0] = 3;
	put(test, &frame, stage, write, 4);
	KUNIT_EXPECT_EQ(test, NP_STEP_BROKEN, next_kind(&frame));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(both_ways),
	KUNIT_CASE(golden),
	KUNIT_CASE(assembled),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_ninep_codec",
	.test_cases = cases,
};
kunit_test_suite(suite);
