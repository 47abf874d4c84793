// SPDX-License-Identifier: GPL-2.0-only
/* Between the cache and its requests: write-back, dropping, reading. */
#include "sim_threads.hpp"

namespace netfs_world {

namespace {

/* Write-back of a range. */
struct flusher : waiter {
	int64_t pos, to, next;
	bool wait;
	rl_plan plan;
	rl_piece piece;

	flusher(world &in, int64_t from, int64_t end, bool waits)
		: waiter(in), pos(from), to(end), next(from), wait(waits) {}

	bool lock_next()
	{
		f = w.next_dirty(next, to);
		return lock_found();
	}

	bool run() override
	{
		BEGIN;
		AWAIT(!w.wb_lock);
		w.wb_lock = true;
		rl_plan_init(&plan, &w.limits, RL_WRITEPAGES);
		for (;;) {
			AWAIT(lock_next());
			if (!f)
				break;
			AWAIT(stable());
			next = f->end();
			if (!f->dirty) {
				unlock();
				continue;
			}
			if (!r)
				r = w.start(RL_WRITEPAGES);
			w.take(*r, *f, plan);
			/* With folios under write-back: answers need none of them. */
			AWAIT(w.sent(*r));
		}
		if (rl_plan_end(&plan, &piece))
			w.send(*r, piece);
		if (r) {
			AWAIT(w.sent(*r));
			issued();
		}
		w.wb_lock = false;
		if (wait)
			AWAIT(!w.writing_back(pos, to));
		END;
	}
};

/* Drop the cache from a byte's folio on. */
struct dropper : waiter {
	int64_t from, next, truncate_from;
	bool resident = false;

	dropper(world &in, int64_t start, int64_t truncates)
		: waiter(in), from(start), next(start), truncate_from(truncates) {}

	bool lock_next()
	{
		auto each = std::find_if(w.cache.begin(), w.cache.end(),
					 [&](auto &entry) { return entry.second->end() > next; });

		f = each == w.cache.end() ? nullptr : each->second;
		return lock_found();
	}

	bool run() override
	{
		BEGIN;
		for (;;) {
			AWAIT(lock_next());
			if (!f)
				break;
			AWAIT(stable());
			next = f->end();
			resident |= !w.drop_one(*f, from, truncate_from);
			unlock();
		}
		if (resident)
			rl_size_doubt(&w.sizes, from);
		END;
	}
};

/* Fill the folio that is locked here, around what is dirty in it. */
bool around(waiter &t)
{
	rl_folio core = t.f->core();
	rl_piece pieces[2];
	int count = rl_plan_around(&core, t.f->pos, pieces);

	REQUIRE(count >= 0);
	if (count)
		reach::met("around", count - 1);
	t.r = t.w.start(RL_READ);
	t.r->issuer_ends = true;
	t.r->folios.push_back(t.f);
	for (int i = 0; i < count; i++)
		t.w.send(*t.r, pieces[i]);
	return true;
}

struct reader : waiter {
	int64_t pos, to;
	bool around_it = false;

	reader(world &in, int64_t from, int64_t len) : waiter(in), pos(from), to(from + len) {}

	/* Locked folios, not in the cache before. */
	void read_ahead()
	{
		int64_t next = pos, end = pos + 1 + w.pick(3 * w.limits.rsize);
		rl_plan plan;
		rl_piece piece;

		r = w.start(RL_READ);
		rl_plan_init(&plan, &w.limits, RL_READ);
		while (next < end && next < w.sizes.i_size && !w.find(next)) {
			f = w.create(next, true);
			/* The first may begin before what is asked for. */
			REQUIRE(f->pos <= next);
			next = f->end();
			r->folios.push_back(f);
			if (rl_plan_add(&plan, f->pos, { 0, f->size }, RL_SIZE_MAX, &piece) == RL_ADDED_CUT)
				w.send(*r, piece);
		}
		REQUIRE(rl_plan_end(&plan, &piece));
		w.send(*r, piece);
	}

	void read_one()
	{
		r = w.start(RL_READ);
		r->folios.push_back(f);
		w.send(*r, { f->pos, f->size });
	}

	void see()
	{
		f = w.find(pos);
		for (; pos < to && pos < f->end() && pos < w.sizes.i_size; pos++)
			w.check_read(*f, pos);
	}

	bool tried = false;

	bool run() override
	{
		BEGIN;
		while (pos < to && pos < w.sizes.i_size) {
			f = w.find(pos);
			if (f && f->uptodate) {
				see();
				tried = false;
				continue;
			}
			if (tried && f && !f->locked && ++failures > 3) {
				failed = true;
				break;
			}
			AWAIT(!w.invalidating);
			w.mapping++;
			f = w.find(pos);
			if (!f) {
				if (pos < w.sizes.i_size) {
					read_ahead();
					AWAIT(w.sent(*r));
					issued();
				}
				w.mapping--;
				tried = true;
				continue;
			}
			AWAIT(lock(pos));
			if (f && f->uptodate)
				unlock();
			else if (f) {
				AWAIT(stable());
				tried = true;
				if (f->dirty) {
					around(*this);
					AWAIT(alone());
					around_it = rl_req_result(&r->core).why == RL_WELL &&
						    all_good();
					issued();
					f->uptodate = around_it;
					unlock();
				} else if (!f->uptodate) {
					read_one();
					AWAIT(w.sent(*r));
					issued();
				} else {
					unlock();
				}
			}
			w.mapping--;
		}
		END;
	}

	int failures = 0;

	bool all_good()
	{
		for (sub &s : r->subs)
			if (rl_folio_end(&r->core, &s.core, f->pos, f->size).fate != RL_FATE_GOOD)
				return false;
		return true;
	}
};

} // namespace

std::unique_ptr<thread> make_flush(world &w, int64_t from, int64_t to, bool wait)
{
	return std::make_unique<flusher>(w, from, to, wait);
}

std::unique_ptr<thread> make_drop(world &w, int64_t from, int64_t truncate_from)
{
	return std::make_unique<dropper>(w, from, truncate_from);
}

std::unique_ptr<thread> make_reader(world &w, int64_t pos, int64_t len)
{
	return std::make_unique<reader>(w, pos, len);
}

} // namespace netfs_world
