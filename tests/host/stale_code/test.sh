#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/stale-code on consoles that guests left, and on these with one thing changed.
# Recorded: a static key (stock*) and a tracepoint (debug) that one CPU switched while
# the other came by, under QEMU 7.2; the same with a switch that was under way again
# (being-written); a module with an int3 of its own (module); a module that jumps into
# the int3s between the kernel's functions (in-memory), or writes to address 8 (null).
cd "$(dirname "$0")" || exit 1
failed=0
# is WANTED NAME, of the console on standard input: a place, or "ours".
is() {
	local said
	said=$(../../../scripts/stale-code /dev/stdin) || said=ours
	[ "$said" = "$1" ] || { echo "$2: $said, not $1"; failed=1; }
}

is __schedule+0x98/0xbf0 stock <stock.console
is put_prev_entity+0x58/0xf0 stock-short <stock-short.console
is __schedule+0x1506/0x1ee0 debug <debug.console
is __schedule+0x98/0xbf0 'with the serial line as it is' < <(sed 's/$/\r/' stock.console)
for console in being-written module in-memory null; do is ours $console <$console.console; done

changed() { is ours "$1" < <(sed -E "$2" stock.console); }
changed 'in our module' 's/(RIP: 0010:.*)/\1 [holdfast_locks]/'
changed 'in no function' 's/(RIP: 0010:).*/\10xffffffffc0561000/'
changed 'in user space' 's/(RIP: 00)10:/\133:/'
changed 'the int3 is in memory' 's/.. (<72>)/cc \1/'
changed 'a long int3' 's/.. .. (<72>)/cd 03 \1/'
changed 'no bytes' 's/Code: .*/Code: Unable to access opcode bytes at 0xffffffff81000000./'
changed 'another trap' 's/int3: 0000/general protection fault: 0000/'
changed 'the second oops' 's/\[#1\]/[#2]/'
changed 'a warning before it' '/Oops: int3/s/^/WARNING: CPU: 1 PID: 180 at fs\/locks.c:280\n/'
changed 'KASAN before it' '/Oops: int3/s/^/BUG: KASAN: slab-use-after-free in hf_lock_free\n/'
changed 'lockdep before it' '/Oops: int3/s/^/WARNING: possible circular locking dependency detected\n/'
changed 'it ends in the oops' '/RIP:/,$d'
is ours 'says nothing' </dev/null
[ $failed = 0 ] && echo "all as they should be"
exit $failed
