#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P server's operations, by raw clients, compared with the directory that is
# exported; its locks beside those of local processes; what no client may do; and fids
# that end beside each operation. On ext4 and xfs, whose locks the kernel keeps, on
# tmpfs, and on a holdfast mount, which keeps its own. Under the debug kernel on ext4
# and holdfast, and the comparison, which takes longest, on holdfast alone: on the way to
# ext4 it comes by both filesystems. /dev/vda and /dev/vdb are the disks.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
here=$HF_HERE/ninep
socket=unix:/run/hf/9p.sock

# operations KIND DIRECTORY
operations() {
	check "$1-export" ninep_export "$1" "$2" clients=unix squash=none \
		users='1000 1000,2000' users='1001 1001' max_fids=1024 max_held_locks=300 || return
	chmod 755 "$2"
	[ "$1-$HF_KERNEL" = ext4-debug ] || relay python3 "$here/conform.py" $socket "$1" "$2" "$1-"
	relay python3 "$here/locks.py" $socket "$1" "$2" "$1-"
	relay python3 "$here/attacks.py" $socket "$1" "$2" "$1-"
	relay python3 "$here/ends.py" $socket "$1" "$2" "$1-"
	check "$1-gone" wait_until 60 ninep_none
	check "$1-off" ninep_off "exports/$1"
	# Of the two ways to hear of a lock.
	case $1 in
	ext4 | holdfast) relay python3 "$here/waiting.py" $socket "$1" "$2" "$1-" ;;
	esac
}

# A filesystem that has locks of its own, and tells nobody when one is free: v9fs,
# of an export of ours.
polled_cases=(exclusion local wait flush-waiting clunk-waiting clunk-unlocks disconnect many flock-is-asked-about)
polled() {
	local inner=/mnt/inner
	check polled-inner ninep_export inner "$1" clients=unix squash=none
	check polled-mount mount_9p /run/hf/9p.sock $inner trans=unix,aname=inner,cache=none,access=user || return
	check polled-export ninep_export polled $inner clients=unix squash=none max_held_locks=300
	relay python3 "$here/locks.py" $socket polled $inner polled- "${polled_cases[@]}"
	check polled-off ninep_off exports/polled
	check polled-unmount umount $inner
	check polled-inner-off ninep_off exports/inner
}

mkdir -p "$top" /mnt/gated
modprobe -a 9p 9pnet_fd fuse 2>/run/hf/modprobe || hf_problem "$(cat /run/hf/modprobe)"
check load eval 'hf_load holdfast_export && ninep_load'
check listener ninep_listener unix $socket
kinds=(ext4 xfs tmpfs)
if [ $HF_KERNEL = debug ]; then
	kinds=(ext4)
	HF_EXPECTED=$here/debug.expected
fi
for kind in "${kinds[@]}"; do
	check $kind-make make_lower $kind || continue
	phase $kind
	operations $kind "$top/$kind/plain"
done
relay python3 "$here/gated.py" $socket fuse /mnt/gated gated-
phase polled
polled "$top/ext4/plain"
phase holdfast
check holdfast-mount mount -t holdfast "$top/ext4/lower" "$top/ext4.mnt"
mkdir "$top/ext4.mnt/exported"
operations holdfast "$top/ext4.mnt/exported"
check remove ninep_remove
check holdfast-unmount umount "$top/ext4.mnt"
for kind in "${kinds[@]}"; do
	check $kind-unmount umount "$top/$kind"
done
hf_finish
