#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P server: how it is configured, connections and their requests, the kernel's
# own client over each transport, and that nothing is left of what was stopped.
# /dev/vda is the disk, /dev/vdb one that is made to hang.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
here=$HF_HERE/ninep

# The client of a transport that v9fs has not: a socket from user space.
mount_fd() {
	python3 - "$1" "$2" <<-PY
		import ctypes, sys
		sys.path.insert(0, "$here")
		from lowport import connect
		where, target = sys.argv[1:]
		sock = connect(where)
		options = "version=9p2000.L,trans=fd,rfdno=%d,wfdno=%d,aname=data" % (sock.fileno(), sock.fileno())
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.mount(b"none", target.encode(), b"9p", 0, options.encode()):
		    sys.exit("mount: errno %d" % ctypes.get_errno())
	PY
}

# Anybody may connect from such a port, and say that he is root.
vsock_from_high_port() {
	python3 - <<-PY
		import sys
		sys.path.insert(0, "$here")
		import p9
		c = p9.Client("vsock:1:564")
		assert p9.outcome(c.root, "data") == "EACCES"
	PY
}

# What the benchmarks compare with, for the sake of this kernel's checks.
floor() {
	local bytes
	hf_load ninep_floor && mount_9p 127.0.0.1 /mnt/floor trans=tcp,privport,port=5650,cache=none,aname= || return
	bytes=$(head -c 300000 /mnt/floor/dir/data | wc -c)
	echo text >/mnt/floor/dir/made.1 && umount /mnt/floor && rmmod ninep_floor && [ "$bytes" = 300000 ]
}

# mounts NAME MOUNTPOINT COMMAND...
mounts() {
	local name=$1 mnt=$2
	shift 2
	mkdir -p "$mnt"
	check "$name-mount" "$@" || return
	relay python3 "$here/steps.py" "$mnt" "$lower" "$name-"
	check "$name-unmount" umount "$mnt"
	check "$name-gone" wait_until 60 ninep_none
}

# A disk that answers nothing: to stop its export takes until it does, which keeps
# nobody else waiting; who waits for it can be killed.
hung_disk() {
	local said
	echo "0 $(blockdev --getsz /dev/vdb) linear /dev/vdb 0" | dmsetup create --noudevsync slow &&
		dmsetup mknodes slow || return
	make_fs ext4 /dev/mapper/slow /srv/slow || return
	head -c 100000 /dev/urandom >/srv/slow/file
	sync
	umount /srv/slow && mount /dev/mapper/slow /srv/slow || return
	ninep_export slow /srv/slow clients=unix squash=none threads=2 || return
	coproc HUNG { exec python3 "$here/hung.py" unix:/run/hf/9p.sock slow; }
	local pid=$HUNG_PID in=${HUNG[1]} out=${HUNG[0]}
	read -r said <&"$out" && [ "$said" = open ] || return
	dmsetup suspend --noudevsync --noflush --nolockfs slow || return
	echo >&"$in"
	read -r said <&"$out" && [ "$said" = sent ] || return
	wait_until 60 grep -q 'requests 1 ' $ninep_proc || return
	timeout -s KILL 3 bash -c "echo 0 >$ninep_config/exports/slow/enabled"
	[ $? = 137 ] || { echo "the write ended by itself"; return 1; }
	# Who writes it again waits for the same.
	timeout -s KILL 3 bash -c "echo 0 >$ninep_config/exports/slow/enabled"
	[ $? = 137 ] || { echo "the second write ended by itself"; return 1; }
	grep -q '^export slow stopping' $ninep_proc || return
	within 20 rmdir $ninep_config/exports/slow || return
	within 20 ninep_off exports/data && within 20 ninep_on exports/data || return
	dmsetup resume --noudevsync slow || return
	wait $pid
	wait_until 60 eval '! grep -q "^export slow" $ninep_proc' || return
	umount /srv/slow && dmsetup remove --noudevsync slow
}

# A listener of a network namespace that ends, with a client in it.
namespace_ends() {
	ip netns add gone && ip -n gone link set lo up || return
	mkdir $ninep_config/listeners/gone &&
		ninep_set listeners/gone address=tcp:127.0.0.1:565 || return
	nsenter --net=/run/netns/gone bash -c "echo 1 >$ninep_config/listeners/gone/enabled" || return
	nsenter --net=/run/netns/gone python3 - <<-PY || return
		import sys
		sys.path.insert(0, "$here")
		import lowport, p9
		p9.Client("", sock=lowport.connect("tcp:127.0.0.1:565")).root("data")
	PY
	wait_until 60 ninep_none
	nsenter --net=/run/netns/gone python3 - <<-PY &
		import sys
		sys.path.insert(0, "$here")
		import lowport, p9
		c = p9.Client("", sock=lowport.connect("tcp:127.0.0.1:565"))
		c.root("data")
		open("/run/hf/attached", "w")
		c.sock.settimeout(None)
		assert not c.sock.recv(1)
	PY
	wait_until 60 test -e /run/hf/attached || return
	ninep_off listeners/gone && wait $! || return
	ninep_on listeners/gone && ninep_off listeners/gone || return
	nsenter --net=/run/netns/gone bash -c "echo 1 >$ninep_config/listeners/gone/enabled" || return
	ip netns del gone && wait_until 60 eval '! ip netns list | grep -q gone' || return
	rmdir $ninep_config/listeners/gone
}

