/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark programs share: time, locks, and one line of JSON for
 * each measurement.
 *
 * Every program measures both sides itself, in turns (A, B, B, A, ...), since
 * the machine's speed drifts by more than the bars allow.  It prints all its
 * samples; medians and ratios are report.py's business.
 */
#ifndef HF_BENCH_H
#define HF_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define SIDES 2

/* The filesystem that is measured, and what it is measured against. */
enum side {
	OURS,
	PEER,
	/* Of 9P alone: canned answers, and bytes for bytes (bench/floor). */
	FLOOR,
	ECHO,
	ALL_SIDES
};

extern const char *const side_names[ALL_SIDES];

/* Samples of one measurement; grows as needed. */
struct samples {
	double *value;
	size_t count, room;
};

uint64_t now_ns(void);
void pause_ms(long ms);
uint64_t next_random(uint64_t *state);
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
unsigned long number(const char *text);

void add_sample(struct samples *samples, double value);
/* @more: further members, each with a leading comma, or "". */
void print_named(const char *bench, const char *name, const char *side,
		 const char *unit, const struct samples *samples,
		 const char *more);
void print_samples(const char *bench, const char *name, enum side side,
		   const char *unit, const struct samples *samples,
		   const char *more);
void print_failure(const char *bench, const char *name, const char *side,
		   const char *format, ...)
	__attribute__((format(printf, 4, 5)));

int open_at(const char *directory, const char *name, int flags);
int lock_range(int fd, int cmd, short type, off_t start, off_t length);
void must_lock(int fd, int cmd, short type, off_t start, off_t length);
void hold_many(int fd, unsigned long count);

/*
 * Whether another round is to be made: up to @most, but after @seconds since @start
 * no more than FEW.
 */
#define FEW 5
int another(unsigned int round, unsigned int most, uint64_t start, unsigned int seconds);

/*
 * Nanoseconds in which @count threads each call @perform, with the first of @arguments
 * of @size bytes, the second, ...: from the first one's beginning to the last one's end.
 */
#define MOST_BESIDE 16
uint64_t run_beside(unsigned int count, void (*perform)(void *argument), void *arguments,
		    size_t size);

/* Rounds alternate which side goes first: a drift then hurts both alike. */
static inline enum side turn(unsigned int round, unsigned int step)
{
	return (round + step) % SIDES ? PEER : OURS;
}

#endif /* HF_BENCH_H */
