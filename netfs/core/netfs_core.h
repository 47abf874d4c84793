/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the request layer's core: what the C shell in netfs/ may ask of the
 * C++ in netfs/core/.  Valid as C11 and as C++20.  Documentation/netfs.md has the
 * invariants and what the shell does at each of its moments;
 * Documentation/netfs-cache.md likewise for the cache on disk.
 *
 *	netfs_range.h	which bytes of a folio are dirty
 *	netfs_size.h	how large a file is
 *	netfs_plan.h	how a range is cut; how much may be in flight
 *	netfs_request.h	what an answer means, when to try again, how it ends
 *	netfs_cache.h	the cache on disk: what an object is called, and its header
 *	netfs_cache_object.h	one object: what may be read, filled, vouched for
 *	netfs_cache_index.h	all objects of a directory: which one goes next
 *	netfs_cache_health.h	how the directory's filesystem is
 *
 * The core takes no lock, allocates nothing and reads no clock: each of these says which
 * lock its callers hold.  Memory is the shell's, embedded in its own.  Time is in ms of
 * any clock that does not go backwards.
 *
 * What the state of a thing forbids is an RL_..._INVALID or false, and changes
 * nothing: a fault of the caller, which wants a warning.
 */
#ifndef HF_NETFS_CORE_H
#define HF_NETFS_CORE_H

#include "netfs_cache.h"
#include "netfs_cache_health.h"
#include "netfs_cache_index.h"
#include "netfs_cache_object.h"
#include "netfs_plan.h"
#include "netfs_range.h"
#include "netfs_request.h"
#include "netfs_size.h"

#endif /* HF_NETFS_CORE_H */
