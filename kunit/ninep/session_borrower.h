/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw clients of session.h that are in the server's kernel, and know it: each is a client
 * of the registry's as well.
 */
#ifndef HF_KUNIT_NINEP_SESSION_BORROWER_H
#define HF_KUNIT_NINEP_SESSION_BORROWER_H

#include "../../ninep/server/localio.h"
#include "../localio/steps.h"
#include "session.h"

#define BOTH (FMODE_READ | FMODE_WRITE)

struct borrower {
	struct kunit *test;
	struct server *server;
	struct client *client;
	struct hf_localio_client localio;
	u8 id[HF_LOCALIO_SECRET];		/* of the last handshake */
	struct hf_localio_link *held;		/* a reference, as of I/O in flight */
	struct hf_localio_file *lf;		/* closed with the test, if it is not NULL */
};

/* A server whose clients speak hf1. */
struct server *lending_server(struct kunit *test);
/* So many links it has, to what is exported and in all. */
void server_lends(struct server *server, u32 links);

/* Has attached, and opened the file to read and write; not linked.  It goes with the test. */
struct borrower *borrower_opened(struct server *server);
/* The registry's client ends here; its files, and the raw client, do not. */
void borrower_leaves(struct borrower *borrower);

/* A new id.  borrower_ends() has to follow. */
void borrower_begins(struct borrower *borrower);
/* As hf_localio_client_end(), by an answer, or without. */
int borrower_ends(struct borrower *borrower, const u8 *answer);
/* The whole handshake. */
void borrower_links(struct borrower *borrower);
/* And the file was lent, in ->lf. */
struct borrower *borrower_linked(struct server *server);
bool is_linked(struct borrower *borrower);

/* A reference of its own until it lets go. */
void borrower_holds(struct borrower *borrower);
void borrower_lets_go(struct borrower *borrower);

/* -ENOLINK, or what a server says that is asked to lend. */
int borrow_key(struct borrower *borrower, const void *key, u32 len, fmode_t mode,
	       struct hf_localio_file **lf);
int borrow(struct borrower *borrower, u32 fid, fmode_t mode, struct hf_localio_file **lf);
/* What is in ->lf. */
void borrower_gives_back(struct borrower *borrower);
/* It is lent, read and written, and what there is then is seen by others. */
void borrower_uses(struct borrower *borrower, struct hf_localio_file *lf);

#endif /* HF_KUNIT_NINEP_SESSION_BORROWER_H */
