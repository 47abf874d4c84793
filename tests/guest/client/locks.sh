# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by the tests of the 9P client's locks: our server for a directory on holdfast, so
# that all who lock are in one table.
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"

# mount_client EXPORT MOUNTPOINT OPTIONS
mount_client() { mkdir -p "$2" && mount -t holdfast9p -o "aname=$1,localio=off,$3" 127.0.0.1 "$2"; }

no_locks_left() { ! grep -v '^$' /proc/fs/holdfast/locks; }

# Results: load, make, holdfast, export, tcp.
serve_holdfast() {
	mkdir -p "$top" /mnt/hf
	check load eval 'hf_load holdfast_export && ninep_load && hf_load holdfast_ninep_client'
	ip link set lo up
	check make make_lower ext4
	mkdir "$top/ext4/plain/served"
	check holdfast mount -t holdfast "$top/ext4/plain/served" /mnt/hf
	chmod 1777 /mnt/hf
	check export ninep_export data /mnt/hf clients=127.0.0.0/8 squash=none
	check tcp ninep_listener tcp tcp:127.0.0.1:564
}

# Results: remove, unmount-holdfast.
serve_no_more() {
	check remove ninep_remove
	check unmount-holdfast umount /mnt/hf "$top/ext4"
}
