#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What goes by a file below and not by a descriptor: holes that are punched
# through a mapping, programs, a mount that becomes read-only; and pins that
# outlive who made them. /dev/vda and /dev/vdb are for ext4 and xfs.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"

hf_load
for kind in ext4 xfs tmpfs; do
	phase "$kind"
	base=$top/$kind mnt=$top/$kind.mnt
	check "$kind-make" make_lower "$kind"
	# (To its huge pages a tmpfs gives mappings places of its own choice.)
	[ "$kind" != tmpfs ] || [ ! -e /sys/kernel/mm/transparent_hugepage ] ||
		mount -o remount,huge=always "$base"
	check "$kind-mount" mount -t holdfast "$base/lower" "$mnt"
	for part in holes programs readonly; do
		relay "$HF_HERE/fs/mapped.py" $part "$base/lower" "$mnt" "$kind"
	done
	[ "$kind" != xfs ] || relay "$HF_HERE/fs/pins.py" "$mnt"
	[ "$kind" = tmpfs ] || check "$kind-umount" umount "$mnt"
	[ "$kind" = tmpfs ] || check "$kind-lower-umount" umount "$base"
done

# An overlay's mappings are of a file of its own: no layouts on one. Above one
# they are of the file below us.
phase overlay
base=$top/tmpfs
mkdir -p "$base"/{layer,up,work,ovl} "$top/ovl.mnt" "$base/lower/work"
mount -t overlay -o "lowerdir=$base/layer,upperdir=$base/up,workdir=$base/work" ovl "$base/ovl"
check over-overlay mount -t holdfast "$base/ovl" "$top/ovl.mnt"
relay "$HF_HERE/fs/mapped.py" overlay "$base/ovl" "$top/ovl.mnt" over-overlay
umount "$top/ovl.mnt" && umount "$base/ovl"
mkdir "$top/tmpfs.mnt/upper"
mount -t overlay -o "lowerdir=$base/layer,upperdir=$top/tmpfs.mnt/upper,workdir=$top/tmpfs.mnt/work" ovl "$base/ovl"
relay "$HF_HERE/fs/mapped.py" above "$top/tmpfs.mnt/upper" "$base/ovl" under-overlay
umount "$base/ovl"

# Of the files that were open below none has kept the filesystem's module.
unused() { [ ! -e "/sys/module/$1/refcnt" ] || [ "$(<"/sys/module/$1/refcnt")" = 0 ]; }
check module-unused unused xfs
hf_finish
