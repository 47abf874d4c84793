#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Delegations of two NFSv4.2 clients of the real knfsd: granted, recalled by
# whatever conflicts, here or on the other client, and revoked when the network
# of the one that has them is gone; what delegations= lets through; what a 9P client
# does beside them. Layouts of files that a client truncates.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"

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
check mount locks_mount delegations=all
result serve serve
one=$(root_of 1)/mnt/v4 two=$(root_of 2)/mnt/v4
run delegations /srv/hf "$one" "$two"

# --- what the mount lets through; the last is the one that the rest is done with
with() {	# with MODE: what it says then, and what the first client is given
	check "$1-remount" mount -o "remount,delegations=$1" /srv/hf
	check "$1-shown" grep -q " /srv/hf holdfast .*,delegations=$1[ ,]" /proc/mounts
	run deleg-modes /srv/hf "$one" "$1"
}
with read
with none
with all

run absent /srv/hf "$one" hf1 $nfsd_lease

# --- what a 9P client does beside them
ninep_beside() {
	ninep_load && ninep_listener unix unix:/run/hf/9p.sock &&
		ninep_export hf /srv/hf clients=unix squash=none threads=1
}
check ninep-beside ninep_beside
relay python3 "$HF_HERE/ninep/delegations.py" unix:/run/hf/9p.sock hf /srv/hf "$one" hf1 ninep-
check ninep-remove ninep_remove

# --- layouts of what a client truncates, with a single thread for all of it
layouts_serve() { rpc.nfsd 1 && mount_nfs 1 3 /srv/hf /mnt/v3; }
result layouts-serve layouts_serve
run layout-nfs /srv/hf v3 "$(root_of 1)/mnt/v3" v4 "$one"

# --- a lease in LOWERDIR, for as long as its holder likes: the only thread that
# there is now answers others, and the one who wants the file
hold_below() {
	echo data >/srv/disk/lower/held
	echo other >/srv/hf/other
	sysctl -q fs.lease-break-time=0
	coproc HOLDER { exec python3 -c '
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open("/srv/disk/lower/held", os.O_RDWR)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.readline()
while fcntl.fcntl(fd, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
    signal.sigtimedwait([], 0.1)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
'; }
	read -r -u "${HOLDER[0]}" answer && [ "$answer" = held ]
}
result below-lease hold_below
cat "$one/held" >/run/hf/held &
reader=$!
# By now the thread has come to it.
check below-lease-breaks wait_until 60 grep -q 'LEASE  *BREAKING' /proc/locks
check below-lease-work-goes-on timeout 60 cat "$two/other"
check below-lease-is-waited-for [ ! -s /run/hf/held ]
echo >&"${HOLDER[1]}"
check below-lease-is-broken wait $reader
check below-lease-then-data grep -qx data /run/hf/held
sysctl -q fs.lease-break-time=45

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
