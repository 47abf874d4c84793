/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each decision about a message of the 9P client. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF9C_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF9C_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(hf9c_session,
	TP_PROTO(u32 id, const char *what, int value),
	TP_ARGS(id, what, value),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(int, value)
		__string(what, what)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->value = value;
		__assign_str(what);
	),
	TP_printk("session %u %s: %d", __entry->id, __get_str(what), __entry->value)
);

DECLARE_EVENT_CLASS(hf9c_request_class,
	TP_PROTO(u32 id, u16 tag, u8 type),
	TP_ARGS(id, tag, type),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u16, tag)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->tag = tag;
		__entry->type = type;
	),
	TP_printk("session %u tag %u type %u", __entry->id, __entry->tag, __entry->type)
);

/* A request goes into the link's queue. */
DEFINE_EVENT(hf9c_request_class, hf9c_sent,
	TP_PROTO(u32 id, u16 tag, u8 type), TP_ARGS(id, tag, type));
/* So does the Tflush of one. */
DEFINE_EVENT(hf9c_request_class, hf9c_flush,
	TP_PROTO(u32 id, u16 tag, u8 type), TP_ARGS(id, tag, type));

/* Told to whoever made it. */
TRACE_EVENT(hf9c_over,
	TP_PROTO(u32 id, u16 tag, u8 type, int error),
	TP_ARGS(id, tag, type, error),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(int, error)
		__field(u16, tag)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->error = error;
		__entry->tag = tag;
		__entry->type = type;
	),
	TP_printk("session %u tag %u type %u: %d", __entry->id, __entry->tag,
		  __entry->type, __entry->error)
);

#endif /* HF9C_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
