// SPDX-License-Identifier: GPL-2.0-only
/* Pins: a device uses a file's blocks, for a driver or for a process. */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "../stats.h"
#include "leases.h"
#include "trace.h"

/* Unique for good, so that a late HF_IOC_UNPIN does not end another's. */
static atomic64_t last_id;

/**
 * hf_pin_make - note that blocks are in use
 * @li: what the file's inode embeds
 * @file: an open file with a layout
 * @wish: the range, and what for
 * @id: NULL for a driver's, which keeps the file open.  For a process's, where
 *	to put its number; the file's last close ends it, and from this call on
 *	any thread may: the pin itself is then not to be looked at.
 *
 * Context: may sleep.
 * Return: the pin, or an ERR_PTR, see hf_layout_pin().
 */
struct hf_pin *hf_pin_make(struct hf_lease_inode *li, struct file *file,
			   const struct ls_wish *wish, u64 *id)
{
	struct hf_pin *pin = hf_pin_alloc(li);
	struct ls_batch batch;
	enum ls_answer answer;
	int err = -ENOSPC;

	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->core.id = atomic64_inc_return(&last_id);
	if (id)
		*id = pin->core.id;
	else
		pin->file = get_file(file);

	spin_lock(&li->lock);
	if (li->pins < HF_PINS_MAX) {
		answer = ls_pin_add(hf_leases(li), wish, &pin->core, &batch);
		hf_leases_tell(li, &batch);
		err = hf_lease_errno(answer);
	}
	if (!err) {
		li->pins++;
		pin->number = hf_next_number(li);
		hf_count(pins);
		trace_hf_pin(li, &pin->core, false);
	}
	spin_unlock(&li->lock);

	if (!err)
		return pin;
	hf_count(pins_refused);
	hf_pin_free(pin);
	return ERR_PTR(err);
}

static void end(struct hf_lease_inode *li, struct hf_pin *pin)
{
	lockdep_assert_held(&li->lock);
	trace_hf_pin(li, &pin->core, true);
	ls_pin_remove(hf_leases(li), &pin->core);
	li->pins--;
	hf_count(pins_ended);
}

static bool is_as_wished(const struct ls_pin *pin, const struct ls_wish *wish)
{
	return pin->start == wish->start && pin->end == wish->end &&
	       pin->type == wish->type;
}

/**
 * hf_pin_end - a process is done with its pin
 * @li: what the file's inode embeds
 * @file: the open file under which it was made
 * @id: what HF_IOC_PIN answered
 * @wish: what it was asked, to be compared; or NULL
 *
 * Return: 0; -ENOENT; -EINVAL if it is not that one.  A driver's pin is the
 * driver's to end.
 */
int hf_pin_end(struct hf_lease_inode *li, struct file *file, u64 id,
	       const struct ls_wish *wish)
{
	struct hf_pin *pin = NULL;
	struct ls_pin *core;
	int err = 0;

	spin_lock(&li->lock);
	core = ls_pin_find(hf_leases(li), hf_holder(file), id);
	if (!core || hf_pin(core)->file) {
		err = -ENOENT;
	} else if (wish && !is_as_wished(core, wish)) {
		err = -EINVAL;
	} else {
		pin = hf_pin(core);
		end(li, pin);
	}
	spin_unlock(&li->lock);
	hf_leased_leave(li);
	hf_pin_free(pin);
	return err;
}

/* Those of processes, out of the table; the others are counted. */
static struct ls_pin *take_all(struct hf_lease_inode *li, u32 *ended,
			       u32 *left)
{
	struct ls_pin *at, *next, *taken = NULL;

	lockdep_assert_held(&li->lock);
	for (at = hf_leases(li)->pins; at; at = next) {
		next = at->next;
		if (hf_pin(at)->file) {
			++*left;
			continue;
		}
		ls_pin_remove(hf_leases(li), at);
		li->pins--;
		++*ended;
		at->next = taken;
		taken = at;
	}
	return taken;
}

/**
 * hf_pin_end_all - an administrator ends what is in his way
 * @li: what the file's inode embeds
 * @ended: how many pins of processes there were
 * @left: how many are drivers', which each may look at its own
 *
 * As many steps under the lock as there are pins, HF_PINS_MAX at most.
 *
 * Context: may sleep; the caller has the file open.
 */
void hf_pin_end_all(struct hf_lease_inode *li, u32 *ended, u32 *left)
{
	struct ls_pin *taken;

	*ended = 0;
	*left = 0;
	spin_lock(&li->lock);
	taken = take_all(li, ended, left);
	spin_unlock(&li->lock);
	hf_leased_leave(li);
	hf_pins_free(li, taken);
}

struct hf_pin *hf_layout_pin(struct file *file, loff_t start, loff_t length,
			     bool write)
{
	struct hf_lease_inode *li = hf_leased_of(file, LS_LAYOUT);
	struct ls_wish wish = {
		.holder = hf_holder(file),
		.start = start,
		.now = hf_now_ms(),
		.type = write ? LS_WRITE : LS_READ,
	};

	if (start < 0 || length < 1 ||
	    check_add_overflow(start, length - 1, &wish.end))
		return ERR_PTR(-EINVAL);
	if (!(file->f_mode & (write ? FMODE_WRITE : FMODE_READ)))
		return ERR_PTR(-EBADF);
	return li ? hf_pin_make(li, file, &wish, NULL) : ERR_PTR(-EPERM);
}
EXPORT_SYMBOL_GPL(hf_layout_pin);

void hf_layout_unpin(struct hf_pin *pin)
{
	struct hf_lease_inode *li = pin->li;

	spin_lock(&li->lock);
	end(li, pin);
	spin_unlock(&li->lock);
	hf_leased_leave(li);
	hf_pin_free(pin);
}
EXPORT_SYMBOL_GPL(hf_layout_unpin);
