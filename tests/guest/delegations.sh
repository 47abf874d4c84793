#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Delegations of two NFSv4.2 clients of the real knfsd: granted, recalled by
# whatever conflicts, here or on the other client, and revoked when the network
# of the one that has them is gone. Layouts of files that a client truncates.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

no_delegations() { ! grep -q DELEG /proc/locks; }
has_delegation() { grep -q "DELEG.*READ" /proc/locks; }
nfsd_lease=10
serve() {
	local n
	nfsd_start 4 && nfs_export /srv/hf || return
	for n in 1 2; do
		client_ns $n && mount_nfs $n 4.2 /srv/hf /mnt/v4 || return
	done
}

hf_load
check mount locks_mount
result serve serve
one=$(root_of 1)/mnt/v4 two=$(root_of 2)/mnt/v4
run delegations /srv/hf "$one" "$two"
run absent /srv/hf "$one" hf1 $nfsd_lease

# --- layouts of what a client truncates, with a single thread for all of it
layouts_serve() { rpc.nfsd 1 && mount_nfs 1 3 /srv/hf /mnt/v3; }
result layouts-serve layouts_serve
run layout-nfs /srv/hf v3 "$(root_of 1)/mnt/v3" v4 "$one"

# --- the end: an administrator takes the filesystem away
echo data >/srv/hf/last
exec {last}<"$one/last"
check last-delegation has_delegation
check unexport exportfs -u '*:/srv/hf'
exportfs -f
check revoke tee /proc/fs/nfsd/unlock_filesystem <<</srv/hf
check revoked wait_until 60 no_delegations
check unmount wait_until 60 umount /srv/hf
exec {last}<&-
hf_finish
