/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is, the registry, and the work of a link; see localio.pml. */

#define NONE	99
#define OTHER	98		/* the attacker, as the owner of a session */

#define NEED(condition, why)							\
	if									\
	:: (condition)								\
	:: else -> printf("WRONG: "); printf(why); printf("\n"); assert(false)			\
	fi

/* What a link's work has still to do. */
#define FREE		0	/* the slot's memory is nobody's */
#define LIVE		1
#define QUEUED		2	/* the last put has queued the work */
#define CLOSING		3	/* it has taken the list */
#define PUTTING		4	/* the files are closed */
#define COUNTING	5	/* the session is put */
#define FREEING		6	/* after a grace period */

typedef a_link {
	byte phase;
	bool hooked;		/* by its client and its server */
	bool dead;		/* killed: gets fail */
	bool atomic_mode;	/* the cells were summed */
	short count;		/* the atomic part, with the one of the link itself */
	short cell[2];		/* the per-CPU part */
	byte gp;		/* the readers that its grace period waits for */
	bool session;		/* its reference */
	byte client, owner;	/* whose session it is */
	byte server, ops;	/* the address of the server's text */
};
a_link link[NL];

byte rcu;			/* a bit for each reader, see bit */
byte text = 1;			/* the address where the module is loaded; 0: nowhere */

#define MOD_LIVE	0
#define MOD_GOING	1
#define MOD_GRACE	2
#define MOD_FREED	3
byte mod = MOD_LIVE;
byte mod_gp;

#define NET_LIVE	0
#define NET_PRE_EXIT	1
#define NET_GRACE	2
#define NET_EXIT	3
#define NET_FREED	4
byte net = NET_LIVE;
byte net_gp;

#define DOWN		0
#define UP		1
#define STOPPING	2
#define DRAINED		3
#define GONE		4
byte server[NS];
byte ops[NS];			/* what was registered: a pointer into the text */
byte links_of[NS];		/* what a stop waits for */
bool asleep[NS];

/* Clients; c->link and lf->link are under RCU. */
byte current[NC] = NONE;
byte offered[NC] = NONE;	/* attached, the answer not compared yet */
bool id_lives[NC];
bool idle[NC], fini[NC], closing[NC];
byte lf_link[NC] = NONE;
bool lf_mine[NC], lf_listed[NC];	/* the two counts of an lf */
byte lf_taken[NC] = NONE;		/* by which link's work, off its list */
bool lf_open[NC];			/* the server's file */
byte lf_server[NC];

#ifdef WRONG_B
byte copied;			/* the table, as it was when the first server came */
#endif
#ifdef WRONG_D
byte module_refs;
bool holds_module[NC];
#endif

/* ------------------------------------------------------- the registry, under its lock */

inline queue(l)
{
	NEED(link[l].phase == LIVE, "a link was released twice");
	link[l].phase = QUEUED
}

/* Of what is done in one step alone: no part of the state. */
hidden byte i, k;

/* Whoever unhooks a link kills it: once. */
inline kill(l)
{
	k = l;
	if
	:: k != NONE && link[k].hooked ->
		NEED(!link[k].dead, "a link was killed twice");
		link[k].hooked = false;
		link[k].dead = true;
		link[k].gp = rcu;
#ifndef WRONG_J
		if
		:: current[link[k].client] == k -> current[link[k].client] = NONE
		:: else
		fi;
#endif
		if
		:: offered[link[k].client] == k -> offered[link[k].client] = NONE
		:: else
		fi
	:: else
	fi
}

inline kill_all(s)
{
	i = 0;
	do
	:: i < NL && link[i].phase != FREE && link[i].server == s -> kill(i); i++
	:: i < NL && !(link[i].phase != FREE && link[i].server == s) -> i++
	:: else -> break
	od;
	i = 0
}

inline stop_server(s)
{
	if
	:: server[s] == UP -> server[s] = STOPPING; kill_all(s)
	:: else
	fi
}

