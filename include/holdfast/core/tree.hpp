/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An intrusive, augmented red-black tree.
 *
 * A node has left, right and up: the parent, with the colour in bit 0 (set:
 * black).  The traits say how node and item find each other, how items are
 * ordered, and what an item knows of its subtree:
 *
 *	refresh()	recomputes that from the item and its two children, and
 *			tells whether it changed
 *	absorb()	adds what a new item below it brings, and tells likewise
 *	inherit()	copies it from an item whose place is taken over
 *
 * Invariant between calls: in-order is the order of before(); no red node has
 * a red child; each path down has as many black nodes; refresh() would change
 * nothing.  Transitions: insert, erase, updated.  Each costs O(log n), and
 * nothing recurses.
 *
 * The *_within walks skip the subtrees that enter(parent, child) refuses; the
 * parent of the root is NULL.  enter() may grow stricter while a walk goes on.
 */
#ifndef HF_CORE_TREE_HPP
#define HF_CORE_TREE_HPP

#include <holdfast/core/std.hpp>

namespace hf {

template <typename Traits>
concept tree_traits = requires(typename Traits::item &item, const typename Traits::item &other,
			       typename Traits::node *node) {
	{ Traits::to_item(node) } -> same_as<typename Traits::item *>;
	{ Traits::to_node(item) } -> same_as<typename Traits::node *>;
	{ Traits::before(other, other) } -> same_as<bool>;
	{ Traits::refresh(item) } -> same_as<bool>;
	{ Traits::absorb(item, other) } -> same_as<bool>;
	Traits::inherit(item, other);
};

/* For traits of items that know nothing of their subtrees; Offset: of the node in the item. */
template <typename Item, typename Node, size_t Offset>
struct plain_node {
	using node = Node;
	using item = Item;

	static Item *to_item(Node *n)
	{
		return reinterpret_cast<Item *>(reinterpret_cast<uintptr_t>(n) - Offset);
	}

	static Node *to_node(Item &i)
	{
		return reinterpret_cast<Node *>(reinterpret_cast<uintptr_t>(&i) + Offset);
	}

	static bool refresh(Item &) { return false; }
	static bool absorb(Item &, const Item &) { return false; }
	static void inherit(Item &, const Item &) {}
};

template <tree_traits Traits>
class tree {
	using node = typename Traits::node;
	using item = typename Traits::item;
	using side = node *node::*;

	static constexpr uintptr_t black = 1;

	static item *as_item(node *n) { return n ? Traits::to_item(n) : nullptr; }
	static node *parent(const node *n) { return reinterpret_cast<node *>(n->up & ~black); }
	static bool is_black(const node *n) { return !n || (n->up & black); }
	static void set_black(node *n) { n->up |= black; }
	static void set_red(node *n) { n->up &= ~black; }

	static void set_parent(node *n, node *to)
	{
		n->up = reinterpret_cast<uintptr_t>(to) | (n->up & black);
	}

	static void replace_child(node *&root, node *of, node *from, node *to)
	{
		if (!of)
			root = to;
		else if (of->left == from)
			of->left = to;
		else
			of->right = to;
	}

	/* From n up to the first whose subtree is as it was. */
	static void refresh_up(node *n)
	{
		while (n && Traits::refresh(*Traits::to_item(n)))
			n = parent(n);
	}

	/* The same above a new leaf, whose siblings need no look. */
	static void absorb_up(node *n, const item &leaf)
	{
		while (n && Traits::absorb(*Traits::to_item(n), leaf))
			n = parent(n);
	}

	/* n goes down to its Down side, its child on Up takes its place. */
	template <side Down, side Up>
	static void rotate(node *&root, node *n)
	{
		node *top = n->*Up;
		node *above = parent(n);

		n->*Up = top->*Down;
		if (n->*Up)
			set_parent(n->*Up, n);
		set_parent(top, above);
		replace_child(root, above, n, top);
		top->*Down = n;
		set_parent(n, top);
		Traits::refresh(*Traits::to_item(n));
		Traits::refresh(*Traits::to_item(top));
	}

	/* n and its parent are red, the parent is on the Near side of above. */
	template <side Near, side Far>
	static node *mend_insert(node *&root, node *n, node *above)
	{
		node *up = above->*Near;
		node *uncle = above->*Far;

		if (!is_black(uncle)) {
			set_black(up);
			set_black(uncle);
			set_red(above);
			return above;
		}
		if (n == up->*Far) {
			rotate<Near, Far>(root, up);
			n = up;
			up = above->*Near;
		}
		set_black(up);
		set_red(above);
		rotate<Far, Near>(root, above);
		return n;
	}

