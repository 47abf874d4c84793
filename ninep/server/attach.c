// SPDX-License-Identifier: GPL-2.0-only
/* Tattach: which export, as whom.  Tauth: there is no authentication. */
#include <linux/path.h>

#include "connection.h"
#include "credentials.h"
#include "registry.h"
#include "stats.h"
#include "trace.h"

/* There is none: a client's kernel is believed, as with NFS's sec=sys. */
int hf9_auth(struct hf9_request *request)
{
	return -EOPNOTSUPP;
}

int hf9_bind(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	int ret = hf9_registry_join_export(connection, &request->t.tattach.aname);

	trace_hf9_attach(connection, ret);
	if (ret)
		hf9_count(attaches_refused);
	else
		hf9_count(attaches);
	return ret;
}

/* Each attach is of one user, and has a fid of the export's root. */
int hf9_attach(struct hf9_request *request)
{
	const struct np_tattach *t = &request->t.tattach;
	struct hf9_connection *connection = request->connection;
	struct hf9_export *export = connection->export;
	struct hf9_fid *fid = request->newfid;
	struct hf9_who *who;
	int ret;

	if (t->afid != NP_NOFID)
		return -EINVAL;
	ret = hf9_qid(&export->root, &request->r.rattach.qid);
	if (ret)
		return ret;
	who = hf9_who_make(export, connection, t->n_uname);
	if (IS_ERR(who))
		return PTR_ERR(who);
	fid->who = who;
	fid->path = export->root;
	path_get(&fid->path);
	request->newfid_as = NS_FID_UNOPENED;
	return 0;
}
