# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by lib.sh: knfsd in the guest, and NFS clients in namespaces.
#
#	make_fs ext4 /dev/vda /srv/plain
#	nfsd_start 8			# threads; grace is over on return
#	nfs_export /srv/plain		# [options], a fsid= is added
#	client_ns 1; client_ns 2	# each a machine of its own to the server
#	mount_nfs 1 4.2 /srv/plain /mnt/a		# [mount options]
#	in_client 1 cat /mnt/a/file
#
# A client has its network, mounts, host name, rpcbind and statd; client N
# reaches the server as 10.9.N.1 and is 10.9.N.2. Its mounts are seen in its
# own mount namespace only.

# What starts, changes or ends a server or a client waits for others, and for some
# without a bound worth the name. rpc.nfsd waits in the kernel, for rpcbind (with
# one that was stopped it had not ended after 400 s: each version and family that is
# registered has its own time), and for nfsdcld once that has opened its pipe, or
# for the nfsdcltrack that the kernel starts if there is no nfsdcld: for both for
# ever, as does the end of grace. rpc.mountd and rpc.statd wait for rpcbind, exportfs
# for the lock of its table, mount.nfs and umount for the server. So each of these
# has a process of its own and a time (within), and tells where it was when it has
# not ended by then.

HF_NFSD=/proc/fs/nfsd
# Longer than any of them takes under the debug kernel on a machine with other work.
HF_STEP=240

# make_fs TYPE DEVICE MOUNTPOINT [mkfs options]
make_fs() {
	mkdir -p "$3"
	case $1 in
	ext4) mkfs.ext4 -q -F "${@:4}" "$2" ;;
	xfs) mkfs.xfs -q -f "${@:4}" "$2" ;;
	esac && mount -t "$1" "$2" "$3"
}

# within SECONDS CMD...: the status of CMD; if it does not end in time, what it
# waits for is said, and it is left alone.
within() {
	local seconds=$1
	shift
	"$@" &
	wait_until "$seconds" hf_ended $! || { hf_stuck $! "$seconds" "$*" >&2; return 1; }
	wait $!
}

# (With no program: it is asked often.)
hf_ended() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${stat##*) } = Z* ]]
}

hf_stuck() {
	local pid children=
	echo "has not ended in $2 s: $3"
	read -r children <"/proc/$1/task/$1/children"
	# shellcheck disable=SC2086
	for pid in "$1" $children $(pidof rpcbind nfsdcld rpc.mountd rpc.statd) $(pgrep -x 'nfsd|lockd' | head -n 3); do
		echo "$pid, $(tr '\0' ' ' <"/proc/$pid/cmdline")$(<"/proc/$pid/comm"), $(grep State "/proc/$pid/status"):"
		cat "/proc/$pid/stack"
	done
}

# nfsd_start [THREADS] [--grace]: with --grace it returns in the grace period,
# so that clients can reclaim (10 s: the least that nfsd accepts). The lease
# time is nfsd's own default (or nfsd_lease): it drops a waiter that has not asked
# again for one lease time, and clients ask every 30 s.
nfsd_start() {
	local threads=${1:-8} grace=${2:-}
	[ -e /run/hf/nfsd ] || nfsd_daemons || return
	within $HF_STEP rpc.nfsd --grace-time 10 --lease-time "${nfsd_lease:-90}" "$threads" ||
		return
	[ -z "$grace" ] || return 0
	nfsd_end_grace
}

# What nfsd needs, until nfsd_stop. (rpcbind returns when it listens; nfsdcld ends
# without a word if it does not find the directory of its pipe.)
nfsd_daemons() {
	within $HF_STEP modprobe nfsd &&
		mkdir -p /var/lib/nfs/{rpc_pipefs,sm,sm.bak,v4recovery,nfsdcld,nfsdcltrack} &&
		mount -t nfsd nfsd $HF_NFSD &&
		mount -t rpc_pipefs rpc_pipefs /var/lib/nfs/rpc_pipefs || return
	: >/run/hf/nfsd
	echo 10 >$HF_NFSD/nfsv4gracetime
	echo 3 >/proc/sys/fs/nfs/nlm_timeout
	echo 3 >/proc/sys/fs/nfs/nlm_grace_period
	within $HF_STEP rpcbind &&
		within $HF_STEP nfsdcld -p /var/lib/nfs/rpc_pipefs &&
		within $HF_STEP rpc.mountd --manage-gids &&
		within $HF_STEP rpc.statd --no-notify &&
		wait_until $HF_STEP rpcinfo -t 127.0.0.1 status &&
		within $HF_STEP exportfs -ra
}

grace_is_over() {
	local answer
	read -r answer <"$1" && [[ $answer = *Y* ]]
}

end_grace() { echo Y >"$1"; }
# (One that ends by itself meanwhile refuses to be ended; the wait is the judge.)
nfsd_end_grace() {
	local file
	for file in $HF_NFSD/v4_end_grace /proc/fs/lockd/nlm_end_grace; do
		grace_is_over "$file" || within "$HF_STEP" end_grace "$file" || :
		wait_until 120 grace_is_over "$file" || return
	done
}

