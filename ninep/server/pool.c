// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that serve connections, one more whenever all are busy, up to a limit.
 *
 * Owner of their life.  Why none runs when hf9_pool_free() has returned:
 * 1. No connection has the pool: nobody calls hf9_pool_add(), so nobody queues @grow.
 * 2. @grow is cancelled: no thread is added to @tasks.
 * 3. Each of those is stopped, and waited for.
 */
#include <linux/completion.h>
#include <linux/fs_struct.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "connection.h"
#include "pool.h"

struct hf9_pool {
	spinlock_t lock;		/* of the next four; taken in softirqs */
	struct list_head ready;		/* connections that wait for a thread */
	struct list_head resting;	/* threads that wait for one: the last to come first */
	unsigned int waiting;		/* how many connections */
	unsigned int idle;		/* threads that serve nobody, woken ones among them */
	struct work_struct grow;
	unsigned int nr, most;		/* @grow's, and of new and free */
	char name[16];
	struct task_struct *tasks[] __counted_by(most);
};

struct thread {
	struct hf9_pool *pool;
	struct task_struct *task;
	struct list_head rests;		/* of the pool's @resting, or empty */
};

struct start {
	struct hf9_pool *pool;
	struct completion done;
	int error;
};

static struct hf9_connection *take(struct hf9_pool *pool)
{
	struct hf9_connection *connection;

	lockdep_assert_held(&pool->lock);
	connection = list_first_entry_or_null(&pool->ready, struct hf9_connection,
					      in_pool);
	if (connection) {
		list_del_init(&connection->in_pool);
		pool->waiting--;
		pool->idle--;
	}
	return connection;
}

static void is_idle(struct hf9_pool *pool)
{
	spin_lock_bh(&pool->lock);
	pool->idle++;
	spin_unlock_bh(&pool->lock);
}

/* NULL: there is none, and whoever has one wakes the caller. */
static struct hf9_connection *take_or_rest(struct thread *thread, bool served)
{
	struct hf9_pool *pool = thread->pool;
	struct hf9_connection *connection;

	spin_lock_bh(&pool->lock);
	pool->idle += served;
	list_del_init(&thread->rests);
	connection = take(pool);
	if (!connection) {
		list_add(&thread->rests, &pool->resting);
		set_current_state(TASK_IDLE);
	}
	spin_unlock_bh(&pool->lock);
	return connection;
}

static void rest(void)
{
	if (!kthread_should_stop())
		schedule();
	__set_current_state(TASK_RUNNING);
}

static void wake_one(struct hf9_pool *pool)
{
	struct thread *thread;

	lockdep_assert_held(&pool->lock);
	thread = list_first_entry_or_null(&pool->resting, struct thread, rests);
	if (!thread)
		return;
	list_del_init(&thread->rests);
	wake_up_process(thread->task);
}

static void serve_until_stopped(struct hf9_pool *pool)
{
	struct thread thread = { .pool = pool, .task = current };
	struct hf9_connection *connection;
	bool served = false;

	INIT_LIST_HEAD(&thread.rests);
	while (!kthread_should_stop()) {
		connection = take_or_rest(&thread, served);
		served = connection;
		if (!connection) {
			rest();
			continue;
		}
		hf9_connection_serve(connection, pool);
		cond_resched();
	}
	spin_lock_bh(&pool->lock);
	list_del(&thread.rests);
	spin_unlock_bh(&pool->lock);
}

static void wait_to_be_stopped(void)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		rest();
	}
}

/* The umask of kernel threads is everybody's, until they have one of their own. */
static int thread(void *data)
{
	struct start *start = data;
	struct hf9_pool *pool = start->pool;
	int error = unshare_fs_struct();

	if (!error) {
		current->fs->umask = 0;
		is_idle(pool);
	}
	start->error = error;
	complete(&start->done);
	if (!error)
		serve_until_stopped(pool);
	else
		wait_to_be_stopped();
	return 0;
}

static int add_thread(struct hf9_pool *pool)
{
	struct start start = { .pool = pool };
	struct task_struct *task;

	init_completion(&start.done);
	task = kthread_run(thread, &start, "%s", pool->name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&start.done);
	if (start.error) {
		kthread_stop(task);
		return start.error;
	}
	pool->tasks[pool->nr++] = task;
	return 0;
}

static bool lacks_threads(struct hf9_pool *pool)
{
	bool lacks;

	spin_lock_bh(&pool->lock);
	lacks = pool->waiting > pool->idle;
	spin_unlock_bh(&pool->lock);
	return lacks;
}

/* If none can be had, those that there are do it. */
static void grow(struct work_struct *work)
{
	struct hf9_pool *pool = container_of(work, struct hf9_pool, grow);

	while (pool->nr < pool->most && lacks_threads(pool)) {
		if (add_thread(pool))
			return;
	}
}

struct hf9_pool *hf9_pool_new(const char *name, unsigned int most)
{
	struct hf9_pool *pool = kzalloc(struct_size(pool, tasks, most), GFP_KERNEL);
	int ret;

	if (!pool)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->ready);
	INIT_LIST_HEAD(&pool->resting);
	INIT_WORK(&pool->grow, grow);
	pool->most = most;
	strscpy(pool->name, name);
	ret = add_thread(pool);
	if (!ret)
		return pool;
	kfree(pool);
	return ERR_PTR(ret);
}

void hf9_pool_add(struct hf9_pool *pool, struct hf9_connection *connection)
{
	bool more;

	lockdep_assert_held(&connection->work_lock);
	spin_lock_bh(&pool->lock);
	list_add_tail(&connection->in_pool, &pool->ready);
	pool->waiting++;
	more = pool->waiting > pool->idle;
	wake_one(pool);
	spin_unlock_bh(&pool->lock);
	if (more && READ_ONCE(pool->nr) < pool->most)
		queue_work(system_unbound_wq, &pool->grow);
}

unsigned int hf9_pool_share(const struct hf9_pool *pool)
{
	return max(1u, pool->most / 2);
}

unsigned int hf9_pool_threads(const struct hf9_pool *pool)
{
	return READ_ONCE(pool->nr);
}

void hf9_pool_free(struct hf9_pool *pool)
{
	if (!pool)
		return;
	cancel_work_sync(&pool->grow);
	while (pool->nr)
		kthread_stop(pool->tasks[--pool->nr]);
	WARN_ON_ONCE(!list_empty(&pool->ready));
	kfree(pool);
}
