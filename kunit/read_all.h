/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_KUNIT_READ_ALL_H
#define HF_KUNIT_READ_ALL_H

#include <kunit/test.h>
#include <linux/fs.h>

#define READ_ALL_ROOM 8192

/* What a process reads; in memory of the test's.  NULL if there is no such file. */
static inline const char *read_all(struct kunit *test, const char *path)
{
	char *text = kunit_kzalloc(test, READ_ALL_ROOM, GFP_KERNEL);
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t pos = 0;
	ssize_t got;

	KUNIT_ASSERT_NOT_NULL(test, text);
	if (IS_ERR(file))
		return NULL;
	do
		got = kernel_read(file, text + pos, READ_ALL_ROOM - 1 - pos, &pos);
	while (got > 0);
	filp_close(file, NULL);
	KUNIT_EXPECT_EQ(test, got, 0);
	return text;
}

#endif /* HF_KUNIT_READ_ALL_H */
