/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Layouts and pins of files on a holdfast mount: holdfast_layout(2).
 *
 * Every word that is not described as an answer must be zero where it has no
 * meaning, else the call fails with EINVAL: it may get one.  HF_IOC_UNPIN takes
 * what HF_IOC_PIN left, or the id alone.
 */
#ifndef _UAPI_HOLDFAST_LAYOUT_H
#define _UAPI_HOLDFAST_LAYOUT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* hf_ioc_layout.type, hf_ioc_pin.type */
#define HF_LAYOUT_NONE		0
#define HF_LAYOUT_READ		1	/* a device reads from the blocks */
#define HF_LAYOUT_WRITE		2	/* it may write to them as well */

/* hf_ioc_layout.state */
#define HF_LAYOUT_HELD		1
#define HF_LAYOUT_BREAKING	2	/* to be returned, the signal was sent */
#define HF_LAYOUT_REVOKED	3	/* it was not returned in time */

/* hf_ioc_layout.time_left_ms: there is no limit */
#define HF_LAYOUT_NO_LIMIT	(~(__u64)0)

struct hf_ioc_layout {
	__u32	type;		/* HF_LAYOUT_NONE returns the layout */
	__u32	flags;		/* 0 */
	__u64	start;		/* bytes */
	__u64	length;		/* bytes; 0: to the end, however long it grows */
	__u32	signal;		/* to send at a break; 0: F_SETSIG's, or SIGIO */
	__u32	state;		/* answer of HF_IOC_GETLAYOUT, else 0 */
	__u64	time_left_ms;	/* likewise: until it is revoked, if breaking */
};

struct hf_ioc_pin {
	__u32	type;		/* HF_LAYOUT_READ or HF_LAYOUT_WRITE */
	__u32	flags;		/* 0 */
	__u64	start;		/* bytes */
	__u64	length;		/* bytes; 0: to the end */
	__u64	id;		/* answer of HF_IOC_PIN, asked for by HF_IOC_UNPIN */
};

/* To end the pins of all processes on the file, with CAP_SYS_ADMIN. */
struct hf_ioc_unpin_all {
	__u32	flags;		/* 0 */
	__u32	ended;		/* answer, else 0: how many those were */
	__u32	left;		/* answer, else 0: how many drivers have */
	__u32	unused;		/* 0 */
};

#define HF_IOC_SETLAYOUT	_IOW(0xBA, 0x01, struct hf_ioc_layout)
#define HF_IOC_GETLAYOUT	_IOR(0xBA, 0x02, struct hf_ioc_layout)
#define HF_IOC_PIN		_IOWR(0xBA, 0x03, struct hf_ioc_pin)
#define HF_IOC_UNPIN		_IOW(0xBA, 0x04, struct hf_ioc_pin)
#define HF_IOC_UNPIN_ALL	_IOWR(0xBA, 0x05, struct hf_ioc_unpin_all)

#endif /* _UAPI_HOLDFAST_LAYOUT_H */
