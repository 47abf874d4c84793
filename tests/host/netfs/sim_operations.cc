// SPDX-License-Identifier: GPL-2.0-only
/* What writes: buffered, mapped, direct; and direct reads. */
#include "sim_threads.hpp"

namespace netfs_world {

namespace {

struct write_op : waiter {
	int64_t pos, to;
	rl_span span = {};
	rl_write_plan plan = {};
	rl_write says = RL_WRITE_NOW;

	write_op(world &in, int64_t from, int64_t len) : waiter(in), pos(from), to(from + len) {}

	uint32_t flags() { return w.opt.ours_alone ? RL_MAY_WIDEN | RL_MAY_READ : 0; }

	void ask()
	{
		rl_folio core = f->core();

		span = { static_cast<uint32_t>(pos - f->pos),
			 static_cast<uint32_t>(std::min(to, f->end()) - f->pos) };
		says = rl_plan_write(&core, span, flags(), &plan);
		reach::met("write", says);
		REQUIRE(says != RL_WRITE_INVALID);
	}

	/* What is clean in between is sent as well by whoever may. */
	void widen()
	{
		rl_folio core = f->core();
		rl_span all = rl_dirty(&core);

		for (uint32_t i = all.from; i < all.to; i++)
			if (f->pos + i < domain) {
				w.pend[f->pos + i] = true;
				w.when[f->pos + i] = w.events;
			}
	}

	/* Mostly all of it; what does not count is neither ours nor defined. */
	uint32_t copied(uint8_t value)
	{
		uint32_t len = span.to - span.from;
		rl_folio core = f->core();
		uint32_t bytes = w.opt.trouble && !w.calm && w.chance(4) ? w.pick(len + 1) : len;
		uint32_t counts = rl_write_copied(&core, span, bytes, flags(), &plan);

		reach::met("copied", counts < len ? counts != 0 : 2);
		REQUIRE(counts <= bytes && (counts == bytes || !counts));
		REQUIRE(counts == len || bytes < len, "all of it was copied");
		for (uint32_t i = span.from; i < span.from + bytes; i++) {
			f->data[i] = value;
			f->since[i] = w.srv.seq;
		}
		f->word = plan.word;
		f->uptodate = plan.uptodate;
		/* Its memory has gone for good: that was all. */
		failed = bytes < len && w.chance(2);
		return counts;
	}

	void copy()
	{
		uint8_t value = w.fresh();
		uint32_t counts = copied(value);
		int64_t end = f->pos + span.from + counts;

		if (!counts)
			return;
		for (uint32_t i = span.from; i < span.from + counts; i++)
			w.wrote(f->pos + i, value);
		f->dirty = true;
		if (w.opt.ours_alone)
			widen();
		w.extends(end);
		rl_size_extend(&w.sizes, end);
		w.floor = std::max(w.floor, end);
		pos = end;
	}

	bool run() override
	{
		BEGIN;
		AWAIT(!w.writer && !w.readers);
		w.writer = true;
		AWAIT(lock(w.sizes.i_size));
		w.zero_gap(pos);
		if (f)
			unlock();
		while (pos < to) {
			if (!w.find(pos))
				w.create(pos, false);
			AWAIT(lock(pos));
			if (!f)
				continue;
			AWAIT(stable());
			ask();
			if (says == RL_WRITE_BACK) {
				unlock();
				CHILD(make_flush(w, f->pos, f->end(), true));
				continue;
			}
			if (says == RL_WRITE_FILL) {
				r = w.start(RL_READ);
				r->issuer_ends = true;
				r->folios.push_back(f);
				w.send(*r, { f->pos + plan.fill.from, plan.fill.to - plan.fill.from });
				AWAIT(alone());
				failed = rl_req_result(&r->core).why != RL_WELL;
				issued();
			}
			if (failed) {
				unlock();
				break;
			}
			copy();
			unlock();
			if (failed)
				break;
		}
		w.writer = false;
		END;
	}
};

/* A page fault that writes, then stores; or pinned pages that are only marked. */
struct map_op : waiter {
	int64_t pos;

	map_op(world &in, int64_t place) : waiter(in), pos(place) {}

