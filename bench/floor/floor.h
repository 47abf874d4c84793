/* SPDX-License-Identifier: GPL-2.0-only */
/* The floor's files among themselves. */
#ifndef HF_BENCH_FLOOR_H
#define HF_BENCH_FLOOR_H

#include <linux/types.h>

#include <holdfast/ninep.h>

/* The longest message, both ways; what the mounts beside it have, too. */
#define FLOOR_MSIZE	65536
#define FLOOR_FIDS	1024
#define FLOOR_MADE	1000

/*
 * What one client sees.  Every directory has the same in it: "dir", a directory;
 * "data" and "file", of zeroes; and those of "made.0" to "made.999" that were created.
 * @fids: what each is of, see answer.c; 0 if it is of nothing
 * @made: which are there
 */
struct floor_tree {
	u16 fids[FLOOR_FIDS];
	DECLARE_BITMAP(made, FLOOR_MADE);
	struct np_msg request, reply;
};

/*
 * Answers a whole message, of @bytes bytes at @frame.  @built is filled: bytes at
 * @reply, where FLOOR_MSIZE are, and zeroes that follow them.  False if the client is
 * not to be believed any more.
 */
bool floor_answer(struct floor_tree *tree, const void *frame, u32 bytes, void *reply,
		  struct np_built *built);

#endif /* HF_BENCH_FLOOR_H */
