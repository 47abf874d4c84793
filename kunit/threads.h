/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel threads of a test, which all begin at once and are waited for. */
#ifndef HF_KUNIT_THREADS_H
#define HF_KUNIT_THREADS_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>

#define THREADS 4

struct crew;
struct hf_test_file;

struct thread {
	struct crew *crew;
	unsigned int nr;
	struct completion done;
};

struct crew {
	struct kunit *test;
	struct hf_test_file *file;
	void (*work)(struct crew *crew, unsigned int nr);
	void *private;
	struct completion go;
	struct thread thread[THREADS];
};

/* The task ends by itself after it, in the kernel's own text. */
static inline int thread_main(void *data)
{
	struct thread *thread = data;

	wait_for_completion(&thread->crew->go);
	thread->crew->work(thread->crew, thread->nr);
	kthread_complete_and_exit(&thread->done, 0);
}

static inline void crew_start(struct crew *crew, unsigned int count)
{
	unsigned int nr;

	init_completion(&crew->go);
	for (nr = 0; nr < count; nr++) {
		struct thread *thread = &crew->thread[nr];
		struct task_struct *task;

		thread->crew = crew;
		thread->nr = nr;
		init_completion(&thread->done);
		task = kthread_run(thread_main, thread, "hf_kunit/%u", nr);
		if (IS_ERR(task)) {
			KUNIT_FAIL(crew->test, "no thread");
			complete(&thread->done);
		}
	}
	complete_all(&crew->go);
}

static inline void crew_wait(struct crew *crew, unsigned int count)
{
	while (count--)
		wait_for_completion(&crew->thread[count].done);
}

#endif /* HF_KUNIT_THREADS_H */
