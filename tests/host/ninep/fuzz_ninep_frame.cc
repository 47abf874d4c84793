// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of frame assembly.  An input is the rules, and a stream that comes
 * in pieces; what comes out of it is compared with a naive assembly.  A difference
 * aborts.
 */
#include "../random.hpp"
#include "assemble.hpp"
#include "reach.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);

namespace {

assemble::tally count;

void check_reach()
{
	bool all = true;

	for (int step = 0; step <= NP_STEP_BROKEN; step++)
		all &= reach::need(count.steps[step], "step", step);
	for (int fault = NP_FRAME_SHORT; fault <= NP_FRAME_TOO_MUCH; fault++)
		all &= reach::need(count.faults[fault], "fault", fault);
	for (int type = 0; type < 256; type++)
		if (model::known(type, NP_HF1))
			all &= reach::need(count.messages[type], "message", type);
	all &= reach::need(count.agreements, "agreement", 0);
	reach::judge(all);
}

} // namespace

int LLVMFuzzerInitialize(int *, char ***)
{
	reach::at_exit(check_reach);
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;

	rnd::generator pieces(data[3]);
	assemble::rules r { data[0] & 1 ? NP_CLIENT : NP_SERVER, data[0] & 2 ? NP_HF1 : NP_DOTL,
			    NP_STAGE_LEAST + 4u * data[1], 64 + 32u * data[2] };

	if (data[0] & 4)
		r.accepts = data[3];
	assemble::both(model::frame(data + 4, data + size), r, pieces, count);
	return 0;
}
