#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The filesystem holdfast where a stacked one is easily told from a real one:
# attributes that changed below, the space of what was removed, races with
# creations below, io_uring, a frozen filesystem, the ioctls of tools, probes of
# programs. /dev/vda and /dev/vdb are for ext4 and xfs, 512M each.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/fs/nfs.sh"
. "$HF_HERE/locks/run.sh"

races=300
[ "$HF_KERNEL" != debug ] || races=100

# A probe of a program is one of LOWERDIR's file, by its path there, and finds
# those who run it from the mount.
probe() {
	local lower=$1 mnt=$2 t=/sys/kernel/tracing offset found=1
	[ -e $t/uprobe_events ] || mount -t tracefs nodev $t
	cp "$hf_programs/create-race" "$mnt/program"
	# The entry point; the program is static, its first segment is at 0x400000.
	offset=$(($(od -An -tx8 -j24 -N8 "$mnt/program" | sed 's/ */0x/') - 0x400000))
	printf 'p:hf_program %s/program:0x%x\n' "$lower" $offset >$t/uprobe_events
	: >$t/trace
	echo 1 >$t/events/uprobes/hf_program/enable
	"$mnt/program" || :
	echo 0 >$t/events/uprobes/hf_program/enable
	! grep -q 'program-.*hf_program' $t/trace || found=0
	: >$t/uprobe_events
	# By its path on the mount there is none.
	printf 'p:hf_program %s/program:0x%x\n' "$mnt" $offset >$t/uprobe_events
	refused probe-on-mount "Input/output error" bash -c "echo 1 >$t/events/uprobes/hf_program/enable"
	: >$t/uprobe_events
	rm "$mnt/program"
	return $found
}

mkdir -p "$top"
check load hf_load
# One thread: if that one waits for the frozen filesystem, nobody is served.
check server eval 'nfsd_start 1 && client_ns 1'
for kind in ext4 xfs tmpfs; do
	check $kind-make make_lower $kind || continue
	check $kind-mount mount -t holdfast "$top/$kind/lower" "$top/$kind.mnt"
	phase $kind
	relay "$here/asks.py" "$top/$kind/lower" "$top/$kind.mnt" $kind
	relay "$here/late.py" "$top/$kind/lower" "$top/$kind.mnt" $kind
	[ $kind != tmpfs ] || relay "$here/names-gone.py" "$top/$kind.mnt" tmpfs-names-gone
	[ $kind = tmpfs ] || relay "$here/space.py" "$top/$kind/lower" "$top/$kind.mnt" $kind
done
lower=$top/ext4/lower mnt=$top/ext4.mnt
phase stale
relay "$here/stale.py" "$top/xfs/lower" "$top/xfs.mnt"
phase races
run create-race "$lower" "$mnt" $races
relay "$here/listed.py" "$mnt"
run lease-race "$lower" plain $races
run lease-race "$mnt" hf $races
run uring "$mnt"
check probe probe "$lower" "$mnt"
phase frozen
relay "$here/frozen-names.py" "$lower" "$mnt" frozen-names
rm -rf "${lower:?}"/*
phase nfs
check export nfs_export "$mnt" async
for vers in 3 4.2; do
	check nfs$vers-mount mount_nfs 1 $vers "$mnt" /mnt/nfs acregmin=0,acregmax=0,acdirmin=0,acdirmax=0
	relay "$here/space.py" "$lower" "$(client_path /mnt/nfs)" nfs$vers below
	relay "$here/frozen-names.py" "$lower" "$mnt" nfs$vers-frozen "$(client_path /mnt/nfs)"
	rm -rf "${lower:?}"/*
	in_client 1 umount /mnt/nfs
done
hf_finish
