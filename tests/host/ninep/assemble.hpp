/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frame assembly beside a naive one, which has the whole stream at once: the same
 * frames, the same payloads, the same end.  A difference aborts.
 */
#ifndef HF_TESTS_NINEP_ASSEMBLE_HPP
#define HF_TESTS_NINEP_ASSEMBLE_HPP

#include <algorithm>
#include <memory>
#include <tuple>

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

/*
 * A version message whose tag begins so agrees on what it says, in both.  Often that is
 * less than its own size.
 */
inline constexpr uint8_t agreeing_tag = 0xa9;

inline bool agrees(const frame &f, rules &r)
{
	if ((f[4] != 100 && f[4] != 101) || f.size() < 11 || f[5] != agreeing_tag)
		return false;
	r.dialect = f[6] & 1 ? NP_HF1 : NP_DOTL;
	r.msize = f[7] | f[8] << 8;
	return true;
}

inline found naive(const frame &stream, rules r)
{
	found all;
	uint32_t size;

	for (size_t at = 0;; at += size) {
		all.fault = judge(stream, at, r, size);
		if (!size)
			return all;
		all.frames.emplace_back(stream.begin() + at, stream.begin() + at + size);
		agrees(all.frames.back(), r);
	}
}

/* How often each step, and each fault, has come. */
struct tally {
	uint64_t steps[NP_STEP_BROKEN + 1] = {};
	uint64_t faults[NP_FRAME_TOO_MUCH + 1] = {};
	uint64_t messages[256] = {};
	uint64_t agreements = 0;
};

inline bool same(const np_step &one, const np_step &other)
{
	return one.kind == other.kind && one.fault == other.fault && one.at == other.at &&
	       one.bytes == other.bytes && one.least == other.least && one.head == other.head &&
	       one.count == other.count;
}

/* Each member, and nothing that lies between them. */
inline bool same(const np_frame &one, const np_frame &other)
{
	auto members = [](const np_frame &f) {
		const auto &[stage, room, msize, next_msize, begin, end, count, got, side, dialect,
			     next_dialect, fault, in_pages] = f;

		return std::make_tuple(stage, room, msize, next_msize, begin, end, count, got, side,
				       dialect, next_dialect, fault, in_pages);
	};

	return members(one) == members(other);
}

struct run {
	const frame &stream;
	rules r;
	world::source &from;
	tally &count;
	frame stage;
	np_frame f;
	size_t at = 0;				/* of the stream */
	uint32_t got = 0;			/* of the payload */
	frame whole;
	std::unique_ptr<uint8_t[]> pages;	/* as many bytes as were accepted */
	found all;

	run(const frame &stream, const rules &r, world::source &from, tally &count)
		: stream(stream), r(r), from(from), count(count), stage(r.room)
	{
		REQUIRE(np_frame_init(&f, r.side, stage.data(), r.room, NP_HEADER));
		begin();
	}

	/* A version message that is not the stream's agrees on the rules. */
	void begin()
	{
		const uint8_t version[] = { 7, 0, 0, 0, static_cast<uint8_t>(100 + r.side), 0, 0 };

		std::copy_n(version, sizeof(version), stage.begin());
		REQUIRE(np_frame_received(&f, sizeof(version)));
		agree(r);
		REQUIRE(np_frame_taken(&f));
	}

	/* The message that it is about stays what it is. */
	void agree(const rules &next)
	{
		np_step before, after;

		np_frame_next(&f, &before);
		REQUIRE(np_frame_agree(&f, next.dialect, next.msize));
		np_frame_next(&f, &after);
		REQUIRE(same(before, after));
	}

	/* As a socket gives them: some of those that there are. */
	uint32_t some(uint32_t most)
	{
		size_t left = std::min<size_t>(most, stream.size() - at);

		if (left > 1 && from.pick(3))
			left = 1 + from.pick(left);
		return left;
	}

	/* Often just what is needed, or a byte less. */
	uint32_t some(const np_step &step)
	{
		uint32_t just = step.least - from.pick(2);

		if (from.pick(2) && just && just <= stream.size() - at)
			return just;
		return some(step.bytes);
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
		if (step.kind != NP_STEP_MESSAGE)
			REQUIRE(!np_frame_agree(&f, NP_HF1, UINT32_MAX));
		REQUIRE(same(before, f));
	}

	bool receive(const np_step &step)
	{
		uint32_t bytes = some(step);
		np_step next;

		REQUIRE(step.bytes && step.bytes <= r.room - step.at && step.at < r.room);
		REQUIRE(step.least && step.least <= step.bytes);
		std::copy_n(stream.begin() + at, bytes, stage.begin() + step.at);
		at += bytes;
		REQUIRE(np_frame_received(&f, bytes));
		np_frame_next(&f, &next);
		if (bytes < step.least)
			REQUIRE(next.kind == NP_STEP_RECEIVE && next.least == step.least - bytes);
		return bytes;
	}

	/* What was not accepted has no place to be copied to. */
	void payload(const np_step &step)
	{
		np_step next;

		REQUIRE(step.at + step.head + step.bytes <= r.room && step.bytes <= step.count);
		REQUIRE(np_frame_accept(&f, r.accepts));
		np_frame_next(&f, &next);
		REQUIRE((next.kind == NP_STEP_BROKEN) == (step.count > r.accepts));
		if (next.kind == NP_STEP_BROKEN)
			return;
		whole.assign(stage.begin() + step.at, stage.begin() + step.at + step.head);
		pages.reset(new uint8_t[step.count]);
		got = step.bytes;
		std::copy_n(stage.begin() + step.at + step.head, step.bytes, pages.get());
	}

	bool into_pages(const np_step &step)
	{
		uint32_t bytes = some(step.bytes);

		REQUIRE(step.at + step.bytes == step.count && step.bytes && step.at == got);
		std::copy_n(stream.begin() + at, bytes, pages.get() + step.at);
		got += bytes;
		at += bytes;
		REQUIRE(np_frame_received(&f, bytes));
		return bytes;
	}

	void done(const np_step &step)
	{
		REQUIRE(step.count == got);
		whole.insert(whole.end(), pages.get(), pages.get() + got);
		message(step);
	}

	void message(const np_step &step)
	{
		rules next = r;

		REQUIRE(step.at + step.bytes <= r.room);
		if (step.kind == NP_STEP_MESSAGE)
			whole.assign(stage.begin() + step.at, stage.begin() + step.at + step.bytes);
		count.messages[whole[4]]++;
		all.frames.push_back(whole);
		if (agrees(whole, next)) {
			count.agreements++;
			agree(next);
		}
		REQUIRE(np_frame_taken(&f));
		r = next;
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
		case NP_STEP_MESSAGE: message(step); return true;
		case NP_STEP_PAYLOAD: payload(step); return true;
		case NP_STEP_PAGES: return into_pages(step);
		case NP_STEP_DONE: done(step); return true;
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
