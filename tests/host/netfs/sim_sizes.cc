// SPDX-License-Identifier: GPL-2.0-only
/* What asks for attributes or sets the size, fsync, and which operation comes next. */
#include "sim_threads.hpp"

namespace netfs_world {

namespace {

/* To the wire and back. */
struct asker : waiter {
	rl_size_change change = {};
	rl_size_says says = RL_SIZE_SAME;

	using waiter::waiter;

	void ask(what kind, int64_t size)
	{
		rpc m = { kind, static_cast<thread *>(this) };
		m.size = size;
		answered = false;
		w.post(m);
	}
};

struct getattr_op : asker {
	rl_sample sample = {};
	int64_t before = 0;

	using asker::asker;

	bool run() override
	{
		BEGIN;
		sample = rl_size_sample(&w.sizes);
		ask(GETATTR, 0);
		AWAIT(answered);
		failed = reply.answer.error;
		if (failed) {
			over = true;
			return true;
		}
		before = w.sizes.i_size;
		says = rl_size_attributes(&w.sizes, sample, reply.size, w.mapping_dirty(), &change);
		REQUIRE(w.sizes.i_size <= before, "it grew before the cache was dropped");
		if (says == RL_SIZE_LATE || says == RL_SIZE_BUSY)
			w.hear(reply.size, reply.processed);
		reach::met("attributes", says);
		w.explained = std::max(w.explained, reply.size);
		if (says == RL_SIZE_DROP || says == RL_SIZE_DROP_FIRST)
			CHILD(make_drop(w, change.drop_from));
		if (says == RL_SIZE_DROP_FIRST) {
			bool grown = rl_size_grow(&w.sizes, &change, w.mapping_dirty());
			reach::met("grown", grown);
			if (!grown)
				says = RL_SIZE_LATE;
		}
		if (says <= RL_SIZE_DROP_FIRST && !rl_size_stale(&w.sizes))
			w.take_attributes(reply.processed, reply.size);
		if ((says == RL_SIZE_DROP || says == RL_SIZE_DROP_FIRST) &&
		    !rl_size_stale(&w.sizes))
			w.dropped(change.drop_from, reply.processed);
		END;
	}
};

struct truncate_op : asker {
	int64_t size;

	truncate_op(world &in, int64_t to) : asker(in), size(to) {}

	void resized()
	{
		for (int64_t i = size; i < domain; i++) {
			if (w.ours[i]) {
				w.local[i] = 0;
				w.sure[i] = true;
			}
			w.pend[i] = false;
		}
		w.dropped(size, reply.processed);
		w.floor = std::min(w.floor, size);
		w.explained = size;
	}

	void lock_all()
	{
		w.writer = true;
		w.invalidating = true;
	}

	void unlock_all()
	{
		w.wb_lock = false;
		w.invalidating = false;
		w.writer = false;
	}

	bool run() override
	{
		BEGIN;
		AWAIT(!w.writer && !w.readers);
		w.writer = true;
		AWAIT(!w.dio && !w.mapping);
		lock_all();
		do {
			CHILD(make_flush(w, 0, domain, true));
			AWAIT(!w.wb_lock);
		} while (w.mapping_dirty());
		w.wb_lock = true;
		AWAIT(rl_size_resize_begin(&w.sizes));
		ask(RESIZE, size);
		AWAIT(answered);
		says = rl_size_resized(&w.sizes, size, !reply.answer.error, &change);
		reach::met("resized", says);
		if (!reply.answer.error) {
			REQUIRE(w.sizes.i_size == size || says == RL_SIZE_DROP_FIRST);
			resized();
		}
		if (says == RL_SIZE_DROP || says == RL_SIZE_DROP_FIRST)
			CHILD(make_drop(w, change.drop_from, change.truncate_from));
		if (says == RL_SIZE_DROP_FIRST)
			REQUIRE(rl_size_grow(&w.sizes, &change, w.mapping_dirty()));
		unlock_all();
		END;
	}
};

struct fsync_op : waiter {
	uint64_t began = 0;

	using waiter::waiter;

	bool run() override
	{
		BEGIN;
		began = w.events;
		CHILD(make_flush(w, 0, domain, true));
		failed = w.error;
		w.error = false;
		for (int64_t i = 0; i < domain; i++)
			REQUIRE(failed || !w.unreported[i], "byte %ld was lost, fsync says yes", (long)i);
		w.unreported.fill(false);
		if (!failed)
			for (int64_t i = 0; i < domain; i++)
				if (w.ours[i] && w.sure[i] && w.when[i] < began)
					REQUIRE(!w.pend[i] && w.srv.value(i) == w.local[i],
						"byte %ld after fsync", (long)i);
		END;
	}
};

} // namespace

std::unique_ptr<thread> make_fsync(world &w) { return std::make_unique<fsync_op>(w); }

std::unique_ptr<thread> make_getattr(world &w) { return std::make_unique<getattr_op>(w); }

std::unique_ptr<thread> make_truncate(world &w, int64_t size)
{
	return std::make_unique<truncate_op>(w, size);
}

/* A run of bytes that are ours; empty if there is none there. */
static int64_t ours_from(world &w, int64_t pos, int64_t most)
{
	int64_t len = 0;

	while (len < most && pos + len < domain && w.ours[pos + len])
		len++;
	return len;
}

static std::unique_ptr<thread> some_write(world &w, bool direct)
{
	int64_t around = std::min<int64_t>(w.sizes.i_size + 40, domain - 1);
	int64_t pos = w.chance(3) ? w.pick(around + 1) : w.pick(domain);
	int64_t len = ours_from(w, pos, 1 + w.pick(w.chance(3) ? 150 : 20));

	if (!len)
		return make_getattr(w);
	if (direct)
		return make_direct(w, pos, len, true);
	return make_write(w, pos, len);
}

std::unique_ptr<thread> some_thread(world &w)
{
	switch (w.pick(16)) {
	case 0: case 1: case 2: case 3:
		return some_write(w, false);
	case 4: case 5: case 6:
		return make_reader(w, w.pick(domain), 1 + w.pick(200));
	case 7: case 8:
		return make_getattr(w);
	case 9:
		return some_write(w, true);
	case 10:
		return make_direct(w, w.pick(domain - 200), 1 + w.pick(200), false);
	case 11:
		return make_fsync(w);
	case 12: case 13:
		return make_flush(w, w.pick(domain), domain, false);
	case 14:
		if (w.opt.mapped)
			return make_map(w, w.pick(std::max<int64_t>(w.sizes.i_size, 1)));
		return make_reader(w, 0, domain);
	default:
		return make_truncate(w, w.pick(domain));
	}
}

} // namespace netfs_world
