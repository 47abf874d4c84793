// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of samples/localfile.c, which kunit.sh has loaded with path=: a server that
 * knows nothing of it, in a module that is removed beside it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/umh.h>

#include "lender.h"

#define WIRE "/proc/fs/holdfast/localfile"
#define SERVED "/run/hf/kunit/lent"
#define HELLO _IOWR('l', 0, u8[HF_LOCALIO_SECRET])

static struct file *open_file(struct kunit *test, const char *path, int flags)
{
	struct file *file = filp_open(path, flags, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "no %s", path);
	return file;
}

/* What comes back is in the place of @id; the memory is a process's. */
static int hello(struct kunit *test, struct file *wire, u8 *id)
{
	unsigned long at = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	int err;

	KUNIT_ASSERT_NE(test, at, 0);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)at, id, HF_LOCALIO_SECRET), 0);
	err = vfs_ioctl(wire, HELLO, at);
	KUNIT_ASSERT_EQ(test, copy_from_user(id, (void __user *)at, HF_LOCALIO_SECRET), 0);
	return err;
}

static void connect(struct kunit *test, struct file *wire, struct hf_localio_client *client)
{
	u8 id[HF_LOCALIO_SECRET];

	hf_localio_client_init(client, "kunit");
	KUNIT_ASSERT_TRUE(test, hf_localio_client_begin(client, id));
	KUNIT_ASSERT_EQ(test, hello(test, wire, id), 0);
	KUNIT_ASSERT_EQ(test, hf_localio_client_end(client, id), 0);
	KUNIT_EXPECT_EQ(test, hello(test, wire, id), -ENOENT);
}

static int lent(struct hf_localio_client *client, fmode_t mode, struct hf_localio_file **lf)
{
	struct hf_localio_link *link = link_get(&client->link);
	int err;

	if (!link)
		return -ENOLINK;
	err = hf_localio_open(link, NULL, 0, mode, lf);
	link_put(link);
	return err;
}

static void use(struct kunit *test, struct hf_localio_file *lf)
{
	struct hf_localio_link *link = link_get(&lf->link);
	struct file *below = open_file(test, SERVED, O_RDONLY);
	char text[8] = {};
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, link);
	KUNIT_EXPECT_EQ(test, kernel_write(lf->file, "locally", 7, &pos), 7);
	link_put(link);
	pos = 0;
	KUNIT_EXPECT_EQ(test, kernel_read(below, text, 7, &pos), 7);
	KUNIT_EXPECT_STREQ(test, text, "locally");
	__fput_sync(below);
}

/* No more than what the wire has opened. */
static void as_opened(struct kunit *test)
{
	struct file *wire = open_file(test, WIRE, O_RDONLY);
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	connect(test, wire, &client);
	KUNIT_EXPECT_EQ(test, lent(&client, FMODE_READ | FMODE_WRITE, &lf), -EBADF);
	KUNIT_EXPECT_EQ(test, lent(&client, FMODE_READ, &lf), 0);
	hf_localio_close(lf);
	/* The end of its connection. */
	__fput_sync(wire);
	KUNIT_EXPECT_EQ(test, lent(&client, FMODE_READ, &lf), -ENOLINK);
	hf_localio_client_fini(&client);
}

static int remove_module(void)
{
	char *argv[] = { "/sbin/rmmod", "localfile", NULL };
	char *envp[] = { "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };

	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

/* A client that has a file open, and is idle, keeps neither the server nor its module. */
static void module_goes(struct kunit *test)
{
	struct file *wire = open_file(test, WIRE, O_RDWR);
	struct hf_localio_client client;
	struct hf_localio_file *lf;

	connect(test, wire, &client);
	KUNIT_ASSERT_EQ(test, lent(&client, FMODE_READ | FMODE_WRITE, &lf), 0);
	use(test, lf);
	KUNIT_EXPECT_EQ(test, remove_module(), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(filp_open(WIRE, O_RDONLY, 0)), -ENOENT);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(lf->link));
	KUNIT_EXPECT_EQ(test, lent(&client, FMODE_READ, &lf), -ENOLINK);
	KUNIT_EXPECT_EQ(test, hf_localio_generation(&client), 1U);
	hf_localio_close(lf);
	hf_localio_client_fini(&client);
	__fput_sync(wire);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(as_opened),
	KUNIT_CASE(module_goes),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_localio_sample",
	.test_cases = cases,
};

kunit_test_suite(suite);
