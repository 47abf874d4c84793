/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frame assembly beside a naive one, which has the whole stream at once: the same
 * frames, the same payloads, the same end.  A difference aborts.
 */
#ifndef HF_TESTS_NINEP_ASSEMBLE_HPP
#define HF_TESTS_NINEP_ASSEMBLE_HPP

#include <algorithm>
#include <cstring>

#include <holdfast/ninep_frame.h>

#include "visitors.hpp"

namespace assemble {

using model::frame;

struct rules {
	np_side side;
	np_dialect dialect;
	uint32_t room, msize;
	uint32_t accepts = UINT32_MAX;		/* bytes of any payload */
};

struct found {
	std::vector<frame> frames;		/* with their payloads */
	uint8_t fault = NP_FRAME_OK;		/* after the last of them */
	bool operator==(const found &) const = default;
};

/* The naive way; heads are as Documentation/9p.md has them. */
inline uint32_t head_size(uint8_t type, np_dialect dialect)
{
	if (type == 118)
		return 23;
	return type == 117 || type == 41 || (type == 165 && dialect == NP_HF1) ? 11 : 0;
}

/* What begins at @at: a fault, or NP_FRAME_OK with its size, or 0 if there is less. */
inline uint8_t judge(const frame &stream, size_t at, const rules &r, uint32_t &size)
{
	size_t left = stream.size() - at;
	const uint8_t *b = stream.data() + at;
	uint32_t head, count;

	size = 0;
	if (left < 4)
		return NP_FRAME_OK;
	uint32_t says = b[0] | b[1] << 8 | b[2] << 16 | static_cast<uint32_t>(b[3]) << 24;

	if (says < 7)
		return NP_FRAME_SHORT;
	if (says > r.msize)
		return NP_FRAME_LONG;
	if (left < 7)
		return NP_FRAME_OK;
	if ((b[4] % 2 == 1) != (r.side == NP_CLIENT))
		return NP_FRAME_WRONG_WAY;
	head = head_size(b[4], r.dialect);
	if (!head && says > r.room)
		return NP_FRAME_UNFIT;
	if (says < head)
		return NP_FRAME_SHORT;
	if (head && left >= head) {
		b += head - 4;
		count = b[0] | b[1] << 8 | b[2] << 16 | static_cast<uint32_t>(b[3]) << 24;
		if (count != says - head)
			return NP_FRAME_COUNT;
		if (count > r.accepts)
			return NP_FRAME_TOO_MUCH;
	}
	if (left >= says)
		size = says;
	return NP_FRAME_OK;
}

inline found naive(const frame &stream, const rules &r)
{
	found all;
	uint32_t size;

	for (size_t at = 0;; at += size) {
		all.fault = judge(stream, at, r, size);
		if (!size)
			return all;
		all.frames.emplace_back(stream.begin() + at, stream.begin() + at + size);
	}
}

/* How often each step, and each fault, has come. */
struct tally {
	uint64_t steps[NP_STEP_BROKEN + 1] = {};
	uint64_t faults[NP_FRAME_TOO_MUCH + 1] = {};
	uint64_t messages[256] = {};
};

inline bool same(const np_step &one, const np_step &other)
{
	return one.kind == other.kind && one.fault == other.fault && one.at == other.at &&
	       one.bytes == other.bytes && one.least == other.least && one.head == other.head &&
	       one.count == other.count;
}

struct run {
	const frame &stream;
	const rules &r;
	world::source &from;
	tally &count;
	frame stage;
	np_frame f;
	size_t at = 0;				/* of the stream */
	frame whole;				/* of a payload message */
	found all;

	run(const frame &stream, const rules &r, world::source &from, tally &count)
		: stream(stream), r(r), from(from), count(count), stage(r.room)
	{
		REQUIRE(np_frame_init(&f, r.side, stage.data(), r.room, r.msize));
		np_frame_agree(&f, r.dialect, r.msize);
	}

