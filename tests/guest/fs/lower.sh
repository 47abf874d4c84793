# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by fs.sh, fs-nfs.sh and fs-mounts.sh: the lower filesystems, and what they share.

top=/srv/fs
here=$HF_HERE/fs
export PYTHONDONTWRITEBYTECODE=1

# Where the time goes, for whoever reads the output.
phase() { echo "# $SECONDS s: $*"; }

# What a program reports line by line is our result.
relay() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "${line#ok }" ;;
		'not ok '*)
			line=${line#not ok }
			not_ok "${line%%: *}" "${line#*: }" ;;
		'#'*) echo "$line" ;;
		*) hf_problem "$line" ;;
		esac
	done < <("$@" 2>&1 || echo "$* ended with $?")
}

# refused NAME TEXT COMMAND...: it fails, and it or the kernel says TEXT.
refused() {
	local name=$1 text=$2 out log
	shift 2
	echo "hf-refused-$name" >/dev/kmsg
	if out=$("$@" 2>&1); then
		not_ok "$name" "$* succeeded"
		return
	fi
	log=$(dmesg)
	out+=" ${log##*"hf-refused-$name"}"
	if [[ $out == *$text* ]]; then ok "$name"; else not_ok "$name" "no '$text' in: ${out//$'\n'/; }"; fi
}

make_lower() {
	mkdir -p "$top/$1"
	case $1 in
	tmpfs) mount -t tmpfs -o size=500m tmpfs "$top/tmpfs" ;;
	ext4) mkfs.ext4 -q -F -O quota,project /dev/vda &&
		mount -o usrquota,prjquota /dev/vda "$top/ext4" ;;
	xfs) mkfs.xfs -q -f -m reflink=1 /dev/vdb && mount -o uquota,pquota /dev/vdb "$top/xfs" ;;
	esac && mkdir -p "$top/$1/lower" "$top/$1/plain" "$top/$1.mnt"
}
