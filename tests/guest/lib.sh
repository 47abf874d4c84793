# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced first by each tests/guest/NAME.sh, which runs in a guest:
#
#	. /holdfast/tests/guest/lib.sh
#	hf_load				# our modules, if the test needs them
#	check can-mount mount -t holdfast /lower /mnt
#	ok NAME  or  not_ok NAME reason
#	hf_finish			# last: cleans up, judges, writes the verdict
#
# NAME.expected lists the names of the results, one a line. A result that is
# missing, repeated or not in the list fails the test; so does whatever
# hf_finish finds. Without its verdict the runner calls the test failed.
# What the kernel must not say: splats. Known to be harmless: dmesg-allow (extended
# regular expressions, too), and NAME.dmesg-allow for one test. Known leaks of the
# kernel's own in one test: NAME.kmemleak-allow (see hf_unknown_leaks).
#
# Under the debug kernel the start of a program costs up to half a second: what
# is done often is done by the shell itself.

. "${BASH_SOURCE[0]%/*}/net.sh"

HF_TEST=${0##*/}
HF_TEST=${HF_TEST%.sh}
HF_HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# Where this test's results go; and whether it is the first and the last of its guest (in-turn).
HF_OUT=${HF_OUT:-/results} HF_FIRST=${HF_FIRST-yes} HF_LAST=${HF_LAST-yes}
HF_TESTS=${HF_TESTS:-$HF_TEST}
HF_RESULTS=$HF_OUT/results
HF_KMEMLEAK=/sys/kernel/debug/kmemleak
hf_problems=()
: >"$HF_RESULTS"
mkdir -p /run/hf
# A pipe that nobody writes to, to wait at.
exec {hf_silence}<> <(:)
echo "holdfast-test: $HF_TEST starts" >/dev/kmsg
if [ -e $HF_KMEMLEAK ] && [ "$HF_FIRST" ]; then
	echo scan=off >$HF_KMEMLEAK
	echo clear >$HF_KMEMLEAK
fi

# What is printed also has the second of the test.
hf_result() { echo "$1" >>"$HF_RESULTS"; echo "$1 [$SECONDS s]"; }
ok() { hf_result "ok $1"; }
not_ok() { hf_result "not ok $1: ${*:2}"; hf_failed "$1"; }
# Not a result of its own, but the test fails.
hf_problem() { hf_problems+=("$*"); echo "problem: $*"; hf_failed "$*"; }
# At once, so that it is known of a guest that does not come to its end, too.
hf_failed() { echo "FAIL $1" >>"$HF_OUT/verdict"; }

# check NAME CMD...: ok if CMD succeeds. (In this shell and into a file: CMD
# may set variables, and may start what keeps its output open.)
check() {
	local name=$1 out=/run/hf/check-$BASHPID.out
	shift
	if "$@" >"$out" 2>&1; then ok "$name"; else
		not_ok "$name" "'$*' failed ($?): $(tail -n 5 "$out" | tr '\n' '|')"
	fi
}

# wait_until SECONDS CMD...: polls until CMD succeeds; fails after SECONDS.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*" >&2; return 1; }
		read -rt 0.1 -u "$hf_silence" || :
	done
}

# The file of a module of the last build. (/results/.modules is scripts/guest's: each
# file, and what it depends on.)
hf_module() {
	local file
	while read -r file _; do
		[ "${file##*/}" != "$1.ko" ] || echo "$file"
	done </results/.modules
}

# hf_load [MODULE [PARAM=VALUE]...]: one module of ours with what it depends
# on; without arguments all that are built. (The KUnit module runs its suites
# when it is loaded: by name only.)
hf_load() {
	local module file depends dep
	if [ $# = 0 ]; then
		while read -r file depends; do
			module=${file##*/}
			case $module in
			holdfast_kunit.ko) ;;
			holdfast_*.ko) hf_load "${module%.ko}" || return ;;
			esac
		done </results/.modules
		return 0
	fi
	module=$1
	shift
	[ ! -d "/sys/module/$module" ] || return 0
	while read -r file depends; do
		[ "${file##*/}" != "$module.ko" ] || break
	done </results/.modules
	[ -n "$file" ] || { hf_problem "$module is not built for $HF_KERNEL"; return 1; }
	for dep in $depends; do
		[ ! -d "/sys/module/$dep" ] || continue
		case $dep in
		holdfast_*) hf_load "$dep" || return ;;
		*) modprobe "$dep" || { hf_problem "cannot load $dep"; return 1; } ;;
		esac
	done
	insmod "$file" "$@" || { hf_problem "cannot load $module"; return 1; }
}

# (A symbolic link is the alias of a merged cache, which the kernel never
# removes; under KASAN nothing is merged.)
hf_caches() { find /sys/kernel/slab -maxdepth 1 -name 'hf_*' -type d; }

hf_no_caches() {
	! grep -q '^hf_' /proc/slabinfo && [ -z "$(hf_caches)" ]
}

