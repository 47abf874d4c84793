// SPDX-License-Identifier: GPL-2.0-only
/*
 * The raw client of NFSv3: ONC RPC over TCP (RFC 5531), MNT of the mount protocol and
 * LOOKUP3 for a file handle, READ3 (RFC 1813).  A record is one fragment: knfsd's and
 * mountd's are.
 */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "served.h"

#define LAST_FRAGMENT 0x80000000u
#define MOUNT_PROGRAM 100005
#define NFS_PROGRAM 100003
#define NFS_PORT 2049
#define ATTRIBUTES 84
#define READ_BYTES (1 << 20)
enum { MNT = 1, LOOKUP = 3, READ = 6 };

struct record {
	unsigned char at[1024];
	size_t bytes;
};

static void put(struct record *record, uint32_t value)
{
	value = htonl(value);
	memcpy(record->at + record->bytes, &value, 4);
	record->bytes += 4;
}

static void put_opaque(struct record *record, const void *data, size_t bytes)
{
	put(record, bytes);
	memset(record->at + record->bytes, 0, bytes + 3);
	memcpy(record->at + record->bytes, data, bytes);
	record->bytes += (bytes + 3) / 4 * 4;
}

static uint32_t get(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return ntohl(value);
}

/* As root, by AUTH_SYS. */
static void begin(struct record *record, uint32_t xid, uint32_t program,
		  uint32_t procedure)
{
	record->bytes = 4;
	put(record, xid);
	put(record, 0);			/* a call */
	put(record, 2);
	put(record, program);
	put(record, 3);
	put(record, procedure);
	put(record, 1);			/* AUTH_SYS: stamp, name, uid, gid, groups */
	put(record, 20);
	put(record, 0);
	put(record, 0);
	put(record, 0);
	put(record, 0);
	put(record, 0);
	put(record, 0);			/* no verifier */
	put(record, 0);
}

static void send_record(int fd, struct record *record)
{
	uint32_t mark = htonl(LAST_FRAGMENT | (record->bytes - 4));

	memcpy(record->at, &mark, 4);
	send_all(fd, record->at, record->bytes);
}

/* Up to the procedure's own status, which has to be that all is well; the xid. */
static uint32_t receive_head(int fd, size_t *left)
{
	unsigned char head[32];

	receive_all(fd, head, sizeof(head));
	if (!(get(head) & LAST_FRAGMENT))
		die("RPC: more than one fragment");
	*left = (get(head) & ~LAST_FRAGMENT) - (sizeof(head) - 4);
	/* a reply; accepted; no verifier; successful; NFS3_OK */
	if (get(head + 8) != 1 || get(head + 12) || get(head + 20) ||
	    get(head + 24) || get(head + 28))
		die("RPC: refused (%u %u %u)", get(head + 12), get(head + 24),
		    get(head + 28));
	return get(head + 4);
}

/* Handles are the first thing in the results of both, then what is not needed. */
static void call_for_handle(int fd, struct record *record, struct server *server)
{
	unsigned char results[1024];
	size_t bytes;

	send_record(fd, record);
	receive_head(fd, &bytes);
	if (bytes < 4 || bytes > sizeof(results))
		die("RPC: results of %zu bytes", bytes);
	receive_all(fd, results, bytes);
	server->handle_bytes = get(results);
	if (server->handle_bytes > sizeof(server->handle) ||
	    server->handle_bytes + 4 > bytes)
		die("RPC: a handle of %zu bytes", server->handle_bytes);
	memcpy(server->handle, results + 4, server->handle_bytes);
}

static void mount_root(struct server *server, unsigned int mountd, const char *export)
{
	struct record record;
	int fd = connect_to(mountd);

	begin(&record, 1, MOUNT_PROGRAM, MNT);
	put_opaque(&record, export, strlen(export));
	call_for_handle(fd, &record, server);
	close(fd);
}

static void look_up(struct server *server, const char *name, size_t length)
{
	struct record record;

	begin(&record, 1, NFS_PROGRAM, LOOKUP);
	put_opaque(&record, server->handle, server->handle_bytes);
	put_opaque(&record, name, length);
	call_for_handle(server->fd, &record, server);
}

static void ask(struct server *server, unsigned int id, uint64_t offset)
{
	struct record record;

	begin(&record, id, NFS_PROGRAM, READ);
	put_opaque(&record, server->handle, server->handle_bytes);
	put(&record, offset >> 32);
	put(&record, offset);
	put(&record, server->read_bytes);
	send_record(server->fd, &record);
}

static unsigned int answer(struct server *server, const uint64_t *offsets)
{
	unsigned char results[ATTRIBUTES + 16];
	size_t left;
	uint32_t id = receive_head(server->fd, &left);

	/* attributes, count, end of file, length */
	receive_all(server->fd, results, sizeof(results));
	if (get(results) != 1 || get(results + ATTRIBUTES + 4) != server->read_bytes ||
	    left != sizeof(results) + server->read_bytes)
		die("NFS: not what was to be read: %u bytes",
		    get(results + ATTRIBUTES + 4));
	receive_payload(server->fd, offsets[id], server->read_bytes);
	return id;
}

void nfs_server(struct server *server, unsigned int mountd, const char *export,
		const char *path)
{
	size_t length;

	mount_root(server, mountd, export);
	server->fd = connect_to(NFS_PORT);
	for (; *path; path += length + (path[length] == '/')) {
		length = strcspn(path, "/");
		look_up(server, path, length);
	}
	server->read_bytes = READ_BYTES;
	server->ask = ask;
	server->answer = answer;
	server->threads = "nfsd";
}
