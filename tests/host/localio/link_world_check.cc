// SPDX-License-Identifier: GPL-2.0-only
/* The rest of link_world.hpp: who attacks, who goes next, and what is compared. */
#include <cstring>

#include "link_world.hpp"

namespace link_world {

/* ------------------------------------------------------------------- who means no good */

void world::attack()
{
	lo_secret id = seen[from->pick(seen.size() < 250 ? seen.size() : 250)];
	bool live = false;

	if (from->pick(4) == 0)
		id = seen.back();
	if (from->pick(8) == 0)
		id.word[1] ^= 1ull << from->pick(64);
	for (auto &[c, number] : ids)
		live |= uint64_t(number) == id.word[0] && id.word[1] == 0x5eed;
	reach::met("attacked", live);
	if (live || id.word[1] == 0x5eed) {
		attach(-1, opt.clients, id);
	} else if (srv && srv->core.state == LO_UP) {
		link l;
		lo_secret answer = secret();

		REQUIRE(lo_attach(&registry, &srv->core, &id, &l.core, &sessions[0], &answer) == LO_NO_SUCH_ID);
	}
}

/* What a shell may not ask for: nothing changes. */
void world::fault()
{
	lo_secret zero {}, some = secret();
	lo_link free {}, *killed;
	lo_client *whose, done {};
	lo_file *f;

	reach::met("fault", 0);
	done.state = LO_FINISHED;
	REQUIRE(lo_client_begin(&registry, &done, &some, now, 0) == LO_BEGUN_INVALID);
	REQUIRE(lo_client_begin(&registry, &clients[0]->core, &zero, now, 0) == LO_BEGUN_INVALID);
	REQUIRE(lo_client_end(&done, &some, &killed) == LO_ENDED_INVALID && !killed);
	REQUIRE(!lo_link_released(&free) && !lo_link_counted(&free));
	REQUIRE(lo_link_step(&free, &f) == LO_STEP_INVALID && !f);
	for (link *l : links) {
		lo_link before = l->core;
		lo_file other {};

		if (srv && l->core.state != LO_FREE)
			REQUIRE(lo_attach(&registry, &srv->core, &some, &l->core, &sessions[0], &some) == LO_ATTACH_INVALID);
		if (l->core.state == LO_HOOKED || l->core.state == LO_KILLED)
			REQUIRE(lo_link_step(&l->core, &f) == LO_STEP_INVALID && !f && !lo_link_counted(&l->core));
		if (l->core.taken)
			REQUIRE(!lo_file_add(&l->core, &other));
		REQUIRE(!lo_link_closed(&l->core, &other));
		REQUIRE(!std::memcmp(&before, &l->core, sizeof(before)));
	}
	if (!srv)
		return;
	lo_server before = srv->core;

	REQUIRE(lo_attach(&registry, &srv->core, &some, &free, nullptr, &some) == LO_ATTACH_INVALID);
	REQUIRE(lo_attach(&registry, &srv->core, &some, &free, &free, &zero) == LO_ATTACH_INVALID);
	REQUIRE(!lo_server_end_link(&srv->core, &free, &whose) && !whose);
	REQUIRE(!lo_server_start(&srv->core));
	REQUIRE(!std::memcmp(&before, &srv->core, sizeof(before)));
}

/* ------------------------------------------------------------------------------- all */

std::vector<move> world::moves()
{
	std::vector<move> list;

	for (int c = 0; c < opt.clients; c++)
		client_moves(c, list);
	server_moves(list);
	for (size_t n = 0; n < queue.size(); n++)
		list.push_back({ opt.clients + 1, what::work, n });
	for (size_t n = 0; n < graces.size(); n++)
		if (!graces[n].readers)
			list.push_back({ opt.clients + 2, what::grace, n });
	if (opt.attacker && !seen.empty() && from)
		list.push_back({ opt.clients + 3, what::attack });
	if (opt.faults && from)
		list.push_back({ opt.clients + 4, what::fault });
	return list;
}

void world::grace_over(size_t n)
{
	auto then = std::move(graces[n].then);

	graces.erase(graces.begin() + n);
	then();
}

void world::make(const move &m)
{
	switch (m.kind) {
	case what::step:
		return step(m.who);
	case what::open:
		return begin(m.who, op::open);
	case what::use:
		return begin(m.who, op::use);
	case what::close:
		return begin(m.who, op::close);
	case what::hello:
		return handshake(m.who);
	case what::finish:
		return finish_client(m.who);
	case what::script:
		return script(m.who);
	case what::start:
		return start();
	case what::stop:
		return stop();
	case what::end_session:
		return end_links(&sessions[m.n]);
	case what::end_link:
		return end_links(nullptr);
	case what::look:
		return look();
	case what::work:
		return work(m.n);
	case what::grace:
		return grace_over(m.n);
	case what::attack:
		return attack();
	case what::fault:
		return fault();
	}
}

/* One move, at random; each gets his turn, however many moves he has. */
void world::turn()
{
	now += from->pick(3);
	auto list = moves();
	int who = list[from->pick(list.size())].who;

	std::erase_if(list, [who](const move &m) { return m.who != who; });
	const move &m = list[from->pick(list.size())];

	/* Some turns come less often, or nothing would last. */
	if ((m.kind == what::stop || m.kind == what::end_session) && from->pick(12))
		return;
	if ((m.kind == what::attack || m.kind == what::fault) && from->pick(6))
		return;
	make(m);
	made();
}

void world::made()
{
	const char *why = lo_registry_validate(&registry);
	size_t waited = 0;

	REQUIRE(!why, "%s", why);
	for (link *l : links) {
		why = lo_link_validate(&l->core);
		REQUIRE(!why, "%s", why);
		REQUIRE((l->core.state == LO_HOOKED) == !!model.count(l));
		REQUIRE((l->core.state != LO_HOOKED) == l->ref.dead);
		waited += srv && l->core.server == &srv->core;
	}
	if (srv) {
		why = lo_server_validate(&srv->core);
		REQUIRE(!why, "%s", why);
		REQUIRE(srv->core.nr_links == waited);
	}
	for (int c = 0; c < opt.clients; c++) {
		const client &me = *clients[c];
		const link *wanted = nullptr;

		why = lo_client_validate(&me.core);
		REQUIRE(!why, "%s", why);
		REQUIRE((me.core.state == LO_ASKED) == !!ids.count(c));
		REQUIRE(me.core.generation == me.lost);
		for (auto &[l, h] : model)
			if (h.client == c) {
				REQUIRE(me.core.link == &l->core && !wanted);
				wanted = h.usable ? l : nullptr;
			}
		REQUIRE(me.rcu == (wanted ? &wanted->core : nullptr));
	}
}

/* Clients end what they do, and begin nothing; the server stops; that is enough. */
void world::finish()
{
	stop_soon = true;
	from = nullptr;
	for (;;) {
		std::vector<move> list;

		for (const move &m : moves()) {
			bool idle = m.who < opt.clients && clients[m.who]->pc == at::idle;

			if (!idle && m.who <= opt.clients + 2 && !(m.who == opt.clients && !srv))
				list.push_back(m);
		}
		if (list.empty())
			break;
		make(list.back());
		made();
	}
	REQUIRE(!srv, "a server waits for nothing");
	REQUIRE(links.empty() && graces.empty() && queue.empty(), "%zu links are left", links.size());
	for (int c = 0; c < opt.clients; c++)
		while (!clients[c]->own.empty()) {
			begin(c, op::close);
			while (clients[c]->pc != at::idle)
				step(c);
		}
	REQUIRE(files.empty(), "%zu files are left", files.size());
}

std::string world::key() const
{
	std::string k;
	std::map<const void *, int> number;
	auto put = [&](long v) { k += std::to_string(v) + ","; };
	auto name = [&](const void *p) { put(p ? number.emplace(p, number.size() + 1).first->second : 0); };

	put(readers), put(stops), put(life);
	for (int c = 0; c < opt.clients; c++) {
		const client &me = *clients[c];

		put(int(me.pc)), put(int(me.doing)), put(script_at[c]), put(me.core.state);
		put(me.alive), put(!!me.said), put(me.failed);
		name(me.rcu), name(me.core.link), name(me.l), name(me.f);
		for (const file *f : me.own)
			name(f), put(f->open), name(f->rcu), name(f->core.link);
		put(me.said && me.core.link && me.said->word[0] == me.core.link->answer.word[0]);
	}
	if (srv)
		put(srv->core.state), put(srv->core.nr_links), put(srv->asleep), put(srv->woken);
	/* In an order that two worlds share: as they were named, then by age. */
	std::vector<const link *> rest(links.begin(), links.end());
	auto of_link = [&](const link *l) {
		std::string mine;
		for (long v : { long(l->core.state), l->ref.atomic, l->ref.cell[0], l->ref.cell[1],
				long(l->ref.dead), long(l->ref.summed), long(!!l->closing), long(l->freeing),
				long(l->life), long(static_cast<session *>(l->core.session)->owner) })
			mine += std::to_string(v) + ".";
		for (const lo_file *f = l->core.files; f; f = f->next)
			mine += std::to_string(f->client) + std::to_string(reinterpret_cast<const file *>(f)->owner);
		for (const grace &g : graces)
			if (g.of == l)
				mine += "g" + std::to_string(g.readers);
		return mine;
	};
	std::vector<std::string> all;

	for (const link *l : rest) {
		auto at = number.find(l);

		all.push_back((at == number.end() ? "-" : std::to_string(at->second)) + of_link(l));
	}
	std::sort(all.begin(), all.end());
	for (const std::string &s : all)
		k += s + ";";
	for (const link *l : queue)
		k += of_link(l) + "q";
	return k;
}

} // namespace link_world
