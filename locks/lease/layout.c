// SPDX-License-Identifier: GPL-2.0-only
/* Layouts, as processes ask for them: uapi/holdfast/layout.h. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mnt_idmapping.h>
#include <linux/uaccess.h>

#include "../../include/uapi/holdfast/layout.h"
#include "../stats.h"
#include "leases.h"

static_assert(HF_LAYOUT_READ == LS_READ && HF_LAYOUT_WRITE == LS_WRITE);

/* From a struct's words to the core's; 0 bytes are all that follow. */
static int wish_init(struct ls_wish *wish, const struct file *file, u32 type,
		     u64 start, u64 length)
{
	if (type != HF_LAYOUT_READ && type != HF_LAYOUT_WRITE)
		return -EINVAL;
	if (start > LS_END || (length && length - 1 > LS_END - start))
		return -EINVAL;
	*wish = (struct ls_wish) {
		.holder = hf_holder(file),
		.start = start,
		.end = length ? start + length - 1 : LS_END,
		.now = hf_now_ms(),
		.type = type,
	};
	return 0;
}

/* A device shall not do what the descriptor may not. */
static int may_use(const struct file *file, u32 type)
{
	fmode_t mode = type == HF_LAYOUT_WRITE ? FMODE_WRITE : FMODE_READ;

	return file->f_mode & mode ? 0 : -EBADF;
}

/* Who may keep others waiting, as for leases. */
static int may_hold(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	vfsuid_t owner = i_uid_into_vfsuid(file_mnt_idmap(file), inode);

	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	if (!vfsuid_eq_kuid(owner, current_fsuid()) && !capable(CAP_LEASE))
		return -EACCES;
	return 0;
}

static int set(struct hf_lease_inode *li, struct file *file,
	       const struct ls_wish *wish, u32 signal)
{
	struct hf_grant *spare = hf_grant_alloc(li, LS_LAYOUT, file, NULL);
	struct ls_grant *own;
	struct ls_batch batch;
	enum ls_answer answer;
	int err;

	if (!spare)
		return -ENOMEM;
	err = hf_signal_make(spare, file, signal);
	if (err)
		goto out;
	hf_leased_use(li, file_inode(file));

	spin_lock(&li->lock);
	/* First, so that one whose time is over is told to be revoked. */
	own = ls_layout_of(hf_leases(li), wish->holder, wish->now, &batch);
	hf_leases_tell(li, &batch);
	if (!own && li->layouts >= HF_LAYOUTS_MAX) {
		spin_unlock(&li->lock);
		err = -ENOSPC;
		goto out;
	}
	answer = ls_layout_set(hf_leases(li), wish, &spare->core, &batch);
	hf_leases_tell(li, &batch);
	if (answer == LS_OK && own) {
		hf_signal_swap(hf_grant(own), spare);
	} else if (answer == LS_OK) {
		hf_grant_hash(spare);
		li->layouts++;
		spare = NULL;
	}
	spin_unlock(&li->lock);
	hf_leased_join(li);
	err = hf_lease_errno(answer);
out:
	hf_grant_free(spare);
	return err;
}

static int give_back(struct hf_lease_inode *li, struct file *file)
{
	struct ls_grant *layout;
	struct ls_batch batch;

	spin_lock(&li->lock);
	layout = ls_layout_return(hf_leases(li), hf_holder(file), &batch);
	hf_leases_tell(li, &batch);
	li->layouts -= !!layout;
	spin_unlock(&li->lock);
	if (!layout)
		return -EAGAIN;
	hf_leased_leave(li);
	hf_grant_free(hf_grant(layout));
	return 0;
}

static int set_layout(struct hf_lease_inode *li, struct file *file,
		      const void __user *arg)
{
	struct hf_ioc_layout layout;
	struct ls_wish wish;
	int err;

	if (copy_from_user(&layout, arg, sizeof(layout)))
		return -EFAULT;
	if (layout.flags || layout.state || layout.time_left_ms)
		return -EINVAL;
	if (layout.type == HF_LAYOUT_NONE) {
		if (layout.start || layout.length || layout.signal)
			return -EINVAL;
		return give_back(li, file);
	}
	err = wish_init(&wish, file, layout.type, layout.start, layout.length);
	if (!err)
		err = may_hold(file);
	if (!err)
		err = may_use(file, layout.type);
	return err ?: set(li, file, &wish, layout.signal);
}

