#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of a server with locks: a single nfsd thread with a hundred waiters,
# restart with reclaim, stop with waiters queued, a client that reboots, clients
# that vanish, unmount and rmmod while locks are held.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"
. "$HF_HERE/ninep/server.sh"

# crash: as nfsd_halt, but what statd knows of the clients stays, as it does
# when a machine goes down: lockd's end in good order forgets them.
crash() {
	cp -a /var/lib/nfs/sm /run/hf/sm
	nfsd_halt
	cp -a /run/hf/sm/. /var/lib/nfs/sm/
}

# start_again LEASE: the threads were halted; who serves them stayed. There is
# grace enough for a slow guest's clients to reclaim: the test ends it.
start_again() {
	sysctl -qw fs.nfs.nlm_grace_period=60
	within $HF_STEP rpc.nfsd --grace-time 60 --lease-time "$1" 1
}
# From here on who is not heard of for 10 s is gone.
start_impatient() { start_again 10 && nfsd_end_grace; }

# What the statd of a machine that has booted tells those it monitored.
server_rebooted() { timeout 60 sm-notify -d -f -v 10.9.1.1; }
client_rebooted() { in_client "$1" timeout 60 sm-notify -d -f -v "10.9.$1.2"; }

no_module() { ! rmmod "$1" 2>/dev/null; }
busy() { ! umount /srv/hf 2>/dev/null && mountpoint -q /srv/hf; }
# One of nfsd's clients is of this address, and in courtesy. (Asked often: no program.)
is_courtesy() {
	local info line here
	for info in /proc/fs/nfsd/clients/*/info; do
		here=
		while IFS= read -r line; do
			case $line in
			"address: \"$1:"*) here=yes ;;
			"status: courtesy"*) [ ! "$here" ] || return 0 ;;
			esac
		done <"$info"
	done 2>/dev/null
	return 1
}
# As many of lockd's requests are queued.
lockd_waits() {
	[ "$(awk -v pid="$(pgrep -x lockd)" '$2 == "->" && $6 == pid' /proc/fs/holdfast/locks | wc -l)" = "$1" ]
}

hf_load
check mount locks_mount
check unload-while-mounted no_module holdfast_locks
result serve serve_two_clients 1
a=$(root_of 1)/mnt b=$(root_of 2)/mnt

# --- one thread, a hundred waiters
echo data >/srv/hf/seen
run hundred /srv/hf "$a/v4" "$b/v3" "timeout 60 sh -c '
	ls $a/v4 $b/v3 >/dev/null && echo one >$a/v4/one && echo two >$b/v3/two &&
	grep -q one /srv/hf/one && grep -q two /srv/hf/two && grep -q data $b/v4/seen'"
check hundred-leaves-nothing wait_until 60 no_locks

# --- restart: what clients hold they hold again
lk_start
need A open "$a/v3/three"
need B open "$a/v4/four"
need C open /srv/hf/three
need D open /srv/hf/four
need A set w
need B set w
check unmount-while-locked busy
check unload-while-locked no_module holdfast_locks
crash
check halt-releases wait_until 60 no_locks
result start-in-grace start_again 90
result notify server_rebooted
# Any request makes the NFSv4 client notice.
in_client 1 ls /mnt/v4 >/dev/null
check reclaimed wait_until 60 held 2
expect reclaimed-v3-excludes EAGAIN C set w
expect reclaimed-v4-excludes EAGAIN D set w
# Nobody else is given anything meanwhile.
ninep_in_grace() {
	local said
	ninep_load && ninep_listener unix unix:/run/hf/9p.sock &&
		ninep_export hf /srv/hf clients=unix squash=none || return
	exec {in_grace}< <(exec python3 "$HF_HERE/ninep/grace.py" unix:/run/hf/9p.sock hf 2>&1)
	read -r -t 120 -u "$in_grace" said && [ "$said" = waits ] || { echo "$said"; return 1; }
}
ninep_after_grace() {
	local said
	read -r -t 120 -u "$in_grace" said && [ "$said" = locked ] || { echo "$said"; return 1; }
	exec {in_grace}<&-
	ninep_remove && rm /srv/hf/grace
}
result ninep-in-grace ninep_in_grace
result grace-ends nfsd_end_grace
result ninep-after-grace ninep_after_grace
expect reclaimed-v3-unlocks 0 A set u
expect reclaimed-v4-unlocks 0 B set u
expect unlocked-v3-is-free 0 C set w
expect unlocked-v4-is-free 0 D set w

# --- stopped and started with waiters queued: they ask again
expect v3-waits waits A ask w
expect v4-waits waits B ask w
check both-queued wait_until 60 waiting 2
nfsd_halt
check halt-drops-waiters wait_until 60 waiting 0
result start-again start_impatient
need C set u
need D set u
expect v3-waited-through 0 A answer
expect v4-waited-through 0 B answer
need A set u
need B set u

# --- a client reboots: lockd hears of it from its statd
need E open "$b/v3/three"
need E set w
need B kill
need B open "$a/v4/three"
expect reboot-waiter waits B ask w
result reboot-notifies client_rebooted 2
expect reboot-frees 0 B answer
need B set u
lk E kill

# --- clients that vanish
need F open "$b/v4/four"
need F set w
need G open "$b/v4/three"
need G set w
check vanishing-holds wait_until 60 held 2
ip link set hf2 down
need D open /srv/hf/four
expect vanished-local-waits waits D ask w
expect vanished-v4-is-expired 0 D answer
need D set u
ip link set hf2 up
lk F kill
lk G kill
check vanished-is-freed wait_until 60 no_locks
need F open "$b/v4/four"
need F set w
ip link set hf2 down
# It has no waiters: nfsd keeps it as a courtesy until somebody wants its lock.
check courtesy wait_until 120 is_courtesy 10.9.2.2
check courtesy-holds held 1
expect courtesy-gives-way 0 D set w
need D set u
ip link set hf2 up
lk F kill

# --- the server goes while a local holder and clients' waiters are there
need D set w
need A kill
need A open "$a/v3/four"
need B kill
need B open "$a/v4/four"
expect last-v3-waits waits A ask w
expect last-v4-waits waits B ask w
need E open "$b/v3/four"
expect last-other-waits waits E ask w
check lockd-queues wait_until 20 lockd_waits 2
# An administrator moves an address, or a filesystem, to another machine.
check unlock-ip tee /proc/fs/nfsd/unlock_ip <<<10.9.1.1
check unlock-ip-drops-waiter wait_until 20 lockd_waits 1
check unlock-filesystem tee /proc/fs/nfsd/unlock_filesystem <<</srv/hf
check unlock-filesystem-drops-waiter wait_until 20 lockd_waits 0
lk A kill
lk B kill
lk E kill
check unmount-with-waiters busy
check unload-with-waiters no_module holdfast_export
lk_stop
cat /proc/fs/holdfast/stats
check nothing-held wait_until 60 held 0
clients_stop
nfsd_stop
check unmount umount /srv/hf
hf_finish
