// SPDX-License-Identifier: GPL-2.0-only
/*
 * served ANAME MOUNTD EXPORT PATH: servers alone, asked by raw clients, in turns.
 *
 * One message at a time: the 9P server (export ANAME), the floor, and the exchange of
 * as many bytes (bench/floor).  Then READS outstanding reads of about 1 MiB, of the
 * 9P server and of knfsd, which exports EXPORT with the same file at PATH; what their
 * threads have used of the CPUs stands beside it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "served.h"

#define PORT 564
#define FLOOR_PORT 5650
#define ECHO_PORT 5651
#define SMALL_MSIZE 65536

/* More rounds of each kind are not made after so long. */
#define SECONDS 10
#define ROUNDS 41
#define MESSAGES 64
#define READS 16
#define BULK_ROUNDS 21
#define BULK_READS 64

int connect_to(unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0 || bindresvport(fd, NULL) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)))
		die("cannot connect to port %u", port);
	return fd;
}

void send_all(int fd, const void *data, size_t bytes)
{
	if (send(fd, data, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		die("send");
}

void receive_all(int fd, void *data, size_t bytes)
{
	if (recv(fd, data, bytes, MSG_WAITALL) != (ssize_t)bytes)
		die("the server hangs up");
}

static void throw_away(int fd, size_t bytes)
{
	ssize_t got;

	for (; bytes; bytes -= got) {
		got = recv(fd, NULL, bytes, MSG_TRUNC | MSG_WAITALL);
		if (got <= 0)
			die("the server hangs up");
	}
}

void receive_payload(int fd, uint64_t offset, size_t bytes)
{
	uint64_t number;

	receive_all(fd, &number, sizeof(number));
	if (number != offset)
		die("what was read at %llu is from %llu",
		    (unsigned long long)offset, (unsigned long long)number);
	throw_away(fd, bytes - sizeof(number));
}

/* One message at a time. */

enum { GETATTR, SMALL_READ, SMALL_WRITE, CALLS };

static struct call {
	const char *name;
	size_t reply;
	int echo;
	struct samples samples[ALL_SIDES];
} calls[CALLS] = {
	[GETATTR] = { .name = "getattr", .reply = 160 },
	[SMALL_READ] = { .name = "4 KiB read", .reply = 11 + PAGE },
	[SMALL_WRITE] = { .name = "4 KiB write", .reply = 11 },
};

static unsigned char request[2 * PAGE], reply[2 * PAGE];

/* (What is written is what is there.) */
static size_t build(unsigned int call)
{
	memset(request, 0, sizeof(request));
	switch (call) {
	case GETATTR:
		return ninep_getattr(request);
	case SMALL_READ:
		return ninep_read(request, 0, 0, PAGE);
	default:
		return ninep_write(request, 0, PAGE);
	}
}

static void connect_echo(struct call *call, uint32_t bytes)
{
	uint32_t sizes[] = { bytes, call->reply };

	call->echo = connect_to(ECHO_PORT);
	send_all(call->echo, sizes, sizeof(sizes));
}

static double exchange(int fd, size_t bytes, size_t back, int type)
{
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < MESSAGES; i++) {
		send_all(fd, request, bytes);
		receive_all(fd, reply, back);
		if (type && reply[4] != type)
			die("9P: message %d is answered by %u", type - 1, reply[4]);
	}
	return (double)(now_ns() - start) / MESSAGES;
}

static void one_at_a_time(const char *aname)
{
	static const enum side sides[] = { OURS, FLOOR, ECHO };
	int ours = ninep_open(PORT, aname, SMALL_MSIZE);
	int floor = ninep_open(FLOOR_PORT, "", SMALL_MSIZE);
	uint64_t start = now_ns();
	unsigned int round, c, step;

	for (c = 0; c < CALLS; c++)
		connect_echo(&calls[c], build(c));
	for (round = 0; another(round, ROUNDS, start, SECONDS); round++)
		for (c = 0; c < CALLS; c++)
			for (step = 0; step < 3; step++) {
				enum side side = sides[(round + step) % 3];
				size_t bytes = build(c);
				int fd = side == OURS ? ours :
					 side == FLOOR ? floor : calls[c].echo;
				double ns = exchange(fd, bytes, calls[c].reply,
						     side == ECHO ? 0 : request[4] + 1);

				if (round)
					add_sample(&calls[c].samples[side], ns);
			}
	for (c = 0; c < CALLS; c++)
		for (step = 0; step < 3; step++)
			print_samples("exchange", calls[c].name, sides[step], "ns",
				      &calls[c].samples[sides[step]], "");
}

/* Many reads. */

static uint64_t cpu_of(const char *pid, const char *threads)
{
	char path[320], text[64] = "";
	unsigned long long ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	if (strncmp(text, threads, strlen(threads)))
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

/* Nanoseconds that the threads of this name have run. */
static uint64_t cpu_of_all(const char *threads)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint64_t sum = 0;

	if (!proc)
		die("no /proc");
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			sum += cpu_of(entry->d_name, threads);
	closedir(proc);
	return sum;
}

static uint64_t next_offset(const struct server *server, uint64_t offset)
{
	offset += server->read_bytes;
	return offset + server->read_bytes > DATA ? 0 : offset;
}

/* Nanoseconds of BULK_READS reads, READS of them outstanding. */
static uint64_t read_many(struct server *server)
{
	uint64_t offsets[READS], offset = 0, start = now_ns();
	unsigned int sent, id, i;

	for (sent = 0; sent < READS; sent++) {
		offsets[sent] = offset;
		server->ask(server, sent, offset);
		offset = next_offset(server, offset);
	}
	for (i = 0; i < BULK_READS; i++) {
		id = server->answer(server, offsets);
		if (sent == BULK_READS)
			continue;
		sent++;
		offsets[id] = offset;
		server->ask(server, id, offset);
		offset = next_offset(server, offset);
	}
	return now_ns() - start;
}

static void many_reads(struct server *servers)
{
	struct samples rate[SIDES] = { 0 }, cpu[SIDES] = { 0 };
	uint64_t start = now_ns();
	unsigned int round, step;

	for (round = 0; another(round, BULK_ROUNDS, start, SECONDS); round++)
		for (step = 0; step < SIDES; step++) {
			enum side side = turn(round, step);
			struct server *server = &servers[side];
			double bytes = (double)server->read_bytes * BULK_READS;
			uint64_t before = cpu_of_all(server->threads);
			uint64_t ns = read_many(server);

			if (!round)
				continue;
			add_sample(&rate[side], bytes * 1e9 / ns);
			add_sample(&cpu[side],
				   (cpu_of_all(server->threads) - before) /
				   (bytes / (1 << 20)));
		}
	for (step = 0; step < SIDES; step++) {
		print_samples("served", "read", step, "bytes/s", &rate[step], "");
		print_samples("served", "cpu", step, "ns", &cpu[step], "");
	}
}

int main(int argc, char **argv)
{
	struct server servers[SIDES] = { 0 };

	if (argc != 5)
		die("usage: served ANAME MOUNTD EXPORT PATH");
	ninep_server(&servers[OURS], PORT, argv[1]);
	nfs_server(&servers[PEER], number(argv[2]), argv[3], argv[4]);
	one_at_a_time(argv[1]);
	many_reads(servers);
	return 0;
}
