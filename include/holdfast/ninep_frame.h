/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frame assembly (holdfast_ninep): what to receive next from a stream, and when a
 * message is whole.  It receives nothing itself, allocates nothing and never waits.
 * Valid as C11 and as C++20.
 *
 * Bytes come into the *stage*, a buffer of the caller's, as many at once as there
 * are.  The payload of a payload message goes on into *pages* of the caller's, from
 * their beginning; those of its bytes that came into the stage with its head the
 * caller copies, once the payload is accepted.  So of a long write all but the first
 * bytes are received where they are to be.
 *
 * The caller asks np_frame_next(), which changes nothing, does what it says, and
 * says that it is done:
 *
 *	NP_STEP_RECEIVE	np_frame_received()
 *	NP_STEP_MOVE	np_frame_move()
 *	NP_STEP_MESSAGE	np_frame_taken()
 *	NP_STEP_PAYLOAD	np_frame_accept()
 *	NP_STEP_PAGES	np_frame_received()
 *	NP_STEP_DONE	np_frame_taken()
 *	NP_STEP_BROKEN	nothing: the connection ends
 *
 * One thread at a time; nothing here is locked.
 */
#ifndef HOLDFAST_NINEP_FRAME_H
#define HOLDFAST_NINEP_FRAME_H

#include <holdfast/core/ninep_msg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A stage of so many bytes has room for every message whose names and paths Linux can have. */
#define NP_STAGE	8192
/* np_frame_init() takes no less. */
#define NP_STAGE_LEAST	64

/**
 * enum np_side - which messages arrive
 * @NP_SERVER: requests
 * @NP_CLIENT: replies
 */
enum np_side { NP_SERVER, NP_CLIENT };

/**
 * enum np_frame_fault - how a peer broke the rules
 * @NP_FRAME_OK: it did not
 * @NP_FRAME_SHORT: a size of less than the header, or than the message's head
 * @NP_FRAME_LONG: a size of more than the msize
 * @NP_FRAME_UNFIT: a message without payload that the stage is too small for; whoever
 *	sends one loses the connection
 * @NP_FRAME_WRONG_WAY: a reply to a server, or a request to a client
 * @NP_FRAME_COUNT: the payload's count is not what the size leaves for it
 * @NP_FRAME_TOO_MUCH: more payload than np_frame_accept() had room for
 */
enum np_frame_fault {
	NP_FRAME_OK = 0,
	NP_FRAME_SHORT,
	NP_FRAME_LONG,
	NP_FRAME_UNFIT,
	NP_FRAME_WRONG_WAY,
	NP_FRAME_COUNT,
	NP_FRAME_TOO_MUCH,
};

/**
 * enum np_step_kind - what is to be done
 * @NP_STEP_RECEIVE: receive 1 to @bytes bytes to @at in the stage; before @least
 *	are here nothing but another of this kind comes.  4 until the size is here,
 *	which may break the stream; then what the header, the head, the message lacks
 * @NP_STEP_MOVE: the @bytes bytes at @at in the stage have to go to its beginning,
 *	to make room behind them
 * @NP_STEP_MESSAGE: a message without payload is whole: @bytes bytes at @at in the
 *	stage, there until np_frame_taken()
 * @NP_STEP_PAYLOAD: a payload message's head is whole, @head bytes at @at in the
 *	stage.  @count bytes of payload follow, of which the first @bytes are in
 *	the stage behind it.  First np_frame_accept(), which checks that @count
 *	fits where they go, then they are copied: head and bytes stay in the stage
 *	until the next NP_STEP_RECEIVE or NP_STEP_MOVE
 * @NP_STEP_PAGES: receive 1 to @bytes bytes to @at in the payload
 * @NP_STEP_DONE: the payload is whole, @count bytes
 * @NP_STEP_BROKEN: @fault, for good
 */
enum np_step_kind {
	NP_STEP_RECEIVE,
	NP_STEP_MOVE,
	NP_STEP_MESSAGE,
	NP_STEP_PAYLOAD,
	NP_STEP_PAGES,
	NP_STEP_DONE,
	NP_STEP_BROKEN,
};

