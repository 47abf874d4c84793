// SPDX-License-Identifier: GPL-2.0-only
/* The list of those who may attach to an export; an empty one is nobody. */
#include <linux/slab.h>
#include <linux/string.h>

#include "credentials.h"

static u32 count(struct ns_text list)
{
	struct ns_text word;
	u32 nr = 0;

	while (ns_next_word(&list, &word))
		nr++;
	return nr;
}

static enum ns_fault fill(struct hf9_clients *clients, struct ns_text list,
			  struct ns_text *word)
{
	enum ns_fault fault = NS_GOOD;
	u32 i = 0;

	while (!fault && ns_next_word(&list, word))
		fault = ns_parse_client(*word, &clients->client[i++]);
	return fault;
}

enum ns_fault hf9_clients_parse(struct ns_text list, struct hf9_clients **clients,
				struct ns_text *wrong)
{
	u32 nr = count(list);
	struct hf9_clients *made = kzalloc(struct_size(made, client, nr), GFP_KERNEL);
	enum ns_fault fault;

	*clients = NULL;
	if (!made)
		return NS_GOOD;
	made->nr = nr;
	fault = fill(made, list, wrong);
	if (fault)
		kfree(made);
	else
		*clients = made;
	return fault;
}

struct hf9_clients *hf9_clients_copy(const struct hf9_clients *clients)
{
	return kmemdup(clients, struct_size(clients, client, clients->nr), GFP_KERNEL);
}

bool hf9_clients_match(const struct hf9_clients *clients, const struct ns_peer *peer)
{
	u32 i;

	for (i = 0; i < clients->nr; i++) {
		if (ns_client_matches(&clients->client[i], peer))
			return true;
	}
	return false;
}
