// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring MOUNT: what io_uring says of a call that was cancelled while it waited for
 * a layout.  Restarting is for system calls: -512 is no
 * answer that a program knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <holdfast/layout.h>

#define FTRUNCATE	55	/* IORING_OP_FTRUNCATE, of Linux 6.9 */

static struct {
	int fd;
	char *sq, *cq;
	struct io_uring_params p;
	struct io_uring_sqe *sqes;
} ring;

static unsigned int *at(char *base, __u32 offset)
{
	return (unsigned int *)(base + offset);
}

static void setup(void)
{
	struct io_uring_params *p = &ring.p;

	ring.fd = syscall(SYS_io_uring_setup, 8, p);
	if (ring.fd < 0) {
		perror("io_uring_setup");
		exit(2);
	}
	ring.sq = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(__u32), PROT_READ | PROT_WRITE,
		       MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.cq = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, p->sq_entries * sizeof(*ring.sqes), PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || ring.sqes == MAP_FAILED)
		exit(2);
}

static void submit(const struct io_uring_sqe *sqe)
{
	unsigned int *tail = at(ring.sq, ring.p.sq_off.tail);
	unsigned int slot = *tail & *at(ring.sq, ring.p.sq_off.ring_mask);

	ring.sqes[slot] = *sqe;
	at(ring.sq, ring.p.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0) != 1)
		exit(2);
}

/* The next completion; its user_data to *@which. */
static int completion(__u64 *which)
{
	unsigned int *head = at(ring.cq, ring.p.cq_off.head);
	struct io_uring_cqe *cqes = (void *)(ring.cq + ring.p.cq_off.cqes), *cqe;
	int result;

	while (*head == __atomic_load_n(at(ring.cq, ring.p.cq_off.tail), __ATOMIC_ACQUIRE))
		syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	cqe = &cqes[*head & *at(ring.cq, ring.p.cq_off.ring_mask)];
	*which = cqe->user_data;
	result = cqe->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* @told is readable when the holder has been told that somebody waits. */
static void cancelled(const char *name, struct io_uring_sqe sqe, int told)
{
	struct io_uring_sqe cancel = { .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1, .user_data = 2 };
	int result = 0, answer;
	__u64 which;
	char byte;

	sqe.user_data = 1;
	submit(&sqe);
	/* (Not for ever: see alarm() below.) */
	if (read(told, &byte, 1) != 1)
		exit(2);
	submit(&cancel);
	for (int i = 0; i < 2; i++) {
		answer = completion(&which);
		if (which == 1)
			result = answer;
	}
	if (result == -EINTR || result == -ECANCELED)
		printf("ok %s\n", name);
	else
		printf("not ok %s: %d\n", name, result);
}

static int tell[2];

static void on_signal(int number)
{
	(void)number;
	if (write(tell[1], "x", 1) != 1)
		abort();
}

static char path[4096];

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0666);

	if (fd < 0) {
		perror(name);
		exit(2);
	}
	return fd;
}

static void layouts(void)
{
	struct hf_ioc_layout layout = { .type = HF_LAYOUT_READ, .signal = SIGUSR1 };
	struct io_uring_sqe punch = {
		.opcode = IORING_OP_FALLOCATE,
		.len = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, .addr = 8192,
	};
	struct io_uring_sqe cut = { .opcode = FTRUNCATE };
	struct io_uring_sqe *both[] = { &punch, &cut };
	static const char *const names[] = { "uring-fallocate", "uring-ftruncate" };
	static const char data[8192] = "x";

	for (int i = 0; i < 2; i++) {
		int holder = open_file(path, O_RDWR | O_CREAT | O_TRUNC), other;

		if (write(holder, data, sizeof(data)) != sizeof(data) ||
		    ioctl(holder, HF_IOC_SETLAYOUT, &layout)) {
			perror("layout");
			exit(2);
		}
		other = open_file(path, O_RDWR);
		both[i]->fd = other;
		cancelled(names[i], *both[i], tell[0]);
		close(other);
		close(holder);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (argc != 2 || pipe(tell))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "%s/uring", argv[1]);
	sigaction(SIGUSR1, &action, NULL);
	alarm(120);
	setup();
	layouts();
	unlink(path);
	return 0;
}
