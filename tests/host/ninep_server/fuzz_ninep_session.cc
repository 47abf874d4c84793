// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the session core: each input is what happens to one connection,
 * compared with the model step by step.  A difference aborts.
 */
#include "session_reach.hpp"
#include "session_world.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ SESSION_REACH });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);
	uint32_t kind = from.pick(256);
	session_world::world w({ .limits = { 2 + kind % 8, 1 + kind / 8 % 8, 1 + kind / 64 * 2 } });

	for (int i = 0; i < 600 && from.left(); i++)
		w.step(from);
	w.end(from);
	return 0;
}
