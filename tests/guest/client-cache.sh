#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client's cache on disk (fsc=): that what was read is read again without the server;
# that it is what there is, whoever changes it, through a mount, at the server or in the
# cache's own directory; that a cache's filesystem that is full, read-only, frozen or broken
# costs nobody a wait or an error; that nobody waits in a circle; and what a power cut leaves.
# /dev/vda is the server's disk, /dev/vdb the cache's.
#
# HF_ROUNDS: so many, of what goes by rounds.  By hand: HF_PARTS chooses some of the parts
# (hf_finish then misses the other results).
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"
export HF_SEED=${HF_SEED:-$RANDOM} HF_IMAGES=$top/images HF_KERNEL
parts="options again written coherent trouble cycles power limits shared" troubles=
if [ "$HF_KERNEL" = debug ]; then
	# It has no dm-log-writes, and no dm-flakey.
	HF_EXPECTED=/run/hf/expected
	grep -v '^power-\|^trouble-fails-to-write$' "$HF_HERE/$HF_TEST.expected" >$HF_EXPECTED
	parts=${parts/ power/}
	troubles="full full-by-others read-only frozen frozen-xfs frozen-mount fails shut-down"
fi
parts=${HF_PARTS:-$parts}
cache=/srv/cache

# no_cache NAME TEXT OPTIONS: refused, in words, and nothing is mounted.
no_cache() {
	refused "$1" "$2" mount_client 127.0.0.1 /mnt/o "$3"
	if mountpoint -q /mnt/o; then hf_problem "$1 is mounted"; fi
}

# What can hold no cache.
unfit() {
	mkdir -m 700 $cache/{open,his,lower,work,upper,below,fit} && chmod 755 $cache/open && chown 1000 $cache/his &&
		: >$cache/file && mkdir -p "$top"/{ovl,held,mem} &&
		mount -t overlay -o "lowerdir=$cache/lower,upperdir=$cache/upper,workdir=$cache/work" ovl "$top/ovl" &&
		mount -t holdfast $cache/below "$top/held" && mount -t tmpfs none "$top/mem" &&
		mkdir -m 700 "$top"/{ovl,held,mem}/fsc
}

unfit_ends() {
	umount "$top/ovl" "$top/held" "$top/mem" && rm -r $cache/{open,his,lower,work,upper,below,file}
}

shown() {
	mount_client 127.0.0.1 /mnt/o "fsc=$cache/fit,fscsize=64M,fscfiles=100" &&
		shows /mnt/o "fsc=$cache/fit" fscsize=67108864 fscfiles=100 && umount /mnt/o || return
	mount_client 127.0.0.1 /mnt/o cache=strict && ! shows /mnt/o "fsc=$cache/fit" && umount /mnt/o
}

options() {
	check unfit unfit
	no_cache with-none 'fsc= goes with cache=strict and loose' "cache=none,fsc=$cache/fit"
	no_cache relative 'is not an absolute path' fsc=fit
	no_cache missing 'fsc: ' "fsc=$cache/missing"
	no_cache a-file 'fsc: ' "fsc=$cache/file"
	no_cache mode "it is not root's alone (mode 0700)" "fsc=$cache/open"
	no_cache owner "it is not root's alone (mode 0700)" "fsc=$cache/his"
	no_cache on-overlay 'its filesystem is stacked' "fsc=$top/ovl/fsc"
	no_cache on-holdfast 'its filesystem is stacked' "fsc=$top/held/fsc"
	no_cache on-tmpfs 'its filesystem is not a local one' "fsc=$top/mem/fsc"
	no_cache size-alone 'fscsize= and fscfiles= go with fsc=' fscsize=64M
	no_cache files-alone 'fscsize= and fscfiles= go with fsc=' fscfiles=100
	no_cache too-small 'is less than' "fsc=$cache/fit,fscsize=1M"
	no_cache too-few 'is not within' "fsc=$cache/fit,fscfiles=5"
	check shown shown
	check unfit-ends unfit_ends
}

# program NAME B [CASE...]: its cases, named after it.
program() {
	relay python3 "$HF_HERE/cache/$1.py" "$lower/served" /run/hf/9p "$2" "$1-" "${@:3}"
}

again() {
	program again $cache
	# On another filesystem.
	check xfs eval "mkdir -p /srv/xfs && truncate -s 320M $HF_IMAGES/xfs && mkfs.xfs -q -f $HF_IMAGES/xfs &&
		mount -o loop $HF_IMAGES/xfs /srv/xfs"
	relay python3 "$HF_HERE/cache/again.py" "$lower/served" /run/hf/9p /srv/xfs again-xfs- filled-mapped half
	check xfs-ends eval "wait_until 30 umount /srv/xfs && rm $HF_IMAGES/xfs"
}

written() { program written $cache; }
coherent() { program coherent $cache; }
# shellcheck disable=SC2086
trouble() { program trouble $cache $troubles; }
cycles() { program cycles $cache; }
limits() { program limits $cache; }
shared() { program shared $cache; }

power() { program power $cache; }

serve
mkdir -p /mnt/o $cache "$HF_IMAGES"
check cache eval "mkfs.ext4 -q -F /dev/vdb && mount /dev/vdb $cache"
mount -t tmpfs -o size=75% none "$HF_IMAGES"
modprobe -a loop overlay dm-mod dm-flakey dm-log-writes xfs 2>/dev/null
export DM_DISABLE_UDEV=1
chmod 1777 "$lower/served"
for part in $parts; do
	phase "$part"
	"$part"
done
check cache-ends wait_until 30 umount $cache
check remove ninep_remove
umount "$HF_IMAGES"
hf_finish
