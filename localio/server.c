// SPDX-License-Identifier: GPL-2.0-only
/* The server's side: it starts, answers ids, and stops; why that ends is in link.c. */
#include <linux/slab.h>

#include "localio.h"
#include "stats.h"
#include "trace.h"

struct hf_localio_server *hf_localio_server_start(const struct hf_localio_ops *ops)
{
	struct hf_localio_server *server;

	if (!ops->name || !ops->open || !ops->close || !ops->session_put)
		return ERR_PTR(-EINVAL);
	server = kzalloc(sizeof(*server), GFP_KERNEL);
	if (!server)
		return ERR_PTR(-ENOMEM);
	server->ops = ops;
	init_waitqueue_head(&server->idle);
	spin_lock(&hf_localio_lock);
	WARN_ON_ONCE(!lo_server_start(&server->core));
	list_add_tail(&server->all, &hf_localio_servers);
	spin_unlock(&hf_localio_lock);
	hf_localio_count_event(servers);
	return server;
}
EXPORT_SYMBOL_GPL(hf_localio_server_start);

/* --------------------------------------------------------------------- new links */

static enum lo_attached attach_locked(struct hf_localio_server *server,
				      struct hf_localio_link *link, const struct lo_secret *id,
				      void *session, const struct lo_secret *answer)
{
	enum lo_attached said;

	lockdep_assert_held(&hf_localio_lock);
	said = lo_attach(&hf_localio_registry, &server->core, id, &link->core, session, answer);
	if (said != LO_ATTACHED)
		return said;
	list_add_tail(&link->all, &hf_localio_links);
	trace_hf_localio_connect(link->id, server->ops->name,
				 hf_localio_client_of(link->core.client)->name);
	return said;
}

static int error_of(enum lo_attached said)
{
	switch (said) {
	case LO_ATTACHED:
		hf_localio_count_event(links);
		return 0;
	case LO_NO_SUCH_ID:
		hf_localio_count_event(unknown_ids);
		return -ENOENT;
	case LO_NOT_UP:
		return -ESHUTDOWN;
	case LO_ATTACH_INVALID:
		break;
	}
	WARN_ONCE(1, "holdfast_localio: attached without a session\n");
	return -EINVAL;
}

/* All that a link needs is there before the id is used up. */
int hf_localio_attach(struct hf_localio_server *server, const u8 *id, void *session, u8 *answer)
{
	struct lo_secret sent = hf_localio_secret_read(id), said = hf_localio_secret_draw();
	struct hf_localio_link *link = hf_localio_link_alloc(server->ops);
	enum lo_attached result;

	if (!link)
		return -ENOMEM;
	spin_lock(&hf_localio_lock);
	result = attach_locked(server, link, &sent, session, &said);
	spin_unlock(&hf_localio_lock);
	if (result == LO_ATTACHED)
		hf_localio_secret_write(answer, &said);
	else
		hf_localio_link_free_unused(link);
	return error_of(result);
}
EXPORT_SYMBOL_GPL(hf_localio_attach);

/* ----------------------------------------------------------------------- the end */

/* Of one link; false if there was none.  The lock is not kept for all of them. */
static bool end_link(struct hf_localio_server *server, const void *session,
		     enum hf_localio_end why)
{
	struct lo_client *whose;
	struct lo_link *core;

	spin_lock(&hf_localio_lock);
	core = lo_server_end_link(&server->core, session, &whose);
	if (core)
		hf_localio_link_kill_locked(core, whose, why);
	spin_unlock(&hf_localio_lock);
	return core;
}

void hf_localio_session_end(struct hf_localio_server *server, const void *session)
{
	if (WARN_ON_ONCE(!session))
		return;
	while (end_link(server, session, HF_LOCALIO_END_SESSION))
		;
}
EXPORT_SYMBOL_GPL(hf_localio_session_end);

void hf_localio_server_kill(struct hf_localio_server *server)
{
	spin_lock(&hf_localio_lock);
	WARN_ON_ONCE(!lo_server_stop(&server->core));
	spin_unlock(&hf_localio_lock);
	while (end_link(server, NULL, HF_LOCALIO_END_SERVER))
		;
}
EXPORT_SYMBOL_GPL(hf_localio_server_kill);

/* Under the lock, under which the last link wakes: then it has done with @server. */
static bool drained(struct hf_localio_server *server)
{
	bool is;

	spin_lock(&hf_localio_lock);
	is = lo_server_drained(&server->core);
	spin_unlock(&hf_localio_lock);
	return is;
}

static void set_waiting(struct hf_localio_server *server, bool waiting)
{
	spin_lock(&hf_localio_lock);
	WARN_ONCE(server->waiting == waiting, "holdfast_localio: two wait for one server\n");
	server->waiting = waiting;
	spin_unlock(&hf_localio_lock);
}

static void free_server(struct hf_localio_server *server)
{
	spin_lock(&hf_localio_lock);
	list_del(&server->all);
	spin_unlock(&hf_localio_lock);
	kfree(server);
}

int hf_localio_server_wait(struct hf_localio_server *server)
{
	int err;

	hf_localio_server_kill(server);
	set_waiting(server, true);
	err = wait_event_killable(server->idle, drained(server));
	if (err)
		set_waiting(server, false);
	else
		free_server(server);
	return err;
}
EXPORT_SYMBOL_GPL(hf_localio_server_wait);

void hf_localio_server_wait_forever(struct hf_localio_server *server)
{
	hf_localio_server_kill(server);
	set_waiting(server, true);
	wait_event(server->idle, drained(server));
	free_server(server);
}
EXPORT_SYMBOL_GPL(hf_localio_server_wait_forever);
