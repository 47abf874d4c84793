/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the 9P core: <holdfast/ninep.h> and <holdfast/ninep_frame.h>, which
 * others see as well, and the shapes of the messages, which tests enumerate.  Valid as
 * C11 and as C++20.
 *
 * A message's *shape* is the list of its fields in the order of the wire: of what
 * kind, where in struct np_msg, and what it may say.  One encoder and one decoder
 * go by that list (fields.hpp); no message has code of its own.  A directory's entry
 * is such a list as well, in its own structure.
 */
#ifndef HF_NINEP_CORE_H
#define HF_NINEP_CORE_H

#include <holdfast/ninep.h>
#include <holdfast/ninep_frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum np_kind {
	NP_U8, NP_U16, NP_U32, NP_U64,
	NP_LATE32,	/* a u32 that may be left out, for 0; the last field */
	NP_QID,		/* type[1] version[4] path[8] */
	NP_STR,		/* len[2] and bytes */
	NP_NAMES,	/* count[2] and strings, those of a walk */
	NP_QIDS,	/* count[2] and qids */
	NP_BYTES,	/* as many as limit says */
	NP_PAYLOAD,	/* count[4]; the last field, and bytes behind it */
};

enum np_rule {
	NP_ANY,
	NP_FLAGS,	/* no bit that limit has not */
	NP_UPTO,	/* 0 to limit */
	NP_FROM1,	/* 1 to limit */
	NP_NAME,	/* a string: see np_name_check() */
	NP_SEEN_NAME,	/* "." and ".." as well */
};

struct np_field {
	uint8_t kind;
	uint8_t rule;
	uint16_t at;		/* in struct np_msg, or in the entry's structure */
	uint32_t limit;		/* the rule's; of NP_BYTES: how many */
};

struct np_shape {
	const char *name;
	const struct np_field *fields;
	uint8_t count;
	uint8_t type;
	uint8_t dialect;
	bool payload;
	uint32_t least;		/* bytes of the head: with every string empty */
	uint32_t most;		/* with every string and list at its longest */
};

NP_SIZE(struct np_field, 8);

/* The shape of a message type, or NULL. */
const struct np_shape *np_shape_of(uint8_t type);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NINEP_CORE_H */
