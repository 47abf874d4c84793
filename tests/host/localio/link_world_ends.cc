// SPDX-License-Identifier: GPL-2.0-only
/* The moves of link_world.hpp: handshakes, and servers. */
#include "link_world.hpp"

namespace link_world {

/* ------------------------------------------------------------------------ handshakes */

void world::handshake(int c)
{
	client &me = *clients[c];
	lo_secret id = secret();
	lo_begun wanted = LO_SAY, says;

	/* Not random at all: somebody else's. */
	if (opt.faults && choose() && !ids.empty())
		id = clients[ids.begin()->first]->core.id;
	for (auto &[other, number] : ids)
		if (uint64_t(number) == id.word[0])
			wanted = LO_ID_IN_USE;
	if (me.core.state != LO_IDLE || now < me.due)
		wanted = LO_NOT_NOW;
	says = lo_client_begin(&registry, &me.core, &id, now, opt.wait);
	reach::met("begun", says);
	REQUIRE(says == wanted, "%d instead of %d", says, wanted);
	if (says != LO_SAY)
		return;
	ids[c] = id.word[0];
	me.due = now + opt.wait;
	seen.push_back(id);
	me.said.reset();
	me.pc = at::sent;
}

/* A server has an id by the connection of @owner's. */
void world::attach(int c, int owner, const lo_secret &id)
{
	lo_attached wanted = LO_ATTACHED, says;
	lo_secret answer = secret();

	if (!srv)
		return;
	auto whose = ids.begin();

	while (whose != ids.end() && uint64_t(whose->second) != id.word[0])
		++whose;
	if (whose == ids.end())
		wanted = LO_NO_SUCH_ID;
	if (srv->core.state != LO_UP)
		wanted = LO_NOT_UP;
	auto l = std::make_unique<link>();

	l->life = srv->life;
	says = lo_attach(&registry, &srv->core, &id, &l->core, &sessions[owner], &answer);
	reach::met("attached", says);
	REQUIRE(says == wanted, "%d instead of %d", says, wanted);
	if (says != LO_ATTACHED)
		return;
	sessions[owner].references++;
	model[l.get()] = { whose->first, srv->life, owner, int(answer.word[0]) };
	ids.erase(whose);
	links.insert(l.release());
	if (c >= 0)
		clients[c]->said = answer;
}

void world::end_handshake(int c)
{
	client &me = *clients[c];
	lo_ended wanted = LO_NO_LINK, says;
	lo_link *killed;

	for (auto &[l, h] : model)
		if (h.client == c) {
			bool right = me.said && int(me.said->word[0]) == h.answer;

			wanted = right ? LO_USABLE : LO_WRONG_ANSWER;
			h.usable = right;
		}
	says = lo_client_end(&me.core, me.said ? &*me.said : nullptr, &killed);
	reach::met("ended", says);
	REQUIRE(says == wanted, "%d instead of %d", says, wanted);
	REQUIRE(!!killed == (says == LO_WRONG_ANSWER));
	if (says == LO_USABLE)
		me.rcu = me.core.link;
	if (killed)
		model.erase(&of(killed));
	kill(killed);
	ids.erase(c);
	over(me);
}

/* umount, then another mount. */
void world::finish_client(int c)
{
	client &me = *clients[c];
	bool expected = false;

	for (auto &[l, h] : model)
		expected |= h.client == c;
	lo_link *killed = lo_client_finish(&me.core);

	reach::met("finished with a link", !!killed);
	REQUIRE(!!killed == expected);
	if (killed)
		model.erase(&of(killed));
	me.rcu = nullptr;
	kill(killed);
	ids.erase(c);
	REQUIRE(!lo_client_finish(&me.core));
	me.core = lo_client {};
	me.lost = 0;
	me.due = 0;
	over(me);
}

void world::script(int c)
{
	op next = opt.scripts[c][script_at[c]++];

	if (next == op::none)
		handshake(c);
	else if (next == op::open || !clients[c]->own.empty())
		begin(c, next);
}

void world::client_moves(int c, std::vector<move> &list)
{
	client &me = *clients[c];

	if (me.pc != at::idle) {
		list.push_back({ c, what::step });
		/* It can be unmounted in the middle of a handshake. */
		if (opt.scripts.empty() && me.pc == at::end)
			list.push_back({ c, what::finish });
		return;
	}
	if (!opt.scripts.empty()) {
		if (script_at[c] < opt.scripts[c].size())
			list.push_back({ c, what::script });
		return;
	}
	list.push_back({ c, what::open });
	list.push_back({ c, what::hello });
	if (!me.own.empty()) {
		list.push_back({ c, what::use });
		list.push_back({ c, what::close });
	}
	if (from && !from->pick(8))
		list.push_back({ c, what::finish });
}

/* --------------------------------------------------------------------------- servers */

void world::start()
{
	srv = std::make_unique<server>();
	srv->life = ++life;
	REQUIRE(lo_server_start(&srv->core) && !lo_server_start(&srv->core));
}

/* One of them, or all of a session's: each is told, and killed, by itself. */
void world::end_links(const session *of_session)
{
	lo_client *whose;
	lo_link *l = lo_server_end_link(&srv->core, of_session, &whose);
	size_t expected = 0;

	for (auto &[which, h] : model)
		expected += h.life == srv->life && (!of_session || h.owner == of_session->owner);
	REQUIRE(!!l == !!expected && !!whose == !!l, "%zu links", expected);
	if (!l)
		return;
	client &me = of(whose);

	REQUIRE(&me == clients[model.at(&of(l)).client].get());
	me.rcu = nullptr;
	me.lost += model.at(&of(l)).usable;
	model.erase(&of(l));
	kill(l);
}

/* Nothing of it may be left, whatever clients do or leave undone. */
void world::gone()
{
	for (file *f : files)
		REQUIRE(!f->open || f->life != srv->life, "a server is gone, and a file of it is open");
	for (link *l : links)
		REQUIRE(l->life != srv->life || l->session_puts, "a server is gone, and a link is not");
	for (session &s : sessions)
		REQUIRE(!s.references, "a server is gone, and a session is referred to");
	srv.reset();
}

void world::stop()
{
	stops++;
	REQUIRE(!lo_server_drained(&srv->core));
	REQUIRE(lo_server_stop(&srv->core) && lo_server_stop(&srv->core));
}

/* Who waits for the last link looks, and sleeps if it is not. */
void world::look()
{
	bool drained = lo_server_drained(&srv->core);

	srv->asleep = !drained;
	srv->woken = false;
	REQUIRE(drained == !srv->core.nr_links);
	if (drained)
		gone();
}

void world::server_moves(std::vector<move> &list)
{
	const int who = opt.clients;
	bool may = stop_soon || opt.stops < 0 || stops < opt.stops;

	if (!srv) {
		if (may || !life)
			list.push_back({ who, what::start });
	} else if (srv->core.state == LO_UP) {
		if (may)
			list.push_back({ who, what::stop });
		if (from)
			list.push_back({ who, what::end_session, from->pick(opt.clients + 1) });
	} else if (srv->core.links) {
		list.push_back({ who, what::end_link });
	} else if (!srv->asleep || srv->woken) {
		list.push_back({ who, what::look });
	}
}

} // namespace link_world
