// SPDX-License-Identifier: GPL-2.0-only
/* The calls of plays that are about layouts, pins and what moves blocks. */
#include "play.h"

#include <holdfast/layout.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

static __u64 pins[10];

int call_setlayout(struct call *call)
{
	struct hf_ioc_layout layout = {
		.type = call->type, .start = call->start, .length = call->len,
		.signal = call->arg ? SIGRTMIN + call->arg : 0,
	};

	return ioctl(fds[call->slot], HF_IOC_SETLAYOUT, &layout) ? -errno : 0;
}

/* The time that is left has to be one of the break's, or none. */
static bool time_is_right(const struct hf_ioc_layout *layout)
{
	long limit = -1;
	FILE *f = fopen("/proc/sys/fs/lease-break-time", "r");

	if (!f || fscanf(f, "%ld", &limit) != 1 || fclose(f))
		return false;
	if (layout->state != HF_LAYOUT_BREAKING)
		return layout->time_left_ms == 0 ||
		       layout->time_left_ms == HF_LAYOUT_NO_LIMIT;
	if (!limit)
		return layout->time_left_ms == HF_LAYOUT_NO_LIMIT;
	return layout->time_left_ms <= (__u64)limit * 1000;
}

int call_getlayout(struct call *call)
{
	static const char *const states[] = { "?", "held", "breaking", "revoked" };
	struct hf_ioc_layout layout;

	memset(&layout, 0xff, sizeof(layout));
	if (ioctl(fds[call->slot], HF_IOC_GETLAYOUT, &layout))
		return -errno;
	if (layout.type == HF_LAYOUT_NONE)
		snprintf(call->path, sizeof(call->path), "none%s",
			 layout.flags || layout.start || layout.length ||
			 layout.signal || layout.state ? ":garbage" : "");
	else
		snprintf(call->path, sizeof(call->path), "%c:%s:%llu,%llu%s%s",
			 "?rw?"[layout.type & 3], states[layout.state & 3],
			 layout.start, layout.length,
			 time_is_right(&layout) ? "" : ":bad-time",
			 layout.flags ? ":flags" : "");
	return 0;
}

int call_pin(struct call *call)
{
	struct hf_ioc_pin pin = {
		.type = call->type, .start = call->start, .length = call->len,
	};

	if (ioctl(fds[call->slot], HF_IOC_PIN, &pin))
		return -errno;
	pins[call->cmd] = pin.id;
	return 0;
}

int call_unpin(struct call *call)
{
	struct hf_ioc_pin pin = { .id = pins[call->cmd] };

	return ioctl(fds[call->slot], HF_IOC_UNPIN, &pin) ? -errno : 0;
}

int call_fallocate(struct call *call)
{
	static const struct { char call; int mode; } modes[] = {
		{ 'h', FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE },
		{ 'Z', FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE },
		{ 'C', FALLOC_FL_COLLAPSE_RANGE },
		{ 'I', FALLOC_FL_INSERT_RANGE },
		{ 'E', 0 },
	};

	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i].call == call->cmd)
			return fallocate(fds[call->slot], modes[i].mode, call->start,
					 call->len) ? -errno : 0;
	return -EINVAL;
}

int call_reflink(struct call *call)
{
	struct file_clone_range range = {
		.src_fd = fds[9], .src_offset = call->start,
		.src_length = call->len, .dest_offset = call->arg,
	};

	return ioctl(fds[call->slot], FICLONERANGE, &range) ? -errno : 0;
}
