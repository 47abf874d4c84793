/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry of localio and its links, for spin: Documentation/localio.md has the
 * design, tests/model/run what is asked of it.
 *
 * Not in it: the memory of an open file's record, whose two counts are lf_mine and
 * lf_listed; the interrupt that completes an I/O, which puts as everybody does.
 *
 * Clients get, use and put a link by the three calls; servers stop and start again as
 * new objects; their module goes and comes back at another address; the network
 * namespace of server 0 ends.  Memory is used again: a link's slot that was freed may
 * be the next link, so that nothing here needs a bound.
 *
 *	NC, NS, NL	clients, servers, slots for links
 *	MODULE, NET	the server's module is removed; server 0's namespace ends
 *	ATTACK=n	somebody who sees ids presents them on a connection of his own
 *	HANG		I/O may never end
 *	OPS=n		each client does so much, and stays; without it there is no bound
 *	WRONG_x		one of the wrong variants:
 *
 *	A	the callee drops RCU, puts, and takes RCU again
 *	B	the table of operations is copied, once
 *	C	the put is a call into the server's text, without RCU
 *	D	a mount holds a reference to the server's module
 *	E	RCU is held across open
 *	F	an open file holds the reference, and is in no list
 *	G	the reference is put before the file is closed
 *	H	the file is listed after the reference was put
 *	I	who waits for the last link is woken at another address
 *	J	a link is re-initialised in place
 *	K	an id can be answered twice
 *	L	the answer is not compared
 *	M	a namespace's exit waits for its server
 *	N	the handshake is tried once
 *
 * A check that fails prints its reason, see NEED(): pan -r shows it.
 */
#ifndef NC
#define NC	2
#endif
#ifndef NS
#define NS	2
#endif
#ifndef NL
#define NL	(NC + 1)
#endif
#ifndef ATTACK
#define ATTACK	0
#endif

#include "registry.pml"
#include "client.pml"

/* --------------------------------------------------------- server, module, namespace */

inline nothing_left(s)
{
	i = 0;
	do
	:: i < NC ->
		NEED(!(lf_listed[i] && lf_server[i] == s), "a server is gone, and a file of it is listed");
		NEED(!(lf_open[i] && lf_server[i] == s), "a server is gone, and a file of it is open");
		i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < NL ->
		NEED(!(link[i].server == s && link[i].phase >= LIVE && link[i].phase < COUNTING), "a server is gone, and a link of it is not");
		i++
	:: else -> break
	od;
	i = 0
}

proctype serve(byte s)
{
	bool changed;
end:	do
	:: d_step { server[s] == DOWN && mod == MOD_LIVE && (s || net == NET_LIVE) ->
		server[s] = UP;
#ifdef WRONG_B
		copied = (copied -> copied : text);
#endif
		ops[s] = text }
	/* One session ends, or an attribute of its export changes; once, or no link would last. */
	:: d_step { server[s] == UP && !changed && link[0].hooked && link[0].server == s ->
		changed = true; kill(0) }
	:: d_step { server[s] == UP -> server[s] = STOPPING }
	:: server[s] == UP ->
end_up:		server[s] != UP				/* it stays */
	/* By itself, by its namespace, or by its module. */
	:: server[s] == STOPPING ->
		d_step { kill_all(s) };
		do
		:: atomic { links_of[s] -> asleep[s] = true }; !asleep[s]
		:: atomic { !links_of[s] -> server[s] = DRAINED; break }
		od;
		server[s] == DRAINED;
		d_step { server[s] = GONE; nothing_left(s) };
		d_step { server[s] = DOWN; ops[s] = 0; changed = false }
	od
}

#ifdef MODULE
proctype module()
{
	byte address = 1;
end:
	do
	:: mod = MOD_GOING;
#ifdef WRONG_D
		!module_refs;
#endif
		d_step { stop_server(0) };
		server[0] == DOWN;
#if NS > 1
		d_step { stop_server(1) };
		server[1] == DOWN;
#endif
		d_step { mod = MOD_GRACE; mod_gp = rcu };
		!mod_gp;
		d_step { mod = MOD_FREED; text = 0 };
		d_step { address = 3 - address; text = address; mod = MOD_LIVE }
	od
}
#endif

#ifdef NET
/* One work item does it for all namespaces: it waits for readers, never for I/O. */
proctype namespace()
{
end:
	do
	:: d_step { net = NET_PRE_EXIT; stop_server(0) };
		d_step { net = NET_GRACE; net_gp = rcu };
#ifdef WRONG_M
		server[0] == DOWN;			/* for its I/O */
#endif
		!net_gp;
		d_step { net = NET_EXIT; NEED(server[0] != UP, "a server takes links in a dead namespace") };
		net = NET_FREED;
		net = NET_LIVE				/* another one, with another server 0 */
	od
}
#endif

init {
	byte n;

	atomic {
		for (n : 0 .. NS - 1) { run serve(n) }
		for (n : 0 .. NL - 1) { run work(n) }
		for (n : 0 .. NC - 1) { run a_client(n) }
#if ATTACK
		run attacker();
#endif
#ifdef MODULE
		run module();
#endif
#ifdef NET
		run namespace();
#endif
	}
}

/* What has begun ends, whatever clients do or leave undone; -f: everybody else goes on. */
ltl stops { [] (server[0] == STOPPING -> <> (server[0] == GONE)) }
ltl wakes { [] ((server[0] == STOPPING && asleep[0] && !links_of[0]) -> <> (server[0] == DRAINED)) }
ltl unloads { [] (mod == MOD_GOING -> <> (mod == MOD_FREED)) }
ltl net_ends { [] (net == NET_PRE_EXIT -> <> (net == NET_FREED)) }
ltl closes { [] (closing[0] -> <> !lf_open[0]) }
/* The wire of a server that is up lives; who does no I/O asks for nothing. */
ltl links_again { [] ((current[0] == NONE && server[0] == UP) ->
	<> (current[0] != NONE || server[0] != UP || fini[0] || idle[0])) }