# One allocation in 50 fails for those threads of the server that there are by then.
without_memory() {
	local slab=/sys/kernel/debug/failslab setting
	: >/run/hf/failing
	while [ -e /run/hf/failing ]; do
		for task in $(pgrep '^9p-'); do echo 1 >"/proc/$task/make-it-fail"; done
		sleep 0.2
	done 2>/dev/null &
	failing=$!
	for setting in task-filter=Y interval=1 times=-1 verbose=0 ignore-gfp-wait=N probability=2; do
		echo "${setting#*=}" >"$slab/${setting%%=*}" || return
	done
}
with_memory() {
	rm /run/hf/failing
	wait $failing
}

lower=/srv/disk/lower
check load ninep_load
check make-fs eval 'make_fs ext4 /dev/vda /srv/disk && mkdir $lower'
modprobe -a 9p 9pnet_fd vsock_loopback dm-mod 2>/run/hf/modprobe || hf_problem "$(cat /run/hf/modprobe)"
ip link set lo up
relay python3 "$here/configured.py" "$lower"
phase session
# Each message and decision has one, and nothing that it names may be gone.
trace=/sys/kernel/tracing
[ -d $trace/events ] || mount -t tracefs tracefs $trace
check trace eval 'echo 4096 >$trace/buffer_size_kb && echo 1 >$trace/events/holdfast/enable'
check session-listener ninep_listener unix unix:/run/hf/9p.sock msize=65536
check session-export ninep_export data "$lower" clients=unix squash=none users='1000 100,300' \
	max_requests=16 max_fids=64 max_bytes=1048576 threads=4
chmod 777 /run/hf/9p.sock "$lower"
chmod 755 "$lower" /run/hf
relay python3 "$here/session.py" /run/hf/9p.sock "$lower"
traced() {
	local name seen
	seen=$(grep -oE ' hf9_[a-z]+: ' $trace/trace | sort -u)
	for name in connection attach message answer flush parked woken dropped refused; do
		[[ $seen = *" hf9_$name: "* ]] || { echo "no hf9_$name"; return 1; }
	done
	seen=$(</proc/fs/holdfast/stats)
	for name in messages answers errors dropped flushes parked attaches attaches_refused malformed; do
		[[ $seen =~ ninep_$name\ [1-9] ]] || { echo "no $name of: $seen"; return 1; }
	done
}
check traced traced
relay python3 "$here/rights.py" unix:/run/hf/9p.sock "$lower" rights-
rm -rf "$lower"/rights-*
check session-gone wait_until 60 ninep_none
check export-off ninep_off exports/data
rmdir $ninep_config/exports/data

phase transports
check export ninep_export data "$lower" squash=none \
	clients="unix 127.0.0.0/8 ::1 cid:1"
check listener-tcp ninep_listener tcp tcp:127.0.0.1:564
check listener-tcp6 ninep_listener tcp6 'tcp:[::1]:564'
check listener-vsock ninep_listener vsock vsock:564
mounts tcp /mnt/tcp mount_9p 127.0.0.1 /mnt/tcp trans=tcp,privport,aname=data
mounts unix /mnt/unix mount_9p /run/hf/9p.sock /mnt/unix trans=unix,aname=data
mounts loose /mnt/loose mount_9p 127.0.0.1 /mnt/loose trans=tcp,privport,aname=data,cache=loose,msize=262144
mounts client /mnt/client mount_9p 127.0.0.1 /mnt/client trans=tcp,privport,aname=data,access=client,posixacl
mounts tcp6 /mnt/tcp6 mount_fd "tcp:[::1]:564" /mnt/tcp6
mounts vsock /mnt/vsock mount_fd vsock:564 /mnt/vsock
check floor floor
check unreserved-port eval '! mount_9p 127.0.0.1 /mnt/no trans=tcp,aname=data'
check vsock-high-port vsock_from_high_port
check set-clients ninep_set exports/data clients=10.0.0.0/8
check unlisted eval '! mount_9p 127.0.0.1 /mnt/no trans=tcp,privport,aname=data'
check set-clients-again ninep_set exports/data clients="unix 127.0.0.0/8"

phase stop
relay python3 "$here/stops.py" "$lower" /dev/vda "$([ "$HF_KERNEL" = debug ] && echo 12 || echo 50)"
check hung-disk hung_disk
check namespace namespace_ends
mkdir "$lower/hostile"
check hostile-export ninep_export hostile "$lower/hostile" clients=unix squash=none threads=3
relay python3 "$here/hostile.py" unix:/run/hf/9p.sock hostile 15
if [ "$HF_KERNEL" = debug ]; then
	check without-memory without_memory
	HF_FAULTS=1 relay python3 "$here/hostile.py" unix:/run/hf/9p.sock hostile 15
	with_memory
else
	ok without-memory; ok hostile-without-memory	# this kernel has no failslab
fi
rm -rf "$lower/hostile"
check address-free eval 'ninep_off listeners/unix && [ ! -e /run/hf/9p.sock ] && ninep_on listeners/unix'
echo 0 >$trace/events/holdfast/enable
check remove ninep_remove
check no-proc-line eval 'wait_until 60 eval "[ -z \"\$(<$ninep_proc)\" ]"'
check disk-free eval 'umount /srv/disk && is_free /dev/vda'
hf_finish
