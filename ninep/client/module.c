// SPDX-License-Identifier: GPL-2.0-only
/* holdfast_ninep_client: load, unload. */
#include <linux/module.h>

#include "session.h"

static int __init hf9c_init(void)
{
	return hf9c_sessions_init();
}

static void __exit hf9c_exit(void)
{
	hf9c_sessions_exit();
}

module_init(hf9c_init);
module_exit(hf9c_exit);
MODULE_DESCRIPTION("holdfast 9P client");
MODULE_LICENSE("GPL");
