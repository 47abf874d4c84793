#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The filesystem holdfast over tmpfs, ext4 and xfs, exported by knfsd to a real
# client: every version of NFS over ext4, some over the others, and over a server
# that starts anew. /dev/vda and /dev/vdb are for ext4 and xfs, 512M each.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/fs/nfs.sh"

mkdir -p "$top"
check load hf_load
# Before any mount: the client has a copy of what is mounted when it begins.
check server server
declare -A versions=([tmpfs]=4.2 [ext4]="3 4.0 4.1 4.2" [xfs]="3 4.2")
for kind in tmpfs ext4 xfs; do
	check $kind-make make_lower $kind || continue
	check $kind-mount mount -t holdfast $top/$kind/lower $top/$kind.mnt
	phase $kind
	forged $kind $top/$kind/lower $top/$kind.mnt
	nfs_frozen=
	[ $kind != ext4 ] || nfs_frozen="3 4.2"
	# shellcheck disable=SC2086
	exported $kind $top/$kind/lower $top/$kind.mnt ${versions[$kind]}
	check $kind-umount umount $top/$kind.mnt
	check $kind-lower-umount umount $top/$kind
done
hf_finish
