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

# The root of client N, as seen from here.
root_of() { echo "/proc/$(cat "/run/hf/c$1")/root"; }

# The filesystem under test: holdfast over a directory of an ext4, both seen.
locks_mount() {
	make_fs ext4 /dev/vda /srv/disk &&
		mkdir -p /srv/disk/lower /srv/disk/plain /srv/hf &&
		mount -t holdfast ${1:+-o "$1"} /srv/disk/lower /srv/hf
}

no_locks() { [ -z "$(cat /proc/fs/holdfast/locks)" ]; }
