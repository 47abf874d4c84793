// SPDX-License-Identifier: GPL-2.0-only
/* The server of session.h: what it exports, and what is seen of it from within. */
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs_struct.h>
#include <linux/kthread.h>
#include <net/sock.h>

#include "../../ninep/server/credentials.h"
#include "../../ninep/socket.h"
#include "session.h"

static const struct place places[] = {
	{ "tmpfs", "/run/hf/kunit", false },
	{ "holdfast", "/mnt/kunit", true },
};

const void *next_place(const void *previous, char *name)
{
	const struct place *next = previous ? (const struct place *)previous + 1 : places;

	if (next == places + ARRAY_SIZE(places))
		return NULL;
	strscpy(name, next->name, KUNIT_PARAM_DESC_SIZE);
	return next;
}

const struct hf9_limits session_limits = {
	.threads	= 4,
	.connections	= 16,
	.fids		= 64,
	.requests	= 64,
	.bytes		= 8 << 20,
	.held_locks	= 100,
	.waiting_locks	= 50,
};

/* ------------------------------------------------------------------------ paths */

/* Of whoever loads the module.  Kernel threads look from the first root there was. */
static struct path root;

int session_suite_init(struct kunit_suite *suite)
{
	get_fs_root(current->fs, &root);
	return 0;
}

void session_suite_exit(struct kunit_suite *suite)
{
	path_put(&root);
}

/* The case's thread is a new one, and ends with the case. */
int session_init(struct kunit *test)
{
	int ret = unshare_fs_struct();
	struct path old;

	if (ret)
		return ret;
	path_get(&root);
	spin_lock(&current->fs->lock);
	write_seqcount_begin(&current->fs->seq);
	old = current->fs->root;
	current->fs->root = root;
	write_seqcount_end(&current->fs->seq);
	spin_unlock(&current->fs->lock);
	path_put(&old);
	return 0;
}

/* ------------------------------------------------------------------- the server */

/* Each mount of it has one, and who has something of a mount keeps the mount. */
static int references(struct server *server)
{
	return atomic_read(&file_inode(server->file)->i_sb->s_active);
}

void export_stopped(struct server *server)
{
	struct hf9_service *service = &server->export->service;

	wait_for_completion(&service->stopped);
	KUNIT_EXPECT_EQ(server->test, references(server), server->active);
	server->export = NULL;
	hf9_service_put(service);
}

void listener_stopped(struct server *server)
{
	struct hf9_service *service = &server->listener->service;

	wait_for_completion(&service->stopped);
	server->listener = NULL;
	hf9_service_put(service);
}

static void stop(void *data)
{
	struct server *server = data;

	if (server->export) {
		hf9_service_stop(&server->export->service);
		export_stopped(server);
	}
	if (server->listener) {
		hf9_service_stop(&server->listener->service);
		listener_stopped(server);
	}
	if (server->file)
		__fput_sync(server->file);
	kfree(server->clients);
	hf9_users_put(server->users);
	KUNIT_EXPECT_EQ(server->test, atomic64_read(&hf9_in_flight.bytes), 0LL);
}

static void make_file(struct server *server)
{
	struct file *file;
	char name[32];

	snprintf(name, sizeof(name), "%s/file", server->place->path);
	file = filp_open(name, O_RDWR | O_CREAT | O_LARGEFILE, 0644);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(server->test, file);
	server->file = file;
	KUNIT_ASSERT_EQ(server->test, vfs_truncate(&file->f_path, FILE_BYTES), 0L);
}

static void make_export(struct server *server, const struct hf9_limits *limits)
{
	struct ns_text text = { .at = "unix", .length = 4 }, wrong;
	struct hf9_export_wish wish = {
		.path	= server->place->path,
		.limits	= *limits,
		.localio = true,
		.squash	= NS_SQUASH_NONE,
	};
	const char *why = NULL;
	struct hf9_export *export;

	server->users = hf9_users_new();
	KUNIT_ASSERT_NOT_NULL(server->test, server->users);
	KUNIT_ASSERT_EQ(server->test, hf9_clients_parse(text, &server->clients, &wrong), NS_GOOD);
	KUNIT_ASSERT_NOT_NULL(server->test, server->clients);
	wish.users = server->users;
	wish.clients = server->clients;
	server->active = references(server);
	export = hf9_export_start("kunit", &wish, &why);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(server->test, export, "%s", why);
	server->export = export;
}

static void make_server_listener(struct server *server, u32 max_connections)
{
	const struct hf9_listener_wish wish = {
		.address	= "unix:/run/hf/kunit.sock",
		.msize		= MSIZE,
		.max_connections = max_connections,
	};
	const char *why = NULL;
	struct hf9_listener *listener = hf9_listener_start("kunit", &wish, &why);

	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(server->test, listener, "%s", why);
	server->listener = listener;
}

struct server *server_start(struct kunit *test, const struct hf9_limits *limits,
			    u32 max_connections)
{
	struct server *server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, server);
	server->test = test;
	server->place = test->param_value ?: places;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop, server), 0);
	make_file(server);
	make_export(server, limits);
	make_server_listener(server, max_connections);
	return server;
}

void server_has(struct server *server, u32 connections)
{
	until(server->test, READ_ONCE(server->listener->service.nr_connections) == connections);
}