	/*
	 * Paths through n, the Near child of up, are a black node short.
	 * Return: where they are short now, with up for its parent, or NULL.
	 */
	template <side Near, side Far>
	static node *mend_erase(node *&root, node *&up)
	{
		node *other = up->*Far;

		if (!is_black(other)) {
			set_black(other);
			set_red(up);
			rotate<Near, Far>(root, up);
			other = up->*Far;
		}
		if (is_black(other->*Near) && is_black(other->*Far)) {
			node *n = up;

			set_red(other);
			up = parent(n);
			return n;
		}
		if (is_black(other->*Far)) {
			set_black(other->*Near);
			set_red(other);
			rotate<Far, Near>(root, other);
			other = up->*Far;
		}
		if (is_black(up))
			set_black(other);
		else
			set_red(other);
		set_black(up);
		set_black(other->*Far);
		rotate<Near, Far>(root, up);
		return nullptr;
	}

	static void balance_erase(node *&root, node *n, node *up)
	{
		while (up && is_black(n)) {
			n = n == up->left ? mend_erase<&node::left, &node::right>(root, up)
					  : mend_erase<&node::right, &node::left>(root, up);
			if (!n)
				return;
		}
		if (n)
			set_black(n);
	}

	/* As the child of up that at points to. */
	static void insert_at(node *&root, item &what, node *up, node **at)
	{
		node *n = Traits::to_node(what);

		n->left = nullptr;
		n->right = nullptr;
		n->up = reinterpret_cast<uintptr_t>(up);
		*at = n;
		Traits::refresh(what);
		absorb_up(up, what);
		while (up && !is_black(up)) {
			node *above = parent(up);

			n = up == above->left ? mend_insert<&node::left, &node::right>(root, n, above)
					      : mend_insert<&node::right, &node::left>(root, n, above);
			up = parent(n);
		}
		set_black(root);
	}

	/* The leftmost of n's right subtree takes n's place. */
	static node *take_place(node *&root, node *n, node *&up)
	{
		node *heir = n->right;

		while (heir->left)
			heir = heir->left;
		node *child = heir->right;
		bool was_black = is_black(heir);

		up = heir;
		if (heir != n->right) {
			up = parent(heir);
			up->left = child;
			if (child)
				set_parent(child, up);
			heir->right = n->right;
			set_parent(heir->right, heir);
		}
		heir->left = n->left;
		set_parent(heir->left, heir);
		heir->up = n->up;
		replace_child(root, parent(n), n, heir);
		/* What is above heir has seen what n had. */
		Traits::inherit(*Traits::to_item(heir), *Traits::to_item(n));
		for (node *at = up; at != heir; at = parent(at))
			Traits::refresh(*Traits::to_item(at));
		refresh_up(heir);
		/* n is out: it carries the colour that is missing below. */
		n->up = was_black ? black : 0;
		return child;
	}

	template <side Near, side Far, typename Enter>
	static node *end_within(node *n, Enter &enter)
	{
		while (n->*Near && enter(Traits::to_item(n), Traits::to_item(n->*Near)))
			n = n->*Near;
		return n;
	}

	template <side Near, side Far, typename Enter>
	static item *start_within(node *root, Enter &enter)
	{
		if (!root || !enter(static_cast<item *>(nullptr), Traits::to_item(root)))
			return nullptr;
		return Traits::to_item(end_within<Near, Far>(root, enter));
	}

	template <side Near, side Far, typename Enter>
	static item *step_within(item *from, Enter &enter)
	{
		node *n = Traits::to_node(*from);

		if (n->*Far && enter(from, Traits::to_item(n->*Far)))
			return Traits::to_item(end_within<Near, Far>(n->*Far, enter));
		for (node *up = parent(n); up; n = up, up = parent(n))
			if (n == up->*Near)
				return Traits::to_item(up);
		return nullptr;
	}

	static constexpr auto everything = [](item *, item *) { return true; };

public:
	/* Equal items go behind those that are there. */
	static void insert(node *&root, item &what)
	{
		node *up = nullptr;
		node **at = &root;

		while (*at) {
			up = *at;
			at = Traits::before(what, *Traits::to_item(up)) ? &up->left : &up->right;
		}
		insert_at(root, what, up, at);
	}

