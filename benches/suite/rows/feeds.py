"""Feeds in the shape in which they are published: read, to each target, and two dates compared."""

import ipaddress
import json
import pathlib
import re
import subprocess
import sys

from .. import catalogs, feeds
from ..install import debian
from ..meaning import Differs
from ..measure import Side
from ..row import Bench, Peer, Row
from .generating import aclgen, generate, same_rules, script

VENDORS = {"aws": (feeds.aws, 13_000), "azure": (feeds.azure, 90_000)}
TITLES = {"aws": "AWS", "azure": "Azure"}
# What is chosen of entries that say neither way nor port. Azure's file does not say its day.
CHOSEN = {"aws": ("--direction", "egress", "--port", "443/tcp")}
CHOSEN["azure"] = (*CHOSEN["aws"], "--verified", "2026-01-01")
# What a script does that is written for the purpose: every prefix of one feed, or what two of them do not share.
SCRIPT = """
import ipaddress, json, sys

def read(path, version):
    with open(path) as file:
        feed = json.load(file)
    if "prefixes" in feed:
        texts = [entry["ip_prefix"] for entry in feed["prefixes"]] + [entry["ipv6_prefix"] for entry in feed["ipv6_prefixes"]]
    else:
        texts = [text for value in feed["values"] for text in value["properties"]["addressPrefixes"]]
    of = ipaddress.IPv6Network if version == 6 else ipaddress.IPv4Network
    nets = ipaddress.collapse_addresses(of(text) for text in texts if (":" in text) == (version == 6))
    return [(int(net.network_address), int(net.broadcast_address)) for net in nets]

def without(left, right):
    at = 0
    for first, last in left:
        while at < len(right) and right[at][1] < first:
            at += 1
        next_at = at
        while first <= last and next_at < len(right) and right[next_at][0] <= last:
            if first < right[next_at][0]:
                yield first, right[next_at][0] - 1
            first = right[next_at][1] + 1
            next_at += 1
        if first <= last:
            yield first, last

def show(sign, version, ranges):
    of = ipaddress.IPv6Address if version == 6 else ipaddress.IPv4Address
    for first, last in ranges:
        for net in ipaddress.summarize_address_range(of(first), of(last)):
            print(f"{sign}{net}")

for version in (4, 6):
    lists = [read(path, version) for path in sys.argv[1:]]
    if len(lists) == 1:
        show("", version, lists[0])
    else:
        show("+", version, without(lists[1], lists[0]))
        show("-", version, without(lists[0], lists[1]))
"""


def rows(bench: Bench):
    for vendor in VENDORS:
        size = entries(bench, vendor)
        yield size, f"{vendor} to a catalog", lambda vendor=vendor: imported(bench, vendor)
        for target in ("iptables", "gcp-firewall"):
            yield size, f"{vendor} to {target}", lambda vendor=vendor, target=target: generated(bench, vendor, target)
        yield size, f"{vendor} between two dates", lambda vendor=vendor: between(bench, vendor)


def feed(bench: Bench, vendor: str, day: int) -> pathlib.Path:
    size = entries(bench, vendor)
    return bench.made(f"{vendor}-{size}-{day}.json", lambda path: VENDORS[vendor][0](path, size, day))


def entries(bench: Bench, vendor: str) -> int:
    """As many as the vendor publishes, or a tenth."""
    size = VENDORS[vendor][1]
    return size if size <= bench.largest else size // 10


def by_script(bench: Bench, *files: pathlib.Path) -> Side:
    return Side("Python script", [sys.executable, "-c", SCRIPT, *files], bench.work)


def import_to(bench: Bench, vendor: str, out: pathlib.Path) -> list:
    source = feed(bench, vendor, 0)
    return ["catalog", "import", vendor, "--project", "none", "-q", "--from", source, *CHOSEN[vendor], "--out", out]


