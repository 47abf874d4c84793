// SPDX-License-Identifier: GPL-2.0-only
/* The conflict table from both languages, and what else the border refuses. */
#include <gtest/gtest.h>

#include "lease_run.h"

namespace {

using runner = const char *(*)(unsigned int, unsigned int *);

void run_all(runner run)
{
	for (unsigned int i = 0; i < lease_case_count(); i++) {
		unsigned int step = 0;
		const char *wrong = run(i, &step);

		EXPECT_EQ(wrong, nullptr) << wrong << ", step " << step;
	}
}

} // namespace

TEST(LeaseRows, FromCxx)
{
	run_all(lease_case_run);
}

TEST(LeaseRows, FromC)
{
	run_all(lease_case_run_in_c);
}

/* A row that no case names would be a row that nobody tests. */
TEST(LeaseRows, EachHasACase)
{
	for (unsigned int row = 1; row <= 13; row++) {
		std::string name = "row " + std::to_string(row) + ":";
		bool found = false;

		for (unsigned int i = 0; i < lease_case_count(); i++)
			found |= !strncmp(lease_cases[i].name, name.c_str(), name.size());
		EXPECT_TRUE(found) << name;
	}
}

TEST(LeaseRows, SizesAgree)
{
	for (unsigned int i = 0; lease_size(i); i++)
		EXPECT_EQ(lease_size(i), lease_size_in_c(i)) << i;
}
