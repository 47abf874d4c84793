#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Locks of local processes and of clients, of the real knfsd, NFSv3 and NFSv4, and 9P:
# who holds and who waits, over every pair, through one single thread; waiters
# that give up or are killed, also at the moment of the grant, and holders that
# are killed; deadlocks that lead through clients; which kinds of locks exclude
# which, beside a plain ext4 export; and all of it while memory fails. (One guest
# for all: setting up two clients takes longer than any of it.)
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"
. "$HF_HERE/ninep/server.sh"

hf_load
check mount locks_mount
check delegations-default grep -q ' /srv/hf holdfast .*,delegations=read[ ,]' /proc/mounts
result serve serve_two_clients 1
a=$(root_of 1)/mnt b=$(root_of 2)/mnt

# --- by the kernel's own NFS LOCALIO, which the debug kernel has
check past-the-network python3 "$HF_HERE/locks/past.py" /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4"

# --- exclusion, hand-over, order
check mount-v4.0 mount_nfs 1 4.0 /srv/hf /mnt/v4.0
check mount-v4.1 mount_nfs 2 4.1 /srv/hf /mnt/v4.1
ninep_clients() {
	local n
	modprobe -a 9p 9pnet_fd && ninep_load && ninep_export hf /srv/hf clients=10.9.0.0/16 squash=none threads=2 || return
	for n in 1 2; do
		ninep_listener "to$n" "tcp:10.9.$n.1:564" && mkdir -p /mnt/9p &&
			within "$HF_STEP" in_client $n mount -t 9p "10.9.$n.1" /mnt/9p \
				-o version=9p2000.L,trans=tcp,privport,aname=hf,cache=none || return
	done
}
ninep_ends() {
	local n
	for n in 1 2; do within "$HF_STEP" in_client $n umount /mnt/9p || return; done
	ninep_remove
}
result mount-9p ninep_clients
run matrix /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4" "$a/v4.0" "$b/v4.1" "$a/9p" "$b/9p"
check matrix-leaves-nothing wait_until 60 no_locks
result umount-9p ninep_ends

# --- giving up
check more-threads rpc.nfsd 4
run cancel /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4" 10.9.1.2 16

# --- deadlocks that lead through clients
run deadlock /srv/hf "$a/v4" "$b/v4"
check deadlocks-leave-nothing wait_until 60 no_locks

# --- a file that one client alone has open
run deleg-locks /srv/hf "$a/v4" "$b/v3"
check alone-leaves-nothing wait_until 60 no_locks

# --- kinds
plain() {
	local n
	nfs_export /srv/disk/plain || return
	for n in 1 2; do
		mount_nfs $n 3 /srv/disk/plain /mnt/plain3 &&
			mount_nfs $n 4.2 /srv/disk/plain /mnt/plain4 || return
	done
}
result plain plain
run pairs "/srv/disk/plain,$a/plain3,$a/plain4,$b/plain3,$b/plain4" \
	"/srv/hf,$a/v3,$a/v4,$b/v3,$b/v4"
check pairs-leave-nothing wait_until 60 no_locks

# --- no memory: one allocation in ten of those that pass the filters. (The
# probability comes last: without a filter it is everybody's.)
slab=/sys/kernel/debug/failslab
caches=(hf_lock_record hf_lock_range hf_lock_waiter hf_lock_table)
# fail_on FILTER=VALUE...
fail_on() {
	local setting
	for setting in "$@" interval=1 times=-1 verbose=0 ignore-gfp-wait=N probability=10; do
		echo "${setting#*=}" >"$slab/${setting%%=*}" || return
	done
}
fail_off() { echo 0 >$slab/probability; }

# In the processes: every kmalloc() of theirs.
result task-fails fail_on task-filter=Y
run fault task "${HF_SEED:-$RANDOM}" 600 +/srv/hf +/srv/hf +/srv/hf +/srv/hf
fail_off
check task-leaves-nothing wait_until 60 no_locks

# In our caches, for whoever allocates: processes, lockd, nfsd.
cache_filter() {
	local cache
	for cache in "${caches[@]}"; do
		echo "$1" >"/sys/kernel/slab/$cache/failslab" || return
	done
}
result cache-filter cache_filter 1
result cache-fails fail_on task-filter=N cache-filter=Y
run fault cache "${HF_SEED:-$RANDOM}" 400 /srv/hf /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4"
fail_off
echo N >$slab/cache-filter
check cache-leaves-nothing wait_until 60 no_locks
cat /proc/fs/holdfast/stats
hf_finish
