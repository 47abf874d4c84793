// SPDX-License-Identifier: GPL-2.0-only
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "lease.h"

static int test_setlease(struct file *open, int arg, struct file_lease **lease,
			 void **priv)
{
	struct hf_test_lease *file = open->private_data;

	return hf_setlease(&file->li, open, arg, lease, priv);
}

static long test_ioctl(struct file *open, unsigned int cmd, unsigned long arg)
{
	struct hf_test_lease *file = open->private_data;

	return hf_layout_ioctl(&file->li, open, cmd, arg);
}

static int test_release(struct inode *inode, struct file *open)
{
	struct hf_test_lease *file = open->private_data;

	hf_lease_release(&file->li, open);
	atomic_inc(&file->released);
	return 0;
}

static const struct file_operations test_operations = {
	.setlease	= test_setlease,
	.unlocked_ioctl	= test_ioctl,
	.release	= test_release,
};

void lease_open(struct hf_test_lease *file, unsigned int nr, int flags)
{
	struct file *open = dentry_open(&file->base->f_path, flags,
					current_cred());

	KUNIT_ASSERT_FALSE(file->test, IS_ERR(open));
	KUNIT_ASSERT_NULL(file->test, file->open[nr]);
	open->private_data = file;
	/* tmpfs's are of no module and have no ->release. */
	open->f_op = &test_operations;
	file->open[nr] = open;
}

void lease_close(struct hf_test_lease *file, unsigned int nr)
{
	if (file->open[nr])
		__fput_sync(file->open[nr]);
	file->open[nr] = NULL;
}

int lease_init(struct kunit *test)
{
	struct hf_test_lease *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->test = test;
	file->base = shmem_file_setup("holdfast_kunit", 0, 0);
	if (IS_ERR(file->base)) {
		kfree(file);
		return -ENOMEM;
	}
	file->inode = file_inode(file->base);
	hf_lease_inode_init(&file->li);
	init_completion(&file->broken);
	test->priv = file;
	return 0;
}

/* After the last close of each, nothing may be left of any. */
void lease_exit(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	unsigned int nr;

	if (!file)
		return;
	for (nr = 0; nr < LEASE_OPENS; nr++)
		lease_close(file, nr);
	lease_expect(file, "");
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
	KUNIT_EXPECT_TRUE(test, ls_idle(hf_leases(&file->li)));
	/* What would be freed under somebody's feet is better left. */
	if (!ls_idle(hf_leases(&file->li)))
		return;
	hf_lease_evict(&file->li);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_NODE(&file->li.all));
	__fput_sync(file->base);
	kfree(file);
}

static size_t put_range(struct hf_test_lease *file, size_t at, s64 start,
			s64 end)
{
	size_t left = sizeof(file->text) - at;

	if (end == LS_END)
		return scnprintf(file->text + at, left, "%lld-end", start);
	return scnprintf(file->text + at, left, "%lld-%lld", start, end);
}

static size_t put_grants(struct hf_test_lease *file, size_t at, unsigned int nr,
			 const struct ls_grant *grant)
{
	for (; grant; grant = grant->next) {
		if (grant->holder != hf_holder(file->open[nr]))
			continue;
		at += scnprintf(file->text + at, sizeof(file->text) - at,
				"%s%u%c%c", at ? " " : "", nr,
				"LDY"[grant->kind], "?RW"[grant->type]);
		if (grant->kind == LS_LAYOUT)
			at += put_range(file, at, grant->start, grant->end);
		if (grant->state != LS_HELD)
			at += scnprintf(file->text + at,
					sizeof(file->text) - at, "%c",
					"??v!x"[grant->state]);
	}
	return at;
}

static size_t put_pins(struct hf_test_lease *file, size_t at, unsigned int nr,
		       const struct ls_pin *pin)
{
	for (; pin; pin = pin->next) {
		if (pin->holder != hf_holder(file->open[nr]))
			continue;
		at += scnprintf(file->text + at, sizeof(file->text) - at,
				"%s%uP%c", at ? " " : "", nr, "?RW"[pin->type]);
		at += put_range(file, at, pin->start, pin->end);
	}
	return at;
}

const char *lease_describe(struct hf_test_lease *file)
{
	struct ls_table *table = hf_leases(&file->li);
	const char *wrong;
	unsigned int nr;
	size_t at = 0;

	file->text[0] = '\0';
	spin_lock(&file->li.lock);
	wrong = ls_validate(table);
	for (nr = 0; nr < LEASE_OPENS; nr++) {
		if (!file->open[nr])
			continue;
		at = put_grants(file, at, nr, table->leases);
		at = put_grants(file, at, nr, table->layouts);
		at = put_pins(file, at, nr, table->pins);
	}
	spin_unlock(&file->li.lock);
	if (wrong)
		KUNIT_FAIL(file->test, "%s", wrong);
	return file->text;
}

/* What changes waits for is looked at anew. */
static void hurry_layouts(struct hf_test_lease *file, u64 deadline)
{
	struct ls_table *table = hf_leases(&file->li);
	struct ls_grant *grant;
	struct ls_change *core;

	lockdep_assert_held(&file->li.lock);
	for (grant = table->layouts; grant; grant = grant->next)
		if (grant->state == LS_BREAKING)
			grant->deadline = deadline;
	for (core = table->changes; core; core = core->next) {
		WRITE_ONCE(hf_change(core)->woken, true);
		wake_up(&hf_change(core)->wait);
	}
}

void lease_left(struct hf_test_lease *file, unsigned int ms)
{
	struct file_lock_context *ctx = locks_inode_context(file->inode);
	bool limited = ms != LEASE_FOR_EVER;
	/* First: ours is not to be later than the VFS's. */
	u64 deadline = limited ? hf_now_ms() + ms : LS_NEVER;
	/* Which is over when it has passed, ours when it has come. */
	unsigned long when = limited ? jiffies + msecs_to_jiffies(ms) - !ms : 0;
	struct file_lease *entry;
	struct ls_grant *grant;

	if (ctx) {
		spin_lock(&ctx->flc_lock);
		list_for_each_entry(entry, &ctx->flc_lease, c.flc_list) {
			if (entry->c.flc_flags & FL_UNLOCK_PENDING)
				entry->fl_break_time = when;
			if (entry->c.flc_flags & FL_DOWNGRADE_PENDING)
				entry->fl_downgrade_time = when;
		}
		spin_unlock(&ctx->flc_lock);
	}
	spin_lock(&file->li.lock);
	for (grant = hf_leases(&file->li)->leases; grant; grant = grant->next)
		if (grant->state == LS_BREAKING ||
		    grant->state == LS_BREAKING_TO_READ)
			grant->deadline = deadline;
	hurry_layouts(file, deadline);
	spin_unlock(&file->li.lock);
}
