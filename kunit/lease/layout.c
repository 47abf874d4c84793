// SPDX-License-Identifier: GPL-2.0-only
/* Layouts, pins and changes as a process asks for them, for the tests. */
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "lease.h"

/* KUnit would leave it to the end of the thread, which does not free it all. */
static void drop_memory(void)
{
	struct mm_struct *mm = current->mm;

	kthread_unuse_mm(mm);
	mmput(mm);
}

long layout_ioctl(struct hf_test_lease *file, unsigned int nr,
		  unsigned int cmd, void *arg)
{
	size_t size = _IOC_SIZE(cmd);
	unsigned long user = kunit_vm_mmap(file->test, NULL, 0, PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	void __user *there = (void __user *)user;
	long ret;

	KUNIT_ASSERT_NE(file->test, user, 0UL);
	KUNIT_ASSERT_FALSE(file->test, IS_ERR_VALUE(user));
	if (copy_to_user(there, arg, size))
		KUNIT_FAIL(file->test, "no user memory");
	ret = file->open[nr]->f_op->unlocked_ioctl(file->open[nr], cmd, user);
	if (copy_from_user(arg, there, size))
		KUNIT_FAIL(file->test, "no user memory");
	drop_memory();
	return ret;
}

long layout_set(struct hf_test_lease *file, unsigned int nr, u32 type,
		u64 start, u64 length)
{
	struct hf_ioc_layout layout = {
		.type = type, .start = start, .length = length,
	};

	return layout_ioctl(file, nr, HF_IOC_SETLAYOUT, &layout);
}

s64 pin_set(struct hf_test_lease *file, unsigned int nr, u32 type, u64 start,
	    u64 length)
{
	struct hf_ioc_pin pin = {
		.type = type, .start = start, .length = length,
	};
	long ret = layout_ioctl(file, nr, HF_IOC_PIN, &pin);

	return ret ?: pin.id;
}

long pin_end(struct hf_test_lease *file, unsigned int nr, u64 id)
{
	struct hf_ioc_pin pin = { .id = id };

	return layout_ioctl(file, nr, HF_IOC_UNPIN, &pin);
}

int change_begin(struct hf_test_lease *file, struct hf_change *change, int nr,
		 loff_t start, loff_t end)
{
	return hf_change_begin(&file->li, change,
			       nr < 0 ? NULL : file->open[nr], start, end, NULL);
}

int change(struct hf_test_lease *file, int nr, loff_t start, loff_t end)
{
	struct hf_change change;
	int ret = change_begin(file, &change, nr, start, end);

	if (ret >= 0)
		hf_change_end(&change);
	return ret;
}
