# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by layouts.sh. Leases, layouts and pins while memory fails: one
# allocation in ten of the agents'. (Over tmpfs: for other filesystems no memory
# for their metadata is an error, after which they write no more.)

slab=/sys/kernel/debug/failslab
# fail_on FILTER=VALUE...
fail_on() {
	local setting
	for setting in "$@" interval=1 times=-1 verbose=0 ignore-gfp-wait=N probability=10; do
		echo "${setting#*=}" >"$slab/${setting%%=*}" || return
	done
}
mkdir -p /srv/tmp /srv/over-tmp
check mount-tmpfs eval 'mount -t tmpfs tmpfs /srv/tmp && mount -t holdfast /srv/tmp /srv/over-tmp'
result task-fails fail_on task-filter=Y
run lease-fault /srv/over-tmp "${HF_SEED:-$RANDOM}" 1500
echo 0 >$slab/probability
