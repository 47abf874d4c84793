#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client in its other modes: what programs see and the bytes of files, with a local
# directory as the oracle; options that are refused; clones; and how many messages what
# is known costs. /dev/vda is the disk.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"

refused_options() {
	refused unknown "Unknown parameter 'colour'" mount_client 127.0.0.1 /mnt/a colour=red
	refused no-address 'no ADDRESS given' mount_client '' /mnt/a cache=none
	refused bad-trans "Bad value for 'trans'" mount_client 127.0.0.1 /mnt/a trans=rdma
	refused bad-cache "Bad value for 'cache'" mount_client 127.0.0.1 /mnt/a cache=mmap
	refused bad-access 'access=any is neither user nor client nor a UID' mount_client 127.0.0.1 /mnt/a access=any
	refused bad-version 'version=9p2000.u is neither' mount_client 127.0.0.1 /mnt/a version=9p2000.u
	refused bad-msize 'msize=4096 is not within' mount_client 127.0.0.1 /mnt/a msize=4096
	refused bad-port 'port=70000 is not within' mount_client 127.0.0.1 /mnt/a port=70000
	refused timeo-hard 'timeo= goes with soft' mount_client 127.0.0.1 /mnt/a timeo=10
	refused fd-of-tcp 'go with trans=fd' mount_client 127.0.0.1 /mnt/a fd=0
	refused no-fd 'trans=fd wants fd=' mount_client none /mnt/a trans=fd
	refused pipe 'cannot connect' mount_client none /mnt/a trans=fd,fd=0 < <(:)
	refused nobody-there 'cannot connect' mount_client 127.0.0.1 /mnt/a port=5
	refused no-export 'lets nobody attach' mount -t holdfast9p -o aname=nothing 127.0.0.1 /mnt/a
	refused fsc-none 'fsc= goes with cache=strict and loose' mount_client 127.0.0.1 /mnt/a "fsc=$disk,cache=none"
	refused fsc-relative 'fsc=disk is not an absolute path' mount_client 127.0.0.1 /mnt/a fsc=disk
	refused fsc-missing 'fscsize= and fscfiles= go with fsc=' mount_client 127.0.0.1 /mnt/a fscsize=1G
	refused fsc-unit 'fscsize= is not a number' mount_client 127.0.0.1 /mnt/a "fsc=$disk,fscsize=64MB"
	refused fsc-huge 'fscsize= is not a number' mount_client 127.0.0.1 /mnt/a "fsc=$disk,fscsize=18446744073709551615K"
	refused fsc-small 'fscsize=16776192 is less than' mount_client 127.0.0.1 /mnt/a "fsc=$disk,fscsize=16383K"
	refused fsc-few 'fscfiles=15 is not within' mount_client 127.0.0.1 /mnt/a "fsc=$disk,fscfiles=15"
	refused fsc-anybodys 'fsc: ' mount_client 127.0.0.1 /mnt/a "fsc=$lower/served"
}

# A name with what /proc/mounts has to escape.
disk_shown() {
	mount_client 127.0.0.1 /mnt/a "fsc=$disk,fscsize=64M,fscfiles=100" &&
		shows /mnt/a "fsc=${disk// /\\040}" fscsize=67108864 fscfiles=100 || return
	mount -o remount,fscfiles=101 /mnt/a && return 1
	umount /mnt/a
}

# Nothing is kept, and the log says so.
disk_of_plain() {
	local log
	echo hf-disk-of-plain >/dev/kmsg
	mount_client 127.0.0.1 /mnt/a "fsc=$disk,version=9p2000.L" || return
	! shows /mnt/a "fsc=${disk// /\\040}" || return
	log=$(dmesg)
	[[ ${log##*hf-disk-of-plain} == *'tells no identity: nothing is cached'* ]] || return
	umount /mnt/a && [ -z "$(ls -A "$disk")" ]
}

remounts() {
	check remount-ac eval 'mount -o remount,ac=7 /mnt/a && shows /mnt/a ac=7'
	refused remount-cache 'cache cannot be changed' mount -o remount,cache=loose /mnt/a
	refused remount-msize 'msize cannot be changed' mount -o remount,msize=8192 /mnt/a
	check remount-ro eval 'mount -o remount,ro /mnt/a && ! touch /mnt/a/x && mount -o remount,rw /mnt/a'
}

# On a filesystem that can share blocks.
clones() {
	local cache
	[ -e /dev/loop-control ] || modprobe loop || return
	mkdir -p "$top/image" "$top/sharing" /mnt/c && mount -t tmpfs none "$top/image" &&
		truncate -s 320M "$top/image/xfs" && mkfs.xfs -q -m reflink=1 "$top/image/xfs" &&
		mount -o loop "$top/image/xfs" "$top/sharing" || return
	ninep_export sharing "$top/sharing" clients=127.0.0.0/8 squash=none || return
	for cache in none strict loose; do
		mount -t holdfast9p -o "aname=sharing,localio=off,cache=$cache" 127.0.0.1 /mnt/c &&
			python3 "$HF_HERE/client/clones.py" "$top/sharing" /mnt/c && umount /mnt/c || return
	done
	ninep_off exports/sharing && umount "$top/sharing" && umount "$top/image"
}

# messages NAME OPTIONS: what the client asks for, by itself.
messages() {
	local name=$1
	mkdir -p /mnt/m && mount -t holdfast9p -o "localio=off,$2" 127.0.0.1 /mnt/m || return
	relay env HF_ADDRESS=127.0.0.1 HF_OPTIONS="$2" \
		python3 "$HF_HERE/client/messages.py" /mnt/m "messages-$name" "$name"
	umount /mnt/m && rm -r "$lower/served/messages"
}

serve
as_the_directory none 127.0.0.1 trans=tcp,cache=none
as_the_directory loose 127.0.0.1 trans=tcp,cache=loose,ac=1
as_the_directory client /run/hf/9p trans=unix,cache=strict,access=client,ac=5,soft,timeo=30
phase options
disk="$top/ext4/the disk"
mkdir -p /mnt/a
mkdir -m 700 "$disk"
refused_options
check fsc-of-plain disk_of_plain
check fsc-shown disk_shown
check remount-mount mount_client 127.0.0.1 /mnt/a cache=none
remounts
check remount-unmount umount /mnt/a
check clones clones
phase messages
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
messages loose aname=data,cache=loose
messages strict aname=data,cache=strict,ac=3600
messages plain aname=data,cache=strict,ac=3600,version=9p2000.L
check remove ninep_remove
check unmount umount "$top/ext4"
hf_finish
