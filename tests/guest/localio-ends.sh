#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client's way round the network, and its end: no mount keeps anything of its
# server's, be it idle, stopped, or out of reach; the handshake and who else has a hand in it;
# messages that nobody has sent; filesystems that are frozen; and all of that at random.
# /dev/vda is the disk, /dev/vdb the one that has to be free.
#
# HF_ROUNDS: so many rounds at random.  By hand: HF_PARTS chooses some of the parts (hf_finish then
# misses the other results).
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"
. "$HF_HERE/localio/far.sh"
export HF_SEED=${HF_SEED:-$RANDOM}
parts=${HF_PARTS:-handshake injected all_frozen at_random namespaces ends}
rounds=30 files=1000
[ "$HF_KERNEL" != debug ] || rounds=10
rounds=${HF_ROUNDS:-$rounds}
unset HF_ROUNDS
# A hang is told from a slow end by this, in seconds.
hang=120

# --- a server of a stack of its own, in a namespace of its own, and a client in another

# place_begins: /dev/vdb, holdfast on it, an export of that, a listener in the namespace srv.
place_begins() {
	make_fs ext4 /dev/vdb "$top/below" && mkdir -p "$top/below/served" "$top/exported" &&
		mount -t holdfast "$top/below/served" "$top/exported" &&
		ninep_export idle "$top/exported" clients='10.77.0.0/16 unix' squash=none || return
	far_begins srv 1 && ip -n srv route add default via 10.77.1.1 && far_begins far 2 &&
		ip -n far route add default via 10.77.2.1 && echo 1 >/proc/sys/net/ipv4/ip_forward || return
	mkdir $ninep_config/listeners/idle && ninep_set listeners/idle address=tcp:10.77.1.2:564 &&
		nsenter --net=/run/netns/srv bash -c "echo 1 >$ninep_config/listeners/idle/enabled" || return
	mkdir -p /mnt/idle
}
mount_far() {
	nsenter --net=/run/netns/far mount -t holdfast9p -o "aname=idle,cache=$1,localio=on" 10.77.1.2 /mnt/idle
}

# idle_begins COUNT: files that are open, of a client that does nothing, not even if it is told to.
idle_begins() {
	local said
	coproc IDLE { exec python3 "$here/idle.py" /mnt/idle "$top/exported" "$1" 2>&1; }
	idle=$IDLE_PID idle_in=${IDLE[1]} idle_out=${IDLE[0]}
	read -r said <&"$idle_out" && echo "$said" && [ "$said" = "open $1" ] && has_links 1
}
idle_stops() { kill -STOP "$idle" && wait_until 60 grep -q '^State:.T' "/proc/$idle/status"; }
# It is told that, and says so.
idle_says() {
	local said
	echo "$1" >&"$idle_in" && read -r said <&"$idle_out" && echo "$said" && [ "$said" = "$2" ]
}
# Whatever it has fails, and it can go, and its mount.
idle_ends() {
	kill -CONT "$idle" && idle_says end ended && wait_until 60 hf_gone "$idle" && umount /mnt/idle
}
still_mounted() { grep -q ' /mnt/idle holdfast9p ' /proc/mounts && grep -q '^State:.T' "/proc/$idle/status"; }

free_disk() {
	check "$1-umount-exported" within $hang umount "$top/exported"
	check "$1-umount-lower" within $hang umount "$top/below"
	check "$1-disk-free" is_free /dev/vdb
}

# All of it, while the client sleeps; the module last.
all_ends() {
	check all-begin place_begins
	check all-mount mount_far strict
	check all-open idle_begins $files
	check all-stopped idle_stops
	check all-disable within $hang ninep_off exports/idle
	check all-no-link has_links 0
	check all-rmdir within $hang rmdir $ninep_config/exports/idle
	free_disk all
	check all-listener within $hang eval 'ninep_off listeners/idle && rmdir $ninep_config/listeners/idle'
	check all-namespace far_ends srv
	check all-others ninep_remove
	check all-rmmod within $hang rmmod holdfast_ninep_server
	# Another one at another address, perhaps, and none of its operations is the old one's.
	check all-load-again ninep_load
	check all-still-mounted still_mounted
	check all-idle-ends idle_ends
	check all-client-namespace far_ends far
}

