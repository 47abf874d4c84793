/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzz run has to have reached, its corpus at the least: with HF_FUZZ_REACH in
 * the environment it fails otherwise.  (One input alone reaches little.)
 */
#ifndef HF_TESTS_NINEP_REACH_HPP
#define HF_TESTS_NINEP_REACH_HPP

#include <cstdio>
#include <cstdlib>

namespace reach {

/* Of the thing that is called so and has this number. */
inline bool need(bool reached, const char *what, int number)
{
	if (!reached)
		std::fprintf(stderr, "never reached: %s %d\n", what, number);
	return reached;
}

/* check() says whether all was reached. */
inline void at_exit(void (*check)())
{
	if (std::getenv("HF_FUZZ_REACH"))
		std::atexit(check);
}

inline void judge(bool all)
{
	if (!all)
		std::_Exit(1);
	std::fprintf(stderr, "everything was reached\n");
}

} // namespace reach

#endif /* HF_TESTS_NINEP_REACH_HPP */
