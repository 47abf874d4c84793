/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeds: printed when a test fails, and set with HF_SEED to see it again.
 * HF_SEEDS=N makes each random test run N of them, from HF_SEED on.
 */
#ifndef HF_TESTS_RANDOM_HPP
#define HF_TESTS_RANDOM_HPP

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "source.hpp"

namespace rnd {

struct generator : world::source {
	std::mt19937_64 bits;

	explicit generator(uint64_t seed) : bits(seed) {}
	uint32_t pick(uint32_t below) override { return bits() % below; }
};

/* abort() prints no seed: this does. */
inline uint64_t &current()
{
	static uint64_t seed;

	return seed;
}

inline void print_seed(int)
{
	std::fprintf(stderr, "repeat with HF_SEED=%llu\n", (unsigned long long)current());
	std::_Exit(1);
}

/* Seeds that are asked for: what the usual ones reach is not asked for. */
inline bool repeating() { return std::getenv("HF_SEED"); }

inline uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = std::getenv(name);

	return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

/* Runs one(generator, seed) for count seeds, or as the environment says. */
template <typename One>
void seeds(unsigned int count, One one)
{
	uint64_t first = from_environment("HF_SEED", 1);

	if (repeating())
		count = from_environment("HF_SEEDS", 1);
	std::signal(SIGABRT, print_seed);
	for (uint64_t i = 0; i < count; i++) {
		generator from(first + i);

		current() = first + i;
		one(from, first + i);
	}
}

template <typename One>
void one(uint64_t seed, One one)
{
	generator from(seed);

	std::signal(SIGABRT, print_seed);
	current() = seed;
	one(from, seed);
}

} // namespace rnd

#endif /* HF_TESTS_RANDOM_HPP */
