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

/* The file, if it is still where it was made, and the reference. */
void hf9_address_unlink(struct path *file);

#endif /* HF9_ADDRESS_H */
