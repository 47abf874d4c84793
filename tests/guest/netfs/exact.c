// SPDX-License-Identifier: GPL-2.0-only
/*
 * exact: a file is what was written to it, byte by byte.
 *
 *	exact FILE SEED STEPS [SIZE]
 *
 * Random reads, writes, appends, truncates, stores to a mapping, direct and vectored
 * I/O, fsync, drops of the cache, open anew, beside a model in memory.  One process,
 * one client.  Prints the step and the first byte that differs, and the last operations
 * before it.  Exit 0 if there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *path;
static size_t domain = 400000;
static uint8_t *model, *buffer;
static size_t size;
static int fd, direct;
static uint64_t state;
static long step;
static char log_of[32][100];

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t pick(size_t n)
{
	return n ? next() % n : 0;
}

static void did(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(log_of[step % 32], 100, format, args);
	va_end(args);
}

static void fail(const char *what, size_t at)
{
	int i;

	for (i = 1; i <= 32; i++)
		if (log_of[(step + i) % 32][0])
			fprintf(stderr, "  %s\n", log_of[(step + i) % 32]);
	fprintf(stderr, "exact: step %ld: %s, byte %zu (%s)\n", step, what, at, strerror(errno));
	exit(1);
}

/* Mostly small and at odd places, sometimes whole pages, sometimes large. */
static size_t some_len(void)
{
	switch (pick(6)) {
	case 0: return 1 + pick(8);
	case 1: return 4096 * (1 + pick(8));
	case 2: return 1 + pick(120000);
	case 3: return 12943;
	default: return 1 + pick(6000);
	}
}

static size_t some_pos(void)
{
	if (pick(3) == 0)
		return pick(domain / 4096) * 4096;
	return pick(pick(2) ? domain : size + 5000);
}

static void choose(size_t *pos, size_t *len)
{
	*pos = some_pos();
	if (*pos >= domain)
		*pos = domain - 1;
	*len = some_len();
	if (*pos + *len > domain)
		*len = domain - *pos;
}

static void fill(size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buffer[i] = next();
}

static void compare(const uint8_t *got, size_t pos, size_t len, const char *what)
{
	size_t i;

	if (!memcmp(got, model + pos, len))
		return;
	for (i = 0; got[i] == model[pos + i]; i++)
		;
	fprintf(stderr, "exact: %02x for %02x\n", got[i], model[pos + i]);
	errno = 0;
	fail(what, pos + i);
}

static void wrote(size_t pos, size_t len)
{
	if (pos > size)
		memset(model + size, 0, pos - size);
	memcpy(model + pos, buffer, len);
	if (pos + len > size)
		size = pos + len;
}

static void do_write(int with)
{
	size_t pos, len;
	ssize_t got;

	choose(&pos, &len);
	did("write %zu+%zu%s", pos, len, with == direct ? " direct" : "");
	fill(len);
	got = pwrite(with, buffer, len, pos);
	if (got != (ssize_t)len)
		fail("short write", pos + (got > 0 ? got : 0));
	wrote(pos, len);
}

static void do_read(int with)
{
	size_t pos, len, want;
	ssize_t got;

	choose(&pos, &len);
	did("read %zu+%zu of %zu%s", pos, len, size, with == direct ? " direct" : "");
	want = pos >= size ? 0 : pos + len > size ? size - pos : len;
	got = pread(with, buffer, len, pos);
	if (got != (ssize_t)want)
		fail("read another length", pos + (got > 0 ? got : 0));
	compare(buffer, pos, want, "read");
}

static void do_vector(void)
{
	size_t pos, len, cut;
	struct iovec vec[2];

	choose(&pos, &len);
	fill(len);
	cut = pick(len + 1);
	vec[0] = (struct iovec) { buffer, cut };
	vec[1] = (struct iovec) { buffer + cut, len - cut };
	did("vectored write %zu+%zu cut %zu", pos, len, cut);
	if (pwritev(pick(2) ? fd : direct, vec, 2, pos) != (ssize_t)len)
		fail("short vectored write", pos);
	wrote(pos, len);
}

