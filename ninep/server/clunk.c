// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tclunk.  The fid is out of the table since the message was read, and what waited on
 * it has been told (dispatch.c); it goes with the last use.  All that is left is an
 * extended attribute that was written: its errno is the answer.
 */
#include "connection.h"

bool hf9_is_xattr_write(struct hf9_connection *connection, const struct hf9_fid *fid)
{
	bool is;

	spin_lock(&connection->lock);
	is = fid->core.state == NS_FID_XATTR_WRITE;
	spin_unlock(&connection->lock);
	return is;
}

int hf9_clunk(struct hf9_request *request)
{
	struct hf9_fid *fid = request->fid[0];

	if (hf9_is_xattr_write(request->connection, fid))
		return hf9_xattr_commit(fid);
	return 0;
}
