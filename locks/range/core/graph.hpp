/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits for whom, over all tables.  Under G.
 *
 * The graph's nodes are owners: an owner waits for another if one of its
 * waiters has a blocker of that one.  POSIX.1-2017 fcntl(): EDEADLK when "a
 * deadlock was detected".  Two rules:
 *
 *  hard   A cycle of held locks alone fails an LK_DETECT request.  As in
 *	   fs/locks.c the requester's own blocker may be anybody's; from there on
 *	   a wait counts, whoever waits, if what it waits for is a POSIX owner's
 *	   (LK_PROCESS): an OFD or flock lock may be unlocked by another thread.
 *	   So all cycles that a grant closes are of POSIX owners alone.
 *	   Reservations are no edges: they end; nor are pending records, nor
 *	   those that an unlock in portions is about to come to.
 *  order  A cycle that needs an order edge fails nobody: a waiter whose step
 *	   in it is by order gets may_pass, and is examined again.
 *
 * Edges come from two places only: a new waiter (cycles through it are looked
 * for when it is queued) and a grant (cycles through the other waiters of its
 * owner are looked for at once).  A search reads any table that has waiters,
 * which stand still under G; it changes the caller's table only.  What it wants
 * changed elsewhere it marks, and gives that table attention: lk_expire() does
 * it there.  Each step marks one waiter for good, so the steps end.
 *
 * All searches of one call together look at LK_SEARCH_STEPS edges at most: G, T
 * and flc_lock are held meanwhile, and the graph is anybody's to fill.  One that
 * is cut short (counted, searches_cut) has found no hard cycle, as fs/locks.c
 * has found none after ten steps; and the waiter that it was about keeps no
 * order any more.  The order of others on a cycle that was not found ends with
 * courtesy_ms; in mode fifo it does not.
 */
#ifndef HF_RANGE_GRAPH_HPP
#define HF_RANGE_GRAPH_HPP

#include "held.hpp"

namespace lk {

void enter_graph(lk_waiter &waiter);
void leave_graph(lk_waiter &waiter);
/* All of one owner, by arrival. */
[[nodiscard]] lk_waiter *first_of(const lk_graph &graph, uint64_t owner);
[[nodiscard]] lk_waiter *next_of(lk_waiter &waiter);

/*
 * Whether queueing this one, which is not queued yet, closes a hard cycle.
 * Clients on it that may have given up are asked first: some may be loose then.
 */
[[nodiscard]] bool would_deadlock(work &work, lk_waiter &waiter);
/* At the beginning of each call that may search, or look at waiters. */
void allow_steps(work &work);
/* It is queued: opens the order cycles through it. */
void open_cycles_through(work &work, lk_waiter &waiter);
/* The owner was granted something in this table: opens what that closed. */
void open_cycles_of(work &work, uint64_t owner);

/* deadline.cc: keeps the graph's list of tables, and their order by deadline, up to date. */
void note_contended(lk_table &table);
/* The table that has a deadline first, or NULL. */
[[nodiscard]] lk_table *first_due(const lk_graph &graph);
void note_attention(lk_table &table, bool attention);
/* After what changes a deadline but not who is contended. */
void note_due(lk_table &table);

[[nodiscard]] const char *validate_graph_tree(const lk_graph &graph);
[[nodiscard]] const char *validate_due_tree(const lk_graph &graph);

} // namespace lk

#endif /* HF_RANGE_GRAPH_HPP */
