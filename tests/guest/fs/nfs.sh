# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by fs.sh and fs-nfs.sh: the mount exported by knfsd, and used by the
# kernel's own client in a namespace of its own, one version after the other.

server() { nfsd_start 8 && client_ns 1; }

# After exported(), which ends it.
server_again() {
	[ "$(<$HF_NFSD/threads)" != 0 ] || { nfsd_threads && nfsd_end_grace; }
}

# All else that a server is made of is there.
nfsd_threads() { within "$HF_STEP" rpc.nfsd --grace-time 10 --lease-time 90 8; }

# The client's files as this shell reaches them, beside the server's.
client_path() { echo "/proc/$(cat /run/hf/client-1)/root$1"; }

# In a process of its own: in a subshell under check's "if" set -e does nothing.
# (With what it calls; bash prints not every function so that it can read it.)
sub() {
	HF_NFSD=$HF_NFSD HF_STEP=$HF_STEP hf_silence=$hf_silence bash -exc \
		"$(declare -f "$1" wait_until within hf_ended hf_stuck nfsd_threads nfsd_halt \
			grace_is_over end_grace nfsd_end_grace); \"\$@\"" sub "$@"
}

nfs_restart() {	# descriptors live on while the server and its caches go
	local c=$1
	mkdir -p "$c/one/two/three"
	echo first >"$c/one/two/three/file"
	# (Not the current directory: the shell itself would wait for the server.)
	exec 7<"$c/one/two/three" 8<>"$c/one/two/three/file"
	nfsd_halt
	sync
	echo 2 >/proc/sys/vm/drop_caches
	nfsd_threads
	echo second >&8
	exec 8>&-
	nfsd_end_grace
	[ "$(cat /proc/self/fd/7/file)" = second ]
	echo made >/proc/self/fd/7/new
	exec 7<&-
	[ "$(cat "$c/one/two/three/new")" = made ]
	rm -rf "$c/one"
}

nfs_v42() {
	local c=$1 l=$2
	head -c 300000 /dev/urandom >"$c/a"
	cp "$c/a" "$c/b"
	cmp "$c/a" "$l/b"
	truncate -s 10M "$c/sparse"
	fallocate -o 1048576 -l 65536 "$c/sparse"
	echo data | dd of="$c/sparse" bs=1 seek=5000000 conv=notrunc status=none
	cmp "$c/sparse" "$l/sparse"
	setfattr -n user.over.nfs -v yes "$c/a"
	[ "$(getfattr --only-values -n user.over.nfs "$l/a")" = yes ]
	[ -z "$(getfattr -d -m holdfast "$c")" ]
	rm "$c/a" "$c/b" "$c/sparse"
}

# In the file, with a number of its own: a server that starts anew reads it.
export_as() {	# export_as OPTIONS [DIRECTORY]
	echo "${2:+$2 *(rw,sync,insecure,no_root_squash,fsid=77,$1)}" >/etc/exports
	exportfs -ra
}

forged() {	# forged KIND LOWERDIR MOUNT: handles that the server never gave out
	server_again
	mkdir -p "$3/exported"
	export_as no_subtree_check "$3/exported"
	relay "$here/forge.py" "$3/exported" "$2" "$1"
	rm -rf "$2/exported" "${2%/*}/beyond"
}

# With nfs_restarts only those versions meet a server that starts anew; those of
# nfs_frozen, a lower filesystem that is frozen.
exported() {	# exported KIND LOWERDIR MOUNT VERSION...
	local kind=$1 lower=$2 mnt=$3 vers c
	local fresh=acregmin=0,acregmax=0,acdirmin=0,acdirmax=0,lookupcache=none
	c=$(client_path "/mnt/$kind")
	server_again
	mkdir -p "$mnt/exported"
	check "$kind-export" export_as no_subtree_check "$mnt/exported"
	shift 3
	for vers; do
		check "$kind-nfs$vers-mount" mount_nfs 1 $vers "$mnt/exported" "/mnt/$kind" $fresh || continue
		check "$kind-nfs$vers-names" "$here/client.py" names "$c" "$lower/exported"
		check "$kind-nfs$vers-owner" "$here/client.py" owner "$c" "$lower/exported"
		[[ " ${nfs_frozen:-} " != *" $vers "* ]] ||
			relay "$here/frozen-write.py" "$lower/exported" "$c" "$kind-nfs$vers-frozen-write"
		[[ " ${nfs_restarts:-$*} " != *" $vers "* ]] ||
			check "$kind-nfs$vers-restart" sub nfs_restart "$c"
		[ $vers != 4.2 ] || check "$kind-nfs4.2-only" sub nfs_v42 "$c" "$lower/exported"
		in_client 1 umount "/mnt/$kind"
	done
	# Handles name the parent, and a file is connected through it.
	check "$kind-subtree-export" export_as subtree_check "$mnt/exported"
	check "$kind-subtree-mount" mount_nfs 1 3 "$mnt/exported" "/mnt/$kind"
	check "$kind-subtree-restart" sub nfs_restart "$c"
	in_client 1 umount "/mnt/$kind"
	export_as none
	exportfs -f
	# nfsd keeps files open for a while; its end closes them.
	nfsd_halt
}