static void do_truncate(void)
{
	size_t to = pick(4) ? pick(domain) : (size ? pick(size) : 0);

	did("truncate %zu to %zu", size, to);
	if (ftruncate(fd, to))
		fail("truncate", to);
	if (to > size)
		memset(model + size, 0, to - size);
	size = to;
}

static void do_append(void)
{
	size_t len = some_len();
	int other = open(path, O_WRONLY | O_APPEND);

	did("append %zu at %zu", len, size);
	if (other < 0)
		fail("open to append", 0);
	if (size + len <= domain) {
		fill(len);
		if (write(other, buffer, len) != (ssize_t)len)
			fail("short append", size);
		wrote(size, len);
	}
	if (close(other))
		fail("close after append", 0);
}

/* Stores of a few bytes, and also behind the end, which are to be seen by nobody. */
static void do_map(int store)
{
	size_t pos, len, i;
	uint8_t *map;
	size_t from, end;

	if (!size)
		return;
	pos = pick(size);
	len = 1 + pick(10000);
	if (pos + len > size)
		len = size - pos;
	did("map %s %zu+%zu", store ? "store" : "load", pos, len);
	from = pos & ~4095UL;
	end = (pos + len + 4095) & ~4095UL;
	map = mmap(NULL, end - from, PROT_READ | (store ? PROT_WRITE : 0), MAP_SHARED, fd, from);
	if (map == MAP_FAILED)
		fail("mmap", pos);
	compare(map + (pos - from), pos, len, "mapped");
	if (store) {
		fill(len);
		memcpy(map + (pos - from), buffer, len);
		memcpy(model + pos, buffer, len);
		for (i = size; i < end && size > from; i++)
			map[i - from] = 0x5a;
		if (pick(2) && msync(map, end - from, MS_SYNC))
			fail("msync", pos);
	} else {
		for (i = size > from ? size : end; i < end; i++)
			(void)*(volatile uint8_t *)&map[i - from];
	}
	munmap(map, end - from);
}

static void do_sync(void)
{
	did("fsync");
	if (fsync(fd))
		fail("fsync", 0);
}

static void do_drop(void)
{
	did("drop");
	if (pick(2))
		fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void open_both(void)
{
	fd = open(path, O_RDWR);
	direct = open(path, O_RDWR | O_DIRECT);
	if (fd < 0 || direct < 0)
		fail("open", 0);
}

static void do_reopen(void)
{
	did("close and open");
	if (close(fd) || close(direct))
		fail("close", 0);
	open_both();
}

static void check_size(void)
{
	struct stat st;

	if (fstat(fd, &st))
		fail("fstat", 0);
	if ((size_t)st.st_size != size)
		fail("another size", st.st_size);
}

static void one_step(void)
{
	switch (pick(20)) {
	case 0: case 1: case 2: case 3: return do_write(fd);
	case 4: case 5: case 6: case 7: return do_read(fd);
	case 8: return do_write(direct);
	case 9: return do_read(direct);
	case 10: return do_vector();
	case 11: return do_truncate();
	case 12: return do_append();
	case 13: case 14: return do_map(1);
	case 15: return do_map(0);
	case 16: return do_sync();
	case 17: return do_drop();
	case 18: return do_reopen();
	default: return check_size();
	}
}

static void read_all(void)
{
	did("read all");
	if (pread(fd, buffer, domain, 0) != (ssize_t)size)
		fail("the whole is another length", size);
	compare(buffer, 0, size, "the whole");
}

int main(int argc, char **argv)
{
	long steps;

	if (argc < 4)
		return 2;
	path = argv[1];
	state = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull + 1;
	steps = atol(argv[3]);
	if (argc > 4)
		domain = atol(argv[4]);
	model = calloc(1, domain);
	if (!model || posix_memalign((void **)&buffer, 4096, domain + 4096))
		return 2;
	open_both();
	if (ftruncate(fd, 0))
		fail("truncate at first", 0);
	for (step = 0; step < steps; step++) {
		one_step();
		if (step % 50 == 49)
			read_all();
	}
	do_reopen();
	check_size();
	read_all();
	return 0;
}