# The namespace first: with it its listener's connections, and their links.
namespace_ends() {
	check namespace-begin place_begins
	check namespace-mount mount_far loose
	check namespace-open idle_begins 50
	check namespace-stopped idle_stops
	check namespace-del far_ends srv
	check namespace-no-link wait_until $hang has_links 0
	check namespace-still-mounted still_mounted
	check namespace-disable within $hang ninep_off exports/idle
	free_disk namespace
	check namespace-idle-ends idle_ends
	check namespace-client far_ends far
	check namespace-rmdir rmdir $ninep_config/{exports,listeners}/idle
}

# Export and listener stay; the file system is wanted for something else, by rmdir alone.
rmdir_ends() {
	check rmdir-begin place_begins
	check rmdir-mount mount_far none
	check rmdir-open idle_begins 50
	check rmdir-stopped idle_stops
	check rmdir-export within $hang rmdir $ninep_config/exports/idle
	check rmdir-no-link wait_until $hang has_links 0
	check rmdir-umount-exported wait_until $hang umount "$top/exported"
	check rmdir-umount-lower within $hang umount "$top/below"
	check rmdir-still-mounted still_mounted
	check rmdir-idle-ends idle_ends
	check rmdir-listener rmdir $ninep_config/listeners/idle
	check rmdir-srv far_ends srv
	check rmdir-far far_ends far
}

# Its server is not to be reached any more: a relay between them has stopped.  What is open goes on
# without it, and the server's end needs no answer.
out_of_reach() {
	local relay
	make_fs ext4 /dev/vdb "$top/below" && mkdir -p "$top/below/served" && mount -t holdfast "$top/below/served" "$top/exported" &&
		ninep_export idle "$top/exported" clients=unix squash=none || return
	python3 "$HF_HERE/client/relay.py" /run/hf/relay /run/hf/9p >/run/hf/relay-says &
	relay=$!
	wait_until 60 grep -q listens /run/hf/relay-says || return
	mount -t holdfast9p -o trans=unix,aname=idle,cache=none,localio=on /run/hf/relay /mnt/idle && idle_begins 20 || return
	kill -STOP "$relay" && wait_until 60 grep -q '^State:.T' "/proc/$relay/status" || return
	idle_says io done || return
	within $hang ninep_off exports/idle && within $hang rmdir $ninep_config/exports/idle &&
		within $hang umount "$top/exported" && within $hang umount "$top/below" && is_free /dev/vdb || return
	kill -CONT "$relay" && idle_says end ended && wait_until 60 hf_gone "$idle" && umount /mnt/idle || return
	kill "$relay" && wait_until 60 hf_gone "$relay"
}

# A disk that answers nothing: I/O by a link keeps its own export from stopping, and who waits for
# that can be killed; but not the namespace of its client, nor any other one.
hung_disk() {
	local attribute reader
	echo "0 $(blockdev --getsz /dev/vdb) linear /dev/vdb 0" | dmsetup create --noudevsync slow && dmsetup mknodes slow || return
	make_fs ext4 /dev/mapper/slow "$top/slow" && head -c 100000 /dev/urandom >"$top/slow/file" || return
	ninep_export slow "$top/slow" clients='10.77.0.0/16' squash=none && far_begins far 2 &&
		ninep_listener far tcp:10.77.2.1:564 && mkdir -p /mnt/far || return
	nsenter --net=/run/netns/far mount -t holdfast9p -o aname=slow,cache=none,localio=on 10.77.2.1 /mnt/far || return
	exec 8</mnt/far/file
	dd if=/dev/fd/8 of=/dev/null bs=4k count=1 status=none || return
	umount "$top/slow" && sync && echo 3 >/proc/sys/vm/drop_caches
	dmsetup suspend --noudevsync --noflush --nolockfs slow || return
	head -c 50000 <&8 >/run/hf/slow &
	reader=$!
	wait_until 60 grep -q '^State:.D' "/proc/$reader/status" || return
	for attribute in localio=0 clients=unix enabled=0; do
		timeout -s KILL 3 bash -c "echo ${attribute#*=} >$ninep_config/exports/slow/${attribute%=*}"
		[ $? = 137 ] || { echo "the write of $attribute ended by itself"; return 1; }
	done
	within $hang rmdir $ninep_config/exports/slow || return
	within $hang ninep_off exports/data && within $hang ninep_on exports/data || return
	far_begins other 3 && far_ends other && far_ends far || return
	grep '^link [0-9]* draining' /proc/fs/holdfast/localio && [ ! -s /run/hf/slow ] || return
	dmsetup resume --noudevsync slow || return
	wait_until $hang hf_gone $reader && wait_until $hang eval '! grep "^link" /proc/fs/holdfast/localio' || return
	exec 8<&-
	wait_until $hang eval '! grep -q "^export slow" $ninep_proc' && umount /mnt/far &&
		ninep_off listeners/far && rmdir $ninep_config/listeners/far || return
	wait_until 60 dmsetup remove --noudevsync slow && is_free /dev/vdb
}

