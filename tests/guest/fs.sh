#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The filesystem holdfast over tmpfs, ext4 and xfs, with the lower filesystem as
# the oracle, and exported by knfsd to a real client (more of that: fs-nfs.sh).
# /dev/vda and /dev/vdb are for ext4 and xfs, 512M each. The stock kernel is the
# one for many random steps and all three, the debug kernel for what it finds in few,
# without xfs: what of ours asks which filesystem is below takes it and ext4 alike.
#
# By hand: HF_SEED and HF_STEPS repeat the random runs; HF_LOWER and HF_PARTS
# choose some of the filesystems and of the parts (hf_finish then misses the
# other results).
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/fs/nfs.sh"
parts=${HF_PARTS:-mounting race errors oracle below handles quota nfs}
if [ "$HF_KERNEL" = debug ]; then
	steps=300 races=2000 kinds="tmpfs ext4"
	HF_EXPECTED=/run/hf/expected
	grep -v '^xfs-' "$HF_HERE/$HF_TEST.expected" >$HF_EXPECTED
else
	steps=4000 races=20000 kinds="tmpfs ext4 xfs"
fi
steps=${HF_STEPS:-$steps}
kinds=${HF_LOWER:-$kinds}

on_lower() {	# everything over one lower filesystem
	local kind=$1 base=$top/$1 mnt=$top/$1.mnt
	phase "$kind"
	check "$kind-make" make_lower "$kind" || return
	check "$kind-mount" mount -t holdfast "$base/lower" "$mnt"
	phase "$kind oracle"
	# shellcheck disable=SC2086
	[[ $parts != *oracle* ]] ||
		relay "$here/oracle.py" "$base/plain" "$mnt" "$kind" "$steps" ${HF_SEED:-}
	phase "$kind below"
	[[ $parts != *below* ]] || below "$kind" "$base/lower" "$mnt"
	phase "$kind handles"
	[[ $parts != *handles* ]] || handles "$kind" "$base/lower" "$mnt"
	[[ $parts != *quota* || $kind = tmpfs ]] || quota "$kind" "$base" "$mnt"
	phase "$kind nfs"
	[[ $parts != *nfs* || $kind != ext4 ]] || {
		forged "$kind" "$base/lower" "$mnt"
		nfs_restarts=4.2 exported "$kind" "$base/lower" "$mnt" 3 4.2
	}
	phase "$kind ends"
	check "$kind-umount" umount "$mnt"
	# The lower filesystem is free the moment the mount is gone.
	check "$kind-lower-umount" umount "$base"
}

below() {
	relay "$here/below.py" "$2" "$3" "$1"
	relay "$here/pages.py" "$2" "$3" "$1"
	# (tmpfs cannot be frozen.)
	[ "$1" = tmpfs ] || check "$1-frozen" "$here/frozen.py" "$2" "$3"
}

handles() {
	relay "$here/handles.py" make "$2" "$3" "$top/handles.$1" "$1"
	umount "$3" && mount -t holdfast "$2" "$3"
	relay "$here/handles.py" remount "$2" "$3" "$top/handles.$1" "$1"
}

quota() {
	local kind=$1 base=$2 mnt=$3
	mkdir -m 777 "$mnt/quota"
	case $kind in
	ext4) quotaon -u "$base" 2>/dev/null; setquota -u 1000 0 1024 0 0 "$base" ;;
	xfs) xfs_quota -x -c 'limit bhard=1m 1000' "$base" ;;
	esac
	check "$kind-quota" "$here/quota.py" "$mnt/quota"
	rm -rf "$mnt/quota"
	# A project's directory is as large as its quota.
	mkdir -p "$base/lower/project/sub"
	case $kind in
	ext4)
		chattr -R +P -p 42 "$base/lower/project"
		setquota -P 42 0 8192 0 100 "$base" ;;
	xfs)
		xfs_quota -x -c "project -s -p $base/lower/project 42" \
			-c 'limit -p bhard=8m ihard=100 42' "$base" >/dev/null ;;
	esac
	check "$kind-project" "$here/quota.py" "$mnt" "$base/lower" project
	rm -rf "$mnt/project"
}

