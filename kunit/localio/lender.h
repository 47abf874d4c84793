/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server of the suites, with a table of operations of its own: it lends files of a
 * tmpfs, and knows what must not happen to it, whatever a test does.  Its wire is a
 * function call.
 */
#ifndef HF_KUNIT_LENDER_H
#define HF_KUNIT_LENDER_H

#include "steps.h"

/* Where an operation stops, if it is shut. */
struct gate {
	bool shut;
	struct completion entered, go;
};

/* A session: what a connection would be. */
struct visit {
	struct lender *lender;
	atomic_t links;			/* that refer to it */
	atomic_t files;			/* open through it */
};

struct lender {
	struct kunit *test;
	struct hf_localio_server *server;
	struct visit visit[2];
	bool gone;			/* hf_localio_server_wait() has returned */
	int error;			/* of the next ->open()s */
	struct gate open, close;
	atomic_t attached, opens, closes, puts;
	atomic_t wrong;
};

/* One file that was lent: the cookie. */
struct lent {
	struct visit *visit;
	struct file *file;
	bool open;
	atomic_t users;
};

extern const struct hf_localio_ops lender_ops;

struct lender *lender_make(struct kunit *test);
void lender_start(struct lender *lender);
/* All has come to rest: the server is gone, and all that was given is back. */
void lender_stop(struct lender *lender);
void lender_rests(struct lender *lender);

int lender_attach(struct lender *lender, int visit, const u8 *id, u8 *answer);
/* The whole handshake. */
int lender_link(struct lender *lender, int visit, struct hf_localio_client *client);

/* All three steps; -ENOLINK: the wire. */
int client_open(struct hf_localio_client *client, struct hf_localio_file **lf);
int file_use(struct hf_localio_file *lf);
/* With a reference. */
void file_use_by(struct hf_localio_link *link, struct hf_localio_file *lf);

void lender_hold(struct gate *gate);
void lender_held(struct kunit *test, struct gate *gate);
void lender_let_go(struct gate *gate);

/* What a doing may be. */
int do_server_wait(struct doing *doing);
int do_open(struct doing *doing);
int do_close(struct doing *doing);

#endif /* HF_KUNIT_LENDER_H */
