// SPDX-License-Identifier: GPL-2.0-only
/* The module and its filesystem type. */

#include <linux/init.h>
#include <linux/module.h>

#include "export.h"

struct file_system_type hf_fs_type = {
	.owner			= THIS_MODULE,
	.name			= "holdfast",
	.init_fs_context	= hf_init_fs_context,
	.parameters		= hf_parameters,
	.kill_sb		= hf_kill_sb,
};
MODULE_ALIAS_FS("holdfast");

static int __init hf_export_init(void)
{
	int err;

	err = hf_inode_init();
	if (err)
		return err;
	err = register_filesystem(&hf_fs_type);
	if (err)
		hf_inode_exit();
	return err;
}

static void __exit hf_export_exit(void)
{
	unregister_filesystem(&hf_fs_type);
	hf_inode_exit();
}

module_init(hf_export_init);
module_exit(hf_export_exit);

MODULE_DESCRIPTION("holdfast: a directory with one lock table for every client");
MODULE_AUTHOR("The holdfast authors");
MODULE_LICENSE("GPL");