options() {
	local base=$1 mnt=$2
	refused mount-option bogus mount -t holdfast -o bogus=1 "$base/lower" "$mnt"
	refused mount-fairness fairness mount -t holdfast -o fairness=some "$base/lower" "$mnt"
	refused mount-delegations delegations mount -t holdfast -o delegations=write "$base/lower" "$mnt"
	refused mount-file "not a directory" mount -i -t holdfast "$base/file" "$mnt"
	refused mount-missing "not found" mount -i -t holdfast "$base/none" "$mnt"
	refused mount-9p "not on a local filesystem" mount -i -t holdfast /holdfast/tests "$mnt"
	refused mount-9p-root "not on a local filesystem" mount -i -t holdfast /holdfast "$mnt"
	refused mount-sysfs "shows of itself" mount -i -t holdfast /sys "$mnt"
	refused mount-devpts "shows of itself" mount -i -t holdfast /dev/pts "$mnt"
	refused mount-fuse "not on a local filesystem" \
		timeout -s KILL 60 "$here/fuse.py" "$base/other" "$mnt"
	check mount-fifo mount -t holdfast -o fairness=fifo "$base/lower" "$mnt"
	check mount-shown grep -q "^$base/lower $mnt holdfast rw,relatime,fairness=fifo,delegations=read 0 0" /proc/mounts
	check remount mount -o remount,fairness=none "$mnt"
	check remount-shown grep -q "$mnt holdfast .*fairness=none" /proc/mounts
	refused remount-wrong fairness mount -o remount,fairness=best "$mnt"
	check remount-delegations mount -o remount,delegations=none "$mnt"
	check remount-delegations-shown grep -q "$mnt holdfast .*fairness=none,delegations=none " /proc/mounts
	refused remount-delegations-wrong delegations mount -o remount,delegations=some "$mnt"
}

# With $mnt mounted: one superblock, one lock table for each file.
tables() {
	local base=$1 mnt=$2 second=$3
	refused mount-on-itself already mount -t holdfast "$mnt/sub" "$second"
	refused mount-inside "inside or around" mount -t holdfast "$base/lower/sub" "$second"
	refused mount-around "inside or around" mount -t holdfast "$base" "$second"
	check mount-beside mount -t holdfast "$base/beside" "$second"
	umount "$second"
	refused mount-other-fairness "fairness=none" mount -t holdfast -o fairness=fifo "$base/lower" "$second"
	refused mount-other-delegations "delegations=none" mount -t holdfast -o delegations=all "$base/lower" "$second"
	check mount-twice mount -t holdfast "$base/lower" "$second"
	check mount-twice-same test "$(stat -c %d "$mnt")" = "$(stat -c %d "$second")"
	umount "$second"
}

# With $mnt mounted; it is not any more at the end.
unmounting() {
	local base=$1 mnt=$2
	check fsid-own test "$(stat -f -c %i "$mnt")" != "$(stat -f -c %i "$base")"
	exec 9>"$mnt/open"
	refused umount-busy busy umount "$mnt"
	exec 9>&-
	check remount-ro mount -o remount,ro "$mnt"
	refused ro-write Read-only touch "$mnt/f"
	check remount-rw mount -o remount,rw "$mnt"
	check write-again touch "$mnt/f"
	# A lazy unmount ends when the last descriptor does.
	exec 9<"$mnt/f"
	umount -l "$mnt"
	exec 9<&-
	mount --bind "$base/lower" "$base/beside" && mount -o remount,bind,ro "$base/beside"
	mount -t holdfast "$base/beside" "$mnt"
	refused lower-ro Read-only touch "$mnt/f"
	refused lower-ro-remount read-only mount -o remount,rw "$mnt"
	umount "$mnt" && umount "$base/beside"
}

