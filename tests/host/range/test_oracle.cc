// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host kernel's own fcntl as an oracle.  A few processes lock one file of
 * tmpfs, told through pipes what to do; the core is asked the same, and both
 * must answer the same, lock by lock: POSIX locks of each process, and OFD
 * locks of two descriptions in each.
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../random.hpp"
#include "world.hpp"

namespace {

constexpr int processes = 4;

struct command {
	int cmd, description;
	struct flock lock;
};

struct answer {
	int result, error;
	struct flock lock;
};

class process {
	int to, from;

public:
	pid_t pid;

	explicit process(const std::string &path)
	{
		int down[2], up[2];

		REQUIRE(!pipe2(down, O_CLOEXEC) && !pipe2(up, O_CLOEXEC));
		pid = fork();
		REQUIRE(pid >= 0);
		if (!pid) {
			close(down[1]);
			close(up[0]);
			serve(path, down[0], up[1]);
		}
		close(down[0]);
		close(up[1]);
		to = down[1];
		from = up[0];
	}

	~process()
	{
		int status;

		close(to);
		close(from);
		waitpid(pid, &status, 0);
	}

	process(const process &) = delete;

	answer ask(const command &c)
	{
		answer a;

		REQUIRE(write(to, &c, sizeof(c)) == sizeof(c));
		REQUIRE(read(from, &a, sizeof(a)) == sizeof(a));
		return a;
	}

	[[noreturn]] static void serve(const std::string &path, int from, int to)
	{
		int files[2] = { open(path.c_str(), O_RDWR), open(path.c_str(), O_RDWR) };
		command c;

		while (read(from, &c, sizeof(c)) == sizeof(c)) {
			answer a = {};

			a.result = fcntl(files[c.description], c.cmd, &c.lock);
			a.error = a.result ? errno : 0;
			a.lock = c.lock;
			if (write(to, &a, sizeof(a)) != sizeof(a))
				break;
		}
		_exit(0);
	}
};

/* The core, with a memory of its own. */
struct both {
	std::vector<std::unique_ptr<process>> children;
	lk_graph graph;
	lk_table table;
	int file = memfd_create("oracle", 0);
	unsigned int conflicts = 0, splits = 0, hits = 0;

	both()
	{
		std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);

		REQUIRE(file >= 0);
		lk_graph_init(&graph, 2000);
		lk_table_init(&table, &graph, nullptr, nullptr);
		for (int i = 0; i < processes; i++)
			children.push_back(std::make_unique<process>(path));
	}

	~both()
	{
		lk_batch batch = {};

		lk_detach(&table, &batch);
		shell::free_all(batch.freed);
		/* Later ones have a copy of the earlier ones' pipes. */
		while (!children.empty())
			children.pop_back();
		close(file);
	}

	struct who {
		int child, description;
		bool ofd;

		uint64_t owner() const { return ofd ? 200 + child * 2 + description : 100 + child; }
	};

	static command make(const who &w, const lk_request &r, bool test)
	{
		command c = {};

		c.cmd = w.ofd ? (test ? F_OFD_GETLK : F_OFD_SETLK) : (test ? F_GETLK : F_SETLK);
		c.description = w.description;
		c.lock.l_type = r.op == LK_READ ? F_RDLCK : r.op == LK_WRITE ? F_WRLCK : F_UNLCK;
		c.lock.l_whence = SEEK_SET;
		c.lock.l_start = r.start;
		c.lock.l_len = r.end == LK_END ? 0 : r.end - r.start + 1;
		return c;
	}

