/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shell of localio's core, in a world without a kernel: clients and
 * servers that go step by step, a count of users in two cells as percpu_ref's, RCU, a
 * work queue.  A move is what nobody sees half done: one access, one section of a lock,
 * the begin or the end of a call; who goes next is chosen from outside, at random or all
 * there are.
 *
 * A naive model knows beside it what is linked.  What holds for a user is asked for from
 * outside of both: a file in use is open and its server's; each link is killed, drained
 * and freed once, each file closed once; a server that is gone has nothing left; nobody
 * is asleep when there is nothing to wait for.  What is freed is deleted: ASan looks.
 */
#ifndef HF_TESTS_LINK_WORLD_HPP
#define HF_TESTS_LINK_WORLD_HPP

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "localio_core.h"
#include "../reach.hpp"
#include "../source.hpp"

namespace link_world {

using ::world::source;

/* percpu_ref, as far as it matters: the cells mean nothing alone. */
struct reference {
	bool dead = false, summed = false;
	long atomic = 1, cell[2] = {};
};

/* Who came by which connection; its references are the links'. */
struct session {
	int owner;
	long references = 0;
};

struct server {
	lo_server core {};
	int life;
	bool asleep = false, woken = false;
};

struct link {
	lo_link core {};
	reference ref;
	int life;			/* of its server */
	lo_file *closing = nullptr;	/* told to its work */
	bool freeing = false;
	int session_puts = 0;
};

struct file {
	lo_file core {};
	lo_link *rcu = nullptr;		/* what readers see */
	bool open = false;		/* the server's */
	int life;
	int owner;
};

enum class at { idle, enter, deref, flag, count, leave, body, body_end, put, put_count,
	put_leave, sent, end };
enum class op { none, open, use, close };

struct client {
	lo_client core {};
	lo_link *rcu = nullptr;		/* what readers see */
	at pc = at::idle;
	op doing = op::none;
	link *l = nullptr;
	std::vector<file *> own;	/* that it has not closed */
	file *f = nullptr;		/* of what it does */
	bool alive = false, failed = false;
	std::optional<lo_secret> said;	/* what came back over the wire */
	uint32_t lost = 0;		/* links, and when the next handshake may be: */
	uint64_t due = 0;		/* the model's */
};

/* What the model knows of a link that is hooked. */
struct hooked {
	int client, life, owner, answer;
	bool usable = false;
};

struct options {
	int clients = 2;
	bool attacker = false;
	bool faults = false;
	uint32_t wait = 0;
	/* What each client does, then it stays as it is; empty: anything. */
	std::vector<std::vector<op>> scripts = {};
	/* How much of that is done before there is anything to choose. */
	std::vector<size_t> before = {};
	int stops = -1;			/* how often the server may stop; -1: any */
};

struct grace {
	const link *of;
	uint32_t readers;
	std::function<void()> then;
};

enum class what { step, open, use, close, hello, finish, script, start, stop, end_session,
	end_link, look, work, grace, attack, fault };

/* One that could be made now. */
struct move {
	int who;
	what kind;
	size_t n = 0;
};

struct world {
	options opt;
	lo_registry registry {};
	std::vector<std::unique_ptr<client>> clients;
	std::unique_ptr<server> srv;
	std::vector<session> sessions;	/* the last one is the attacker's */
	std::vector<grace> graces;
	std::set<link *> links;		/* not freed */
	std::set<file *> files;
	std::vector<link *> queue;	/* the work's */
	uint32_t readers = 0;
	int life = 0, stops = 0, secrets = 0;
	uint64_t now = 1000;
	std::vector<size_t> script_at;
	std::vector<lo_secret> seen;	/* by the attacker */
	source *from = nullptr;		/* for what a scheduler does not choose */
	bool stop_soon = false;

	/* The model. */
	std::map<link *, hooked> model;
	std::map<int, int> ids;		/* a client's, that live, to the secret's number */

	explicit world(options o);
	~world();

	std::vector<move> moves();
	void make(const move &m);
	void made();			/* after each */
	void turn();			/* one of them, as @from says */
	/* To the end: whoever can go does, and nothing is left. */
	void finish();
	/* What two worlds that are the same have in common. */
	std::string key() const;

private:
	lo_secret secret() { return { { uint64_t(++secrets), 0x5eed } }; }
	uint32_t bit(int c) const { return 1u << c; }
	link &of(lo_link *core);
	client &of(lo_client *core);
	void enter(int c) { readers |= bit(c); }
	void leave(int c);
	void kill(lo_link *core);
	void summed(link *l);
	void drop(link *l, bool alive, int cell);
	void release(link *l);
	void after_grace(const link *of, std::function<void()> then);

	void client_moves(int c, std::vector<move> &list);
	void begin(int c, op what);
	void step(int c);
	void body(client &me, int c);
	void body_end(client &me, int c);
	void over(client &me);
	void leave_file(client &me, bool has_reference);
	void handshake(int c);
	void attach(int c, int owner, const lo_secret &id);
	void end_handshake(int c);
	void finish_client(int c);

	void server_moves(std::vector<move> &list);
	void script(int c);
	void grace_over(size_t n);
	void stop();
	void look();
	void start();
	void end_links(const session *of);
	void gone();
	void work(size_t n);
	void close(link &l, file &f);
	void attack();
	void fault();
	bool choose() { return from && from->pick(4) == 0; }
};

} // namespace link_world

#define LINK_REACH                                                                      \
	{ "begun", 2 }, { "attached", 2 }, { "ended", 2 }, { "leave", 2 }, { "step", 3 }, \
	{ "woken", 1 }, { "killed with users", 1 }, { "finished with a link", 1 },       \
	{ "released by", 1 }, { "wire", 2 }, { "attacked", 1 }, { "fault", 0 }

#endif /* HF_TESTS_LINK_WORLD_HPP */
