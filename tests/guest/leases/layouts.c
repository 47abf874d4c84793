// SPDX-License-Identifier: GPL-2.0-only
/*
 * layouts HOLDFAST LOWER: layouts and pins, as holdfast_layout(2) has them, on a
 * holdfast mount over LOWER. Its filesystem can collapse, insert and reflink.
 */
#include "play.h"

#include <holdfast/layout.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct play plays[] = {
	/* Who may take one. */
	{ "layout-take", "A0o+ A0y?=none A0yr0,4096 A0y?=r:held:0,4096 A0yn A0y?=none A0yn=EAGAIN" },
	{ "layout-to-end", "A0o+ A0yw4096,0 A0y?=w:held:4096,0" },
	{ "layout-replace", "A0o+ A0yr0,4096 A0yw8192,8192 A0y?=w:held:8192,8192 A0yr0,0 A0y?=r:held:0,0 A0yn A0y?=none" },
	{ "layouts-coexist", "A0o+ B0o+ A1o+ A0yw0,0 B0yw0,0 A1yr0,0 A0y?=w:held:0,0 B0y?=w:held:0,0 A1y?=r:held:0,0 A?=none" },
	{ "layout-needs-mode", "A0or A0yr0,0 A0yw0,0=EBADF A0y?=r:held:0,0 B0ow B0yr0,0=EBADF B0yw0,0 C0orp C0yr0,0=EBADF" },
	{ "layout-owner-only", "Ae1000 A0or A0yr0,0=EACCES A0y?=none Ae0 Bxo1000 Ae1000 A0yr0,0 A0yn" },
	{ "layout-with-capability", "Ai1000 A0or A0yr0,0" },
	{ "layout-directory", "A0orD A0yr0,0=EINVAL" },
	{ "layout-duplicate", "A0o+ A0d A0yw0,0 A1y?=w:held:0,0 A0c A1y?=w:held:0,0 A1yr0,4096 A1yn" },
	{ "layout-last-close", "A0o+ A0d AF A0yr0,0 A0c A1c Bt5=waits AK B." },
	{ "layout-beyond-end", "A0or A0yr1000000,4096 A0y?=r:held:1000000,4096 Bt5=waits A0yn B." },

	/* What breaks one. */
	{ "truncate-breaks-layout", "A0o+ A0yr0,0 Bt5=waits A?=IO0:0 A0y?=r:breaking:0,0 B- A0yn B. A0y?=none" },
	{ "ftruncate-breaks-layout", "A0or B0o+ A0yr0,0 B0f5=waits A?=IO0:0 A0y?=r:breaking:0,0 A0yn B." },
	{ "o-trunc-breaks-layout", "A0or A0yr0,0 B0owt=waits A?=IO0:0 A0yn B." },
	{ "punch-breaks-layout", "A0or B0o+ A0yr0,0 B0h4096,4096=waits A?=IO0:0 A0yn B." },
	{ "zero-breaks-layout", "A0or B0o+ A0yr0,0 B0Z4096,4096=waits A?=IO0:0 A0yn B." },
	{ "collapse-breaks-layout", "A0or B0o+ A0yr32768,4096 B0C0,4096=waits A?=IO0:0 A0yn B." },
	{ "insert-breaks-layout", "A0or B0o+ A0yr32768,4096 B0I0,4096=waits A?=IO0:0 A0yn B." },
	{ "reflink-breaks-layout", "A0or B9orO B0o+ A0yr8192,4096 B0R0,4096,8192=waits A?=IO0:0 A0yn B." },
	{ "reflink-breaks-layout-of-source", "A0o+ B9or B0o+O A0yw0,4096 B0R0,4096,8192=waits A?=IO0:0 A0yn B." },
	{ "mapped-hole-breaks-layout", "A0or B0o+ B0m B0c A0yr0,0 B0V0,4096=EAGAIN A?=IO0:0 A0y?=r:breaking:0,0 B0V0,4096=EAGAIN A?=none A0yn B0V0,4096" },
	{ "mapped-hole-breaks-own", "A0o+ A0m A0yr0,0 A0V0,4096=EAGAIN A?=IO0:0 A0yn A0V0,4096" },
	{ "mapped-hole-elsewhere", "A0or B0o+ B0m A0yr4096,0 B0V0,4096 A?=none A0y?=r:held:4096,0" },
	{ "mapped-hole-revokes", "T1 A0or B0o+ B0m A0yr0,0 B0V0,4096=EAGAIN W2 B0V0,4096 A0y?=r:revoked:0,0" },
	{ "change-elsewhere-does-not", "A0or B0o+ B9orO A0yr4096,4096 B0h0,4096 B0h8192,4096 B0Z8192,8192 B0R0,4096,8192 B0C8192,4096 B0I8192,4096 Bt8192 A?=none A0y?=r:held:4096,4096" },
	{ "change-at-the-edge", "A0or B0o+ A0yr4096,4096 Bt8191=waits A?=IO0:0 A0yn B. A0yr4096,4096 B0h0,4097=waits A0yn B." },
	{ "growing-does-not", "A0or B0o+ A0yr0,0 Bt200000 B0f300000 B0E0,400000 A?=none A0y?=r:held:0,0" },
	{ "own-change-does-not", "A0o+ A0yw0,0 A0h0,4096 A0Z0,4096 A0C0,4096 A0I0,4096 A0f5 A?=none A0y?=w:held:0,0" },
	{ "own-truncate-by-path-breaks", "A0o+ A0yw0,0 At5=waits A! A.=EINTR A?=IO0:0 A0y?=w:breaking:0,0 A0yn At5" },
	{ "own-other-descriptor-breaks", "A0o+ A1o+ A0yw0,0 A1f5=waits A! A.=EINTR A?=IO0:0 A0yn A1f5" },
	{ "open-does-not", "A0or A0yr0,0 B0ow C0o+ A?=none A0y?=r:held:0,0" },
	{ "names-do-not", "A0or A0yr0,0 Bxs Bxc Bxo1000 Bxl Bxn Bxt Bxx Bxu A?=none A0y?=r:held:0,0" },
	{ "break-only-what-is-touched", "A0or C0or A0yr0,4096 C0yr8192,4096 Bt8192=waits A?=none A0y?=r:held:0,4096 C?=IO0:0 C0yn B." },
	{ "break-all-that-are-touched", "A0or C0or D0or A0yr0,4096 C0yr8192,4096 D0yr0,0 Bt5=waits A?=IO0:0 C?=IO0:0 D?=IO0:0 A0yn B- D0yn B- C0yn B." },
	{ "two-changes-one-break", "A0or A0s1 B0o+ A0yr0,0,1 B0h0,4096=waits Ct5=waits A?=RT1:0 A0yn B. C." },
	{ "change-nonblock", "A0or B0o+n A0yr0,0 B0h0,4096=EAGAIN A?=IO0:0 A0y?=r:breaking:0,0 B0f5=EAGAIN C0ownt=EAGAIN A?=none A0yn B0h0,4096 B0f5" },
	{ "change-through-duplicate-is-own", "A0o+ A0d A0yr0,0 A1f5 A?=none A0y?=r:held:0,0" },

	/* While it breaks. */
	{ "breaking-set", "A0o+ A0yr0,0 Bt5=waits A0yr0,4096=EAGAIN A0yw0,0=EAGAIN A0p1r0,1=EAGAIN A0yn B." },
	{ "change-under-way", "A0or C0or A0yr0,0 Bt4096=waits C0yr0,0=EAGAIN C0yr4096,1=EAGAIN C0yr0,4096 C0p1r0,4096 A0yn B. C0yr0,0" },
	{ "pin-change-under-way", "A0or C0or A0yr0,4096 C0yr8192,4096 B0o+ B0h0,12288=waits C?=IO0:0 A?=IO0:0 C0p1r8192,1=EAGAIN A0yn C0yn B." },
	{ "breaking-then-closed", "A0or A0yr0,0 Bt5=waits A0c B." },
	{ "breaking-then-killed", "A0or A0yr0,0 Bt5=waits A~ B." },
	{ "changer-interrupted", "A0or A0yr0,0 Bt5=waits B! B.=EINTR A0y?=r:breaking:0,0 C0own A0yn Bt5" },
	{ "changer-restarted", "A0or A0yr0,0 Bt5=waits B* B- A0yn B." },
	{ "changer-killed", "A0or A0yr0,0 Bt5=waits Ct6=waits B~ C- A0yn C. A0yr0,0" },
	{ "punch-interrupted", "A0or B0o+ A0yr0,0 B0h0,4096=waits B! B.=EINTR A0yn B0h0,4096" },
	{ "o-trunc-interrupted", "A0or A0yr0,0 B0owt=waits B! B.=EINTR B0owt=waits A0yn B." },
	{ "layout-runs-out", "T1 A0or A0yr0,0 Bt5=waits B< A?=IO0:0 A0y?=r:revoked:0,0 A0p1r0,1=EPERM A0yn A0y?=none" },
	{ "revoked-is-replaced", "T1 A0or A0yr0,0 Bt5=waits B< A0yr0,4096 A0y?=r:held:0,4096 A0p1r0,4096" },
	{ "layout-runs-out-without-waiter", "T1 A0or B0o+n A0yr0,0 B0h0,4096=EAGAIN W2 A0y?=r:revoked:0,0 B0h0,4096" },
	{ "punch-runs-out", "T1 A0or B0o+ A0yr0,0 B0h0,4096=waits B< A0y?=r:revoked:0,0" },
	{ "stopped-layout-holder", "T2 A0or A0yr0,0 Az Bt5=waits C0o+ C0h0,4096=waits B< C. Ag A0y?=r:revoked:0,0 A?=IO0:0" },
	{ "layout-for-ever", "T0 A0or A0yr0,0 Bt5=waits W2 B- A0y?=r:breaking:0,0 B! B.=EINTR Ct5=waits A0yn C." },

	/* Leases that are switched off, and with them the look at the break time. */
	{ "layout-without-leases", "L0 A0or A0yr0,0 A0y?=r:held:0,0 Bt5=waits A?=IO0:0 A0yn B. L1" },
	{ "break-time-without-leases", "A0or A0yr0,0 Bt6=waits A0yn B. L0 T1 A0yr0,0 Bt5=waits W2 B- A0yn B. L1" },

	/* Signals of layouts. */
	{ "layout-signal", "A0or A0yr0,0,2 Bt5=waits A?=RT2:0 A0yn B." },
	{ "layout-signal-of-descriptor", "A0or A0s3 A0yr0,0 Bt5=waits A?=RT3:0 A0yn B." },
	{ "layout-signal-each-break", "A0or A0yr0,0,2 Bt60000=waits A0yn B. A0yr0,0,3 Bt50000=waits A?=RT2:0+RT3:0 A0yn B." },

	/* Pins. */
	{ "pin-needs-layout", "A0o+ A0p1r0,4096=EPERM A0yr0,8192 A0p1r0,4096 A0P1 A0P1=ENOENT B0o+ B0p1r0,1=EPERM" },
	{ "pin-inside-layout", "A0o+ A0yr0,4096 A0p1r0,8192=EPERM A0p1r4096,1=EPERM A0p1r0,0=EPERM A0p1w0,1=EPERM A0p1r0,4096 A0p2r0,4096 A0yw0,0 A0p3w0,0" },
	{ "pin-stops-truncate", "A0o+ A0yr0,0 A0p1r4096,4096 Bt5=ETXTBSY Bt8191=ETXTBSY Bt4096=ETXTBSY A0f5=ETXTBSY B0owt=ETXTBSY A?=none A0y?=r:held:0,0 A0yn Bt8192 A0P1 Bt5" },
	{ "pin-stops-changes", "A0o+ B0o+ B9orO A0yr0,0 A0p1r16384,4096 B0h16384,1=ETXTBSY B0Z0,32768=ETXTBSY B0C0,4096=ETXTBSY B0I0,4096=ETXTBSY B0R0,4096,16384=ETXTBSY A0h16384,4096=ETXTBSY A?=none A0y?=r:held:0,0 A0yn B0h0,16384 B0Z20480,4096 B0R0,4096,0 B0C24576,4096 B0I24576,4096 Bt20480 A0P1 B0h16384,1" },
	{ "pin-stops-mapped-hole", "A0o+ B0o+ B0m B0c A0yr0,0 A0p1r0,1 B0V0,4096=ETXTBSY A?=none A0y?=r:held:0,0 A0P1 A0yn B0V0,4096" },
	{ "pin-stops-reflink-of-it", "A0o+ B9or B0o+O A0yw0,0 A0p1w0,4096 B0R0,4096,8192=ETXTBSY B0R0,8192,8192=ETXTBSY A?=none A0y?=w:held:0,0 A0yn B0R4096,4096,8192 A0P1 B0R0,4096,8192" },
	{ "pin-nonblock", "A0o+ B0o+n A0yr0,0 A0p1r0,4096 B0h0,1=ETXTBSY C0ownt=ETXTBSY A0h0,1=ETXTBSY" },
	{ "pin-stops-no-growth", "A0o+ A0yr0,0 A0p1r0,0 Bt100000 A0f200000 A0E0,300000 B0o+ B0E0,400000" },
	{ "pin-and-names", "A0o+ A0yr0,0 A0p1r0,4096 Bxs Bxc Bxl Bxn Bxt Bxu A0h0,1=ETXTBSY A0P1 A0h0,1" },
	{ "pins-counted", "A0o+ A0yr0,0 A0p1r0,4096 A0p2r0,4096 A0p3r4095,2 A0P1 Bt5=ETXTBSY A0P2 Bt5=ETXTBSY A0P3 A0yn Bt5" },
	{ "pin-outlasts-layout", "A0o+ A0yr0,0 A0p1r0,4096 A0yn A0y?=none Bt5=ETXTBSY A0p2r0,1=EPERM A0P1 Bt5" },
	{ "pin-outlasts-revoked", "T1 A0o+ B0o+ A0yr0,0 A0p1r0,4096 B0h8192,4096=waits B< A0y?=r:revoked:0,0 A0p2r0,1=EPERM Bt5=ETXTBSY A0yn Bt5=ETXTBSY A0P1 Bt5" },
	{ "pin-beside-others-layout", "A0o+ B0o+ A0yr0,0 A0p1r0,4096 B0yw0,0 C0o+ C0h0,1=ETXTBSY B?=none B0P1=ENOENT B0p1w0,4096 A0P1 C0h0,1=ETXTBSY B0P1 A0yn B0yn C0h0,1" },
	{ "pin-ends-with-close", "A0o+ A0yr0,0 A0p1r0,4096 A0c Bt5" },
	{ "pin-ends-with-last-close", "A0o+ A0d A0yr0,0 A0p1r0,4096 A0c Bt5=ETXTBSY A1P1 A1p2r0,4096 Bt5=ETXTBSY A1c Bt5" },
	{ "pin-ends-with-last-child", "A0o+ A0yr0,0 A0p1r0,4096 AF A0c Bt5=ETXTBSY AK Bt5" },
	{ "pin-ends-with-death", "A0o+ A0yr0,0 A0p1r0,4096 Bt5=ETXTBSY A~ Bt5" },
	{ "pin-of-stopped", "T1 A0o+ A0yr0,0 A0p1r0,4096 Az Bt5=ETXTBSY B0o+ B0h8192,1=waits B< Bt5=ETXTBSY A~ Bt5" },

	/* A lease and a layout on one descriptor. */
	{ "lease-then-layout", "A0or A0lr A0yr0,0 A0l?=r A0y?=r:held:0,0 ==LEASE-ACTIVE-READ-A A0yn A0l?=r B0own=EAGAIN A?=IO A0l?=u" },
	{ "layout-then-lease", "A0or A0yr0,0 A0l?=u ==none A0lr A0lw A0y?=r:held:0,0 A0lu A0y?=r:held:0,0 Bt5=waits A?=IO0:0 A0yn B." },
	{ "lease-dropped-layout-signals", "A0or A0lr A0yr0,0,2 A0s1 A0lu Bt5=waits A?=RT2:0 A0yn B." },
	{ "layout-dropped-lease-signals", "A0or A0yr0,0,2 A0lr A0s1 A0yn B0own=EAGAIN A?=RT1:0 A0lu" },
	{ "both-dropped-and-taken", "A0or A0yr0,0 A0lr A0lu A0yn A0lr A0yr0,0,3 A0s1 B0own=EAGAIN A?=RT1:0 A0lu B0o+ B0h0,1=waits A?=RT3:0 A0yn B." },
	{ "truncate-breaks-both", "A0or A0lr A0s1 A0yr0,0,2 Bt5=waits A?=RT1:0 A0y?=r:held:0,0 A0lu B- A?=RT2:0 A0yn B." },
	{ "lease-break-leaves-layout", "A0o+ A0lw A0yw0,0,2 B0or=waits A?=IO A0l?=r A0y?=w:held:0,0 A0p1w0,1 A0lu B. A0y?=w:held:0,0" },
	{ "layout-break-leaves-lease", "A0o+ A0d A0lw A0yr0,0 AF A0y?=r:held:0,0 A1f5 A?=none A0l?=w A0yn A0l?=w AK" },
	{ "layout-refuses-no-lease", "A0o+ A0yw0,0 A0lw A0l?=w B?=none A0lu A0c B0or C0or B0yr0,0 C0lr B0lr" },
	{ "lease-refuses-no-layout", "A0or B0or A0lr B0lr B0yr0,0 C0or C0yr0,0 A?=none" },
	{ "lease-runs-out-layout-stays", "T1 A0or A0lr A0yr0,0 B0ow=waits B< A0l?=u A0y?=r:held:0,0 A0p1r0,1" },
	{ "both-run-out", "T1 A0or A0lr A0yr0,0 Bt5=waits B< A0l?=u A0y?=r:revoked:0,0 A0lu=EAGAIN A0yn" },

	/* What /proc/fs/holdfast/leases shows. */
	{ "seen-held", "A0or A0lr B0or B0lr A0yr0,4096 %%=LAYOUT-READ-A-0-4095-held+LEASE-READ-A-0-EOF-held+LEASE-READ-B-0-EOF-held A0c %%=LEASE-READ-B-0-EOF-held B0c %%=none" },
	{ "seen-breaking", "A0or A0lr B0ow=waits %%=->BREAK-WRITE-B-0-EOF-waiting-left+LEASE-READ-A-0-EOF-breaking-left A0lu B. %%=none" },
	{ "seen-breaking-to-read", "A0or A0lw B0or=waits %%=->BREAK-READ-B-0-EOF-waiting-left+LEASE-WRITE-A-0-EOF-breaking-to-read-left A0lr B. %%=LEASE-READ-A-0-EOF-held" },
	{ "seen-breaking-for-ever", "T0 A0or A0lr B0ow=waits %%=->BREAK-WRITE-B-0-EOF-waiting-never+LEASE-READ-A-0-EOF-breaking-never A0lu B." },
	{ "seen-nonblock", "A0or A0lw B0own=EAGAIN %%=LEASE-WRITE-A-0-EOF-breaking-left A0lu %%=none" },
	{ "seen-revoked", "T1 A0or A0lr B0ow=waits B< %%=LEASE-READ-A-0-EOF-revoked A0lu=EAGAIN A0c %%=none" },
	{ "seen-revoked-taken-again", "T1 A0or A0lr B0ow=waits B< B0c A0lw %%=LEASE-WRITE-A-0-EOF-held" },
	{ "seen-layout-breaking", "A0or A0yr0,0 Bt5=waits %%=->BREAK-WRITE-B-5-EOF-waiting-left+LAYOUT-READ-A-0-EOF-breaking-left A0yn B. %%=none" },
	{ "seen-layout-revoked", "T1 A0or A0yr0,0 Bt5=waits B< %%=LAYOUT-READ-A-0-EOF-revoked A0yn %%=none" },
	{ "seen-pin", "A0o+ A0yw0,8192 A0p1w0,4096 %%=LAYOUT-WRITE-A-0-8191-held+PIN-WRITE-A-0-4095-held A0yn %%=PIN-WRITE-A-0-4095-held A0P1 %%=none" },
};

