#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# soak.sh FROM COUNT [STEPS]: the random tests of a guest with so many seeds each,
# of posix-random with so many steps (scripts/soak). Not in the list: it has no
# results of its own, but its verdict.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"
. "$HF_HERE/ninep/server.sh"

# A few seconds of each seed, on the lock table that the rest is about.
hostile_clients() {
	local seed
	ninep_load && mkdir /srv/hf/hostile && ninep_listener unix unix:/run/hf/9p.sock &&
		ninep_export soak /srv/hf/hostile clients=unix squash=none threads=3 || return
	for seed in $(seq "$1" $(($1 + $2 - 1))); do
		python3 "$HF_HERE/ninep/hostile.py" unix:/run/hf/9p.sock soak 3 "$seed" | grep '^ok hostile' ||
			{ echo "seed $seed"; return 1; }
	done
	ninep_remove && rm -r /srv/hf/hostile
}

# Files of the request layer, whose server answers late and in part.
exact_files() {
	local seed parameters=/sys/module/netram/parameters
	hf_load holdfast_netfs && insmod "/holdfast/build/$HF_KERNEL/samples/netram.ko" &&
		: >/mnt/netram && mount -t netram none /mnt/netram || return
	for seed in $(seq "$1" $(($1 + $2 - 1))); do
		echo $((seed % 3)) >$parameters/delay
		echo $((seed % 2 ? 4294967295 : 500 + seed % 7919)) >$parameters/most
		/holdfast/build/guest-tests/exact /mnt/netram "$seed" 150 || { echo "seed $seed"; return 1; }
	done
	umount /mnt/netram && rmmod netram
}

# Mounts whose server stops while programs are at work, twenty of each seed.
stopped_servers() {
	local served=/srv/disk/plain/stopped
	hf_load holdfast_ninep_client && ninep_load && mkdir $served && ninep_listener unix unix:/run/hf/9p &&
		ninep_export data $served clients=unix squash=none || return
	python3 "$HF_HERE/client/hung.py" $served /run/hf/9p "$(hf_module holdfast_ninep_client)" \
		$(($2 * 20)) $(($1 * 20)) >/run/hf/stopped || { cat /run/hf/stopped; return 1; }
	ninep_remove && rm -r $served
}

# Links that end at random, and servers, and programs, five rounds of each seed.
ended_links() {
	local served=/srv/disk/plain/ended
	hf_load holdfast_ninep_client && ninep_load && mkdir $served && ninep_listener unix unix:/run/hf/9p &&
		ninep_export data $served clients='unix 127.0.0.0/8' squash=none || return
	python3 "$HF_HERE/localio/rounds.py" $served /run/hf/9p /srv/disk $(($2 * 5)) $(($1 * 5)) \
		>/run/hf/ended || { cat /run/hf/ended; return 1; }
	! grep '^not ok' /run/hf/ended && ninep_remove && rm -r $served
}

hf_load
check mount locks_mount
run posix-random /srv/disk/plain /srv/hf random "$1" "$2" "${3:-1500}"
run storm /srv/hf "$2" "$1"
run storm /srv/hf "$2" "$1" layouts
check exact-files exact_files "$1" "$2"
check hostile-clients hostile_clients "$1" "$2"
check stopped-servers stopped_servers "$1" "$2"
check ended-links ended_links "$1" "$2"
check nothing-left no_locks
hf_finish
