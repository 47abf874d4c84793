/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients in the same kernel, see localio.c. */
#ifndef HF9_LOCALIO_H
#define HF9_LOCALIO_H

struct hf9_connection;
struct hf9_export;

/**
 * hf9_localio_end - end a connection's links
 * @connection: the connection
 *
 * Context: process; does not sleep, waits for nothing.
 */
void hf9_localio_end(struct hf9_connection *connection);

/**
 * hf9_localio_stop - an export's clients go by the wire
 * @export: the export; its ->localio may be set again by who has called this
 *
 * Ends their links; there are no new ones.
 *
 * Context: may sleep; takes hf9_registry_lock.
 */
void hf9_localio_stop(struct hf9_export *export);

/**
 * hf9_localio_wait - until what was in flight by its links is over
 * @export: stopped; with a reference of the caller's
 *
 * Context: may sleep, for disks; no lock.
 * Return: 0; -EINTR if the caller was killed.
 */
int hf9_localio_wait(struct hf9_export *export);

int hf9_localio_init(void);
/* No connection is left. */
void hf9_localio_exit(void);

#endif /* HF9_LOCALIO_H */
