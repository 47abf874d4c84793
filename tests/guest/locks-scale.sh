#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A million locks on one file, ten thousand waiters on one range.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

# All of them are one owner's.
hf_load holdfast_locks max_owner_records=1000000
hf_load
check mount locks_mount
sysctl -qw kernel.threads-max=40000 kernel.pid_max=65536 vm.max_map_count=200000 fs.file-max=200000
run scale /srv/hf 1000000 10000
check nothing-left no_locks
hf_finish
