/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: the table of tags and a naive model of it side by side, the link's
 * queue, and a server that knows what it may be sent.  Each step is done to core and
 * model, then all that can be seen is compared.  What holds for a user is asked for
 * from outside of both: no tag is used again while the server may still speak of the
 * last one; a reply is its own request's; who asked ends once, and not while the
 * link has what is his.
 */
#ifndef HF_TESTS_TABLE_WORLD_HPP
#define HF_TESTS_TABLE_WORLD_HPP

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "client_core.h"
#include "../reach.hpp"
#include "../source.hpp"

namespace table_world {

using ::world::source;

struct options {
	uint32_t slots = TC_SLOTS_LEAST;
	tc_times times = { 50, 80 };
	bool hostile = true;		/* the server lies, and the shell makes faults */
	bool patient = false;		/* nobody leaves, no time passes */
};

/* What the model knows of a call. */
struct asked {
	int id;
	uint8_t type;
	tc_class group;
	uint64_t due;			/* UINT64_MAX: never */
	int32_t error = 0;		/* once somebody has left, or answered */
};

/* What it knows of a tag that is not free. */
struct used {
	std::optional<asked> owner;
	uint8_t type;
	bool answer = true, rflush = false, unsent = true, flush_unsent = false;
	bool discarding = false, answered = false, left = false, held = false;
	uint64_t flush_due = 0;

	bool closed() const
	{
		return !owner && !answer && !rflush && !unsent && !flush_unsent && !discarding;
	}
};

/* The link's, and the server's. */
struct frame {
	uint16_t tag;
	int id;				/* of a Tflush: 0 */
};

/* As the server has it. */
struct taken {
	int id;
	bool flush_came = false;
};

struct caller {
	tc_call core;
	int id;
};

struct world {
	options opt;
	uint64_t now = 1000;
	std::vector<tc_slot> slots;
	tc_table core;

	/* The model. */
	std::map<uint16_t, used> tags;
	std::deque<asked> waiting;
	int32_t dead = 0;

	/* Those who have asked, until it is over. */
	std::map<int, std::unique_ptr<caller>> callers;
	int last_id = 0;

	std::deque<frame> link;
	std::map<uint16_t, taken> server;	/* requests that it may still answer */
	std::map<uint16_t, int> flushes;	/* Tflushes by their tag: of whose request */

	explicit world(options o);

	tc_begun begin(tc_class group, uint8_t type);
	/* The oldest of the link's queue goes out. */
	void send();
	void reply(uint16_t tag, uint8_t type);
	tc_left leave(int id, bool discard);
	void discarded(uint16_t tag);
	void expire();
	void die();

	void step(source &from);
	void end(source &from);
	void compare() const;
	caller *some_caller(source &from);

private:
	uint32_t free() const { return opt.slots - tags.size(); }
	bool may(tc_class group) const { return free() > left_by(group); }
	uint32_t left_by(tc_class group) const;
	void promote();
	void goes(caller &c, const asked &a);
	void follow(uint16_t tag);
	void over(tc_call *call, int id, int32_t error);
	void finish(uint16_t tag);
	caller &of(const tc_call *call);
	void server_step(source &from);
	void leave_step(source &from);
	void discard_step(source &from);
	void lie(source &from);
	void fault(source &from);
	void hear(uint16_t tag, uint8_t type, int id);
};

} // namespace table_world

#define TABLE_REACH                                                                       \
	{ "begun", 2 }, { "answered", 3 }, { "left", 3 }, { "expired", 3 }, { "discarded", 1 }, \
	{ "over at sent", 1 }, { "next", TC_CLASSES - 1 }, { "reaped", 0 }, { "whose", 4 }, \
	{ "fault", 0 }

#endif /* HF_TESTS_TABLE_WORLD_HPP */
