#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the request layer has cached is moved from one node of the machine to the other
# (netfs-moved.append makes it two): the word goes with the bytes, and the old folio is
# let go of. The debug kernel has no migration.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"

hf_load holdfast_netfs
check sample-loads insmod "/holdfast/build/$HF_KERNEL/samples/netram.ko" delay=0
mkdir -p /mnt
: >/mnt/a
check mount mount -t netram none /mnt/a
relay python3 "$HF_HERE/netfs/moved.py" /mnt/a
check umount umount /mnt/a
check sample-unloads rmmod netram
hf_finish
