#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Leases of local processes: the same plays on ext4 and on holdfast over it, whose
# words have the answers of fcntl(2), and storms of breaks.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
mkdir -p /srv/disk/lower-spare /srv/spare
check mount-spare mount -t holdfast /srv/disk/lower-spare /srv/spare
mount_overlay() {
	local disk=/srv/disk/overlay
	mkdir -p $disk/{lower,upper,work} /srv/overlay /srv/over-overlay
	echo data >$disk/lower/old
	mount -t overlay -o "lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work" overlay /srv/overlay &&
		mount -t holdfast /srv/overlay /srv/over-overlay
}
check mount-overlay mount_overlay
run cases /srv/disk/plain /srv/hf /srv/disk/lower /srv/spare /srv/over-overlay /srv/overlay
# Who opened the file before it was copied up is counted where it was.
check overlay-copied-up python3 -c '
import fcntl, os
reader = os.open("/srv/overlay/old", os.O_RDONLY)
holder = os.open("/srv/over-overlay/old", os.O_RDWR)
try:
    fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    raise SystemExit("granted beside a reader")
except BlockingIOError:
    os.close(reader)
fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)'
run storm /srv/hf "${HF_STORMS:-250}" "${HF_SEED:-$RANDOM}"
hf_finish
