# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by guest.sh: the 9P client beside v9fs, NFSv4.2 and the directory itself, all
# over the loopback, from one directory, with messages of 1 MiB.  Each has a directory
# of its own there.  -0: attributes are asked for each time; -60: they are believed for
# 60 s, as NFS does with files that have not changed for so long; plain: 9P2000.L.
client_top=/srv/plain/exported/client
declare -A client_types client_options
for name in strict strict-0 strict-60 loose none plain; do
	client_types[$name]=holdfast9p client_options[$name]=aname=client,msize=1048576,localio=off
done
# Past the network.
client_types[near]=holdfast9p client_options[near]=aname=client,msize=1048576,cache=none
for name in none loose; do
	client_types[v9fs-$name]=9p
	client_options[v9fs-$name]=trans=tcp,privport,version=9p2000.L,msize=1048576,access=user,aname=client,cache=$name
done
for name in nfs nfs-0; do
	client_types[$name]=nfs client_options[$name]=vers=4.2,rsize=1048576,wsize=1048576
done
client_options[strict]+=,cache=strict
client_options[strict-0]+=,cache=strict,ac=0
client_options[strict-60]+=,cache=strict,ac=60
client_options[loose]+=,cache=loose
client_options[none]+=,cache=none
client_options[plain]+=,cache=strict,version=9p2000.L
client_options[nfs-0]+=,actimeo=0

client_mount() {
	local source=127.0.0.1
	[ "${client_types[$1]}" != nfs ] || source+=:$client_top
	mkdir -p "/mnt/client/$1" "$client_top/$1" &&
		within "$HF_STEP" mount -t "${client_types[$1]}" -o "${client_options[$1]}" $source "/mnt/client/$1"
}

# (NFS waits for the server's disk no more than the others do: async.)
prepare_client() {
	local name
	modprobe -a 9p 9pnet_fd && hf_load holdfast_ninep_client && mkdir -p $client_top/local &&
		nfs_export $client_top async &&
		ninep_export client $client_top clients=127.0.0.0/8 squash=none max_bytes=67108864 || return
	for name in "${!client_types[@]}"; do
		client_mount "$name" || return
	done
}

# sides NAME...: in the words of bench/client.c
sides() {
	local name
	for name; do
		if [ "$name" = local ]; then echo local:$client_top/local
		else echo "$name:/mnt/client/$name/$name"; fi
	done
}

client() {
	local list
	mapfile -t list < <(sides strict loose none v9fs-none v9fs-loose nfs local)
	stage 240 "9P client, v9fs, NFS: reading and writing" client files "${list[@]}"
	mapfile -t list < <(sides strict-0 none v9fs-none nfs-0)
	stage 60 "the same: stat and open, asked for each time" client stat "${list[@]}"
	mapfile -t list < <(sides strict loose v9fs-loose nfs local)
	stage 60 "the same: stat and open, known" client stat "${list[@]}"
	mapfile -t list < <(sides strict loose none plain v9fs-none v9fs-loose nfs local)
	stage 120 "the same: create and unlink" client names "${list[@]}"
}

# timed CASE SIDE COMMAND...: how long it takes, a sample
timed() {
	local case=$1 side=$2 before=${EPOCHREALTIME/./}
	shift 2
	"$@" >/run/hf/timed 2>&1 || { hf_problem "$side: $case: $(tail -n 2 /run/hf/timed)"; return 1; }
	sample "$case" "$side" ns $((${EPOCHREALTIME/./} - before))000
}

sample() {
	printf '{"bench": "tree", "case": "%s", "side": "%s", "unit": "%s", "samples": [%s]}\n' "$@" >>$out
}

slab() { awk '$1 == "Slab:" { print $2 * 1024 }' /proc/meminfo; }

# What the client knew is gone; the server's is warm.
client_forget() {
	sync
	if [ "$1" != local ]; then umount "/mnt/client/$1" && client_mount "$1"; fi
	echo 3 >/proc/sys/vm/drop_caches
	find $client_top/"$1" -type f -exec cat {} + >/dev/null
}

tree_create() { tar -C "$1" -xf /run/hf/tree.tar && sync; }
tree_status() { [ -z "$(git -C "$1/tree" status --porcelain)" ]; }
tree_read() { find "$1/tree" -name .git -prune -o -type f -print0 | xargs -0 cat | wc -c; }
tree_remove() { rm -r "$1/tree" && sync; }

# tree SIDE...: a checkout
tree() {
	local side at before files
	export HOME=/run/hf
	(cd / && git config --global safe.directory '*')
	cp /results/tree.tar /run/hf/tree.tar
	files=$(tar -tf /run/hf/tree.tar | grep -vc '^tree/.git/')
	for side; do
		at=$(sides "$side")
		at=${at#*:}
		say "a tree: $side"
		timed create "$side" tree_create "$at" || continue
		client_forget "$side"
		before=$(slab)
		timed "cold status" "$side" tree_status "$at"
		sample memory "$side" bytes $((($(slab) - before) / files))
		timed "status" "$side" tree_status "$at"
		client_forget "$side"
		timed "read" "$side" tree_read "$at"
		timed "remove" "$side" tree_remove "$at"
	done
}

# Messages of reads and writes that the mount nfs has sent.
nfs_messages() {
	awk '$1 == "device" { here = $5 == "/mnt/client/nfs" }
		here && /^[ \t]*(READ|READ_PLUS|WRITE):/ { sum += $2 } END { print sum + 0 }' /proc/self/mountstats
}

# Past the network, by the wire, and the directory itself; in a kernel that has it NFS
# past the network.  Rounds of fio's.
localio() {
	local list round bench=localio names=(near none local) sent
	if [ "$HF_KERNEL" = plain ]; then
		bench='localio, plain kernel' names+=(nfs)
	fi
	mapfile -t list < <(sides "${names[@]}")
	for round in "${list[@]#*:}"; do
		dd if=/dev/urandom of="$round/fio" bs=1M count=64 status=none || return
	done
	sync
	grep -q ' linked ' /proc/fs/holdfast/localio || hf_problem "there is no link"
	python3 /holdfast/bench/localio.py jobs "${list[@]}" >/run/hf/localio.fio
	# (Where it is, fio writes what its helpers say.)
	cd /run/hf || return
	sent=$(nfs_messages)
	for round in 1 2 3; do
		say "past the network, by the wire, and the directory itself: $round of 3"
		fio --output-format=json --output="/run/hf/localio-$round" /run/hf/localio.fio >/run/hf/fio 2>&1 ||
			hf_problem "fio: $(tail -n 3 /run/hf/fio)"
	done
	cd - >/dev/null || return
	# (Without that there would be one for each read or write. A few do: 245 in one run; why
	# is not known.)
	sent=$(($(nfs_messages) - sent))
	[ $sent -le 1000 ] || hf_problem "NFS went by the network: $sent messages"
	python3 /holdfast/bench/localio.py samples "$bench" /run/hf/localio-[123] >>$out
}

end_client() {
	[ -d /mnt/client ] || return 0
	umount /mnt/client/* || hf_problem "a client's mount stays"
}
