// SPDX-License-Identifier: GPL-2.0-only
/* /proc/fs/holdfast, to which other modules add. */
#include <kunit/test.h>

#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include <holdfast/proc.h>

#include "read_all.h"

static DEFINE_PER_CPU(unsigned long [2], values);

static const char * const names[] = { "kunit_first", "kunit_second" };

static void show_more(struct seq_file *m)
{
	seq_puts(m, "kunit_more 5\n");
}

static struct hf_counters counters = {
	.names	= names,
	.values	= values,
	.count	= ARRAY_SIZE(names),
	.show	= show_more,
};

/* Those of holdfast_locks come first, and those that were removed not at all. */
static void counters_of_others(struct kunit *test)
{
	const char *text, *own, *more;

	hf_counters_add(&counters);
	this_cpu_add(values[0], 3);
	this_cpu_add(values[1], 4);
	text = read_all(test, "/proc/fs/holdfast/stats");
	hf_counters_remove(&counters);
	KUNIT_ASSERT_NOT_NULL(test, text);
	own = strstr(text, "requests ");
	more = strstr(text, "kunit_first 3\nkunit_second 4\nkunit_more 5\n");
	KUNIT_EXPECT_NOT_NULL(test, own);
	KUNIT_EXPECT_NOT_NULL(test, more);
	KUNIT_EXPECT_TRUE(test, own < more);

	text = read_all(test, "/proc/fs/holdfast/stats");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "requests "));
	KUNIT_EXPECT_NULL(test, strstr(text, "kunit_"));
}

static int show_file(struct seq_file *m, void *v)
{
	seq_puts(m, "here\n");
	return 0;
}

static void file_of_another(struct kunit *test)
{
	const char *text;

	KUNIT_ASSERT_NOT_NULL(test, proc_create_single("kunit", 0444,
						       hf_proc_dir(), show_file));
	text = read_all(test, "/proc/fs/holdfast/kunit");
	remove_proc_entry("kunit", hf_proc_dir());
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, text, "here\n");
	KUNIT_EXPECT_NULL(test, read_all(test, "/proc/fs/holdfast/kunit"));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(counters_of_others),
	KUNIT_CASE(file_of_another),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_proc",
	.test_cases = cases,
};
kunit_test_suite(suite);