/* An id that nobody has answered yet, and a server that takes links; sets got. */
inline attach(c, s, whose)
{
	got = 0;
	do
#ifdef WRONG_J
	/* Re-initialised in place: the slot that this client had. */
	:: got < NL && !(link[got].phase == COUNTING && link[got].client == c) &&
	   !(link[got].phase == FREE && current[c] == NONE) -> got++
#else
	:: got < NL && link[got].phase != FREE -> got++
#endif
	:: else -> break
	od;
	if
	:: got < NL && server[s] == UP && id_lives[c] ->
#ifndef WRONG_K
		id_lives[c] = false;
#endif
		link[got].phase = LIVE;
		link[got].hooked = true;
		link[got].dead = false;
		link[got].atomic_mode = false;
		link[got].count = 1;
		link[got].session = true;
		link[got].client = c;
		link[got].owner = whose;
		link[got].server = s;
		link[got].ops = ops[s];
		links_of[s]++;
#ifdef WRONG_D
		/* A reference to the server's module, as long as the mount is. */
		if
		:: !holds_module[c] -> holds_module[c] = true; module_refs++
		:: else
		fi;
#endif
#ifdef WRONG_K
		if
		:: current[c] != NONE -> kill(current[c]); current[c] = got
		:: else -> kill(offered[c]); offered[c] = got
		fi
#else
		offered[c] = got
#endif
	:: else -> got = NONE
	fi
}

/* ------------------------------------------------------------ one link's work, or RCU's */

inline close_file(c, l)
{
	NEED(link[l].phase != FREE && link[l].session, "a file is closed whose session was put");
	NEED(text == link[l].ops, "a file is closed in text that is not loaded");
	NEED(lf_open[c], "a file is closed twice");
	lf_open[c] = false
}

proctype work(byte l)
{
	byte s;
end:
	do
	/* The grace period of the kill: every put from before it is in a cell. */
	:: d_step { link[l].phase == LIVE && link[l].dead && !link[l].atomic_mode && !link[l].gp ->
		link[l].atomic_mode = true;
		link[l].count = link[l].count + link[l].cell[0] + link[l].cell[1] - 1;
		link[l].cell[0] = 0;
		link[l].cell[1] = 0;
		NEED(link[l].count >= 0, "a count is below zero");
		if
		:: link[l].count == 0 -> queue(l)
		:: else
		fi }
	:: d_step { link[l].phase == QUEUED ->
		i = 0;
		do
		:: i < NC && lf_listed[i] && lf_link[i] == l ->
#ifndef WRONG_J
			lf_link[i] = NONE;
#endif
			lf_taken[i] = l;
			i++
		:: i < NC && !(lf_listed[i] && lf_link[i] == l) -> i++
		:: else -> break
		od;
		link[l].phase = CLOSING }
	:: d_step { link[l].phase == CLOSING ->
		i = 0;
		do
		:: i < NC && lf_taken[i] == l ->
			close_file(i, l);
			lf_taken[i] = NONE;
			lf_listed[i] = false;
			i++
		:: i < NC && lf_taken[i] != l -> i++
		:: else -> break
		od;
		link[l].phase = PUTTING }
	:: d_step { link[l].phase == PUTTING ->
		NEED(text == link[l].ops, "a session is put in text that is not loaded");
		link[l].session = false;
		link[l].phase = COUNTING;
#ifdef WRONG_J
		s = link[l].server;
		links_of[s]--;
		asleep[s] = asleep[s] && links_of[s]
#endif
		}
#ifndef WRONG_J
	/* The server may be freed as soon as the lock is let go. */
	:: d_step { link[l].phase == COUNTING ->
		s = link[l].server;
		NEED(server[s] != GONE && server[s] != DOWN, "a server is touched that is gone");
		links_of[s]--;
#ifndef WRONG_I
		asleep[s] = asleep[s] && links_of[s];
#endif
		s = 0;
		link[l].phase = FREEING;
		link[l].gp = rcu }
	:: d_step { link[l].phase == FREEING && !link[l].gp ->
		link[l].phase = FREE;
		link[l].atomic_mode = false;
		link[l].dead = false;
		link[l].client = 0;
		link[l].owner = 0;
		link[l].server = 0;
		link[l].ops = 0 }
#endif
	od
}
