#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client goes round the network: that it does, for each kind of I/O, and to the same
# bytes as by the wire, whatever is mapped, whoever writes beside it, and while links come
# and go; with memory of whatever kind; with the rights that the wire gives.  (How it ends:
# localio-ends.)  /dev/vda and /dev/vdb are the disks.
#
# HF_ROUNDS: so many rounds of each kind of memory.  By hand: HF_PARTS chooses some of the parts
# (hf_finish then misses the other results).
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"
. "$HF_HERE/localio/far.sh"
export HF_SEED=${HF_SEED:-$RANDOM}
parts=${HF_PARTS:-goes_round oracle links_come_and_go pages all_buffers all_rights all_direct depths}
kinds="ext4 xfs tmpfs holdfast" steps=300 switches=8 rounds=100
if [ "$HF_KERNEL" = debug ]; then
	steps=120 switches=4 rounds=25
	HF_EXPECTED=/run/hf/expected
	grep -v '^btrfs-' "$HF_HERE/$HF_TEST.expected" >$HF_EXPECTED
else
	kinds+=" btrfs"
fi

# The client's network is another one.
goes_far() {
	check far-begins far_begins far 1
	check far-clients ninep_set exports/data clients='127.0.0.0/8 unix 10.77.0.0/16'
	check far-listener ninep_listener far tcp:10.77.1.1:564
	mkdir -p /mnt/far
	check far-mount nsenter --net=/run/netns/far mount -t holdfast9p -o aname=data,cache=strict,localio=on \
		10.77.1.1 /mnt/far
	relay python3 "$here/goes.py" /mnt/far "$lower/served" far
	check far-unmount umount /mnt/far
	check far-off ninep_off listeners/far
	check far-ends far_ends far
}

# default_is_on: who says nothing has a link.
default_is_on() {
	mkdir -p /mnt/a && mount -t holdfast9p -o aname=data 127.0.0.1 /mnt/a && wait_until 30 has_links 1 &&
		umount /mnt/a && wait_until 30 has_links 0
}

# In each mode, while links come and go.
switched() {
	check "switched-$1-mount" mount_client 127.0.0.1 /mnt/a "cache=$1,localio=on"
	relay python3 "$here/switched.py" data "switched-$1" $switches bash -c \
		"python3 $HF_HERE/client/bytes.py $lower/direct /mnt/a $lower/served bytes $steps \$0 ranges"
	check "switched-$1-unmount" umount /mnt/a
}

# By hand of interrupts, to and from a device, while links come and go; it verifies itself.
switched_fio() {
	check switched-fio-mount mount_client 127.0.0.1 /mnt/a cache=none,localio=on
	relay python3 "$here/switched.py" data switched-fio $switches bash -c "fio --name=x --filename=/mnt/a/fio \
		--rw=randrw --bs=4k --size=2m --iodepth=8 --ioengine=libaio --direct=1 --fallocate=none --verify=crc32c \
		--verify_fatal=1 --verify_state_save=0 --randseed=\$0 >/dev/null; rm /mnt/a/fio"
	check switched-fio-unmount umount /mnt/a
}

# make_kind KIND: a filesystem of that kind, with a directory "served".
make_kind() {
	case $1 in
	ext4) ;;
	holdfast) mkdir -p "$top/holdfast" "$top/ext4/held/served" && mount -t holdfast "$top/ext4/held" "$top/holdfast" ;;
	btrfs)
		modprobe -a btrfs loop && mkdir -p "$top/image" "$top/btrfs" && mount -t tmpfs none "$top/image" &&
			truncate -s 300M "$top/image/btrfs" && mkfs.btrfs -q "$top/image/btrfs" &&
			mount -o loop "$top/image/btrfs" "$top/btrfs" ;;
	*) make_lower "$1" ;;
	esac && mkdir -p "$top/$1/served"
}

