// SPDX-License-Identifier: GPL-2.0-only
/*
 * cases PLAIN HOLDFAST LOWER SPARE: leases as fcntl(2) has them, on a directory
 * of ext4 and on a holdfast mount over LOWER, a directory of that ext4. SPARE is
 * another holdfast mount, which is unmounted at the end.
 *
 * HF_SELF=1: PLAIN alone, to test the test.
 */
#include "play.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static const struct play plays[] = {
	/* Who may take one. */
	{ "take-read", "A0or A0l?=u A0lr A0l?=r ==LEASE-ACTIVE-READ-A A0lu A0l?=u ==none A0lu=EAGAIN" },
	{ "take-write", "A0or A0lw A0l?=w ==LEASE-ACTIVE-WRITE-A A0lu A0c A0o+ A0lw A0l?=w A0lu A0c A0ow A0lw A0l?=w" },
	{ "read-lease-own-open-for-writing", "A0o+ A0lr=EAGAIN A0c A0ow A0lr=EAGAIN A0l?=u ==none" },
	{ "read-lease-other-writer", "B0ow A0or A0lr=EAGAIN B0c A0lr A0l?=r" },
	{ "read-lease-own-other-writer", "A1o+ A0or A0lr=EAGAIN A1c A0lr" },
	{ "read-lease-other-readers", "A0or B0or C0or A0lr C0lr B0lr B0l?=r ==LEASE-ACTIVE-READ-A+LEASE-ACTIVE-READ-B+LEASE-ACTIVE-READ-C" },
	{ "write-lease-other-reader", "B0or A0or A0lw=EAGAIN A0c A0o+ A0lw=EAGAIN B0c A0lw" },
	{ "write-lease-other-writer", "B0ow A0or A0lw=EAGAIN A0c A0o+ A0lw=EAGAIN B0c A0lw" },
	{ "write-lease-own-other-descriptor", "A0or A1or A0lw=EAGAIN A1c A0lw" },
	{ "write-lease-others-lease", "A0or B0or A0lr B0lw=EAGAIN A0lw=EAGAIN A0lu B0lw=EAGAIN A0c B0lw" },
	{ "two-descriptors", "A0or A1or A0lr A1lr ==LEASE-ACTIVE-READ-A+LEASE-ACTIVE-READ-A A0lu A0l?=u A1l?=r A1c ==none" },
	{ "other-name", "A0or A0lr B0owH=waits A?=IO A0lu B." },
	{ "path-descriptor", "A0orp A0lr=EBADF B0or B0lw A1op B?=none B0l?=w" },
	{ "owner-only", "Ae1000 A0or A0lr=EACCES A0lw=EACCES A0lu=EACCES A0l?=u ==none Ae0 Bxo1000 Ae1000 A0lr A0l?=r" },
	{ "others-file-with-capability", "Ai1000 A0or A0lr A0l?=r" },
	{ "group-is-no-owner", "Bxo1000 Ae1001 A0or A0lr=EACCES Ae0 A0lr" },
	{ "directory", "A0orD A0lr=EINVAL A0lw=EINVAL A0lu=EINVAL A0l?=u" },
	{ "fifo", "A0o+F A0lr=EINVAL A0lw=EINVAL A0l?=u" },
	{ "bad-type", "A0or A0l3=EINVAL A0l4=EINVAL A0l-1=EINVAL A0l99=EINVAL A0l?=u A9lr=EBADF" },
	{ "disabled", "A0or A0lr L0 B0or B0lr=EINVAL A0l?=r A0lr A0lu A0lr=EINVAL L1 A0lr" },

	/* Whose it is, and its changes. */
	{ "upgrade-downgrade", "A0or A0lr A0lw A0l?=w ==LEASE-ACTIVE-WRITE-A A0lr A0l?=r ==LEASE-ACTIVE-READ-A A0lr A0lu" },
	{ "upgrade-refused", "A0or B0or A0lr A0lw=EAGAIN A0l?=r B0c A0lw" },
	{ "downgrade-open-for-writing", "A0o+ A0lw A0lr=EAGAIN A0l?=w" },
	{ "duplicate-shares", "A0or A0d A0lr A1l?=r A0c A1l?=r ==LEASE-ACTIVE-READ-A A1lw A1lu ==none" },
	{ "duplicate-keeps-until-last-close", "A0or A0d A1lr A1c A0l?=r A0c ==none" },
	{ "fork-shares", "A0or A0lr A0kl?=r AF A0c ==LEASE-ACTIVE-READ-A AK ==none" },
	{ "child-may-return", "A0or A0lr A0klu A0l?=u A0klw A0l?=w A0lu" },
	{ "others-descriptor", "A0or A0lr B0or B0l?=u B0lu=EAGAIN A0l?=r" },
	{ "close-returns", "A0or A0lw A0c ==none B0ow" },
	{ "killed-returns", "A0or A0lw A~ ==none B0ow" },

	/* What breaks one. */
	{ "reader-and-read-lease", "A0or A0lr B0or A?=none A0l?=r" },
	{ "reader-and-write-lease", "A0or A0lw B0or=waits A0l?=r A?=IO == A0lr B. A0l?=r ==LEASE-ACTIVE-READ-A B0c" },
	{ "reader-and-write-lease-returned", "A0or A0lw B0or=waits A0lu B. ==none" },
	{ "reader-and-writers-write-lease", "A0o+ A0lw B0or=waits A0lr=EAGAIN A0l?=r B- A0lu B." },
	{ "writer-and-read-lease", "A0or A0lr B0ow=waits A0l?=u A?=IO == A0lr=EAGAIN B- A0lu B. ==none" },
	{ "writer-and-write-lease", "A0or A0lw B0o+=waits A0l?=u A?=IO A0lr=EAGAIN B- A0lu B." },
	{ "writer-and-many-leases", "A0or B0or C0or A0lr B0lr C0lr D0ow=waits A?=IO B?=IO C?=IO == A0lu D- C0c D- B0lu D. ==none" },
	{ "many-breakers", "A0or A0lw B0or=waits C0or=waits D0ow=waits A0l?=u == A0lu B. C. D." },
	{ "reader-then-writer", "A0or A0lw B0or=waits A0l?=r C0ow=waits A0l?=u A0lr=EAGAIN A0lu B. C." },
	{ "lease-during-break", "A0or B0or A0lr B0lr C0ow=waits D0or D0lr=EAGAIN A0lu B0lu C." },
	{ "own-open-breaks", "A0or A0lr A1ow=waits A! A.=EINTR A0l?=u A?=IO A0lu A1ow" },
	{ "own-truncate-breaks", "A0or A0lr At5=waits A! A.=EINTR A?=IO A0lu At5" },
	{ "o-trunc-breaks", "A0or A0lr B0owt=waits A?=IO A0lu B." },
	{ "o-trunc-read-only", "A0or A0lr B0ort A0l?=r A?=none" },
	{ "truncate-breaks", "A0or A0lr Bt5=waits A0l?=u A?=IO A0lu B." },
	{ "truncate-and-write-lease", "A0o+ A0lw Bt5=waits A0l?=u A?=IO A0lr=EAGAIN A0lu B." },
	{ "extending-truncate-breaks", "A0or A0lr Bt100000=waits A?=IO A0lu B." },
	{ "truncate-of-no-change-breaks", "A0or A0lr Bt65536=waits A?=IO A0lu B." },
	{ "ftruncate-does-not", "A0o+ A0lw A0f5 A?=none A0l?=w" },
	{ "exclusive-create-does-not", "A0or A0lr B0owcx=EEXIST A?=none A0l?=r" },
	{ "path-open-does-not", "A0or A0lw B0op A?=none A0l?=w" },
	{ "stat-does-not", "A0or A0lw Bxs A?=none A0l?=w" },
	{ "chmod-does-not", "A0or A0lw Bxc A?=none A0l?=w" },
	{ "chown-does-not", "A0or A0lw Bxo1000 A?=none A0l?=w" },
	{ "times-do-not", "A0or A0lw Bxt A?=none A0l?=w" },
	{ "xattr-does-not", "A0or A0lw Bxx A?=none A0l?=w" },
	{ "link-does-not", "A0or A0lw Bxl A?=none A0l?=w" },
	{ "rename-does-not", "A0or A0lw Bxn A?=none A0l?=w" },
	{ "unlink-does-not", "A0or A0lw Bxu A?=none A0l?=w ==LEASE-ACTIVE-WRITE-A" },

	/* O_NONBLOCK: at once, and the break goes on. */
	{ "nonblock-writer", "A0or A0lr B0own=EAGAIN A0l?=u A?=IO == B0own=EAGAIN A?=none A0lu B0own" },
	{ "nonblock-reader", "A0or A0lw B0orn=EAGAIN A0l?=r A?=IO A0lr B0orn A0l?=r" },
	{ "nonblock-truncating", "A0or A0lr B0ownt=EAGAIN A0l?=u A0lu B0ownt" },
	{ "nonblock-without-conflict", "A0or A0lr B0orn A?=none" },

	/* Signals. */
	{ "signal-chosen", "A0or A0s1 A0lr B0own=EAGAIN A?=RT1:0" },
	{ "signal-chosen-later", "A0or A0lr A0s3 B0own=EAGAIN A?=RT3:0" },
	{ "signal-of-each-descriptor", "A0or A1or A0s2 A1s2 A1lr A0lr B0own=EAGAIN A?=RT2:1+RT2:0" },
	{ "signal-each-break", "A0or A0s2 A0lw B0orn=EAGAIN C0own=EAGAIN A?=RT2:0+RT2:0 C0own=EAGAIN B0orn=EAGAIN A?=none" },
	{ "signal-after-downgrade", "A0or A0s2 A0lw B0orn=EAGAIN A0lr C0own=EAGAIN A?=RT2:0+RT2:0" },
	{ "signal-through-duplicate", "A0or A0d A0s2 A0lr A1lr B0own=EAGAIN A?=RT2:1" },
	{ "signal-descriptor-closed", "A0or A0d A0s2 A0lr A0c B0own=EAGAIN A?=RT2:-1" },
	{ "signal-is-forgotten", "A0or A0s2 A0lr A0lu A0lr B0own=EAGAIN A?=IO" },
	{ "signal-to-another", "A0or A0lr A0s1 B?=none A0OB C0own=EAGAIN A?=none B?=RT1:-1" },
	{ "signal-to-another-first", "B?=none A0or A0OB A0lr C0own=EAGAIN A?=none B?=IO" },
	{ "signal-to-setter-not-opener", "A0or A0klr A0s1 B0own=EAGAIN A?=none" },

	/* Time. */
	{ "runs-out", "T1 A0or A0lr B0ow=waits B< A0l?=u A?=IO A0lu=EAGAIN ==none" },
	{ "runs-out-write", "T1 A0or A0lw B0o+=waits B< A0l?=u A0lu=EAGAIN" },
	{ "runs-out-to-read", "T1 A0or A0lw B0or=waits B< A0l?=r ==LEASE-ACTIVE-READ-A A0lu" },
	{ "runs-out-for-truncate", "T1 A0or A0lr Bt5=waits B< A0lu=EAGAIN" },
	{ "runs-out-without-breaker", "T1 A0or A0lr B0own=EAGAIN W2 A0l?=u B0own" },
	{ "runs-out-for-all", "T2 A0or B0or A0lr B0lr C0ow=waits D0ow=waits A0lu C< D. B0lu=EAGAIN ==none" },
	{ "taken-again", "T1 A0or A0lr B0ow=waits B< B0c A0lr A0l?=r A0lw A0lu" },
	{ "stopped-holder", "T2 A0or A0lr Az B0ow=waits B< Ag A0l?=u A?=IO A0lu=EAGAIN" },
	{ "stopped-holder-of-write", "T2 A0or A0lw Az B0or=waits C0ow=waits C< B. Ag A0l?=u" },
	{ "for-ever", "T0 A0or A0lr B0ow=waits W2 B- B! B.=EINTR C0ow=waits A0lu C." },
	{ "for-ever-read", "T0 A0or A0lw B0or=waits W2 B- A0lr B." },

	/* Those who give up. */
	{ "breaker-interrupted", "A0or A0lr B0ow=waits B! B.=EINTR A0l?=u == B0own=EAGAIN A0lu B0ow" },
	{ "breaker-restarted", "A0or A0lr B0ow=waits B* B- A0lu B." },
	{ "breaker-killed", "A0or A0lr B0ow=waits B~ A0l?=u == C0ow=waits A0lu C." },
	{ "one-of-two-breakers-killed", "A0or A0lw B0ow=waits C0ow=waits B~ C- A0lu C." },
	{ "truncater-interrupted", "A0or A0lr Bt5=waits B! B.=EINTR Bt5=waits B~ A0lu" },
	{ "breaker-stopped", "A0or A0lr B0ow=waits Bz A0lu C0ow Bg B." },
	{ "holder-killed", "A0or A0lr B0ow=waits A~ B. ==none" },
	{ "holder-closes", "A0or A0lr B0ow=waits A0c B." },
	{ "holder-killed-write", "A0o+ A0lw B0or=waits C0ow=waits A~ B. C." },
	{ "one-of-two-holders-killed", "A0or A0lr B0or B0lr C0ow=waits A~ C- B0lu C." },
	{ "killed-holder-with-child", "A0or A0lr AF B0ow=waits A0c B- AK B." },

	/* What the descriptors do not show. */
	{ "mapped-then-closed", "B0o+ B0m B0c A0or A0lr=EAGAIN A0lw=EAGAIN B0M A0lr A0lw" },
	{ "mapped-by-a-child", "B0o+ B0m B0c BF B0M A0or A0lr=EAGAIN BK A0lr" },
	{ "mapped-for-reading", "B0or B0m B0c A0or A0lr A0lw=EAGAIN B0M A0lw" },
	{ "open-below-for-writing", "B0owL A0or A0lr=EAGAIN A0lw=EAGAIN B0c A0lr A0lw" },
	{ "mapped-below", "B0o+L B0m B0c A0or A0lr=EAGAIN A0lw=EAGAIN B0M A0lw" },
};

