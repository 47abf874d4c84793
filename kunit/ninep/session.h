/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server of 9P in the kernel, with a listener and an export as configfs makes them,
 * and raw clients, who keep no rule but what a case wants.
 */
#ifndef HF_KUNIT_NINEP_SESSION_H
#define HF_KUNIT_NINEP_SESSION_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/fs.h>

#include "../../ninep/server/connection.h"
#include "../../ninep/server/export.h"
#include "../../ninep/server/listener.h"
#include "../../ninep/server/lock.h"
#include "../../ninep/server/registry.h"
#include "end.h"

/* A guest that emulates its processor is slow; nothing that passes waits so long. */
#define SESSION_LONG	(60 * HZ)

/* Asserts that it comes to be so. */
#define until(test, condition)							\
	do {									\
		unsigned long end_ = jiffies + SESSION_LONG;			\
										\
		while (!(condition) && time_before(jiffies, end_))		\
			usleep_range(200, 1000);				\
		KUNIT_ASSERT_TRUE_MSG(test, condition, "never: " #condition);	\
	} while (0)

/* What is exported; kunit.sh has made it. */
struct place {
	const char *name;
	const char *path;
	bool grants;		/* its locks are holdfast's: committed when they are granted */
};

/* Parameters of a case: a filesystem whose locks the kernel keeps, and a holdfast. */
const void *next_place(const void *previous, char *name);

/* The bytes of the file that clients open, and what a Tread of the whole of it asks for. */
#define FILE_BYTES	60000

struct server {
	struct kunit *test;
	const struct place *place;
	struct hf9_users *users;
	struct hf9_clients *clients;
	struct hf9_listener *listener;
	struct hf9_export *export;
	struct file *file;	/* the test's own: of what clients open */
	int active;		/* of the filesystem's references, before there was an export */
	enum np_dialect dialect;	/* what clients ask for that come from now on */
};

struct client {
	struct kunit *test;
	struct server *server;
	struct socket *sock;			/* NULL once it is closed */
	struct hf9_connection *connection;	/* of the server's: as long as the client is there */
	enum np_dialect dialect;		/* what it asks for */
	u16 tag;				/* of the last request */
	struct np_msg r;			/* the last reply, and its bytes */
	u8 *frame;
};

/* Of each suite: where its cases' threads look for paths. */
int session_suite_init(struct kunit_suite *suite);
void session_suite_exit(struct kunit_suite *suite);
int session_init(struct kunit *test);

/* ------------------------------------------------------------------- the server */

extern const struct hf9_limits session_limits;

/* Limits of the listener and the export; it goes with the test. */
struct server *server_start(struct kunit *test, const struct hf9_limits *limits,
			    u32 max_connections);
/* Waits until so many connections are left. */
void server_has(struct server *server, u32 connections);
/* Whether somebody has a lock of the file's bytes 0 to 9. */
bool server_is_locked(struct server *server);
/* How many have it open to write, but for the test. */
int server_writers(struct server *server);
/* One that was told to stop: waits for that, and then has none. */
void export_stopped(struct server *server);
void listener_stopped(struct server *server);

/*
 * Keeps the lock of the file's inode, which a Tsetattr and a Twrite need, or, without
 * an inode, that of the registry, which a Tattach needs: whoever does runs until it
 * is opened.
 */
struct gate *gate_close(struct kunit *test, struct inode *inode);
void gate_open(struct gate *gate);
/* Waits until somebody stands before it: a request runs, and does not end. */
void gate_holds(struct gate *gate);

/* One that is not given back when it is asked for, until it is ended, or the case. */
void lease_begin(struct kunit *test, struct file *file);
void lease_end(struct file *file);

/* ------------------------------------------------------------------ connections */

/* What is one moment's of a connection. */
struct now {
	u32 requests, fids;
	u32 parked;		/* and not woken */
	u32 counted;		/* requests, and replies that are not sent */
	u64 bytes;
	bool held;		/* the reader was told that there is no room */
	int locks, waiting;
};

struct now now(struct client *client);
/* Sends to the client find no room. */
bool is_blocked(struct client *client);
/* All that the client has sent has been taken from its socket. */
bool is_read(struct client *client);
/* And each message is a request, or was one: it stays so until it sends more. */
bool has_begun(struct client *client);
bool is_dead(struct client *client);

/* ---------------------------------------------------------------------- clients */

enum { ROOT_FID = 0, FILE_FID = 1 };

/* Connected, nothing sent; closed with the test. */
struct client *client_connect(struct server *server);
/* And the server has it. */
struct client *client_new(struct server *server);
/* A version was agreed on, */
struct client *client_agreed(struct server *server);
/* it has attached (ROOT_FID), */
struct client *client_attached(struct server *server);
/* and opened the file to read and write (FILE_FID). */
struct client *client_opened(struct server *server);
void client_close(struct client *client);

/* Without waiting; each returns its tag. */
u16 client_send(struct client *client, struct np_msg *t);
u16 send_version(struct client *client);
u16 send_attach(struct client *client, u32 fid, const char *name);
u16 send_walk(struct client *client, u32 fid, u32 newfid, const char *name);
u16 send_open(struct client *client, u32 fid, u32 flags);
u16 send_clunk(struct client *client, u32 fid);
u16 send_read(struct client *client);
u16 send_write(struct client *client, u32 count);
/* Of the file's mode: runs until the gate of its inode is opened. */
u16 send_change(struct client *client);
/* And of its size: waits for a lease first. */
u16 send_cut(struct client *client);
u16 send_flush(struct client *client, u16 oldtag);
u16 send_hello(struct client *client, u32 fid, const u8 *id);
/*
 * Of ten bytes from @start on, for @process; @flags: NP_LOCK_BLOCK or 0.  NP_UNLCK is
 * of all from @start on.
 */
u16 send_lock(struct client *client, u8 type, u32 flags, u32 start, u32 process);

/* Each that comes next, or the case fails. */
void client_receive(struct client *client);
void client_gets(struct client *client, u16 tag, u8 type);
void client_fails(struct client *client, u16 tag, u32 error);
void client_gets_lock(struct client *client, u16 tag, u8 status);
/* Everything is answered and sent, and there was nothing else. */
void client_is_quiet(struct client *client);
/* The server has ended it. */
void client_is_cut(struct client *client);

/* Both ways. */
void client_lock(struct client *client, u8 type, u8 status);

/* What it reads then does not fit into its socket any more: so many replies. */
#define FILLING 12
void client_fill(struct client *client);
void client_drain(struct client *client);

#endif /* HF_KUNIT_NINEP_SESSION_H */