	/* As a socket gives them: some of those that there are. */
	uint32_t some(uint32_t most)
	{
		size_t left = std::min<size_t>(most, stream.size() - at);

		if (left > 1 && from.pick(3))
			left = 1 + from.pick(left);
		return left;
	}

	/* What is not the step changes nothing. */
	void refuse_others(const np_step &step)
	{
		np_frame before = f;
		bool receives = step.kind == NP_STEP_RECEIVE || step.kind == NP_STEP_PAGES;

		if (receives)
			REQUIRE(!np_frame_received(&f, step.bytes + 1));
		else
			REQUIRE(!np_frame_received(&f, 1));
		if (step.kind != NP_STEP_MOVE)
			REQUIRE(!np_frame_move(&f));
		if (step.kind != NP_STEP_PAYLOAD)
			REQUIRE(!np_frame_accept(&f, UINT32_MAX));
		if (step.kind != NP_STEP_MESSAGE && step.kind != NP_STEP_DONE)
			REQUIRE(!np_frame_taken(&f));
		REQUIRE(!std::memcmp(&before, &f, sizeof(f)));
	}

	bool receive(const np_step &step)
	{
		uint32_t bytes = some(step.bytes);

		REQUIRE(step.bytes && step.bytes <= r.room - step.at && step.at < r.room);
		REQUIRE(step.least && step.least <= step.bytes);
		std::copy_n(stream.begin() + at, bytes, stage.begin() + step.at);
		at += bytes;
		REQUIRE(np_frame_received(&f, bytes));
		return bytes;
	}

	void payload(const np_step &step)
	{
		REQUIRE(step.at + step.head + step.bytes <= r.room && step.bytes <= step.count);
		whole.assign(stage.begin() + step.at,
			     stage.begin() + step.at + step.head + step.bytes);
		REQUIRE(np_frame_accept(&f, r.accepts));
	}

	bool pages(const np_step &step)
	{
		uint32_t bytes = some(step.bytes);

		REQUIRE(step.at + step.bytes == step.count && step.bytes);
		REQUIRE(step.at == whole.size() - head_size(whole[4], r.dialect));
		whole.insert(whole.end(), stream.begin() + at, stream.begin() + at + bytes);
		at += bytes;
		REQUIRE(np_frame_received(&f, bytes));
		return bytes;
	}

	void message(const np_step &step)
	{
		REQUIRE(step.at + step.bytes <= r.room);
		if (step.kind == NP_STEP_MESSAGE)
			whole.assign(stage.begin() + step.at, stage.begin() + step.at + step.bytes);
		count.messages[whole[4]]++;
		all.frames.push_back(whole);
		REQUIRE(np_frame_taken(&f));
	}

	/* False at the end of the stream, or of the connection. */
	bool step()
	{
		np_step step, again;

		np_frame_next(&f, &step);
		refuse_others(step);
		np_frame_next(&f, &again);
		REQUIRE(same(step, again));
		count.steps[step.kind]++;
		switch (step.kind) {
		case NP_STEP_RECEIVE: return receive(step);
		case NP_STEP_MOVE: REQUIRE(np_frame_move(&f)); return true;
		case NP_STEP_MESSAGE: case NP_STEP_DONE: message(step); return true;
		case NP_STEP_PAYLOAD: payload(step); return true;
		case NP_STEP_PAGES: return pages(step);
		default:
			all.fault = step.fault;
			count.faults[step.fault]++;
			return false;
		}
	}
};

/* Both, and the same. */
inline found both(const frame &stream, const rules &r, world::source &from, tally &count)
{
	run one(stream, r, from, count);
	found wanted = naive(stream, r);

	while (one.step())
		;
	REQUIRE(one.all.fault == wanted.fault, "%d, not %d", one.all.fault, wanted.fault);
	REQUIRE(one.all == wanted);
	return wanted;
}

} // namespace assemble

#endif /* HF_TESTS_NINEP_ASSEMBLE_HPP */