/* Likewise, where the counts are those of the overlay's own lower files. */
static const struct play on_overlay[] = {
	{ "overlay-leases", "A0or A0lr A0lw A0lu A0c A0ow A0lw" },
	{ "overlay-mapped-then-closed", "B0o+ B0m B0c A0or A0lr=EAGAIN A0lw=EAGAIN B0M A0lr A0lw" },
	{ "overlay-mapped-for-reading", "B0or B0m B0c A0or A0lr A0lw=EAGAIN B0M A0lw" },
	{ "overlay-open-below-for-writing", "B0owL A0or A0lr=EAGAIN A0lw=EAGAIN B0c A0lr A0lw" },
};

/* A lease, broken or not, does not outlive its descriptor or hold the mount. */
static void unmount(const char *dir)
{
	struct stage stage = { .dir = dir, .below = dir };
	int busy = 0, breaking = 0, after;
	bool good;

	good = play(&stage, "A0or A0lr A0c");
	free(stage.text);
	agent_start(&stage.agents[0]);
	if (good) {
		struct agent *a = &stage.agents[0];
		char path[180];

		path_in(path, sizeof(path), dir, "file");
		a_open(a, 0, path, O_RDONLY);
		good = !agent_do(a, &(struct call){ .fn = call_lease, .cmd = F_SETLEASE,
						     .arg = F_RDLCK });
		busy = umount(dir) ? errno : 0;
		good = good && open(path, O_WRONLY | O_NONBLOCK) < 0 && errno == EAGAIN;
		breaking = umount(dir) ? errno : 0;
	}
	agent_stop(&stage.agents[0]);
	after = umount(dir) ? errno : 0;
	t_check(good && busy == EBUSY && breaking == EBUSY && !after, "unmount",
		"lease %s, then %d, while breaking %d, after the close %d",
		good ? "held" : "failed", busy, breaking, after);
}

static struct stage stages[2];

int main(int argc, char **argv)
{
	bool self = getenv("HF_SELF");

	if (argc != 7)
		t_die("usage: cases PLAIN HOLDFAST LOWER SPARE OVER-OVERLAY OVERLAY (directories)");
	play_init();
	stages[0].dir = stages[0].below = argv[1];
	stages[1].dir = argv[2];
	stages[1].below = argv[3];
	for (unsigned int i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		play_compare(stages, self ? 1 : 2, &plays[i]);
	stages[1].dir = argv[5];
	stages[1].below = argv[6];
	for (unsigned int i = 0; i < sizeof(on_overlay) / sizeof(on_overlay[0]); i++)
		play_compare(stages, self ? 1 : 2, &on_overlay[i]);
	if (!self)
		unmount(argv[4]);
	return t_done();
}
