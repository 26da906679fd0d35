"""The table: for each row the floors, egressor, and the peers with the ratio of their CPU time to egressor's."""

import os
import pathlib
import platform

TITLES = {
    "start": "Starting",
    "addresses": "Addresses in one term, to a target",
    "terms": "Terms of ten addresses, to a target",
    "merge": "Prefix lists to the shortest list",
    "sets": "Sets of two prefix lists",
    "lint": "Overlap report",
    "show": "Reading a dump",
    "diff": "Comparing two dumps",
    "feeds": "Vendors' feeds",
}


def seconds(value: float) -> str:
    """Milliseconds with three digits, or seconds."""
    if value >= 10:
        return f"{value:.0f} s"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value * 1e3:.3g} ms"


def ratio(value: float) -> str:
    return f"{value:.0f}×" if value >= 9.95 else f"{value:.2g}×"


def took(figures) -> str:
    if figures is None:
        return "–"
    if figures.cut:
        return f"> {figures.cut:.0f} s"
    peak = f", {figures.peak / (1 << 20):.0f} MiB" if figures.peak else ""
    return f"{seconds(figures.median)}{peak}"


def against(name: str, is_floor: bool, figures, ours) -> str:
    """A peer's cell: what it took, and how many times ours that is; of one that was cut off, at the least."""
    if is_floor:
        return f"{name} {took(figures)} (does less)"
    if ours.cut:
        return f"{name} {took(figures)}"
    if figures.cut:
        return f"{name} {took(figures)}: > {ratio(figures.cut / ours.median)}"
    return f"{name} {took(figures)}: {ratio(figures.median / ours.median)}"


def table(group: str, rows: list) -> list:
    lines = [f"**{TITLES[group]}**", "", "| what | inputs | `cat` | reading alone | egressor | peers | means the same |"]
    lines.append("|---|--:|--:|--:|--:|---|---|")
    for row in rows:
        peers = "; ".join(against(*peer, row["ours"]) for peer in row["peers"]) or "none"
        size = f"{row['size']:,}" if row["size"] else ""
        same = "; ".join(row["same"]) or "–"
        cells = [row["name"], size, seconds_of(row["cat"]), seconds_of(row["parse"]), took(row["ours"]), peers, same]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def seconds_of(figures) -> str:
    return seconds(figures.median) if figures else "–"


def behind(rows: list) -> list:
    """Where a peer takes less than egressor, or as good as the same."""
    lines = []
    for row in rows:
        for name, is_floor, figures in row["peers"]:
            ours = row["ours"]
            if not is_floor and not figures.cut and (ours.cut or figures.median < ours.median * 1.05):
                size = f", {row['size']:,}" if row["size"] else ""
                what = f"- {TITLES[row['group']]}, {row['name']}{size}"
                lines.append(f"{what}: {name} {seconds(figures.median)}, egressor {took(ours)}")
    return ["**Where a peer is as fast or faster**", "", *(lines or ["Nowhere in these rows."]), ""]


# The rows that the README shows, each at the largest size that was measured up to this one.
HEADLINES = [
    ("start", "nothing but starting", 0),
    ("start", "CAST AI to all targets", 0),
    ("addresses", "iptables", 10_000),
    ("addresses", "k8s", 10_000),
    ("addresses", "five targets in one run", 10_000),
    ("terms", "iptables", 1_000),
    ("merge", "IPv4 random", 1_000_000),
    ("merge", "IPv4 feed-like", 1_000_000),
    ("merge", "IPv6 random", 1_000_000),
    ("lint", "rules that others hide", 1_000),
    ("show", "a dump of iptables", 100_000),
    ("diff", "50 edits, shuffled and split", 100_000),
    ("feeds", "Azure feed to a catalog", 90_000),
]


def headlines(rows: list) -> list:
    """A short table: each row beside the peer that takes least."""
    lines = ["| what | inputs | egressor | the fastest peer | |", "|---|--:|--:|--:|--:|"]
    for group, name, most in HEADLINES:
        fitting = [row for row in rows if (row["group"], row["name"]) == (group, name) and row["size"] <= most]
        if not fitting:
            continue
        row = max(fitting, key=lambda row: row["size"])
        peers = [peer for peer in row["peers"] if not peer[1] and not peer[2].cut]
        peer = min(peers, key=lambda peer: peer[2].median) if peers else None
        times = ratio(peer[2].median / row["ours"].median) if peer and not row["ours"].cut else ""
        theirs = f"{peer[0]}: {took(peer[2])}" if peer else "–"
        size = f"{row['size']:,}" if row["size"] else ""
        lines.append(f"| {TITLES[group]}: {name} | {size} | {took(row['ours'])} | {theirs} | {times} |")
    return lines


def machine() -> str:
    """What it ran on, in one sentence; names no host."""
    model = "an unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    load = os.getloadavg()[2]
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}, load of the last 15 minutes {load:.1f}"


def between_marks(path: pathlib.Path, text: str) -> None:
    """Writes a table into a document, between `<!-- figures -->` and `<!-- /figures -->`."""
    document = path.read_text()
    before, _, rest = document.partition("<!-- figures -->\n")
    _, end, after = rest.partition("<!-- /figures -->")
    if not end:
        raise SystemExit(f"{path} has no place for figures")
    path.write_text(f"{before}<!-- figures -->\n{text}<!-- /figures -->{after}")
