"""Whether two outputs mean the same. What is compared is meaning: lists as the blocks they are, rules as sets of packets."""

import ipaddress
import json
import pathlib
import re
import subprocess

from .measure import Broken


class Differs(Exception):
    """Two outputs mean something else."""


def blocks(path: pathlib.Path) -> list:
    """The lines of a list, each as `ADDRESS/LENGTH`."""
    with open(path) as lines:
        return [line if "/" in line else line + ("/128" if ":" in line else "/32") for line in lines.read().split()]


def same_list(ours, theirs) -> str:
    """A set of addresses has but one shortest list, which all tools print, some in another order or spelling."""
    left, right = blocks(ours.output), blocks(theirs.output)
    if left != right:
        left, right = (sorted(map(ipaddress.ip_network, side)) for side in (left, right))
    if left != right:
        only = sorted(map(str, set(left) ^ set(right)))
        raise Differs(f"{len(only)} blocks are not in both lists, such as {only[:3]}")
    if not left:
        raise Differs("both lists are empty, which shows nothing")
    return f"{len(left)} blocks"


def same_traffic(egressor: pathlib.Path, ours: pathlib.Path, theirs: pathlib.Path) -> str:
    """Both are rule files that egressor reads: what `diff` says of them, which must have found rules on both sides."""
    command = [egressor, "diff", "--project", "none", "--format", "json", theirs, ours]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode == 1:
        raise Differs(f"`egressor diff {theirs} {ours}` finds a difference")
    if done.returncode != 0:
        raise Broken(f"`egressor diff {theirs} {ours}` failed: {done.stderr[-1500:]}")
    compared = json.loads(done.stdout)
    if compared["verdict"] != "equal" or not compared["scopes"]:
        raise Differs(f"`egressor diff` says {compared['verdict']} of {len(compared['scopes'])} scopes")
    return "`egressor diff`: equal"


HOSTS = re.compile(r"\b(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?\b")


def addresses(*paths: pathlib.Path) -> set:
    """Every IPv4 block that stands in the files, outside of comments."""
    found = set()
    for path in paths:
        for line in path.read_text().splitlines():
            if not line.lstrip().startswith("#"):
                found |= {f"{address}/{length or 32}" for address, length in HOSTS.findall(line)}
    return found


def same_addresses(asked: list, *paths: pathlib.Path) -> str:
    """Just what was asked for stands in the files. The port is looked at too, where rules cannot be read."""
    found, asked = addresses(*paths), {address for term in asked for address in term}
    if found != asked:
        raise Differs(f"{len(found ^ asked)} blocks are not in both, such as {sorted(found ^ asked)[:3]}")
    return f"{len(found)} blocks"


def same_nftables(asked: list, path: pathlib.Path) -> str:
    """Rules of nftables, which egressor does not read: each is for the port, and together they name what was asked."""
    for line in path.read_text().splitlines():
        if " daddr " in line and " tcp dport 443 " not in line:
            raise Differs(f"a rule without the port: {line.strip()[:120]}")
    return same_addresses(asked, path)
