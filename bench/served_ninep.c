// SPDX-License-Identifier: GPL-2.0-only
/* The raw client of 9P2000.L (see Documentation/9p.md). */
#include <string.h>

#include "bench.h"
#include "served.h"

enum {
	RLERROR = 7, TLOPEN = 12, TGETATTR = 24, TVERSION = 100, TATTACH = 104,
	TWALK = 110, TREAD = 116, RREAD = 117, TWRITE = 118,
};
#define HEADER 7
#define NOTAG 0xffff
#define NONE 0xffffffffu
#define RREAD_HEAD 11
#define LARGEST (1 << 20)

struct frame {
	unsigned char *at;
	size_t bytes;
};

static void put(struct frame *frame, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		frame->at[frame->bytes++] = value;
		value >>= 8;
	}
}

static void put_string(struct frame *frame, const char *text)
{
	size_t length = strlen(text);

	put(frame, length, 2);
	memcpy(frame->at + frame->bytes, text, length);
	frame->bytes += length;
}

static struct frame begin(unsigned char *at, unsigned int type, unsigned int tag)
{
	struct frame frame = { at, 4 };

	put(&frame, type, 1);
	put(&frame, tag, 2);
	return frame;
}

static size_t end(struct frame frame, size_t payload)
{
	struct frame size = { frame.at, 0 };

	put(&size, frame.bytes + payload, 4);
	return frame.bytes + payload;
}

static uint32_t get(const unsigned char *at, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

/* A request whose reply is short, and what comes of it. */
static void call(int fd, struct frame frame)
{
	unsigned char reply[512];
	unsigned int type = frame.at[4];
	uint32_t size;

	send_all(fd, frame.at, end(frame, 0));
	receive_all(fd, reply, HEADER);
	size = get(reply, 4);
	if (size < HEADER || size > sizeof(reply))
		die("9P: a reply of %u bytes", size);
	receive_all(fd, reply + HEADER, size - HEADER);
	if (reply[4] == RLERROR)
		die("9P: message %u is refused: %s", type,
		    strerror(get(reply + HEADER, 4)));
	if (reply[4] != type + 1)
		die("9P: message %u is answered by %u", type, reply[4]);
	if (type == TVERSION && get(reply + HEADER, 4) != get(frame.at + HEADER, 4))
		die("9P: another msize, %u", get(reply + HEADER, 4));
}

int ninep_open(unsigned int port, const char *aname, uint32_t msize)
{
	unsigned char buffer[512];
	struct frame frame;
	int fd = connect_to(port);

	frame = begin(buffer, TVERSION, NOTAG);
	put(&frame, msize, 4);
	put_string(&frame, "9P2000.L");
	call(fd, frame);
	frame = begin(buffer, TATTACH, 0);
	put(&frame, 0, 4);
	put(&frame, NONE, 4);
	put_string(&frame, "");
	put_string(&frame, aname);
	put(&frame, 0, 4);
	call(fd, frame);
	frame = begin(buffer, TWALK, 0);
	put(&frame, 0, 4);
	put(&frame, 1, 4);
	put(&frame, 1, 2);
	put_string(&frame, "data");
	call(fd, frame);
	frame = begin(buffer, TLOPEN, 0);
	put(&frame, 1, 4);
	put(&frame, 2, 4);		/* to read and to write */
	call(fd, frame);
	return fd;
}

size_t ninep_getattr(unsigned char *at)
{
	struct frame frame = begin(at, TGETATTR, 0);

	put(&frame, 1, 4);
	put(&frame, 0x7ff, 8);
	return end(frame, 0);
}

size_t ninep_read(unsigned char *at, unsigned int tag, uint64_t offset,
		  uint32_t count)
{
	struct frame frame = begin(at, TREAD, tag);

	put(&frame, 1, 4);
	put(&frame, offset, 8);
	put(&frame, count, 4);
	return end(frame, 0);
}

/* Its payload is whatever is behind it in the buffer. */
size_t ninep_write(unsigned char *at, uint64_t offset, uint32_t count)
{
	struct frame frame = begin(at, TWRITE, 0);

	put(&frame, 1, 4);
	put(&frame, offset, 8);
	put(&frame, count, 4);
	return end(frame, count);
}

static void ask(struct server *server, unsigned int id, uint64_t offset)
{
	unsigned char frame[32];

	send_all(server->fd, frame,
		 ninep_read(frame, id, offset, server->read_bytes));
}

static unsigned int answer(struct server *server, const uint64_t *offsets)
{
	unsigned char head[RREAD_HEAD];
	unsigned int tag;

	receive_all(server->fd, head, sizeof(head));
	tag = get(head + 5, 2);
	if (head[4] != RREAD || get(head + HEADER, 4) != server->read_bytes)
		die("9P: not what was to be read");
	receive_payload(server->fd, offsets[tag], server->read_bytes);
	return tag;
}

/* As much as goes into a message in whole pages. */
void ninep_server(struct server *server, unsigned int port, const char *aname)
{
	server->fd = ninep_open(port, aname, LARGEST);
	server->read_bytes = (LARGEST - 24) / PAGE * PAGE;
	server->ask = ask;
	server->answer = answer;
	server->threads = "9p-";
}