	void set(const who &w, lk_request r)
	{
		answer a = children[w.child]->ask(make(w, r, false));
		lk_list spares = {};
		lk_batch batch = {};
		struct lk_unlock rest;
		struct lk_plan plan;
		lk_outcome outcome = lk_plan(&table, &r, false, &plan);

		REQUIRE(outcome == LK_GRANTED || outcome == LK_CONFLICT);
		REQUIRE((outcome == LK_GRANTED) == !a.result, "the kernel says %d", a.error);
		REQUIRE(!a.result || a.error == EAGAIN);
		conflicts += outcome == LK_CONFLICT;
		if (outcome == LK_GRANTED) {
			splits += plan.nodes == 2 || (r.op == LK_UNLOCK && plan.nodes);
			shell::give(spares, plan.nodes);
			lk_commit(&table, &r, &plan, &spares, &rest, &batch);
			shell::free_all(batch.freed);
		}
		REQUIRE(!lk_validate(&table), "%s", lk_validate(&table));
	}

	/* The kernel names one conflicting lock: it must be one that the core has. */
	void test(const who &w, const lk_request &r)
	{
		answer a = children[w.child]->ask(make(w, r, true));
		const lk_record *at = lk_test(&table, &r);
		bool known = false;

		REQUIRE(!a.result);
		REQUIRE(!at == (a.lock.l_type == F_UNLCK));
		if (!at)
			return;
		hits++;
		int64_t end = a.lock.l_len ? a.lock.l_start + a.lock.l_len - 1 : LK_END;

		for (; at && !known; at = lk_next_conflict(&table, &r, at))
			known = at->start == a.lock.l_start && at->end == end &&
				at->type == (a.lock.l_type == F_WRLCK) && same_owner(*at, a.lock.l_pid);
		REQUIRE(known, "the kernel has %lld to %lld", (long long)a.lock.l_start, (long long)end);
	}

	bool same_owner(const lk_record &record, pid_t pid)
	{
		if (record.holder->owner >= 200)
			return pid == -1;
		return children[record.holder->owner - 100]->pid == pid;
	}
};

lk_request some_request(rnd::generator &from, uint64_t owner, int ops)
{
	lk_request r = {};
	int a = from.pick(24), b = from.pick(24);

	r.owner = owner;
	r.op = from.pick(ops);
	r.start = std::min(a, b);
	r.end = std::max(a, b);
	switch (from.pick(8)) {
	case 0:	/* to the end, and at the end */
		r.end = LK_END;
		break;
	case 1:
		r.start = LK_END - a;
		r.end = LK_END - std::min(a, b);
		break;
	case 2:
		r.start = 0;
		r.end = LK_END;
		if (ops == 3 && from.pick(3))
			r.op = LK_UNLOCK;
		break;
	}
	return r;
}

} // namespace

TEST(Oracle, TheKernelSaysTheSame)
{
	unsigned int conflicts = 0, splits = 0, hits = 0;

	rnd::seeds(25, [&](rnd::generator &from, uint64_t seed) {
		both b;
		/* With many owners nearly all is refused: so at times there are few. */
		int owners = 1 + seed % processes;

		for (int i = 0; i < 1500; i++) {
			both::who w = { static_cast<int>(from.pick(owners)),
					static_cast<int>(from.pick(2)), from.pick(3) == 0 };

			if (from.pick(3))
				b.set(w, some_request(from, w.owner(), 3));
			else
				b.test(w, some_request(from, w.owner(), 2));
		}
		/* Byte by byte, through the eyes of one who holds nothing. */
		both::who nobody = { processes - 1, 1, true };

		b.set(nobody, { .owner = nobody.owner(), .start = 0, .end = LK_END, .manager = 0,
				.now = 0, .cookie = nullptr, .op = LK_UNLOCK, .kind = 0,
				.fairness = 0, .flags = 0 });
		for (int64_t byte = -30; byte < 30; byte++) {
			lk_request r = {};

			r.owner = nobody.owner();
			r.op = LK_WRITE;
			r.start = r.end = byte < 0 ? LK_END + byte + 1 : byte;
			b.test(nobody, r);
		}
		conflicts += b.conflicts;
		splits += b.splits;
		hits += b.hits;
	});
	if (rnd::repeating())
		return;
	EXPECT_GT(conflicts, 1000u);
	EXPECT_GT(splits, 100u);
	EXPECT_GT(hits, 1000u);
}
