/* SPDX-License-Identifier: GPL-2.0-only */
/* Readers: what clients do, and who means no good; see localio.pml. */

#define bit	(1 << me)

inline rcu_enter()
{
	rcu = rcu | bit
}

/* Each grace period that has begun since he entered does without him. */
inline rcu_leave()
{
	d_step {
		rcu = rcu & (255 - bit);
		i = 0;
		do
		:: i < NL -> link[i].gp = link[i].gp & (255 - bit); i++
		:: else -> break
		od;
		mod_gp = mod_gp & (255 - bit);
		net_gp = net_gp & (255 - bit)
	}
}

inline touch(l)
{
	NEED(link[l].phase != FREE, "a link is touched that is freed")
}

/* Under RCU: l gets a reference, or is NONE. */
inline tryget()
{
	if
	:: l == NONE
	:: else ->
		d_step { touch(l); alive = !link[l].dead }
		if
		:: alive -> d_step { touch(l); link[l].cell[me & 1]++; alive = false }
		:: else -> l = NONE
		fi
	fi
}

/* Call 1: on what pointer has, into l; NONE is the wire. */
inline get(pointer)
{
	rcu_enter();
	l = pointer;
	tryget();
	rcu_leave()
}

inline drop_now(cpu)
{
	touch(l);
	if
	:: alive -> link[l].cell[cpu]--
	:: else ->
		link[l].count--;
		NEED(!link[l].atomic_mode || link[l].count >= 0, "a count is below zero");
		if
		:: link[l].atomic_mode && !link[l].count -> queue(l)
		:: else
		fi
	fi;
	alive = false
}

/*
 * On this processor or, for whoever slept, on another one: the cells mean nothing alone.
 * (How far they part is bounded, or there would be no end of states.)
 */
inline drop()
{
	d_step { touch(l); alive = !link[l].dead }
	if
	:: d_step { drop_now(me & 1) }
	:: d_step { alive && link[l].cell[1 - (me & 1)] >= 0 -> drop_now(1 - (me & 1)) }
	fi
}

/* Call 3. */
inline put()
{
#ifdef WRONG_C
	/* In the server's text, without RCU. */
	d_step { gen = link[l].ops; alive = !link[l].dead; drop_now(me & 1); l = NONE };
	d_step { NEED(text == gen, "a put returns into text that is not loaded"); gen = 0 }
#else
	rcu_enter();
	drop();
	l = NONE;
	rcu_leave()
#endif
}

#define LOADED(why)	NEED(text == gen, why)

/* Call 2: it sleeps, in the server's text. */
inline ops_open()
{
	d_step {
		touch(l);
#ifdef WRONG_B
		gen = copied;
#else
		gen = link[l].ops;
#endif
		NEED(!(rcu & bit), "open sleeps under RCU");
		LOADED("open is called in text that is not loaded");
		NEED(link[l].owner == me, "a mount uses the session of another one")
	};
	if
	:: d_step { LOADED("open runs in text that is not loaded"); NEED(link[l].session, "the session was put under open");
		lf_open[me] = true; lf_server[me] = link[l].server }
	:: d_step { LOADED("open fails in text that is not loaded") }	/* no memory */
	fi;
	gen = 0
}

inline add()
{
	d_step { touch(l); lf_link[me] = l; lf_listed[me] = true; lf_mine[me] = true }
}

inline open_file()
{
#ifdef WRONG_A
	/* The callee does it all, and is entered and left under RCU. */
	rcu_enter();
	l = current[me];
	if
	:: l == NONE
	:: else ->
		d_step { touch(l); gen = link[l].ops; LOADED("the callee is not loaded") };
		tryget();
		if
		:: l == NONE
		:: else ->
			rcu_leave();
			ops_open();
			if
			:: lf_open[me] -> add(); rcu_enter(); drop(); l = NONE
			:: else ->
				d_step { gen = link[l].ops; alive = !link[l].dead; drop_now(me & 1) };
				d_step { LOADED("the callee takes RCU again in text that is not loaded") };
				l = NONE;
				rcu_enter()
			fi
		fi;
		gen = 0
	fi;
	rcu_leave()
#else
#ifdef WRONG_E
	rcu_enter();
	l = current[me];
	tryget();
#else
	get(current[me]);
#endif
	if
#ifdef WRONG_E
	:: l == NONE -> rcu_leave()
#else
	:: l == NONE
#endif
	:: else ->
		ops_open();
#ifdef WRONG_E
		rcu_leave();
#endif
		if
		:: !lf_open[me] -> put()
		:: else ->
#ifdef WRONG_F
			/* The reference is the open file's, which is in no list. */
			lf_link[me] = l;
			lf_mine[me] = true;
			l = NONE
#else
#ifdef WRONG_H
			/* Under RCU, so that the link's memory is there; but the list was taken. */
			rcu_enter();
			drop();
			add();
			l = NONE;
			rcu_leave()
#else
			add();
			put()
#endif
#endif
		fi
	fi
#endif
}

