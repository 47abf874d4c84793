#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest (scripts/bench): mounts, exports, and runs the programs
# that are in /results/bin. Measurements go to /results/measured.jsonl, one
# JSON object a line; what the programs say goes to the terminal. A stage that
# fails leaves its rows out, which report.py shows as failed, and fails the guest: of
# several guests that are measured alike the others may have the row.
#
#	guest.sh [STAGE...]	default: all, in this order
. /holdfast/tests/guest/lib.sh
. "$HF_HERE/ninep/server.sh"
. "$(dirname "$0")/client.sh"

bin=/results/bin
out=/results/measured.jsonl
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(scale close refused stall memory files leases io ninep client localio tree handover waiters delegations)
: >$out

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
wants() { [[ " ${stages[*]} " == *" $1 "* ]]; }

# stage LIMIT_S TEXT PROGRAM ARGS...
# No stage finds what another left: 10,000 names in a directory that is listed, or
# pages whose time to be written comes while hand-overs are timed. Each side is
# emptied by the way that it is used: what goes below a mount is still known above.
used=(/srv/{ext4,tmpfs}/ours /srv/lower-{ext4,tmpfs}/peer /srv/overlay/peer)
stage() {
	local limit=$1 text=$2 program=$3
	shift 3
	sync
	say "$text"
	timeout "$limit" "$bin/$program" "$@" >>$out || hf_problem "failed: $text"
	find "${used[@]}" -mindepth 1 -delete
}

# Lower filesystems, holdfast over each, and a directory on both sides. The
# plain ext4 that is exported beside it is of the same make.
prepare() {
	hf_load || return
	make_fs ext4 /dev/vda /srv/plain || return
	make_fs ext4 /dev/vdb /srv/lower-ext4 || return
	mkdir -p /srv/lower-tmpfs && mount -t tmpfs -o size=1G tmpfs /srv/lower-tmpfs || return
	for fs in ext4 tmpfs; do
		mkdir -p /srv/$fs /srv/lower-$fs/ours /srv/lower-$fs/peer
		mount -t holdfast /srv/lower-$fs /srv/$fs || return
	done
	# What Linux itself has that is stacked, over the same kind of filesystem.
	mkdir -p /srv/layers /srv/overlay && mount -t tmpfs tmpfs /srv/layers || return
	mkdir /srv/layers/lower /srv/layers/upper /srv/layers/work
	mount -t overlay -o lowerdir=/srv/layers/lower,upperdir=/srv/layers/upper,workdir=/srv/layers/work \
		overlay /srv/overlay || return
	mkdir /srv/overlay/peer
}

# seen_by N: where client N's mounts are seen from here: as a process of its
# own sees them.
seen_by() { echo "/proc/$(ip netns pids "c$1" | head -n 1)/root"; }

# (By default its largest read is what the guest's memory makes it.)
prepare_nfsd() {
	nfsd_daemons && echo 1048576 >"$HF_NFSD/max_block_size" || return
	nfsd_start 8 && nfs_export /srv/plain && nfs_export /srv/ext4
}

prepare_nfs() {
	local n
	for n in 1 2; do
		client_ns $n || return
		mount_nfs $n 3 /srv/plain /mnt/plain-3 || return
		mount_nfs $n 3 /srv/ext4 /mnt/ours-3 || return
		mount_nfs $n 4.2 /srv/plain /mnt/plain-4.2 || return
		mount_nfs $n 4.2 /srv/ext4 /mnt/ours-4.2 || return
		# mountpoint(1) knows only the mounts of its own namespace.
		[ "$(stat -f -c %T "$(seen_by $n)/mnt/ours-4.2")" = nfs ] || return
	done
}

# What the 9P servers export to be measured, the same of each: bench/ninep.c and
# bench/served.c say what is in it.
fill() {
	mkdir -p "$1/dir/dir/dir/dir" && python3 - "$1/data" "$1/file" "$1/dir/dir/dir/dir/file" <<-'PY'
		import struct, sys
		for path in sys.argv[1:]:
		    with open(path, "wb") as file:
		        for at in range(0, 16 << 20, 4096):
		            file.write(struct.pack("<Q", at) + bytes(4088))
	PY
}

