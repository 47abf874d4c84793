/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One inode of a client: a page cache, its locks, its operations and its requests, all
 * decided by the core through its border; a server, another client, and a model of
 * the bytes.  An operation is a thread, which runs from one place where it may wait to
 * the next; who goes on, which message the server takes, and which answer comes next is
 * drawn.
 *
 * What is checked, at each step and not only at the end:
 *	- the server is sent no byte that was not written here since it was last sent,
 *	  and none of another client's; no byte twice at a time; no byte that changes
 *	  while it is in flight (I4)
 *	- what a folio is filled with is what the server had since it was asked
 *	- what is read here is what was written here; zeroes from behind an old end are
 *	  gone once the attributes that tell of another client's growth are taken
 *	- i_size is no smaller than what was written here
 *	- once a read has shown that the file has grown, or ends before what is known,
 *	  the attributes are stale
 *	- what is in flight has a credit each; nobody waits for one in vain, or out of turn
 *	- an fsync that says yes has everything at the server
 *	- all goes to its end, and then nothing is left: no request, no count, no doubt
 */
#ifndef HF_TESTS_NETFS_WORLD_HPP
#define HF_TESTS_NETFS_WORLD_HPP

#include <list>
#include <map>
#include <memory>
#include <set>

#include "sim_server.hpp"
#include "../reach.hpp"

namespace netfs_world {

using ::world::source;

struct options {
	uint32_t rsize = 64, wsize = 64;
	bool foreign = true;		/* another client writes its bytes */
	bool truncated = false;		/* and truncates */
	bool ours_alone = false;	/* all bytes are ours, and we may widen */
	bool mapped = false;
	bool fatal = false;		/* errors that end a request; kills */
	bool silent = false;
	uint32_t timeo = 0;
	uint32_t flags = 0;
	uint32_t trouble = 4;		/* one answer in so many is short or transient; 0: none */
};

struct folio {
	int64_t pos;
	uint32_t size;
	std::vector<uint8_t> data;
	std::vector<uint64_t> since;	/* seq: what is here is of then, or later */
	rl_word word = 0;
	rl_span taken = {};		/* under write-back: what is being sent */
	bool uptodate = false, dirty = false, writeback = false, locked = false;
	bool bad = false;		/* its write failed: to be dropped */

	int64_t end() const { return pos + size; }
	rl_folio core() const { return { word, size, dirty, uptodate }; }
};

struct world;
struct request;

struct sub {
	rl_sub core;			/* the first */
	request *of;
	std::vector<uint8_t> sent;	/* what its bytes were, to see that they stay */
	uint64_t asked = 0;		/* seq, of its last try */
	uint32_t credit = 0;
	rl_place place = {};
};

struct request {
	rl_req core;
	rl_kind kind;
	std::list<sub> subs;
	std::vector<std::shared_ptr<folio>> folios;
	std::vector<uint8_t> *buffer = nullptr;	/* a direct one's, from base on */
	std::vector<bool> got;
	int64_t base = 0;
	/* What its answers have shown: bytes up to here, an end here; seq of the last. */
	int64_t shown = 0, shown_end = RL_SIZE_MAX;
	uint64_t shown_at = 0;
	bool issuer_ends = false;	/* its folio: it has two subrequests, or a hole */
	bool over = false;
	int steps = 0;
	rl_result result = {};
};

using request_p = std::shared_ptr<request>;

/* ops->issue(), once there is a credit, or ops->cancel(): begun, inside, or to return. */
struct deed {
	sub *of;
	bool cancel;
	bool issuer;			/* who keeps the request, and waits for it; else it is held */
	bool wants = false;		/* a credit */
	bool did = false;
};

/* What is in flight, counted anew. */
struct flight {
	uint32_t reads = 0, writes = 0;
	uint64_t bytes = 0;
};

/* One that runs: see threads.hpp. */
struct thread {
	world &w;
	int at = 0;
	bool over = false;
	bool failed = false;
	std::unique_ptr<thread> child;
	/* The answer of what it sent itself. */
	bool answered = false;
	rpc reply = {};

	explicit thread(world &in) : w(in) {}
	virtual ~thread() = default;
	virtual bool run() = 0;
	bool step();
};

struct world {
	options opt;
	source *from;
	server srv;
	rl_limits limits;
	rl_retry retry;
	rl_credits credits;
	std::list<sub *> line;		/* who waits for one */
	rl_sizes sizes;
	uint64_t now = 1;
	uint64_t events = 0;
	std::map<int64_t, std::shared_ptr<folio>> cache;
	std::list<rpc> flying;
	std::list<deed> deeds;
	std::vector<request_p> live;
	std::vector<request *> ending;	/* nobody keeps them: their last steps are to come */
	std::list<std::unique_ptr<thread>> threads;
	int io_count = 0;
	bool error = false;		/* of write-back, until an fsync says so */
	bool calm = false;		/* the server does as it is told, and nothing begins */
	/* Locks. */
	int readers = 0, dio = 0;
	bool writer = false, wb_lock = false, invalidating = false, direct_write = false;
	int mapping = 0;		/* invalidate_lock, shared */

