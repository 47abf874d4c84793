#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Layouts and pins, also beside leases; what is seen of both; storms; and all of
# it while memory fails. The lower filesystem is xfs, which can collapse, insert
# and reflink.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/locks/run.sh"

tracing=/sys/kernel/tracing
traced() { grep -q "$1: .* $2" $tracing/trace; }
count_of() { sed -n "s/^$1 //p" /proc/fs/holdfast/stats; }
no_leases() { [ -z "$(</proc/fs/holdfast/leases)" ]; }

hf_load
check mount eval 'make_fs xfs /dev/vda /srv/disk && mkdir -p /srv/disk/lower /srv/hf &&
	mount -t holdfast /srv/disk/lower /srv/hf'
check trace-on tee $tracing/events/holdfast/enable <<<1
run layouts /srv/hf /srv/disk/lower
tee $tracing/events/holdfast/enable <<<0 >/dev/null
check nothing-left no_leases

# --- what was seen of it: a tracepoint and a counter for each transition
for event in 'hf_lease_grant: lease read' 'hf_lease_grant: layout write' \
	'hf_lease_change: layout write' 'hf_lease_break: lease read' 'hf_lease_break: layout read' \
	'hf_lease_break_to_read: lease write' 'hf_lease_downgrade: lease read' \
	'hf_lease_return: lease read' 'hf_lease_return: layout read' \
	'hf_lease_revoke: lease read' 'hf_lease_revoke: layout read' \
	'hf_pin: pin write' 'hf_pin: unpin read' \
	'hf_change: waits for layouts' 'hf_change: refused for a pin'; do
	name=${event//[: ]/-}
	check "trace-${name//--/-}" traced "${event%%:*}" "${event#*: }"
done
cat /proc/fs/holdfast/stats
# Every one that was taken has ended, once.
balanced() {
	local kind
	for kind in leases layouts; do
		[ "$(count_of ${kind}_granted)" = $(($(count_of ${kind}_returned) + $(count_of ${kind}_revoked))) ] || return
	done
	[ "$(count_of pins)" = "$(count_of pins_ended)" ]
}
check counters-balance balanced

run storm /srv/hf "${HF_STORMS:-250}" "${HF_SEED:-$RANDOM}" layouts

# --- no memory
. "$HF_HERE/leases/fault.sh"
check end wait_until 20 no_leases
hf_finish
