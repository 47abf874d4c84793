// SPDX-License-Identifier: GPL-2.0-only
/* See bench.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

const char *const side_names[ALL_SIDES] = { "holdfast", "peer", "floor", "echo" };

/* One clock for all processes of the guest. */
uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void pause_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* xorshift: places only have to be spread, and the same on both sides. */
uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	fprintf(stderr, "bench: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

unsigned long number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		die("\"%s\" is not a number", text);
	return value;
}

void add_sample(struct samples *samples, double value)
{
	if (samples->count == samples->room) {
		samples->room = samples->room ? 2 * samples->room : 64;
		samples->value = realloc(samples->value,
					 samples->room * sizeof(double));
		if (!samples->value)
			die("no memory for samples");
	}
	samples->value[samples->count++] = value;
}

void print_named(const char *bench, const char *name, const char *side,
		 const char *unit, const struct samples *samples, const char *more)
{
	size_t i;

	printf("{\"bench\": \"%s\", \"case\": \"%s\", \"side\": \"%s\", \"unit\": \"%s\"%s, \"samples\": [",
	       bench, name, side, unit, more);
	for (i = 0; i < samples->count; i++)
		printf("%s%.1f", i ? ", " : "", samples->value[i]);
	printf("]}\n");
	fflush(stdout);
}

void print_samples(const char *bench, const char *name, enum side side,
		   const char *unit, const struct samples *samples,
		   const char *more)
{
	print_named(bench, name, side_names[side], unit, samples, more);
}

/* @format's text must need no escaping in JSON. */
void print_failure(const char *bench, const char *name, const char *side,
		   const char *format, ...)
{
	va_list arguments;

	printf("{\"bench\": \"%s\", \"case\": \"%s\", \"side\": \"%s\", \"error\": \"",
	       bench, name, side);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\"}\n");
	fflush(stdout);
}

int another(unsigned int round, unsigned int most, uint64_t start, unsigned int seconds)
{
	if (round > most)
		return 0;
	return round <= FEW || now_ns() - start < seconds * UINT64_C(1000000000);
}

struct beside {
	pthread_barrier_t *barrier;
	void (*perform)(void *argument);
	void *argument;
	uint64_t start, end;
};

static void *perform_beside(void *argument)
{
	struct beside *self = argument;

	pthread_barrier_wait(self->barrier);
	self->start = now_ns();
	self->perform(self->argument);
	self->end = now_ns();
	return NULL;
}

/* They tell the times themselves: who looked on would have to wait for a CPU first. */
uint64_t run_beside(unsigned int count, void (*perform)(void *argument), void *arguments,
		    size_t size)
{
	struct beside each[MOST_BESIDE];
	pthread_t threads[MOST_BESIDE];
	pthread_barrier_t barrier;
	uint64_t start = UINT64_MAX, end = 0;
	unsigned int i;

	if (count > MOST_BESIDE || pthread_barrier_init(&barrier, NULL, count))
		die("no barrier for %u", count);
	for (i = 0; i < count; i++) {
		each[i] = (struct beside){ &barrier, perform, (char *)arguments + i * size, 0, 0 };
		if (pthread_create(&threads[i], NULL, perform_beside, &each[i]))
			die("no thread");
	}
	for (i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		start = each[i].start < start ? each[i].start : start;
		end = each[i].end > end ? each[i].end : end;
	}
	pthread_barrier_destroy(&barrier);
	return end - start;
}

int open_at(const char *directory, const char *name, int flags)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >=
	    (int)sizeof(path))
		die("%s/%s is too long a path", directory, name);
	fd = open(path, flags | O_CLOEXEC, 0644);
	if (fd < 0)
		die("cannot open %s", path);
	return fd;
}

int lock_range(int fd, int cmd, short type, off_t start, off_t length)
{
	struct flock request = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = length,
	};

	return fcntl(fd, cmd, &request);
}

void must_lock(int fd, int cmd, short type, off_t start, off_t length)
{
	if (lock_range(fd, cmd, type, start, length))
		die("cannot %s %lld+%lld",
		    type == F_UNLCK ? "unlock" : "lock", (long long)start,
		    (long long)length);
}

/*
 * Holds one-byte locks at 0, 2, 4, ...; the odd bytes stay free.
 *
 * One lock is cut up from its end.  The lock that is cut is then always the
 * first of its owner's, so that a list is not walked: filling fs/locks.c with
 * 100,000 locks one by one takes minutes.  What is held is the same.
 */
void hold_many(int fd, unsigned long count)
{
	if (!count)
		return;
	must_lock(fd, F_OFD_SETLK, F_WRLCK, 0, 2 * count - 1);
	while (--count)
		must_lock(fd, F_OFD_SETLK, F_UNLCK, 2 * count - 1, 1);
}
