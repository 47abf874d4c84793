/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The conflict table of lease_core.h, row by row, as cases.  Compiled as C11
 * and as C++20, each of which runs all of them: the structures must be the
 * same on both sides.  And as the kernel's C, by kunit/.
 */
#ifndef HF_TESTS_LEASE_CASES_H
#define HF_TESTS_LEASE_CASES_H

#ifdef __KERNEL__
#include <linux/string.h>
#define INT64_MIN S64_MIN
#else
#include <string.h>
#endif

#include "lease_core.h"

/* Holders are 1 to 4; a change through no descriptor is of 0. */
#define LEASE_HOLDERS 4
/* How long a break lasts in the cases. */
#define LEASE_CASE_BREAK_MS 100

enum lease_verb {
	LV_DONE = 0,
	LV_SET,			/* a layout */
	LV_SET_BARE,		/* without memory for one */
	LV_LOOK,
	LV_RETURN,
	LV_PIN,
	LV_UNPIN,		/* start is the id: they are numbered from 1 */
	LV_BEGIN,		/* a change, one for each holder */
	LV_BREAK,
	LV_BREAK_SLOWLY,	/* without a limit */
	LV_END,
	LV_LEASE,		/* and a delegation, of the same holder */
	LV_RELEASE,
};

struct lease_step {
	enum lease_verb verb;
	uint64_t who;
	int64_t start, end;
	uint8_t type;
	uint64_t now;
	enum ls_answer answer;
	/*
	 * A letter for each holder, or NULL: for nobody.  What was told: Granted,
	 * Changed, Break, Out of time, Returned.  Layouts: held, breaking, revoked.
	 */
	const char *told, *layouts;
};

struct lease_case {
	const char *name;
	struct lease_step steps[12];
};

#define R LS_READ
#define W LS_WRITE
#define OK LS_OK
#define SET(who, a, b, type, now, answer, told, layouts) \
	{ LV_SET, who, a, b, type, now, answer, told, layouts }
#define HOLD(who, a, b, type, layouts) \
	{ LV_SET, who, a, b, type, 0, LS_OK, &"...G"[4 - (who)], layouts }
#define PIN(who, a, b, type, now, answer, told, layouts) \
	{ LV_PIN, who, a, b, type, now, answer, told, layouts }
#define UNPIN(who, id, answer, layouts) { LV_UNPIN, who, id, 0, 0, 0, answer, NULL, layouts }
#define BEGIN(who, a, b, answer, layouts) { LV_BEGIN, who, a, b, 0, 0, answer, NULL, layouts }
#define BREAK(who, now, answer, told, layouts) \
	{ LV_BREAK, who, 0, 0, 0, now, answer, told, layouts }
#define END(who, layouts) { LV_END, who, 0, 0, 0, 0, LS_OK, NULL, layouts }
#define RETURN(who, answer, told, layouts) \
	{ LV_RETURN, who, 0, 0, 0, 0, answer, told, layouts }
#define LOOK(who, now, told, layouts) { LV_LOOK, who, 0, 0, 0, now, LS_OK, told, layouts }
#define RELEASE(who, told, layouts) { LV_RELEASE, who, 0, 0, 0, 0, LS_OK, told, layouts }
#define LEASE(who, type, told, layouts) { LV_LEASE, who, 0, 0, type, 0, LS_OK, told, layouts }

