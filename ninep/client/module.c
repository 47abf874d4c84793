// SPDX-License-Identifier: GPL-2.0-only
/* The module and its filesystem type. */
#include <linux/init.h>
#include <linux/module.h>

#include "client.h"
#include "fid.h"
#include "localio.h"
#include "session.h"

/* Tells servers to forget fids: memory is freed by that. */
struct workqueue_struct *hf9c_wq;

static int begin_queue(void)
{
	hf9c_wq = alloc_workqueue("hf_9p_client", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return hf9c_wq ? 0 : -ENOMEM;
}

static void end_queue(void)
{
	destroy_workqueue(hf9c_wq);
}

static int begin_type(void)
{
	return register_filesystem(&hf9c_fs_type);
}

/* In this order; ended in the opposite one. */
static const struct {
	int (*begin)(void);
	void (*end)(void);
} parts[] = {
	{ hf9c_sessions_init,	hf9c_sessions_exit },
	{ hf9c_fids_init,	hf9c_fids_exit },
	{ hf9c_inodes_init,	hf9c_inodes_exit },
	{ begin_queue,		end_queue },
	{ hf9c_pinned_init,	hf9c_pinned_exit },
	{ begin_type,		NULL },
};

static void end_parts(int count)
{
	while (count--)
		if (parts[count].end)
			parts[count].end();
}

static int __init hf9c_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].begin();
		if (err) {
			end_parts(i);
			return err;
		}
	}
	return 0;
}

static void __exit hf9c_exit(void)
{
	unregister_filesystem(&hf9c_fs_type);
	end_parts(ARRAY_SIZE(parts));
}

module_init(hf9c_init);
module_exit(hf9c_exit);

MODULE_DESCRIPTION("holdfast: a client of 9P2000.L");
MODULE_AUTHOR("The holdfast authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_FS("holdfast9p");
