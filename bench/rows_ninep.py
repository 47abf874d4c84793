# SPDX-License-Identifier: GPL-2.0-only
"""The rows of 9P: the server beside diod and the floor, the client beside v9fs and NFS."""

import itertools

from table import ECHO, FLOOR, OURS, PEER, Missing, show_bytes, show_rate, show_time

# How many times as fast as diod where nothing is cached. Of 4 KiB it was 2 once: but a
# server that reads and writes nothing, the floor, is 2.2 to 2.5 times as fast, and the
# client's own part is in that. The floor is the hard bar there; the old one is printed.
NINEP_BARS = {"getattr": 1.5, "stat": 1.5, "stat, 5 names": 1.5, "walk": 1.5, "create": 1.5,
              "unlink": 1.5, "4 KiB random read": 1.75, "4 KiB random write": 1.75,
              "1 MiB sequential read": 1, "1 MiB sequential write": 1}
NINEP_OLD_BARS = {"4 KiB random read": 2, "4 KiB random write": 2}
NINEP_RATES = ("1 MiB sequential read", "1 MiB sequential write")
NINEP_FLOOR = {"getattr": 0.8, "walk": 0.8, "4 KiB random read": 0.8,
               "4 KiB random write": 0.75}
NINEP_CALLS = ("getattr", "4 KiB read", "4 KiB write")
NINEP_HANDOVER_BAR = 10e6
# The requests that v9fs makes.
NINEP_MESSAGES = {8: "statfs", 12: "lopen", 14: "lcreate", 24: "getattr", 26: "setattr",
                  30: "xattrwalk", 40: "readdir", 50: "fsync", 76: "unlinkat", 104: "attach",
                  110: "walk", 116: "read", 118: "write", 120: "clunk"}


def messages(measured, case):
    """What one operation sends, or None if that is not known."""
    return measured.lines.get(("ninep", case, OURS), {}).get("messages")


def show_messages(types):
    """In their order; of those in a row how many."""
    runs = [(NINEP_MESSAGES.get(kind, f"type {kind}"), len(list(run)))
            for kind, run in itertools.groupby(types)]
    return " ".join(name if count == 1 else f"{name} ×{count}" for name, count in runs)


def ninep_row(table, name, cache, bar):
    sent = messages(table.measured, f"{name}, {cache}")
    if sent is None:
        count = ""
    elif not sent:  # what the client has done by itself
        count, bar = ", none sent", None
    else:
        count = f", {len(sent)} sent"
    unit = show_rate if name in NINEP_RATES else show_time
    table.compare(f"9P, {cache}", f"cache={cache}: {name}{count}", f"{name}, {cache}", unit,
                  bar, bench="ninep")


def ninep(table):
    for name in NINEP_BARS:
        ninep_row(table, name, "none", NINEP_BARS[name])
    for name, old in NINEP_OLD_BARS.items():
        table.compare("9P, none", f"cache=none: {name}, which was to be {old} ×",
                      f"{name}, none", show_time, None, bench="ninep")
    for name in NINEP_BARS:
        ninep_row(table, name, "loose", 1)
    for name in NINEP_BARS:
        unit = show_rate if name in NINEP_RATES else show_time
        table.compare("9P, floor", f"cache=none: {name}, beside the floor", f"{name}, none",
                      unit, NINEP_FLOOR.get(name), bench="ninep", sides=(OURS, FLOOR))
    for name in NINEP_CALLS:
        table.compare("9P, alone", f"raw {name}, beside the floor", name, show_time, None,
                      bench="exchange", sides=(OURS, FLOOR))
    for name in NINEP_CALLS:
        table.compare("9P, alone", f"raw {name}: the floor beside a TCP echo", name, show_time,
                      1.3, faster=False, bench="exchange", sides=(FLOOR, ECHO))
    table.compare("9P, bulk", "16 raw reads of 1 MiB at once, beside knfsd", "read", show_rate,
                  0.9, bench="served")
    table.compare("9P, bulk", "CPU time of the server's threads for a MiB", "cpu", show_time,
                  None, bench="served")


def client_row(table, name, side, peer, bar, show=show_time, bench="client"):
    """How many times as fast as @peer @side is; a bar of 1 is that it is not behind."""
    table.compare(f"client, {bench}", f"{name}: {side}, beside {peer}", name, show, bar,
                  bench=bench, sides=(side, peer))