/* ------------------------------------------------------- bad input */

#define LAST 0x7fffffffffffffffULL

static const struct {
	const char *what;
	unsigned long request;
	struct hf_ioc_layout layout;
	int want;
} layouts[] = {
	{ "type", HF_IOC_SETLAYOUT, { .type = 3 }, EINVAL },
	{ "type -1", HF_IOC_SETLAYOUT, { .type = -1 }, EINVAL },
	{ "flags", HF_IOC_SETLAYOUT, { .type = 1, .flags = 1 }, EINVAL },
	{ "flags high", HF_IOC_SETLAYOUT, { .type = 1, .flags = 1u << 31 }, EINVAL },
	{ "state", HF_IOC_SETLAYOUT, { .type = 1, .state = 1 }, EINVAL },
	{ "time", HF_IOC_SETLAYOUT, { .type = 1, .time_left_ms = 1 }, EINVAL },
	{ "signal", HF_IOC_SETLAYOUT, { .type = 1, .signal = 65 }, EINVAL },
	{ "signal -1", HF_IOC_SETLAYOUT, { .type = 1, .signal = -1 }, EINVAL },
	{ "start", HF_IOC_SETLAYOUT, { .type = 1, .start = LAST + 1 }, EINVAL },
	{ "start to end", HF_IOC_SETLAYOUT, { .type = 1, .start = -1ULL }, EINVAL },
	{ "length", HF_IOC_SETLAYOUT, { .type = 1, .length = -1ULL }, EINVAL },
	{ "sum", HF_IOC_SETLAYOUT, { .type = 1, .start = 2, .length = LAST }, EINVAL },
	{ "sum wraps", HF_IOC_SETLAYOUT,
	  { .type = 1, .start = 4096, .length = -4096ULL }, EINVAL },
	{ "none and start", HF_IOC_SETLAYOUT, { .start = 1 }, EINVAL },
	{ "none and length", HF_IOC_SETLAYOUT, { .length = 1 }, EINVAL },
	{ "none and signal", HF_IOC_SETLAYOUT, { .signal = 1 }, EINVAL },
	{ "none and flags", HF_IOC_SETLAYOUT, { .flags = 1 }, EINVAL },
	{ "last byte", HF_IOC_SETLAYOUT, { .type = 1, .start = LAST, .length = 1 }, 0 },
	{ "all bytes", HF_IOC_SETLAYOUT, { .type = 1, .length = LAST }, 0 },
	{ "other number", _IOW(0xBA, 0x09, struct hf_ioc_layout), {}, ENOTTY },
	{ "other size", _IOW(0xBA, 0x01, char[8]), {}, ENOTTY },
	{ "other direction", _IOR(0xBA, 0x01, struct hf_ioc_layout), {}, ENOTTY },
};