# The client's namespace ends under a mount that is nobody's any more, but has a file open, in use.
client_namespace() {
	far_begins far 2 && ninep_listener far tcp:10.77.2.1:564 && mkdir -p /mnt/far || return
	head -c 1M /dev/urandom >"$lower/served/file"
	nsenter --net=/run/netns/far mount -t holdfast9p -o aname=data,cache=none,localio=on 10.77.2.1 /mnt/far || return
	(
		exec 8<>/mnt/far/file
		: >/run/hf/far-open
		while dd if=/dev/fd/8 of=/dev/null bs=64k count=4 status=none && dd if=/dev/zero bs=4k count=1 status=none >&8; do :; done
		: >/run/hf/far-ended
	) 2>/dev/null &
	wait_until 60 test -e /run/hf/far-open && wait_until 60 grep -q 'linked .*written [1-9]' /proc/fs/holdfast/localio || return
	umount -l /mnt/far && far_ends far && wait_until $hang test -e /run/hf/far-ended && wait $! || return
	wait_until 60 has_links 0 && ninep_off listeners/far && rmdir $ninep_config/listeners/far
}

# points_at NAME DIRECTORY: what the export is of from here on.
points_at() {
	check "$1-export" eval "ninep_off exports/data && ninep_set exports/data path=$2 && ninep_on exports/data"
}

# frozen NAME DIRECTORY LOWER: exported is DIRECTORY; LOWER is frozen.
frozen() {
	points_at "$1" "$2"
	relay python3 "$here/frozen.py" "$2" /run/hf/9p "$1-" "$3"
}

handshake() { relay python3 "$here/replay.py" "$lower/served" /run/hf/9p hello-; }

injected() { relay python3 "$here/injected.py" "$lower/served" /run/hf/9p injected-; }

all_frozen() {
	frozen frozen "$lower/served" "$top/ext4"
	frozen frozen-below "$top/hold" "$top/ext4"
}

at_random() {
	points_at rounds "$top/hold"
	relay python3 "$here/rounds.py" "$top/hold" /run/hf/9p "$top/ext4" "$rounds" "$HF_SEED"
}

namespaces() {
	points_at namespaces "$lower/served"
	check client-namespace client_namespace
	check hung-disk hung_disk
}

ends() {
	check out-of-reach out_of_reach
	rmdir_ends
	namespace_ends
	all_ends
	check export-again ninep_export data "$lower/served" clients='127.0.0.0/8 unix' squash=none
	check listeners-again listeners
	check mount-again mount_client 127.0.0.1 /mnt/a cache=none,localio=on
	check text-again eval 'echo text >/mnt/a/text && [ "$(<"$lower/served/text")" = text ] && has_links 1'
	check umount-again umount /mnt/a
}

listeners() { ninep_listener tcp tcp:127.0.0.1:564 && ninep_listener unix unix:/run/hf/9p; }

serve
check far-clients ninep_set exports/data clients='127.0.0.0/8 unix 10.77.0.0/16'
mkdir -p /mnt/a /mnt/idle /mnt/far "$top/exported" "$top/hold" "$top/below" "$top/slow" "$top/ext4/held"
modprobe dm-mod 2>/dev/null
check hold mount -t holdfast "$top/ext4/held" "$top/hold"
for part in $parts; do
	phase "$part"
	"$part"
done
check remove ninep_remove
check unmount eval 'umount "$top/hold" && umount "$top/ext4"'
hf_finish
