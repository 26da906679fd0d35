"""Rules that exist: which could go, what they mean, and what traffic differs."""

import json
import pathlib
import re
import subprocess

from .. import catalogs, dumps
from ..install import debian, python
from ..meaning import Differs, addresses, same_traffic
from ..measure import Broken, Side, which
from ..numbers import Numbers
from ..prefixes import v4
from ..row import Bench, Peer, Row

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# A comparison of so many rules is checked by another comparison of the same size.
CHECKED = 100_000


def lint(bench: Bench):
    for size in bench.sizes(1_000, 3_000, 30_000):
        yield size, "overlap", lambda size=size: overlap(bench, size)


def nested(count: int) -> list:
    """A block for each term; of a hundred, some ten lie inside of an earlier one."""
    numbers, terms = Numbers(count), []
    for _ in range(count):
        if terms and numbers.below(10) == 0:
            addr, length = terms[numbers.below(len(terms))]
            inner = min(length + numbers.below(4), 32)
            terms.append((addr | (numbers.next() & (1 << 32 - length) - 1) >> 32 - inner << 32 - inner, inner))
        else:
            length = 18 + numbers.below(13)
            terms.append(((10 << 24 | numbers.next() >> 8) >> 32 - length << 32 - length, length))
    return terms


def covered(terms: list) -> set:
    """The terms that one earlier term covers: what a shade check is about."""
    seen, found = set(), set()
    for at, (addr, length) in enumerate(terms):
        if any((addr >> 32 - wider << 32 - wider, wider) in seen for wider in range(1, length + 1)):
            found.add(at)
        seen.add((addr, length))
    return found


def overlap(bench: Bench, size: int) -> Row:
    """The report of rules that earlier ones hide. Aerleon compares each term with each earlier one, and so finds those
    that one alone hides; egressor also those that several hide together, and those that later ones make idle."""
    terms = nested(size)
    hidden = covered(terms)
    service = ("tcp", "443")
    file = bench.made(f"nested-{size}.rules", lambda path: dumps.write(path, [(term, service, "ACCEPT") for term in terms]))
    texts = [[v4(*term)] for term in terms]
    folder = bench.made(f"nested-{size}-aerleon", lambda path: catalogs.aerleon(path, "iptables", texts))
    out = bench.work / "aerleon"
    argv = [python(bench.peers, "aerleon") / "aclgen", "--base_directory", "policies", "--definitions_directory", "def"]
    aerleon = Side("aerleon", [*argv, "--output_directory", out, "--shade_check"], folder, out)

    def ours(figures) -> str:
        # The first rule stands on the sixth line.
        report = json.loads(figures.output.read_text())["findings"]
        found = {finding["line"] - 6 for finding in report if finding["code"] == "lint/shadowed"}
        if not hidden or hidden - found:
            raise Differs(f"{len(hidden - found)} of {len(hidden)} hidden rules are not reported")
        return f"all {len(hidden)} rules that one other hides"

    def theirs(_, figures) -> str:
        found = {int(term) for term in re.findall(r"\bt(\d+) is shaded by", figures.said.read_text())}
        if found != hidden:
            raise Differs(f"Aerleon names {len(found)} terms, {len(hidden)} are hidden by one other")
        return f"both name the {len(hidden)} rules that one other hides"

    command = bench.ours("lint", "--project", "none", "--format", "json", file, exits=(1,))
    return Row("lint", "rules that others hide", size, command, [Peer(aerleon, theirs)], [file], "rules", ours)


def show(bench: Bench):
    for size in bench.sizes(*SIZES):
        yield size, "a dump", lambda size=size: shown(bench, size)


def dump(bench: Bench, name: str, size: int, make) -> pathlib.Path:
    return bench.made(f"{name}-{size}.rules", lambda path: dumps.write(path, make(dumps.rules(size))))


def shown(bench: Bench, size: int) -> Row:
    """No peer says what rules mean. Those that read such files print them in another language, one by one."""
    file = dump(bench, "rules", size, list)
    peers = []
    ferm = debian(bench.peers, "ferm")
    if ferm["import-ferm"]:
        side = Side("import-ferm", [ferm["import-ferm"], file], bench.work)
        peers.append(Peer(side, lambda _, made: same_once_generated(bench, ferm["ferm"], file, made.output)))
    translate = which("iptables-restore-translate")
    if translate:
        side = Side("iptables-restore-translate", [translate, "-f", file], bench.work)
        peers.append(Peer(side, lambda _, made: names_the_same(file, made.output)))
    command = bench.ours("show", "--project", "none", file)
    return Row("show", "a dump of iptables", size, command, peers, [file], "rules")


def same_once_generated(bench: Bench, ferm: pathlib.Path, file: pathlib.Path, made: pathlib.Path) -> str:
    """What ferm makes of the file that it imported the dump to, compared with the dump."""
    again = bench.work / "again.rules"
    with open(again, "w") as out:
        done = subprocess.run([ferm, "--noexec", "--lines", made], stdout=out, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Broken(f"ferm does not read what it imported: {done.stderr[-500:]}")
    return same_traffic(bench.egressor, file, again)


def names_the_same(file: pathlib.Path, made: pathlib.Path) -> str:
    left, right = addresses(file), addresses(made)
    if left != right or not left:
        raise Differs(f"{len(left ^ right)} blocks are not in both")
    return f"{len(left)} blocks"


def diff(bench: Bench):
    for size in bench.sizes(*SIZES):
        yield size, "50 edits", lambda size=size: compared(bench, size, "50 edits", dumps.edited)
        shuffled = "50 edits, shuffled and split"
        yield size, shuffled, lambda size=size: compared(bench, size, shuffled, edited_and_rewritten)
        same = "no edit, shuffled and split"
        yield size, same, lambda size=size: compared(bench, size, same, dumps.rewritten)


def edited_and_rewritten(rules: list) -> list:
    return dumps.rewritten(dumps.edited(rules))


def compared(bench: Bench, size: int, name: str, make) -> Row:
    """No peer compares what rules mean. `diff` of the texts is a floor, and tells nothing where they are shuffled."""
    old = dump(bench, "rules", size, list)
    new = dump(bench, name.replace(" ", "-").replace(",", ""), size, make)
    edited = dump(bench, "50-edits", size, dumps.edited)
    is_same = make is dumps.rewritten
    text = Side("`diff` of the texts", ["/usr/bin/diff", old, new], bench.work, exits=(1,), is_floor=True)

    def right(_) -> str:
        if is_same:
            return "equal, as it has to be"
        found, asked = traffic(bench, old, new), traffic(bench, old, edited)
        if found != asked or not found:
            raise Differs("what is found depends on the order of the rules")
        return f"{len(found)} differences, in whatever order the rules are"

    command = bench.ours("diff", "--project", "none", old, new, exits=(0,) if is_same else (1,))
    return Row("diff", name, size, command, [Peer(text, None)], [old, new], "rules", right if size <= CHECKED else None)


def traffic(bench: Bench, old: pathlib.Path, new: pathlib.Path) -> list:
    """What `diff` says is added and removed, without the rules that it names for it."""
    command = [bench.egressor, "diff", "--project", "none", "--format", "json", old, new]
    done = subprocess.run(command, capture_output=True, text=True)
    changes = []
    for scope in json.loads(done.stdout)["scopes"]:
        for kind in ("added", "removed"):
            changes += [(kind, *change["cidrs"], change["protocol"], *change.get("ports", [])) for change in scope[kind]]
    return sorted(changes)
