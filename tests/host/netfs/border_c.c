// SPDX-License-Identifier: GPL-2.0-only
/* The border of the request layer's core, used from C: a write of two pages. */
#include <string.h>

#include "netfs_core.h"

const char *netfs_from_c(void);

const char *netfs_from_c(void)
{
	struct rl_folio folio = { .word = 0, .size = 4096, .dirty = false };
	struct rl_retry retry = { .first = 10, .cap = 100, .stuck = 3 };
	struct rl_answer answer = { .bytes = 100 };
	struct rl_write_plan written;
	struct rl_limits limits;
	struct rl_plan plan;
	struct rl_piece piece;
	struct rl_sizes sizes;
	struct rl_sub sub;
	struct rl_req req;
	struct rl_result result;

	if (!rl_limits_set(&limits, 65536, 65536, 4096, 0))
		return "limits";
	if (rl_plan_write(&folio, (struct rl_span) { 0, 100 }, 0, &written) != RL_WRITE_NOW)
		return "a write";
	folio.word = written.word;
	folio.dirty = true;
	if (!rl_size_init(&sizes, 0))
		return "an inode";
	rl_size_extend(&sizes, 100);
	rl_size_write_begin(&sizes);
	rl_plan_init(&plan, &limits, RL_WRITEPAGES);
	if (rl_plan_add(&plan, 0, rl_dirty(&folio), sizes.i_size, &piece) != RL_ADDED ||
	    !rl_plan_end(&plan, &piece) || piece.len != 100)
		return "a plan";
	if (!rl_req_init(&req, RL_WRITEPAGES, &retry, limits.flags) ||
	    !rl_req_add(&req, &sub, &piece) ||
	    rl_sub_issue(&req, &sub, 0) != RL_ACT_ISSUE)
		return "a subrequest";
	if (rl_req_issued(&req) != RL_LEFT_SUBS ||
	    rl_sub_done(&req, &sub, &answer, 1) != RL_ACT_END ||
	    rl_folio_end(&req, &sub, 0, 4096).fate != RL_FATE_GOOD ||
	    rl_sub_put(&req, &sub) != RL_LEFT_NONE)
		return "its end";
	result = rl_req_result(&req);
	if (!rl_size_written(&sizes, &result) || sizes.server != 100)
		return "the sizes";
	return rl_req_validate(&req);
}
