/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of localio's core.
 *
 * A server:
 *
 *	down -> up		lo_server_start()
 *	up -> stopping		lo_server_stop()
 *	stopping -> drained	lo_server_drained(), if no link is left
 *
 * A client:
 *
 *	idle -> asked		lo_client_begin()
 *	asked -> offered	lo_attach(): the id is nobody's any more
 *	offered -> linked	lo_client_end(), if it brings what the server has answered
 *	asked, offered, spent -> idle	lo_client_end() otherwise
 *	offered -> spent	the link's end
 *	linked -> idle		the link's end
 *	any -> finished		lo_client_finish()
 *
 * A link:
 *
 *	free -> hooked		lo_attach()
 *	hooked -> killed	unhook(): lo_server_end_link(), lo_client_end(),
 *				lo_client_finish()
 *	killed -> released	lo_link_released()
 *	released -> session -> counted -> free	its work: lo_link_step(), lo_link_counted()
 *
 * Whoever unhooks a link kills it, so that this happens once; and unhooking takes it from
 * both ends at once, so that no client has a link that its server does not.  A link that
 * was killed is never used again: a new handshake is a new link, so that an old file
 * cannot meet it.
 *
 * A file is in its link's list from lo_file_add() until the client takes it out, with a
 * reference, or the link's work has closed it.  As files are added with a reference,
 * none is after the release, and the list that the work takes is all there is.
 *
 * All costs O(1), but lo_attach() and lo_client_begin(), O(handshakes under way), and
 * lo_server_end_link() with a session, O(links of the server).
 */
#ifndef HF_LOCALIO_LINK_HPP
#define HF_LOCALIO_LINK_HPP

#include <holdfast/core/list.hpp>
#include <holdfast/core/std.hpp>

#include "localio_core.h"

namespace lo {

using asked = hf::list<&lo_client::next, &lo_client::at>;
using hooked = hf::list<&lo_link::next, &lo_link::at>;
using files = hf::list<&lo_file::next, &lo_file::at>;

inline bool none(const lo_secret &secret)
{
	return !(secret.word[0] | secret.word[1]);
}

/* In the same time, whatever they are. */
inline bool equal(const lo_secret &a, const lo_secret &b)
{
	return !((a.word[0] ^ b.word[0]) | (a.word[1] ^ b.word[1]));
}

/* link.cc: from its server and its client; the caller kills it. */
void unhook(lo_link &link);
/* client.cc: whose id is this? */
lo_client *find(const lo_registry &registry, const lo_secret &id);
/* client.cc: nobody can answer any more. */
void forget_id(lo_client &client);

} // namespace lo

#endif /* HF_LOCALIO_LINK_HPP */
