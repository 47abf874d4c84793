/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each message of the 9P server, and for each decision about one. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF9_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF9_TRACE_H

#include <linux/tracepoint.h>

#include "server.h"

TRACE_EVENT(hf9_connection,
	TP_PROTO(const struct hf9_connection *connection, const char *what),
	TP_ARGS(connection, what),
	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, connection->name)
		__string(what, what)
	),
	TP_fast_assign(
		__entry->id = connection->id;
		__assign_str(name);
		__assign_str(what);
	),
	TP_printk("connection %u %s: %s", __entry->id, __get_str(name),
		  __get_str(what))
);

TRACE_EVENT(hf9_attach,
	TP_PROTO(const struct hf9_connection *connection, int error),
	TP_ARGS(connection, error),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(int, error)
		__string(export, connection->export ? connection->export->service.name : "")
	),
	TP_fast_assign(
		__entry->id = connection->id;
		__entry->error = error;
		__assign_str(export);
	),
	TP_printk("connection %u export %s: %d", __entry->id, __get_str(export),
		  __entry->error)
);

/* Decoded; @status: enum np_status. */
TRACE_EVENT(hf9_message,
	TP_PROTO(const struct hf9_request *request, int status),
	TP_ARGS(request, status),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, size)
		__field(int, status)
		__field(u16, tag)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->id = request->connection->id;
		__entry->size = request->t.size;
		__entry->status = status;
		__entry->tag = request->t.tag;
		__entry->type = request->type;
	),
	TP_printk("connection %u tag %u type %u: %u bytes, status %d", __entry->id,
		  __entry->tag, __entry->type, __entry->size, __entry->status)
);

DECLARE_EVENT_CLASS(hf9_request_class,
	TP_PROTO(const struct hf9_request *request, int value),
	TP_ARGS(request, value),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(int, value)
		__field(s64, us)
		__field(u16, tag)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->id = request->connection->id;
		__entry->value = value;
		__entry->us = request->arrived ?
			      ktime_us_delta(ktime_get(), request->arrived) : 0;
		__entry->tag = request->t.tag;
		__entry->type = request->type;
	),
	TP_printk("connection %u tag %u type %u after %lld us: %d", __entry->id,
		  __entry->tag, __entry->type, __entry->us, __entry->value)
);

#define HF9_REQUEST_EVENT(name)						\
DEFINE_EVENT(hf9_request_class, hf9_##name,				\
	TP_PROTO(const struct hf9_request *request, int value),		\
	TP_ARGS(request, value))

HF9_REQUEST_EVENT(refused);	/* enum ns_begun: the connection ends */
HF9_REQUEST_EVENT(flush);	/* enum ns_begun: what becomes of a Tflush */
HF9_REQUEST_EVENT(parked);	/* how often it has been tried */
HF9_REQUEST_EVENT(woken);	/* enum ns_waking */
HF9_REQUEST_EVENT(answer);	/* 0 or -errno */
HF9_REQUEST_EVENT(dropped);	/* without an answer */

#endif /* HF9_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
