// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the client's table of tags: each input is what happens to one
 * connection, compared with the model step by step.  A difference aborts.
 */
#include "table_world.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ TABLE_REACH });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);
	uint32_t kind = from.pick(256);
	table_world::world w({ .slots = TC_SLOTS_LEAST + kind % 8,
			       .times = { kind / 8 % 4 * 20, kind / 32 % 4 * 20 },
			       .hostile = kind < 192 });

	for (int i = 0; i < 1500 && from.left(); i++)
		w.step(from);
	w.end(from);
	return 0;
}
