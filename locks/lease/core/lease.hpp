/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the lease core.
 *
 * Invariants, which validate.cc checks:
 *  - a descriptor has one layout at most, and one lease for each owner;
 *  - a grant has a deadline only while it is breaking;
 *  - no pin touches a change: a change is refused by a pin that is there, and
 *    a pin by a change that is under way, so a change that waits need never
 *    look at the pins again.
 *
 * States of a layout, and what alone leads from one to the next:
 *	idle -> held			ls_layout_set() (layout.cc)
 *	held -> breaking		a change that touches it (change.cc)
 *	breaking -> revoked		its deadline: whoever looks first (layout.cc)
 *	held, revoked -> held		ls_layout_set()
 *	any -> idle			ls_layout_return(), ls_release()
 * So one that is breaking is never held again without having been idle or
 * revoked between.
 *
 * Everything is in lists without an order: to look at a table costs as much as
 * it has grants, pins and changes, and to take something out of it nothing.
 */
#ifndef HF_LEASE_LEASE_HPP
#define HF_LEASE_LEASE_HPP

#include <holdfast/core/list.hpp>
#include <holdfast/core/range.hpp>

#include "lease_core.h"

namespace ls {

using hf::range;
using hf::uint64_t;
using hf::uint8_t;

template <typename Thing>
range range_of(const Thing &thing) { return { thing.start, thing.end }; }

template <typename Node>
void link(Node *&head, Node &node)
{
	hf::list<&Node::next, &Node::at>::link(head, node);
}

template <typename Node>
void unlink(Node &node)
{
	hf::list<&Node::next, &Node::at>::unlink(node);
}

/* The first of a list that touches the range, or NULL. */
template <typename Node>
[[nodiscard]] Node *touching(Node *head, range where)
{
	while (head && !range_of(*head).overlaps(where))
		head = head->next;
	return head;
}

/*
 * One call of the border: its batch, in which a grant is once.  What is told
 * twice is so next to itself.
 */
class teller {
public:
	explicit teller(ls_batch &batch) : batch(batch) { batch = {}; }

	void tell(ls_grant &grant, ls_event event);

private:
	ls_batch &batch;
};

inline bool is_breaking(const ls_grant &grant)
{
	return grant.state == LS_BREAKING || grant.state == LS_BREAKING_TO_READ;
}

inline bool has_come(uint64_t deadline, uint64_t now)
{
	return deadline != LS_NEVER && now >= deadline;
}

/* grant.cc */
/* Gone from its table, but for what it was, which may be told. */
void make_idle(ls_grant &grant);
/* Its time ran out. */
void revoke(ls_grant &grant, teller &teller);

/* layout.cc */
[[nodiscard]] ls_grant *own_layout(const ls_table &table, uint64_t holder);
/* As it stands now: revoked, if its deadline has come. */
[[nodiscard]] ls_grant *own_layout_now(const ls_table &table, uint64_t holder, uint64_t now,
				       teller &teller);
[[nodiscard]] ls_answer set_layout(ls_table &table, const ls_wish &wish, ls_grant *spare,
				   teller &teller);

/* pin.cc */
[[nodiscard]] ls_answer add_pin(ls_table &table, const ls_wish &wish, ls_pin &pin,
				teller &teller);
void remove_pin(ls_pin &pin);

/* change.cc */
[[nodiscard]] ls_answer begin_change(ls_table &table, ls_change &change);
[[nodiscard]] ls_answer break_for(ls_table &table, ls_change &change, uint64_t now,
				  uint64_t break_ms, teller &teller);

/* lease.cc */
void grant_lease(ls_table &table, ls_grant &lease, ls_type type, teller &teller);
void see_lease(ls_grant &lease, ls_type type, ls_state state, uint64_t deadline,
	       teller &teller);

/* validate.cc: NULL, or which invariant does not hold. */
[[nodiscard]] const char *validate(const ls_table &table);

} // namespace ls

#endif /* HF_LEASE_LEASE_HPP */
