// SPDX-License-Identifier: GPL-2.0-only
/* Mapped files.  What is stored to is sent by the folio; what lies behind the end is not. */
#include <linux/mm.h>

#include "cache.h"
#include "netfs.h"

/*
 * Locked, and not being sent.  -EAGAIN: not there any more, or to be read anew, which
 * another fault does; -EFAULT: behind the end.
 */
static int lock_to_store(struct inode *inode, struct folio *folio)
{
	int ret = folio_lock_killable(folio);

	if (ret)
		return ret;
	if (folio->mapping != inode->i_mapping || !folio_test_uptodate(folio))
		ret = -EAGAIN;
	else if (folio_pos(folio) >= i_size_read(inode))
		ret = -EFAULT;
	else
		ret = folio_wait_writeback_killable(folio);
	if (ret)
		folio_unlock(folio);
	return ret;
}

static vm_fault_t page_mkwrite(struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);
	struct file *file = vmf->vma->vm_file;
	struct inode *inode = file_inode(file);
	struct address_space *mapping = inode->i_mapping;
	const struct hf_netfs_ops *ops = hf_netfs_inode(inode)->mount->ops;
	int ret = 0;

	sb_start_pagefault(inode->i_sb);
	if (ops->dirty)
		ret = ops->dirty(inode, file);
	filemap_invalidate_lock_shared(mapping);
	if (!ret)
		ret = lock_to_store(inode, folio);
	if (!ret) {
		hf_cache_kill(hf_netfs_inode(inode));
		hf_netfs_word_attach(folio);
		folio_mark_dirty(folio);
	}
	filemap_invalidate_unlock_shared(mapping);
	sb_end_pagefault(inode->i_sb);
	if (!ret)
		return VM_FAULT_LOCKED;
	/* Who is killed is told of an error: in a copy of the kernel's he would fault for ever. */
	return ret == -EAGAIN ? VM_FAULT_NOPAGE : vmf_fs_error(ret);
}

static const struct vm_operations_struct vm_operations = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
	.page_mkwrite = page_mkwrite,
};

int hf_netfs_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);
	const struct hf_netfs_ops *ops = hf_netfs_inode(inode)->mount->ops;
	int ret = 0;

	if (vma->vm_flags & VM_SHARED && vma->vm_flags & VM_MAYWRITE && ops->dirty)
		ret = ops->dirty(inode, file);
	if (!ret)
		vma->vm_ops = &vm_operations;
	return ret;
}
EXPORT_SYMBOL_GPL(hf_netfs_file_mmap);
