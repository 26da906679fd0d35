"""One set of addresses in terms, as each generator takes it: a catalog, Aerleon's YAML, Capirca's lines, ferm's file."""

import pathlib

from .prefixes import v4

AERLEON = {
    "iptables": "OUTPUT DROP",
    "nftables": "inet OUTPUT",
    "k8s": "EGRESS",
    "gce": "EGRESS global/networks/default",
}


def addresses(count: int, terms: int) -> list:
    """A list for each term. Every third address, so that no two can be merged."""
    per = count // terms
    return [[v4((20 << 24) + 3 * (term * per + at), 32) for at in range(per)] for term in range(terms)]


def catalog(path: pathlib.Path, terms: list) -> None:
    lines = [
        "schema: egressor/catalog/v1",
        "id: bench",
        'title: "Bench"',
        'verified: {on: "2026-01-01", method: document-review}',
        "sources:",
        '  made: {title: "Made", url: "https://example.com/"}',
        "components:",
        "  clients:",
        "    {kind: pods, feature: clients, title: Clients, namespace: bench, selector: {app: bench}, host_network: false}",
        "features:",
        "  clients: {title: Everything, default: true}",
        "ip_sets:",
    ]
    for at, term in enumerate(terms):
        lines += [f"  net{at}:", "    family: ipv4", f"    endpoints: [t{at}]", "    sources: [made]", "    cidrs:"]
        lines += [f'      - "{address}"' for address in term]
    lines.append("endpoints:")
    for at in range(len(terms)):
        lines += [
            f"  - id: t{at}",
            "    direction: egress",
            f"    host: t{at}.example.com",
            f"    addresses: [net{at}]",
            "    ports: [443/tcp]",
            "    app: https",
            "    used_by: [clients]",
            "    feature: clients",
            '    purpose: "Bench"',
            "    sources: [made]",
            "    confidence: documented",
            "    status: active",
        ]
    write(path, lines)


def aerleon(folder: pathlib.Path, target: str, terms: list, accept: str = "accept") -> None:
    """A folder in which Aerleon's `aclgen` runs."""
    lines = ["networks:"]
    for at, term in enumerate(terms):
        lines += [f"  NET{at}:", "    values:", *(f"      - address: {address}" for address in term)]
    lines += ["services:", "  HTTPS:", "    - port: 443", "      protocol: tcp"]
    write(folder / "def/d.yaml", lines)
    lines = ["filters:", "  - header:", "      comment: bench", "      targets:", f"        {target}: {AERLEON[target]}"]
    lines.append("    terms:")
    for at in range(len(terms)):
        lines += [
            f"      - name: t{at}",
            f"        destination-address: NET{at}",
            "        destination-port: HTTPS",
            "        protocol: tcp",
            f"        action: {accept}",
        ]
    write(folder / "policies/pol/p.yaml", lines)


def capirca(folder: pathlib.Path, target: str, terms: list) -> None:
    """A folder in which Capirca's `aclgen` runs."""
    lines = []
    for at, term in enumerate(terms):
        lines += [f"NET{at} = {term[0]}", *(f"  {address}" for address in term[1:])]
    write(folder / "def/d.net", lines)
    write(folder / "def/d.svc", ["HTTPS = 443/tcp"])
    lines = ["header {", '  comment:: "bench"', f"  target:: {target} {AERLEON[target]}", "}"]
    for at in range(len(terms)):
        lines += [f"term t{at} {{", f"  destination-address:: NET{at}", "  destination-port:: HTTPS"]
        lines += ["  protocol:: tcp", "  action:: accept", "}"]
    write(folder / "policies/pol/p.pol", lines)


def ferm(path: pathlib.Path, terms: list) -> None:
    lines = [f"@def $N{at} = ({' '.join(term)});" for at, term in enumerate(terms)]
    lines.append("domain ip table filter chain OUTPUT { policy DROP;")
    lines += [f"  proto tcp dport 443 daddr $N{at} ACCEPT;" for at in range(len(terms))]
    write(path, [*lines, "}"])


def write(path: pathlib.Path, lines: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
