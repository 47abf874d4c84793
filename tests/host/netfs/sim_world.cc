// SPDX-License-Identifier: GPL-2.0-only
/* Steps, the other client, and the end of a round. */
#include "sim_threads.hpp"

namespace netfs_world {

world::world(options o, source &random) : opt(o), from(&random)
{
	bool mine = true;

	REQUIRE(rl_limits_set(&limits, opt.rsize, opt.wsize, 16, opt.flags));
	retry = { 1 + pick(4), 50, opt.timeo, 200 };
	REQUIRE(rl_size_init(&sizes, 0));
	rl_credits_init(&credits, 1 + pick(8), pick(4), 1 + pick(400));
	/* Whose is each byte: runs of any length, so that pages are shared. */
	for (int64_t i = 0; i < domain; i++) {
		if (chance(12))
			mine = !mine;
		ours[i] = mine || !opt.foreign || opt.ours_alone;
		sure[i] = true;
	}
}

void world::foreign_truncate(int64_t to)
{
	for (int64_t i = to; i < domain; i++) {
		auto f = find(i);
		bool unsent = f && f->dirty && !f->writeback && pend[i];

		if (ours[i] && !unsent)
			sure[i] = false;
	}
	/* What is dirty was not sent, and will be. */
	floor = std::min(floor, to);
	srv.resize(to);
	truncations++;
	for (int64_t i = to; i < domain; i++)
		cut[i] = srv.seq;
}

void world::foreign()
{
	int64_t pos = pick(domain), len = 1 + pick(40);

	if (opt.truncated && chance(4)) {
		foreign_truncate(chance(2) ? pos : pos / 16 * 16);
		return;
	}
	while (len && (pos + len > domain || ours[pos + len - 1]))
		len--;
	if (len)
		srv.foreign_write(pos, pos + len, fresh(), ours);
}

void world::begin()
{
	if (threads.size() < 6)
		threads.push_back(some_thread(*this));
}

bool thread::step() { return over || run(); }

/* One of them, at random, that can go on. */
bool world::run_threads()
{
	uint32_t skip = threads.empty() ? 0 : pick(threads.size());
	auto at = std::next(threads.begin(), skip);

	for (size_t i = 0; i < threads.size(); i++) {
		int before = (*at)->at;
		bool done = (*at)->step();

		if (done)
			threads.erase(at);
		if (done || (*at)->at != before)
			return true;
		if (++at == threads.end())
			at = threads.begin();
	}
	return false;
}

void world::check()
{
	const char *wrong = rl_size_validate(&sizes);
	flight now = in_flight();

	REQUIRE(!wrong, "%s", wrong);
	REQUIRE(now.reads == credits.reads && now.writes == credits.writes &&
		now.bytes == credits.used, "a credit is lost");
	REQUIRE(rl_credit_wanted(&credits) == !line.empty());
	REQUIRE(sizes.i_size >= floor, "%ld, but %ld was written", (long)sizes.i_size, (long)floor);
}

void world::step()
{
	events++;
	if (chance(2))
		deed_step();
	if (chance(4))
		drop_bad();
	switch (pick(8)) {
	case 0: case 1:
		if (!calm)
			begin();
		break;
	case 2: case 3: case 4:
		wire_step();
		break;
	case 5:
		if (!calm && opt.foreign && !opt.ours_alone && chance(3))
			foreign();
		break;
	case 6:
		now += pick(20);
		timers();
		if (!calm && opt.mapped && chance(8))
			pin();
		/* Its session is gone, or whoever asked for it is. */
		if (!calm && opt.fatal && !live.empty() && chance(40))
			cancel(*request_p(live[pick(live.size())]), -5);
		break;
	default:
		if (chance(3))
			finish_one();
		run_threads();
	}
	check();
}

/* Whatever was begun ends, and in a bounded time. */
void world::drain()
{
	for (uint64_t i = 0; !threads.empty() || !flying.empty() || io_count || !deeds.empty(); i++) {
		REQUIRE(i < 200000, "it hangs: %zu threads (the first at %d), %zu messages, %d requests",
			threads.size(), threads.empty() ? 0 : threads.front()->at, flying.size(),
			io_count);
		if (i % 2000 == 1999) {
			die();
			for (size_t k = 0; k < live.size(); k++)
				if (!live[k]->over)
					rl_req_hurry(&live[k]->core, now);
		}
		step();
	}
	timers();
	REQUIRE(live.empty() && !io_count && deeds.empty());
}

void world::run_to_end(std::unique_ptr<thread> t)
{
	threads.push_back(std::move(t));
	drain();
}

void world::check_end()
{
	REQUIRE(!rl_size_stale(&sizes) && sizes.i_size == srv.size() && sizes.server == srv.size(),
		"%ld here, %ld there", (long)sizes.i_size, (long)srv.size());
	REQUIRE(!sizes.writes && !sizes.resizes && !readers && !writer && !wb_lock);
	for (int64_t i = 0; i < domain; i++) {
		if (!ours[i])
			continue;
		REQUIRE(!sure[i] || srv.value(i) == local[i], "byte %ld: %d was written, it is %d",
			(long)i, local[i], srv.value(i));
		REQUIRE(!pend[i] || i >= srv.size(), "byte %ld was never sent", (long)i);
		local[i] = srv.value(i);
		sure[i] = true;
		pend[i] = false;
	}
}

/* All is written back, the attributes are taken; then all of it is read anew. */
void world::quiesce()
{
	calm = true;
	drain();
	for (int i = 0; i < 4; i++)
		run_to_end(make_fsync(*this));
	REQUIRE(!mapping_dirty());
	for (int i = 0; i < 3; i++)
		run_to_end(make_getattr(*this));
	check_end();
	run_to_end(make_drop(*this, 0));
	REQUIRE(cache.empty());
	run_to_end(make_reader(*this, 0, domain));
	for (int64_t i = 0; i < srv.size(); i++) {
		auto f = find(i);
		REQUIRE(f && f->uptodate && f->data[i - f->pos] == srv.value(i), "byte %ld", (long)i);
	}
	calm = false;
}

} // namespace netfs_world
