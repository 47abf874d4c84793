// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites have of this module (kunit/ninep/session.h): to make what
 * configfs makes, and to look.  Only where the kernel has KUnit.
 */
#include <linux/export.h>

#include "connection.h"
#include "credentials.h"
#include "export.h"
#include "listener.h"
#include "localio.h"
#include "registry.h"

EXPORT_SYMBOL_NS_GPL(hf9_clients_parse, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_connection_end, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_connection_put, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_export_start, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_in_flight, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_listener_start, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_localio_stop, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_localio_wait, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_registry_lock, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_run_localhello, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_service_put, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_service_stop, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_users_new, HOLDFAST_KUNIT);
EXPORT_SYMBOL_NS_GPL(hf9_users_put, HOLDFAST_KUNIT);
