// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients in the same kernel: open fids' files are lent to them, by holdfast_localio.
 *
 * Whom a link is made with is a connection: it holds a reference to it, and its end ends
 * the link.  What is lent was opened by a Tlopen or the like, as who asked for that, who
 * may then do by the link what he may by Tread and Twrite.  A loan has a reference of its
 * own to the file, not a use of the fid: so neither a Tclunk nor a Tversion waits for who
 * reads and writes, and a loan does not end in the middle of either.
 *
 * Why nothing of a link is left when an export or a listener has stopped:
 * 1. Each of its connections is ended, and hf9_localio_end() with it; a Tlocalhello that
 *    runs beside that finds the connection dead once it has a link, and ends it itself.
 * 2. A link holds its connection until what was in flight is over and its loans are
 *    given back, so the connection leaves the lists after that, and the fids' own
 *    references to the files, and the export's mount, go later still (service.c).
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/wait_bit.h>

#include <holdfast/localio.h>

#include "connection.h"
#include "localio.h"
#include "ops.h"
#include "registry.h"

static_assert(HF_LOCALIO_SECRET == NP_HELLO);

static struct hf_localio_server *server;

/* ------------------------------------------------------------------------ the table */

static void give_back(void *cookie)
{
	struct file *file = cookie;
	const struct cred *old = override_creds(file->f_cred);

	hf9_close(file);
	revert_creds(old);
}

static int check_loan(const struct file *file, fmode_t mode)
{
	if (!S_ISREG(file_inode(file)->i_mode) || !file->f_op->read_iter || !file->f_op->write_iter)
		return -EINVAL;
	return (file->f_mode & mode) == mode ? 0 : -EBADF;
}

/* Without any it is read and written by way of its cache. */
static void find_alignment(const struct file *file, struct hf_localio_opened *out)
{
	struct kstat stat = {};

	if (!(file->f_mode & FMODE_CAN_ODIRECT) ||
	    vfs_getattr_nosec(&file->f_path, &stat, STATX_DIOALIGN, AT_STATX_DONT_SYNC) ||
	    !(stat.result_mask & STATX_DIOALIGN))
		return;
	out->dio_mem_align = stat.dio_mem_align;
	out->dio_offset_align = stat.dio_offset_align;
}

/* The key is a fid's number. */
static int lend(void *session, const void *key, u32 len, fmode_t mode,
		struct hf_localio_opened *out)
{
	struct file *file;
	u32 number;
	int err;

	if (len != sizeof(number))
		return -EINVAL;
	memcpy(&number, key, len);
	file = hf9_open_file_of(session, number);
	if (!file)
		return -EBADF;
	err = check_loan(file, mode);
	if (err) {
		give_back(file);
		return err;
	}
	find_alignment(file, out);
	out->file = file;
	out->cookie = file;
	return 0;
}

/* The connection holds its export, of which it has one since before the link. */
static void put_link(void *session)
{
	struct hf9_connection *connection = session;
	atomic_t *links = &connection->export->links;

	if (atomic_dec_and_test(links))
		wake_up_var(links);
	hf9_connection_put(connection);
}

static const struct hf_localio_ops ops = {
	.name		= "9p",
	.open		= lend,
	.close		= give_back,
	.session_put	= put_link,
};

/* ------------------------------------------------------------------- links, their end */

/* Looked for once there is a link: who has ended it may have been too early to see it. */
static bool has_lost_it(const struct hf9_connection *connection)
{
	return hf9_connection_is_dead(connection) || !READ_ONCE(connection->export->localio);
}

int hf9_run_localhello(struct hf9_request *request)
{
	struct hf9_connection *connection = request->connection;
	int err;

	if (!READ_ONCE(connection->export->localio))
		return -EOPNOTSUPP;
	hf9_connection_get(connection);
	atomic_inc(&connection->export->links);
	err = hf_localio_attach(server, request->t.tlocalhello.id, connection,
				request->r.rlocalhello.answer);
	if (err) {
		put_link(connection);
		return err;
	}
	if (has_lost_it(connection))
		hf9_localio_end(connection);
	return 0;
}

void hf9_localio_end(struct hf9_connection *connection)
{
	hf_localio_session_end(server, connection);
}

void hf9_localio_stop(struct hf9_export *export)
{
	WRITE_ONCE(export->localio, false);
	hf9_registry_each(export, hf9_localio_end);
}

int hf9_localio_wait(struct hf9_export *export)
{
	return wait_var_event_killable(&export->links, !atomic_read(&export->links)) ? -EINTR : 0;
}

int __init hf9_localio_init(void)
{
	struct hf_localio_server *started = hf_localio_server_start(&ops);

	if (IS_ERR(started))
		return PTR_ERR(started);
	server = started;
	return 0;
}

void hf9_localio_exit(void)
{
	hf_localio_server_wait_forever(server);
}
