# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by the tests of localio: network namespaces, who is linked, and what goes round.
here=$HF_HERE/localio

# far_begins NAME NET: a namespace that reaches this one as 10.77.NET.1, and is 10.77.NET.2.
far_begins() {
	ip netns add "$1" && ip link add "to-$1" type veth peer name eth0 netns "$1" &&
		ip addr add "10.77.$2.1/24" dev "to-$1" && ip link set "to-$1" up &&
		ip -n "$1" addr add "10.77.$2.2/24" dev eth0 && ip -n "$1" link set eth0 up &&
		ip -n "$1" link set lo up
}

# far_ends NAME: with all that was in it; the kernel takes the other end of its wire away then.
far_ends() {
	ip netns del "$1" && wait_until 120 eval "! ip link show to-$1"
}

# How many links there are in a state.
links() { grep -c "^link [0-9]* $1 " /proc/fs/holdfast/localio; }
has_links() { [ "$(links linked)" = "$1" ]; }

# goes NAME ADDRESS OPTIONS [MORE]: what kind of I/O goes round.
goes() {
	check "$1-mount" mount_client "$2" "/mnt/$1" "$3"
	relay python3 "$here/goes.py" "/mnt/$1" "$lower/served" "$1" "${@:4}"
	check "$1-unmount" umount "/mnt/$1"
}
