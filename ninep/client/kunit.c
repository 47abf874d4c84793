// SPDX-License-Identifier: GPL-2.0-only
/* What the KUnit suites have of this module.  Only where the kernel has KUnit. */
#include <linux/export.h>

#include "lock.h"
#include "session_private.h"

EXPORT_SYMBOL_NS_GPL(hf9c_abort, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_cancel, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_free, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_init, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_new, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_release, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_start, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_call_wait, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_connect, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_connect_file, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_disconnect, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_fs_type, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_io_get, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_io_put, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_lock_ops, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_close, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_credits, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_dialect, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_error, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_msize, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9c_session_open, HOLDFAST_KUNIT);
