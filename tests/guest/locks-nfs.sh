#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Locks through the real knfsd, with one single nfsd thread: local processes,
# NFSv3 and NFSv4.2 clients (and an NFSv4.0 one, which polls) hold and wait.
#
# Hand-over times are printed, not judged, but for one bound that tells a
# notification from the client's 30 s poll.
. "$(dirname "$0")/lib.sh"

LOCK=/holdfast/tests/guest/nfs/lock.py
LOCKS=/proc/fs/holdfast/locks
POLL=20		# s: below the 30 s poll, above any load of the machine
marks=/tmp/marks
mkdir -p $marks

# as WHO CMD...: WHO is local, or CLIENT-VERSION, whose FILEs are in there.
as() {
	local who=$1
	shift
	case $who in
	local) "$@" ;;
	*) in_client "${who%%-*}" "$@" ;;
	esac
}
path() { if [ "$1" = local ]; then echo "/srv/hf/$2"; else echo "/mnt/$1/$2"; fi; }

waiting() { [ "$(grep -c ' waiting ' $LOCKS)" = "$1" ]; }
no_locks() { [ ! -s $LOCKS ] || [ -z "$(cat $LOCKS)" ]; }
exists() { [ -e "$1" ]; }

# start_holder WHO FILE MARK: its gate is descriptor $gate, its process $holder.
start_holder() {
	mkfifo "$marks/$3.gate"
	as "$1" python3 $LOCK hold "$(path "$1" "$2")" "$marks/$3" <"$marks/$3.gate" &
	holder=$!
	exec {gate}>"$marks/$3.gate"
	wait_until 60 exists "$marks/$3.held"
}
let_go() {
	echo >&"$gate"
	exec {gate}>&-
	wait "$holder"
}

# hand_over HOLDER WAITER
hand_over() {
	local file=matrix-$1-$2 mark=matrix-$1-$2 waiter
	: >"/srv/hf/$file"
	start_holder "$1" "$file" "$mark" || return
	as "$2" python3 $LOCK wait "$(path "$2" "$file")" "$marks/$mark" &
	waiter=$!
	wait_until 60 waiting 1 || { cat $LOCKS; return 1; }
	! exists "$marks/$mark.granted" || { echo "granted while held"; return 1; }
	let_go
	wait $waiter || return
	awk -v a="$(cat "$marks/$mark.left")" -v b="$(cat "$marks/$mark.granted")" -v poll=$POLL -v what="$1 to $2" \
		'BEGIN { printf "hand-over %s: %.1f ms\n", what, (b - a) * 1000; exit !(b >= a && b - a < poll) }'
}

# Exclusion, proved by data: no increment is lost.
counter() {
	local who pids=() pid
	echo 0 >/srv/hf/counter
	for who in local 1-4.2 2-4.2 1-3 2-3; do
		as $who python3 $LOCK count "$(path $who counter)" 20 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || return; done
	[ "$(cat /srv/hf/counter)" = 100 ] || { echo "counted $(cat /srv/hf/counter), not 100"; return 1; }
}

# In order of arrival, whoever waits.
fifo() {
	local who n=0 pids=() pid
	: >/srv/hf/fifo
	start_holder local fifo fifo || return
	for who in 1-4.2 2-3 local 2-4.2 1-3; do
		n=$((n + 1))
		as $who python3 $LOCK wait "$(path $who fifo)" "$marks/fifo-$n" $marks/fifo.log &
		pids+=($!)
		wait_until 60 waiting $n || return
	done
	let_go
	for pid in "${pids[@]}"; do wait "$pid" || return; done
	[ "$(tr '\n' ' ' <$marks/fifo.log)" = "fifo-1 fifo-2 fifo-3 fifo-4 fifo-5 " ] || { cat $marks/fifo.log; return 1; }
}