static const struct lease_case lease_cases[] = {
	{ "row 1: an impossible range", {
		SET(1, 5, 4, R, 0, LS_INVALID, NULL, NULL),
		SET(1, -1, 4, R, 0, LS_INVALID, NULL, NULL),
		PIN(1, 5, 4, R, 0, LS_INVALID, NULL, NULL),
		PIN(1, INT64_MIN, -1, R, 0, LS_INVALID, NULL, NULL),
		BEGIN(1, 5, 4, LS_INVALID, NULL),
		BEGIN(0, -1, LS_END, LS_INVALID, NULL) } },
	{ "row 1: no such type, no holder", {
		SET(1, 0, 4, LS_NONE, 0, LS_INVALID, NULL, NULL),
		SET(1, 0, 4, 3, 0, LS_INVALID, NULL, NULL),
		SET(0, 0, 4, R, 0, LS_INVALID, NULL, NULL),
		HOLD(1, 0, LS_END, W, "h"),
		PIN(1, 0, 4, LS_NONE, 0, LS_INVALID, NULL, "h"),
		PIN(1, 0, 4, 255, 0, LS_INVALID, NULL, "h"),
		PIN(0, 0, 4, R, 0, LS_INVALID, NULL, "h") } },
	{ "row 1 comes first: nothing was looked at", {
		HOLD(1, 0, 9, W, "h"),
		BEGIN(0, 0, 9, LS_WAIT, "h"), BREAK(0, 0, LS_WAIT, "B", "b"),
		SET(1, 9, 0, R, 1000, LS_INVALID, NULL, "b"),
		PIN(1, 9, 0, R, 1000, LS_INVALID, NULL, "b") } },
	{ "row 2: a pin, own or not", {
		HOLD(1, 0, 99, W, "h"),
		PIN(1, 10, 19, R, 0, OK, NULL, "h"),
		BEGIN(1, 19, 30, LS_PINNED, "h"),
		BEGIN(2, 0, 10, LS_PINNED, "h"),
		BEGIN(0, 0, LS_END, LS_PINNED, "h"),
		UNPIN(1, 1, OK, "h"),
		BEGIN(1, 19, 30, OK, "h") } },
	{ "row 2: only one that it touches", {
		HOLD(1, 0, 99, W, "h"),
		PIN(1, 10, 19, W, 0, OK, NULL, "h"),
		BEGIN(1, 20, LS_END, OK, "h"), END(1, "h"),
		BEGIN(1, 0, 9, OK, "h"), END(1, "h"),
		BEGIN(1, 19, 19, LS_PINNED, "h"),
		BEGIN(1, 10, 10, LS_PINNED, "h") } },
	{ "row 2 before row 3: no layout is broken for what must fail", {
		HOLD(1, 0, 99, W, "h"), HOLD(2, 0, 99, R, "hh"),
		PIN(2, 50, 50, R, 0, OK, NULL, "hh"),
		BEGIN(0, 40, LS_END, LS_PINNED, "hh"),
		BREAK(0, 0, LS_INVALID, NULL, "hh") } },
	{ "row 3: the held layouts of others that it touches", {
		HOLD(1, 0, 9, R, "h"), HOLD(2, 5, 14, W, "hh"), HOLD(3, 10, 19, W, "hhh"),
		HOLD(4, 15, LS_END, R, "hhhh"),
		BEGIN(3, 9, 14, LS_WAIT, "hhhh"),
		BREAK(3, 0, LS_WAIT, "BB", "bbhh"),
		RETURN(1, OK, "R", ".bhh"), BREAK(3, 5, LS_WAIT, NULL, ".bhh"),
		RETURN(2, OK, ".R", "..hh"), BREAK(3, 5, OK, NULL, "..hh"),
		END(3, "..hh") } },
	{ "row 3: through no descriptor, everybody's", {
		HOLD(1, 0, 9, R, "h"), HOLD(2, 5, LS_END, W, "hh"),
		BEGIN(0, 9, LS_END, LS_WAIT, "hh"), BREAK(0, 0, LS_WAIT, "BB", "bb") } },
	{ "row 4: the deadline that it has already", {
		HOLD(1, 0, 9, W, "h"),
		BEGIN(2, 0, 0, LS_WAIT, "h"), BREAK(2, 0, LS_WAIT, "B", "b"),
		BREAK(2, 50, LS_WAIT, NULL, "b"),
		BEGIN(3, 9, 9, LS_WAIT, "b"), BREAK(3, 60, LS_WAIT, NULL, "b"),
		BREAK(3, 99, LS_WAIT, NULL, "b"), BREAK(3, 100, OK, "O", "r"),
		BREAK(2, 100, OK, NULL, "r") } },
	{ "row 4: a second change asks no later, and a nonblocking one leaves the break", {
		HOLD(1, 0, 9, W, "h"),
		BEGIN(2, 0, 0, LS_WAIT, "h"), BREAK(2, 0, LS_WAIT, "B", "b"), END(2, "b"),
		LOOK(1, 99, NULL, "b"), LOOK(1, 100, "O", "r"), LOOK(1, 101, NULL, "r") } },
	{ "row 4: without a limit there is no deadline, nor later", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 0, LS_WAIT, "h"),
		{ LV_BREAK_SLOWLY, 0, 0, 0, 0, 0, LS_WAIT, "B", "b" },
		BREAK(0, LS_NEVER, LS_WAIT, NULL, "b"), LOOK(1, LS_NEVER, NULL, "b"),
		RETURN(1, OK, "R", NULL), BREAK(0, LS_NEVER, OK, NULL, NULL) } },
	{ "row 5: revoked, and the rest is waited for", {
		HOLD(1, 0, 9, W, "h"), HOLD(2, 20, 29, W, "hh"),
		BEGIN(0, 0, 9, LS_WAIT, "hh"), BREAK(0, 0, LS_WAIT, "B", "bh"),
		BEGIN(3, 0, LS_END, LS_WAIT, "bh"), BREAK(3, 100, LS_WAIT, "OB", "rb"),
		BREAK(0, 100, OK, NULL, "rb"), BREAK(3, 199, LS_WAIT, NULL, "rb"),
		BREAK(3, 200, OK, ".O", "rr") } },
	{ "row 6: an own layout, a revoked one, leases, a change", {
		HOLD(1, 0, 9, W, "h"), HOLD(2, 0, 9, W, "hh"), LEASE(3, W, "..G", "hh"),
		BEGIN(1, 0, 9, LS_WAIT, "hh"), BREAK(1, 0, LS_WAIT, ".B", "hb"),
		BREAK(1, 100, OK, ".O", "hr"),
		BEGIN(2, 5, 5, LS_WAIT, "hr"), END(1, "hr"),
		RETURN(1, OK, "R", ".r"), BREAK(2, 100, OK, NULL, ".r"),
		BEGIN(0, 0, LS_END, OK, ".r") } },
	{ "row 6: an own layout that another change is breaking", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), BEGIN(1, 0, 9, OK, "b"), END(1, "b") } },
	{ "row 7: a change that it touches, own or not", {
		BEGIN(1, 10, 19, OK, NULL),
		SET(1, 0, 10, R, 0, LS_AGAIN, NULL, NULL), SET(2, 19, 19, R, 0, LS_AGAIN, NULL, NULL),
		HOLD(2, 0, 9, R, ".h"), SET(2, 0, 15, R, 0, LS_AGAIN, NULL, ".h"),
		PIN(2, 9, 10, R, 0, LS_AGAIN, NULL, ".h"), PIN(3, 12, 12, R, 0, LS_AGAIN, NULL, ".h"),
		PIN(2, 9, 9, R, 0, OK, NULL, ".h"), END(1, ".h"),
		SET(2, 0, 15, R, 0, OK, ".C", ".h"), PIN(2, 9, 10, R, 0, OK, NULL, ".h") } },
	{ "row 7: one that waits, too; and nothing moves its deadline", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"),
		SET(2, 0, 9, R, 50, LS_AGAIN, NULL, "b"),
		RETURN(1, OK, "R", NULL), SET(1, 0, 9, R, 50, LS_AGAIN, NULL, NULL),
		BREAK(0, 50, OK, NULL, NULL), END(0, NULL), HOLD(1, 0, 9, R, "h") } },
	{ "row 7 before row 11, and what is late is revoked first", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), PIN(1, 0, 0, R, 99, LS_AGAIN, NULL, "b"),
		PIN(1, 0, 0, R, 100, LS_AGAIN, "O", "r"), END(0, "r"),
		PIN(1, 0, 0, R, 100, LS_DENIED, NULL, "r") } },
	{ "row 8: an own one that is breaking", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), SET(1, 20, 29, R, 50, LS_AGAIN, NULL, "b"),
		END(0, "b"), SET(1, 0, 9, W, 50, LS_AGAIN, NULL, "b"),
		RETURN(1, OK, "R", NULL), RETURN(1, LS_DENIED, NULL, NULL),
		HOLD(1, 0, 9, W, "h") } },
	{ "row 9: an own one is replaced, held or revoked, and needs no memory", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		{ LV_SET_BARE, 1, 20, 29, R, 0, OK, "C", "h" },
		BREAK(0, 0, OK, NULL, "h"), END(0, "h"),
		BEGIN(0, 25, 25, LS_WAIT, "h"), BREAK(0, 0, LS_WAIT, "B", "b"),
		BREAK(0, 100, OK, "O", "r"), END(0, "r"),
		{ LV_SET_BARE, 1, 0, 9, W, 100, OK, "G", "h" },
		PIN(1, 5, 5, W, 100, OK, NULL, "h"),
		BEGIN(0, 20, 29, OK, "h") } },
	{ "row 9: one whose time is over is as good as revoked", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 9, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), END(0, "b"),
		SET(1, 0, 9, R, 99, LS_AGAIN, NULL, "b"), SET(1, 0, 9, R, 100, OK, "G", "h"),
		PIN(1, 0, 9, R, 200, OK, NULL, "h") } },
	{ "row 10: layouts of others, pins, leases", {
		HOLD(1, 0, LS_END, W, "h"), PIN(1, 0, LS_END, W, 0, OK, NULL, "h"),
		LEASE(2, W, ".G", "h"), HOLD(2, 0, LS_END, W, "hh"),
		LEASE(1, R, "G", "hh"), HOLD(3, 5, 5, R, "hhh"), HOLD(4, 0, 0, W, "hhhh") } },
	{ "a new one needs memory, where rows 7 to 9 say nothing", {
		{ LV_SET_BARE, 1, 0, 9, R, 0, LS_NEED_SPARE, NULL, NULL },
		BEGIN(0, 9, 9, OK, NULL),
		{ LV_SET_BARE, 1, 0, 9, R, 0, LS_AGAIN, NULL, NULL } } },
	{ "row 11: no own layout", {
		PIN(1, 0, 0, R, 0, LS_DENIED, NULL, NULL), HOLD(2, 0, 9, W, ".h"),
		PIN(1, 0, 0, R, 0, LS_DENIED, NULL, ".h"), LEASE(1, W, "G", ".h"),
		PIN(1, 0, 0, R, 0, LS_DENIED, NULL, ".h") } },
	{ "row 11: a revoked one, known or not", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 0, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), END(0, "b"),
		PIN(1, 5, 5, R, 100, LS_DENIED, "O", "r"),
		PIN(1, 5, 5, R, 100, LS_DENIED, NULL, "r") } },
	{ "row 11: one that does not contain it, or that is for less", {
		HOLD(1, 10, 19, R, "h"),
		PIN(1, 9, 10, R, 0, LS_DENIED, NULL, "h"), PIN(1, 19, 20, R, 0, LS_DENIED, NULL, "h"),
		PIN(1, 0, LS_END, R, 0, LS_DENIED, NULL, "h"), PIN(1, 30, 30, R, 0, LS_DENIED, NULL, "h"),
		PIN(1, 10, 19, W, 0, LS_DENIED, NULL, "h"), PIN(1, 10, 19, R, 0, OK, NULL, "h"),
		SET(1, 10, 19, W, 0, OK, "C", "h"), PIN(1, 10, 19, W, 0, OK, NULL, "h") } },
	{ "row 12: an own one that is breaking; row 11 comes first", {
		HOLD(1, 0, 9, R, "h"), BEGIN(0, 0, 0, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), PIN(1, 5, 5, R, 99, LS_AGAIN, NULL, "b"),
		PIN(1, 5, 5, W, 99, LS_DENIED, NULL, "b"), PIN(1, 5, 10, R, 99, LS_DENIED, NULL, "b"),
		RETURN(1, OK, "R", NULL), PIN(1, 5, 5, R, 99, LS_DENIED, NULL, NULL) } },
	{ "row 13: pins beside pins", {
		HOLD(1, 0, 9, W, "h"), HOLD(2, 0, 9, R, "hh"),
		PIN(1, 0, 9, W, 0, OK, NULL, "hh"), PIN(1, 0, 9, W, 0, OK, NULL, "hh"),
		PIN(2, 0, 9, R, 0, OK, NULL, "hh"),
		UNPIN(2, 1, LS_DENIED, "hh"), UNPIN(1, 3, LS_DENIED, "hh"),
		UNPIN(1, 2, OK, "hh"), UNPIN(1, 2, LS_DENIED, "hh") } },
	{ "pins outlast their layout", {
		HOLD(1, 0, 9, W, "h"), PIN(1, 0, 0, W, 0, OK, NULL, "h"),
		BEGIN(0, 5, 5, LS_WAIT, "h"), BREAK(0, 0, LS_WAIT, "B", "b"),
		BREAK(0, 100, OK, "O", "r"), BEGIN(2, 0, 0, LS_PINNED, "r"),
		RETURN(1, OK, NULL, NULL), BEGIN(2, 0, 0, LS_PINNED, NULL),
		END(0, NULL), UNPIN(1, 1, OK, NULL), BEGIN(2, 0, 0, OK, NULL) } },
	{ "the last close takes all of one holder, and of nobody else", {
		HOLD(1, 0, 9, W, "h"), PIN(1, 0, 0, W, 0, OK, NULL, "h"),
		PIN(1, 3, 3, R, 0, OK, NULL, "h"), HOLD(2, 0, 9, W, "hh"),
		PIN(2, 9, 9, W, 0, OK, NULL, "hh"), LEASE(1, R, "G", "hh"),
		RELEASE(1, "R", ".h"), BEGIN(2, 0, 8, OK, ".h"), BEGIN(1, 9, 9, LS_PINNED, ".h"),
		RELEASE(1, NULL, ".h"), RELEASE(2, ".R", NULL) } },
	{ "the last close of a revoked one gives nothing back", {
		HOLD(1, 0, 9, W, "h"), BEGIN(0, 0, 0, LS_WAIT, "h"),
		BREAK(0, 0, LS_WAIT, "B", "b"), BREAK(0, 100, OK, "O", "r"),
		RELEASE(1, NULL, NULL) } },
};

#undef R
#undef W
#undef OK
#undef SET
#undef HOLD
#undef PIN
#undef UNPIN
#undef BEGIN
#undef BREAK
#undef END
#undef RETURN
#undef LOOK
#undef RELEASE
#undef LEASE

static inline unsigned int lease_case_count(void)
{
	return sizeof(lease_cases) / sizeof(lease_cases[0]);
}

#ifdef __cplusplus
extern "C" {
#endif
/* The same, from C.  Return: NULL, or the name of the case that came out otherwise. */
const char *lease_case_run_in_c(unsigned int index, unsigned int *step);
unsigned int lease_size_in_c(unsigned int which);
#ifdef __cplusplus
}
#endif

#endif /* HF_TESTS_LEASE_CASES_H */
