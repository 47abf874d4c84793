/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: the session core and its model side by side, a shell around the core
 * whose threads, grants and timers come in any order, and a client that knows
 * what it may hear.  Each step is done to core and model, then all that can be
 * seen of the core is compared; each reply is held against what the client waits for.
 */
#ifndef HF_TESTS_SESSION_WORLD_HPP
#define HF_TESTS_SESSION_WORLD_HPP

#include <memory>
#include <set>
#include <string>

#include "session_model.hpp"
#include "../reach.hpp"
#include "../source.hpp"

namespace session_world {

using ::world::source;

struct options {
	ns_limits limits = { 8, 3, 6 };
	uint32_t tags = 6;
	uint32_t numbers = 5;		/* of fids */
	bool fids = true;		/* requests use them */
	bool hostile = true;		/* the client breaks rules, and the shell makes faults */
};

/* A fid, as the shell has it. */
struct fid {
	ns_fid core;
	int id;
};

/* A message that has not ended, as the shell has it. */
struct message {
	ns_request core;
	int id;
	std::multiset<fid *> uses;
	std::vector<fid *> reserved, claimed;
};

struct world {
	options opt;
	ns_session core;
	session_model::session model;
	/* What has been allowed since it connected. */
	ns_limits most;
	std::map<int, std::unique_ptr<message>> messages;
	std::map<int, std::unique_ptr<fid>> fids;
	int last_id = 0;
	/* The client: what it waits for, by tag. */
	std::map<uint16_t, int> pending;
	/* Its Tflushes: the message that each names, or 0. */
	std::map<int, int> names;
	uint64_t rflushes = 0, replies = 0, suppressed = 0;

	explicit world(options o);
	~world();

	/* --------------------------------------------------------------- messages */
	void connect();
	void limit(ns_limits limits);
	ns_begun plain(uint16_t tag);
	ns_begun version(uint16_t tag);
	/* The last one is what has to be taken back. */
	ns_begun flush(uint16_t tag, uint16_t oldtag, int *victim = nullptr);
	ns_answered answer(int id, bool revocable);
	void drop(int id);
	void die();
	bool room();
	/* Tversion, so that others may come. */
	void agree();

	/* ---------------------------------------------------------------- parking */
	ns_parking park(int id, fid *on = nullptr);
	ns_waking wake(int id);
	int wake_on(fid &on);
	int cancel();

	/* ------------------------------------------------------------------- fids */
	ns_fid_says reserve(int id, uint32_t number);
	void publish(int id, fid &f, ns_fid_state state);
	void abandon(int id, fid &f);
	fid *find(int id, uint32_t number);
	void put(int id, fid &f);
	fid *clunk(int id, uint32_t number);
	ns_fid_says claim(int id, fid &f);
	void become(int id, fid &f, ns_fid_state state);
	/* All that it has of fids. */
	void let_go(source &from, int id);
	void clunk_all();

	/* -------------------------------------------------------------- at random */
	void step(source &from);
	void client_step(source &from);
	void shell_step(source &from);
	void fid_step(source &from, message &m);
	void wake_step(source &from);
	void end_step(source &from);
	void fault_step();
	void limit_step(source &from);
	/* Everything that runs ends, the connection dies, and it is quiet. */
	void end(source &from);

	/* ---------------------------------------------------------------- compare */
	void compare();
	std::string snapshot() const;

private:
	message &fresh(uint16_t tag);
	ns_begun begun(message &m, ns_begun core_says, ns_begun model_says);
	void read_ended(const ns_ended &left, const session_model::ended &wanted);
	void hear(int id, bool reply);
	void forget(int id);
	message *of(const ns_request *request);
	fid *of(const ns_fid *f);
	void free_fid(fid &f);
	/* One in that state, or 0. */
	int some(source &from, ns_state state);
	uint16_t some_tag(source &from);
	uint16_t some_oldtag(source &from, uint16_t tag);
	uint32_t some_number(source &from);
	void run_version(source &from, int id);
	uint16_t tag_of(int id) { return messages.at(id)->core.tag; }
};

} // namespace session_world

#endif /* HF_TESTS_SESSION_WORLD_HPP */
