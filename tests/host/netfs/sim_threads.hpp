/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads without a stack: run() goes on where it waited last (AWAIT), so what is kept
 * over that is a member.  Locks are taken in the order of Documentation/netfs.md.
 */
#ifndef HF_TESTS_NETFS_THREADS_HPP
#define HF_TESTS_NETFS_THREADS_HPP

#include "sim_world.hpp"

#define BEGIN switch (at) { case 0:
#define AWAIT(condition) \
	do { at = __LINE__; [[fallthrough]]; case __LINE__: if (!(condition)) return false; } while (0)
#define CHILD(thread) do { child = thread; AWAIT(ended()); } while (0)
#define END } over = true; return true

namespace netfs_world {

/* One that waits for a child, a folio or a request. */
struct waiter : thread {
	std::shared_ptr<folio> f;
	request_p r;

	using thread::thread;

	bool ended()
	{
		if (!child->over && !child->run() && !child->over)
			return false;
		failed |= child->failed;
		child.reset();
		return true;
	}

	/* What was found, if anything, locked here; or to be looked for again. */
	bool lock_found()
	{
		if (f && f->locked)
			return false;
		if (f)
			f->locked = true;
		return true;
	}

	/* The folio of a byte. */
	bool lock(int64_t byte)
	{
		f = w.find(byte);
		return lock_found();
	}

	void unlock() { f->locked = false; }

	bool stable() { return !f->writeback; }

	/* A wake-up says so too early if there is another subrequest to come. */
	bool alone() { return r->core.pending == 1 && w.sent(*r); }

	void issued() { w.left(*r, rl_req_issued(&r->core)); }
};

/* Write a range back, and wait for it if asked to. */
std::unique_ptr<thread> make_flush(world &w, int64_t from, int64_t to, bool wait);

/* Drop the cache from a byte's folio on; what is dirty from another byte on. */
std::unique_ptr<thread> make_drop(world &w, int64_t from, int64_t truncate_from = RL_SIZE_MAX);

std::unique_ptr<thread> make_write(world &w, int64_t pos, int64_t len);
std::unique_ptr<thread> make_map(world &w, int64_t pos);
std::unique_ptr<thread> make_direct(world &w, int64_t pos, int64_t len, bool write);
std::unique_ptr<thread> make_truncate(world &w, int64_t size);

} // namespace netfs_world

#endif /* HF_TESTS_NETFS_THREADS_HPP */
