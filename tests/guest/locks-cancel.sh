#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Waiters that give up or are killed, local and over NFS, also at the moment of
# the grant; holders that are killed; and which kinds of locks exclude which
# over which protocol, beside a plain ext4 export.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
result serve serve_two_clients 4
a=$(root_of 1)/mnt b=$(root_of 2)/mnt
run cancel /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4" 16

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
check nothing-left wait_until 60 no_locks
hf_finish