def client(table):
    for access in ("read", "write"):
        for size in ("4 KiB", "1 MiB"):
            name = f"{size} sequential {access}"
            client_row(table, name, "strict", "nfs", 0.9, show_rate)
            client_row(table, name, "strict", "v9fs-loose", 3, show_rate)
            client_row(table, name, "loose", "v9fs-loose", 3, show_rate)
            client_row(table, name, "none", "v9fs-none", 1, show_rate)
            client_row(table, name, "strict", "local", None, show_rate)
    for name in ("4 KiB random read", "4 KiB random read, 16 at once", "4 KiB random write"):
        client_row(table, name, "strict", "nfs", 1)
        client_row(table, name, "strict", "v9fs-loose", 1)
        client_row(table, name, "loose", "v9fs-loose", 1)
        client_row(table, name, "none", "v9fs-none", 1)
    for name in ("stat", "open and close"):
        client_row(table, name, "strict-0", "nfs-0", 1)
        client_row(table, name, "strict-0", "v9fs-none", 1)
        client_row(table, name, "none", "v9fs-none", 1)
    client_row(table, "stat", "strict", "nfs", 1)
    for name in ("stat", "open and close"):
        client_row(table, name, "loose", "v9fs-loose", 1)
        client_row(table, name, "loose", "nfs", 1)
    client_row(table, "open and close", "strict", "nfs", None)
    for name in ("create", "unlink"):
        client_row(table, name, "strict", "nfs", 1)
        client_row(table, name, "plain", "nfs", 0.8)
        client_row(table, name, "strict", "v9fs-loose", 1)
        client_row(table, name, "loose", "v9fs-loose", 1)
        client_row(table, name, "none", "v9fs-none", 1)


def localio(table):
    """
    Past the network, beside the directory itself and the same mount by the wire; and, all
    in a kernel that has that, beside NFS past the network.
    """
    for bench in "localio", "localio, plain kernel":
        localio_rows(table, bench)
    for name in localio_cells(table):
        client_row(table, name, "near", "nfs", 1, show_rate, bench="localio, plain kernel")


def localio_cells(table):
    return dict.fromkeys(case for bench, case, _ in table.measured.lines if bench.startswith("localio"))


def localio_rows(table, bench):
    for name in localio_cells(table):
        near = 0.85 if "direct" in name or ("cold" not in name and "fsync" not in name) else None
        client_row(table, name, "near", "local", near, show_rate, bench=bench)
        wire = 4 if name.startswith("4 KiB random read") else 1
        # By the wire they end in the server's cache, past it on its disk.
        if "write" in name and "direct" in name:
            wire = None
        client_row(table, name, "near", "none", wire, show_rate, bench=bench)


def tree(table):
    # NFS believes what has not changed for 60 s for as long: a warm status is to be
    # compared with one that does so, too.
    for name in ("create", "cold status", "status", "read", "remove"):
        client_row(table, name, "strict-60", "nfs", 1, bench="tree")
        client_row(table, name, "strict", "nfs", None if name == "status" else 1, bench="tree")
        client_row(table, name, "strict", "v9fs-loose", None, bench="tree")
        client_row(table, name, "loose", "v9fs-loose", 1, bench="tree")
        client_row(table, name, "loose", "local", 0.8 if name == "status" else None, bench="tree")
    table.compare("client, tree", "memory for a known file: strict, beside nfs", "memory",
                  show_bytes, None, faster=False, bench="tree", sides=("strict", "nfs"))


def switches(measured, case):
    """How often the machine changed tasks for an operation, by side."""
    return {side: item["switches"] for (bench, name, side), item in measured.lines.items()
            if bench == "client" and name == case and "switches" in item}


def ninep_handover(table):
    measured = table.measured

    def judge():
        ours = measured.middle("handover", "9p", OURS)
        try:
            peer = show_time(measured.middle("handover", "9p", PEER))
        except Missing as missing:  # diod's locks exclude no local process
            peer = str(missing).removeprefix("peer: ")
            if "while the lock was held" in peer:
                peer = "not exclusive"
        return (show_time(ours), peer, "", f"≤ {show_time(NINEP_HANDOVER_BAR)}",
                ours <= NINEP_HANDOVER_BAR)

    table.row("handover", "hand-over, 9P client waits (diod)", judge)


def floor_by_diod(measured):
    """What no server can be ahead of diod by: in each row that of canned answers."""
    parts = []
    for name in NINEP_BARS:
        sides = (FLOOR, PEER) if name in NINEP_RATES else (PEER, FLOOR)
        try:
            parts.append(f"{name} {measured.ratio('ninep', f'{name}, none', *sides):.3g}")
        except Missing:
            pass
    return "; ".join(parts)
