/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeds: printed when a test fails, and set with HF_SEED to see it again.
 * HF_SOAK=1 makes Random.AnyWorld take a fresh one and go on until it is stopped.
 */
#ifndef HF_TESTS_RANDOM_HPP
#define HF_TESTS_RANDOM_HPP

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "world.hpp"

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

/* One run is repeated: what only many runs reach is not asked for. */
inline bool repeating() { return std::getenv("HF_SEED"); }

/* Runs one(generator, seed) for count seeds, or as the environment says. */
template <typename One>
void seeds(unsigned int count, One one, bool endless = false)
{
	const char *fixed = std::getenv("HF_SEED");
	bool soak = endless && std::getenv("HF_SOAK");
	uint64_t first = fixed ? std::strtoull(fixed, nullptr, 0) : soak ? std::random_device()() : 1;

	std::signal(SIGABRT, print_seed);
	for (uint64_t i = 0; soak || i < (fixed ? 1 : count); i++) {
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
