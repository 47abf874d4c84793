// SPDX-License-Identifier: GPL-2.0-only
/* The table of users, and as whom they act. */
#include "config.hpp"

namespace {

using hf::uint32_t;
using hf::uint64_t;
using ns::reader;

bool take_id(reader &from, uint32_t &id)
{
	uint64_t number;

	if (!from.take_number(number) || number >= NS_NO_ID)
		return false;
	id = static_cast<uint32_t>(number);
	return true;
}

ns_fault parse_groups(reader from, uint32_t room, uint32_t *groups, uint32_t &count)
{
	do {
		uint32_t gid;

		if (!take_id(from, gid))
			return NS_BAD_GID;
		if (count == room)
			return NS_TOO_MANY_GROUPS;
		groups[count++] = gid;
	} while (from.take(','));
	return from.at_end() ? NS_GOOD : NS_BAD_GID;
}

bool is_squashed(uint32_t id, ns_squash squash)
{
	return id == NS_NO_ID || squash == NS_SQUASH_ALL || (squash == NS_SQUASH_ROOT && !id);
}

} // namespace

enum ns_fault ns_parse_user(struct ns_text text, uint32_t room, struct ns_user *user)
{
	reader from(text);
	bool remove = from.take('-');
	uint32_t uid, count = 0;

	if (!take_id(from, uid))
		return NS_BAD_UID;
	if (remove && !from.at_end())
		return NS_BAD_UID;
	if (!remove) {
		if (!from.take(' ') || from.at_end())
			return NS_NO_GROUP;
		ns_fault fault = parse_groups(from, room, user->groups, count);

		if (fault != NS_GOOD)
			return fault;
	}
	user->uid = uid;
	user->nr_groups = count;
	return NS_GOOD;
}

void ns_squash_ids(struct ns_ids *ids, enum ns_squash squash, uint32_t anon_uid, uint32_t anon_gid)
{
	if (ids->uid == NS_NO_ID)
		ids->gid = NS_NO_ID;
	if (ids->uid == NS_NO_ID || squash == NS_SQUASH_ALL)
		ids->nr_groups = 0;
	if (is_squashed(ids->uid, squash))
		ids->uid = anon_uid;
	if (is_squashed(ids->gid, squash))
		ids->gid = anon_gid;
	for (uint32_t i = 0; i < ids->nr_groups; i++)
		if (is_squashed(ids->groups[i], squash))
			ids->groups[i] = anon_gid;
}
