// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host kernel's fcntl as an oracle of who waits, and who is refused with
 * EDEADLK: a few processes on two files, by POSIX locks and by those of the open
 * files (OFD), at random.  The core and the model are asked the same.
 *
 * Waiters of one file never want the same byte: so there is one right answer,
 * whomever the kernel wakes first.
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <sys/mman.h>

#include "../random.hpp"
#include "world.hpp"

extern "C" {
#include "../../guest/locks/agent.h"
}

namespace {

constexpr int processes = 5, room = 16;

struct wait {
	lk_waiter *core = nullptr;
	int table;
	model::span at;
};

struct asked {
	int who, table, slot;
	bool ofd, waits;
	lk_request request;
	model::span at;
};

struct side_by_side {
	world::world w { world::options { .tables = 2 } };
	agent agents[processes] = {};
	wait waiting[processes];
	int files[2] = { memfd_create("a", 0), memfd_create("b", 0) };
	unsigned int deadlocks = 0, through_ofd = 0, unseen = 0, beyond = 0;

	side_by_side()
	{
		agents_init();
		for (agent &a : agents) {
			agent_start(&a);
			for (int slot : { 0, 1, 4 })
				REQUIRE(!a_open(&a, slot, path_of(slot).c_str(), O_RDWR));
		}
	}

	~side_by_side()
	{
		for (agent &a : agents)
			agent_stop(&a);
		for (int file : files)
			close(file);
	}

	std::string path_of(int slot) const
	{
		return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(files[slot / 4]);
	}

	world::world::slot &slot_of(int table) { return *w.slots[table]; }

	asked something(rnd::generator &from, int who)
	{
		asked a = {};
		static constexpr int ops[] = { LK_READ, LK_WRITE, LK_WRITE, LK_UNLOCK };
		int x = from.pick(room), y = from.pick(4) ? x : static_cast<int>(from.pick(room));

		a.who = who;
		a.slot = (const int[]) { 0, 1, 4 }[from.pick(3)];
		a.table = a.slot / 4;
		a.ofd = from.pick(2);
		a.at = { std::min(x, y), std::max(x, y) };
		a.waits = from.pick(3) && std::none_of(waiting, waiting + processes, [&](wait &o) {
			return o.core && o.table == a.table && o.at.meets(a.at);
		});
		uint64_t owner = a.ofd ? world::first_open_file + who * 8 + a.slot : 1 + who;

		a.request = w.request(ops[from.pick(4)], owner, a.at);
		a.request.fairness = LK_FAIR_NONE;
		a.request.flags |= a.waits && a.request.op != LK_UNLOCK ? LK_WAIT : 0;
		return a;
	}

	/* Return: 0, an errno, or -1 when it waits. */
	int ask_kernel(const asked &a)
	{
		static constexpr int types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
		bool wait = a.request.flags & LK_WAIT;
		agent &agent = agents[a.who];

		a_lock_send(&agent, a.slot,
			    a.ofd ? wait ? F_OFD_SETLKW : F_OFD_SETLK : wait ? F_SETLKW : F_SETLK,
			    types[a.request.op], a.at.a, a.at.b - a.at.a + 1);
		return agent_settle(&agent) ? -1 : -agent.last.ret;
	}

	/* The kernel looks at one holder for each waiter: here it may see less. */
	bool somebody_has_several(const asked &a)
	{
		for (auto &s : w.slots)
			for (model::waiter &v : s->model.waiters)
				if (s->model.holders_against(v.request, v.at).size() > 1)
					return true;
		return slot_of(a.table).model.holders_against(a.request, a.at).size() > 1;
	}

	void ask(const asked &a)
	{
		bool several = somebody_has_several(a);
		std::set<uint64_t> holders = slot_of(a.table).model.holders_against(a.request, a.at);
		int kernel = ask_kernel(a);
		lk_outcome outcome = w.ask(a.table, a.request);

		switch (outcome) {
		case LK_GRANTED:
			REQUIRE(kernel == 0, "%d", kernel);
			break;
		case LK_CONFLICT:
			REQUIRE(kernel == EAGAIN, "%d", kernel);
			break;
		case LK_QUEUED:
			REQUIRE(kernel == -1, "%d", kernel);
			waiting[a.who] = { &w.waiters.back()->core, a.table, a.at };
			unseen += w.edges_of().hard_cycle(a.request.owner);
			break;
		case LK_DEADLOCK:
			REQUIRE(kernel == EDEADLK || (kernel == -1 && several), "%d", kernel);
			w.end(w.waiters.size() - 1, false);
			deadlocks++;
			through_ofd += *holders.begin() >= world::first_open_file;
			if (kernel == -1) {
				beyond++;
				give_up(a.who);
			}
			break;
		default:
			REQUIRE(false, "outcome %d", outcome);
		}
	}

	void give_up(int who)
	{
		agent_interrupt(&agents[who], SIGUSR1);
		REQUIRE(agent_wait(&agents[who], "EINTR") == -EINTR);
	}

	void end(int who)
	{
		auto at = std::find_if(w.waiters.begin(), w.waiters.end(),
				       [&](auto &v) { return &v->core == waiting[who].core; });

		w.end(at - w.waiters.begin(), false);
		waiting[who].core = nullptr;
	}

	/* It looks again when the lock goes that it is linked to; the core does not. */
	bool found_late(int who)
	{
		world::world::slot &s = slot_of(waiting[who].table);
		model::waiter *m = s.model.find(waiting[who].core);

		return agents[who].last.ret == -EDEADLK && m && w.could_be_refused(s, *m);
	}

	/* Both went on, or neither. */
	void compare_waiters()
	{
		for (int i = 0; i < processes; i++) {
			if (!waiting[i].core)
				continue;
			bool waits = agent_settle(&agents[i]), won = waiting[i].core->state == LK_WON;

			if (waits ? won : !won && !found_late(i))
				REQUIRE(false, "process %d: %s and state %d", i,
					waits ? "waits" : strerror(-agents[i].last.ret),
					waiting[i].core->state);
			if (!waits)
				end(i);
		}
	}

	void step(rnd::generator &from)
	{
		int who = from.pick(processes);

		if (!waiting[who].core) {
			ask(something(from, who));
		} else if (from.pick(4) == 0) {
			give_up(who);
			end(who);
		}
		compare_waiters();
	}
};

} // namespace

TEST(Oracle, TheSameOnesAreRefused)
{
	unsigned int deadlocks = 0, through_ofd = 0, unseen = 0, beyond = 0;

	rnd::seeds(20, [&](rnd::generator &from, uint64_t) {
		side_by_side both;

		for (int i = 0; i < 1500; i++)
			both.step(from);
		deadlocks += both.deadlocks;
		through_ofd += both.through_ofd;
		unseen += both.unseen;
		beyond += both.beyond;
	});
	if (rnd::repeating())
		return;
	EXPECT_GT(deadlocks, 50u);
	EXPECT_GT(through_ofd, 10u);
	EXPECT_GT(unseen, 10u);
	EXPECT_GT(beyond, 10u);
}
