/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run has met, counted by name: a run in which nothing of the kind happens
 * proves nothing.  A random test asks for it with missing(); a fuzz target with
 * demand_at_exit(), which ends the process with an error if HF_REACH is set in the
 * environment, as it is in the tests, and something was never met.  The corpus, which
 * is run first and whole, has to meet all of it: how far a fuzzer comes from there in
 * its seconds is the machine's affair.
 */
#ifndef HF_TESTS_REACH_HPP
#define HF_TESTS_REACH_HPP

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace reach {

inline std::map<std::string, uint64_t> &counts()
{
	static std::map<std::string, uint64_t> all;

	return all;
}

/* The result number @result of what is called @name. */
inline void met(const char *name, int result)
{
	counts()[std::string(name) + " " + std::to_string(result)]++;
}

/* All results from 0 to last. */
struct wanted {
	const char *name;
	int last;
};

inline std::string missing(const std::vector<wanted> &all, uint64_t often)
{
	std::string list;

	for (const wanted &each : all)
		for (int result = 0; result <= each.last; result++) {
			std::string name = std::string(each.name) + " " + std::to_string(result);

			if (counts()[name] < often)
				list += name + ": " + std::to_string(counts()[name]) + "\n";
		}
	return list;
}

inline std::vector<wanted> &demanded()
{
	static std::vector<wanted> all;

	return all;
}

inline void check_at_exit()
{
	std::string list = missing(demanded(), 1);

	if (list.empty())
		return;
	std::fprintf(stderr, "not met:\n%s", list.c_str());
	std::_Exit(1);
}

inline void demand_at_exit(std::initializer_list<wanted> all)
{
	if (!std::getenv("HF_REACH"))
		return;
	counts();
	demanded() = all;
	std::atexit(check_at_exit);
}

} // namespace reach

#endif /* HF_TESTS_REACH_HPP */