	void store()
	{
		uint8_t value = w.fresh();

		for (int64_t i = pos; i < f->end() && i < pos + 8; i++) {
			f->data[i - f->pos] = value;
			f->since[i - f->pos] = w.srv.seq;
			if (i < w.sizes.i_size)
				w.wrote(i, value);
		}
		w.mark_whole(*f);
	}

	bool run() override
	{
		BEGIN;
		AWAIT(!w.writer);
		w.readers++;
		CHILD(make_reader(w, pos, 1));
		AWAIT(!w.invalidating && lock(pos));
		if (f) {
			AWAIT(stable());
			if (f->uptodate && pos < w.sizes.i_size && w.all_ours(*f))
				store();
			unlock();
		}
		w.readers--;
		END;
	}
};

struct direct_op : waiter {
	int64_t pos, len;
	bool write, asynchronous = false;
	std::vector<uint8_t> buffer;
	uint8_t value = 0;
	int truncations = 0;

	direct_op(world &in, int64_t place, int64_t length, bool writes)
		: waiter(in), pos(place), len(length), write(writes), buffer(length) {}

	void fly()
	{
		int64_t at = pos;

		r = w.start(write ? RL_DIRECT_WRITE : RL_DIRECT_READ);
		r->buffer = &buffer;
		r->got.resize(len);
		r->base = pos;
		while (at < pos + len) {
			rl_piece piece = rl_plan_bytes(&w.limits, r->kind, at, pos + len - at);
			w.send(*r, piece);
			at += piece.len;
		}
	}

	void store()
	{
		value = w.fresh();
		truncations = w.truncations;
		w.extends(pos + len);
		for (int64_t i = 0; i < len; i++) {
			buffer[i] = value;
			w.pend[pos + i] = true;
			w.sure[pos + i] = false;
		}
	}

	/* Pages that are stored to meanwhile are nobody's concern but the program's. */
	void begin()
	{
		if (write)
			w.writer = w.direct_write = true;
		else
			w.readers++;
	}

	void stored()
	{
		for (int64_t i = 0; i < len; i++)
			w.pend[pos + i] = false;
		for (int64_t i = 0; i < r->result.bytes; i++)
			if (truncations == w.truncations) {
				w.wrote(pos + i, value);
				w.pend[pos + i] = false;
			}
		if (r->result.bytes && truncations == w.truncations)
			w.floor = std::max(w.floor, pos + r->result.bytes);
		REQUIRE(r->result.bytes == len || r->result.why != RL_WELL);
	}

	void loaded()
	{
		int64_t bytes = r->result.bytes;

		for (int64_t i = 0; i < bytes; i++)
			REQUIRE(r->got[i], "byte %ld of a read never came", (long)i);
		REQUIRE(bytes == len || r->result.why != RL_WELL || r->result.eof == pos + bytes,
			"it ended at %ld, not at an end", (long)(pos + bytes));
	}

	bool run() override
	{
		BEGIN;
		AWAIT(!w.writer && (!write || !w.readers));
		begin();
		CHILD(make_flush(w, pos, pos + len, true));
		if (write) {
			CHILD(make_drop(w, pos));
			AWAIT(lock(w.sizes.i_size));
			w.zero_gap(pos);
			if (f)
				unlock();
			store();
		}
		fly();
		if (w.opt.fatal && w.chance(6))
			w.cancel(*r, -4);
		AWAIT(w.sent(*r));
		issued();
		/* It goes on without its caller, and a truncate waits for it. */
		asynchronous = !write && w.chance(2);
		if (asynchronous) {
			w.readers--;
			w.dio++;
		}
		AWAIT(r->over);
		if (write) {
			CHILD(make_drop(w, pos));
			stored();
			w.direct_write = false;
			w.writer = false;
		} else {
			loaded();
			(asynchronous ? w.dio : w.readers)--;
		}
		END;
	}
};

} // namespace

std::unique_ptr<thread> make_write(world &w, int64_t pos, int64_t len)
{
	return std::make_unique<write_op>(w, pos, len);
}

std::unique_ptr<thread> make_map(world &w, int64_t pos)
{
	return std::make_unique<map_op>(w, pos);
}

std::unique_ptr<thread> make_direct(world &w, int64_t pos, int64_t len, bool write)
{
	return std::make_unique<direct_op>(w, pos, len, write);
}

} // namespace netfs_world