def imported(bench: Bench, vendor: str) -> Row:
    file, out = feed(bench, vendor, 0), bench.work / "out"
    ours = bench.ours(*import_to(bench, vendor, out / "catalog.yaml"), fresh=out)

    def same(_, theirs) -> str:
        listed = re.findall(r'^ +- "([0-9a-f.:]+/\d+)"$', (out / "catalog.yaml").read_text(), re.MULTILINE)
        return same_nets(listed, theirs.output.read_text().split())

    name = f"{TITLES[vendor]} feed to a catalog"
    return Row("feeds", name, entries(bench, vendor), ours, [Peer(by_script(bench, file), same)], [file], "json")


def generated(bench: Bench, vendor: str, target: str) -> Row:
    """Of both, only the rules for IPv4 are compared; egressor writes those for IPv6 too, in the same run."""
    size = entries(bench, vendor)
    command = import_to(bench, vendor, "FILE")[:-1]
    catalog = bench.made(f"{vendor}-{size}.yaml", lambda path: subprocess.run([bench.egressor, *command, path], check=True))
    out = bench.work / "out"
    rest = ("--without", "implied/deny-rest") if target == "gcp-firewall" else ()
    ours = generate(bench, out, "--catalog", catalog, "-t", target, *rest)
    name = f"{TITLES[vendor]} catalog to {target}"
    if target != "iptables":
        return Row("feeds", name, size, ours, [], [catalog], "catalog")
    terms = [collapsed(json.loads(feed(bench, vendor, 0).read_text()))]

    def same(_, made) -> str:
        return same_rules(bench, terms, out / "iptables.rules", made)

    peers = [aclgen(bench, "aerleon", vendor, size, "iptables", terms, lambda made: same(None, script(made)))]
    ferm = debian(bench.peers, "ferm")["ferm"]
    if ferm:
        rules = bench.made(f"{vendor}-{size}/ferm.conf", lambda path: catalogs.ferm(path, terms))
        side = Side("ferm", [ferm, "--noexec", "--lines", rules], bench.work)
        peers.append(Peer(side, lambda _, made: same(None, made.output)))
    return Row("feeds", name, size, ours, peers, [catalog], "catalog")


def collapsed(feed: dict) -> list:
    """The IPv4 blocks of a feed, merged, which spares the peers what they do not do by themselves."""
    if "prefixes" in feed:
        texts = [entry["ip_prefix"] for entry in feed["prefixes"]]
    else:
        texts = [text for value in feed["values"] for text in value["properties"]["addressPrefixes"]]
    nets = ipaddress.collapse_addresses(ipaddress.IPv4Network(text) for text in texts if ":" not in text)
    return [str(net) for net in nets]


def between(bench: Bench, vendor: str) -> Row:
    files = [feed(bench, vendor, day) for day in (0, 1)]
    ours = bench.ours("catalog", "diff", "--project", "none", "--format", "json", *files, exits=(1,))

    def same(figures, theirs) -> str:
        scopes = json.loads(figures.output.read_text())["traffic"]["scopes"]
        for kind, sign in (("added", "+"), ("removed", "-")):
            changes = [change for scope in scopes for change in scope[kind] if change["protocol"] == "tcp"]
            listed = [block for change in changes for block in change["cidrs"]]
            lines = theirs.output.read_text().split()
            same_nets(listed, [line[1:] for line in lines if line[0] == sign])
        return f"{len(lines)} blocks"

    name = f"{TITLES[vendor]} feed between two dates"
    return Row("feeds", name, entries(bench, vendor), ours, [Peer(by_script(bench, *files), same)], files, "json")


def same_nets(ours: list, theirs: list) -> str:
    """Two lists of any form stand for the same addresses."""
    sides = []
    for texts in (ours, theirs):
        nets = [ipaddress.ip_network(text) for text in texts]
        sides.append([list(ipaddress.collapse_addresses(net for net in nets if net.version == version)) for version in (4, 6)])
    if sides[0] != sides[1] or not any(sides[0]):
        raise Differs("the addresses are not the same")
    return f"{sum(map(len, sides[0]))} blocks"
