#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# soak.sh FROM COUNT [STEPS]: the random tests of a guest with so many seeds each,
# of posix-random with so many steps (scripts/soak). Not in the list: it has no
# results of its own, but its verdict.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

hf_load
check mount locks_mount
run posix-random /srv/disk/plain /srv/hf random "$1" "$2" "${3:-1500}"
run storm /srv/hf "$2" "$1"
run storm /srv/hf "$2" "$1" layouts
check nothing-left no_locks
hf_finish
