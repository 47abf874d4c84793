// SPDX-License-Identifier: GPL-2.0-only
/* The invariants of link.hpp, checked. */
#include "link.hpp"

const char *lo_registry_validate(const struct lo_registry *registry)
{
	lo_client *const *at = &registry->asked;

	for (const lo_client *client = registry->asked; client; client = client->next) {
		if (client->at != at)
			return "the list of ids is torn";
		if (client->state != LO_ASKED)
			return "a client is listed whose id was answered";
		for (const lo_client *other = client->next; other; other = other->next)
			if (lo::equal(client->id, other->id))
				return "two clients have the same id";
		at = &client->next;
	}
	return nullptr;
}

const char *lo_server_validate(const struct lo_server *server)
{
	lo_link *const *at = &server->links;
	uint32_t count = 0;

	for (const lo_link *link = server->links; link; link = link->next) {
		if (link->at != at)
			return "the list of links is torn";
		if (link->state != LO_HOOKED || link->server != server)
			return "a server lists a link that is not its own";
		if (++count > server->nr_links)
			return "a server has more links than it waits for";
		at = &link->next;
	}
	if (server->state == LO_DRAINED && server->nr_links)
		return "a server is drained that has links";
	return nullptr;
}

const char *lo_client_validate(const struct lo_client *client)
{
	bool has_link = client->state == LO_OFFERED || client->state == LO_LINKED;

	if (has_link != !!client->link)
		return "a client has a link, or has none, against its state";
	if (client->link && (client->link->client != client || client->link->state != LO_HOOKED))
		return "a client has a link that is not hooked";
	if ((client->state == LO_ASKED) != !lo::none(client->id))
		return "an id lives that was answered, or does not that was not";
	if ((client->state == LO_ASKED) != !!client->at)
		return "an id cannot be found, or can that may not";
	return nullptr;
}

const char *lo_link_validate(const struct lo_link *link)
{
	lo_file *const *at = &link->files;

	if ((link->state == LO_HOOKED) != !!link->client)
		return "a link has a client, or has none, against its state";
	if ((link->state == LO_FREE || link->state == LO_COUNTED) != !link->server)
		return "a link has a server, or has none, against its state";
	if (link->taken && link->state < LO_RELEASED && link->state != LO_FREE)
		return "the files of a link are taken that is not released";
	if (link->files && link->state != LO_HOOKED && link->state != LO_KILLED &&
	    link->state != LO_RELEASED)
		return "a link has files and no session";
	if (link->closing && !link->files)
		return "a file is being closed that is not there";
	for (const lo_file *file = link->files; file; file = file->next) {
		if (file->at != at || file->link != link)
			return "the list of files is torn";
		at = &file->next;
	}
	return nullptr;
}
