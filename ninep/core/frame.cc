// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame assembly.  Invariant: begin <= end <= room, and got <= count.  The stream
 * is either *in the stage*, where a frame begins at begin, or *in pages*, where a
 * payload is received.  Everything else follows from the bytes in the stage, so that
 * the next step is a function of what is here; the transitions are
 *
 *	received	end, or got, goes up
 *	move		begin goes to 0, end with it
 *	accept		in the stage -> in pages; begin is behind the payload's bytes
 *	taken		begin is behind the frame; in pages -> in the stage; what was
 *			agreed on holds
 *	agree		what the next frame goes by
 *
 * and a fault, which ends them: what it follows from does not change any more.  Each
 * is O(1), but for move: less than a frame.
 */
#include "frame.hpp"

#include "bytes.hpp"
#include "table.hpp"

namespace np {

namespace {

const uint8_t *first(const np_frame &frame)
{
	return frame.stage + frame.begin;
}

uint32_t here(const np_frame &frame)
{
	return frame.end - frame.begin;
}

np_step broken(uint8_t fault)
{
	return { NP_STEP_BROKEN, fault, 0, 0, 0, 0, 0 };
}

/* Until @need bytes of the frame are in the stage; they fit there. */
np_step more(const np_frame &frame, uint32_t need)
{
	if (need > frame.room - frame.begin)
		return { NP_STEP_MOVE, NP_FRAME_OK, frame.begin, here(frame), 0, 0, 0 };
	return { NP_STEP_RECEIVE, NP_FRAME_OK, frame.end, frame.room - frame.end,
		 need - here(frame), 0, 0 };
}

np_step message(const np_frame &frame, uint32_t size)
{
	if (size > frame.room)
		return broken(NP_FRAME_UNFIT);
	if (here(frame) < size)
		return more(frame, size);
	return { NP_STEP_MESSAGE, NP_FRAME_OK, frame.begin, size, 0, 0, 0 };
}

np_step payload(const np_frame &frame, uint32_t size, uint32_t head)
{
	uint32_t count, staged;

	if (size < head)
		return broken(NP_FRAME_SHORT);
	if (here(frame) < head)
		return more(frame, head);
	count = load<uint32_t>(first(frame) + head - 4);
	if (count != size - head)
		return broken(NP_FRAME_COUNT);
	staged = here(frame) - head;
	if (staged > count)
		staged = count;
	return { NP_STEP_PAYLOAD, NP_FRAME_OK, frame.begin, staged, 0, head, count };
}

uint8_t check_size(const np_frame &frame, uint32_t size)
{
	if (size < NP_HEADER)
		return NP_FRAME_SHORT;
	return size > frame.msize ? NP_FRAME_LONG : NP_FRAME_OK;
}

/* A size that cannot be is told before the rest of the header is waited for. */
np_step in_stage(const np_frame &frame)
{
	uint32_t size, head;
	uint8_t fault, type;

	if (here(frame) < 4)
		return more(frame, 4);
	size = load<uint32_t>(first(frame));
	fault = check_size(frame, size);
	if (fault != NP_FRAME_OK)
		return broken(fault);
	if (here(frame) < NP_HEADER)
		return more(frame, NP_HEADER);
	type = first(frame)[4];
	/* Requests are even. */
	if (type % 2 != frame.side)
		return broken(NP_FRAME_WRONG_WAY);
	head = head_size(type, static_cast<np_dialect>(frame.dialect));
	return head ? payload(frame, size, head) : message(frame, size);
}

np_step in_pages(const np_frame &frame)
{
	uint32_t left = frame.count - frame.got;

	if (!left)
		return { NP_STEP_DONE, NP_FRAME_OK, 0, 0, 0, 0, frame.count };
	return { NP_STEP_PAGES, NP_FRAME_OK, frame.got, left, left, 0, frame.count };
}

/* The next bytes are received to where there is the most room. */
void leave(np_frame &frame, uint32_t bytes)
{
	frame.begin += bytes;
	if (frame.begin == frame.end)
		frame.begin = frame.end = 0;
}

} // namespace

np_step next_step(const np_frame &frame)
{
	if (frame.fault != NP_FRAME_OK)
		return broken(frame.fault);
	return frame.in_pages ? in_pages(frame) : in_stage(frame);
}

bool received(np_frame &frame, uint32_t bytes)
{
	np_step step = next_step(frame);

	if (step.kind != NP_STEP_RECEIVE && step.kind != NP_STEP_PAGES)
		return false;
	if (bytes > step.bytes)
		return false;
	*(frame.in_pages ? &frame.got : &frame.end) += bytes;
	return true;
}

bool move(np_frame &frame)
{
	np_step step = next_step(frame);

	if (step.kind != NP_STEP_MOVE)
		return false;
	__builtin_memmove(frame.stage, first(frame), step.bytes);
	frame.begin = 0;
	frame.end = step.bytes;
	return true;
}

bool accept(np_frame &frame, uint32_t room)
{
	np_step step = next_step(frame);

	if (step.kind != NP_STEP_PAYLOAD)
		return false;
	if (step.count > room) {
		frame.fault = NP_FRAME_TOO_MUCH;
		return true;
	}
	frame.count = step.count;
	frame.got = step.bytes;
	frame.in_pages = true;
	leave(frame, step.head + step.bytes);
	return true;
}

bool taken(np_frame &frame)
{
	np_step step = next_step(frame);

	if (step.kind != NP_STEP_MESSAGE && step.kind != NP_STEP_DONE)
		return false;
	if (step.kind == NP_STEP_MESSAGE)
		leave(frame, step.bytes);
	frame.in_pages = false;
	frame.dialect = frame.next_dialect;
	frame.msize = frame.next_msize;
	return true;
}

/* The frame at hand was judged by what held when it came, and still is. */
bool agree(np_frame &frame, np_dialect dialect, uint32_t msize)
{
	if (next_step(frame).kind != NP_STEP_MESSAGE)
		return false;
	frame.next_dialect = static_cast<uint8_t>(dialect);
	frame.next_msize = msize;
	return true;
}

} // namespace np
