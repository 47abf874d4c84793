// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target: each input is a world and what happens in it, compared with
 * the model step by step.  A difference aborts.
 */
#include "world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);
	uint32_t kind = from.pick(256);
	world::world w({ .tables = static_cast<int>(1 + kind % 3),
			 .owners = static_cast<int>(2 + kind / 3 % 6),
			 .threads = !!(kind & 0x20), .notify = true, .revocable = true,
			 .blind = !!(kind & 0x40),
			 .crowd = kind & 0x80 ? 2u : world::no_crowd });

	for (int i = 0; i < 300 && from.left(); i++)
		w.step(from);
	w.let_everybody_go();
	return 0;
}
