# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the locks-*.sh tests, after lib.sh.

hf_programs=/holdfast/build/guest-tests

# run PROGRAM ARGS...: relays its result lines; its end without an answer to
# every question is a problem of the test.
run() {
	local line status
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "${line#ok }" ;;
		'not ok '*) line=${line#not ok }; not_ok "${line%%:*}" "${line#*: }" ;;
		*) echo "$line" ;;
		esac
	done < <("$hf_programs/$@" 2>&1; echo "status $?" >/run/hf/status)
	status=$(cat /run/hf/status)
	[ "$status" = 'status 0' ] || hf_problem "$1: $status"
}

# result NAME CMD...: as check, but in this shell, so that variables stay.
result() {
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "'$*' failed"; fi
}

# The root of client N, as seen from here.
root_of() { echo "/proc/$(<"/run/hf/client-$1")/root"; }

# The filesystem under test: holdfast over a directory of an ext4, both seen.
locks_mount() {
	make_fs ext4 /dev/vda /srv/disk &&
		mkdir -p /srv/disk/lower /srv/disk/plain /srv/hf &&
		mount -t holdfast ${1:+-o "$1"} /srv/disk/lower /srv/hf
}

no_locks() { [ -z "$(</proc/fs/holdfast/locks)" ]; }

# lk_start; then lk "A set w" leaves the answer in $answer; lk_stop.
lk_start() { coproc LK { exec "$hf_programs/lk"; }; lk_pid=$LK_PID; }
lk() {
	answer=
	echo "$*" >&"${LK[1]}" && read -r answer <&"${LK[0]}"
}
lk_stop() {
	eval "exec ${LK[1]}>&-"
	wait "$lk_pid"
}

# expect NAME ANSWER COMMAND...: a result that judges one answer of lk.
expect() {
	local name=$1 want=$2
	shift 2
	lk "$@"
	if [ "$answer" = "$want" ]; then ok "$name"; else
		not_ok "$name" "'$*' answered '$answer', not '$want'; $(tr '\n' ';' </proc/fs/holdfast/locks)"
	fi
}
# need COMMAND...: a step on the way, which has to answer 0.
need() {
	lk "$@"
	[ "$answer" = 0 ] || hf_problem "'$*' answered '$answer'"
}

lock_lines() { [ "$(grep -c "$1" /proc/fs/holdfast/locks)" = "$2" ]; }
held() { lock_lines ' held ' "$1"; }
waiting() { lock_lines ' waiting ' "$1"; }

# A server on /srv/hf with so many threads, and two client machines with mounts
# of it at /mnt/v3 and /mnt/v4.
serve_two_clients() {
	local n
	nfsd_start "$1" && nfs_export /srv/hf && client_ns 1 && client_ns 2 || return
	for n in 1 2; do
		mount_nfs $n 3 /srv/hf /mnt/v3 && mount_nfs $n 4.2 /srv/hf /mnt/v4 || return
	done
}
