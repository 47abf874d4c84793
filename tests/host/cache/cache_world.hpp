/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shell of the cache's core, in a world without a kernel: a server whose file others
 * change, a client with a page cache, objects on a disk that loses power (cache_disk.hpp),
 * and works that go step by step.  What comes next is chosen from outside.
 *
 * A naive model beside each object says in which state each granule is, and what a read
 * is to find.  From outside of both comes what matters: what is read from the cache, and
 * what a header vouches for after a power cut, is byte for byte the version in the key.
 * What no header vouches for yet may be a later one, that the server sent before it was
 * asked which version it has now; nothing older, nothing of a write of ours, nothing that
 * was not written.
 *
 * A write of the server's takes as long as it takes, and until it is over no version is
 * told; the core is told of the version at any time after.  A folio that is being written to the cache may be changed
 * meanwhile, if the object was killed before.
 */
#ifndef HF_TESTS_CACHE_WORLD_HPP
#define HF_TESTS_CACHE_WORLD_HPP

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "cache_disk.hpp"

namespace cache_world {

struct options {
	uint64_t size = 5 * 65536 + 20000;
	bool errors = false;		/* of the cache's filesystem */
	bool refusals = false;		/* it is full, or frozen */
	bool writers = true;		/* others, and ourselves */
	bool cuts = true;
	bool old = false;		/* the file's first version is long settled */
	bool slow = false;		/* it is filled more slowly than it is read */
};

enum class granule { empty, filling, here, syncing, vouched };

using folio = std::shared_ptr<uint32_t>;

struct live;

struct filling {
	rc_fill what;
	std::vector<folio> folios;	/* from the first cell on */
	size_t at = 0;			/* written */
	bool missed = false;
};

struct reading {
	int64_t pos, len;
	rc_run run;
};

/* An object in memory, and what the model knows of it. */
struct live {
	rc_object core;
	std::vector<uint64_t> bits;
	file *on;			/* NULL: not there yet */
	std::vector<granule> model;
	std::vector<bool> came[2];	/* cells, that may be cached, of each inode */
	std::list<filling> fills;
	std::list<reading> reads;
	std::set<int> users;		/* inodes */
	bool exists, looking = true, dead = false, none = false;
	uint64_t settled;
	size_t syncing = 0;		/* writes, when fsync began */
	std::optional<uint64_t> answer;	/* the version, asked for since the header was begun */
	uint8_t slot[RC_SLOT];
	uint32_t place = 0;
	said says;			/* the header under way */
};

struct request {
	int inode;
	int64_t pos, len;
	uint64_t asked;
	std::vector<uint32_t> tokens;	/* what the server has sent; empty: not yet */
};

/*
 * Of two mounts, the same file.  It points to its object for as long as that may be filled
 * from its folios, whether it uses it or not: a write has to find it.
 */
struct inode {
	std::vector<folio> cache;
	live *object = nullptr;
	bool uses = false;
	std::optional<size_t> writing;	/* the folio that write(2) has locked, and not written to */
};

struct world {
	options opt;
	source &from;
	uint64_t now = 1000000000, events = 0;

	/* The server. */
	uint64_t version = 0;
	int64_t mtime = 0;
	std::vector<uint32_t> cells;	/* as they are read */
	std::vector<size_t> unwritten;	/* of the write that is going on */
	uint64_t write_ends = 0;
	std::map<uint64_t, std::vector<uint32_t>> content;	/* of each version */
	std::map<uint64_t, int64_t> mtimes;

	/* The client. */
	inode inodes[2];
	std::list<request> requests;
	std::list<live> objects;
	std::map<uint64_t, file> files;		/* by version */
	std::set<uint64_t> doomed;		/* until the next boot */
	uint32_t garbage = 0x80000000;

	world(const options &o, source &s);
	void step();
	/* All that is under way ends, all is put away; then the power fails. */
	void quiesce();

private:
	size_t nr_cells() const { return (opt.size + CELL - 1) / CELL; }
	uint64_t wall() const { return now / 1000; }
	/* The version as attributes have it: none while it is written to. */
	uint64_t told() const { return unwritten.empty() ? version : 0; }
	rc_key key_of(uint64_t v) const;
	int64_t end_of(const live &l, size_t g) const;
	static bool owes(const live &l, size_t g);
	bool is_of(uint64_t version, size_t cell, uint32_t token, bool vouched) const;
	live *pick_object();
	rc_outcome outcome();

	void pass(uint64_t ms);
	void server_write();
	void server_goes_on();

	void adopt(int i);
	void open(int i);
	void leave(int i, live &l);
	void put_away(live &l);
	void write_begins(int i);
	void write_ends_here(int i);
	void drop_folios(int i);
	void ask(int i);
	void answer(request &r);
	void came(request &r);

	void look_over(live &l);
	void kill(live &l, rc_why why);
	void fill_begun(live &l, int i, const rc_fill &fill);
	void owed(live &l);
	void forget(live &l, int i);
	void fill_goes_on(live &l, bool to_the_end = false);
	void fill_over(live &l, std::list<filling>::iterator at, rc_outcome result);
	void commit_begin(live &l);
	void commit_goes_on(live &l);
	void read_begin(live &l);
	void read_over(live &l);
	void power_cut();

	/* cache_world_check.cc */
	void check(live &l);
	void check_run(live &l, int64_t pos, int64_t len);
	void check_disk(file &f);
	void fault(live &l);
};

} // namespace cache_world

#define CACHE_REACH                                                                      \
	{ "looked", 4 }, { "opened", 2 }, { "found", 3 }, { "end", 5 }, { "filled", 5 }, \
	{ "collected", 1 }, { "owed", 1 }, { "synced", 1 }, { "written", 5 }, { "late bits", 0 }, \
	{ "read", 1 }, { "read was lost", 0 }, { "killed with fills", 1 }, { "after a cut", 2 }, \
	{ "told", 1 }, { "confirmed", 1 }, { "written with an object", 1 },         \
	{ "unsettled", 0 }, { "torn", 0 }

#endif /* HF_TESTS_CACHE_WORLD_HPP */
