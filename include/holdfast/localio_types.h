/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns of localio's core: servers, clients, links between them, and the open files
 * of a link.  What may be done with them is in localio/core/localio_core.h for the shell,
 * in <holdfast/localio.h> for clients and servers.  Which lock covers a field: R the
 * registry's, L the link's.
 */
#ifndef HOLDFAST_LOCALIO_TYPES_H
#define HOLDFAST_LOCALIO_TYPES_H

#ifdef __cplusplus
#include <holdfast/core/std.hpp>
#define LO_SIZE(type, size) static_assert(sizeof(type) == (size), "size of " #type)
#elif defined(__KERNEL__)
#include <linux/types.h>
#include <linux/build_bug.h>
#define LO_SIZE(type, size) static_assert(sizeof(type) == (size), "size of " #type)
#else
#include <stdbool.h>
#include <stdint.h>
#define LO_SIZE(type, size) _Static_assert(sizeof(type) == (size), "size of " #type)
#endif

/* 128 random bits; zero is none. */
struct lo_secret {
	uint64_t word[2];
};

/* Where a server stands; link.hpp has the ways from one to the next, of all of these. */
enum lo_server_state {
	LO_DOWN = 0,
	LO_UP,
	LO_STOPPING,		/* no link is made any more */
	LO_DRAINED,		/* none is left: no operation runs or can begin */
};

enum lo_client_state {
	LO_IDLE = 0,		/* no id is out */
	LO_ASKED,		/* its id is known, and was not answered */
	LO_OFFERED,		/* a server has answered; what it said has not come back */
	LO_SPENT,		/* likewise, but that link has ended meanwhile */
	LO_LINKED,
	LO_FINISHED,
};

enum lo_link_state {
	LO_FREE = 0,
	LO_HOOKED,		/* its server lists it, its client has it, or is to */
	LO_KILLED,		/* gets fail; what is in flight is waited for */
	LO_RELEASED,		/* the last put was; the work is queued */
	LO_SESSION,		/* its files are closed */
	LO_COUNTED,		/* its server waits for it no more */
};

struct lo_link;

struct lo_server {
	struct lo_link *links;		/* R: hooked ones */
	uint32_t nr_links;		/* R: those that a stop waits for */
	uint8_t state;			/* R: enum lo_server_state */
	uint8_t spare[3];
};

struct lo_client {
	struct lo_client *next, **at;	/* R: among those that are asked */
	struct lo_link *link;		/* R: the shell's RCU pointer is this if usable */
	uint64_t due;			/* R: of the next handshake */
	struct lo_secret id;		/* R */
	uint32_t generation;		/* R: how many links it has lost */
	uint8_t state;			/* R: enum lo_client_state */
	uint8_t spare[3];
};

struct lo_file {
	struct lo_file *next, **at;	/* L */
	struct lo_link *link;		/* L: while it is listed; the shell's RCU pointer follows */
	bool client;			/* L: the client has one */
	uint8_t spare[7];
};

struct lo_link {
	struct lo_link *next, **at;	/* R: among its server's hooked ones */
	struct lo_server *server;	/* R */
	struct lo_client *client;	/* R: while it is hooked */
	struct lo_file *files;		/* L */
	void *session;			/* the server's; constant */
	struct lo_secret answer;	/* constant */
	uint8_t state;			/* R: enum lo_link_state */
	bool taken;			/* L: its work has the list */
	bool closing;			/* L: its work has told to close the first file */
	uint8_t spare[5];
};

LO_SIZE(struct lo_secret, 16);
LO_SIZE(struct lo_file, 3 * sizeof(void *) + 8);
LO_SIZE(struct lo_link, 24 + 6 * sizeof(void *));

struct lo_registry {
	struct lo_client *asked;	/* R */
};

#endif /* HOLDFAST_LOCALIO_TYPES_H */
