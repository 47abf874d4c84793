// SPDX-License-Identifier: GPL-2.0-only
/* The filesystem type: how it comes to be mounted, and remounted. */
#include <linux/fs_context.h>
#include <linux/fs_parser.h>

#include "client.h"

static int get_tree(struct fs_context *fc)
{
	int err = hf9c_options_check(fc);

	return err ?: get_tree_nodev(fc, hf9c_fill_super);
}

static int reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	int err;

	/* What is dirty when it becomes read-only is at the server then. */
	err = sync_filesystem(sb);
	return err ?: hf9c_options_change(fc, hf9c_super(sb));
}

static void free_context(struct fs_context *fc)
{
	hf9c_options_free(fc->fs_private);
}

static const struct fs_context_operations context_operations = {
	.free		= free_context,
	.parse_param	= hf9c_options_parse,
	.get_tree	= get_tree,
	.reconfigure	= reconfigure,
};

int hf9c_init_fs_context(struct fs_context *fc)
{
	fc->fs_private = hf9c_options_new();
	if (!fc->fs_private)
		return -ENOMEM;
	fc->ops = &context_operations;
	return 0;
}

struct file_system_type hf9c_fs_type = {
	.owner			= THIS_MODULE,
	.name			= "holdfast9p",
	.init_fs_context	= hf9c_init_fs_context,
	.parameters		= hf9c_parameters,
	.kill_sb		= hf9c_kill_sb,
};
