#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest (scripts/bench): mounts, exports, and runs the programs
# that are in /results/bin. Measurements go to /results/measured.jsonl, one
# JSON object a line, and /results/fio-*.json; what the programs say goes to
# the terminal. A stage that fails leaves its rows out, and report.py shows
# them as failed.
#
#	guest.sh [STAGE...]	default: all, in this order
. /holdfast/tests/guest/lib.sh

bin=/results/bin
out=/results/measured.jsonl
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(scale close memory files io handover waiters)
: >$out

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
wants() { [[ " ${stages[*]} " == *" $1 "* ]]; }

# stage LIMIT_S TEXT PROGRAM ARGS...
stage() {
	local limit=$1 text=$2 program=$3
	shift 3
	say "$text"
	timeout "$limit" "$bin/$program" "$@" >>$out || say "FAILED: $text"
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
}

# seen_by N: where client N's mounts are seen from here.
seen_by() { echo "/proc/$(cat "/run/hf/c$1")/root"; }

prepare_nfs() {
	local n
	nfsd_start 8 && nfs_export /srv/plain && nfs_export /srv/ext4 || return
	for n in 1 2; do
		client_ns $n || return
		mount_nfs $n 3 /srv/plain /mnt/plain-3 || return
		mount_nfs $n 3 /srv/ext4 /mnt/ours-3 || return
		mount_nfs $n 4.2 /srv/plain /mnt/plain-4.2 || return
		mount_nfs $n 4.2 /srv/ext4 /mnt/ours-4.2 || return
	done
}

# One fio run for each kind of access: jobs that take turns on both sides, the
# first pair of which warms up. The page cache stays warm: what is compared is
# the path through the kernel, not a disk.
fio_jobs() {
	local fs=$1 name=$2 pairs=7 pair side sides
	shift 2
	printf '%s\n' '[global]' thread=1 gtod_reduce=1 norandommap=1 invalidate=0 \
		size=64m time_based=1 runtime=350ms group_reporting=1 fallocate=none "$@"
	for ((pair = 0; pair <= pairs; pair++)); do
		sides="ours peer"
		[ $((pair % 2)) = 0 ] || sides="peer ours"
		for side in $sides; do
			printf '%s\n' "[$side.$pair]" stonewall new_group
			case $side in
			ours) echo "filename=/srv/$fs/ours/fio" ;;
			peer) echo "filename=/srv/lower-$fs/peer/fio" ;;
			esac
		done
	done
}

fio_run() {
	local fs=$1 name=$2
	say "fio on $fs: $name"
	fio_jobs "$@" >/tmp/job.fio
	timeout 120 fio --output-format=json --output="/results/fio-$fs-$name.json" \
		/tmp/job.fio || say "FAILED: fio on $fs, $name"
}

io() {
	local fs engine file
	for fs in ext4 tmpfs; do
		for file in /srv/$fs/ours/fio /srv/lower-$fs/peer/fio; do
			dd if=/dev/urandom of=$file bs=1M count=64 status=none || return
		done
		sync
		for engine in psync mmap; do
			fio_run $fs $engine-randread-4k ioengine=$engine rw=randread bs=4k
			fio_run $fs $engine-randwrite-4k ioengine=$engine rw=randwrite bs=4k
			fio_run $fs $engine-read-1m ioengine=$engine rw=read bs=1m
			fio_run $fs $engine-write-1m ioengine=$engine rw=write bs=1m
		done
		fio_run $fs psync-randwrite-4k-4writers ioengine=psync rw=randwrite bs=4k numjobs=4
		rm /srv/$fs/ours/fio /srv/lower-$fs/peer/fio
	done
}

handover() {
	local c1
	c1=$(seen_by 1)
	stage 120 "hand-over between local processes, 20 each" handover -n 20 -s 200 \
		local:holdfast:/srv/ext4:/srv/ext4 local:peer:/srv/plain:/srv/plain
	stage 150 "hand-over to NFS clients of holdfast, 10 each" handover -n 10 -s 1000 \
		"nfs3:holdfast:/srv/ext4:$c1/mnt/ours-3" "nfs4.2:holdfast:/srv/ext4:$c1/mnt/ours-4.2"
	# Their waiters sleep 30 s between polls, so all samples at once cost no
	# more than one, and disturb none.
	stage 150 "hand-over to NFS clients of ext4, 10 each at once (30 s or more)" \
		handover -p -n 10 -s 2000 -t 65 \
		"nfs3:peer:/srv/plain:$c1/mnt/plain-3" "nfs4.2:peer:/srv/plain:$c1/mnt/plain-4.2"
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
	clients_stop
	nfsd_stop
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
wants memory && stage 60 "memory of 100,000 locks" memory "${tmpfs_sides[@]}"
if wants files; then
	for fs in ext4 tmpfs; do
		stage 120 "create, open, stat, readdir, unlink on $fs" \
			files $fs /srv/$fs/ours /srv/lower-$fs/peer
	done
fi
if wants io; then io; fi
if wants handover || wants waiters; then
	say "starting knfsd and two clients"
	prepare_nfs || { say "FAILED: no NFS"; exit 1; }
	wants handover && handover
	wants waiters && waiters
fi
say "ending"
finish
