// SPDX-License-Identifier: GPL-2.0-only
/* See steps.h. */
#include <linux/file.h>
#include <linux/sched/signal.h>

#include "steps.h"

/* -------------------------------------------------------------------------- clients */

/* Time is not a test's: this is what five seconds would do. */
void client_not_too_soon(struct hf_localio_client *client)
{
	client->core.due = 0;
}

struct hf_localio_link *link_get(struct hf_localio_link __rcu **from)
{
	struct hf_localio_link *link;

	rcu_read_lock();
	link = rcu_dereference(*from);
	if (link && !hf_localio_tryget_rcu(link))
		link = NULL;
	rcu_read_unlock();
	return link;
}

void link_put(struct hf_localio_link *link)
{
	rcu_read_lock();
	hf_localio_put_rcu(link);
	rcu_read_unlock();
}

/* -------------------------------------------------------------------------- threads */

static int doing_main(void *data)
{
	struct doing *doing = data;

	allow_signal(SIGKILL);
	doing->ret = doing->what(doing);
	flush_signals(current);
	kthread_complete_and_exit(&doing->over, 0);
}

void doing_start(struct doing *doing)
{
	init_completion(&doing->over);
	doing->task = kthread_create(doing_main, doing, "hf_doing");
	KUNIT_ASSERT_FALSE(doing->test, IS_ERR(doing->task));
	get_task_struct(doing->task);
	wake_up_process(doing->task);
}

int doing_wait(struct doing *doing)
{
	if (!wait_for_completion_timeout(&doing->over, LONG)) {
		KUNIT_FAIL(doing->test, "a thread does not come back");
		wait_for_completion(&doing->over);
	}
	put_task_struct(doing->task);
	return doing->ret;
}

/* --------------------------------------------------------------------------- memory */

static const char * const caches[] = {
	"kmalloc-64", "kmalloc-192", "kmalloc-512", "kmalloc-1k", "kmalloc-cg-64",
	"kmalloc-cg-96", "kmalloc-cg-128", "kmalloc-cg-192",
};

static void set_cache(struct kunit *test, const char *cache, const char *on)
{
	char path[80];
	struct file *file;
	loff_t pos = 0;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab", cache);
	file = filp_open(path, O_WRONLY, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "no %s", path);
	KUNIT_EXPECT_EQ(test, kernel_write(file, on, strlen(on), &pos), (ssize_t)strlen(on));
	__fput_sync(file);
}

void fail_caches(struct kunit *test, const char *on)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++)
		set_cache(test, caches[i], on);
}