# The newest first: /proc/modules has each before what it uses.
hf_unload() {
	local module modules=()
	while read -r module _; do
		[[ $module != holdfast_* ]] || modules+=("$module")
	done </proc/modules
	[ ${#modules[@]} = 0 ] || rmmod "${modules[@]}" || hf_problem "cannot unload ${modules[*]}"
	if [ -e /proc/fs/holdfast ]; then hf_problem "/proc/fs/holdfast is left"; fi
	# sysfs lets go of a destroyed cache in a work item.
	wait_until 20 hf_no_caches ||
		hf_problem "slab caches are left: $(grep '^hf_' /proc/slabinfo) $(hf_caches)"
}

# Everything mounted below /mnt, /srv or with our types, deepest first.
hf_unmount() {
	local mount
	cd /
	while read -r mount; do
		umount "$mount" || hf_problem "cannot unmount $mount"
	done < <(awk '$2 ~ "^/(mnt|srv)/?" || $3 ~ "^holdfast" {print $2}' /proc/mounts | tac)
}

# (What came late of a test before was said after its look: the last one looks at all.)
hf_check_dmesg() {
	local splats begin=$HF_TEST test
	[ ! "$HF_LAST" ] || begin=${HF_TESTS%% *}
	for test in '' $HF_TESTS; do
		cat "$HF_HERE/${test:+$test.}dmesg-allow" 2>/dev/null
	done | grep -v '^#\|^$' >/run/hf/allow
	grep -v '^#' "$HF_HERE/splats" >/run/hf/splats || hf_problem "no list of splats"
	dmesg | grep -q "holdfast-test: $begin starts" ||
		hf_problem "the kernel said too much: its first messages are lost"
	splats=$(dmesg | sed "1,/holdfast-test: $begin starts/d" | grep -Ef /run/hf/splats |
		grep -vEf /run/hf/allow)
	if [ -n "$splats" ]; then hf_problem "the kernel says: $splats"; fi
	if [ -e /proc/lockdep_stats ] && ! grep -q 'debug_locks: *1' /proc/lockdep_stats; then
		hf_problem "lockdep has turned itself off"
	fi
}

# It refuses once it has turned itself off.
hf_scan() { echo scan >$HF_KMEMLEAK || hf_problem "kmemleak does not scan"; }

# kmemleak wants two looks, and reports only what was at least 5 s old at the
# second: the wait is for its age limit, not for anything of ours.
hf_check_leaks() {
	[ -e $HF_KMEMLEAK ] || [ "$HF_KERNEL" = debug ] || return 0
	local unloaded=$SECONDS test
	# (A look goes over all that is kept, too.)
	echo 3 >/proc/sys/vm/drop_caches
	hf_scan
	until [ $((SECONDS - unloaded)) -gt 5 ]; do read -rt 0.5 -u "$hf_silence" || :; done
	hf_scan
	for test in $HF_TESTS; do
		cat "$HF_HERE/$test.kmemleak-allow" 2>/dev/null
	done >/run/hf/leaks-allow
	hf_unknown_leaks $HF_KMEMLEAK /run/hf/leaks-allow >"$HF_OUT/kmemleak" ||
		hf_problem "kmemleak's report cannot be read"
	[ ! -s "$HF_OUT/kmemleak" ] || hf_problem "kmemleak: $(head -n 30 "$HF_OUT/kmemleak")"
	echo "# looked for leaks [$SECONDS s]"
}

# hf_unknown_leaks REPORT ALLOWED: the objects of the report, but for those that
# ALLOWED has: in each line how many objects at most, and their backtrace from
# the allocation to its end, the names of the functions with a space between.
hf_unknown_leaks() {
	awk -v allowed="$2" '
	function object_ends() {
		if (trace == "" || left[trace]-- <= 0) printf "%s", text
		text = trace = ""
	}
	BEGIN {
		while ((getline line <allowed) > 0)
			if (line ~ /^[0-9]/) {
				count = line
				sub(/ .*/, "", count)
				sub(/^[0-9]+ /, "", line)
				left[line] = count + 0
			}
	}
	/^unreferenced object/ { object_ends() }
	{ text = text $0 "\n" }
	/^    [^ ]+\+0x/ {
		sub(/\+.*/, "", $1)
		if ($1 != "kmemleak_alloc") trace = trace (trace == "" ? "" : " ") $1
	}
	END { object_ends() }' "$1"
}

hf_check_expected() {
	local expected=${HF_EXPECTED:-$HF_HERE/$HF_TEST.expected} names wrong
	[ -s "$expected" ] || { hf_problem "no list $expected"; return; }
	names=$(sed 's/^not ok /ok /; s/^ok \([^: ]*\).*/\1/' "$HF_RESULTS" | sort)
	wrong=$(diff <(grep -v '^#\|^$' "$expected" | sort) <(echo "$names"))
	[ -z "$wrong" ] || hf_problem "results missing (<) or unexpected (>): $wrong"
	if grep -q '^not ok' "$HF_RESULTS"; then hf_problem "failed results"; fi
}

hf_finish() {
	clients_stop
	nfsd_stop
	hf_unmount
	hf_unload
	echo "# unloaded [$SECONDS s]"
	[ ! "$HF_LAST" ] || hf_check_leaks
	hf_check_dmesg
	hf_check_expected
	if [ ${#hf_problems[@]} = 0 ]; then
		echo PASS >"$HF_OUT/verdict"
		exit 0
	fi
	printf 'FAIL %s\n' "${hf_problems[@]}" | tee "$HF_OUT/verdict"
	exit 1
}
