// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VFS asks of a lower file without asking us first.  A mapping's file
 * is the lower one, and outlives the descriptor that it was made with.
 *
 * So a lower file that is open for writing has a copy of its filesystem's
 * operations, in which ->fallocate and ->mmap are ours.  There is a copy for each
 * superblock of ours and each set of operations, of which a filesystem has one for
 * its regular files, as a rule.
 *
 * Why a copy is there for as long as a file has it:
 * 1. It is freed with its struct hf_super, when nothing is left of the mount.
 * 2. A lower file holds the path that it was opened by (a mount of ours, or an
 *    overlay above, which holds one of ours), and the VFS lets go of that last:
 *    after ->release, and after it has put the operations.
 * Why what it is a copy of is there for as long as the copy:
 * 3. lower_mnt holds the filesystem, and the copy holds the module that owns the
 *    operations besides.  So one that is found by its address is of the same.
 * Why the modules' counts are right:
 * 4. An open file has a reference to the owner of its operations, which the VFS
 *    took from the original and puts by the copy: its ->owner is the same.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include "export.h"

/**
 * struct hf_lower_ops - operations of lower files
 * @ops: I: what the files have
 * @original: I: their filesystem's
 * @sb: I: the upper superblock
 * @next: I: in hf_super.lower_ops
 */
struct hf_lower_ops {
	struct file_operations ops;
	const struct file_operations *original;
	struct super_block *sb;
	struct hf_lower_ops *next;
};

/* Whoever adds one; the list is read without, and only grows. */
static DEFINE_SPINLOCK(adding);

static int mmap(struct file *lower, struct vm_area_struct *vma);

static const struct hf_lower_ops *copy_of(const struct file *lower)
{
	return lower->f_op->mmap == mmap ?
	       container_of(lower->f_op, struct hf_lower_ops, ops) : NULL;
}

/**
 * hf_original_ops - the lower filesystem's own operations
 * @lower: a lower file
 *
 * Return: them, for as long as the file is open.
 */
const struct file_operations *hf_original_ops(const struct file *lower)
{
	const struct hf_lower_ops *copy = copy_of(lower);

	return copy ? copy->original : lower->f_op;
}

/* For a mapping: madvise(MADV_REMOVE), the one call that the VFS makes so. */
static long fallocate(struct file *lower, int mode, loff_t offset, loff_t len)
{
	struct inode *inode;
	long ret;

	inode = hf_ilookup(copy_of(lower)->sb, file_inode(lower));
	ret = hf_fallocate_mapped(inode, lower, mode, offset, len);
	/* Not the last one: that path is still held, and with it the inode. */
	iput(inode);
	return ret;
}

/*
 * remap_file_pages(2) makes a mapping of a mapping's file, and asks of its mount
 * whether it is noexec: of the one below.
 */
static int mmap(struct file *lower, struct vm_area_struct *vma)
{
	if (file_user_path(lower)->mnt->mnt_flags & MNT_NOEXEC) {
		if (vma->vm_flags & VM_EXEC)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYEXEC);
	}
	return copy_of(lower)->original->mmap(lower, vma);
}

static struct hf_lower_ops *make(struct super_block *sb,
				 const struct file_operations *original)
{
	struct hf_lower_ops *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return NULL;
	copy->ops = *original;
	copy->ops.mmap = mmap;
	if (original->fallocate)
		copy->ops.fallocate = fallocate;
	/* As above, where mmap(2) asks.  tmpfs's insists on its own operations. */
	copy->ops.get_unmapped_area = NULL;
	copy->original = original;
	copy->sb = sb;
	/* There is one already: the file's. */
	__module_get(original->owner);
	return copy;
}

static void destroy(struct hf_lower_ops *copy)
{
	module_put(copy->original->owner);
	kfree(copy);
}

static struct hf_lower_ops *find(const struct hf_super *hs,
				 const struct file_operations *original)
{
	struct hf_lower_ops *at = smp_load_acquire(&hs->lower_ops);

	while (at && at->original != original)
		at = at->next;
	return at;
}

static struct hf_lower_ops *find_or_make(struct super_block *sb,
					 const struct file_operations *original)
{
	struct hf_super *hs = hf_super(sb);
	struct hf_lower_ops *found = find(hs, original), *new;

	if (likely(found))
		return found;
	new = make(sb, original);
	if (!new)
		return NULL;
	spin_lock(&adding);
	found = find(hs, original);
	if (!found) {
		new->next = hs->lower_ops;
		smp_store_release(&hs->lower_ops, new);
	}
	spin_unlock(&adding);
	if (!found)
		return new;
	destroy(new);
	return found;
}

/**
 * hf_lower_ops_set - a lower file is about to be used
 * @sb: the upper superblock
 * @lower: the file, which nobody else has yet
 *
 * Files of which ->open has replaced the operations (debugfs) have no blocks, and
 * those that cannot be mapped nobody reaches so.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int hf_lower_ops_set(struct super_block *sb, struct file *lower)
{
	const struct inode *inode = file_inode(lower);
	struct hf_lower_ops *copy;

	if (!(lower->f_mode & FMODE_WRITE) || !S_ISREG(inode->i_mode) ||
	    lower->f_op != inode->i_fop || !lower->f_op->mmap)
		return 0;
	copy = find_or_make(sb, lower->f_op);
	if (!copy)
		return -ENOMEM;
	lower->f_op = &copy->ops;
	return 0;
}

/**
 * hf_lower_ops_free - there are no lower files any more
 * @hs: whose they were
 */
void hf_lower_ops_free(struct hf_super *hs)
{
	struct hf_lower_ops *copy;

	while ((copy = hs->lower_ops)) {
		hs->lower_ops = copy->next;
		destroy(copy);
	}
}
