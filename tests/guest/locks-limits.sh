#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The limits of lock records: two users and two NFS clients come to theirs, and
# nobody else notices. (Each CPU may keep a record that was freed, which stays
# charged: hence the tolerance of two where a user or a client is meant.)
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

parameters=/sys/module/holdfast_locks/parameters
tracing=/sys/kernel/tracing
limit() { echo "$2" >$parameters/max_"$1"_records; }
count_of() { sed -n "s/^$1 //p" /proc/fs/holdfast/stats; }
more_than() { [ "$(count_of "$1")" -gt "$2" ]; }

# begin NAME CMD...: limit.py, in some way; its answer goes to /run/hf/limit-NAME.
begin() {
	local name=$1
	shift
	: >/run/hf/limit-"$name"
	"$@" >/run/hf/limit-"$name" </dev/null &
	disown
}
answered() { [ -s /run/hf/limit-"$1" ]; }
unanswered() { [ ! -s /run/hf/limit-"$1" ]; }
# gets NAME PATTERN: what it answers, but for its pid.
gets() {
	local pid answer
	wait_until 120 answered "$1" && read -r pid answer </run/hf/limit-"$1"
	# shellcheck disable=SC2053
	if [[ $pid && $answer = $2 ]]; then ok "$1"; else not_ok "$1" "'$answer', not '$2'"; fi
}
gone() { [ ! -e /proc/"$1" ]; }
end() {
	local pid rest
	read -r pid rest </run/hf/limit-"$1" && kill "$pid" && wait_until 60 gone "$pid"
}

program=$HF_HERE/locks/limit.py
as() { setpriv --reuid="$1" --regid="$1" --clear-groups python3 "$program" "${@:2}"; }
over() { in_client "$1" python3 "$program" "/mnt/v$2/${3:-nfs}" "${@:4}"; }
# One of user 1001's subordinate ids: in a namespace that he made.
subordinate() {
	local pid
	setpriv --reuid=1001 --regid=1001 --clear-groups unshare -U sleep infinity </dev/null >/dev/null &
	pid=$!
	disown
	wait_until 60 other_namespace $pid && echo '0 100000 10' >/proc/$pid/uid_map &&
		echo '0 100000 10' >/proc/$pid/gid_map || return
	nsenter -t $pid --user --setuid 5 --setgid 5 python3 "$program" "$@"
}
other_namespace() { [ "$(readlink /proc/"$1"/ns/user)" != "$(readlink /proc/$$/ns/user)" ]; }

hf_load
check mount locks_mount
result serve serve_two_clients 4
chmod 777 /srv/hf
for file in user nfs; do : >/srv/hf/$file; done
chmod 666 /srv/hf/*
check trace tee $tracing/events/holdfast/hf_lock_limit/enable <<<1

# --- the parameters
for bad in 0 15 1000000001 -1 x; do
	check "refuses-$bad" eval "! limit user $bad 2>/dev/null"
done
check shows-default grep -x 1048576 $parameters/max_user_records
limit user 100

# --- users
begin user as 1001 /srv/hf/user 200
gets user '@(98|99|100) ENOLCK'
begin second as 1002 /srv/hf/user 200
gets second '@(98|99|100) ENOLCK'
begin other-user as 1003 /srv/hf/user 50
gets other-user '50 0'
begin user-flock as 1001 /srv/hf/user 9 flock
gets user-flock '[012] ENOLCK'
begin user-subordinate subordinate /srv/hf/user 9
gets user-subordinate '[012] ENOLCK'
check user-counted more_than user_limits 3
check user-traced grep -q 'write limit of the account, user 1001' $tracing/trace
for name in user user-flock user-subordinate; do end $name; done
begin user-again as 1001 /srv/hf/user 90
gets user-again '90 0'
for name in user-again second other-user; do end $name; done

# --- clients
limit client 100
begin client-v3 over 1 3 nfs 200
gets client-v3 '@(98|99|100) ENOLCK'
before=$(count_of client_limits)
begin client-v4 over 1 4 nfs 50
check client-v4-refused wait_until 60 more_than client_limits "$before"
check client-v4-comes-again unanswered client-v4
begin other-client-v3 over 2 3 nfs 45
gets other-client-v3 '45 0'
begin other-client-v4 over 2 4 nfs 45
gets other-client-v4 '45 0'
begin local as 1001 /srv/hf/nfs 50
gets local '50 0'
check client-traced grep -q 'limit of the account, client 10.9.1.2$' $tracing/trace
check no-other-traced eval "! grep -E 'account, (servers|client 10.9.2)' $tracing/trace"
end client-v3
gets client-v4 '50 0'
for name in client-v4 other-client-v3 other-client-v4 local; do end $name; done
check locks-are-gone wait_until 60 no_locks

# --- a file, and an owner on it
limit owner 30
begin owner as 1001 /srv/hf/user 50
gets owner '30 ENOLCK'
limit file 50
begin file as 1002 /srv/hf/user 50
gets file '20 ENOLCK'
begin other-file as 1002 /srv/hf/nfs 20
gets other-file '20 0'
check owner-counted more_than owner_limits 0
check file-counted more_than file_limits 0
for name in owner file other-file; do end $name; done
check nothing-left wait_until 60 no_locks
check nothing-charged eval '! more_than charged_records 2'
hf_finish
