"""Start-up, and rules from a catalog: the same addresses for the same port, given to each generator in its own form."""

import pathlib

from .. import catalogs
from ..install import debian, python
from ..meaning import same_addresses, same_nftables, same_traffic
from ..measure import Side
from ..row import Bench, Peer, Row

# The day is an input, so that no run depends on the clock.
TODAY = ("--today", "2026-01-02")
# What Aerleon calls a target, and what egressor writes that says the same.
TARGETS = {
    "iptables": ("iptables", "iptables.rules"),
    "nftables": ("nftables", "nftables.nft"),
    "k8s": ("network-policy", "network-policy.yaml"),
    "gce": ("gcp-firewall", "gcp-firewall.tf"),
}
# An account takes no more rules of a security group than this, however its quotas are raised.
AWS_LIMIT = 1_000
# Capirca 2.0.9 leaves the port out of rules for nftables, so what it writes there means something else.
CAPIRCA = ("iptables", "k8s", "gce")


def start(bench: Bench):
    yield 0, "nothing but starting", lambda: starting(bench)
    yield 0, "CAST AI to all targets", lambda: castai(bench)


def starting(bench: Bench) -> Row:
    peers = [Side("true", ["/bin/true"], bench.work, is_floor=True)]
    for name in ("aerleon", "capirca"):
        # It ends with 1 when it was asked for help.
        peers.append(Side(name, [python(bench.peers, name) / "aclgen", "--help"], bench.work, exits=(0, 1)))
    for name, argument in (("ferm", "--version"), ("iprange", "--version")):
        program = debian(bench.peers, name)[name]
        if program:
            # iprange says 1 when it has told its version.
            peers.append(Side(name, [program, argument], bench.work, exits=(0, 1)))
    return Row("start", "nothing but starting", 0, bench.ours("--version"), [Peer(side, None) for side in peers])


def castai(bench: Bench) -> Row:
    out = bench.work / "out"
    lock = bench.root / "examples/01_quickstart/egressor.lock"
    ours = generate(bench, out, "--region", "us", "--lock", lock)
    return Row("start", "CAST AI to all targets", 0, ours, [], [bench.root / "catalog/castai.yaml", lock])


def addresses(bench: Bench):
    for size in bench.sizes(10, 1_000, 10_000, 100_000):
        yield from to_each(bench, "addresses", size, 1)


def terms(bench: Bench):
    for count in bench.sizes(10_000, 100_000):
        yield from to_each(bench, "terms", count // 10, 10)


def to_each(bench: Bench, group: str, size: int, per: int):
    """A row for each target that a peer has too, one for each other target, and one for five at once."""
    for target in TARGETS:
        yield size, target, lambda target=target: with_peers(bench, group, size, per, target)
    fits_aws = size * per <= AWS_LIMIT
    fifth = "aws-security-group" if fits_aws else "change-request"
    for target in (fifth, "squid"):
        yield size, target, lambda target=target: alone(bench, group, size, per, target, (target,))
    five = ("gcp-firewall", "iptables", "squid", "network-policy", fifth)
    yield size, "five targets", lambda: alone(bench, group, size, per, "five targets in one run", five)


def asked(group: str, size: int, per: int) -> list:
    return catalogs.addresses(size, 1) if group == "addresses" else catalogs.addresses(size * per, size)


def catalog(bench: Bench, group: str, size: int, per: int):
    terms = asked(group, size, per)
    return bench.made(f"{group}-{size}/catalog.yaml", lambda path: catalogs.catalog(path, terms)), terms


def generate(bench: Bench, out: pathlib.Path, *arguments) -> Side:
    # Quotas of an account are no limits of the file.
    quota = ("--set", f"aws.max_rules={AWS_LIMIT}")
    return bench.ours("generate", "--project", "none", "-q", *TODAY, *quota, *arguments, "--out", out, fresh=out)


def alone(bench: Bench, group: str, size: int, per: int, name: str, targets: tuple) -> Row:
    file, terms = catalog(bench, group, size, per)
    out = bench.work / "out"
    ours = generate(bench, out, "--catalog", file, *(word for target in targets for word in ("-t", target)))
    # Squid's rules are about names.
    checked = {"aws-security-group": "aws-security-group.tf", "iptables": "iptables.rules"}
    files = [out / checked[target] for target in targets if target in checked]
    right = (lambda _: same_addresses(terms, files[0])) if files else None
    return Row(group, name, size, ours, [], [file], "catalog", right)


def with_peers(bench: Bench, group: str, size: int, per: int, target: str) -> Row:
    file, terms = catalog(bench, group, size, per)
    out = bench.work / "out"
    ours_target, artifact = TARGETS[target if target in bench.targets or target != "nftables" else "iptables"]
    # Aerleon writes no rules that deny the rest to Google Cloud, so here neither are ours asked for.
    rest = ("--without", "implied/deny-rest") if target == "gce" else ()
    ours = generate(bench, out, "--catalog", file, "-t", ours_target, *rest)
    same = {
        "iptables": lambda made: same_rules(bench, terms, out / artifact, script(made)),
        "nftables": lambda made: same_nftables(terms, made),
        "k8s": lambda made: same_rules(bench, terms, out / artifact, made),
        "gce": lambda made: same_rules(bench, terms, out / artifact, made),
    }[target]
    peers = [aclgen(bench, "aerleon", group, size, target, terms, same)]
    if target in CAPIRCA:
        peers.append(aclgen(bench, "capirca", group, size, target, terms, same))
    ferm = debian(bench.peers, "ferm")["ferm"] if target == "iptables" else None
    if ferm:
        rules = bench.made(f"{group}-{size}/ferm.conf", lambda path: catalogs.ferm(path, terms))
        side = Side("ferm", [ferm, "--noexec", "--lines", rules], bench.work)
        peers.append(Peer(side, lambda _, made: same_rules(bench, terms, out / artifact, made.output)))
    name = "nftables (ours: iptables)" if (target, ours_target) == ("nftables", "iptables") else target
    return Row(group, name, size, ours, peers, [file], "catalog", lambda _: same_addresses(terms, out / artifact))


def aclgen(bench: Bench, tool: str, group: str, size: int, target: str, terms: list, same) -> Peer:
    """Aerleon or Capirca, in a folder of its own with an output folder that is empty each time."""
    write = catalogs.aerleon if tool == "aerleon" else catalogs.capirca
    folder = bench.made(f"{group}-{size}/{tool}-{target}", lambda path: write(path, target, terms))
    out = bench.work / tool
    argv = [python(bench.peers, tool) / "aclgen", "--base_directory", "policies", "--definitions_directory", "def"]
    return Peer(Side(tool, [*argv, "--output_directory", out], folder, out), lambda *_: same(only(out)))


def only(folder: pathlib.Path) -> pathlib.Path:
    files = [path for path in folder.rglob("*") if path.is_file()]
    if len(files) != 1:
        raise FileNotFoundError(f"one file was expected in {folder}: {files}")
    return files[0]


def script(bare: pathlib.Path) -> pathlib.Path:
    """The lines of Aerleon's target are the arguments of commands, and read as such once the command stands before them."""
    path = bare.with_suffix(".sh")
    with open(bare) as lines, open(path, "w") as out:
        out.write("#!/bin/sh\n")
        out.writelines(f"iptables {line}" for line in lines if line.startswith("-"))
    return path


def same_rules(bench: Bench, terms: list, ours: pathlib.Path, theirs: pathlib.Path) -> str:
    """Judged twice: by egressor, which reads both, and by the addresses that stand in theirs."""
    same_addresses(terms, theirs)
    return same_traffic(bench.egressor, ours, theirs)
