/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads of an export, or of a listener for those who have not attached yet.
 * They are ours alone: files are made with the client's mode, whatever any umask.
 */
#ifndef HF9_POOL_H
#define HF9_POOL_H

#include <linux/types.h>

struct hf9_connection;
struct hf9_pool;

#define HF9_THREADS_MOST	512

/**
 * hf9_pool_new - a pool with one thread
 * @name: of its threads
 * @most: threads that it may grow to, 1 to HF9_THREADS_MOST
 *
 * Context: may sleep.
 * Return: it; -ENOMEM, or why there is no thread.
 */
struct hf9_pool *hf9_pool_new(const char *name, unsigned int most);

/**
 * hf9_pool_add - a connection wants a thread
 * @pool: the pool
 * @connection: in no pool; with a reference that goes to the thread
 *
 * Context: any; the connection's work_lock is held.
 */
void hf9_pool_add(struct hf9_pool *pool, struct hf9_connection *connection);

/* How many threads one connection may have of it: half, but one at the least. */
unsigned int hf9_pool_share(const struct hf9_pool *pool);

/* For /proc. */
unsigned int hf9_pool_threads(const struct hf9_pool *pool);

/**
 * hf9_pool_free - the end of its threads
 * @pool: no connection has it any more; NULL is all right
 *
 * Context: may sleep; none of its threads.
 */
void hf9_pool_free(struct hf9_pool *pool);

#endif /* HF9_POOL_H */
