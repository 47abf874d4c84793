/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to try the codec with. */
#ifndef HF_TESTS_NINEP_EXAMPLES_HPP
#define HF_TESTS_NINEP_EXAMPLES_HPP

#include "compare.hpp"

namespace model {

/* Calls each(type) for every message that there is. */
template <class each_type>
void every_type(each_type each)
{
	for (int type = 0; type < 256; type++)
		if (known(type, NP_HF1))
			each(static_cast<uint8_t>(type));
}

/* A message of that type, and what it points to. */
struct example {
	model::inventor inventor;
	np_msg m = {};

	example(world::source &from, uint8_t type) : inventor { from }
	{
		m.type = type;
		m.tag = inventor.number(16);
		body(inventor, m);
	}
};

/* With strings of a few bytes, so that each byte of it can be gone through. */
struct short_example : example {
	short_example(world::source &from, uint8_t type) : example(from, type)
	{
		while (write(m).size() > 600) {
			inventor.strings.clear();
			body(inventor, m);
		}
	}
};

inline void set_size(frame &f, uint32_t size)
{
	for (int i = 0; i < 4; i++)
		f[i] = size >> 8 * i;
}

} // namespace model

#endif /* HF_TESTS_NINEP_EXAMPLES_HPP */
