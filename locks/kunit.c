// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit suites (kunit/) need of the inside, in a namespace of its own.
 * Exported rather than linked a second time into their module: they are to test
 * the very code, in the very module, that filesystems use; and the shell's
 * tables and the tests then share one graph.
 *
 * Built only for a kernel with KUnit.
 */
#include <linux/export.h>
#include <linux/module.h>

#include "lease/leases.h"
#include "range/charge.h"
#include "range/limits.h"
#include "range/locks.h"

#define FOR_KUNIT(name) EXPORT_SYMBOL_NS_GPL(name, HOLDFAST_KUNIT)

FOR_KUNIT(lk_graph_init);
FOR_KUNIT(lk_table_init);
FOR_KUNIT(lk_contended);
FOR_KUNIT(lk_idle);
FOR_KUNIT(lk_detach);
FOR_KUNIT(lk_plan);
FOR_KUNIT(lk_commit);
FOR_KUNIT(lk_waiter_nodes);
FOR_KUNIT(lk_enqueue);
FOR_KUNIT(lk_refresh);
FOR_KUNIT(lk_confirm);
FOR_KUNIT(lk_end_waiter);
FOR_KUNIT(lk_revocable_left);
FOR_KUNIT(lk_test);
FOR_KUNIT(lk_next_conflict);
FOR_KUNIT(lk_find_own);
FOR_KUNIT(lk_due);
FOR_KUNIT(lk_unlock_more);
FOR_KUNIT(lk_expire);
FOR_KUNIT(lk_first_record);
FOR_KUNIT(lk_next_record);
FOR_KUNIT(lk_first_waiter);
FOR_KUNIT(lk_next_waiter);
FOR_KUNIT(lk_validate);

FOR_KUNIT(ls_idle);
FOR_KUNIT(ls_validate);
FOR_KUNIT(ls_layout_set);
FOR_KUNIT(ls_layout_of);
FOR_KUNIT(ls_layout_return);
FOR_KUNIT(ls_pin_add);
FOR_KUNIT(ls_pin_find);
FOR_KUNIT(ls_pin_remove);
FOR_KUNIT(ls_change_begin);
FOR_KUNIT(ls_change_break);
FOR_KUNIT(ls_change_end);
FOR_KUNIT(ls_lease_granted);
FOR_KUNIT(ls_lease_seen);
FOR_KUNIT(ls_lease_missing);
FOR_KUNIT(ls_lease_returned);
FOR_KUNIT(ls_release);
FOR_KUNIT(hf_break_time);

FOR_KUNIT(hf_graph);
FOR_KUNIT(hf_graph_lock);
FOR_KUNIT(hf_expire);
FOR_KUNIT(hf_expire_soon);
FOR_KUNIT(hf_remote_flush);
FOR_KUNIT(hf_remote_patience);
FOR_KUNIT(hf_request_init);
FOR_KUNIT(hf_set);
FOR_KUNIT(hf_records_free_slow);
FOR_KUNIT(hf_locks_counters);
FOR_KUNIT(hf_accounts_sum);
FOR_KUNIT(hf_account_name);
FOR_KUNIT(hf_max_user_records);
FOR_KUNIT(hf_max_client_records);
FOR_KUNIT(hf_max_file_records);
FOR_KUNIT(hf_max_owner_records);

int hf_module_users(void)
{
	return module_refcount(THIS_MODULE);
}
FOR_KUNIT(hf_module_users);
