/* SPDX-License-Identifier: GPL-2.0-only */
/* A listener's socket, from what was written. */
#ifndef HF9_ADDRESS_H
#define HF9_ADDRESS_H

struct path;
struct socket;

/*
 * A socket that listens at @address.  Of AF_UNIX @file is the file that was made for
 * it, counted: hf9_address_unlink() takes it away.
 */
struct socket *hf9_address_listen(const char *address, struct path *file,
				  const char **why);

/*
 * The file, if it still has a name (that may be another one by now), and the reference.
 * Context: may sleep, also until its filesystem is thawed.
 */
void hf9_address_unlink(struct path *file);

#endif /* HF9_ADDRESS_H */
