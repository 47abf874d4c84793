/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The codec of 9P2000.L and 9P2000.L.hf1 (holdfast_ninep): bytes of a frame to a
 * struct np_msg and back, for both ends.  It allocates nothing, keeps no state and
 * may be called from any context.  Valid as C11 and as C++20.
 *
 * A *payload* message (Twrite, Rread, Rreaddir, Rreaddirattr) is a head, which is
 * decoded and encoded here, and bytes behind it that are never touched: whether they
 * are here is for the caller to know.
 *
 * Documentation/9p.md has the messages.
 */
#ifndef HOLDFAST_NINEP_H
#define HOLDFAST_NINEP_H

#include <holdfast/core/ninep_msg.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum np_status - what is to be said of a message
 * @NP_OK: it is one, and every field of it in its range
 * @NP_UNKNOWN_TYPE: the dialect has no such message
 * @NP_BAD_FLAGS: bits that the field does not have
 * @NP_BAD_VALUE: a number that the field cannot have
 * @NP_BAD_STRING: a string that contains a NUL
 * @NP_BAD_NAME: a name that is empty, ".", ".." or contains '/'
 * @NP_LONG_NAME: a name of more than NP_NAME_MAX bytes
 * @NP_SHORT: fewer bytes are here than a header has, than the size says, or, of a
 *	payload message, than its head has
 * @NP_BAD_SIZE: the size says less than a header
 * @NP_BEYOND: a field reaches beyond the frame
 * @NP_TRAILING: bytes after the last field
 * @NP_BAD_COUNT: more than NP_MAX_WALK names or qids
 * @NP_BAD_PAYLOAD: the frame's size is not its head's and count's
 * @NP_NO_ROOM: encoding: the buffer is too small
 * @NP_TOO_LARGE: encoding: no size[4] can say it
 *
 * See np_is_sound() for which of them a connection survives.
 */
enum np_status {
	NP_OK = 0,
	NP_UNKNOWN_TYPE,
	NP_BAD_FLAGS,
	NP_BAD_VALUE,
	NP_BAD_STRING,
	NP_BAD_NAME,
	NP_LONG_NAME,
	NP_SHORT,
	NP_BAD_SIZE,
	NP_BEYOND,
	NP_TRAILING,
	NP_BAD_COUNT,
	NP_BAD_PAYLOAD,
	NP_NO_ROOM,
	NP_TOO_LARGE,
};

/**
 * np_is_sound - whether the frame is well formed, even if it is refused
 * @status: what np_decode() said
 *
 * All of it, or of a payload message all of its head, is here, and nothing in it
 * reaches beyond its end.  A sound one that is not NP_OK is answered with an error, by
 * its tag.  After any other the peer is not to be believed: the connection ends.
 *
 * Return: whether it is.
 */
static inline bool np_is_sound(enum np_status status)
{
	return status <= NP_LONG_NAME;
}

/**
 * struct np_built - what np_encode() has made
 * @head: bytes in the buffer
 * @size: of the frame: @head, and the payload that the caller sends behind it
 */
struct np_built {
	uint32_t head;
	uint32_t size;
};

/**
 * np_decode - bytes to a message
 * @frame: the frame's bytes, from its size[4] on
 * @have: how many there are; those behind the frame are not looked at.  Of a
 *	payload message of @dialect the head is enough
 * @dialect: what was agreed on
 * @msg: filled
 *
 * Strings point into @frame.  @msg->size, ->type and ->tag are right whenever
 * seven bytes are here; the rest only for NP_OK.  What makes a frame unsound is
 * found before what makes it refused.
 *
 * Return: NP_OK, or the first fault.
 */
enum np_status np_decode(const void *frame, size_t have, enum np_dialect dialect,
			 struct np_msg *msg);

/**
 * np_encode - a message to bytes
 * @msg: type, tag, the type's fields, payload.count; size and payload.at are not
 *	looked at
 * @dialect: what was agreed on
 * @buf: where to
 * @room: bytes there
 * @built: filled if this succeeds, zeroes otherwise
 *
 * Refuses what np_decode() would refuse.  Writes nothing unless it writes all.
 * That @built->size is within the msize is for the caller to see to.
 *
 * Return: NP_OK, or why not.
 */
enum np_status np_encode(const struct np_msg *msg, enum np_dialect dialect, void *buf,
			 size_t room, struct np_built *built);

/**
 * np_type_name - a message type for people
 * @type: any
 *
 * Return: "Tversion" and so on, of any dialect; NULL for a number that none has.
 */
const char *np_type_name(uint8_t type);

/**
 * np_head_size - the bytes of a message before its payload
 * @type: a payload message's type
 * @dialect: what was agreed on
 *
 * Return: NP_TWRITE_HEAD, NP_RREAD_HEAD; 0 for a type without payload.
 */
uint32_t np_head_size(uint8_t type, enum np_dialect dialect);

/**
 * np_size_most - the bytes of a message, without its payload, at the most
 * @type: the message's type
 * @dialect: what was agreed on
 *
 * With each name at NP_NAME_MAX bytes, each other string at 65,535, each list full.
 *
 * Return: how many; 0 for a type that the dialect has not.
 */
uint32_t np_size_most(uint8_t type, enum np_dialect dialect);

/**
 * np_name_check - whether a string can be the name of something in a directory
 * @name: the string
 *
 * Return: NP_OK, NP_BAD_STRING, NP_BAD_NAME or NP_LONG_NAME.
 */
enum np_status np_name_check(const struct np_str *name);

/**
 * np_entry_encode - an entry of a directory, for Rreaddir's payload
 * @entry: the entry
 * @buf: where to
 * @room: bytes there
 * @used: bytes written, or 0
 *
 * Return: NP_OK; NP_NO_ROOM; NP_BAD_STRING, NP_BAD_NAME, NP_LONG_NAME.
 */
enum np_status np_entry_encode(const struct np_entry *entry, void *buf, size_t room,
			       uint32_t *used);

/**
 * np_entry_decode - the entry that Rreaddir's payload goes on with
 * @data: the rest of the payload
 * @have: bytes there, not 0
 * @entry: filled; its name points into @data
 * @used: bytes of the entry, or 0
 *
 * Return: NP_OK; NP_BEYOND; NP_BAD_STRING, NP_BAD_NAME, NP_LONG_NAME.
 */
enum np_status np_entry_decode(const void *data, size_t have, struct np_entry *entry,
			       uint32_t *used);

/**
 * np_entry_attr_encode - an entry with its attributes, for Rreaddirattr's payload
 * @entry: the entry
 * @buf: where to
 * @room: bytes there
 * @used: bytes written, or 0
 *
 * Return: as np_entry_encode().
 */
enum np_status np_entry_attr_encode(const struct np_entry_attr *entry, void *buf, size_t room,
				    uint32_t *used);

/**
 * np_entry_attr_decode - the entry that Rreaddirattr's payload goes on with
 * @data: the rest of the payload
 * @have: bytes there, not 0
 * @entry: filled; its name points into @data
 * @used: bytes of the entry, or 0
 *
 * Return: as np_entry_decode().
 */
enum np_status np_entry_attr_decode(const void *data, size_t have, struct np_entry_attr *entry,
				    uint32_t *used);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HOLDFAST_NINEP_H */
