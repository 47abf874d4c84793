# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by the tests of the 9P client: our server for a directory $lower/served of an
# ext4, beside which $lower/direct is the oracle, and mounts of it.
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"
# What of cases.py is about what the client has.
cases=(file-types create-errors hard-links unlinked-open splice copies permissions
	umask-and-setgid text-busy directories statfs long-paths mapping)
# And of hf1.
range_cases=(sparse file-size-limit)

# Results: load, make, export, tcp, unix.
serve() {
	mkdir -p "$top"
	check load eval 'hf_load holdfast_export && ninep_load && hf_load holdfast_ninep_client'
	ip link set lo up
	check make make_lower ext4
	lower=$top/ext4/plain
	mkdir "$lower/direct" "$lower/served"
	check export ninep_export data "$lower/served" clients='127.0.0.0/8 unix' squash=none \
		users='1000 1000,2000' users='1001 1001'
	check tcp ninep_listener tcp tcp:127.0.0.1:564
	check unix ninep_listener unix unix:/run/hf/9p
}

# mount_client ADDRESS MOUNTPOINT OPTIONS: over the wire, but for localio=on
mount_client() { mkdir -p "$2" && mount -t holdfast9p -o "aname=data,localio=off,$3" "$1" "$2"; }

# shows MOUNTPOINT OPTION...: in /proc/mounts
shows() {
	local line option
	line=$(grep " $1 holdfast9p " /proc/mounts) || return
	for option in "${@:2}"; do
		[[ $line,  == *[\ ,]"$option"[\ ,]* ]] || { echo "no $option in $line"; return 1; }
	done
}

# as_the_directory NAME ADDRESS OPTIONS
as_the_directory() {
	local name=$1 ranges=ranges more=("${range_cases[@]}")
	phase "$name"
	[[ $3 != *version=9p2000.L* ]] || ranges='' more=()
	check "$name-mount" mount_client "$2" "/mnt/$name" "$3"
	check "$name-shows" eval "shows /mnt/$name ${3//,/ }"
	relay python3 "$HF_HERE/client/bytes.py" "$lower/direct" "/mnt/$name" "$lower/served" "$name" \
		300 "${HF_SEED:-$RANDOM}" $ranges
	relay python3 "$HF_HERE/fs/oracle.py" "$lower/direct" "/mnt/$name" "$name" 300 "${HF_SEED:-$RANDOM}" \
		"${cases[@]}" "${more[@]}"
	check "$name-unmount" umount "/mnt/$name"
	rm -rf "$lower"/direct/* "$lower"/served/*
}

as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
