// SPDX-License-Identifier: GPL-2.0-only
/* The client's end of a handshake, and of a link; see link.hpp. */
#include "link.hpp"

lo_client *lo::find(const lo_registry &registry, const lo_secret &id)
{
	for (lo_client *client = registry.asked; client; client = client->next)
		if (equal(client->id, id))
			return client;
	return nullptr;
}

void lo::forget_id(lo_client &client)
{
	asked::unlink(client);
	client.id = lo_secret {};
}

enum lo_begun lo_client_begin(struct lo_registry *registry, struct lo_client *client,
			      const struct lo_secret *id, uint64_t now, uint32_t wait)
{
	if (client->state == LO_FINISHED || lo::none(*id))
		return LO_BEGUN_INVALID;
	if (client->state != LO_IDLE || now < client->due)
		return LO_NOT_NOW;
	if (lo::find(*registry, *id))
		return LO_ID_IN_USE;
	client->id = *id;
	client->due = now + wait;
	client->state = LO_ASKED;
	lo::asked::link(registry->asked, *client);
	return LO_SAY;
}

enum lo_ended lo_client_end(struct lo_client *client, const struct lo_secret *answer,
			    struct lo_link **kill)
{
	*kill = nullptr;
	switch (client->state) {
	case LO_ASKED:
		lo::forget_id(*client);
		client->state = LO_IDLE;
		return LO_NO_LINK;
	case LO_SPENT:
		client->state = LO_IDLE;
		return LO_NO_LINK;
	case LO_OFFERED:
		break;
	default:
		return LO_ENDED_INVALID;
	}
	if (answer && lo::equal(*answer, client->link->answer)) {
		client->state = LO_LINKED;
		return LO_USABLE;
	}
	*kill = client->link;
	lo::unhook(*client->link);
	client->state = LO_IDLE;
	return LO_WRONG_ANSWER;
}

struct lo_link *lo_client_finish(struct lo_client *client)
{
	lo_link *link = client->link;

	if (client->state == LO_ASKED)
		lo::forget_id(*client);
	if (link)
		lo::unhook(*link);
	client->state = LO_FINISHED;
	return link;
}
