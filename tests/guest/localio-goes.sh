#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each kind of I/O of the 9P client past the network, for what the debug kernel sees in it.
# (localio has all of it, under both kernels.)  /dev/vda is the disk.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"
. "$HF_HERE/localio/far.sh"

serve
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
chmod 1777 "$lower/served"
goes tcp-none 127.0.0.1 trans=tcp,cache=none,localio=on fio
goes unix-strict /run/hf/9p trans=unix,cache=strict,localio=on
check remove ninep_remove
hf_finish
