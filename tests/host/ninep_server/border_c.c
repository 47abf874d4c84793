// SPDX-License-Identifier: GPL-2.0-only
/* The borders of the server's cores, used from C. */
#include <string.h>

#include "config_core.h"
#include "session_core.h"

const char *session_from_c(void);
const char *config_from_c(void);

const char *session_from_c(void)
{
	struct ns_limits limits = { 4, 2, 4 };
	struct ns_session session;
	struct ns_request version = { .state = NS_IDLE }, lock = { .state = NS_IDLE };
	struct ns_request flush = { .state = NS_IDLE }, *victim;
	struct ns_fid fid = { .state = NS_FID_IDLE };
	struct ns_ended ended;

	ns_init(&session, &limits);
	if (ns_version(&session, &version, NS_NOTAG) != NS_RUN)
		return "Tversion";
	ns_agree(&session);
	if (ns_answer(&session, &version, false, &ended) != NS_SEND || ended.flushes)
		return "Rversion";
	if (ns_fid_reserve(&session, &fid, 1) != NS_FID_OK ||
	    !ns_fid_publish(&fid, NS_FID_OPEN) || ns_fid_find(&session, 1) != &fid)
		return "a fid";
	if (ns_begin(&session, &lock, 1) != NS_RUN ||
	    ns_park(&session, &lock, &fid) != NS_NOW_PARKED)
		return "Tlock";
	if (ns_flush(&session, &flush, 2, 1, &victim) != NS_CANCEL || victim != &lock)
		return "Tflush";
	if (!ns_drop(&session, &lock, &ended) || ended.flushes != &flush || ended.mute)
		return "Rflush";
	if (ns_fid_put(&session, &fid) || ns_fid_clunk(&session, 1) != &fid ||
	    !ns_fid_put(&session, &fid))
		return "Tclunk";
	ns_die(&session);
	return ns_quiet(&session) ? ns_validate(&session) : "the end";
}

const char *config_from_c(void)
{
	static const char text[] = "tcp:[::1]:564\n";
	struct ns_address address;

	if (ns_parse_address(ns_written(text, strlen(text)), &address) != NS_GOOD)
		return "an address";
	return address.port == 564 && address.ip.bytes[15] == 1 ? NULL : "its port";
}
