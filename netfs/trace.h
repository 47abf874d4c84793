/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each step of a request: trace-cmd -e 'holdfast:hf_netfs_*'. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF_NETFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF_NETFS_TRACE_H

#include <linux/tracepoint.h>

#include <holdfast/netfs.h>

#define show_rl_kind(kind) __print_symbolic(kind,			\
	{ RL_READ, "read" }, { RL_WRITEPAGES, "write-back" },		\
	{ RL_DIRECT_READ, "direct read" }, { RL_DIRECT_WRITE, "direct write" })
#define show_rl_state(state) __print_symbolic(state,			\
	{ RL_NEW, "new" }, { RL_ISSUED, "issued" }, { RL_SHORT, "short" }, \
	{ RL_WAIT, "wait" }, { RL_DONE, "done" }, { RL_FAILED, "failed" }, \
	{ RL_CANCELLED, "cancelled" })
#define show_rl_act(act) __print_symbolic(act,				\
	{ RL_ACT_NONE, "none" }, { RL_ACT_ISSUE, "again" },		\
	{ RL_ACT_WAIT, "wait" }, { RL_ACT_CANCEL, "cancel" },		\
	{ RL_ACT_END, "end" }, { RL_ACT_INVALID, "out of turn" })

/* It begins, is cancelled, ends. */
TRACE_EVENT(hf_netfs_req,
	TP_PROTO(const struct hf_netfs_req *req, const char *what),
	TP_ARGS(req, what),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(u8, kind)
		__string(what, what)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->dev = req->ni->vfs.i_sb->s_dev;
		__entry->ino = req->ni->vfs.i_ino;
		__entry->kind = req->kind;
		__assign_str(what);
	),
	TP_printk("request %llu %s dev %u:%u ino %lu %s", __entry->id,
		  show_rl_kind(__entry->kind), MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->ino, __get_str(what))
);

/* Who has taken or let go of it, and how many keep it now. */
TRACE_EVENT(hf_netfs_ref,
	TP_PROTO(const struct hf_netfs_req *req, const char *why),
	TP_ARGS(req, why),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, pending)
		__string(why, why)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->pending = req->core.pending;
		__assign_str(why);
	),
	TP_printk("request %llu %s, kept by %u", __entry->id, __get_str(why),
		  __entry->pending)
);

TRACE_EVENT(hf_netfs_sub,
	TP_PROTO(const struct hf_netfs_sub *sub, const char *what),
	TP_ARGS(sub, what),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, sub)
		__field(s64, pos)
		__field(u32, len)
		__field(u32, done)
		__field(u8, state)
		__field(u8, why)
		__field(s32, error)
		__string(what, what)
	),
	TP_fast_assign(
		__entry->id = sub->req->id;
		__entry->sub = sub->id;
		__entry->pos = sub->core.pos;
		__entry->len = sub->core.len;
		__entry->done = sub->core.done;
		__entry->state = sub->core.state;
		__entry->why = sub->core.why;
		__entry->error = sub->core.error;
		__assign_str(what);
	),
	TP_printk("request %llu.%u %s %lld+%u, %u done, %s why %u error %d", __entry->id,
		  __entry->sub, __get_str(what), __entry->pos, __entry->len, __entry->done,
		  show_rl_state(__entry->state), __entry->why, __entry->error)
);

TRACE_EVENT(hf_netfs_answer,
	TP_PROTO(const struct hf_netfs_sub *sub, const struct rl_answer *answer, u8 act),
	TP_ARGS(sub, answer, act),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, sub)
		__field(u32, bytes)
		__field(s32, error)
		__field(bool, eof)
		__field(u8, act)
	),
	TP_fast_assign(
		__entry->id = sub->req->id;
		__entry->sub = sub->id;
		__entry->bytes = answer->bytes;
		__entry->error = answer->error;
		__entry->eof = answer->eof;
		__entry->act = act;
	),
	TP_printk("request %llu.%u %u bytes error %d%s: %s", __entry->id, __entry->sub,
		  __entry->bytes, __entry->error, __entry->eof ? " eof" : "",
		  show_rl_act(__entry->act))
);

TRACE_EVENT(hf_netfs_size,
	TP_PROTO(const struct hf_netfs_inode *ni),
	TP_ARGS(ni),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(s64, from)
		__field(s64, size)
		__field(s64, server)
	),
	TP_fast_assign(
		__entry->dev = ni->vfs.i_sb->s_dev;
		__entry->ino = ni->vfs.i_ino;
		__entry->from = i_size_read(&ni->vfs);
		__entry->size = ni->sizes.i_size;
		__entry->server = ni->sizes.server;
	),
	TP_printk("dev %u:%u ino %lu size %lld, was %lld, at the server %lld",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->size,
		  __entry->from, __entry->server)
);

#endif /* HF_NETFS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
