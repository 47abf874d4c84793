// SPDX-License-Identifier: GPL-2.0-only
/* The moves of link_world.hpp: readers, RCU, the work. */
#include "link_world.hpp"

namespace link_world {

world::world(options o) : opt(o), script_at(o.clients)
{
	sessions.resize(opt.clients + 1);
	for (int c = 0; c <= opt.clients; c++)
		sessions[c].owner = c;
	for (int c = 0; c < opt.clients; c++)
		clients.push_back(std::make_unique<client>());
	if (opt.before.empty())
		return;
	start();
	for (int c = 0; c < opt.clients; c++)
		while (script_at[c] < opt.before[c] || clients[c]->pc != at::idle)
			make({ c, clients[c]->pc == at::idle ? what::script : what::step });
	made();
}

world::~world()
{
	for (link *l : links)
		delete l;
	for (file *f : files)
		delete f;
}

link &world::of(lo_link *core)
{
	for (link *l : links)
		if (&l->core == core)
			return *l;
	REQUIRE(false, "a link that is not there");
	__builtin_unreachable();
}

client &world::of(lo_client *core)
{
	for (auto &c : clients)
		if (&c->core == core)
			return *c;
	REQUIRE(false, "a client that is not there");
	__builtin_unreachable();
}

/* ------------------------------------------------------------------------------- RCU */

void world::leave(int c)
{
	readers &= ~bit(c);
	for (grace &g : graces)
		g.readers &= ~bit(c);
}

void world::after_grace(const link *of, std::function<void()> then)
{
	graces.push_back({ of, readers, std::move(then) });
}

/* --------------------------------------------------------------- the count of a link */

/* Under the registry's lock, by whoever was given it. */
void world::kill(lo_link *core)
{
	if (!core)
		return;
	link &l = of(core);

	REQUIRE(!l.ref.dead, "killed twice");
	reach::met("killed with users", l.ref.cell[0] + l.ref.cell[1] > 0);
	l.ref.dead = true;
	after_grace(&l, [this, which = &l] { summed(which); });
}

void world::summed(link *l)
{
	REQUIRE(!l->ref.summed);
	l->ref.summed = true;
	l->ref.atomic += l->ref.cell[0] + l->ref.cell[1] - 1;
	REQUIRE(l->ref.atomic >= 0);
	reach::met("released by", 0);
	if (!l->ref.atomic)
		release(l);
}

void world::release(link *l)
{
	REQUIRE(lo_link_released(&l->core), "released twice");
	REQUIRE(!lo_link_released(&l->core));
	queue.push_back(l);
}

void world::drop(link *l, bool alive, int cell)
{
	if (alive) {
		l->ref.cell[cell]--;
		return;
	}
	l->ref.atomic--;
	REQUIRE(!l->ref.summed || l->ref.atomic >= 0, "a count is below zero");
	if (!l->ref.summed || l->ref.atomic)
		return;
	reach::met("released by", 1);
	release(l);
}

/* -------------------------------------------------------------------- the link's work */

void world::close(link &l, file &f)
{
	REQUIRE(f.open, "a file is closed twice");
	REQUIRE(srv && srv->life == l.life, "a file is closed in a server that is gone");
	REQUIRE(!l.session_puts, "a file is closed whose session was put");
	f.open = false;
}

void world::work(size_t n)
{
	link *l = queue[n];
	lo_file *f;

	if (l->closing) {
		file &closed = *reinterpret_cast<file *>(l->closing);

		close(*l, closed);
		l->closing = nullptr;
		if (lo_link_closed(&l->core, &closed.core)) {
			files.erase(&closed);
			delete &closed;
		} else {
			closed.rcu = nullptr;
		}
		return;
	}
	lo_step step = lo_link_step(&l->core, &f);

	reach::met("step", step);
	REQUIRE(!!f == (step == LO_STEP_CLOSE));
	switch (step) {
	case LO_STEP_CLOSE:
		l->closing = f;
		return;
	case LO_STEP_SESSION:
		REQUIRE(srv && srv->life == l->life, "a session is put in a server that is gone");
		REQUIRE(!l->session_puts++, "a session is put twice");
		static_cast<session *>(l->core.session)->references--;
		return;
	case LO_STEP_COUNT: {
		bool wake = lo_link_counted(&l->core);

		reach::met("woken", wake);
		REQUIRE(wake == (srv->core.state == LO_STOPPING && !srv->core.nr_links));
		if (wake && srv->asleep)
			srv->woken = true;
		return;
	}
	case LO_STEP_FREE:
		queue.erase(queue.begin() + n);
		l->freeing = true;
		after_grace(l, [this, l] {
			links.erase(l);
			delete l;
		});
		return;
	default:
		REQUIRE(false, "the work has nothing to do");
	}
}

/* --------------------------------------------------------------------------- readers */

void world::begin(int c, op what)
{
	client &me = *clients[c];

	me.doing = what;
	me.pc = at::enter;
	if (what != op::open)
		me.f = me.own[from && me.own.size() > 1 ? from->pick(me.own.size()) : 0];
}

/* What the client has leaves its hands; with a reference it is closed here. */
void world::leave_file(client &me, bool has_reference)
{
	lo_leave says = lo_file_leave(&me.f->core, has_reference);

	reach::met("leave", says);
	REQUIRE(says != LO_LEAVE_INVALID);
	REQUIRE((says == LO_LEAVE_CLOSE) == has_reference);
	if (says != LO_LEAVE_CLOSE)
		REQUIRE(says == (me.f->core.link ? LO_LEAVE_WORK : LO_LEAVE_FREE));
	std::erase(me.own, me.f);
	if (says != LO_LEAVE_FREE)
		return;
	REQUIRE(!me.f->open, "a file is freed that is open");
	files.erase(me.f);
	delete me.f;
}

void world::body(client &me, int c)
{
	if (me.doing == op::close) {
		leave_file(me, true);
		return;
	}
	REQUIRE(srv && srv->life == me.l->life, "a server is called that is gone");
	REQUIRE(static_cast<session *>(me.l->core.session)->owner == c,
		"a mount uses the session of another one");
	if (me.doing == op::use)
		REQUIRE(me.f->open && me.f->life == me.l->life, "a file is used that is not open");
	else
		me.failed = choose();		/* no memory */
}

void world::body_end(client &me, int c)
{
	REQUIRE(srv && srv->life == me.l->life, "a server is gone that is being called");
	switch (me.doing) {
	case op::use:
		REQUIRE(me.f->open, "a file was closed in use");
		return;
	case op::close:
		close(*me.l, *me.f);
		files.erase(me.f);
		delete me.f;
		me.f = nullptr;
		return;
	default:
		break;
	}
	if (me.failed)
		return;
	me.f = new file { .rcu = &me.l->core, .open = true, .life = me.l->life, .owner = c };
	REQUIRE(lo_file_add(&me.l->core, &me.f->core));
	files.insert(me.f);
	me.own.push_back(me.f);
}

void world::over(client &me)
{
	me.pc = at::idle;
	me.doing = op::none;
	me.l = nullptr;
	me.f = nullptr;
	me.alive = false;
}

void world::step(int c)
{
	client &me = *clients[c];
	lo_link *core;

	switch (me.pc) {
	case at::enter:
		enter(c);
		me.pc = at::deref;
		return;
	case at::deref:
		core = me.doing == op::open ? me.rcu : me.f->rcu;
		me.l = core ? reinterpret_cast<link *>(core) : nullptr;
		me.pc = me.l ? at::flag : at::leave;
		return;
	case at::flag:
		me.alive = !me.l->ref.dead;
		me.pc = me.alive ? at::count : at::leave;
		if (!me.alive)
			me.l = nullptr;
		return;
	case at::count:
		me.l->ref.cell[c & 1]++;
		me.pc = at::leave;
		return;
	case at::leave:
		if (!me.l && me.doing == op::close)
			leave_file(me, false);
		leave(c);
		if (!me.l) {
			reach::met("wire", static_cast<int>(me.doing) - 1);
			over(me);
			return;
		}
		me.pc = at::body;
		return;
	case at::body:
		body(me, c);
		me.pc = at::body_end;
		return;
	case at::body_end:
		body_end(me, c);
		me.pc = at::put;
		return;
	case at::put:
		enter(c);
		me.alive = !me.l->ref.dead;
		me.pc = at::put_count;
		return;
	case at::put_count:
		drop(me.l, me.alive, choose() ? 1 - (c & 1) : c & 1);
		me.pc = at::put_leave;
		return;
	case at::put_leave:
		leave(c);
		over(me);
		return;
	case at::sent:
		/* A server somewhere else answers what it likes. */
		if (opt.attacker && choose())
			me.said = secret();
		else
			attach(c, c, me.core.id);
		me.pc = at::end;
		return;
	case at::end:
		end_handshake(c);
		return;
	default:
		REQUIRE(false);
	}
}

} // namespace link_world
