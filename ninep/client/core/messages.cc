// SPDX-License-Identifier: GPL-2.0-only
/* What a request is, and whether a reply can be one to it. */
#include <holdfast/core/std.hpp>

#include "client_core.h"

namespace {

using hf::uint32_t;
using hf::uint8_t;

tc_class class_of_lock(uint8_t type, uint32_t flags)
{
	if (type == NP_UNLCK)
		return TC_ENDING;
	return flags & NP_LOCK_BLOCK ? TC_WAITING : TC_META;
}

} // namespace

enum tc_class tc_class_of(const struct np_msg *ask)
{
	switch (ask->type) {
	case NP_TCLUNK:
	case NP_TREMOVE:
		return TC_ENDING;
	case NP_TREAD:
	case NP_TWRITE:
	case NP_TREADDIR:
	case NP_TREADDIRATTR:
		return TC_DATA;
	case NP_TLOCK:
		return class_of_lock(ask->tlock.type, ask->tlock.flags);
	case NP_TLOCKX:
		return class_of_lock(ask->tlockx.type, ask->tlockx.flags);
	default:
		return TC_META;
	}
}

enum tc_room tc_room_for(uint8_t type)
{
	switch (type) {
	case NP_TREADLINK:
	case NP_TGETLOCK:
	case NP_TGETLOCKX:
	case NP_TVERSION:
		return TC_STRINGS;
	case NP_TREAD:
	case NP_TREADDIR:
	case NP_TREADDIRATTR:
		return TC_PAYLOAD;
	default:
		return TC_NO_ROOM;
	}
}

bool tc_changes(uint8_t type)
{
	switch (type) {
	case NP_TLCREATE:
	case NP_TSYMLINK:
	case NP_TMKNOD:
	case NP_TRENAME:
	case NP_TSETATTR:
	case NP_TLINK:
	case NP_TMKDIR:
	case NP_TRENAMEAT:
	case NP_TUNLINKAT:
	case NP_TWRITE:
	case NP_TREMOVE:
	case NP_TCREATEATTR:
	case NP_TFALLOCATE:
	case NP_TCOPY:
	case NP_TCLONE:
	case NP_TRENAMEX:
		return true;
	default:
		return false;
	}
}

uint32_t tc_asked(const struct np_msg *ask)
{
	switch (ask->type) {
	case NP_TREAD:
		return ask->tread.count;
	case NP_TREADDIR:
		return ask->treaddir.count;
	case NP_TREADDIRATTR:
		return ask->treaddirattr.count;
	default:
		return 0;
	}
}

bool tc_makes_sense(const struct np_msg *ask, const struct np_msg *reply)
{
	switch (ask->type) {
	case NP_TREAD:
	case NP_TREADDIR:
	case NP_TREADDIRATTR:
		return reply->payload.count <= tc_asked(ask);
	case NP_TWRITE:
		return reply->rwrite.count <= ask->payload.count;
	case NP_TWALK:
		return reply->rwalk.qids.count <= ask->twalk.names.count;
	case NP_TWALKATTR:
		return reply->rwalkattr.qids.count <= ask->twalkattr.names.count;
	case NP_TCOPY:
		return reply->rcopy.count <= ask->tcopy.count;
	default:
		return true;
	}
}
