// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the config core: the input is a text, which is read as everything
 * that may be written, by the core and by its model.  A difference aborts.  What is
 * picked beside it comes from the same bytes.
 */
#include "config_compare.hpp"

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	reach::demand_at_exit({ CONFIG_REACH });
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world::bytes from(data, size);

	config_compare::all(std::string(reinterpret_cast<const char *>(data), size), from);
	return 0;
}
