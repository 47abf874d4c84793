// SPDX-License-Identifier: GPL-2.0-only
/*
 * The border's functions, see the headers that ninep_core.h includes.  Here the header
 * and the payload's count are; what lies between is fields.hpp's.
 */
#include "ninep_core.h"

#include "bytes.hpp"
#include "check.hpp"
#include "entry.hpp"
#include "fields.hpp"
#include "frame.hpp"
#include "table.hpp"

namespace {

np::fields fields_of(const np_shape &shape)
{
	return { shape.fields, shape.count };
}

/* The header; the frame's size is not below one. */
np_status read_header(const uint8_t *frame, size_t have, np_msg &msg)
{
	if (have < NP_HEADER)
		return NP_SHORT;
	msg.size = np::load<uint32_t>(frame);
	msg.type = frame[4];
	msg.tag = np::load<uint16_t>(frame + 5);
	return msg.size < NP_HEADER ? NP_BAD_SIZE : NP_OK;
}

/* Up to where the fields may reach: the frame's end, if so much is here. */
np_status find_end(const np_shape &shape, size_t have, const np_msg &msg, uint32_t &end)
{
	end = msg.size;
	if (!shape.payload)
		return have < end ? NP_SHORT : NP_OK;
	if (msg.size < shape.least)
		return NP_BEYOND;
	end = shape.least;
	return have < end ? NP_SHORT : NP_OK;
}

/* Nothing may follow but the payload, and all of that. */
np_status check_rest(const np_shape &shape, const np::reader &from, np_msg &msg)
{
	if (!shape.payload)
		return from.at == from.end ? NP_OK : NP_TRAILING;
	msg.payload.at = shape.least;
	return msg.payload.count == msg.size - shape.least ? NP_OK : NP_BAD_PAYLOAD;
}

np_status measure(const np_msg &msg, const np_shape &shape, np_built &built)
{
	uint64_t size;
	np_status status;

	built.head = NP_HEADER;
	status = np::measure_fields(fields_of(shape), &msg, built.head);
	size = uint64_t { built.head } + (shape.payload ? msg.payload.count : 0);
	built.size = static_cast<uint32_t>(size);
	return status == NP_OK && size > UINT32_MAX ? NP_TOO_LARGE : status;
}

void write(const np_msg &msg, const np_shape &shape, const np_built &built, void *buf)
{
	uint8_t *at = np::store(static_cast<uint8_t *>(buf), built.size);

	at = np::store(at, msg.type);
	at = np::store(at, msg.tag);
	np::write_fields(fields_of(shape), &msg, at);
}

} // namespace

enum np_status np_decode(const void *frame, size_t have, enum np_dialect dialect,
			 struct np_msg *msg)
{
	const uint8_t *bytes = static_cast<const uint8_t *>(frame);
	const np_shape *shape;
	uint32_t end;
	np_status status = read_header(bytes, have, *msg);

	if (status != NP_OK)
		return status;
	msg->payload = {};
	shape = np::find(msg->type, dialect);
	/* Of what is unknown all has to be here. */
	if (!shape)
		return have < msg->size ? NP_SHORT : NP_UNKNOWN_TYPE;
	status = find_end(*shape, have, *msg, end);
	if (status != NP_OK)
		return status;

	np::reader from { bytes + NP_HEADER, bytes + end };

	np::read_fields(from, fields_of(*shape), msg);
	if (from.fault == NP_OK)
		from.fault = check_rest(*shape, from, *msg);
	return from.status();
}

enum np_status np_encode(const struct np_msg *msg, enum np_dialect dialect, void *buf,
			 size_t room, struct np_built *built)
{
	const np_shape *shape = np::find(msg->type, dialect);
	np_built plan = {};
	np_status status;

	*built = {};
	if (!shape)
		return NP_UNKNOWN_TYPE;
	status = measure(*msg, *shape, plan);
	if (status == NP_OK && plan.head > room)
		status = NP_NO_ROOM;
	if (status != NP_OK)
		return status;
	/* From here on nothing fails. */
	write(*msg, *shape, plan, buf);
	*built = plan;
	return NP_OK;
}

const struct np_shape *np_shape_of(uint8_t type)
{
	return np::find(type, NP_HF1);
}

const char *np_type_name(uint8_t type)
{
	const np_shape *shape = np::find(type, NP_HF1);

	return shape ? shape->name : nullptr;
}

uint32_t np_head_size(uint8_t type, enum np_dialect dialect)
{
	return np::head_size(type, dialect);
}

uint32_t np_size_most(uint8_t type, enum np_dialect dialect)
{
	const np_shape *shape = np::find(type, dialect);

	return shape ? shape->most : 0;
}

enum np_status np_name_check(const struct np_str *name)
{
	return np::check_string(NP_NAME, *name);
}

enum np_status np_entry_encode(const struct np_entry *entry, void *buf, size_t room,
			       uint32_t *used)
{
	return np::encode_entry(np::entry_fields(), entry, buf, room, *used);
}

enum np_status np_entry_decode(const void *data, size_t have, struct np_entry *entry,
			       uint32_t *used)
{
	return np::decode_entry(np::entry_fields(), data, have, entry, *used);
}

enum np_status np_entry_attr_encode(const struct np_entry_attr *entry, void *buf, size_t room,
				    uint32_t *used)
{
	return np::encode_entry(np::entry_attr_fields(), entry, buf, room, *used);
}

enum np_status np_entry_attr_decode(const void *data, size_t have, struct np_entry_attr *entry,
				    uint32_t *used)
{
	return np::decode_entry(np::entry_attr_fields(), data, have, entry, *used);
}

bool np_frame_init(struct np_frame *frame, enum np_side side, void *stage, uint32_t room,
		   uint32_t msize)
{
	if (room < NP_STAGE_LEAST || (side != NP_SERVER && side != NP_CLIENT))
		return false;
	*frame = {};
	frame->stage = static_cast<uint8_t *>(stage);
	frame->room = room;
	frame->msize = frame->next_msize = msize;
	frame->side = static_cast<uint8_t>(side);
	frame->dialect = frame->next_dialect = NP_DOTL;
	return true;
}

bool np_frame_agree(struct np_frame *frame, enum np_dialect dialect, uint32_t msize)
{
	return np::agree(*frame, dialect, msize);
}

void np_frame_next(const struct np_frame *frame, struct np_step *step)
{
	*step = np::next_step(*frame);
}

bool np_frame_received(struct np_frame *frame, uint32_t bytes)
{
	return np::received(*frame, bytes);
}

bool np_frame_move(struct np_frame *frame)
{
	return np::move(*frame);
}

bool np_frame_accept(struct np_frame *frame, uint32_t room)
{
	return np::accept(*frame, room);
}

bool np_frame_taken(struct np_frame *frame)
{
	return np::taken(*frame);
}