# The holder is killed with 16 waiters on two clients, the one nfsd thread
# meanwhile goes on serving.
killed_holder() {
	local n pids=() pid
	: >/srv/hf/kill
	start_holder local kill kill || return
	for n in $(seq 16); do
		as $((n % 2 + 1))-4.2 python3 $LOCK wait "$(path $((n % 2 + 1))-4.2 kill)" "$marks/kill-$n" $marks/kill.log &
		pids+=($!)
	done
	wait_until 120 waiting 16 || { cat $LOCKS; return 1; }
	check served-meanwhile as 2-4.2 timeout 60 sh -c \
		 'ls /mnt/2-3 >/dev/null && echo data >/mnt/2-4.2/other && grep -q data /mnt/2-4.2/other'
	pkill -9 -f "hold /srv/hf/kill " || return
	exec {gate}>&-
	wait "$holder"
	for pid in "${pids[@]}"; do wait "$pid" || return; done
	[ "$(wc -l <$marks/kill.log)" = 16 ]
}

# cancelled WHO: a waiter that is killed leaves nothing in anybody's way.
cancelled() {
	local file=cancel-$1 waiter next
	: >"/srv/hf/$file"
	start_holder local "$file" "$file" || return
	as "$1" python3 $LOCK wait "$(path "$1" "$file")" "$marks/$file-killed" &
	waiter=$!
	wait_until 60 waiting 1 || return
	pkill -9 -f "wait $(path "$1" "$file") " || return
	wait $waiter
	python3 $LOCK wait "/srv/hf/$file" "$marks/$file-next" &
	next=$!
	let_go
	wait_until $POLL exists "$marks/$file-next.granted" || { cat $LOCKS; return 1; }
	wait $next && ! exists "$marks/$file-killed.granted"
}

# NFSv4.0 is never queued (nfsd would BUG when notifying it): it polls.
minor_version_0() {
	local waiter
	: >/srv/hf/minor
	start_holder local minor minor || return
	as 1-4.0 python3 $LOCK wait "$(path 1-4.0 minor)" "$marks/minor" &
	waiter=$!
	as 2-4.2 python3 $LOCK wait "$(path 2-4.2 minor)" "$marks/minor-1" &
	wait_until 60 waiting 1 || return
	let_go
	wait_until 60 exists $marks/minor-1.granted || return
	wait_until 90 exists $marks/minor.granted && wait $waiter
}

check load hf_load
check make-fs make_fs ext4 /dev/vda /srv/disk
mkdir -p /srv/disk/lower /srv/hf
check mount mount -t holdfast /srv/disk/lower /srv/hf
check nfsd nfsd_start 1
check export nfs_export /srv/hf
check clients eval 'client_ns 1 && client_ns 2'
for version in 3 4.2; do
	check "mounts-v$version" eval "mount_nfs 1 $version /srv/hf /mnt/1-$version && mount_nfs 2 $version /srv/hf /mnt/2-$version"
done
check mount-v4.0 mount_nfs 1 4.0 /srv/hf /mnt/1-4.0

# The two sides of a pair are two clients, or the server: a client with both
# would settle it by itself.
for from in local 2-3 2-4.2; do
	for to in local 1-3 1-4.2; do
		if hand_over $from $to; then ok "hand-over-${from#*-}-to-${to#*-}"
		else not_ok "hand-over-${from#*-}-to-${to#*-}" "see above"; fi
	done
done
if counter; then ok counter; else not_ok counter "see above"; fi
if fifo; then ok fifo; else not_ok fifo "see above"; fi
if killed_holder; then ok killed-holder; else not_ok killed-holder "see above"; fi
for who in local 1-3 1-4.2; do
	if cancelled $who; then ok "cancelled-${who#*-}"; else not_ok "cancelled-${who#*-}" "see above"; fi
done
if minor_version_0; then ok minor-version-0; else not_ok minor-version-0 "see above"; fi
check no-locks-left wait_until 60 no_locks
cat /proc/fs/holdfast/stats
hf_finish
