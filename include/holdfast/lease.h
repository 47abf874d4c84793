/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases, delegations, layouts and pins for a filesystem that wants them.
 *
 * A filesystem embeds one struct hf_lease_inode in its inode and calls:
 *
 *	when the inode's memory is made		hf_lease_inode_init()
 *	->setlease				hf_setlease()
 *	->unlocked_ioctl			hf_layout_ioctl()
 *	->open, at its end			hf_lease_opened()
 *	->release				hf_lease_release()
 *	->evict_inode				hf_lease_evict()
 *	whatever moves or frees blocks		hf_change_begin(), hf_change_end()
 *
 * A driver that lets a device use a file's blocks calls hf_layout_pin() and
 * hf_layout_unpin().  What processes may ask for is in uapi/holdfast/layout.h;
 * what conflicts with what, in the head of locks/lease/core/lease_core.h.
 */
#ifndef HOLDFAST_LEASE_H
#define HOLDFAST_LEASE_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct file;
struct file_lease;
struct inode;
struct hf_pin;

/**
 * struct hf_lease_inode - what a filesystem's inode carries
 * @lock: protects @core
 * @core: leases, layouts, pins and changes: a struct ls_table
 * @all: among all that have one of them
 * @inode: the inode, once it had one
 * @dev: the st_dev that the inode is shown with; 0: its superblock's.  Set by
 *	the filesystem for each inode, where it has more than one
 * @number: its place among them
 * @last: the last number that was given to what it has
 * @pins: how many there are in @core
 * @layouts: likewise
 * @rounds: how often it was noticed which leases had run out
 * @refuse: NULL, or, where the VFS does not see all users of a file: whether
 *	whoever asks for this lease by @file (@arg is F_RDLCK or F_WRLCK, and
 *	delegation says that it is a server's) is to be refused.  Asked before the VFS is and
 *	once it has counted, then maybe under flc_lock: it must not sleep.  Set
 *	by the filesystem after the init
 *
 * Between hf_lease_evict() and the next use of its memory it is as
 * hf_lease_inode_init() made it, which so may be called once, by the
 * constructor of a slab cache.
 */
struct hf_lease_inode {
	spinlock_t lock;
	void *core[4];
	struct rb_node all;
	struct inode *inode;
	dev_t dev;
	u64 number, last;
	unsigned int pins, layouts, rounds;
	bool (*refuse)(const struct file *file, int arg, bool delegation);
};

/**
 * struct hf_change - an operation that moves or frees blocks
 *
 * Lives on its caller's stack from hf_change_begin() to hf_change_end().
 * Nothing of it is the caller's to look at.
 */
struct hf_change {
	/* private: */
	u64 core[6];
	struct hf_lease_inode *li;
	wait_queue_head_t wait;
	u64 number;
	pid_t pid;
	bool woken, waits;
};

/**
 * hf_lease_inode_init - make one that is empty
 * @li: what the inode embeds
 */
void hf_lease_inode_init(struct hf_lease_inode *li);

/**
 * hf_setlease - the ->setlease operation
 * @li: what the inode of @file embeds
 * @file: the open file that the VFS passed
 * @arg: F_RDLCK, F_WRLCK or F_UNLCK
 * @lease: the lease, as the VFS passed it
 * @priv: as the VFS passed it
 *
 * The entry is the VFS's, made by generic_setlease(); nfsd's keeps its
 * operations.  What is kept here beside it is for /proc and the counters.
 * @li->refuse is asked whenever that is needed, so that a filesystem has
 * nothing to do before or after this call.
 *
 * Context: may sleep; i_rwsem is not held.
 * Return: 0 or -errno, as generic_setlease(); -EAGAIN if @li->refuse says so,
 * and then what there was is there still; -ENOMEM.
 */
int hf_setlease(struct hf_lease_inode *li, struct file *file, int arg,
		struct file_lease **lease, void **priv);

/**
 * hf_layout_ioctl - HF_IOC_SETLAYOUT, GETLAYOUT, PIN, UNPIN, UNPIN_ALL
 * @li: what the inode of @file embeds
 * @file: the open file
 * @cmd: the command
 * @arg: its argument, a user address
 *
 * Context: may sleep.
 * Return: 0 or -errno; -ENOTTY for any other command.
 */
long hf_layout_ioctl(struct hf_lease_inode *li, struct file *file,
		     unsigned int cmd, unsigned long arg);

/* The slow parts of what follows. */
void hf_lease_expire(struct hf_lease_inode *li);
void hf_lease_release_slow(struct hf_lease_inode *li, struct file *file);

