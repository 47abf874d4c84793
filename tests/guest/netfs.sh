#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The request layer, under the sample that lives on it: files that are what was written
# to them, two clients of one file, and requests that outlive who asked for them.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
programs=/holdfast/build/guest-tests
# (Large folios, and their migration, are the stock kernel's alone.)
steps=${HF_STEPS:-$([ "$HF_KERNEL" = debug ] && echo 100 || echo 400)}
a=/mnt/a b=/mnt/b
parameter() { echo "$2" >"/sys/module/netram/parameters/$1"; }

hf_load holdfast_netfs
check sample-loads insmod "/holdfast/build/$HF_KERNEL/samples/netram.ko"
mkdir -p /mnt
: >$a
: >$b
check mount-a mount -t netram none $a
check mount-b mount -t netram none $b

# How late answers are, and how many bytes they have at the most.
exact() {
	parameter delay "$2"
	parameter most "$3"
	local seed=${HF_SEED:-$RANDOM}
	echo "exact-$1: seed $seed"
	check "exact-$1" "$programs/exact" $a "$seed" "$steps"
	parameter most 4294967295
}
exact whole 0 4294967295
exact short 0 5000
exact tiny 0 700
exact late 2 4294967295
exact late-and-short 1 9000
parameter delay 0

relay python3 "$HF_HERE/netfs/clients.py" $a $b
aio() {
	fio --name=aio --filename=$a --rw=randrw --bsrange=4k-96k --size=4m --ioengine="$1" \
		--iodepth=16 --direct=1 --verify=crc32c --verify_fatal=1 --do_verify=1 \
		--randseed="$RANDOM" --allow_file_create=0 --output=/run/hf/fio || { cat /run/hf/fio; return 1; }
}
truncate -s 4M $a
parameter delay 1
check aio-libaio aio libaio
check aio-threads aio posixaio
parameter delay 0
check umount-a umount $a
check umount-b umount $b

relay python3 "$HF_HERE/netfs/life.py" $a
check sample-unloads rmmod netram
hf_finish
