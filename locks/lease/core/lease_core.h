/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the lease core: what the C shell may ask of the C++ about
 * leases, layouts, pins and the operations that move a file's blocks.  Valid as
 * C11 and as C++20.
 *
 * A *layout* is a promise to the holder of a descriptor that the blocks of a
 * range stay where they are.  A *pin* says that a device uses them.  A *change*
 * is an operation that moves or frees blocks: truncate, hole punch, collapse,
 * insert and zero range, a reflink into the file.
 *
 * The conflict table, in the order in which the code asks.  "Touches" means
 * that the ranges have a byte in common; "own" means of the same descriptor.
 *
 *   asked for        beside                             answer
 *   -------------    --------------------------------   ------------------------
 * 1 anything         an impossible range, no such type  LS_INVALID
 * 2 change           a pin that it touches, own or not  LS_PINNED; nothing begins
 * 3 change           a layout of another that it        the layout breaks, the
 *                    touches and that is held           change waits: LS_WAIT
 * 4 change           such a one that is breaking        LS_WAIT, until the deadline
 *                                                       that it has already
 * 5 change           such a one whose deadline came     it is revoked; see the rest
 * 6 change           an own layout, a revoked one, a    LS_OK
 *                    lease, a delegation, a change
 * 7 layout, pin      a change that it touches           LS_AGAIN
 * 8 layout           an own layout that is breaking     LS_AGAIN: return it first
 * 9 layout           an own one, held or revoked        it is replaced
 *10 layout           a layout of another, any pin,      LS_OK
 *                    a lease, a delegation
 *11 pin              no own layout, or a revoked one,   LS_DENIED
 *                    or one that does not contain the
 *                    range, or LS_WRITE under LS_READ
 *12 pin              an own layout that is breaking     LS_AGAIN
 *13 pin              a pin, own or not                  LS_OK
 *
 * Row 4 and row 7 bound a wait: neither a layout that is returned and taken
 * again nor a second change can move the deadline of the first.  Row 2 comes
 * before row 3: no layout is broken for what must fail.  Pins outlast the
 * layout under which they were made (returned or revoked): they end with
 * ls_pin_remove() and with their holder.
 *
 * Leases and delegations are entries of the VFS, which alone breaks them; the
 * core is told what the shell saw, and says what has happened since.
 *
 * Locking.  The core takes no lock; the caller holds the table's for every
 * call.  Memory.  It allocates nothing: grants, pins and changes are the
 * shell's, given in idle (LS_IDLE, !in_table, at NULL) and given back through
 * results.  Time is in milliseconds of any clock that does not go backwards;
 * a deadline has come when now >= deadline.
 *
 * Nothing changes where the answer is not LS_OK or LS_WAIT, but for what time
 * brought: a call that is given the time first revokes what it looks at and what
 * is late, and says so in its batch (LS_RAN_OUT), whatever it answers then; but
 * not if the answer is LS_INVALID, and ls_layout_set() says what came after that.
 * A grant is granted as often as it is returned or revoked.  What the state of a
 * thing forbids (a change that is begun twice, a pin in two tables, a lease that
 * is in none) is LS_INVALID too, or nothing done.
 */
#ifndef HF_LEASE_CORE_H
#define HF_LEASE_CORE_H

#include "lease_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ls_idle - is there nothing in this table?
 * @table: the table
 *
 * Return: true if it has no grant, no pin and no change.
 */
bool ls_idle(const struct ls_table *table);

/**
 * ls_validate - check every invariant; O(n^2) in grants and pins
 * @table: the table
 *
 * Return: NULL, or what does not hold.
 */
const char *ls_validate(const struct ls_table *table);

/**
 * ls_layout_set - take a layout, or replace an own one
 * @table: the table
 * @wish: what is asked for
 * @spare: an idle grant, or NULL; taken if the holder has no layout yet, which
 *	its state then tells
 * @batch: LS_GRANTED, also for one that was revoked until now, or is in this
 *	call; LS_CHANGED for one that was held
 *
 * Return: LS_OK, LS_AGAIN, LS_NEED_SPARE, LS_INVALID.
 */
enum ls_answer ls_layout_set(struct ls_table *table, const struct ls_wish *wish,
			     struct ls_grant *spare, struct ls_batch *batch);

/**
 * ls_layout_of - the layout of a holder, as it stands now
 * @table: the table
 * @holder: whose
 * @now: ms
 * @batch: LS_RAN_OUT if that is noticed here
 *
 * Return: the grant, whose @state is up to date, or NULL.
 */
struct ls_grant *ls_layout_of(struct ls_table *table, uint64_t holder,
			      uint64_t now, struct ls_batch *batch);

/**
 * ls_layout_return - give a layout back, in whatever state it is
 * @table: the table
 * @holder: whose
 * @batch: LS_RETURNED, but for one that was revoked
 *
 * Return: the grant, idle, for the caller to free after the batch; or NULL.
 */
