#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What goes by a file below and not by a descriptor: programs, and a mount that
# becomes read-only. /dev/vda and /dev/vdb are for ext4 and xfs.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"

hf_load
for kind in ext4 xfs tmpfs; do
	phase "$kind"
	base=$top/$kind mnt=$top/$kind.mnt
	check "$kind-make" make_lower "$kind"
	check "$kind-mount" mount -t holdfast "$base/lower" "$mnt"
	for part in programs readonly; do
		relay "$HF_HERE/fs/mapped.py" $part "$base/lower" "$mnt" "$kind"
	done
	[ "$kind" = tmpfs ] || check "$kind-umount" umount "$mnt"
	[ "$kind" = tmpfs ] || check "$kind-lower-umount" umount "$base"
done

# A module has as many users as before.
check module-unused eval '[ "$(</sys/module/xfs/refcnt)" = 0 ]'
hf_finish