overlays() {
	local base=$1 mnt=$2 layers
	mkdir -p "$base/up" "$base/work" "$base/ovl" "$base/ovl2"
	mount -t overlay -o "lowerdir=$base/lower,upperdir=$base/up,workdir=$base/work" ovl "$base/ovl"
	check over-overlay mount -t holdfast "$base/ovl" "$mnt"
	check over-overlay-io bash -c "echo x >$mnt/new && [ \$(cat $base/ovl/new) = x ]"
	refused over-too-deep "stacking depth" mount -t overlay -o "lowerdir=$mnt:$base/beside" ovl "$base/ovl2"
	umount "$mnt" && umount "$base/ovl"
	mount -t holdfast "$base/lower" "$mnt"
	check under-overlay mount -t overlay -o "lowerdir=$mnt:$base/beside" ovl "$base/ovl"
	check under-overlay-io ls "$base/ovl/sub"
	umount "$base/ovl"
	layers="lowerdir=$base/beside,upperdir=$mnt/sub,workdir=$mnt/other"
	check under-overlay-upper mount -t overlay -o "$layers" ovl "$base/ovl"
	check under-overlay-upper-io bash -c "echo x >$base/ovl/y && [ \$(cat $base/lower/sub/y) = x ]"
	umount "$base/ovl" && umount "$mnt"
}

mounting() {
	local base=$top/mounting mnt=$top/mnt
	phase mounting
	mkdir -p "$base" "$mnt" "$top/second"
	mount -t tmpfs tmpfs "$base"
	mkdir -p "$base/lower/sub" "$base/lower/other" "$base/beside" "$base/other"
	touch "$base/file"
	options "$base" "$mnt"
	tables "$base" "$mnt" "$top/second"
	check proc-locks "$here/proclocks.py" "$base/lower" "$mnt"
	unmounting "$base" "$mnt"
	overlays "$base" "$mnt"
	# The mount that LOWERDIR was found on may go first.
	mount -t holdfast "$base/lower" "$mnt"
	umount -l "$base"
	check lower-gone ls "$mnt/sub"
	check mounting-umount umount "$mnt"
}

# Path walks, renames and changes below at once; the kernel is the judge.
race() {
	local base=$top/race mnt=$top/race.mnt
	phase race
	mkdir -p "$base" "$mnt" && mount -t tmpfs tmpfs "$base" && mount -t holdfast "$base" "$mnt"
	check race "$here/race.py" "$base" "$mnt" $races
	umount "$mnt" && umount "$base"
}

# ext4 in a device that fails when the tmpfs it is in is full.
errors() {
	local store=$top/store base=$top/errors mnt=$top/errors.mnt
	phase errors
	mkdir -p "$store" "$base" "$mnt"
	[ -e /dev/loop-control ] || modprobe loop
	mount -t tmpfs -o size=20m tmpfs "$store"
	truncate -s 16M "$store/image"
	# (Blocks of a page: of a longer write a short one is no error to the loop.)
	mkfs.ext4 -q -F -b 4096 -O ^has_journal "$store/image"
	check write-errors-make mount -o loop "$store/image" "$base"
	mkdir "$base/lower" "$base/plain"
	mount -t holdfast "$base/lower" "$mnt"
	check write-errors "$here/errors.py" "$store" "$base/plain" "$mnt" "$base/lower"
	if [[ $parts = *nfs* ]]; then
		nfs_export "$base/plain" && nfs_export "$mnt"
		check write-errors-nfs "$here/errors.py" "$store" "$base/plain" "$mnt" "$base/lower" nfs
		exportfs -ua && exportfs -f
	fi
	# (nfsd closes its files in a while.)
	wait_until 60 umount "$mnt" && umount "$base" && umount "$store"
}

# On the other CPU; what it finds is told when it is waited for.
aside() {
	(
		hf_problems=()
		for kind in tmpfs xfs; do
			[[ " $kinds " != *" $kind "* ]] || on_lower $kind
		done
		printf '%s\n' "${hf_problems[@]}" >/run/hf/aside
	) &
}

mkdir -p "$top"
check load hf_load
# Before any mount: the client has a copy of what is mounted when it begins.
[[ $parts != *nfs* ]] || check server server
aside
beside=$!
[[ $parts != *mounting* ]] || mounting
[[ $parts != *race* ]] || race
[[ $parts != *errors* ]] || errors
[[ " $kinds " != *" ext4 "* ]] || on_lower ext4
wait $beside
while IFS= read -r line; do
	[ -z "$line" ] || hf_problem "$line"
done </run/hf/aside
phase finish
hf_finish
