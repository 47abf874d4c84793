// SPDX-License-Identifier: GPL-2.0-only
/* How a link ends; see link.hpp. */
#include "link.hpp"

void lo::unhook(lo_link &link)
{
	lo_client &client = *link.client;

	hooked::unlink(link);
	link.client = nullptr;
	link.state = LO_KILLED;
	if (client.state == LO_LINKED) {
		client.state = LO_IDLE;
		client.generation++;
	} else {
		client.state = LO_SPENT;
	}
	client.link = nullptr;
}

bool lo_link_released(struct lo_link *link)
{
	if (link->state != LO_KILLED)
		return false;
	link->state = LO_RELEASED;
	return true;
}

enum lo_step lo_link_step(struct lo_link *link, struct lo_file **file)
{
	*file = nullptr;
	if (link->closing)
		return LO_STEP_INVALID;
	switch (link->state) {
	case LO_RELEASED:
		link->taken = true;
		if (link->files) {
			link->closing = true;
			*file = link->files;
			return LO_STEP_CLOSE;
		}
		link->state = LO_SESSION;
		return LO_STEP_SESSION;
	case LO_SESSION:
		return LO_STEP_COUNT;
	case LO_COUNTED:
		link->state = LO_FREE;
		return LO_STEP_FREE;
	default:
		return LO_STEP_INVALID;
	}
}

bool lo_link_counted(struct lo_link *link)
{
	lo_server *server = link->server;

	if (link->state != LO_SESSION)
		return false;
	link->state = LO_COUNTED;
	link->server = nullptr;
	server->nr_links--;
	return server->state == LO_STOPPING && !server->nr_links;
}
