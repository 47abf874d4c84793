// SPDX-License-Identifier: GPL-2.0-only
/* The C side of test_lease_rows.cc. */
#include "lease_run.h"

const char *lease_case_run_in_c(unsigned int index, unsigned int *step)
{
	return lease_case_run(index, step);
}

unsigned int lease_size_in_c(unsigned int which)
{
	return lease_size(which);
}
