// SPDX-License-Identifier: GPL-2.0-only
/* The server's end: it answers ids, and stops; see link.hpp. */
#include "link.hpp"

bool lo_server_start(struct lo_server *server)
{
	if (server->state != LO_DOWN)
		return false;
	*server = lo_server {};
	server->state = LO_UP;
	return true;
}

bool lo_server_stop(struct lo_server *server)
{
	if (server->state != LO_UP && server->state != LO_STOPPING)
		return false;
	server->state = LO_STOPPING;
	return true;
}

struct lo_link *lo_server_end_link(struct lo_server *server, const void *session,
				   struct lo_client **client)
{
	*client = nullptr;
	for (lo_link *link = server->links; link; link = link->next) {
		if (session && link->session != session)
			continue;
		*client = link->client;
		lo::unhook(*link);
		return link;
	}
	return nullptr;
}

bool lo_server_drained(struct lo_server *server)
{
	if (server->state == LO_STOPPING && !server->nr_links)
		server->state = LO_DRAINED;
	return server->state == LO_DRAINED;
}

enum lo_attached lo_attach(struct lo_registry *registry, struct lo_server *server,
			   const struct lo_secret *id, struct lo_link *link,
			   void *session, const struct lo_secret *answer)
{
	if (lo::none(*answer) || !session || link->state != LO_FREE)
		return LO_ATTACH_INVALID;
	if (server->state != LO_UP)
		return LO_NOT_UP;
	lo_client *client = lo::find(*registry, *id);

	if (!client)
		return LO_NO_SUCH_ID;
	lo::forget_id(*client);
	*link = lo_link {};
	link->server = server;
	link->client = client;
	link->session = session;
	link->answer = *answer;
	link->state = LO_HOOKED;
	lo::hooked::link(server->links, *link);
	server->nr_links++;
	client->link = link;
	client->state = LO_OFFERED;
	return LO_ATTACHED;
}
