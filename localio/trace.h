/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint for each decision about a link: trace-cmd -e 'holdfast:hf_localio_*'. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM holdfast

#if !defined(HF_LOCALIO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HF_LOCALIO_TRACE_H

#include <linux/tracepoint.h>

#include "localio.h"

#define show_lo_ended(said) __print_symbolic(said,			\
	{ LO_USABLE, "linked" }, { LO_NO_LINK, "nobody here" },		\
	{ LO_WRONG_ANSWER, "wrong answer" }, { LO_ENDED_INVALID, "out of turn" })

#define LOCALIO_END_TEXT(name, text) { HF_LOCALIO_END_##name, text },
#define show_localio_end(why) __print_symbolic(why, HF_LOCALIO_ENDS(LOCALIO_END_TEXT) { -1, "" })

/* A server has found a client's id: there is a link, which the client cannot use yet. */
TRACE_EVENT(hf_localio_connect,
	TP_PROTO(u64 link, const char *server, const char *client),
	TP_ARGS(link, server, client),
	TP_STRUCT__entry(
		__field(u64, link)
		__string(server, server)
		__string(client, client)
	),
	TP_fast_assign(
		__entry->link = link;
		__assign_str(server);
		__assign_str(client);
	),
	TP_printk("link %llu server %s client %s", __entry->link, __get_str(server),
		  __get_str(client))
);

/* A client's handshake is over. */
TRACE_EVENT(hf_localio_answered,
	TP_PROTO(const char *client, u8 said),
	TP_ARGS(client, said),
	TP_STRUCT__entry(
		__string(client, client)
		__field(u8, said)
	),
	TP_fast_assign(
		__assign_str(client);
		__entry->said = said;
	),
	TP_printk("client %s: %s", __get_str(client), show_lo_ended(__entry->said))
);

TRACE_EVENT(hf_localio_open,
	TP_PROTO(u64 link, const char *server, fmode_t mode, int error),
	TP_ARGS(link, server, mode, error),
	TP_STRUCT__entry(
		__field(u64, link)
		__string(server, server)
		__field(bool, read)
		__field(bool, write)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->link = link;
		__assign_str(server);
		__entry->read = !!(mode & FMODE_READ);
		__entry->write = !!(mode & FMODE_WRITE);
		__entry->error = error;
	),
	TP_printk("link %llu server %s %s%s: %d", __entry->link, __get_str(server),
		  __entry->read ? "r" : "", __entry->write ? "w" : "", __entry->error)
);

/* An operation goes by the wire. */
TRACE_EVENT(hf_localio_fall_back,
	TP_PROTO(const char *client, const char *why),
	TP_ARGS(client, why),
	TP_STRUCT__entry(
		__string(client, client)
		__string(why, why)
	),
	TP_fast_assign(
		__assign_str(client);
		__assign_str(why);
	),
	TP_printk("client %s: %s", __get_str(client), __get_str(why))
);

/* A link is killed: who has a reference goes on, nobody gets one. */
TRACE_EVENT(hf_localio_end,
	TP_PROTO(u64 link, const char *client, int why),
	TP_ARGS(link, client, why),
	TP_STRUCT__entry(
		__field(u64, link)
		__string(client, client)
		__field(int, why)
	),
	TP_fast_assign(
		__entry->link = link;
		__assign_str(client);
		__entry->why = why;
	),
	TP_printk("link %llu client %s: %s", __entry->link, __get_str(client),
		  show_localio_end(__entry->why))
);

/* Its files are closed and its session is put: its server waits for it no more. */
TRACE_EVENT(hf_localio_drained,
	TP_PROTO(u64 link),
	TP_ARGS(link),
	TP_STRUCT__entry(
		__field(u64, link)
	),
	TP_fast_assign(
		__entry->link = link;
	),
	TP_printk("link %llu", __entry->link)
);

#endif /* HF_LOCALIO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
