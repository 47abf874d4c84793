#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is seen from outside: /proc/fs/holdfast/locks, the counters, a tracepoint
# for each decision; and the sample filesystem, which embeds the lock manager.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

tracing=/sys/kernel/tracing

# line NUMBER: without its pid, its file and its age, which differ each time.
line() { sed -nE "$1s/ [0-9]+ [0-9a-f:]+ ([0-9]+ [0-9EOF]+ [a-z]+) [0-9]+ / * \1 * /p" /proc/fs/holdfast/locks; }
shows() {	# shows NAME NUMBER TEXT
	local seen
	seen=$(line "$2" | sed -E 's/(holder|behind) [0-9]+/\1 */')
	if [ "$seen" = "$3" ]; then ok "$1"; else not_ok "$1" "'$seen', not '$3'"; fi
}
# pid NUMBER, and pid of whom it waits for.
pid_of() { sed -nE "$1s/.*E +([0-9]+) [0-9a-f]+:.*/\1/p" /proc/fs/holdfast/locks; }
waits_for() { sed -nE "$1s/.*(holder|behind) ([0-9]+) .*/\2/p" /proc/fs/holdfast/locks; }
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
file_of() { sed -nE "$1s/.* ([0-9a-f]+:[0-9a-f]+:[0-9]+) .*/\1/p" /proc/fs/holdfast/locks; }
device() { stat -c '%Hd %Ld %i' "$1" | { read -r major minor ino; printf '%02x:%02x:%u' "$major" "$minor" "$ino"; }; }
age() { sed -nE "$1s/.* (held|waiting|reserved) ([0-9]+) .*/\2/p" /proc/fs/holdfast/locks; }
older() { [ "$(age "$1")" -gt "$2" ]; }

count_of() { sed -n "s/^$1 //p" /proc/fs/holdfast/stats; }
# What the counters have gained since mark_counters, those that did not left out.
mark_counters() { cp /proc/fs/holdfast/stats /run/hf/stats; }
gained() {
	awk 'NR == FNR { was[$1] = $2; next } $1 ~ /^(search|longest|accounts|charged)/ { next }
		$2 != was[$1] { printf "%s%s %d", sep, $1, $2 - was[$1]; sep = ", " }' \
		/run/hf/stats /proc/fs/holdfast/stats
}
gains() {	# gains NAME TEXT
	local seen
	seen=$(gained)
	if [ "$seen" = "$2" ]; then ok "$1"; else not_ok "$1" "'$seen', not '$2'"; fi
}
traced() { grep -q "hf_lock_$1: .* $2" $tracing/trace; }

hf_load
check mount locks_mount fairness=fifo
result serve nfsd_start 4
check export nfs_export /srv/hf
check client client_ns 1
check client-mount mount_nfs 1 4.2 /srv/hf /mnt/v4
check trace-on tee $tracing/events/holdfast/enable <<<1
lk_start
for who in A B C D; do need $who open /srv/hf/f; done

# --- a holder, a waiter for it, a waiter behind that one
mark_counters
need A set w 0 10
expect waits waits B ask w
expect waits-behind waits C ask w 20 5
expect refused EAGAIN D set r 0 1
shows holder 1 '1: POSIX  ADVISORY  WRITE * 0 9 held * -'
shows waiter 2 '2: -> POSIX  ADVISORY  WRITE * 0 EOF waiting * holder * 0 9'
shows behind 3 '3: -> POSIX  ADVISORY  WRITE * 20 24 waiting * behind * 0 EOF'
check who-holds same "$(waits_for 2)" "$(pid_of 1)"
check who-is-before same "$(waits_for 3)" "$(pid_of 2)"
check which-file same "$(file_of 1)" "$(device /srv/hf/f)"
check age-grows wait_until 20 older 2 "$(age 2)"
need A set u
expect handed-over 0 B answer
need B set u
expect handed-on 0 C answer
need C set u 20 5
gains counters 'requests 7, grants 1, unlocks 3, conflicts 1, blocks 2, handovers 2'

# --- gives up; a deadlock
mark_counters
need A set w 0 1
need B set w 10 1
expect waits-in-circle waits A ask w 10 1
expect deadlock EDEADLK B wait w 0 1
expect interrupted EINTR A interrupt
gains gave-up 'requests 4, grants 2, blocks 1, cancels 1, deadlocks 1, cycles 1'
need A set u
need B set u

# --- a deadlock with an NFSv4 client, whose wait is believed when it asks again
need F open "$(root_of 1)/mnt/v4/f"
need A set w 0 1
need F set w 10 1
expect nfs-waits waits F ask w 0 1
expect nfs-waits-in-circle waits A ask w 10 1
expect nfs-deadlock EDEADLK F answer
need F set u 10 1
expect nfs-deadlock-opened 0 A answer
need A set u
need F set u

# --- an NFSv4 client that is told and never comes: its turn runs out
echo 5000 >/sys/module/holdfast_locks/parameters/reserve_ms
need A set w
need E open "$(root_of 1)/mnt/v4/f"
expect client-waits waits E ask w
lk E kill
mark_counters
need A set u
shows turn 1 '1: POSIX  ADVISORY  WRITE * 0 EOF reserved * -'
check turn-ends wait_until 60 no_locks
gains turn-ran-out 'requests 1, unlocks 1, notifies 1, contended -1, expired 1'
lk_stop

for event in 'request: local write 0-9' 'grant: local write 0-9' 'grant: local unlock' \
	'block: local write' 'handover: local write 20-24' 'deadlock: local write 0-0' \
	'cancel: local write 10-10' 'block: notify write' 'notify: notify write' 'expire: notify write'; do
	name=${event//[: ]/-}
	check "trace-${name//--/-}" traced "${event%%:*}" "${event#*: }"
done
tee $tracing/events/holdfast/enable <<<0 >/dev/null

# --- the sample
check sample-load hf_load lockfs
mkdir -p /mnt/lockfs
check sample-mount mount -t lockfs none /mnt/lockfs
lk_start
need A open /mnt/lockfs/file
need B open /mnt/lockfs/file
need A set w
expect sample-excludes EAGAIN B set r
expect sample-waits waits B ask w
need A set u
expect sample-hands-over 0 B answer
check sample-module-is-used eval '! rmmod holdfast_locks'
lk_stop
check sample-unmount umount /mnt/lockfs
check sample-unload rmmod lockfs
hf_finish
