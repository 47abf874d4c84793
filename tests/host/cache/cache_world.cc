// SPDX-License-Identifier: GPL-2.0-only
/* The moves of cache_world.hpp. */
#include "cache_world.hpp"

namespace cache_world {

world::world(const options &o, source &s) : opt(o), from(s), cells(nr_cells())
{
	for (auto &i : inodes)
		i.cache.resize(nr_cells());
	unwritten.resize(nr_cells());
	for (size_t c = 0; c < nr_cells(); c++)
		unwritten[c] = c;
	version = 1;
	mtime = static_cast<int64_t>(wall()) - (opt.old ? 1000 : 0);
	while (!unwritten.empty())
		server_goes_on();
	content[version] = cells;
	mtimes[version] = mtime;
}

rc_key world::key_of(uint64_t v) const
{
	return { { 7, 7 }, 42, 1, v, opt.size, mtimes.at(v), 5 };
}

int64_t world::end_of(const live &l, size_t g) const
{
	return std::min<int64_t>(opt.size, (g + 1) << rc_shift(l.core.key.size));
}

live *world::pick_object()
{
	if (objects.empty())
		return nullptr;
	auto at = objects.begin();

	std::advance(at, from.pick(objects.size()));
	return &*at;
}

rc_outcome world::outcome()
{
	if (opt.errors && !from.pick(50))
		return RC_ERROR;
	if (opt.refusals && !from.pick(50))
		return from.pick(2) ? RC_FROZEN : RC_FULL;
	if (opt.refusals && !from.pick(20))
		return from.pick(2) ? RC_READ_ONLY : RC_MISSED;
	return RC_DONE;
}

/* ------------------------------------------------------------------------- the server */

void world::pass(uint64_t ms)
{
	now += ms;
	while (!unwritten.empty() && now >= write_ends)
		server_goes_on();
}

/* The version is another one at once; its bytes come, each at its time. */
void world::server_write()
{
	while (!unwritten.empty())
		server_goes_on();
	version++;
	mtime = wall();
	mtimes[version] = mtime;
	content[version] = cells;
	for (size_t c = 0; c < nr_cells(); c++)
		if (!from.pick(3)) {
			unwritten.push_back(c);
			content[version][c] = static_cast<uint32_t>(version << 12 | c);
		}
	write_ends = now + RC_SETTLE_MS;
}

void world::server_goes_on()
{
	if (unwritten.empty())
		return;
	cells[unwritten.back()] = static_cast<uint32_t>(version << 12 | unwritten.back());
	unwritten.pop_back();
}

/* ------------------------------------------------------------------------- the client */

void world::drop_folios(int i)
{
	for (auto &f : inodes[i].cache)
		f.reset();
}

/* Attributes have come, at an open. */
void world::adopt(int i)
{
	live *l = inodes[i].object;

	if (l && l->core.key.version != version) {
		kill(*l, RC_WHY_VERSION);
		inodes[i].object = nullptr;
		if (inodes[i].uses)
			leave(i, *l);
		drop_folios(i);
	}
	if (!inodes[i].uses)
		open(i);
}

void world::open(int i)
{
	rc_key key = key_of(version);
	auto at = files.find(version);

	if (doomed.count(version))
		return;
	for (live &l : objects)
		if (rc_key_equal(&l.core.key, &key)) {
			bool used = rc_use(&l.core);

			REQUIRE(used == !l.dead);
			reach::met("found", used ? 2 : 3);
			if (used) {
				l.users.insert(i);
				inodes[i].object = &l;
				inodes[i].uses = true;
			}
			return;
		}
	live &l = objects.emplace_back();

	l.bits.assign(rc_object_words(&key), ~0ull);
	l.on = at == files.end() ? nullptr : &at->second;
	l.exists = l.on;
	reach::met("found", l.exists);
	REQUIRE(rc_object_init(&l.core, &key, l.bits.empty() ? nullptr : l.bits.data(), l.exists,
			       now, wall()));
	l.model.resize(rc_granules(opt.size));
	for (auto &came : l.came)
		came.resize(nr_cells());
	l.settled = key.mtime_sec + int64_t(RC_SETTLED_S) <= int64_t(wall()) ? now : now + RC_SETTLE_MS;
	l.users.insert(i);
	inodes[i].object = &l;
	inodes[i].uses = true;
}

void world::leave(int i, live &l)
{
	inodes[i].uses = false;
	REQUIRE(rc_unuse(&l.core));
	l.users.erase(i);
	REQUIRE(!l.users.empty() || !rc_unuse(&l.core));
	put_away(l);
}

void world::put_away(live &l)
{
	bool busy = l.looking || !l.fills.empty() || !l.reads.empty() ||
		    l.core.commit != RC_COMMIT_IDLE;
	bool alive = !l.dead && !l.none && !l.looking;
	uint64_t version = l.core.key.version;
	rc_end end = rc_object_end(&l.core, now, wall());

	reach::met("end", end);
	REQUIRE((end == RC_END_USED) == !l.users.empty());
	if (end == RC_END_USED)
		return;
	busy |= l.core.owed && alive;
	REQUIRE((end == RC_END_BUSY) == busy);
	if (end == RC_END_BUSY)
		return;
	if (end == RC_END_COMMIT) {
		commit_begin(l);
		return;
	}
	REQUIRE(rc_object_end(&l.core, now, wall()) == RC_END_INVALID);
	REQUIRE((end == RC_END_NOTHING) == !l.on);
	if (l.dead)
		REQUIRE(end != RC_END_KEEP, "what was killed is kept");
	if (end == RC_END_REMOVE && alive)
		REQUIRE(!l.core.sequence);
	if (end == RC_END_REMOVE) {
		/* It is unlinked some time, or comes back with the next boot. */
		if (alive || !from.pick(2))
			files.erase(version);
		else
			doomed.insert(version);
	}
	for (inode &i : inodes)
		if (i.object == &l)
			i.object = nullptr;
	objects.remove_if([&](const live &o) { return &o == &l; });
}

/* A write of our own: first the object, then the folio, then the server. */
void world::write_here(int i)
{
	size_t c = from.pick(nr_cells());

	if (live *l = inodes[i].object) {
		kill(*l, RC_WHY_WRITTEN);
		if (inodes[i].uses)
			leave(i, *l);
	}
	if (!inodes[i].cache[c])
		inodes[i].cache[c] = std::make_shared<uint32_t>(0);
	*inodes[i].cache[c] = ++garbage;
	/* It may be lost before the server has it: then the version stays. */
	if (from.pick(2))
		server_write();
	else
		drop_folios(i);
}

void world::ask(int i)
{
	size_t a = from.pick(nr_cells()), n = 1 + from.pick(from.pick(3) ? 5 : 40);
	int64_t pos = a * CELL, end = std::min<int64_t>((a + n) * CELL, opt.size);

	/* A folio is locked until it has come. */
	for (const request &r : requests)
		if (r.inode == i && r.pos < end && pos < r.pos + r.len)
			return;
	requests.push_back({ i, pos, end - pos, now, {} });
}

void world::answer(request &r)
{
	for (int64_t pos = r.pos; pos < r.pos + r.len; pos += CELL)
		r.tokens.push_back(cells[pos / CELL]);
}

void world::came(request &r)
{
	inode &in = inodes[r.inode];
	live *l = in.object;
	rl_bytes bytes = { r.pos, r.pos + r.len };
	rc_fill fill;

	for (size_t n = 0; n < r.tokens.size(); n++)
		in.cache[r.pos / CELL + n] = std::make_shared<uint32_t>(r.tokens[n]);
	if (!l)
		return;
	if (r.asked < l->settled)
		reach::met("unsettled", 0);
	else
		for (size_t n = 0; n < r.tokens.size(); n++)
			l->came[r.inode][r.pos / CELL + n] = true;
	while (rc_fill_begin(&l->core, &in, &bytes, r.asked, &fill))
		fill_begun(*l, r.inode, fill);
	REQUIRE(bytes.from == bytes.to);
	if (r.asked < l->settled || l->dead || l->none)
		return;
	/* What has come whole is somewhere. */
	bool later = l->looking || l->fills.size() == RC_FILLS_MAX;
	bool own = l->core.inode == &in;

	for (size_t g = 0; g < l->model.size(); g++) {
		bool whole = int64_t(g << rc_shift(opt.size)) >= r.pos && end_of(*l, g) <= r.pos + r.len;

		if (whole && l->model[g] == granule::empty)
			REQUIRE(later && (owes(*l, g) || !own), "what has come whole is not taken");
	}
}

/* --------------------------------------------------------------------------- its file */

void world::look_over(live &l)
{
	uint64_t v = l.core.key.version;
	rc_look look = l.on ? RC_LOOK_OPEN : RC_LOOK_CREATED;
	rc_header header;
	bool good = false;

	if (opt.errors && !from.pick(8))
		look = l.on ? (from.pick(2) ? RC_LOOK_BAD : RC_LOOK_FAILED) : RC_LOOK_ABSENT;
	if (look == RC_LOOK_CREATED)
		l.on = &files.emplace(v, key_of(v)).first->second;
	if (look == RC_LOOK_OPEN)
		good = rc_header_read(l.on->head.data(), &l.core.key, l.on->length, &header) ==
		       RC_HEADER_GOOD;
	l.looking = false;
	rc_opened opened = rc_object_opened(&l.core, look, l.on ? l.on->head.data() : nullptr,
					    l.on ? l.on->length : 0);

	reach::met("looked", look);
	reach::met("opened", opened);
	REQUIRE(rc_object_opened(&l.core, look, nullptr, 0) == RC_OPENED_INVALID);
	if (l.dead) {
		REQUIRE(opened == RC_OPENED_DEAD);
	} else if (look == RC_LOOK_BAD || (look == RC_LOOK_OPEN && !good)) {
		REQUIRE(opened == RC_OPENED_DEAD);
		l.dead = true;
	} else if (look == RC_LOOK_ABSENT || look == RC_LOOK_FAILED) {
		REQUIRE(opened == RC_OPENED_NONE);
		l.none = true;
	} else {
		REQUIRE(opened == RC_OPENED_READY);
		for (size_t g = 0; good && g < l.model.size(); g++)
			if (header.bits[g / 8] >> g % 8 & 1)
				l.model[g] = granule::vouched;
		owed(l);
	}
	put_away(l);
}

void world::kill(live &l, rc_why why)
{
	reach::met("killed with fills", !l.fills.empty());
	REQUIRE(rc_kill(&l.core, why) == !l.dead);
	l.dead = true;
}

/* -------------------------------------------------------------------------------- fills */

void world::fill_begun(live &l, int i, const rc_fill &fill)
{
	filling f = { fill, {}, 0, false };

	REQUIRE(fill.from < fill.to && fill.to <= int64_t(opt.size));
	REQUIRE(fill.to - fill.from <= int64_t(RC_FILL_MAX));
	reach::met("collected", fill.collected);
	for (size_t c = fill.from / CELL; int64_t(c * CELL) < fill.to; c++) {
		REQUIRE(l.came[i][c], "cell %zu has not come", c);
		f.folios.push_back(inodes[i].cache[c]);
		f.missed |= !f.folios.back();
	}
	for (size_t g = fill.from >> rc_shift(opt.size); end_of(l, g) <= fill.to; g++) {
		REQUIRE(l.model[g] == granule::empty, "a granule is filled twice");
		l.model[g] = granule::filling;
		if (end_of(l, g) == fill.to)
			break;
	}
	l.fills.push_back(std::move(f));
	REQUIRE(l.fills.size() <= RC_FILLS_MAX);
}

void world::owed(live &l)
{
	rc_fill fill;

	for (int i = 0; i < 2; i++)
		while (rc_fill_owed(&l.core, &inodes[i], &fill)) {
			reach::met("owed", 0);
			REQUIRE(fill.collected);
			fill_begun(l, i, fill);
		}
	REQUIRE(!l.core.owed || l.core.state != RC_READY || l.fills.size() == RC_FILLS_MAX,
		"what is owed is not paid");
}

/* An inode goes, or only lets go. */
void world::forget(live &l, int i)
{
	rc_fill_forget(&l.core, &inodes[i]);
	reach::met("owed", 1);
	std::fill(l.came[i].begin(), l.came[i].end(), false);
	put_away(l);
}

/* A cell more, from a folio that is as it is now. */
void world::fill_goes_on(live &l, bool to_the_end)
{
	if (l.fills.empty())
		return;
	auto at = l.fills.begin();

	std::advance(at, from.pick(l.fills.size()));
	if (at->missed) {
		fill_over(l, at, RC_MISSED);
		return;
	}
	do {
		if (at->at == at->folios.size()) {
			fill_over(l, at, RC_DONE);
			return;
		}
		rc_outcome result = outcome();

		if (result != RC_DONE) {
			fill_over(l, at, result);
			return;
		}
		l.on->write_cell(at->what.from / CELL + at->at, *at->folios[at->at]);
		at->at++;
	} while (to_the_end);
}

void world::fill_over(live &l, std::list<filling>::iterator at, rc_outcome result)
{
	rc_fill fill = at->what;

	reach::met("filled", result);
	REQUIRE(rc_fill_end(&l.core, &fill, result, now));
	for (size_t g = fill.from >> rc_shift(opt.size); g < l.model.size() && end_of(l, g) <= fill.to; g++)
		l.model[g] = result == RC_DONE && !l.dead ? granule::here : granule::empty;
	if (result == RC_ERROR)
		l.dead = true;
	l.fills.erase(at);
	REQUIRE(!rc_fill_end(&l.core, &fill, result, now));
	owed(l);
	put_away(l);
}

/* ------------------------------------------------------------------------------ commits */

void world::commit_begin(live &l)
{
	bool due = rc_commit_due(&l.core, now, wall());

	REQUIRE(rc_commit_begin(&l.core, now, wall()) == due);
	if (!due)
		return;
	for (granule &g : l.model)
		if (g == granule::here)
			g = granule::syncing;
	l.syncing = l.on->pending.size();
}

static void end_commit(live &l, granule to)
{
	for (granule &g : l.model)
		if (g == granule::syncing)
			g = to;
}

void world::commit_goes_on(live &l)
{
	rc_outcome result = outcome();
	bool later = result == RC_FROZEN || result == RC_MISSED;

	if (l.core.commit == RC_COMMIT_SYNCING) {
		/* The same struct file is told of a write-back that has failed. */
		if (l.on->failed)
			result = RC_ERROR, later = false;
		if (result == RC_DONE) {
			l.on->synced(std::min(l.syncing, l.on->pending.size()), from);
			l.on->safe = l.on->last;
		} else if (!later) {
			l.on->lost(from);
		}
		bool writes = result == RC_DONE && !l.dead;
		uint64_t sequence = l.core.sequence + 1;
		rc_commit what = rc_commit_synced(&l.core, result, now, l.slot, &l.place);

		reach::met("synced", what);
		REQUIRE(what == (writes ? RC_COMMIT_WRITE : RC_COMMIT_STOP));
		if (result != RC_DONE && !later)
			l.dead = true;
		l.says = { sequence, std::vector<bool>(l.model.size()) };
		for (size_t g = 0; g < l.model.size(); g++) {
			l.says.granules[g] = l.model[g] == granule::syncing || l.model[g] == granule::vouched;
			if (l.model[g] == granule::here)
				reach::met("late bits", 0);
		}
		if (writes)
			return;
		end_commit(l, granule::here);
		put_away(l);
		return;
	}
	if (!later) {
		/* A write that has failed may have come as far as anywhere. */
		size_t len = result == RC_DONE ? RC_SLOT : from.pick(16) * 256;

		l.on->write_slot(l.place, l.slot, len);
		if (result == RC_DONE)
			l.on->last = l.says;
		else
			l.on->last = l.on->safe;
	}
	reach::met("written", result);
	REQUIRE(rc_commit_written(&l.core, result, now));
	REQUIRE(!rc_commit_written(&l.core, result, now));
	end_commit(l, result == RC_DONE && !l.dead ? granule::vouched : granule::here);
	if (result != RC_DONE && !later)
		l.dead = true;
	put_away(l);
}

/* -------------------------------------------------------------------------------- reads */

void world::read_begin(live &l)
{
	int64_t pos = from.pick(nr_cells()) * CELL;
	int64_t len = CELL * (1 + from.pick(8));
	rc_run run = rc_read_plan(&l.core, pos, len), begun;

	if (from.pick(4))
		len = run.len;
	bool covered = run.cache && run.len >= len;

	REQUIRE(rc_read_begin(&l.core, pos, len, &begun) == covered);
	if (covered) {
		REQUIRE(!l.dead, "a dead object is read");
		l.reads.push_back({ pos, len, begun });
	}
}

void world::read_over(live &l)
{
	if (l.reads.empty())
		return;
	reading r = l.reads.front();
	rc_outcome result = opt.errors && !from.pick(40) ? RC_ERROR : from.pick(12) ? RC_DONE : RC_MISSED;

	l.reads.pop_front();
	if (!r.run.vouched && l.on->failed) {
		result = RC_ERROR;
		reach::met("read was lost", 0);
	}
	reach::met("read", r.run.vouched);
	if (result == RC_DONE)
		for (int64_t pos = r.pos; pos < r.pos + r.run.data; pos += CELL)
			REQUIRE(is_of(l.core.key.version, pos / CELL, l.on->view[pos / CELL]),
				"cell %lld is not the version's", (long long)(pos / CELL));
	REQUIRE(!rc_read_end(&l.core, RC_FULL));
	REQUIRE(rc_read_end(&l.core, result));
	if (result == RC_ERROR)
		l.dead = true;
	put_away(l);
}

/* ---------------------------------------------------------------------------------- all */

void world::power_cut()
{
	for (auto &[v, f] : files) {
		f.power_cut(from);
		check_disk(f);
	}
	/* The next boot's scan keeps what it may believe. */
	std::erase_if(files, [](auto &each) {
		rc_header header;

		return rc_header_read(each.second.head.data(), &each.second.key, each.second.length,
				      &header) != RC_HEADER_GOOD;
	});
	for (int i = 0; i < 2; i++) {
		inodes[i].object = nullptr;
		inodes[i].uses = false;
		drop_folios(i);
	}
	objects.clear();
	requests.clear();
	doomed.clear();
}

void world::step()
{
	int i = from.pick(4) == 0;
	live *l = pick_object();

	events++;
	pass(from.pick(8) ? from.pick(40) : from.pick(250) * 50);
	switch (from.pick(32)) {
	case 0 ... 2:
		adopt(i);
		break;
	case 3:
		/* Seldom, or nothing comes to be vouched for. */
		if (opt.writers && !from.pick(16))
			server_write();
		break;
	case 4:
		server_goes_on();
		break;
	case 5 ... 8:
		if (requests.size() < 6)
			ask(i);
		break;
	case 9 ... 12:
		if (!requests.empty()) {
			auto r = requests.begin();

			std::advance(r, from.pick(requests.size()));
			if (r->tokens.empty()) {
				answer(*r);
			} else {
				came(*r);
				requests.erase(r);
			}
		}
		break;
	case 13:
		if (opt.writers && !from.pick(20))
			write_here(i);
		break;
	case 14:
		inodes[i].cache[from.pick(nr_cells())].reset();
		break;
	case 15:
		if (inodes[i].uses && !from.pick(3))
			leave(i, *inodes[i].object);
		break;
	case 16:
		if (l && l->on && from.pick(2))
			l->on->write_back(from, opt.errors && !from.pick(4));
		break;
	case 17:
		if (opt.cuts && !from.pick(10))
			return power_cut();
		break;
	case 18:
		if (l && !from.pick(30))
			forget(*l, i);
		break;
	case 19:
		if (l)
			fault(*l);
		break;
	case 20 ... 21:
		if (l && l->looking)
			look_over(*l);
		break;
	case 22 ... 25:
		if (l)
			fill_goes_on(*l, !from.pick(3));
		break;
	case 26 ... 28:
		if (l && l->core.commit != RC_COMMIT_IDLE)
			commit_goes_on(*l);
		else if (l)
			commit_begin(*l);
		break;
	case 29:
		if (l)
			read_begin(*l);
		break;
	default:
		if (l)
			read_over(*l);
	}
	for (live &o : objects)
		check(o);
}

void world::quiesce()
{
	for (int i = 0; i < 2; i++)
		if (inodes[i].uses)
			leave(i, *inodes[i].object);
	for (int n = 0; !objects.empty(); n++) {
		live &l = objects.front();

		REQUIRE(n < 10000, "it does not come to rest");
		if (l.looking)
			look_over(l);
		else if (!l.fills.empty())
			fill_goes_on(l);
		else if (!l.reads.empty())
			read_over(l);
		else if (l.core.commit != RC_COMMIT_IDLE)
			commit_goes_on(l);
		else
			forget(l, n % 2);
	}
	power_cut();
}

} // namespace cache_world
