// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one call may do while others wait for the locks that it is made under: the
 * fixture counts its steps, and refuses more than LK_SECTION.
 */
#include "scale.hpp"

using Section = scale::fixture;

/* Portion by portion: each hands over what it took, and leaves it to no sweep. */
TEST_F(Section, AnUnlockInPortionsHandsOver)
{
	constexpr unsigned int files = 2 * LK_PORTION;

	provide(4 * files);
	for (unsigned int i = 0; i < files; i++)
		ASSERT_EQ(set(make(1, 2 * i, 2 * i, LK_WRITE)), LK_GRANTED);
	queue(files, LK_WRITE, 2, 2);
	ASSERT_EQ(set(make(1, 0, LK_END, LK_UNLOCK)), LK_GRANTED);
	EXPECT_EQ(take_winners(), files);
	EXPECT_EQ(graph.sweeps, 0u);
	EXPECT_EQ(lk_validate(&table), nullptr);
}
