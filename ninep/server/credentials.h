/* SPDX-License-Identifier: GPL-2.0-only */
/* As whom a client's user acts, and who the users are. */
#ifndef HF9_CREDENTIALS_H
#define HF9_CREDENTIALS_H

#include "server.h"

/**
 * hf9_who_make - as whom an attach acts
 * @export: of what
 * @connection: by whom
 * @claimed: the user whom the client names, or NS_NO_ID
 *
 * Context: may sleep.
 * Return: counted; -EPERM: a local peer that is not root names somebody else; -ENOMEM.
 */
struct hf9_who *hf9_who_make(const struct hf9_export *export,
			     const struct hf9_connection *connection, u32 claimed);

/* ----------------------------------------------------------------- users.c */

/* Groups of users, which the wire does not tell.  Counted. */
struct hf9_users *hf9_users_new(void);
struct hf9_users *hf9_users_get(struct hf9_users *users);
void hf9_users_put(struct hf9_users *users);	/* NULL is all right */

/* In the place of what there was of that uid; without groups: none.  -ENOMEM. */
int hf9_users_set(struct hf9_users *users, const struct ns_user *user);

/*
 * The groups of @ids->uid, the first of which is @ids->gid; @ids->groups is the
 * caller's to free.  -ENOENT: it is not known; -ENOMEM.
 */
int hf9_users_find(struct hf9_users *users, struct ns_ids *ids);

/* A line for each, as it was written, those that there is room for.  Its length. */
size_t hf9_users_show(struct hf9_users *users, char *page, size_t room);

/* --------------------------------------------------------------- clients.c */

struct hf9_clients {
	u32 nr;
	struct ns_client client[] __counted_by(nr);
};

/* @wrong: for a fault, the item.  NS_GOOD, or the fault; *clients NULL without memory. */
enum ns_fault hf9_clients_parse(struct ns_text list, struct hf9_clients **clients,
				struct ns_text *wrong);
struct hf9_clients *hf9_clients_copy(const struct hf9_clients *clients);
bool hf9_clients_match(const struct hf9_clients *clients, const struct ns_peer *peer);

#endif /* HF9_CREDENTIALS_H */
