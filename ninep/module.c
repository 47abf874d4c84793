// SPDX-License-Identifier: GPL-2.0-only
/* holdfast_ninep: what both ends of 9P share.  Its users hold it through its symbols. */
#include <linux/module.h>

#include "socket.h"

static int __init hf_ninep_init(void)
{
	return hf_sockets_init();
}

static void __exit hf_ninep_exit(void)
{
	hf_sockets_exit();
}

module_init(hf_ninep_init);
module_exit(hf_ninep_exit);
MODULE_DESCRIPTION("holdfast 9P2000.L codec and link");
MODULE_LICENSE("GPL");
