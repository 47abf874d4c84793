// SPDX-License-Identifier: GPL-2.0-only
/* A program's memory, for as long as a device, or somebody else, reads or writes it. */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "netfs.h"

static void fill_vecs(struct bio_vec *vecs, struct page **pages, size_t offset, size_t len)
{
	for (; len; pages++, vecs++, offset = 0) {
		size_t part = min(len, PAGE_SIZE - offset);

		bvec_set_page(vecs, *pages, part, offset);
		len -= part;
	}
}

/* What is next of @from; the number of bytes, or an error. */
static ssize_t pin_some(struct hf_netfs_pinned *pinned, struct iov_iter *from, size_t most)
{
	struct page *batch[32], **pages = batch;
	size_t offset;
	ssize_t got;

	got = iov_iter_extract_pages(from, &pages, most,
				     min_t(u32, ARRAY_SIZE(batch),
					   HF_NETFS_DIRECT_PAGES - pinned->nr),
				     0, &offset);
	if (got <= 0)
		return got ?: -EFAULT;
	fill_vecs(pinned->vecs + pinned->nr, pages, offset, got);
	pinned->nr += DIV_ROUND_UP(offset + got, PAGE_SIZE);
	return got;
}

ssize_t hf_netfs_pin(struct hf_netfs_pinned *pinned, struct iov_iter *from, size_t len,
		     struct iov_iter *iter)
{
	size_t done = 0;
	ssize_t got = 0;

	pinned->nr = 0;
	pinned->vecs = kvmalloc_array(min_t(u32, iov_iter_npages(from, INT_MAX),
					    HF_NETFS_DIRECT_PAGES),
				      sizeof(*pinned->vecs), GFP_KERNEL);
	if (!pinned->vecs)
		return -ENOMEM;
	while (done < len && pinned->nr < HF_NETFS_DIRECT_PAGES) {
		got = pin_some(pinned, from, len - done);
		if (got < 0)
			break;
		done += got;
	}
	iov_iter_bvec(iter, iov_iter_rw(from), pinned->vecs, pinned->nr, done);
	return done ?: got;
}
EXPORT_SYMBOL_GPL(hf_netfs_pin);

void hf_netfs_unpin(struct hf_netfs_pinned *pinned, bool filled)
{
	u32 i;

	for (i = 0; pinned->vecs && i < pinned->nr; i++) {
		struct page *page = pinned->vecs[i].bv_page;

		unpin_user_pages_dirty_lock(&page, 1, filled);
	}
	kvfree(pinned->vecs);
	pinned->vecs = NULL;
}
EXPORT_SYMBOL_GPL(hf_netfs_unpin);
