// SPDX-License-Identifier: GPL-2.0-only
/*
 * On which version two ends agree.  Whatever is neither what was asked for nor plain
 * 9P2000.L is as good as "unknown".
 */
#include <holdfast/core/std.hpp>

#include "client_core.h"

namespace {

using hf::uint16_t;
using hf::uint32_t;

template <uint32_t Bytes>
bool is(const np_str &name, const char (&version)[Bytes])
{
	if (name.len != Bytes - 1)
		return false;
	for (uint32_t i = 0; i < Bytes - 1; i++)
		if (name.at[i] != version[i])
			return false;
	return true;
}

tc_greeting unknown(const tc_agreed &asked, bool fall_back)
{
	return asked.dialect != NP_DOTL && fall_back ? TC_ASK_AGAIN : TC_NO_VERSION;
}

} // namespace

enum tc_greeting tc_greet(const struct tc_agreed *asked, bool fall_back,
			  const struct np_msg *reply, uint32_t least,
			  struct tc_agreed *agreed)
{
	tc_agreed found {};

	if (!reply || reply->type != NP_RVERSION)
		return unknown(*asked, fall_back);
	if (asked->dialect == NP_HF1 && is(reply->rversion.version, NP_VERSION_HF1))
		found.dialect = NP_HF1;
	else if (!is(reply->rversion.version, NP_VERSION_DOTL))
		return unknown(*asked, fall_back);
	else if (asked->dialect != NP_DOTL && !fall_back)
		return TC_NO_VERSION;
	found.msize = reply->rversion.msize < asked->msize ? reply->rversion.msize : asked->msize;
	if (found.msize < least)
		return TC_MSIZE_TOO_SMALL;
	*agreed = found;
	return TC_AGREED;
}