struct ls_grant *ls_layout_return(struct ls_table *table, uint64_t holder,
				  struct ls_batch *batch);

/**
 * ls_pin_add - note that a device uses a range
 * @table: the table
 * @wish: the range, and what the device does
 * @pin: idle, its @id set by the caller; in the table after LS_OK
 * @batch: LS_RAN_OUT if that is noticed here
 *
 * Return: LS_OK, LS_AGAIN, LS_DENIED, LS_INVALID.
 */
enum ls_answer ls_pin_add(struct ls_table *table, const struct ls_wish *wish,
			  struct ls_pin *pin, struct ls_batch *batch);

/**
 * ls_pin_find - a holder's pin
 * @table: the table
 * @holder: whose
 * @id: which
 *
 * Return: the pin, or NULL.
 */
struct ls_pin *ls_pin_find(struct ls_table *table, uint64_t holder, uint64_t id);

/**
 * ls_pin_remove - the device is done
 * @table: the table
 * @pin: a pin in it, idle afterwards
 */
void ls_pin_remove(struct ls_table *table, struct ls_pin *pin);

/**
 * ls_change_begin - register an operation that moves blocks
 * @table: the table
 * @change: idle, with holder, start and end set
 *
 * Return: LS_OK or LS_WAIT: registered, until ls_change_end(); after LS_OK it
 * may go on, after LS_WAIT ls_change_break() has to say so.  LS_PINNED,
 * LS_INVALID: not registered.
 */
enum ls_answer ls_change_begin(struct ls_table *table, struct ls_change *change);

/**
 * ls_change_break - break what a change touches, revoke what was too late
 * @table: the table
 * @change: registered
 * @now: ms
 * @break_ms: how long a holder has for its answer; 0: for ever
 * @batch: LS_BREAK, LS_RAN_OUT
 *
 * To be called again whenever a layout was returned, and at @change->deadline.
 *
 * Return: LS_OK, or LS_WAIT with @change->deadline set (LS_NEVER: none).
 */
enum ls_answer ls_change_break(struct ls_table *table, struct ls_change *change,
			       uint64_t now, uint64_t break_ms, struct ls_batch *batch);

/**
 * ls_change_end - the operation is over, or was given up
 * @table: the table
 * @change: registered; idle afterwards
 */
void ls_change_end(struct ls_table *table, struct ls_change *change);

/**
 * ls_lease_granted - the VFS has granted one, or changed its type
 * @table: the table
 * @lease: one of the table, or idle with kind, holder and owner set
 * @type: LS_READ or LS_WRITE
 * @batch: LS_GRANTED; LS_DOWNGRADED if a break had asked for that; LS_CHANGED
 *
 * A revoked one that is in the table is granted anew.
 */
void ls_lease_granted(struct ls_table *table, struct ls_grant *lease,
		      enum ls_type type, struct ls_batch *batch);

/**
 * ls_lease_seen - how the VFS's entry of a lease looks now
 * @table: the table
 * @lease: one of the table
 * @type: the entry's
 * @state: LS_HELD, LS_BREAKING_TO_READ or LS_BREAKING, from the entry's flags
 * @deadline: the entry's, or LS_NEVER
 * @batch: LS_BREAK, LS_BREAK_TO_READ, LS_DOWNGRADED, LS_CHANGED: what must
 *	have happened since the last look, if anything did; LS_GRANTED for one
 *	that was revoked and is held.  (Who sees a revoked one breaking says
 *	ls_lease_granted() first.)
 */
void ls_lease_seen(struct ls_table *table, struct ls_grant *lease, enum ls_type type,
		   enum ls_state state, uint64_t deadline, struct ls_batch *batch);

/**
 * ls_lease_missing - the VFS has no entry for it any more
 * @table: the table
 * @lease: one of the table, which its holder has not returned
 * @batch: LS_RAN_OUT, the first time: nothing else takes entries away
 */
void ls_lease_missing(struct ls_table *table, struct ls_grant *lease,
		      struct ls_batch *batch);

/**
 * ls_lease_returned - its holder gave it back
 * @table: the table
 * @lease: one of the table; idle afterwards, for the caller to free
 * @batch: LS_RETURNED, but for one that was revoked
 */
void ls_lease_returned(struct ls_table *table, struct ls_grant *lease,
		       struct ls_batch *batch);

/**
 * ls_release - a descriptor is closed for the last time
 * @table: the table
 * @holder: whose grants and pins go
 * @batch: LS_RETURNED for each grant that was not revoked
 *
 * Return: them, idle, for the caller to free.
 */
struct ls_leavings ls_release(struct ls_table *table, uint64_t holder,
			      struct ls_batch *batch);

#ifdef __cplusplus
}
#endif

#endif /* HF_LEASE_CORE_H */
