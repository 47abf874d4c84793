// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the request layer's core: each input draws what happens in the
 * simulation, whose checks abort.  When it ends, all has to come to rest.
 */
#include "sim_kinds.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ NETFS_REACH });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::then_any from(data, size);
	uint32_t kind = from.pick(netfs_world::NR_KINDS);
	netfs_world::world w(netfs_world::options_of(kind), from);

	for (int i = 0; i < 2000 && from.left(); i++)
		w.step();
	w.quiesce();
	return 0;
}
