// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of localio's core: each input is what clients, a server, its work and
 * RCU do, compared with the model after each move.  A difference aborts.  At its end all
 * has to come to rest.
 */
#include "link_world.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ LINK_REACH });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);
	uint32_t kind = from.pick(256);
	link_world::world w({ .clients = static_cast<int>(1 + kind % 4), .attacker = (kind & 4) != 0,
			      .faults = (kind & 8) != 0, .wait = kind / 16 * 4 });

	w.from = &from;
	for (int i = 0; i < 1500 && from.left(); i++)
		w.turn();
	w.finish();
	return 0;
}