static const struct {
	const char *what;
	unsigned long request;
	struct hf_ioc_pin pin;
	int want;
} pins[] = {
	{ "pin type 0", HF_IOC_PIN, { .type = 0, .length = 1 }, EINVAL },
	{ "pin type 3", HF_IOC_PIN, { .type = 3, .length = 1 }, EINVAL },
	{ "pin flags", HF_IOC_PIN, { .type = 1, .flags = 2, .length = 1 }, EINVAL },
	{ "pin id", HF_IOC_PIN, { .type = 1, .length = 1, .id = 7 }, EINVAL },
	{ "pin start", HF_IOC_PIN, { .type = 1, .start = LAST + 1 }, EINVAL },
	{ "pin sum", HF_IOC_PIN, { .type = 1, .start = 2, .length = LAST }, EINVAL },
	{ "pin wraps", HF_IOC_PIN, { .type = 1, .start = 1, .length = -1ULL }, EINVAL },
	{ "unpin type", HF_IOC_UNPIN, { .type = 3, .id = 1 }, EINVAL },
	{ "unpin flags", HF_IOC_UNPIN, { .flags = 1, .id = 1 }, EINVAL },
	{ "unpin unknown", HF_IOC_UNPIN, { .id = 12345678 }, ENOENT },
	{ "unpin 0", HF_IOC_UNPIN, {}, ENOENT },
};

