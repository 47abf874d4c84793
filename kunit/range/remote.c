// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "remote.h"

struct remote remote;
static struct process processes[PROCESSES];
static DEFINE_SPINLOCK(remote_lock);

static void note(char what, const struct file_lock *fl)
{
	char type = fl->c.flc_type == F_UNLCK ? '-' : fl->c.flc_type == F_WRLCK ? 'W' : 'R';
	size_t at;

	spin_lock(&remote_lock);
	at = strlen(remote.told);
	scnprintf(remote.told + at, sizeof(remote.told) - at, "%s%c%c%lld-%lld",
		  at ? " " : "", what, type, fl->fl_start,
		  fl->fl_end == OFFSET_MAX ? -1LL : fl->fl_end);
	spin_unlock(&remote_lock);
}

static void add(struct hf_remote *asks)
{
	unsigned int nr = 0;

	spin_lock(&remote_lock);
	while (nr < REMOTE_ASKED - 1 && remote.asked[nr])
		nr++;
	WARN_ON(remote.asked[nr]);
	remote.asked[nr] = asks;
	spin_unlock(&remote_lock);
}

struct hf_remote *remote_take(unsigned int nth)
{
	struct hf_remote *asks;

	spin_lock(&remote_lock);
	asks = remote.asked[nth];
	for (; nth < REMOTE_ASKED - 1; nth++)
		remote.asked[nth] = remote.asked[nth + 1];
	remote.asked[REMOTE_ASKED - 1] = NULL;
	spin_unlock(&remote_lock);
	return asks;
}

unsigned int remote_outstanding(void)
{
	unsigned int count = 0;

	spin_lock(&remote_lock);
	while (count < REMOTE_ASKED && remote.asked[count])
		count++;
	spin_unlock(&remote_lock);
	return count;
}

void remote_settle(void)
{
	hf_remote_flush();
	hf_remote_flush();
	hf_remote_flush();
	hf_remote_flush();
}

static void stop(char what)
{
	if (READ_ONCE(remote.stops) != what)
		return;
	WRITE_ONCE(remote.stops, 0);
	complete(&remote.stopped);
	wait_for_completion(&remote.go_on);
}

void remote_await_stop(struct hf_test_file *file)
{
	KUNIT_ASSERT_TRUE(file->test,
			  wait_for_completion_timeout(&remote.stopped, REMOTE_LONG));
}

void remote_go_on(void)
{
	complete(&remote.go_on);
}

static int begin(struct hf_remote *asks, struct file *file, bool unlocks)
{
	void *memory = kmalloc(96, GFP_KERNEL | (unlocks ? __GFP_NOFAIL : 0));

	if (!memory)
		return -ENOMEM;
	asks->priv = memory;
	remote.begun++;
	return 0;
}

static void end(struct hf_remote *asks)
{
	might_sleep();
	fail_always(false);
	kfree(asks->priv);
	remote.ended++;
}

static int respond(struct hf_remote *asks, int how)
{
	if (how == BY_TEST)
		add(asks);
	else
		hf_remote_answer(asks, how);
	return 0;
}

static int lock(struct hf_remote *asks, const struct file_lock *fl, bool wait)
{
	note(wait ? 'w' : 'l', fl);
	stop(wait ? 'w' : 'l');
	if (remote.fails)
		return remote.fails;
	fail_always(remote.fail_after && !wait);
	return respond(asks, wait ? BY_TEST : remote.locks);
}

static void cancel(struct hf_remote *asks)
{
	remote.cancelled++;
}

static int unlock(struct hf_remote *asks, const struct file_lock *fl)
{
	fail_always(false);
	note('u', fl);
	stop('u');
	return respond(asks, remote.unlocks);
}

static void granted(struct hf_remote *asks)
{
	remote.granted++;
	stop('g');
}

static const struct hf_remote_ops fake_remote = {
	.begin = begin, .end = end, .lock = lock, .cancel = cancel, .unlock = unlock,
	.granted = granted,
};

/* The remote says nothing any more, until whoever waits for it has gone. */
static void hang_up(struct process *process)
{
	remote.locks = remote.unlocks = -EIO;
	remote.fails = -EIO;
	do {
		if (process->task)
			send_sig(SIGKILL, process->task, 1);
		while (remote_outstanding())
			hf_remote_answer(remote_take(0), -EIO);
	} while (!try_wait_for_completion(&process->over) && !msleep_interruptible(10));
}

int remote_init(struct kunit *test)
{
	struct hf_lock_domain *domain = hf_lock_domain_create(HF_FAIR_FIFO, &fake_remote);
	struct hf_test_file *file;
	int ret;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = file_init(test);
	if (ret) {
		hf_lock_domain_put(domain);
		return ret;
	}
	file = test->priv;
	hf_lock_domain_put(file->domain);
	file->domain = domain;
	memset(&remote, 0, sizeof(remote));
	/* There is a table. */
	file_expect_set(file, A, F_RDLCK, 0, 0);
	file_expect_set(file, A, F_UNLCK, 0, 0);
	remote.told[0] = '\0';
	remote.granted = 0;
	remote.locks = BY_TEST;
	init_completion(&remote.stopped);
	init_completion(&remote.go_on);
	return 0;
}

