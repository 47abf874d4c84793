#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a mount takes over from LOWERDIR, and from its mount: flags, the identity
# that file handles are bound to, encryption, device numbers; and holdfast as a layer of an
# overlay. On the stock kernel, which has overlay and btrfs.
#
# By hand: HF_PARTS chooses some of the parts.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
parts=${HF_PARTS:-flags sync keys encrypted devices layers}
base=$top/base
mnt=$top/mnt
low=$base/lower

# ext4 in a file, which writes nothing but what it is told to.
make_image() {	# IMAGE MOUNTPOINT [SIZE]
	truncate -s "${3:-8M}" "$1" && mkdir -p "$2" &&
		mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1" &&
		mount -o loop,commit=3600 "$1" "$2" && mkdir -p "$2/lower"
}

# --- the flags of LOWERDIR's mount

flags() {
	phase flags
	mkdir -p "$base"
	mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$base" && mkdir -m 777 "$low"
	cp /bin/true "$low/true"
	mknod -m 666 "$low/null" c 1 3
	mkfifo "$low/fifo"
	check flags-mount mount -t holdfast "$low" "$mnt"
	refused noexec "Permission denied" "$mnt/true"
	check noexec-map "$here/noexec.py" "$low/true" "$mnt/true"
	refused nodev "Permission denied" bash -c "echo x >$mnt/null"
	check nodev-fifo bash -c "echo x <>$mnt/fifo >&0"
	umount "$mnt"

	mount -o remount,suid,dev,exec "$base"
	check flags-off mount -t holdfast "$low" "$mnt"
	check exec-runs "$mnt/true"
	mkdir "$low/point" && touch "$low/point/under" && mount -t tmpfs tmpfs "$low/point" && touch "$low/point/over"
	check mount-point-below [ "$(ls "$mnt/point")" = under ]
	umount "$low/point" && rm -r "$low/point"
	check dev-opens bash -c "echo x >$mnt/null"
	mount -o remount,bind,noexec "$mnt"
	check noexec-remap "$here/remap.py" "$mnt/data"
	mount -o remount,bind,exec "$mnt"
	second_mount
	umount "$mnt"
	rm "$low"/*

	mount -o remount,nosuid "$base"
	mount -t holdfast "$low" "$mnt"
	relay "$here/setid.py" "$low" "$mnt" refused
	mount -o remount,bind,nosuid "$mnt"
	relay "$here/setid.py" "$low" "$mnt" plain
	umount "$mnt"
	umount "$base"
}

# With $mnt mounted: a second one gets what it asks for, or a reason.
second_mount() {
	local second=$top/second bind=$base/bind flag
	mkdir -p "$second" "$bind"
	for flag in ro sync dirsync; do
		refused "second-$flag" "LOWERDIR '$low': is mounted" mount -t holdfast -o $flag "$low" "$second"
	done
	check second-same mount -t holdfast -o rw,async "$low" "$second"
	umount "$second"
	for flag in nosuid nodev noexec noatime nodiratime; do
		mount --bind "$low" "$bind" && mount -o "remount,bind,$flag" "$bind"
		refused "second-through-$flag" "other flags" mount -t holdfast -o rw "$bind" "$second"
		umount "$bind"
	done
	mount --bind "$low" "$bind"
	check second-through-same mount -t holdfast "$bind" "$second"
	umount "$second" && umount "$bind"
	refused lazytime lazytime mount -t holdfast -o lazytime "$base/bind" "$second"
	refused lazytime-remount lazytime mount -o remount,lazytime "$mnt"
	refused dirsync-remount dirsync mount -o remount,dirsync "$mnt"
}

# --- sync, dirsync, noatime

crash() {	# PREFIX OPTIONS MODE [remounted]
	mount -t holdfast -o "$2" "$low" "$mnt"
	relay "$here/crash.py" "$top/store/image" "$top/store/copy" "$mnt" "$1" "$3" "${@:4}"
	umount "$mnt"
}

syncs() {
	phase sync
	mkdir -p "$top/store"
	[ -e /dev/loop-control ] || modprobe loop
	mount -t tmpfs -o size=100m tmpfs "$top/store"
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
	check image make_image "$top/store/image" "$base"
	crash async rw async
	crash dirsync dirsync dirsync
	crash sync sync sync
	crash resync rw sync remounted
	mount -t holdfast -o sync,dirsync "$low" "$mnt"
	check sync-shown grep -q "$mnt holdfast rw,sync,dirsync" /proc/mounts
	umount "$mnt"
	relay "$here/atime.py" "$low" "$mnt"
	umount "$base" && umount "$top/store"
}

# --- whose the key is

keys() {
	phase keys
	mkdir -p "$top/keys" "$top/store"
	[ -e /dev/loop-control ] || modprobe loop
	mount -t tmpfs tmpfs "$top/keys" && mount -t tmpfs -o size=100m tmpfs "$top/store"
	relay "$here/key.py" "$top/keys" "$top/store"
	umount "$top/keys" && umount "$top/store"
}

# --- encrypted directories, files under fs-verity

encrypted() {
	local store=$top/store disk=$top/disk
	phase encrypted
	[ -e /dev/loop-control ] || modprobe loop
	mkdir -p "$store" "$disk" && mount -t tmpfs -o size=100m tmpfs "$store"
	truncate -s 32M "$store/image" && mkfs.ext4 -q -F -b 4096 -O encrypt,verity "$store/image" &&
		mount -o loop "$store/image" "$disk" && mkdir "$disk/lower"
	relay "$here/encrypted.py" "$disk" "$mnt"
	umount "$disk" && umount "$store"
}

# --- a lower filesystem with several devices

overlay_of_two() {
	local one=$top/layer1 two=$top/layer2 ovl=$top/ovl
	mkdir -p "$one" "$two" "$ovl"
	mount -t tmpfs tmpfs "$one" && mount -t tmpfs tmpfs "$two" &&
		mkdir "$one/up" "$one/work" && echo 1 >"$one/up/file" && echo 2 >"$two/there" && mkdir "$two/dir" &&
		echo 3 >"$two/dir/there" && ln "$two/dir/there" "$two/dir/too" &&
		mount -t overlay -o "lowerdir=$two,upperdir=$one/up,workdir=$one/work,xino=off" ovl "$ovl"
}

subvolumes() {	# IMAGE MOUNTPOINT
	truncate -s 256M "$1" && mkdir -p "$2" && mkfs.btrfs -q "$1" && mount -o loop "$1" "$2" &&
		btrfs -q subvolume create "$2/one" && btrfs -q subvolume create "$2/one/two" && mkdir "$2/dir" &&
		echo 1 >"$2/file" && echo 1 >"$2/one/file" && echo 1 >"$2/one/two/file" && echo 1 >"$2/dir/file" &&
		btrfs -q subvolume snapshot "$2/one" "$2/dir/snapshot"
}

devices() {
	local ovl=$top/ovl store=$top/store disk=$top/disk
	phase devices
	[ -e /dev/loop-control ] || modprobe loop
	mkdir -p "$store" "$disk" && mount -t tmpfs -o size=300m tmpfs "$store"
	check overlay-of-two overlay_of_two
	check overlay-mount mount -t holdfast "$ovl" "$mnt"
	relay "$here/devices.py" "$ovl" "$mnt" overlay file there
	umount "$mnt" && umount "$ovl" && umount "$top/layer1" && umount "$top/layer2"
	check subvolumes subvolumes "$store/btrfs" "$disk"
	check btrfs-mount mount -t holdfast "$disk" "$mnt"
	relay "$here/devices.py" "$disk" "$mnt" btrfs one one/two dir/snapshot
	umount "$mnt"
	# A LOWERDIR in the middle, and one that is a subvolume.
	check subvolume-mount mount -t holdfast "$disk/one" "$mnt"
	relay "$here/devices.py" "$disk/one" "$mnt" subvolume two
	umount "$mnt" && umount "$disk" && umount "$store"
}

# --- the mount as a layer of an overlay

fill_layer() { (cd "$1" && mkdir dir && printf file >file && ln file link && printf other >other && printf dir >dir/file && touch gone); }

layers() {
	local plain=$top/plain ovl=$top/ovl
	phase layers
	mkdir -p "$base" "$plain" "$ovl"
	mount -t tmpfs tmpfs "$base" && mount -t tmpfs tmpfs "$plain"
	mkdir "$low" "$plain/up" "$plain/work" && fill_layer "$low" && mount -t holdfast "$low" "$mnt"
	check lower-layer-mount mount -t overlay -o "lowerdir=$mnt,upperdir=$plain/up,workdir=$plain/work" ovl "$ovl"
	relay "$here/layers.py" "$ovl" "$low" lower
	umount "$ovl" && umount "$mnt" && rm -r "${low:?}" "${plain:?}"/*
	mkdir -p "$low/up" "$low/work" "$plain/lower" && fill_layer "$plain/lower" && mount -t holdfast "$low" "$mnt"
	check upper-layer-mount mount -t overlay -o "lowerdir=$plain/lower,upperdir=$mnt/up,workdir=$mnt/work" ovl "$ovl"
	relay "$here/layers.py" "$ovl" "$low/up" upper
	umount "$ovl" && umount "$mnt"
	# The overlay does not know of nosuid, neither of LOWERDIR's nor of ours.
	mount -o remount,nosuid "$base" && cp /bin/true "$low/true" && cp -p "$low/true" "$low/setuid" && chmod 4755 "$low/setuid"
	mount -t holdfast -o nosuid "$low" "$mnt"
	mount -t overlay -o "lowerdir=$mnt:$plain/lower" ovl "$ovl"
	check nosuid-layer-plain "$ovl/true"
	refused nosuid-layer "Permission denied" "$ovl/setuid"
	umount "$ovl" && umount "$mnt" && umount "$base" && umount "$plain"
}

mkdir -p "$mnt"
check load hf_load
[[ $parts != *flags* ]] || flags
[[ $parts != *sync* ]] || syncs
[[ $parts != *keys* ]] || keys
[[ $parts != *encrypted* ]] || encrypted
[[ $parts != *devices* ]] || devices
[[ $parts != *layers* ]] || layers
phase finish
hf_finish
