// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fake lock managers: what lockd and nfsd do, and the counting of what they are
 * told.  Each callback checks the context that its real one depends on.
 */
#include <linux/module.h>
#include <linux/preempt.h>

#include "file.h"

/* The test that runs: lm_expire_lock() and lm_put_owner() do not say. */
static struct hf_test_file *current_file;

static void note(struct hf_test_file *file, bool bad)
{
	if (bad)
		file->bad_context++;
}

static bool holds_graph(void)
{
	return IS_ENABLED(CONFIG_LOCKDEP) &&
	       lockdep_is_held(&hf_graph_lock) == LOCK_STATE_HELD;
}

static struct hf_test_file *file_of(struct fake_owner *owner)
{
	return current_file && owner >= current_file->owner &&
	       owner < current_file->owner + FILE_OWNERS ? current_file : NULL;
}

static fl_owner_t get_owner(fl_owner_t owner)
{
	struct fake_owner *fake = owner;

	atomic_inc(&fake->refs);
	return owner;
}

/* nfsd's takes cl_lock, outside which flc_lock is taken. */
static void put_owner(fl_owner_t owner)
{
	struct fake_owner *fake = owner;
	struct hf_test_file *file = file_of(fake);

	if (file)
		note(file, in_atomic() || holds_graph());
	atomic_dec(&fake->refs);
}

static void tell(struct fake *fake)
{
	struct hf_test_file *file = fake->file;
	size_t told = strlen(file->told);

	/* The table's lock is what keeps the file_lock from being freed. */
	note(file, !in_atomic());
	note(file, !fake->live);
	if (told + 1 >= sizeof(file->told))
		return;
	file->told[told] = 'A' + (fake - file->fake);
	file->told[told + 1] = '\0';
}

static int grant(struct file_lock *fl, int result)
{
	struct fake *fake = container_of(fl, struct fake, fl);

	note(fake->file, result);
	fake->granted++;
	tell(fake);
	return fake->refuse ? -ENOLCK : 0;
}

/* Of a manager that hears of deadlocks, and of a remote's end: each is one more of what it was told. */
static int answer(struct file_lock *fl, int result)
{
	struct fake *fake = container_of(fl, struct fake, fl);

	note(fake->file, result && result != -EDEADLK && result != -EIO);
	if (result)
		fake->failed++;
	else
		fake->granted++;
	tell(fake);
	return 0;
}

static void notify(struct file_lock *fl)
{
	struct fake *fake = container_of(fl, struct fake, fl);

	fake->notified++;
	tell(fake);
}

static bool lock_expirable(struct file_lock *conflict)
{
	struct hf_test_file *file = file_of(conflict->c.flc_owner);

	if (!file)
		return false;
	file->expirable_asked++;
	return file->courtesy && conflict->c.flc_owner == &file->owner[A];
}

/* nfsd's laundromat unlocks what the client held, by ->lock. */
static void expire_lock(void)
{
	struct hf_test_file *file = current_file;

	might_sleep();
	note(file, in_atomic() || holds_graph());
	file->expired++;
	file->courtesy = false;
	note(file, file_set(file, A, F_UNLCK, 0, OFFSET_MAX));
}

const struct lock_manager_operations fake_grant_ops = {
	.lm_mod_owner = THIS_MODULE,
	.lm_get_owner = get_owner,
	.lm_put_owner = put_owner,
	.lm_notify = notify,
	.lm_grant = grant,
};

const struct lock_manager_operations fake_answer_ops = {
	.lm_mod_owner = THIS_MODULE,
	.lm_get_owner = get_owner,
	.lm_put_owner = put_owner,
	.lm_grant = answer,
};

const struct lock_manager_operations fake_notify_ops = {
	.lm_mod_owner = THIS_MODULE,
	.lm_get_owner = get_owner,
	.lm_put_owner = put_owner,
	.lm_notify = notify,
	.lm_lock_expirable = lock_expirable,
	.lm_expire_lock = expire_lock,
};

struct fake *fake_init(struct hf_test_file *file, unsigned int nr,
		       const struct lock_manager_operations *ops,
		       unsigned int owner, int type, loff_t start, loff_t end)
{
	struct fake *fake = &file->fake[nr];

	current_file = file;
	KUNIT_EXPECT_FALSE(file->test, fake->live);
	*fake = (struct fake) { .file = file, .live = true };
	lock_init(file, &fake->fl, ops, owner, type, start, end,
		  FL_POSIX | FL_SLEEP);
	return fake;
}

void fake_release(struct fake *fake)
{
	if (!fake->live)
		return;
	locks_release_private(&fake->fl);
	KUNIT_EXPECT_NULL(fake->file->test, fake->fl.fl_ops);
	fake->live = false;
	/* It is freed now: whoever still looks at it is to fall over. */
	memset(&fake->fl, 0x5a, sizeof(fake->fl));
	file_check(fake->file);
}

int fake_ask(struct fake *fake)
{
	return file_lock_cmd(fake->file, fake->fl.fl_lmops ? F_SETLK : F_SETLKW,
			     &fake->fl);
}

int fake_cancel(struct fake *fake)
{
	return file_lock_cmd(fake->file, F_CANCELLK, &fake->fl);
}