# buffers KIND: I/O whose memory is the file, on a filesystem that locks in its own way.
buffers() {
	check "$1-make" make_kind "$1"
	check "$1-export" eval "ninep_off exports/data && ninep_set exports/data path=$top/$1/served && ninep_on exports/data"
	relay env HF_ROUNDS="${HF_ROUNDS:-$rounds}" python3 "$here/buffers.py" "$top/$1/served" /run/hf/9p "$1-"
}

# Two by the link, two by the wire, two below.
appends() {
	local cache
	for cache in none strict; do
		mount_client 127.0.0.1 /mnt/a "cache=$cache,localio=on" && mount_client /run/hf/9p /mnt/b \
			"trans=unix,cache=$cache,localio=off" && wait_until 30 has_links 1 || return
		python3 "$HF_HERE/client/appends.py" "$lower/served" /mnt/a /mnt/b "$lower/served" || return
		grep ' linked ' /proc/fs/holdfast/localio
		! grep -q ' linked .* written 0 ' /proc/fs/holdfast/localio || return
		umount /mnt/a && umount /mnt/b || return
	done
}

# A filesystem in a file of the mount: a thread of the kernel's reads and writes, which others
# wait for to have memory.
loop_on_it() {
	local loop
	mount_client 127.0.0.1 /mnt/a cache=strict,localio=on && truncate -s 24M /mnt/a/image &&
		loop=$(losetup --show -f /mnt/a/image) && mkfs.ext4 -q -F "$loop" && mount "$loop" /mnt/b || return
	head -c 5M /dev/urandom >/mnt/b/file && cp /mnt/b/file /mnt/b/copy && sync && echo 3 >/proc/sys/vm/drop_caches &&
		cmp /mnt/b/file /mnt/b/copy && umount /mnt/b && losetup -d "$loop" || return
	umount /mnt/a && e2fsck -fn "$lower/served/image" && rm "$lower/served/image"
}