void remote_exit(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int nr;

	if (!file)
		return;
	for (nr = 0; nr < PROCESSES; nr++)
		if (processes[nr].task)
			process_wait(&processes[nr]);
	remote.locks = remote.unlocks = remote.fails = 0;
	for (nr = 0; nr < FILE_FAKES; nr++)
		fake_release(&file->fake[nr]);
	remote_settle();
	KUNIT_EXPECT_EQ(test, remote_outstanding(), 0U);
	/* A test that has failed leaves nobody behind. */
	while (remote_outstanding()) {
		hf_remote_answer(remote_take(0), -EIO);
		remote_settle();
	}
	KUNIT_EXPECT_TRUE(test, hf_lock_domain_settle(file->domain, REMOTE_LONG));
	file_exit(test);
	KUNIT_EXPECT_EQ(test, remote.begun, remote.ended);
}

void answer_nth(struct hf_test_file *file, unsigned int nth, int result)
{
	struct hf_remote *asked = remote_take(nth);

	KUNIT_ASSERT_NOT_NULL(file->test, asked);
	hf_remote_answer(asked, result);
	remote_settle();
	file_check(file);
}

struct fake *ask(struct hf_test_file *file, unsigned int nr, unsigned int owner,
		 int type, loff_t start, loff_t last)
{
	struct fake *fake = fake_init(file, nr, &fake_answer_ops, owner, type, start, last);

	EXPECT_DEFERRED(fake);
	remote_settle();
	return fake;
}

void held(struct hf_test_file *file, unsigned int owner, int type, loff_t start,
	  loff_t last)
{
	int locks = remote.locks;
	size_t told = strlen(remote.told);

	remote.locks = 0;
	file_expect_set(file, owner, type, start, last);
	remote.locks = locks;
	remote.told[told] = '\0';
}

unsigned int in_line(struct hf_test_file *file)
{
	struct hf_table *table = file->li.table;
	unsigned int count;

	spin_lock(&table->lock);
	count = list_count_nodes(&table->line);
	spin_unlock(&table->lock);
	return count;
}

/* ------------------------------------------------------------------------ processes */

/* As a process, and not as a server's thread that hf_lock() would take it for. */
static int process_main(void *data)
{
	struct process *process = data;
	struct hf_test_file *file = process->file;
	struct lk_request request;

	allow_signal(SIGKILL);
	process->ret = hf_request_init(&request, file->domain, &process->fl, false);
	fail_next(process->fail_nth);
	if (!process->ret)
		process->ret = hf_set(file->li.table, &file->li.table->posix, &request,
				      &process->fl, HF_TOLD_WAKE, process->wait);
	process->failed = fail_stop() && process->fail_nth;
	kthread_complete_and_exit(&process->over, 0);
}

static struct process *start(struct hf_test_file *file, unsigned int owner, int type,
			     loff_t start, loff_t last, bool wait, unsigned int fail_nth)
{
	struct process *process = processes[0].task ? &processes[1] : &processes[0];
	struct task_struct *task;

	KUNIT_ASSERT_NULL(file->test, process->task);
	*process = (struct process) { .file = file, .wait = wait, .fail_nth = fail_nth };
	lock_init(file, &process->fl, NULL, owner, type, start, last,
		  FL_POSIX | (wait ? FL_SLEEP : 0));
	init_completion(&process->over);
	task = kthread_create(process_main, process, "hf_process");
	KUNIT_ASSERT_FALSE(file->test, IS_ERR(task));
	process->task = get_task_struct(task);
	wake_up_process(task);
	return process;
}

struct process *process_start(struct hf_test_file *file, unsigned int owner, int type,
			      loff_t start_at, loff_t last, bool wait)
{
	return start(file, owner, type, start_at, last, wait, 0);
}

struct process *process_start_failing(struct hf_test_file *file, unsigned int owner,
				      int type, loff_t start_at, loff_t last,
				      unsigned int nth)
{
	return start(file, owner, type, start_at, last, true, nth);
}

void process_kill(struct process *process)
{
	send_sig(SIGKILL, process->task, 1);
}

int process_wait(struct process *process)
{
	if (!wait_for_completion_timeout(&process->over, REMOTE_LONG)) {
		KUNIT_FAIL(process->file->test, "a process does not come back");
		hang_up(process);
	}
	put_task_struct(process->task);
	process->task = NULL;
	remote_settle();
	file_check(process->file);
	return process->ret;
}