static inline bool hf_lease_used(const struct hf_lease_inode *li)
{
	/* Leases, layouts, pins; who uses them has a file open. */
	return READ_ONCE(li->core[0]) || READ_ONCE(li->core[1]) ||
	       READ_ONCE(li->core[2]);
}

/**
 * hf_lease_opened - an open has got past the leases
 * @li: what the inode embeds
 *
 * The VFS revokes a lease silently, in the open that waited for it: this is
 * where that is noticed.
 *
 * Context: may sleep.
 */
static inline void hf_lease_opened(struct hf_lease_inode *li)
{
	if (unlikely(READ_ONCE(li->core[0])))
		hf_lease_expire(li);
}

/**
 * hf_lease_release - the last close of an open file
 * @li: what the inode of @file embeds
 * @file: the open file
 *
 * Its layout and its pins go, and who waits for them goes on.
 *
 * Context: ->release; may sleep.
 */
static inline void hf_lease_release(struct hf_lease_inode *li,
				    struct file *file)
{
	if (unlikely(hf_lease_used(li)))
		hf_lease_release_slow(li, file);
}

/**
 * hf_lease_evict - the inode goes
 * @li: what it embeds
 *
 * No descriptor is open, so there is nothing left; what is found is reported.
 *
 * Context: ->evict_inode; may be called from reclaim, allocates nothing.
 */
void hf_lease_evict(struct hf_lease_inode *li);

/**
 * hf_change_begin - blocks of this range are about to be moved or freed
 * @li: what the inode embeds
 * @change: filled here
 * @file: the open file that the operation goes through, or NULL; its own
 *	layout stays, and if it is O_NONBLOCK nothing is waited for
 * @start: first byte, at least 0
 * @end: last byte, OFFSET_MAX for all that follow
 * @locked: an inode whose i_rwsem the caller holds exclusively and lets go of
 *	for the time of a wait, or NULL
 *
 * Breaks the layouts that are touched and waits until they are returned or
 * revoked.  From success to hf_change_end() no layout and no pin can be made
 * that touches the range.
 *
 * Context: may sleep, kernel threads never for a layout.  No lock that the
 * holder of a layout may need, but for @locked's i_rwsem, may be held.
 * Return: 0; 1 if @locked was let go of, so that the caller has to look again;
 * -ETXTBSY beside a pin; -EWOULDBLOCK; -ERESTARTSYS; -ENOMEM; -EINVAL for an
 * impossible range.  After an error there is nothing to end.
 */
int hf_change_begin(struct hf_lease_inode *li, struct hf_change *change,
		    struct file *file, loff_t start, loff_t end,
		    struct inode *locked);

/**
 * hf_change_try - hf_change_begin() for nobody's descriptor, without a wait
 * @li: what the inode embeds
 * @change: filled here
 * @start: first byte, at least 0
 * @end: last byte, OFFSET_MAX for all that follow
 *
 * Every layout that is touched is broken, whoever holds it.
 *
 * Context: may sleep, also under locks that the holder of a layout may need.
 * Return: 0; -ETXTBSY beside a pin; -EWOULDBLOCK until the layouts are returned
 * or revoked; -ENOMEM; -EINVAL.  After an error there is nothing to end.
 */
int hf_change_try(struct hf_lease_inode *li, struct hf_change *change,
		  loff_t start, loff_t end);

/**
 * hf_change_end - they are where they will be
 * @change: what hf_change_begin() or hf_change_try() filled
 *
 * Context: process; takes a spinlock.
 */
void hf_change_end(struct hf_change *change);

/**
 * hf_layout_pin - a device is about to use a file's blocks
 * @file: an open file whose descriptor holds a layout that contains the range
 * @start: first byte
 * @length: number of bytes, at least 1
 * @write: the device may write to them: the layout has to be HF_LAYOUT_WRITE
 *
 * While the pin is there the file stays open, and truncates and hole punches
 * that touch the range fail with ETXTBSY.
 *
 * Context: may sleep.
 * Return: the pin, which the caller ends with hf_layout_unpin(); ERR_PTR():
 * -EPERM without such a layout, -EAGAIN while it breaks or blocks there are
 * moved, -EBADF if the file is not open for that, -ENOSPC beside 16,384 others
 * of the file, -EINVAL, -ENOMEM.
 */
struct hf_pin *hf_layout_pin(struct file *file, loff_t start, loff_t length,
			     bool write);

/**
 * hf_layout_unpin - the device is done
 * @pin: what hf_layout_pin() returned; freed here
 *
 * Context: may sleep: this may be the last close of the file.
 */
void hf_layout_unpin(struct hf_pin *pin);

#endif /* HOLDFAST_LEASE_H */
