/* SPDX-License-Identifier: GPL-2.0-only */
/* What suites have of a client of the registry's, whoever its server is. */
#ifndef HF_KUNIT_LOCALIO_STEPS_H
#define HF_KUNIT_LOCALIO_STEPS_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>

#include <holdfast/localio.h>

struct lender;

#define LONG (60 * HZ)

/* The next handshake may be at once. */
void client_not_too_soon(struct hf_localio_client *client);
/* Step 1, and step 3. */
struct hf_localio_link *link_get(struct hf_localio_link __rcu **from);
void link_put(struct hf_localio_link *link);

/* A function in a thread of its own, which may be killed. */
struct doing {
	struct kunit *test;
	int (*what)(struct doing *doing);
	struct lender *lender;
	struct hf_localio_client *client;
	struct hf_localio_file *lf;
	struct task_struct *task;
	struct completion over;
	int ret;
};

void doing_start(struct doing *doing);
int doing_wait(struct doing *doing);

/*
 * "1": allocations of the registry's may fail (fail.h); "0": no more.  Its caches are
 * others' too, so this is for a test alone.
 */
void fail_caches(struct kunit *test, const char *on);

#endif /* HF_KUNIT_LOCALIO_STEPS_H */