listens() { : <"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null

diod=
# Each export is of ext4; lock hand-over has one of a holdfast mount, too.
prepare_ninep() {
	local dir=/srv/plain/exported limits=(clients=127.0.0.0/8 squash=none max_bytes=33554432)
	ninep_load && modprobe -a 9p 9pnet_fd && ip link set lo up && hf_load ninep_floor &&
		fill $dir/holdfast && fill $dir/diod || return
	ninep_export bench $dir/holdfast "${limits[@]}" && ninep_export locks /srv/ext4 "${limits[@]}" &&
		ninep_listener tcp tcp:127.0.0.1:564 msize=1048576 || return
	diod -f -n -c /dev/null -l 127.0.0.1:5640 -e /srv/plain -e $dir/diod -L stderr &
	diod=$!
	wait_until 30 listens 5640 && wait_until 30 listens 5650
}

# mount_side MOUNTPOINT CACHE PORT ANAME [OPTIONS]
mount_side() {
	mount_9p 127.0.0.1 "/mnt/9p/$1-$2" \
		"trans=tcp,privport,port=$3,msize=65536,access=user,uname=root,cache=$2,aname=$4${5:+,$5}"
}

# ignoreqv: diod tells no versions, without which nothing is cached.
mount_ninep() {
	local dir=/srv/plain/exported
	mount_side holdfast none 564 bench && mount_side holdfast loose 564 bench &&
		mount_side diod none 5640 $dir/diod &&
		mount_side diod loose 5640 $dir/diod ignoreqv && mount_side floor none 5650 ''
}

# served first: it reads what ninep writes over.
ninep() {
	local mountd
	mountd=$(rpcinfo -p 127.0.0.1 | awk '$1 == 100005 && $2 == 3 && $3 == "tcp" { print $4; exit }')
	stage 120 "9P servers and knfsd, asked by raw clients" \
		served bench "$mountd" /srv/plain exported/holdfast/data
	mount_ninep || { say "FAILED: no 9P mounts"; return; }
	stage 120 "9P, cache=none" \
		ninep none /mnt/9p/holdfast-none /mnt/9p/diod-none /mnt/9p/floor-none
	stage 120 "9P, cache=loose" ninep loose /mnt/9p/holdfast-loose /mnt/9p/diod-loose
	umount /mnt/9p/*
}

end_ninep() {
	[ -n "$diod" ] || return 0
	umount /mnt/9p/* 2>/dev/null
	kill $diod
	wait_until 30 hf_gone $diod || hf_problem "diod does not end"
	rmmod ninep_floor || hf_problem "the floor does not end"
	ninep_remove || hf_problem "the 9P server's configuration cannot be removed"
}

handover() {
	local c1
	c1=$(seen_by 1)
	stage 120 "hand-over between local processes, 200 each" handover -n 200 -s 20 \
		local:holdfast:/srv/ext4:/srv/ext4 local:peer:/srv/plain:/srv/plain
	stage 150 "hand-over to NFS clients of holdfast, 10 each" handover -n 10 -s 1000 \
		"nfs3:holdfast:/srv/ext4:$c1/mnt/ours-3" "nfs4.2:holdfast:/srv/ext4:$c1/mnt/ours-4.2"
	# Their waiters sleep 30 s between polls, so all samples at once cost no
	# more than one, and disturb none.
	stage 150 "hand-over to NFS clients of ext4, 10 each at once (30 s or more)" \
		handover -p -n 10 -s 2000 -t 65 \
		"nfs3:peer:/srv/plain:$c1/mnt/plain-3" "nfs4.2:peer:/srv/plain:$c1/mnt/plain-4.2"
	mount_side locks none 564 locks && mount_side diod none 5640 /srv/plain ||
		{ say "FAILED: no 9P mounts"; return; }
	stage 150 "hand-over to 9P clients, 10 each" handover -n 10 -s 500 \
		9p:holdfast:/srv/ext4:/mnt/9p/locks-none 9p:peer:/srv/plain:/mnt/9p/diod-none
	umount /mnt/9p/locks-none /mnt/9p/diod-none
}

# A client that alone has the file open: would it keep its locks to itself?
alone() {
	local c1 c2
	c1=$(seen_by 1) c2=$(seen_by 2)
	stage 150 "hand-over from an NFSv4.2 client of holdfast to an NFSv3 one, files of their own, 10" \
		handover -n 10 -s 1000 "4.2-to-3:holdfast:$c1/mnt/ours-4.2:$c2/mnt/ours-3"
	stage 150 "the same on ext4, at once" \
		handover -p -n 10 -s 2000 -t 65 "4.2-to-3:peer:$c1/mnt/plain-4.2:$c2/mnt/plain-3"
	stage 150 "16 waiters on one NFSv4.2 client of holdfast, holder killed there, 3 times" \
		waiters -b one-client -r 3 holdfast "$c1/mnt/ours-4.2" "$c1/mnt/ours-4.2"
	stage 100 "the same once on ext4 (up to 65 s)" \
		waiters -b one-client -r 1 -t 65 peer "$c1/mnt/plain-4.2" "$c1/mnt/plain-4.2"
}

waiters() {
	local c1 c2
	c1=$(seen_by 1) c2=$(seen_by 2)
	stage 150 "16 waiters on two NFSv4.2 clients of holdfast, holder killed, 3 times" \
		waiters -r 3 holdfast /srv/ext4 "$c1/mnt/ours-4.2" "$c2/mnt/ours-4.2"
	stage 100 "the same once on ext4 (up to 65 s)" \
		waiters -r 1 -t 65 peer /srv/plain "$c1/mnt/plain-4.2" "$c2/mnt/plain-4.2"
}

# Ends what was started, so that a failure to end shows.
finish() {
	end_client
	end_ninep
	clients_stop
	nfsd_stop
	umount /srv/overlay
	hf_unmount
	hf_unload
	hf_check_dmesg
	if [ ${#hf_problems[@]} -gt 0 ]; then
		printf '%s\n' "${hf_problems[@]}" >/results/problems
		exit 1
	fi
}

tmpfs_sides=(/srv/tmpfs/ours /srv/lower-tmpfs/peer)

say "mounting"
prepare || { say "FAILED: cannot mount"; exit 1; }
wants scale && stage 200 "lock and unlock among 0 to 100,000 held locks" \
	scale "${tmpfs_sides[@]}"
wants close && stage 120 "close and whole-file unlock beside 100,000 locks of others" \
	close "${tmpfs_sides[@]}"
wants refused && stage 60 "requests that are refused beside 100,000 locks" \
	refused "${tmpfs_sides[@]}"
wants stall && stage 300 "a bystander's calls while others make the lock table work" \
	stall /srv/tmpfs/ours
wants memory && stage 60 "memory of 100,000 locks" memory "${tmpfs_sides[@]}"
if wants files; then
	for fs in ext4 tmpfs; do
		stage 120 "create, open, stat, readdir, unlink on $fs" \
			files $fs /srv/$fs/ours /srv/lower-$fs/peer
	done
	stage 120 "the same on tmpfs beside an overlay of tmpfs" \
		files overlay /srv/tmpfs/ours /srv/overlay/peer
fi
wants leases && stage 60 "breaks of leases and layouts, alone and beside 10,000 others" \
	leases /srv/ext4/ours /srv/lower-ext4/peer
if wants io; then
	for fs in ext4 tmpfs; do
		stage 180 "reading and writing on $fs" \
			io $fs /srv/$fs/ours /srv/lower-$fs/peer
	done
fi
if wants ninep || wants client || wants localio || wants tree || wants handover || wants waiters || wants delegations; then
	say "starting knfsd"
	prepare_nfsd || { say "FAILED: no knfsd"; exit 1; }
fi
if wants ninep || wants client || wants localio || wants tree || wants handover; then
	say "starting 9P servers"
	prepare_ninep || { say "FAILED: no 9P"; exit 1; }
fi
wants ninep && ninep
if wants client || wants localio || wants tree; then
	say "starting clients of 9P and NFS"
	prepare_client || { say "FAILED: no clients"; exit 1; }
	wants client && client
	wants localio && localio
	wants tree && tree strict strict-60 loose nfs v9fs-loose local
fi
if wants handover || wants waiters || wants delegations; then
	say "starting two NFS clients"
	prepare_nfs || { say "FAILED: no NFS"; exit 1; }
	wants handover && handover
	wants waiters && waiters
	if wants delegations; then
		alone
		stage 200 "small files over NFSv4.2 with each value of delegations=" \
			delegations /srv/ext4 "$(seen_by 1)/mnt/ours-4.2" "$(seen_by 1)/mnt/plain-4.2"
	fi
fi
say "ending"
finish
