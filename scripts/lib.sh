# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts beside it: messages, the cache, and which kernel.
#
# Everything big (kernel trees, the guest's root, images) lives in the cache;
# the user's own system gets build tools and QEMU, nothing else.

HF_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HF_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/holdfast
HF_SERIES=6.12
# depmod, modprobe and mke2fs are here, also for users who are not root.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'holdfast: %s\n' "$*" >&2; }
die() { printf 'holdfast: error: %s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian's release number (12, 13), or nothing on another distribution.
debian_release() {
	( . /etc/os-release 2>/dev/null && [ "$ID" = debian ] && echo "$VERSION_ID" )
}

# Where this machine's apt gets the release named $1 (bookworm, trixie) from.
debian_mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(RELEASE) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v suite="$1" '$1 == suite || $2 == suite { print $NF; exit }'
}

# The newest installed plain (not cloud, not rt) headers of our series, if any.
installed_headers() {
	local dir
	for dir in /usr/src/linux-headers-"$HF_SERIES"*-amd64; do
		case $dir in *cloud* | *rt-amd64 | '*'*) continue ;; esac
		[ -e "$dir/Makefile" ] && echo "$dir"
	done | sort -V | tail -n 1
}

# One writer at a time for each thing in the cache; others wait and then find
# it done.
cache_lock() {
	mkdir -p "$HF_CACHE"
	exec 9>"$HF_CACHE/$1.lock"
	flock -n 9 || { say "waiting for another build of $1"; flock 9; }
}

# apt-get download as a plain user or as root, into the current directory.
fetch_deb() {
	apt-get -q -o APT::Sandbox::User=root download "$1" >&2 ||
		die "cannot download the package $1 (try: apt-get update)"
}

# Shows the lines of a long log as a rising count, one line each 20 seconds.
progress() {
	local what=$1 total=$2 n=0 last=$SECONDS line
	while IFS= read -r line; do
		n=$((n + 1))
		if [ $((SECONDS - last)) -ge 20 ]; then
			last=$SECONDS
			say "$what: about $((n * 100 / total < 99 ? n * 100 / total : 99)) % ($n steps, ${SECONDS} s)"
		fi
	done
	say "$what: $n steps, $SECONDS s"
}

# How many guests run at a time: two more than cores, since each is idle for a good part of
# its time (leases, the network's own delays). Of three debug guests with one CPU, or two,
# on two cores a quarter of these was left.
guest_slots() { echo $(($(nproc) + 2)); }