static int wrong_answers;

static void want(const char *what, int fd, unsigned long request, void *arg, int want)
{
	int error = ioctl(fd, request, arg) ? errno : 0;

	if (error != want) {
		t_note("%s: %s, not %s", what, strerrorname_np(error),
		       strerrorname_np(want));
		wrong_answers++;
	}
}

/* With no layout of this descriptor, which each good one is followed by. */
static void bad_input(const char *dir)
{
	struct hf_ioc_layout layout;
	struct hf_ioc_pin pin;
	char path[180];
	int fd;

	path_in(path, sizeof(path), dir, "file");
	fd = open(path, O_RDWR | O_CREAT, 0644);
	for (unsigned int i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		layout = layouts[i].layout;
		want(layouts[i].what, fd, layouts[i].request, &layout, layouts[i].want);
		layout = (struct hf_ioc_layout){};
		want("return", fd, HF_IOC_SETLAYOUT, &layout,
		     layouts[i].want ? EAGAIN : 0);
	}
	for (unsigned int i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		pin = pins[i].pin;
		want(pins[i].what, fd, pins[i].request, &pin, pins[i].want);
	}
	want("no memory there", fd, HF_IOC_SETLAYOUT, (void *)8, EFAULT);
	want("no memory for the answer", fd, HF_IOC_GETLAYOUT, (void *)8, EFAULT);
	want("no memory for a pin", fd, HF_IOC_PIN, (void *)8, EFAULT);
	want("no memory for all", fd, HF_IOC_UNPIN_ALL, (void *)8, EFAULT);
	close(fd);
	t_check(!wrong_answers, "layout-bad-input", "%d wrong answers", wrong_answers);
}

int main(int argc, char **argv)
{
	struct stage stage = {};

	if (argc != 3)
		t_die("usage: layouts HOLDFAST LOWER");
	play_init();
	stage.dir = argv[1];
	stage.below = argv[2];
	for (unsigned int i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		play_compare(&stage, 1, &plays[i]);
	bad_input(argv[1]);
	return t_done();
}
