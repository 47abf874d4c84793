/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended attributes of files, xattr.c, for the fids that stand for one, xattr_fid.c. */
#ifndef HF9_XATTR_H
#define HF9_XATTR_H

#include "ops.h"

/* It is one that a client may name; "" is none. */
bool hf9_xattr_is_clients(const char *name);

/**
 * hf9_xattr_get - read an attribute of a file
 * @path: the file
 * @name: a client's, see hf9_xattr_is_clients(); "" is the list of those
 * @value: XATTR_SIZE_MAX bytes
 *
 * Context: as the user who asks.  May sleep.
 * Return: the value's length; what getxattr(2) and listxattr(2) say.
 */
ssize_t hf9_xattr_get(const struct path *path, const char *name, void *value);

/**
 * hf9_xattr_set - set or remove an attribute of a file
 * @path: the file
 * @xattr: a client's name, and the value: of no bytes, with NP_XATTR_REPLACE, it is
 *	removed
 *
 * Context: as the user who asks.  May sleep.
 * Return: 0; -EAGAIN beside a delegation; what setxattr(2) and removexattr(2) say.
 */
int hf9_xattr_set(const struct path *path, const struct hf9_xattr *xattr);

#endif /* HF9_XATTR_H */