static u32 state_of(const struct ls_grant *layout)
{
	if (layout->state == LS_REVOKED)
		return HF_LAYOUT_REVOKED;
	return layout->state == LS_BREAKING ? HF_LAYOUT_BREAKING
					    : HF_LAYOUT_HELD;
}

static void describe(const struct ls_grant *layout, u64 now,
		     struct hf_ioc_layout *answer)
{
	answer->type = layout->type;
	answer->start = layout->start;
	answer->length = layout->end == LS_END ? 0 :
			 layout->end - layout->start + 1;
	answer->signal = hf_grant((struct ls_grant *)layout)->signal;
	answer->state = state_of(layout);
	if (answer->state == HF_LAYOUT_BREAKING)
		answer->time_left_ms = layout->deadline == LS_NEVER ?
			HF_LAYOUT_NO_LIMIT : layout->deadline - now;
}

static int get_layout(struct hf_lease_inode *li, struct file *file,
		      void __user *arg)
{
	struct hf_ioc_layout answer = { .type = HF_LAYOUT_NONE };
	u64 now = hf_now_ms();
	const struct ls_grant *layout;
	struct ls_batch batch;

	spin_lock(&li->lock);
	layout = ls_layout_of(hf_leases(li), hf_holder(file), now, &batch);
	if (layout)
		describe(layout, now, &answer);
	hf_leases_tell(li, &batch);
	spin_unlock(&li->lock);
	return copy_to_user(arg, &answer, sizeof(answer)) ? -EFAULT : 0;
}

static int pin(struct hf_lease_inode *li, struct file *file,
	       void __user *arg)
{
	struct hf_ioc_pin request;
	struct ls_wish wish;
	struct hf_pin *made;
	u64 id;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (request.flags || request.id)
		return -EINVAL;
	err = wish_init(&wish, file, request.type, request.start,
			request.length);
	if (!err)
		err = may_use(file, request.type);
	if (err)
		return err;
	made = hf_pin_make(li, file, &wish, &id);
	if (IS_ERR(made))
		return PTR_ERR(made);
	request.id = id;
	if (!copy_to_user(arg, &request, sizeof(request)))
		return 0;
	hf_pin_end(li, file, id, NULL);
	return -EFAULT;
}

static int unpin(struct hf_lease_inode *li, struct file *file,
		 const void __user *arg)
{
	struct hf_ioc_pin request;
	struct ls_wish wish;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (request.flags)
		return -EINVAL;
	/* With the id alone, or as HF_IOC_PIN left it. */
	if (!request.type && !request.start && !request.length)
		return hf_pin_end(li, file, request.id, NULL);
	err = wish_init(&wish, file, request.type, request.start,
			request.length);
	return err ?: hf_pin_end(li, file, request.id, &wish);
}

/*
 * A device that has not heard of it goes on, with blocks that may be another
 * file's by then.  CAP_LEASE, which is about who waits for whom, is not enough
 * for that.
 */
static int unpin_all(struct hf_lease_inode *li, void __user *arg)
{
	struct hf_ioc_unpin_all request;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (request.flags || request.ended || request.left || request.unused)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* What cannot be answered is not done. */
	if (copy_to_user(arg, &request, sizeof(request)))
		return -EFAULT;
	hf_pin_end_all(li, &request.ended, &request.left);
	return copy_to_user(arg, &request, sizeof(request)) ? -EFAULT : 0;
}

long hf_layout_ioctl(struct hf_lease_inode *li, struct file *file,
		     unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case HF_IOC_SETLAYOUT:
		return set_layout(li, file, user);
	case HF_IOC_GETLAYOUT:
		return get_layout(li, file, user);
	case HF_IOC_PIN:
		return pin(li, file, user);
	case HF_IOC_UNPIN:
		return unpin(li, file, user);
	case HF_IOC_UNPIN_ALL:
		return unpin_all(li, user);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(hf_layout_ioctl);
