// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signal at the break of a layout.
 *
 * The owner and the signal of a descriptor (F_SETOWN, F_SETSIG) are forgotten
 * when a lease on it ends, so a layout that used them would be disturbed.  Each
 * layout has a file of its own for them, which nobody else ever sees; the rest
 * is as for leases: si_fd is the holder's descriptor, and who became somebody
 * else in between is not signalled.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "leases.h"

static const struct file_operations fown_operations = {};

struct search {
	const struct file *file;
	unsigned int fd;
};

static int is_it(const void *data, struct file *file, unsigned int fd)
{
	struct search *search = (void *)data;

	search->fd = fd;
	return file == search->file;
}

/* The first descriptor of the caller for it; an ioctl is not told which. */
static unsigned int descriptor_of(const struct file *file)
{
	struct search search = { .file = file };

	return iterate_fd(current->files, 0, is_it, &search) ? search.fd : 0;
}

static u32 signal_of(const struct file *file)
{
	const struct fown_struct *owner = file_f_owner(file);
	int signal = owner ? READ_ONCE(owner->signum) : 0;

	return signal ?: SIGIO;
}

/**
 * hf_signal_make - the caller is to be told of breaks
 * @layout: a layout that nobody else can see yet
 * @file: its descriptor
 * @signal: which signal; 0: that of F_SETSIG, or SIGIO
 *
 * Context: may sleep.
 * Return: 0, -EINVAL for no signal's number, -ENOMEM, -ENFILE.
 */
int hf_signal_make(struct hf_grant *layout, struct file *file, u32 signal)
{
	struct file *fown;
	int err;

	if (!valid_signal(signal))
		return -EINVAL;
	fown = anon_inode_getfile("[holdfast-layout]", &fown_operations,
				  NULL, O_RDONLY);
	if (IS_ERR(fown))
		return PTR_ERR(fown);
	err = file_f_owner_allocate(fown);
	if (err)
		goto out;
	layout->signal = signal ?: signal_of(file);
	file_f_owner(fown)->signum = layout->signal;
	__f_setown(fown, task_tgid(current), PIDTYPE_TGID, 1);
	err = fasync_helper(descriptor_of(file), fown, 1, &layout->fasync);
	if (err < 0)
		goto out;
	layout->fown = fown;
	return 0;
out:
	__fput_sync(fown);
	return err;
}

/**
 * hf_signal_swap - a layout was replaced: tell as the new one says
 * @layout: the one that stays
 * @other: the one that was not needed
 *
 * Context: li->lock held, under which hf_signal_send() is called.
 */
void hf_signal_swap(struct hf_grant *layout, struct hf_grant *other)
{
	swap(layout->fown, other->fown);
	swap(layout->fasync, other->fasync);
	swap(layout->signal, other->signal);
	swap(layout->pid, other->pid);
}

/**
 * hf_signal_send - the layout is to be returned
 * @layout: the layout
 *
 * Context: li->lock held.
 */
void hf_signal_send(struct hf_grant *layout)
{
	kill_fasync(&layout->fasync, SIGIO, POLL_MSG);
}

/**
 * hf_signal_end - nobody is told any more
 * @layout: a layout that nobody else can see, or a lease
 *
 * Context: may sleep.
 */
void hf_signal_end(struct hf_grant *layout)
{
	if (!layout->fown)
		return;
	fasync_helper(0, layout->fown, 0, &layout->fasync);
	__fput_sync(layout->fown);
}
