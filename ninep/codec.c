// SPDX-License-Identifier: GPL-2.0-only
/* The core's functions, for the modules of both ends. */
#include <linux/export.h>

#include "core/ninep_core.h"

EXPORT_SYMBOL_GPL(np_decode);
EXPORT_SYMBOL_GPL(np_encode);
EXPORT_SYMBOL_GPL(np_type_name);
EXPORT_SYMBOL_GPL(np_head_size);
EXPORT_SYMBOL_GPL(np_size_most);
EXPORT_SYMBOL_GPL(np_name_check);
EXPORT_SYMBOL_GPL(np_entry_encode);
EXPORT_SYMBOL_GPL(np_entry_decode);
EXPORT_SYMBOL_GPL(np_entry_attr_encode);
EXPORT_SYMBOL_GPL(np_entry_attr_decode);

EXPORT_SYMBOL_GPL(np_frame_init);
EXPORT_SYMBOL_GPL(np_frame_agree);
EXPORT_SYMBOL_GPL(np_frame_next);
EXPORT_SYMBOL_GPL(np_frame_received);
EXPORT_SYMBOL_GPL(np_frame_move);
EXPORT_SYMBOL_GPL(np_frame_accept);
EXPORT_SYMBOL_GPL(np_frame_taken);

#if IS_ENABLED(CONFIG_KUNIT)
EXPORT_SYMBOL_NS_GPL(np_shape_of, HOLDFAST_KUNIT);
#endif
