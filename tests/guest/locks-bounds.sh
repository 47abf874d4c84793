#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tables of many records and waiters: the answers are right, and no section under
# a lock is longer than the core allows itself.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
run bounds /srv/hf
check nothing-left no_locks
hf_finish
