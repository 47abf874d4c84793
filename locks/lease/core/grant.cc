// SPDX-License-Identifier: GPL-2.0-only
/* What is the same for every grant: how it is told of, and how it ends. */
#include "lease.hpp"

namespace ls {

/* Within one call a grant is told again only next to itself. */
void teller::tell(ls_grant &grant, ls_event event)
{
	grant.event = event;
	if (batch.last == &grant)
		return;
	grant.told_next = nullptr;
	if (batch.last)
		batch.last->told_next = &grant;
	else
		batch.first = &grant;
	batch.last = &grant;
}

void make_idle(ls_grant &grant)
{
	unlink(grant);
	grant.state = LS_IDLE;
	grant.deadline = LS_NEVER;
}

void revoke(ls_grant &grant, teller &teller)
{
	grant.state = LS_REVOKED;
	grant.deadline = LS_NEVER;
	teller.tell(grant, LS_RAN_OUT);
}

} // namespace ls
