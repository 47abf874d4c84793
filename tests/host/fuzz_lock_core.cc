// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target: each input is a world and what happens in it, compared with
 * the model step by step.  A difference aborts.
 */
#include "world.hpp"

namespace {

struct bytes : world::source {
	const uint8_t *at, *end;

	bytes(const uint8_t *data, size_t size) : at(data), end(data + size) {}

	bool left() const { return at != end; }

	uint32_t pick(uint32_t below) override { return left() ? *at++ % below : 0; }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bytes from(data, size);
	uint32_t kind = from.pick(256);
	world::world w({ .tables = static_cast<int>(1 + kind % 3),
			 .owners = static_cast<int>(2 + kind / 3 % 6),
			 .threads = !!(kind & 0x20), .notify = true, .revocable = true,
			 .blind = !!(kind & 0x40) });

	for (int i = 0; i < 300 && from.left(); i++)
		w.step(from);
	w.let_everybody_go();
	return 0;
}
