#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The ground that all other guest tests stand on, without any lock of ours:
# knfsd exports a plain ext4, two client machines mount it by each version,
# and an exclusive lock of one keeps the other out. And our modules, where
# they are built, load and unload.
. "$(dirname "$0")/lib.sh"

# try_lock CLIENT FILE: exit 0 if an exclusive POSIX lock can be had at once.
try_lock() {
	in_client "$1" python3 -c '
import fcntl, sys
f = open(sys.argv[1], "r+")
try:
	fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
	sys.exit(3)' "$2"
}

# hold_lock CLIENT FILE: holds it until its standard input ends.
hold_lock() {
	in_client "$1" python3 -c '
import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()' "$2"
}

exclusion() {
	local file=$1 held status
	coproc HOLDER { hold_lock 1 "$file"; }
	read -r held <&"${HOLDER[0]}" || return
	[ "$held" = held ] || return
	local pid=$HOLDER_PID
	try_lock 2 "$file"
	status=$?
	eval "exec ${HOLDER[1]}>&-"
	wait "$pid"
	[ $status = 3 ] || { echo "the second client got $status, not 3"; return 1; }
	try_lock 2 "$file"
}

build=/holdfast/build/$HF_KERNEL
# make load and make unload. Of a build for another kernel none is loaded. (The length stays.)
loads() { /holdfast/scripts/load load "$build" && [ -d /sys/module/holdfast_export ]; }
unloads() { /holdfast/scripts/load unload "$build" && ! ls -d /sys/module/holdfast_*; }
refuses() {
	local other=/run/hf/build/other
	mkdir -p "$other/locks"
	echo /build/other/locks/holdfast_locks.o >"$other/modules.order"
	sed 's/vermagic=6\.12\./vermagic=5.04./' "$build/locks/holdfast_locks.ko" >"$other/locks/holdfast_locks.ko"
	! /holdfast/scripts/load load "$other" >/run/hf/refuses 2>&1 &&
		grep -q 'for Linux 5.04.*this is' /run/hf/refuses && ! ls -d /sys/module/holdfast_*
}
check make-load loads
check make-load-twice loads
check make-unload unloads
check make-load-refuses refuses
check load hf_load
check make-fs make_fs ext4 /dev/vda /srv/plain
check nfsd-start nfsd_start 4
check export nfs_export /srv/plain
check client-1 client_ns 1
check client-2 client_ns 2
for vers in 3 4.0 4.1 4.2; do
	check "mount-1-v$vers" mount_nfs 1 $vers /srv/plain /mnt/v$vers
	check "mount-2-v$vers" mount_nfs 2 $vers /srv/plain /mnt/v$vers
	check "write-v$vers" in_client 1 sh -c "echo data >/mnt/v$vers/file$vers"
	check "read-v$vers" in_client 2 grep -qx data /mnt/v$vers/file$vers
	check "exclusion-v$vers" exclusion /mnt/v$vers/file$vers
done
hf_finish
