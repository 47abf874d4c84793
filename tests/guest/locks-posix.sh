#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Local semantics of POSIX, OFD and flock locks: the same operations on ext4
# and on holdfast over it, with fs/locks.c as the oracle of every answer.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
for fairness in fifo none; do
	mkdir -p /srv/disk/lower-$fairness /srv/$fairness
	check mount-$fairness mount -t holdfast -o fairness=$fairness \
		/srv/disk/lower-$fairness /srv/$fairness
done
run posix-cases /srv/disk/plain /srv/hf /srv/fifo /srv/none
run courtesy /srv/disk/plain /srv/hf
run posix-random /srv/disk/plain /srv/hf random "${HF_SEED:-$RANDOM}" 1 500
check nothing-left no_locks
hf_finish
