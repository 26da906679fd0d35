"""Prefix lists to the shortest list, and sets of two lists."""

import sys

from .. import prefixes
from ..install import debian, python, rust
from ..meaning import same_list
from ..measure import Side
from ..row import Bench, Peer, Row

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
# Python's own `ipaddress`, as a script would use it.
COLLAPSE = """
import ipaddress, sys
lines = open(sys.argv[1]).read().split()
print(*ipaddress.collapse_addresses(map(ipaddress.ip_network, lines)), sep="\\n")
"""


def merge(bench: Bench):
    for kind in prefixes.KINDS:
        for size in bench.sizes(*SIZES):
            yield size, kind, lambda kind=kind, size=size: merged(bench, kind, size)


def listed(bench: Bench, kind: str, size: int, seed: int = 1):
    name = f"{kind.replace(' ', '-')}-{size}-{seed}.txt"
    return bench.made(name, lambda path: prefixes.write(path, kind, size, seed))


def merged(bench: Bench, kind: str, size: int) -> Row:
    file = listed(bench, kind, size)
    is_v4 = kind.startswith("IPv4")
    peers = [Side("rs-aggregate", [rust(bench.peers, "rs-aggregate") / "rs-aggregate", file], bench.work)]
    iprange = debian(bench.peers, "iprange")["iprange"]
    if is_v4 and iprange:
        peers.append(Side("iprange", [iprange, file], bench.work))
    aggregate6 = python(bench.peers, "aggregate6") / "aggregate6"
    peers.append(Side("aggregate6", [aggregate6, "-4" if is_v4 else "-6", file], bench.work))
    peers.append(Side("ipaddress", [sys.executable, "-c", COLLAPSE, file], bench.work))
    return Row(
        "merge",
        kind,
        size,
        bench.ours("merge", "--project", "none", file),
        [Peer(side, same_list) for side in peers],
        [file],
        "prefixes",
    )


def sets(bench: Bench):
    for kind in ("IPv4 random", "IPv4 feed-like"):
        for size in bench.sizes(100_000, 1_000_000):
            for name, flag, theirs in (("in both", "--common", "--common"), ("in the first only", "--except", "--except")):
                make = lambda kind=kind, size=size, name=name, flag=flag, theirs=theirs: set_of_two(
                    bench, kind, size, name, flag, theirs
                )
                yield size, f"{kind}, {name}", make


def set_of_two(bench: Bench, kind: str, size: int, name: str, flag: str, theirs: str) -> Row:
    """Two lists of one kind that share half of their lines."""
    first, second = listed(bench, kind, size), listed(bench, kind, size, 2)
    both = bench.made(f"{second.stem}-half.txt", lambda path: halves(path, first, second))
    ours = [first, both] if flag == "--common" else [first, "--except", both]
    iprange = debian(bench.peers, "iprange")["iprange"]
    peers = [Side("iprange", [iprange, first, theirs, both], bench.work)] if iprange else []
    return Row(
        "sets",
        f"{kind}, {name}",
        size,
        bench.ours("merge", "--project", "none", *(["--common"] if flag == "--common" else []), *ours),
        [Peer(side, same_list) for side in peers],
        [first, both],
        "prefixes",
    )


def halves(path, first, second) -> None:
    with open(first) as left, open(second) as right, open(path, "w") as out:
        for at, lines in enumerate(zip(left, right)):
            out.write(lines[at % 2])
