#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P server under the kernel's own client, v9fs: what programs see, with the
# directory that is exported as the oracle; locks, between two mounts and local
# processes, on ext4 and on a holdfast mount; the matrix of who holds and who waits,
# which has to fail with another server, diod; and what becomes of a mount whose server
# stops. /dev/vda is the disk.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
. "$HF_HERE/locks/run.sh"
here=$HF_HERE/ninep
# What v9fs has of cases.py; the rest it has not, or not in full.
cases=(file-types create-errors hard-links unlinked-open splice copies permissions
	umask-and-setgid text-busy directories statfs long-paths)

mount_tcp() { mount_9p 127.0.0.1 "$1" "trans=tcp,privport,aname=$2,$3"; }

# as_the_directory NAME OPTIONS [CASE...]
as_the_directory() {
	local name=$1
	check "$name-mount" mount_tcp "/mnt/$name" data "$2"
	relay python3 "$HF_HERE/fs/oracle.py" "$lower/direct" "/mnt/$name" "$name" 300 "${HF_SEED:-$RANDOM}" \
		"${cases[@]}" "${@:3}"
	check "$name-unmount" umount "/mnt/$name"
	rm -rf "$lower"/direct/* "$lower"/served/*
}

both() { mount_tcp /mnt/a "$1" cache=none && mount_tcp /mnt/b "$1" cache=none; }

# locked KIND DIRECTORY
locked() {
	mkdir "$2/locked"
	check "$1-export" ninep_export "$1" "$2/locked" clients=127.0.0.0/8 squash=none
	check "$1-mounts" both "$1"
	relay python3 "$here/v9fs.py" /mnt/a /mnt/b "$2/locked" "$1-"
	check "$1-unmounts" umount /mnt/a /mnt/b
	check "$1-gone" ninep_off "exports/$1"
}

ours_in_the_matrix() {
	mkdir "$1/matrix"
	check matrix-export ninep_export matrix "$1/matrix" clients=127.0.0.0/8 squash=none
	check matrix-mounts both matrix
	run matrix "$1/matrix" - - - - - - /mnt/a /mnt/b
	check matrix-leaves-nothing wait_until 60 no_locks
	check matrix-unmounts umount /mnt/a /mnt/b
	check matrix-gone ninep_off exports/matrix
}

listens() { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null

diod_begins() {
	local mnt
	mkdir "$1" || return
	diod -f -n -c /dev/null -L stderr -l 127.0.0.1:5640 -e "$1" 2>/run/hf/diod &
	diod=$!
	wait_until 30 listens 5640 || { cat /run/hf/diod; return 1; }
	for mnt in /mnt/a /mnt/b; do
		mount_9p 127.0.0.1 $mnt "trans=tcp,port=5640,uname=root,access=user,cache=none,aname=$1" || return
	done
}

# It locks by flock(2), and lets none wait: it excludes no process of its machine's, and
# is excluded by none, and its own clients hear of an unlock when they ask again. That is
# required of the matrix, so that one that cannot fail is found out.
diod_in_the_matrix() {
	"$hf_programs/matrix" -f "$1" - - - - - - /mnt/a /mnt/b >"$HF_OUT/matrix-of-diod" 2>&1
	[ $? = 1 ] && cat "$HF_OUT/matrix-of-diod"
}
diod_says() { grep -qx "$1" "$HF_OUT/matrix-of-diod"; }
diod_excludes_nobody() {
	local pair
	for pair in 'local to 9p' '9p to local'; do
		diod_says "# $pair: both have the lock" && diod_says "# $pair: two additions made 1" &&
			diod_says "not ok hand-over-${pair// /-}: see above" || return
	done
	diod_says 'ok hand-over-local-to-local'
}
diod_tells_nobody() {
	diod_says 'not ok hand-over-9p-to-9p: see above' && diod_says '# 9p to 9p: [23].*[0-9]\{4\}\.[0-9] ms .*'
}

diod_ends() {
	umount /mnt/a /mnt/b && kill $diod && wait_until 30 hf_gone $diod
}

# A cache that finds the file changed below makes another inode of it, beside the one
# that is open.
changed_below() {
	mount_tcp /mnt/loose data cache=loose && echo one >/mnt/loose/file || return
	exec 7<>/mnt/loose/file
	echo three >>"$lower/served/file"
	cat /mnt/loose/file && echo 2 >/proc/sys/vm/drop_caches && stat /mnt/loose/file || return
	echo two >&7 && sync -f /mnt/loose/file && truncate -s 3 /dev/fd/7 && stat -L /dev/fd/7 || return
	exec 7>&-
	umount /mnt/loose && [ "$(stat -c %s "$lower/served/file")" = 3 ]
}

# A mount does not outlive its server; another one is as good as new.
restarted() {
	mount_tcp /mnt/a data cache=none && echo before >/mnt/a/file || return
	exec 7<>/mnt/a/file
	flock 7 && ninep_off exports/data && ninep_on exports/data || return
	stat /mnt/a/file && return 1
	# Nothing is left of its lock.
	mount_tcp /mnt/b data cache=none && flock -n /mnt/b/file grep -x before /mnt/b/file || return
	exec 7>&-
	umount /mnt/a && umount /mnt/b
}

# A client whose network goes away while it holds a lock. It is looked for at the end:
# two minutes are what a peer may be silent.
cut_off() {
	ip netns add far && ip link add near type veth peer name far netns far &&
		ip addr add 10.77.0.1/24 dev near && ip link set near up &&
		ip -n far addr add 10.77.0.2/24 dev far && ip -n far link set far up || return
	ninep_listener near tcp:10.77.0.1:564 &&
		ninep_export cut "$lower/cut" clients=10.77.0.0/24 squash=none || return
	ip netns exec far python3 - <<-PY &
		import sys, time
		sys.path.insert(0, "$here")
		import lowport, p9
		c = p9.Client("", sock=lowport.connect("tcp:10.77.0.1:564"))
		c.lock(c.opened(c.root("cut"), "file", p9.RDWR), p9.WRLCK, 0, 0, 0, 1, "far")
		open("/run/hf/locked", "w")
		time.sleep(10000)
	PY
	far=$!
	wait_until 60 test -e /run/hf/locked && ip link set near down
}
is_forgotten() {
	wait_until 240 eval '! grep -q 10.77.0.2 $ninep_proc' || return
	kill $far
	flock -n "$lower/cut/file" python3 - "$lower/cut/file" <<-PY
		import fcntl, sys
		fcntl.lockf(open(sys.argv[1], "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
	PY
}

mkdir -p "$top"
check load eval 'hf_load holdfast_export && ninep_load'
modprobe -a 9p 9pnet_fd 2>/run/hf/modprobe || hf_problem "$(cat /run/hf/modprobe)"
ip link set lo up
check make make_lower ext4
lower=$top/ext4/plain
mkdir "$lower/direct" "$lower/served" "$lower/cut"
touch "$lower/cut/file"
check export ninep_export data "$lower/served" clients=127.0.0.0/8 squash=none \
	users='1000 1000,2000' users='1001 1001'
check listener ninep_listener tcp tcp:127.0.0.1:564
check cut-off cut_off
phase files
as_the_directory none cache=none,access=user
as_the_directory loose cache=loose,access=user mapping
as_the_directory client cache=none,access=client,posixacl
check changed-below changed_below
phase locks
locked ext4 "$lower"
check holdfast-mount mount -t holdfast "$top/ext4/lower" "$top/ext4.mnt"
locked holdfast "$top/ext4.mnt"
ours_in_the_matrix "$top/ext4.mnt"
check diod diod_begins "$lower/diod"
check diod-matrix diod_in_the_matrix "$lower/diod"
check diod-excludes-nobody diod_excludes_nobody
check diod-tells-nobody diod_tells_nobody
check diod-ends diod_ends
phase end
check restarted restarted
check is-forgotten is_forgotten
check remove ninep_remove
check unmount umount "$top/ext4.mnt" "$top/ext4"
hf_finish