	/* The model. */
	std::array<bool, domain> ours {}, pend {}, sure {};
	std::array<bool, domain> unreported {};	/* not written, and no fsync said so */
	/* Our own growth went over it: another's, in that hole, is not told by sizes. */
	std::array<bool, domain> extended {};
	/* But somebody told us meanwhile: the next attributes that are taken settle it. */
	std::array<bool, domain> told {};
	int64_t explained = 0;		/* the largest file that what we sent or believed explains */
	std::array<uint8_t, domain> local {};
	std::array<uint64_t, domain> when {};	/* events: written here */
	int64_t floor = 0;
	uint64_t adopted = 0;		/* seq of the attributes that were taken last */
	int truncations = 0;		/* by the other one */
	/* seq of one that took the byte: until its end is known, and the cache dropped. */
	std::array<uint64_t, domain> cut {};
	uint8_t stamp = 0;

	world(options o, source &random);

	uint32_t pick(uint32_t below) { return from->pick(below); }
	bool chance(uint32_t one_in) { return one_in && !pick(one_in); }
	uint8_t fresh() { return stamp = stamp % 255 + 1; }

	/* sim_world.cc: steps, the other client, the end. */
	void step();
	void quiesce();
	void foreign();
	void foreign_truncate(int64_t to);
	void begin();
	bool run_threads();
	void run_to_end(std::unique_ptr<thread> t);
	void drain();
	void check();
	void check_end();

	/* sim_shell.cc: requests. */
	request_p start(rl_kind kind);
	void send(request &r, rl_piece piece);
	void issue(sub &s, bool issuer);
	void transmit(sub &s);
	void begin_deed(deed d);
	void deed_step();
	void end_deed(std::list<deed>::iterator at);
	bool sent(const request &r);
	flight in_flight();
	bool in_turn(const sub &s, bool kept);
	bool take_credit(sub &s);
	void leave_line(sub &s);
	bool waits(const sub &s);
	void give_credit(sub &s);
	void try_issue(std::list<deed>::iterator at);
	bool inside(const request &r);
	void done(sub &s, const rl_answer &answer);
	void act(sub &s, rl_act act);
	void end(sub &s);
	void end_folio(sub &s, folio &f);
	void note_lost(const sub &s);
	void drop_bad();
	void end_read(sub &s, folio &f, rl_ending how);
	void end_write(sub &s, folio &f, rl_ending how);
	void end_issuers(request &r);
	void left(request &r, rl_left who);
	void finish(request &r);
	void finish_one();
	void step_of(request &r, rl_exit step);
	void timers();
	void cancel(request &r, int32_t error);

	/* sim_wire.cc: messages. */
	void post(rpc message);
	void process(rpc &m);
	void process_read(rpc &m);
	void process_write(rpc &m);
	void process_resize(rpc &m);
	void deliver(std::list<rpc>::iterator at);
	bool wire_step();
	void deliver_read(sub &s, rpc &m);
	void flush(const void *of);
	void die();

	/* sim_cache.cc: the page cache. */
	std::shared_ptr<folio> find(int64_t at);
	std::shared_ptr<folio> create(int64_t at, bool locked);
	std::shared_ptr<folio> next_dirty(int64_t at, int64_t to);
	bool mapping_dirty();
	bool writing_back(int64_t at, int64_t to);
	void zero_gap(int64_t pos);
	void take(request &r, folio &f, rl_plan &plan);
	void wrote(int64_t at, uint8_t value);
	void mark_sent(folio &f, uint32_t from, uint32_t to);
	void lost(int64_t from, int64_t to);
	void extends(int64_t end);
	void dropped(int64_t from, uint64_t processed);
	void hear(int64_t size, uint64_t processed);
	void see_growth(const request &r);
	void check_shown(const request &r);
	void take_attributes(uint64_t processed, int64_t size);
	bool drop_one(folio &f, int64_t from, int64_t truncate_from);
	bool all_ours(const folio &f);
	void pin();
	void mark_whole(folio &f);
	void check_filled(int64_t at, uint8_t value, uint64_t asked);
	void check_read(const folio &f, int64_t at);
};

std::unique_ptr<thread> some_thread(world &w);
std::unique_ptr<thread> make_fsync(world &w);
std::unique_ptr<thread> make_getattr(world &w);
std::unique_ptr<thread> make_reader(world &w, int64_t pos, int64_t len);

} // namespace netfs_world

#endif /* HF_TESTS_NETFS_WORLD_HPP */