# More is dirty of a mapping than a control group may have, and is read by the link.
pressed() {
	local group=/sys/fs/cgroup/pressed
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup || return
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control && mkdir $group || return
	echo 67108864 >$group/memory.max && echo 50331648 >$group/memory.high || return
	mount_client 127.0.0.1 /mnt/a cache=loose,localio=on || return
	(
		echo $BASHPID >$group/cgroup.procs
		exec python3 - /mnt/a/pressed $((80 << 20)) <<-'PY'
			import mmap, os, sys
			path, size = sys.argv[1], int(sys.argv[2])
			fd = os.open(path, os.O_CREAT | os.O_RDWR)
			os.ftruncate(fd, size)
			page = mmap.mmap(fd, size)
			for at in range(0, size, 4096):
			    page[at:at + 8] = b"%08d" % (at // 4096)
			page.close()
			for begin in range(0, size, 1 << 20):
			    data = os.pread(fd, 1 << 20, begin)
			    for at in range(0, 1 << 20, 4096):
			        assert data[at:at + 8] == b"%08d" % ((begin + at) // 4096), begin + at
			    os.pwrite(fd, data.replace(b"0", b"x"), begin)
			os.fsync(fd)
		PY
	) || return
	umount /mnt/a && [ "$(stat -c %s "$lower/served/pressed")" = $((80 << 20)) ] &&
		[ "$(head -c 4104 "$lower/served/pressed" | tr -d '\0')" = xxxxxxxxxxxxxxx1 ] || return
	rm "$lower/served/pressed" && rmdir $group
}

# A small filesystem, half of it root's, of which user 1000 may have 1 MiB.
rights() {
	mkdir -p "$top/small" && truncate -s 24M "$top/images/small" || return
	mkfs.ext4 -q -F -m 50 -O quota "$top/images/small" && mount -o loop,usrquota "$top/images/small" "$top/small" || return
	quotaon -u "$top/small" 2>/dev/null
	setquota -u 1000 0 1024 0 0 "$top/small"
}

# direct NAME DIRECTORY: on and off, and memory of any kind.
direct() {
	check "$1-export" ninep_export direct "$2" clients=unix squash=none
	mkdir -p /mnt/a /mnt/b
	check "$1-mount" eval 'mount -t holdfast9p -o trans=unix,aname=direct,cache=none,localio=on /run/hf/9p /mnt/a &&
		mount -t holdfast9p -o trans=unix,aname=direct,cache=none,localio=off /run/hf/9p /mnt/b'
	relay python3 "$here/direct.py" /mnt/a /mnt/b "$2" "$1" $steps "$HF_SEED"
	check "$1-unmount" eval 'umount /mnt/a && umount /mnt/b'
	ninep_off exports/direct && rmdir $ninep_config/exports/direct
}

big_sectors() {
	local loop
	truncate -s 64M "$top/images/4kn" && loop=$(losetup --show -f --sector-size 4096 "$top/images/4kn") &&
		mkfs.ext4 -q -F "$loop" && mkdir -p "$top/4kn" && mount "$loop" "$top/4kn" && losetup -d "$loop" &&
		[ "$(cat "/sys/block/${loop#/dev/}/queue/logical_block_size")" = 4096 ]
}

# A directory of a mount is served again, and again; each layer has the next one's bytes, and
# those of a mount that has a link, or is two deep by itself, go by the wire.
recursion() {
	local path=$lower/served/deep name before
	mkdir -p "$path"
	for name in one two three; do
		ninep_export "$name" "$path" clients=127.0.0.0/8 squash=none && mkdir -p "/mnt/$name" &&
			mount -t holdfast9p -o "aname=$name,cache=none,localio=on" 127.0.0.1 "/mnt/$name" || return
		path=/mnt/$name
	done
	before=$(sed -n 's/^localio_fall_backs //p' /proc/fs/holdfast/stats)
	head -c 300000 /dev/urandom >/mnt/three/file && cmp /mnt/three/file "$lower/served/deep/file" || return
	cat /proc/fs/holdfast/localio
	# One mount of the three has moved them.
	[ "$(grep -c ' linked .* written [1-9]' /proc/fs/holdfast/localio)" = 1 ] || return
	[ "$(sed -n 's/^localio_fall_backs //p' /proc/fs/holdfast/stats)" -gt "$before" ] || return
	umount /mnt/three /mnt/two /mnt/one
	for name in three two one; do ninep_off "exports/$name" && rmdir "$ninep_config/exports/$name" || return; done
}

# What is one deep is borrowed, what is two deep is not.
depth() {
	local i below=$lower/served/deep
	mkdir -p "$top/ovl1" "$top/ovl2" "$top/layers" && mount -t tmpfs none "$top/layers" &&
		mkdir "$top"/layers/{up1,work1,up2,work2} || return
	mount -t overlay -o "lowerdir=$below,upperdir=$top/layers/up1,workdir=$top/layers/work1" ovl "$top/ovl1" &&
		mount -t overlay -o "lowerdir=$top/ovl1,upperdir=$top/layers/up2,workdir=$top/layers/work2" ovl "$top/ovl2" || return
	for i in 1 2; do
		ninep_export "ovl$i" "$top/ovl$i" clients=127.0.0.0/8 squash=none || return
		mount -t holdfast9p -o "aname=ovl$i,cache=none,localio=on" 127.0.0.1 /mnt/a || return
		echo "through $i" >/mnt/a/through && [ "$(cat "$top/ovl$i/through")" = "through $i" ] || return
		cat /proc/fs/holdfast/localio
		[ "$(grep -c ' linked .* written [1-9]' /proc/fs/holdfast/localio)" = $((2 - i)) ] || return
		umount /mnt/a && ninep_off "exports/ovl$i" && rmdir "$ninep_config/exports/ovl$i" || return
	done
	umount "$top/ovl2" && umount "$top/ovl1" && umount "$top/layers"
}

# overlay_on OPTIONS: a mount as a layer of an overlay.
overlay_on() {
	mkdir -p "$top/ovl" && mount_client 127.0.0.1 /mnt/a "cache=strict,$1" && mount -t tmpfs none "$top/ovl" &&
		mkdir "$top"/ovl/{up,work,at} || return
	# With localio=on it has to be refused.
	if mount -t overlay -o "lowerdir=/mnt/a,upperdir=$top/ovl/up,workdir=$top/ovl/work" ovl "$top/ovl/at"; then
		echo text >"$top/ovl/at/file" && [ "$(cat "$top/ovl/at/file")" = text ] && umount "$top/ovl/at"
		echo mounted
	else
		echo refused
	fi
	umount "$top/ovl" && umount /mnt/a
}

# What is written to an overlay by hand of interrupts is over below it, too, when it is: that can be
# frozen then.
overlay_aio() {
	local below=$top/ext4/layers
	mkdir -p "$top/ovl" "$below"/{low,up,work} && mount -t overlay -o \
		"lowerdir=$below/low,upperdir=$below/up,workdir=$below/work" ovl "$top/ovl" &&
		head -c 256K /dev/zero >"$top/ovl/fio" && ninep_export ovl "$top/ovl" clients=unix squash=none || return
	mount -t holdfast9p -o trans=unix,aname=ovl,cache=none,localio=on /run/hf/9p /mnt/a || return
	fio --name=x --filename=/mnt/a/fio --rw=randwrite --bs=4k --size=256k --iodepth=8 --ioengine=libaio \
		--direct=1 --fallocate=none --verify=crc32c --verify_fatal=1 --verify_state_save=0 >/dev/null || return
	grep ' linked .* read [1-9].* written [1-9]' /proc/fs/holdfast/localio || return
	within 60 fsfreeze -f "$top/ext4" && fsfreeze -u "$top/ext4" || return
	umount /mnt/a && ninep_off exports/ovl && rmdir "$ninep_config/exports/ovl" && umount "$top/ovl" && rm -r "$below"
}

goes_round() {
	goes tcp-none 127.0.0.1 trans=tcp,cache=none,localio=on fio
	goes unix-strict /run/hf/9p trans=unix,cache=strict,localio=on fio
	goes tcp-loose 127.0.0.1 trans=tcp,cache=loose,localio=on
	goes wire 127.0.0.1 trans=tcp,cache=none,localio=off wire
	goes plain 127.0.0.1 trans=tcp,cache=none,version=9p2000.L,localio=on wire
	goes_far
	check default-is-on default_is_on
}

oracle() {
	as_the_directory on-none 127.0.0.1 trans=tcp,cache=none,localio=on
	as_the_directory on-strict /run/hf/9p trans=unix,cache=strict,localio=on
	as_the_directory on-loose 127.0.0.1 trans=tcp,cache=loose,localio=on
}

links_come_and_go() {
	switched none
	switched strict
	switched loose
	switched_fio
}

pages() {
	relay python3 "$here/pages.py" "$lower/served" /run/hf/9p pages-
	check appends appends
	check loop-on-it loop_on_it
	check pressed pressed
}

all_buffers() {
	local kind
	for kind in $kinds; do buffers "$kind"; done
	check data-again eval "ninep_off exports/data && ninep_set exports/data path=$lower/served && ninep_on exports/data"
}

all_rights() {
	check small rights
	relay python3 "$here/rights.py" rights "$lower/served" "$top/small"
}

all_direct() {
	mkdir "$lower/served/direct"
	direct direct "$lower/served/direct"
	check big-sectors big_sectors
	direct direct-4kn "$top/4kn"
}

depths() {
	check recursion recursion
	check depth depth
	check overlay-aio overlay_aio
	check overlay-on [ "$(overlay_on localio=on 2>/dev/null)" = refused ]
	check overlay-off [ "$(overlay_on localio=off)" = mounted ]
}

serve
mkdir -p /mnt/a /mnt/b "$top/images"
mount -t tmpfs none "$top/images"
modprobe -a loop overlay 2>/dev/null
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
chmod 1777 "$lower/served"
for part in $parts; do
	phase "$part"
	"$part"
done
check remove ninep_remove
hf_finish
