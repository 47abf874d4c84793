#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client against what a network and a server can do to it: a proxy (client/proxy.py)
# delays, shortens, refuses and garbles what our server says, breaks off, or stops
# (client/relay.py).
# /dev/vda is the disk.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
here=$HF_HERE/client
server=/run/hf/9p

export HF_SEED=${HF_SEED:-$RANDOM}
debug=$([ "$HF_KERNEL" != debug ] || echo yes)

mount_client() { mkdir -p "$2" && mount -t holdfast9p -o "localio=off,$3" "$1" "$2"; }

# Of random steps, on what is mounted at /mnt/NAME, and then no more.
bytes_of() {
	relay python3 "$here/bytes.py" "$local" "/mnt/$1" "$2" "$1" "$3" "$HF_SEED"
	check "$1-unmount" umount "/mnt/$1"
}

# bytes NAME ADDRESS DIRECTORY STEPS OPTIONS
bytes() {
	check "$1-mount" mount_client "$2" "/mnt/$1" "$5"
	bytes_of "$1" "$3" "$4"
}

# mount_socket KIND:ADDRESS DIRECTORY OPTIONS: by a socket of this program's.
mount_socket() {
	mkdir -p "$2" && python3 - "$@" <<-PY
		import socket, sys
		sys.path[:0] = ["$here", "$here/../ninep"]
		from programs import mount
		import lowport
		where, target, options = sys.argv[1:]
		if where.startswith("unix:"):
		    sock = socket.socket(socket.AF_UNIX)
		    sock.connect(where[5:])
		else:
		    sock = lowport.connect(where)
		mount("none", target, "fd=%d,%s" % (sock.fileno(), options), "fd")
	PY
}

by_sockets() {
	local kind
	check vsock eval 'modprobe vsock_loopback && ninep_listener vsock vsock:564'
	bytes vsock 1 "$served" 40 trans=vsock,aname=data,cache=strict
	for kind in vsock:564 unix:$server tcp:127.0.0.1:564; do
		check "fd-${kind%%:*}-mount" mount_socket "$kind" "/mnt/fd-${kind%%:*}" cache=strict
		bytes_of "fd-${kind%%:*}" "$served" 40
	done
}

# A network that delays, and a server that does what it is asked for by halves.
bad_begins() {
	local said
	coproc BAD { exec python3 "$here/relay.py" /run/hf/bad $server "$HF_SEED"; }
	bad=$BAD_PID
	read -r said <&"${BAD[0]}" && [ "$said" = listens ]
}
bad_ends() { kill "$bad" && wait_until 30 hf_gone "$bad"; }

listens() { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null

# Another server than ours.
diod_begins() {
	mkdir "$1" || return
	diod -f -n -c /dev/null -L stderr -l 127.0.0.1:5640 -e "$1" 2>/run/hf/diod &
	diod=$!
	wait_until 30 listens 5640 || { cat /run/hf/diod; return 1; }
}
diod_ends() { kill $diod && wait_until 30 hf_gone $diod; }

# The client's network goes away while it reads and writes.
namespace_ends() {
	ip netns add far && ip link add near type veth peer name far netns far &&
		ip addr add 10.77.0.1/24 dev near && ip link set near up &&
		ip -n far addr add 10.77.0.2/24 dev far && ip -n far link set far up || return
	ninep_listener near tcp:10.77.0.1:564 && mkdir -p /mnt/far "$served/far" || return
	nsenter --net=/run/netns/far mount -t holdfast9p -o aname=data,cache=loose,localio=off 10.77.0.1 /mnt/far || return
	head -c 8M /dev/zero >"$served/far/read"
	(
		while cat /mnt/far/far/read >/mnt/far/far/written; do :; done
		: >/run/hf/far-ended
	) 2>/dev/null &
	local busy=$!
	wait_until 60 test -s "$served/far/written" || return
	ip netns del far && wait_until 60 eval '! ip link show near' || return
	wait_until 60 test -e /run/hf/far-ended && wait $busy || return
	stat -f /mnt/far && return 1
	sync && umount /mnt/far && ninep_off listeners/near && rm -r "$served/far"
}

# A control group dirties much more than it may have, and its server is this kernel, too.
under_pressure() {
	local group=/sys/fs/cgroup/pressed i
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup || return
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control && mkdir $group || return
	echo 67108864 >$group/memory.max && echo 50331648 >$group/memory.high || return
	mount_client 127.0.0.1 /mnt/pressed aname=data,cache=loose || return
	(
		echo $BASHPID >$group/cgroup.procs
		for i in $(seq "$2"); do
			head -c "$1" /dev/zero | tr '\0' "$i" | dd of=/mnt/pressed/pressed bs=64k conv=notrunc status=none || exit
		done
		exec dd if=/mnt/pressed/pressed of=/run/hf/pressed bs=64k skip=$(($1 / 65536 - 16)) status=none
	) || return
	[ "$(tr -d "$2" </run/hf/pressed | wc -c)" = 0 ] || return
	umount /mnt/pressed && [ "$(tr -d "$2" <"$served/pressed" | wc -c)" = 0 ] || return
	[ "$(stat -c %s "$served/pressed")" = "$1" ] && rm "$served/pressed" && rmdir $group
}

mkdir -p "$top"
check load eval 'hf_load holdfast_export && ninep_load && hf_load holdfast_ninep_client'
ip link set lo up
check make make_lower ext4
served=$top/ext4/plain/served
mkdir "$served"
check export ninep_export data "$served" clients='127.0.0.0/8 unix cid:any 10.77.0.0/24' squash=none
check unix ninep_listener unix unix:$server
mkdir "$top/ext4/plain/direct"
local=$top/ext4/plain/direct
check tcp ninep_listener tcp tcp:127.0.0.1:564
phase replies
relay python3 "$here/replies.py" "$served" $server
phase nonsense
relay python3 "$here/nonsense.py" "$served" $server
relay python3 "$here/names.py" "$served" $server
relay python3 "$here/greeting.py" "$served" $server
phase ends
relay python3 "$here/ends.py" "$served" $server
phase others
relay python3 "$here/two.py" "$served" $server
relay python3 "$here/kept.py" "$served" $server
relay python3 "$here/older.py" /mnt/older
relay python3 "$here/locked.py" "$served" $server
phase stopped
relay python3 "$here/hung.py" "$served" $server "$(hf_module holdfast_ninep_client)" "${HF_ROUNDS:-$([ $debug ] && echo 10 || echo 50)}" "$HF_SEED"
phase bytes
check bad-begins bad_begins
for cache in strict none loose; do
	bytes "bad-$cache" /run/hf/bad "$served" 40 "trans=unix,aname=data,cache=$cache"
	bytes "bad-plain-$cache" /run/hf/bad "$served" 40 "trans=unix,aname=data,cache=$cache,version=9p2000.L"
done
check bad-ends bad_ends
by_sockets
check diod-begins diod_begins "$top/ext4/plain/diod"
for cache in none loose strict; do
	bytes "diod-$cache" 127.0.0.1 "$top/ext4/plain/diod" 60 "port=5640,aname=$top/ext4/plain/diod,cache=$cache"
done
check diod-ends diod_ends
phase elsewhere
check namespace-ends namespace_ends
check under-pressure under_pressure $((96 << 20)) 1
check remove ninep_remove
check unmount umount "$top/ext4"
hf_finish
