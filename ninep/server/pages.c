// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a payload is received into, or sent from: the network may keep them.
 * They are the request's own, or the page cache's: then what is read is what a write
 * or a truncate leaves there until the peer has it.
 */
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "server.h"

static void add(struct hf9_pages *pages, struct page *page, u32 bytes, u32 offset)
{
	bvec_set_page(&pages->vec[pages->nr++], page, bytes, offset);
	pages->bytes += bytes;
}

static bool fill(struct hf9_pages *pages, u32 bytes)
{
	while (pages->bytes < bytes) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			return false;
		add(pages, page, min_t(u32, bytes - pages->bytes, PAGE_SIZE), 0);
	}
	return true;
}

static int alloc_vec(struct hf9_pages *pages, u32 most)
{
	if (WARN_ON_ONCE(pages->vec))
		return -EINVAL;
	pages->vec = most <= ARRAY_SIZE(pages->few) ? pages->few :
		     kmalloc_array(most, sizeof(*pages->vec), GFP_KERNEL);
	if (!pages->vec)
		return -ENOMEM;
	pages->most = most;
	return 0;
}

int hf9_pages_alloc(struct hf9_pages *pages, u32 bytes)
{
	int ret;

	if (!bytes)
		return 0;
	ret = alloc_vec(pages, DIV_ROUND_UP(bytes, PAGE_SIZE));
	if (ret)
		return ret;
	if (fill(pages, bytes))
		return 0;
	hf9_pages_free(pages);
	return -ENOMEM;
}

/* Return: how much of it was taken: a file that grows may end in more parts. */
static int take_buffer(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
		       struct splice_desc *desc)
{
	struct hf9_pages *pages = desc->u.data;

	if (pages->nr == pages->most)
		return 0;
	get_page(buf->page);
	add(pages, buf->page, desc->len, buf->offset);
	return desc->len;
}

static int take_all(struct pipe_inode_info *pipe, struct splice_desc *desc)
{
	return __splice_from_pipe(pipe, desc, take_buffer);
}

ssize_t hf9_pages_of_file(struct hf9_pages *pages, struct file *file, loff_t pos,
			  u32 bytes)
{
	struct splice_desc desc = { .total_len = bytes, .pos = pos, .u.data = pages };
	ssize_t ret = rw_verify_area(READ, file, &pos, bytes);

	if (!ret)
		ret = alloc_vec(pages, DIV_ROUND_UP(offset_in_page(pos) + bytes, PAGE_SIZE));
	if (ret)
		return ret;
	ret = splice_direct_to_actor(file, &desc, take_all);
	if (ret >= 0)
		fsnotify_access(file);
	return ret;
}

/* Each is the network's, too, for as long as it likes. */
void hf9_pages_free(struct hf9_pages *pages)
{
	u32 i;

	for (i = 0; i < pages->nr; i++)
		put_page(pages->vec[i].bv_page);
	if (pages->vec != pages->few)
		kfree(pages->vec);
	*pages = (struct hf9_pages) {};
}

void hf9_pages_iter(const struct hf9_pages *pages, struct iov_iter *iter,
		    unsigned int direction, u32 bytes)
{
	WARN_ON_ONCE(bytes > pages->bytes);
	iov_iter_bvec(iter, direction, pages->vec, pages->nr, min(bytes, pages->bytes));
}
