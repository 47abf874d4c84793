#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory fails, one allocation in a few, in the processes that lock and then in
# the lock manager's own caches under local and NFS traffic alike: every answer
# is one that a lock may have, nothing is left, and the kernel says nothing.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

slab=/sys/kernel/debug/failslab
caches=(hf_lock_record hf_lock_waiter hf_lock_table)
# fail_on FILTER=VALUE...: every tenth allocation that passes the filters. The
# probability comes last: without a filter it is everybody's.
fail_on() {
	local setting
	for setting; do echo "${setting#*=}" >"$slab/${setting%%=*}" || return; done
	echo 1 >$slab/interval
	echo -1 >$slab/times
	echo 0 >$slab/verbose
	echo N >$slab/ignore-gfp-wait
	echo 10 >$slab/probability
}
fail_off() { echo 0 >$slab/probability; }
prefixed() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok fault'*) ok "$1${line#ok fault}" ;;
		'not ok fault'*) line=${line#not ok fault}; not_ok "$1${line%%:*}" "${line#*: }" ;;
		'not ok '*) not_ok "$1-program" "$line" ;;
		*) echo "$line" ;;
		esac
	done
}
faults() { "$hf_programs/fault" "${HF_SEED:-$RANDOM}" "${@:2}" 2>&1 | prefixed "$1"; }

hf_load
check mount locks_mount
result serve serve_two_clients 4
a=$(root_of 1)/mnt b=$(root_of 2)/mnt

# In the processes: every kmalloc() of theirs.
fail_on task-filter=Y
faults task 600 +/srv/hf +/srv/hf +/srv/hf +/srv/hf
fail_off
check task-leaves-nothing wait_until 60 no_locks

# In our caches, for whoever allocates: processes, lockd, nfsd.
for cache in "${caches[@]}"; do
	check "filter-$cache" eval "echo 1 >/sys/kernel/slab/$cache/failslab"
done
fail_on task-filter=N cache-filter=Y
faults cache 400 /srv/hf /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4"
fail_off
echo N >$slab/cache-filter
check cache-leaves-nothing wait_until 60 no_locks
cat /proc/fs/holdfast/stats
hf_finish
