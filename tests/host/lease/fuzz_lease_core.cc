// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the lease core: each input is what happens to one file,
 * compared with the model step by step.  A difference aborts.
 */
#include "lease_world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);
	uint32_t kind = from.pick(256);
	lease_world::world w({ .holders = static_cast<int>(1 + kind % 4),
			       .start = kind & 0x20 ? LS_NEVER - 100 : 1000,
			       .break_ms = kind & 0x40 ? 30u : 0u,
			       .leases = !(kind & 0x10) });

	for (int i = 0; i < 300 && from.left(); i++)
		w.step(from);
	w.let_everybody_go();
	return 0;
}
