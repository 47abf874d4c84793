#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Locks over the 9P client: a directory on holdfast, with local processes, two mounts of it
# in different modes, a mount of one of those, served again, and an NFSv4.2 client of it.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/locks.sh"

# Whoever has locked when his server goes hears of it, and nothing is left.
server_goes() {
	mount_client data /mnt/gone cache=strict || return
	exec 7>/mnt/gone/held && flock -n 7 || return
	ninep_off exports/data || return
	flock -n /mnt/gone/held true && return 1
	flock -u 7 || return
	exec 7>&-
	umount /mnt/gone
}

# The same directory by knfsd.
nfs_begins() {
	nfsd_start 8 && nfs_export /mnt/hf && mkdir -p /mnt/nfs &&
		within $HF_STEP mount -t nfs -o vers=4.2 127.0.0.1:/mnt/hf /mnt/nfs
}

serve_holdfast
check mount-strict mount_client data /mnt/strict cache=strict
check mount-plain mount_client data /mnt/plain cache=none,version=9p2000.L
check export-again ninep_export again /mnt/strict clients=127.0.0.0/8 squash=none threads=2
check mount-again mount_client again /mnt/again cache=none
relay python3 "$HF_HERE/client/locks.py" local=/mnt/hf strict=/mnt/strict plain=/mnt/plain \
	again=/mnt/again
check nfs-begins nfs_begins
relay python3 "$HF_HERE/client/locks.py" with nfs strict=/mnt/strict nfs=/mnt/nfs
check nfs-unmount umount /mnt/nfs
nfsd_stop
check none-left wait_until 10 no_locks_left
check unmount-again umount /mnt/again
check export-ends ninep_off exports/again
check server-goes server_goes
check unmount umount /mnt/strict /mnt/plain
serve_no_more
hf_finish
