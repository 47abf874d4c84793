/* SPDX-License-Identifier: GPL-2.0-only */
/* Raw clients of 9P and of NFSv3 over TCP, which do as little as can be. */
#ifndef HF_BENCH_SERVED_H
#define HF_BENCH_SERVED_H

#include <stddef.h>
#include <stdint.h>

/* Of the file that is read: its offset stands at the beginning of each page of it. */
#define DATA (16 << 20)
#define PAGE 4096

/* From a port below 1024. */
int connect_to(unsigned int port);
void send_all(int fd, const void *data, size_t bytes);
void receive_all(int fd, void *data, size_t bytes);
/* The payload of a read at @offset: its first page's number is looked at, the rest
 * thrown away, which costs all servers' clients the same: nothing. */
void receive_payload(int fd, uint64_t offset, size_t bytes);

/*
 * A server that is read from.  @read_bytes: of one read
 * @ask: send a read at @offset, which is answered by @id
 * @answer: receive a reply; returns its id, and what was asked for it is at @offsets[id]
 */
struct server {
	int fd;
	size_t read_bytes;
	void (*ask)(struct server *server, unsigned int id, uint64_t offset);
	unsigned int (*answer)(struct server *server, const uint64_t *offsets);
	const char *threads;		/* their name, at its beginning */
	unsigned char handle[64];	/* NFS: of the file */
	size_t handle_bytes;
};

/* Of 9P: fid 1 is "data" of the export, open for reading and writing. */
int ninep_open(unsigned int port, const char *aname, uint32_t msize);
size_t ninep_getattr(unsigned char *frame);
size_t ninep_read(unsigned char *frame, unsigned int tag, uint64_t offset, uint32_t count);
size_t ninep_write(unsigned char *frame, uint64_t offset, uint32_t count);
void ninep_server(struct server *server, unsigned int port, const char *aname);

/* Of NFSv3: @path is below @export; mountd answers on @mountd. */
void nfs_server(struct server *server, unsigned int mountd, const char *export,
		const char *path);

#endif /* HF_BENCH_SERVED_H */