hf_fsid=100
# nfs_export PATH [OPTIONS]
nfs_export() {
	hf_fsid=$((hf_fsid + 1))
	within $HF_STEP exportfs -o "rw,sync,no_root_squash,no_subtree_check,insecure,fsid=$hf_fsid${2:+,$2}" "*:$1"
}

# The threads alone: what a crashed or restarted server looks like.
nfsd_halt() { [ ! -e $HF_NFSD/threads ] || within "$HF_STEP" rpc.nfsd 0; }

nfsd_stop() {
	local name pids
	[ -e /run/hf/nfsd ] || return 0
	rm /run/hf/nfsd
	nfsd_halt || hf_problem "nfsd does not stop"
	within $HF_STEP exportfs -ua
	within $HF_STEP exportfs -f
	for name in rpc.mountd rpc.statd nfsdcld rpcbind; do
		pids=$(pidof $name) || continue
		# shellcheck disable=SC2086
		kill $pids
		wait_until 120 hf_gone $pids || hf_problem "$name does not end"
	done
	within $HF_STEP umount /var/lib/nfs/rpc_pipefs $HF_NFSD || hf_problem "nfsd's filesystems stay mounted"
}

# No such processes (zombies of ours count as gone).
hf_gone() {
	local pid
	for pid; do
		[ ! -e "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status" || return 1
	done
}

# client_ns N: makes the client machine N (1 to 99).
client_ns() {
	local n=$1
	# Every address has a name: mountd, statd and sm-notify look for one.
	printf '10.9.%s.1 server\n10.9.%s.2 client%s\n' "$n" "$n" "$n" >>/etc/hosts
	ip -batch - <<-IP && ip -n "c$n" -batch - <<-IP || return
		netns add c$n
		link add hf$n type veth peer name eth0 netns c$n
		addr add 10.9.$n.1/24 dev hf$n
		link set hf$n up
	IP
		addr add 10.9.$n.2/24 dev eth0
		link set eth0 up
		link set lo up
		route add 10.9.0.0/16 via 10.9.$n.1
	IP
	# shellcheck disable=SC2016
	ip netns exec "c$n" unshare --mount --uts --propagation private bash -c '
		hostname client$1
		mount -t tmpfs -o mode=755 run /run && mkdir -p /run/rpcbind /run/lock
		mount -t tmpfs state /var/lib/nfs && mkdir -p /var/lib/nfs/{sm,sm.bak,rpc_pipefs}
		printf "127.0.0.1 localhost\n10.9.$1.1 server\n10.9.$1.2 client$1\n" >/run/hosts
		mount --bind /run/hosts /etc/hosts
		rpcbind && : >/run/client-ready && exec sleep infinity' client "$n" </dev/null &
	echo $! >"/run/hf/client-$n"
	disown
	# Until then the process may still be in the namespaces of the server.
	wait_until $HF_STEP test -e "/proc/$!/root/run/client-ready" || return
	within $HF_STEP in_client "$n" rpc.statd --no-notify &&
		wait_until $HF_STEP in_client "$n" rpcinfo -t 127.0.0.1 status
}

# in_client N CMD...
in_client() {
	local n=$1
	shift
	nsenter -t "$(<"/run/hf/client-$n")" --mount --net --uts --wd=/ "$@"
}

# mount_nfs N VERS PATH MOUNTPOINT [OPTIONS]
mount_nfs() {
	[ -d "$4" ] || mkdir -p "$4"
	within $HF_STEP in_client "$1" mount.nfs "10.9.$1.1:$3" "$4" -o "vers=$2,hard${5:+,$5}"
}

# client_stop N: unmounts (-i: without umount.nfs, which would only say good-bye
# to mountd) and ends it.
client_stop() {
	local n=$1 device mount type mounts=()
	[ -e "/run/hf/client-$n" ] || return 0
	while read -r device mount type _; do
		case $device:$type in 10.*:nfs | 10.*:nfs4 | 10.*:9p) mounts=("$mount" "${mounts[@]}") ;; esac
	done <"/proc/$(<"/run/hf/client-$n")/mounts"
	[ ${#mounts[@]} = 0 ] || within $HF_STEP in_client "$n" umount -i "${mounts[@]}" ||
		hf_problem "client $n cannot unmount one of ${mounts[*]}"
	client_end "$n"
}

client_end() {
	local pids
	pids=$(ip netns pids "c$1")
	# shellcheck disable=SC2086
	kill -9 $pids
	wait_until 120 hf_gone $pids || hf_problem "processes of client $1 do not end"
	rm -f "/run/hf/client-$1"
	ip netns del "c$1" || hf_problem "cannot delete the namespace of client $1"
}

clients_stop() {
	local client
	for client in /run/hf/client-*; do
		[ ! -e "$client" ] || client_stop "${client##*-}"
	done
}