/* Its link by lf_link, which the work clears: then it is the wire. */
inline use_file()
{
#ifdef WRONG_F
	l = lf_link[me];
#else
	get(lf_link[me]);
#endif
	if
	:: l == NONE
	:: else ->
		d_step {
			touch(l);
			NEED(lf_open[me], "a file is used that is not open");
			NEED(link[l].owner == me, "a file of another one's session is used")
		};
#ifdef HANG
		if
		:: true -> false
		:: true
		fi;
#endif
		d_step {
			NEED(lf_open[me], "a file is closed that is in use");
			NEED(server[link[l].server] != GONE, "a server is gone whose file is in use")
		};
#ifdef WRONG_F
		l = NONE
#else
		put()
#endif
	fi
}

inline close_lf()
{
	closing[me] = true;
#ifdef WRONG_F
	l = lf_link[me];
#else
	get(lf_link[me]);
#endif
	if
	:: l == NONE				/* the work's, or nobody's */
	:: else ->
		d_step { touch(l); lf_listed[me] = false; lf_link[me] = NONE };
#ifdef WRONG_G
		gen = l;
		put();
		d_step { l = gen; gen = 0 };
		d_step { close_file(me, l); l = NONE }
#else
		d_step { touch(l); close_file(me, l) };
		put()
#endif
	fi;
	d_step { lf_mine[me] = false; closing[me] = false }
}

/* Two messages: the id is made known here, goes over the wire, and comes back answered. */
inline handshake()
{
	id_lives[me] = true;
	if
	:: d_step { attach(me, 0, me) }
#if NS > 1
	:: d_step { attach(me, 1, me) }
#endif
	fi;
	d_step {
#ifndef WRONG_K
		id_lives[me] = false;
#endif
		if
#ifdef WRONG_L
		:: offered[me] != NONE ->
#else
		:: offered[me] != NONE && got != NONE && link[offered[me]].owner == me ->
#endif
			current[me] = offered[me];
			offered[me] = NONE
		:: else -> kill(offered[me])
		fi;
		got = 0
	}
}

#ifdef WRONG_J
#define UNLINKED	(current[me] == NONE || link[current[me]].dead)
#else
#define UNLINKED	(current[me] == NONE)
#endif

proctype a_client(byte me)
{
	byte l = NONE, got, gen;
	bool alive;
#ifdef WRONG_N
	bool tried;
#endif
#ifdef OPS
	byte ops_left = OPS;
#endif
loop:
#ifdef OPS
	if
	:: ops_left -> ops_left--
	:: else -> goto end
	fi;
#endif
	if
	:: idle[me] = true;
end:		false					/* it stays, file open and all */
	:: !lf_mine[me] && !lf_listed[me] -> open_file()
	:: lf_mine[me] -> use_file()
	:: lf_mine[me] -> close_lf()
	:: fini[me] = true;				/* umount */
		if
		:: lf_mine[me] -> close_lf()
		:: else
		fi;
		d_step {
			id_lives[me] = false;
			kill(current[me]);
			kill(offered[me]);
#ifdef WRONG_D
			if
			:: holds_module[me] -> holds_module[me] = false; module_refs--
			:: else
			fi;
#endif
		};
		fini[me] = false
	fi;
	if
	/* I/O that took the wire drives it. */
#ifdef WRONG_N
	:: UNLINKED && !tried -> handshake(); tried = true
#else
	:: UNLINKED -> handshake()
#endif
	:: else
	fi;
	goto loop
}

#if ATTACK
/* He has seen the id on the wire, and has an export of his own. */
proctype attacker()
{
	byte got, n;
end:
	do
	:: n < ATTACK && id_lives[0] -> d_step { attach(0, NS - 1, OTHER); n++; got = 0 }
	od
}
#endif
