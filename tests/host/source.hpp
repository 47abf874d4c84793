/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the random tests and the fuzz targets share: where decisions come from,
 * and how a difference ends the run.
 */
#ifndef HF_TESTS_SOURCE_HPP
#define HF_TESTS_SOURCE_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>

/* Tests and the fuzzers share this: report, and end. */
#define REQUIRE(condition, ...)                                                      \
	do {                                                                         \
		if (!(condition)) {                                                  \
			std::fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			std::fprintf(stderr, " " __VA_ARGS__);                       \
			std::fprintf(stderr, "\n");                                  \
			std::abort();                                                \
		}                                                                    \
	} while (0)

namespace world {

/* A generator with a seed, or a fuzzer. */
struct source {
	virtual ~source() = default;
	virtual uint32_t pick(uint32_t below) = 0;
};

/* An input of the fuzzer: each byte is one decision. */
struct bytes : source {
	const uint8_t *at, *end;

	bytes(const uint8_t *data, size_t size) : at(data), end(data + size) {}

	bool left() const { return at != end; }

	uint32_t pick(uint32_t below) override { return left() ? *at++ % below : 0; }
};

/* Once its bytes are used up a rule goes on: nothing waits for ever for a zero. */
struct then_any : world::bytes {
	uint32_t next = 1;

	using bytes::bytes;

	uint32_t pick(uint32_t below) override
	{
		if (left())
			return bytes::pick(below);
		next = next * 1664525 + 1013904223;
		return (next >> 8) % below;
	}
};

} // namespace world

#endif /* HF_TESTS_SOURCE_HPP */
