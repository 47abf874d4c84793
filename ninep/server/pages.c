// SPDX-License-Identifier: GPL-2.0-only
/* Pages that a payload is received into, or sent from: the network may keep them. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "server.h"

static bool fill(struct hf9_pages *pages, u32 bytes)
{
	u32 i;

	for (i = 0; i < pages->nr; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			return false;
		bvec_set_page(&pages->vec[i], page,
			      min_t(u32, bytes - i * PAGE_SIZE, PAGE_SIZE), 0);
	}
	return true;
}

int hf9_pages_alloc(struct hf9_pages *pages, u32 bytes)
{
	if (WARN_ON_ONCE(pages->vec))
		return -EINVAL;
	if (!bytes)
		return 0;
	pages->nr = DIV_ROUND_UP(bytes, PAGE_SIZE);
	pages->bytes = bytes;
	pages->vec = kcalloc(pages->nr, sizeof(*pages->vec), GFP_KERNEL);
	if (pages->vec && fill(pages, bytes))
		return 0;
	hf9_pages_free(pages);
	return -ENOMEM;
}

/* Each is the network's, too, for as long as it likes. */
void hf9_pages_free(struct hf9_pages *pages)
{
	u32 i;

	for (i = 0; pages->vec && i < pages->nr && pages->vec[i].bv_page; i++)
		put_page(pages->vec[i].bv_page);
	kfree(pages->vec);
	*pages = (struct hf9_pages) {};
}

void hf9_pages_iter(const struct hf9_pages *pages, struct iov_iter *iter,
		    unsigned int direction, u32 bytes)
{
	WARN_ON_ONCE(bytes > pages->bytes);
	iov_iter_bvec(iter, direction, pages->vec, pages->nr, min(bytes, pages->bytes));
}
