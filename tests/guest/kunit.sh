#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites: they run when their module is loaded, and each case is a
# result SUITE.CASE here. The expected ones are listed beside the suites, in
# kunit/expected. A case that skips itself has not passed.
. "$(dirname "$0")/lib.sh"
HF_EXPECTED=/holdfast/kunit/expected

report() {
	local suite=$1 line words why=
	while IFS= read -r line; do
		read -ra words <<<"$line"
		case $line in
		'    ok '*'# SKIP'*) not_ok "$suite.${words[2]}" "it skipped itself" ;;
		'    ok '*) ok "$suite.${words[2]}" ;;
		'    not ok '*)
			not_ok "$suite.${words[3]}" "${why:-it does not say why}"
			why= ;;
		'    # '*' FAILED at '*) why+="${words[*]:1} " ;;
		'    #'*) echo "$line" ;;
		*[Ee]xpected* | *' == '*) why+="${words[*]} " ;;
		esac
	done
}

# The suites fail allocations of their own task, GFP_KERNEL ones too.
fail=/sys/kernel/debug/failslab
hf_load holdfast_locks
for cache in hf_lock_record hf_lock_range hf_lock_table hf_lock_waiter file_lock_ctx \
	hf_lease_grant hf_lease_pin file_lease_cache fasync_cache filp dentry kmalloc-96 kmalloc-128 kmalloc-256 kmalloc-8k; do
	echo 1 >/sys/kernel/slab/$cache/failslab || hf_problem "no cache $cache"
done
echo Y >$fail/cache-filter
echo N >$fail/ignore-gfp-wait
echo 0 >$fail/verbose
# Of a task that is marked each allocation fails, of others none.
echo Y >$fail/task-filter
echo 100 >$fail/probability
echo -1 >$fail/times
# Connections of the link's go through these.
ip link set lo up
modprobe vsock_loopback || hf_problem "no vsock"
# What the 9P server exports: a tmpfs, and a holdfast above another directory of it.
hf_load holdfast_export
mkdir -p /run/hf/kunit /run/hf/lower /mnt/kunit
mount -t holdfast /run/hf/lower /mnt/kunit || hf_problem "no holdfast"
# A server in a module of its own, which a suite removes.
echo >/run/hf/kunit/lent
hf_load localfile path=/run/hf/kunit/lent
hf_load holdfast_kunit
for results in /sys/kernel/debug/kunit/*/results; do
	suite=${results%/results}
	suite=${suite##*/}
	case $suite in
	# The kernel's own suites are not ours to judge.
	hf_* | holdfast*) report "$suite" <"$results" ;;
	esac
done
hf_finish
