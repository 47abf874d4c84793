# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced after lib.sh: the 9P server in the guest.
#
#	ninep_load
#	ninep_listener tcp tcp:127.0.0.1:564 msize=65536	# on return it listens
#	ninep_export data /srv/disk/lower clients=127.0.0.0/8	# and may be attached to
#	mount_9p 127.0.0.1 /mnt/tcp trans=tcp,privport,aname=data
#	ninep_off exports/data; ninep_on exports/data
#	ninep_remove						# all of it, before hf_finish

ninep_config=/sys/kernel/config/holdfast
ninep_proc=/proc/fs/holdfast/ninep

ninep_load() {
	hf_load holdfast_ninep_server || return
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
	[ -d $ninep_config ]
}

# ninep_set KIND/NAME ATTRIBUTE=VALUE...
ninep_set() {
	local item=$ninep_config/$1 pair
	shift
	for pair; do
		echo "${pair#*=}" >"$item/${pair%%=*}" || return
	done
}

ninep_on() { ninep_set "$1" enabled=1; }
ninep_off() { ninep_set "$1" enabled=0; }

ninep_listener() {
	mkdir "$ninep_config/listeners/$1" &&
		ninep_set "listeners/$1" address="$2" "${@:3}" && ninep_on "listeners/$1"
}

ninep_export() {
	mkdir "$ninep_config/exports/$1" &&
		ninep_set "exports/$1" path="$2" "${@:3}" && ninep_on "exports/$1"
}

# mount_9p SOURCE MOUNTPOINT OPTIONS
mount_9p() {
	mkdir -p "$2" && mount -t 9p -o "version=9p2000.L,$3" "$1" "$2"
}

ninep_remove() {
	local item
	for item in $ninep_config/*/*; do
		[ ! -d "$item" ] || rmdir "$item" || return
	done
}

# How many connections there are, of those whose line matches.
ninep_connections() { grep -c "^connection .*${1-}" $ninep_proc; }
ninep_none() { [ "$(ninep_connections "${1-}")" = 0 ]; }

# The device is nobody's: what was mounted of it is gone.
is_free() {
	python3 -c 'import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR | os.O_EXCL))' "$1"
}
