#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who holds and who waits, over every pair of {local, NFSv3, NFSv4.2} and with
# NFSv4.0 beside 4.1, through the real knfsd with one single thread: exclusion
# proved by data, hand-over times, order of arrival.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
result serve serve_two_clients 1
check mount-v4.0 mount_nfs 1 4.0 /srv/hf /mnt/v4.0
check mount-v4.1 mount_nfs 2 4.1 /srv/hf /mnt/v4.1
a=$(root_of 1)/mnt b=$(root_of 2)/mnt
run matrix /srv/hf "$a/v3" "$a/v4" "$b/v3" "$b/v4" "$a/v4.0" "$b/v4.1"
check nothing-left wait_until 60 no_locks
cat /proc/fs/holdfast/stats
hf_finish
