/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A list whose links are two members of what is in it: the next one, and the
 * pointer that points here, the head or the next of the one before.  Without an
 * order; to put one in or to take one out costs O(1), and that needs no head.
 *
 *	using siblings = hf::list<&waiter::sibling, &waiter::sibling_at>;
 */
#ifndef HF_CORE_LIST_HPP
#define HF_CORE_LIST_HPP

namespace hf {

template <auto Next, auto At>
struct list;

template <typename Node, Node *Node::*Next, Node **Node::*At>
struct list<Next, At> {
	static void link(Node *&head, Node &node)
	{
		node.*Next = head;
		node.*At = &head;
		if (head)
			head->*At = &(node.*Next);
		head = &node;
	}

	/* Afterwards both are null, as they are in what is in no list. */
	static void unlink(Node &node)
	{
		*(node.*At) = node.*Next;
		if (Node *next = node.*Next)
			next->*At = node.*At;
		node.*Next = nullptr;
		node.*At = nullptr;
	}
};

} // namespace hf

#endif /* HF_CORE_LIST_HPP */
