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
	mtime = static_cast<int64_t>(wall()) - (opt.old ? 100000 : 0);
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

/* It is told to have no version; its bytes come, each at its time, however long that takes. */
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
	write_ends = now + from.pick(256) * 250;
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
	for (size_t c = 0; c < nr_cells(); c++)
		if (inodes[i].writing != c)
			inodes[i].cache[c].reset();
}

/* Attributes have come, at an open. */
void world::adopt(int i)
{
	live *l = inodes[i].object;

	if (l && l->core.key.version != told()) {
		kill(*l, RC_WHY_VERSION);
		inodes[i].object = nullptr;
		if (inodes[i].uses)
			leave(i, *l);
		drop_folios(i);
	}
	reach::met("told", !!told());
	if (!inodes[i].uses && told())
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
	REQUIRE(rc_object_init(&l.core, &key, key.mtime_sec, now, l.bits.empty() ? nullptr : l.bits.data(), l.exists,
			       now, wall()));
	l.model.resize(rc_granules(opt.size));
	for (auto &came : l.came)
		came.resize(nr_cells());
	l.settled = key.mtime_sec + int64_t(RC_SETTLED_S) <= int64_t(wall()) ? now + 1 : now + RC_SETTLE_MS + 1;
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

/*
 * A write of our own, with a folio's lock over all of it: first the object is killed that
 * the inode has by then, then the folio changes, then the server.  In between anything.
 */
void world::write_begins(int i)
{
	size_t c = from.pick(nr_cells());

	for (const request &r : requests)
		if (inodes[i].writing || (r.inode == i && r.pos <= int64_t(c * CELL) && int64_t(c * CELL) < r.pos + r.len))
			return;
	inodes[i].writing = c;
	if (live *l = inodes[i].object) {
		kill(*l, RC_WHY_WRITTEN);
		if (inodes[i].uses)
			leave(i, *l);
	}
}

void world::write_ends_here(int i)
{
	size_t c = *inodes[i].writing;

	reach::met("written with an object", inodes[i].object && !inodes[i].object->dead);
	inodes[i].writing.reset();
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

	/* A folio is locked until it has come, or is written to. */
	if (inodes[i].writing && int64_t(*inodes[i].writing * CELL) >= pos && int64_t(*inodes[i].writing * CELL) < end)
		return;
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

	if (!l->looking && later && own && l->core.owed)
		reach::met("owed while busy", 0);
	for (size_t g = 0; g < l->model.size(); g++) {
		bool whole = int64_t(g << rc_shift(opt.size)) >= r.pos && end_of(*l, g) <= r.pos + r.len;

		if (whole && l->model[g] == granule::empty)
			REQUIRE(later && (owes(*l, g) || !own), "what has come whole is not taken");
	}
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
		inodes[i].writing.reset();
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
		/* Those who have it open look seldom, and may be behind. */
		if (!inodes[i].uses || !from.pick(4))
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
		if (inodes[i].writing)
			write_ends_here(i);
		else if (opt.writers && !from.pick(10))
			write_begins(i);
		break;
	case 14:
		if (size_t c = from.pick(nr_cells()); inodes[i].writing != c)
			inodes[i].cache[c].reset();
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
		if (l && !(opt.slow && from.pick(6)))
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