/**
 * struct np_step - what is to be done next
 * @kind: see enum np_step_kind, which also says which of the others are set
 * @fault: enum np_frame_fault
 * @at: where
 * @bytes: how many
 * @least: how many are needed
 * @head: bytes before the payload
 * @count: bytes of the payload
 */
struct np_step {
	uint8_t kind;
	uint8_t fault;
	uint32_t at, bytes, least, head, count;
};

/**
 * struct np_frame - how far one stream has come; all of it is private
 * @stage: the caller's buffer
 * @room: its bytes
 * @msize: the longest frame
 * @next_msize: from the next frame on
 * @begin: in the stage: the frame that is being assembled
 * @end: in the stage: where received bytes end
 * @count: in pages: the payload's bytes
 * @got: in pages: how many of them are here
 * @side: which messages arrive
 * @dialect: what was agreed on
 * @next_dialect: from the next frame on
 * @in_pages: a payload was accepted, and not taken
 * @fault: what no byte in the stage tells
 */
struct np_frame {
	uint8_t *stage;
	uint32_t room, msize, next_msize;
	uint32_t begin, end;
	uint32_t count, got;
	uint8_t side, dialect, next_dialect, fault;
	bool in_pages;
};

NP_SIZE(struct np_step, 24);
NP_SIZE(struct np_frame, 32 + 2 * sizeof(void *));

/**
 * np_frame_init - at the beginning of a stream
 * @frame: filled, unless this fails
 * @side: which messages arrive
 * @stage: a buffer that the caller keeps as long as @frame
 * @room: its bytes, NP_STAGE_LEAST at the least
 * @msize: the longest frame, until np_frame_agree()
 *
 * The dialect is NP_DOTL.
 * Return: false, with nothing changed, if @room is too small, or @side unknown.
 */
bool np_frame_init(struct np_frame *frame, enum np_side side, void *stage,
		   uint32_t room, uint32_t msize);

/**
 * np_frame_agree - Tversion has been answered
 * @frame: the stream
 * @dialect: what was agreed on
 * @msize: the longest frame from the next one on; may be less than this one's size
 *
 * The step is the NP_STEP_MESSAGE of Tversion, or Rversion, and stays that: what was
 * agreed on holds when the message is taken.  Of several the last holds.
 *
 * Return: false, with nothing changed, if no message is the step.
 */
bool np_frame_agree(struct np_frame *frame, enum np_dialect dialect, uint32_t msize);

/**
 * np_frame_next - what is to be done
 * @frame: the stream
 * @step: filled
 *
 * Says the same until a step is done.  O(1).
 */
void np_frame_next(const struct np_frame *frame, struct np_step *step);

/**
 * np_frame_received - bytes have come
 * @frame: the stream
 * @bytes: how many, no more than the step said
 *
 * Return: false, with nothing changed, if that was not the step.
 */
bool np_frame_received(struct np_frame *frame, uint32_t bytes);

/**
 * np_frame_move - move the stage's bytes to its beginning
 * @frame: the stream
 *
 * Less than a message without payload, or a head.
 *
 * Return: false, with nothing changed, if that was not the step.
 */
bool np_frame_move(struct np_frame *frame);

/**
 * np_frame_accept - the payload has a place to go to
 * @frame: the stream
 * @room: how many bytes at the most: for a reply, what its request asked for
 *
 * Whose reply it is np_decode() of the head tells; one whose request asked for no
 * payload is not to be accepted, but to end the connection.
 *
 * Return: false, with nothing changed, if that was not the step.  True also if
 * @room is too small; then NP_STEP_BROKEN is next, and nothing is to be copied.
 */
bool np_frame_accept(struct np_frame *frame, uint32_t room);

/**
 * np_frame_taken - the message, or the payload, is the caller's now
 * @frame: the stream
 *
 * Return: false, with nothing changed, if that was not the step.
 */
bool np_frame_taken(struct np_frame *frame);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HOLDFAST_NINEP_FRAME_H */
