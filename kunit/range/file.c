// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "file.h"

static char name_owner(const void *context, u64 owner)
{
	const struct hf_test_file *file = context;
	unsigned int nr;

	for (nr = 0; nr < FILE_OWNERS; nr++)
		if (owner == (unsigned long)&file->owner[nr])
			return 'a' + nr;
	for (nr = 0; nr < FILE_OPENS; nr++)
		if (owner == (unsigned long)file->open[nr])
			return '0' + nr;
	return '?';
}

const char *file_describe(struct hf_test_file *file, bool flock)
{
	struct hf_table *table = file->li.table;

	if (!table)
		return "";
	hf_enter(table, false);
	describe(file->text, flock ? &table->flock : &table->posix, name_owner,
		 file);
	hf_leave(table, false);
	return file->text;
}

static bool mirrored(const struct lk_record *record)
{
	const struct file_lock *mirror = &hf_record(record)->mirror;
	const struct file_lock_core *c = &mirror->c;
	bool flock = c->flc_flags & FL_FLOCK;

	return !list_empty(&c->flc_list) &&
	       mirror->fl_start == record->start &&
	       mirror->fl_end == record->end &&
	       c->flc_type == (record->type == LK_WRITE ? F_WRLCK : F_RDLCK) &&
	       (unsigned long)(flock ? (void *)c->flc_file : c->flc_owner) ==
			record->holder->owner &&
	       c->flc_file &&
	       !(c->flc_flags & (FL_SLEEP | FL_ACCESS | FL_EXISTS | FL_CLOSE)) &&
	       list_empty(&c->flc_blocked_requests) == !record->holder->waiters;
}

/* What is wrong with one half of the table, or NULL.  T and G. */
static const char *look(const struct lk_table *space, struct list_head *mirror)
{
	const struct lk_record *record = lk_first_record(space);
	const char *wrong = lk_validate(space);
	size_t held = 0;

	for (; record; record = lk_next_record(record)) {
		if (record->flags & (LK_RESERVATION | LK_PENDING))
			continue;
		held++;
		if (!mirrored(record))
			wrong = wrong ?: "a record is not as its mirror";
	}
	if (held != list_count_nodes(mirror))
		wrong = wrong ?: "the mirror has others";
	return wrong;
}

void file_check(struct hf_test_file *file)
{
	struct hf_table *table = file->li.table;
	const char *posix, *flock;

	KUNIT_EXPECT_EQ(file->test, file->bad_context, 0U);
	if (!table)
		return;
	hf_enter(table, true);
	hf_mirror_lock(table);
	posix = look(&table->posix, &table->flctx->flc_posix);
	flock = look(&table->flock, &table->flctx->flc_flock);
	hf_mirror_unlock(table);
	hf_leave(table, true);
	if (posix)
		KUNIT_FAIL(file->test, "posix: %s", posix);
	if (flock)
		KUNIT_FAIL(file->test, "flock: %s", flock);
}

void lock_init(struct hf_test_file *file, struct file_lock *fl,
	       const struct lock_manager_operations *ops, unsigned int owner,
	       int type, loff_t start, loff_t end, unsigned int flags)
{
	locks_init_lock(fl);
	fl->c.flc_owner = &file->owner[owner];
	fl->c.flc_pid = current->tgid;
	fl->c.flc_file = file->open[0];
	fl->c.flc_flags = flags;
	fl->c.flc_type = type;
	fl->fl_start = start;
	fl->fl_end = end;
	fl->fl_lmops = ops;
	if (ops && ops->lm_get_owner)
		ops->lm_get_owner(fl->c.flc_owner);
}

int file_lock_cmd(struct hf_test_file *file, int cmd, struct file_lock *fl)
{
	int ret = hf_lock(file->domain, &file->li, file->open[0], cmd, fl);

	file_check(file);
	return ret;
}

int file_set(struct hf_test_file *file, unsigned int owner, int type,
	     loff_t start, loff_t end)
{
	struct file_lock fl;

	lock_init(file, &fl, NULL, owner, type, start, end, FL_POSIX);
	return file_lock_cmd(file, F_SETLK, &fl);
}

int file_flock(struct hf_test_file *file, unsigned int open, int type)
{
	struct file_lock fl;
	int ret;

	lock_init(file, &fl, NULL, A, type, 0, OFFSET_MAX, FL_FLOCK);
	fl.c.flc_file = file->open[open];
	fl.c.flc_owner = file->open[open];
	ret = hf_flock(file->domain, &file->li, file->open[open], F_SETLK, &fl);
	file_check(file);
	return ret;
}

void file_pass_time(struct hf_test_file *file, u64 ms)
{
	hf_expire(ms);
	file_check(file);
}

static int open_files(struct hf_test_file *file)
{
	unsigned int nr;

	file->open[0] = shmem_file_setup("holdfast_kunit", 0, 0);
	for (nr = 1; nr < FILE_OPENS && !IS_ERR(file->open[nr - 1]); nr++)
		file->open[nr] = dentry_open(&file->open[0]->f_path, O_RDWR,
					     current_cred());
	if (!IS_ERR(file->open[nr - 1])) {
		file->inode = file_inode(file->open[0]);
		return 0;
	}
	file->open[nr - 1] = NULL;
	file_close(file);
	return -ENOMEM;
}

void file_close(struct hf_test_file *file)
{
	unsigned int nr;

	for (nr = 0; nr < FILE_OPENS; nr++) {
		if (file->open[nr])
			__fput_sync(file->open[nr]);
		file->open[nr] = NULL;
	}
}

static void set_reserve(u64 ms)
{
	mutex_lock(&hf_graph_lock);
	hf_graph.reserve_ms = ms;
	mutex_unlock(&hf_graph_lock);
}

int file_init(struct kunit *test)
{
	struct hf_test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!file)
		return ret;
	file->test = test;
	file->domain = hf_lock_domain_create(HF_FAIR_FIFO, NULL);
	if (IS_ERR(file->domain))
		goto out_free;
	ret = open_files(file);
	if (ret)
		goto out_domain;
	file->reserve_ms = hf_graph.reserve_ms;
	set_reserve(FILE_RESERVE_MS);
	test->priv = file;
	return 0;

out_domain:
	hf_lock_domain_put(file->domain);
out_free:
	kfree(file);
	return ret;
}

static void drop_locks(struct hf_test_file *file)
{
	unsigned int nr;

	for (nr = 0; nr < FILE_OWNERS; nr++)
		KUNIT_EXPECT_EQ(file->test, 0,
				file_set(file, nr, F_UNLCK, 0, OFFSET_MAX));
	for (nr = 0; nr < FILE_OPENS; nr++)
		KUNIT_EXPECT_EQ(file->test, 0, file_flock(file, nr, F_UNLCK));
}

/* Servers give up, processes close, the inode goes: nothing may be left. */
void file_exit(struct kunit *test)
{
	struct hf_test_file *file = test->priv;
	unsigned int nr;

	if (!file)
		return;
	for (nr = 0; nr < FILE_FAKES; nr++)
		fake_release(&file->fake[nr]);
	if (file->open[0]) {
		drop_locks(file);
		file_pass_time(file, FILE_RESERVE_MS + 1);
		hf_lock_evict(&file->li);
		file_close(file);
	}
	for (nr = 0; nr < FILE_OWNERS; nr++)
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&file->owner[nr].refs));
	KUNIT_EXPECT_EQ(test, file->bad_context, 0U);
	KUNIT_EXPECT_EQ(test, refcount_read(&file->domain->ref), 1U);
	hf_lock_domain_put(file->domain);
	set_reserve(file->reserve_ms);
	kfree(file);
}
