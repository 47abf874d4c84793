#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P server under the kernel's own client, v9fs: what programs see, with the
# directory that is exported as the oracle; locks, between two mounts and local
# processes, on ext4 and on a holdfast mount; and what becomes of a mount whose
# server stops. /dev/vda is the disk.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
here=$HF_HERE/ninep
# What v9fs has of cases.py; the rest it has not, or not in full.
cases=(file-types create-errors hard-links unlinked-open splice copies permissions
	umask-and-setgid text-busy directories statfs long-paths)

mount_tcp() { mount_9p 127.0.0.1 "$1" "trans=tcp,privport,aname=$2,$3"; }

# as_the_directory NAME OPTIONS [CASE...]
as_the_directory() {
	local name=$1
	check "$name-mount" mount_tcp "/mnt/$name" data "$2"
	relay python3 "$HF_HERE/fs/oracle.py" "$lower/direct" "/mnt/$name" "$name" 300 "${HF_SEED:-$RANDOM}" \
		"${cases[@]}" "${@:3}"
	check "$name-unmount" umount "/mnt/$name"
	rm -rf "$lower"/direct/* "$lower"/served/*
}

both() { mount_tcp /mnt/a "$1" cache=none && mount_tcp /mnt/b "$1" cache=none; }

# locked KIND DIRECTORY
locked() {
	mkdir "$2/locked"
	check "$1-export" ninep_export "$1" "$2/locked" clients=127.0.0.0/8 squash=none
	check "$1-mounts" both "$1"
	relay python3 "$here/v9fs.py" /mnt/a /mnt/b "$2/locked" "$1-"
	check "$1-unmounts" umount /mnt/a /mnt/b
	check "$1-gone" ninep_off "exports/$1"
}

# A cache that finds the file changed below makes another inode of it, beside the one
# that is open.
changed_below() {
	mount_tcp /mnt/loose data cache=loose && echo one >/mnt/loose/file || return
	exec 7<>/mnt/loose/file
	echo three >>"$lower/served/file"
	cat /mnt/loose/file && echo 2 >/proc/sys/vm/drop_caches && stat /mnt/loose/file || return
	echo two >&7 && sync -f /mnt/loose/file && truncate -s 3 /dev/fd/7 && stat -L /dev/fd/7 || return
	exec 7>&-
	umount /mnt/loose && [ "$(stat -c %s "$lower/served/file")" = 3 ]
}

# A mount does not outlive its server; another one is as good as new.
restarted() {
	mount_tcp /mnt/a data cache=none && echo before >/mnt/a/file || return
	exec 7<>/mnt/a/file
	flock 7 && ninep_off exports/data && ninep_on exports/data || return
	stat /mnt/a/file && return 1
	# Nothing is left of its lock.
	mount_tcp /mnt/b data cache=none && flock -n /mnt/b/file grep -x before /mnt/b/file || return
	exec 7>&-
	umount /mnt/a && umount /mnt/b
}

mkdir -p "$top"
check load eval 'hf_load holdfast_export && ninep_load'
modprobe -a 9p 9pnet_fd 2>/run/hf/modprobe || hf_problem "$(cat /run/hf/modprobe)"
ip link set lo up
check make make_lower ext4
lower=$top/ext4/plain
mkdir "$lower/direct" "$lower/served"
check export ninep_export data "$lower/served" clients=127.0.0.0/8 squash=none \
	users='1000 1000,2000' users='1001 1001'
check listener ninep_listener tcp tcp:127.0.0.1:564
phase files
as_the_directory none cache=none,access=user
as_the_directory loose cache=loose,access=user mapping
as_the_directory client cache=none,access=client,posixacl
check changed-below changed_below
phase locks
locked ext4 "$lower"
check holdfast-mount mount -t holdfast "$top/ext4/lower" "$top/ext4.mnt"
locked holdfast "$top/ext4.mnt"
phase end
check restarted restarted
check remove ninep_remove
check unmount umount "$top/ext4.mnt" "$top/ext4"
hf_finish
