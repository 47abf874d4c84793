// SPDX-License-Identifier: GPL-2.0-only
/* The border of localio's core, used from C. */
#include "localio_core.h"

const char *links_from_c(void);

const char *links_from_c(void)
{
	struct lo_secret id = { { 1, 2 } }, answer = { { 3, 4 } };
	struct lo_server server = { .state = LO_DOWN };
	struct lo_client client = { .state = LO_IDLE }, *whose;
	struct lo_link link = { .state = LO_FREE }, *killed;
	struct lo_registry registry = { 0 };
	struct lo_file file, *closed;
	int session;

	if (!lo_server_start(&server) ||
	    lo_client_begin(&registry, &client, &id, 0, 5000) != LO_SAY ||
	    lo_attach(&registry, &server, &id, &link, &session, &answer) != LO_ATTACHED ||
	    lo_client_end(&client, &answer, &killed) != LO_USABLE || killed)
		return "the handshake";
	if (!lo_file_add(&link, &file) || lo_file_leave(&file, true) != LO_LEAVE_CLOSE)
		return "a file";
	if (!lo_server_stop(&server) || lo_server_end_link(&server, 0, &whose) != &link ||
	    whose != &client || lo_server_drained(&server) || !lo_link_released(&link))
		return "the stop";
	if (lo_link_step(&link, &closed) != LO_STEP_SESSION || closed ||
	    lo_link_step(&link, &closed) != LO_STEP_COUNT || !lo_link_counted(&link) ||
	    lo_link_step(&link, &closed) != LO_STEP_FREE)
		return "the work";
	if (!lo_server_drained(&server) || lo_client_finish(&client))
		return "the end";
	return lo_link_validate(&link);
}
