/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each decision: trace-cmd -e holdfast. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF_RANGE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF_RANGE_TRACE_H

#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "charge.h"
#include "limits.h"
#include "locks.h"

#define show_lk_op(op) __print_symbolic(op,				\
	{ LK_READ, "read" }, { LK_WRITE, "write" }, { LK_UNLOCK, "unlock" })
#define show_lk_kind(kind) __print_symbolic(kind,			\
	{ LK_LOCAL, "local" }, { LK_REVOCABLE, "revocable" },		\
	{ LK_NOTIFY, "notify" })

DECLARE_EVENT_CLASS(hf_lock_class,
	TP_PROTO(const struct hf_table *table, const struct lk_request *request),
	TP_ARGS(table, request),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(const void *, owner)
		__field(s64, start)
		__field(s64, end)
		__field(u8, op)
		__field(u8, kind)
		__field(u8, flags)
	),
	TP_fast_assign(
		__entry->dev = table->dev;
		__entry->ino = table->ino;
		__entry->owner = (void *)(unsigned long)request->owner;
		__entry->start = request->start;
		__entry->end = request->end;
		__entry->op = request->op;
		__entry->kind = request->kind;
		__entry->flags = request->flags;
	),
	TP_printk("dev %u:%u ino %lu owner %p %s %s %lld-%lld flags %x",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->owner, show_lk_kind(__entry->kind),
		  show_lk_op(__entry->op), __entry->start, __entry->end,
		  __entry->flags)
);

#define HF_LOCK_EVENT(name)						\
DEFINE_EVENT(hf_lock_class, hf_lock_##name,				\
	TP_PROTO(const struct hf_table *table,				\
		 const struct lk_request *request),			\
	TP_ARGS(table, request))

HF_LOCK_EVENT(request);		/* asked for */
HF_LOCK_EVENT(grant);		/* had at once; an unlock always is */
HF_LOCK_EVENT(block);		/* queued */
HF_LOCK_EVENT(handover);	/* granted by a release */
HF_LOCK_EVENT(notify);		/* the client is told to ask again */
HF_LOCK_EVENT(cancel);		/* gave up, or a grant was taken back */
HF_LOCK_EVENT(deadlock);	/* refused, or failed by another's grant */
HF_LOCK_EVENT(expire);		/* a waiter, or turns (no owner, kind notify), not asked for in time */

#define show_hf_limit(limit) __print_symbolic(limit,			\
	{ HF_LIMIT_ACCOUNT, "account" }, { HF_LIMIT_FILE, "file" },	\
	{ HF_LIMIT_OWNER, "owner" })

TRACE_EVENT(hf_lock_limit,	/* refused: too many records */
	TP_PROTO(const struct hf_table *table, const struct lk_request *request,
		 enum hf_limit limit, const struct hf_account_key *key),
	TP_ARGS(table, request, limit, key),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(const void *, owner)
		__field(u8, op)
		__field(u8, limit)
		__array(char, account, HF_ACCOUNT_NAME)
	),
	TP_fast_assign(
		__entry->dev = table->dev;
		__entry->ino = table->ino;
		__entry->owner = (void *)(unsigned long)request->owner;
		__entry->op = request->op;
		__entry->limit = limit;
		hf_account_name(key, __entry->account);
	),
	TP_printk("dev %u:%u ino %lu owner %p %s limit of the %s, %s",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->owner, show_lk_op(__entry->op),
		  show_hf_limit(__entry->limit), __entry->account)
);

#endif /* HF_RANGE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
