# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by fs.sh and fs-nfs.sh: the lower filesystems.

top=/srv/fs

make_lower() {
	mkdir -p "$top/$1"
	case $1 in
	tmpfs) mount -t tmpfs -o size=500m tmpfs "$top/tmpfs" ;;
	ext4) mkfs.ext4 -q -F -O quota /dev/vda && mount -o usrquota /dev/vda "$top/ext4" ;;
	xfs) mkfs.xfs -q -f -m reflink=1 /dev/vdb && mount -o uquota /dev/vdb "$top/xfs" ;;
	esac && mkdir -p "$top/$1/lower" "$top/$1/plain" "$top/$1.mnt"
}