bool server_is_locked(struct server *server)
{
	struct file_lock fl;
	bool locked;

	locks_init_lock(&fl);
	fl.c.flc_owner = server;
	fl.c.flc_pid = current->tgid;
	fl.c.flc_file = server->file;
	fl.c.flc_flags = FL_POSIX;
	fl.c.flc_type = F_WRLCK;
	fl.fl_end = 9;
	KUNIT_EXPECT_EQ(server->test, vfs_test_lock(server->file, &fl), 0);
	locked = fl.c.flc_type != F_UNLCK;
	locks_release_private(&fl);
	return locked;
}

int server_writers(struct server *server)
{
	return atomic_read(&file_inode(server->file)->i_writecount) - 1;
}

/* ------------------------------------------------------------------------ gates */

struct gate {
	struct kunit *test;
	struct inode *inode;
	bool opened;
	struct completion closed, open, done;
};

static void lock(struct gate *gate)
{
	if (gate->inode)
		inode_lock(gate->inode);
	else
		mutex_lock(&hf9_registry_lock);
}

static void unlock(struct gate *gate)
{
	if (gate->inode)
		inode_unlock(gate->inode);
	else
		mutex_unlock(&hf9_registry_lock);
}

/* A thread of its own, which ends in the kernel's own text. */
static int keep(void *data)
{
	struct gate *gate = data;

	lock(gate);
	complete(&gate->closed);
	wait_for_completion(&gate->open);
	unlock(gate);
	kthread_complete_and_exit(&gate->done, 0);
}

void gate_open(struct gate *gate)
{
	if (gate->opened)
		return;
	gate->opened = true;
	complete(&gate->open);
	wait_for_completion(&gate->done);
}

static void open_at_end(void *gate)
{
	gate_open(gate);
}

struct gate *gate_close(struct kunit *test, struct inode *inode)
{
	struct gate *gate = kunit_kzalloc(test, sizeof(*gate), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, gate);
	gate->test = test;
	gate->inode = inode;
	init_completion(&gate->closed);
	init_completion(&gate->open);
	init_completion(&gate->done);
	task = kthread_run(keep, gate, "hf_kunit/gate");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, open_at_end, gate), 0);
	wait_for_completion(&gate->closed);
	return gate;
}

void gate_holds(struct gate *gate)
{
	until(gate->test, rwsem_is_contended(&gate->inode->i_rwsem));
}

/* --------------------------------------------------------------------- a lease */

static bool keep_it(struct file_lease *lease)
{
	return false;
}

static void lease_setup(struct file_lease *lease, void **priv)
{
	*priv = NULL;
}

static const struct lease_manager_operations lease_ops = {
	.lm_break	= keep_it,
	.lm_change	= lease_modify,
	.lm_setup	= lease_setup,
};

void lease_end(struct file *file)
{
	void *owner = file;

	kernel_setlease(file, F_UNLCK, NULL, &owner);
}

static void end_lease(void *file)
{
	lease_end(file);
}

void lease_begin(struct kunit *test, struct file *file)
{
	struct file_lease *lease = locks_alloc_lease();
	void *owner = file;

	KUNIT_ASSERT_NOT_NULL(test, lease);
	lease->c.flc_type = F_WRLCK;
	lease->c.flc_flags = FL_LEASE;
	lease->c.flc_owner = file;
	lease->c.flc_pid = current->tgid;
	lease->c.flc_file = file;
	lease->fl_lmops = &lease_ops;
	KUNIT_EXPECT_EQ(test, kernel_setlease(file, F_WRLCK, &lease, &owner), 0);
	if (lease)
		locks_free_lease(lease);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_lease, file), 0);
}

/* ------------------------------------------------------------------ connections */

struct now now(struct client *client)
{
	struct hf9_connection *connection = client->connection;
	const struct hf9_locks *locks;
	struct now now = {};

	spin_lock(&connection->lock);
	now.requests = connection->session.nr_requests;
	now.parked = connection->session.nr_parked;
	now.fids = connection->session.nr_fids;
	now.counted = connection->nr_counted;
	now.bytes = connection->bytes;
	now.held = connection->held;
	spin_unlock(&connection->lock);
	rcu_read_lock();
	locks = READ_ONCE(connection->locks);
	if (locks) {
		now.locks = atomic_read(&locks->held);
		now.waiting = atomic_read(&locks->waiting);
	}
	rcu_read_unlock();
	return now;
}

bool is_blocked(struct client *client)
{
	return hf_socket_is_blocked(&client->connection->link.socket);
}

bool is_read(struct client *client)
{
	struct sock *sk = client->connection->link.socket.sock->sk;

	return skb_queue_empty_lockless(&sk->sk_receive_queue);
}

/* (Who has taken from the socket is the reader until what it took is a request.) */
bool has_begun(struct client *client)
{
	struct hf9_connection *connection = client->connection;
	bool quiet;

	spin_lock_bh(&connection->work_lock);
	quiet = !connection->reading && !connection->readable &&
		connection->link.frame.begin == connection->link.frame.end;
	spin_unlock_bh(&connection->work_lock);
	return quiet && is_read(client);
}

bool is_dead(struct client *client)
{
	return hf9_connection_is_dead(client->connection);
}
