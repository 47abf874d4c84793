/* SPDX-License-Identifier: GPL-2.0-only */
/* The link's files among themselves. */
#ifndef HF_NINEP_LINK_H
#define HF_NINEP_LINK_H

#include <holdfast/ninep_link.h>

/* Bits of hf_link.flags: a thread is in hf_link_receive(). */
enum { HF_LINK_RECEIVING };

/* It has ended, for @error, unless it had before.  Any context. */
void hf_link_end(struct hf_link *link, int error);

#endif /* HF_NINEP_LINK_H */