	/* Two neighbours, NULL at the ends. */
	struct gap {
		item *before, *after;
	};

	/* Where it is known to belong: no search.  One of the two has no child there. */
	static void insert_between(node *&root, gap where, item &what)
	{
		node *before = where.before ? Traits::to_node(*where.before) : nullptr;
		node *after = where.after ? Traits::to_node(*where.after) : nullptr;

		if (before && !before->right)
			insert_at(root, what, before, &before->right);
		else
			insert_at(root, what, after, after ? &after->left : &root);
	}

	static void erase(node *&root, item &what)
	{
		node *n = Traits::to_node(what);
		node *up, *child;

		if (n->left && n->right) {
			child = take_place(root, n, up);
		} else {
			child = n->left ? n->left : n->right;
			up = parent(n);
			replace_child(root, up, n, child);
			if (child)
				set_parent(child, up);
			refresh_up(up);
		}
		if (is_black(n))
			balance_erase(root, child, up);
	}

	/* What the item tells of its subtree may have changed; its place did not. */
	static void updated(item &what) { refresh_up(Traits::to_node(what)); }

	template <typename Enter>
	[[nodiscard]] static item *first_within(node *root, Enter &enter)
	{
		return start_within<&node::left, &node::right>(root, enter);
	}

	template <typename Enter>
	[[nodiscard]] static item *next_within(item *from, Enter &enter)
	{
		return step_within<&node::left, &node::right>(from, enter);
	}

	template <typename Enter>
	[[nodiscard]] static item *last_within(node *root, Enter &enter)
	{
		return start_within<&node::right, &node::left>(root, enter);
	}

	template <typename Enter>
	[[nodiscard]] static item *prev_within(item *from, Enter &enter)
	{
		return step_within<&node::right, &node::left>(from, enter);
	}

	[[nodiscard]] static item *first(node *root) { return first_within(root, everything); }
	[[nodiscard]] static item *last(node *root) { return last_within(root, everything); }
	[[nodiscard]] static item *next(item *from) { return next_within(from, everything); }
	[[nodiscard]] static item *prev(item *from) { return prev_within(from, everything); }

	/* The last item that is below() and the next one; it holds for a prefix. */
	template <typename Below>
	[[nodiscard]] static gap gap_after(node *root, Below below)
	{
		node *before = nullptr;
		node *after = nullptr;

		while (root) {
			bool right = below(*Traits::to_item(root));

			/* No branch: it would be guessed wrong half of the time. */
			before = right ? root : before;
			after = right ? after : root;
			root = *(right ? &root->right : &root->left);
		}
		return { as_item(before), as_item(after) };
	}

	template <typename Below>
	[[nodiscard]] static item *first_not(node *root, Below below)
	{
		return gap_after(root, below).after;
	}

	/* The subtree's two children, for refresh(). */
	[[nodiscard]] static item *left(item &of) { return as_item(Traits::to_node(of)->left); }
	[[nodiscard]] static item *right(item &of) { return as_item(Traits::to_node(of)->right); }

	/* The root above an item that is in a tree. */
	[[nodiscard]] static node *root_of(item &of)
	{
		node *n = Traits::to_node(of);

		while (parent(n))
			n = parent(n);
		return n;
	}

	/* NULL, or what is wrong.  Mends the augmentation that it finds wrong. */
	[[nodiscard]] static const char *validate(node *root)
	{
		size_t depth = 0;
		item *before = nullptr;

		if (!is_black(root) || (root && parent(root)))
			return "tree: the root is red or has a parent";
		for (item *at = first(root); at; before = at, at = next(at)) {
			node *n = Traits::to_node(*at);

			if ((n->left && parent(n->left) != n) || (n->right && parent(n->right) != n))
				return "tree: a child does not know its parent";
			if (before && Traits::before(*at, *before))
				return "tree: out of order";
			if (!is_black(n) && (!is_black(n->left) || !is_black(n->right)))
				return "tree: a red node has a red child";
			if (Traits::refresh(*at))
				return "tree: a subtree is not what its root says";
			if (n->left && n->right)
				continue;
			size_t blacks = 0;

			for (node *up = n; up; up = parent(up))
				blacks += is_black(up);
			if (depth && blacks != depth)
				return "tree: paths differ in black nodes";
			depth = blacks;
		}
		return nullptr;
	}
};

} // namespace hf

#endif /* HF_CORE_TREE_HPP */
