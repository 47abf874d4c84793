/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each transition of a lease, delegation, layout or pin. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF_LEASE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF_LEASE_TRACE_H

#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "leases.h"

#define show_ls_kind(kind) __print_symbolic(kind,			\
	{ LS_LEASE, "lease" }, { LS_DELEGATION, "delegation" },		\
	{ LS_LAYOUT, "layout" })
#define show_ls_type(type) __print_symbolic(type,			\
	{ LS_READ, "read" }, { LS_WRITE, "write" })

DECLARE_EVENT_CLASS(hf_lease_class,
	TP_PROTO(const struct hf_lease_inode *li, const struct hf_grant *grant),
	TP_ARGS(li, grant),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(const void *, holder)
		__field(s64, start)
		__field(s64, end)
		__field(pid_t, pid)
		__field(u8, kind)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->dev = hf_leased_dev(li);
		__entry->ino = li->inode->i_ino;
		__entry->holder = (void *)(unsigned long)grant->core.holder;
		__entry->start = grant->core.start;
		__entry->end = grant->core.end;
		__entry->pid = pid_nr(grant->pid);
		__entry->kind = grant->core.kind;
		__entry->type = grant->core.type;
	),
	TP_printk("dev %u:%u ino %lu %s %s holder %p pid %d %lld-%lld",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  show_ls_kind(__entry->kind), show_ls_type(__entry->type),
		  __entry->holder, __entry->pid, __entry->start, __entry->end)
);

#define HF_LEASE_EVENT(name)						\
DEFINE_EVENT(hf_lease_class, hf_lease_##name,				\
	TP_PROTO(const struct hf_lease_inode *li, const struct hf_grant *grant), \
	TP_ARGS(li, grant))

HF_LEASE_EVENT(grant);
HF_LEASE_EVENT(change);		/* by its holder, unasked */
HF_LEASE_EVENT(break);		/* to be returned */
HF_LEASE_EVENT(break_to_read);
HF_LEASE_EVENT(downgrade);	/* as it was asked to */
HF_LEASE_EVENT(return);
HF_LEASE_EVENT(revoke);

TRACE_EVENT(hf_pin,
	TP_PROTO(const struct hf_lease_inode *li, const struct ls_pin *pin,
		 bool ends),
	TP_ARGS(li, pin, ends),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(const void *, holder)
		__field(u64, id)
		__field(s64, start)
		__field(s64, end)
		__field(u8, type)
		__field(bool, ends)
	),
	TP_fast_assign(
		__entry->dev = hf_leased_dev(li);
		__entry->ino = li->inode->i_ino;
		__entry->holder = (void *)(unsigned long)pin->holder;
		__entry->id = pin->id;
		__entry->start = pin->start;
		__entry->end = pin->end;
		__entry->type = pin->type;
		__entry->ends = ends;
	),
	TP_printk("dev %u:%u ino %lu holder %p id %llu %s %s %lld-%lld",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->holder, __entry->id,
		  __entry->ends ? "unpin" : "pin", show_ls_type(__entry->type),
		  __entry->start, __entry->end)
);

TRACE_EVENT(hf_change,
	TP_PROTO(const struct hf_lease_inode *li,
		 const struct ls_change *change, bool pinned),
	TP_ARGS(li, change, pinned),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(s64, start)
		__field(s64, end)
		__field(bool, pinned)
	),
	TP_fast_assign(
		__entry->dev = hf_leased_dev(li);
		__entry->ino = li->inode->i_ino;
		__entry->start = change->start;
		__entry->end = change->end;
		__entry->pinned = pinned;
	),
	TP_printk("dev %u:%u ino %lu %lld-%lld %s", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->ino, __entry->start,
		  __entry->end,
		  __entry->pinned ? "refused for a pin" : "waits for layouts")
);

#endif /* HF_LEASE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
