"""Asks the kernel which packets a rule set lets through.

usage: probe.py NAMESPACE BACKEND FOLDER, inside a network namespace of its own

NAMESPACE is what /proc/self/ns/net is outside. BACKEND is `nft` or `legacy`, for the iptables of that name, `translated`, for
the rules that iptables-restore-translate makes of a rule set and nft loads, or `ruleset`, for rules of nft itself. FOLDER holds N.rules and N.packets for each
case N, and N.ipset where the rules name sets. A line of N.packets is `HOOK SOURCE DESTINATION PROTOCOL DETAIL`; the hook is
`out` or `in`, the detail is a port, or type * 256 + code of ICMP. N.verdicts gets one character for each: 1 the packet went
through, 0 it was dropped. N.saved gets what iptables-save, or `nft list`, says of the loaded rules, N.json what `nft -j list`
does, and N.untranslated why rules were not translated and loaded.

A packet that the OUTPUT hook drops makes sendto() fail with EPERM, so nobody needs to answer. One that the INPUT hook lets
through is seen by a raw socket of its protocol.
"""

import ipaddress
import os
import re
import select
import socket
import struct
import subprocess
import sys

MAC = bytes.fromhex("020000000001")
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"


def main(outside, backend, folder):
    # A rule file loaded in the namespace of the machine would cut it off.
    if os.readlink("/proc/self/ns/net") == outside:
        sys.exit("this is not a network namespace of its own")
    # Packets leave through one end of a cable and are thrown away at the other, before anything could answer. Those that
    # come in enter the cable at the other end, and every address is one of this host's to them.
    run(f"ip link add v0 address {MAC.hex(':')} type veth peer name v1")
    for link in ("v0", "v1"):
        run(f"ip link set {link} arp off up")
        with open(f"/proc/sys/net/ipv4/conf/{link}/rp_filter", "w", encoding="ascii") as out:
            out.write("0")
    run("ip link set lo up")
    for family in ("-4", "-6"):
        run(f"ip {family} route add default dev v0")
        run(f"ip {family} route add local default dev lo table 100")
        run(f"ip {family} rule add iif v0 lookup 100 pref 1")
    throw_away()
    wire = Wire()
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".rules")):
        case = os.path.join(folder, name.removesuffix(".rules"))
        with open(f"{case}.packets", encoding="ascii") as lines:
            packets = [line.split() for line in lines]
        tool = "ip6tables" if ":" in packets[0][1] else "iptables"
        if os.path.exists(f"{case}.ipset"):
            with open(f"{case}.ipset", "rb") as sets:
                subprocess.run(["ipset", "-exist", "restore"], stdin=sets, check=True)
        if backend == "ruleset":
            # What is only checked may still fail to load, so both are done.
            for flags in (["-c"], []):
                subprocess.run(["nft", *flags, "-f", f"{case}.rules"], check=True)
            listed(case, "ruleset")
            verdicts = wire.ask(packets)
            run("nft flush ruleset")
            throw_away()
        elif backend == "translated":
            verdicts = ""
            if translate(tool, case):
                listed(case, "table", "ip6" if tool == "ip6tables" else "ip", "filter")
                verdicts = wire.ask(packets)
            for family in ("ip", "ip6"):
                subprocess.run(["nft", "delete", "table", family, "filter"], stderr=subprocess.DEVNULL, check=False)
        else:
            with open(f"{case}.rules", "rb") as rules:
                subprocess.run([f"{tool}-{backend}-restore"], stdin=rules, check=True)
            with open(f"{case}.saved", "wb") as out:
                subprocess.run([f"{tool}-{backend}-save", "-t", "filter"], stdout=out, check=True)
            verdicts = wire.ask(packets)
            subprocess.run([f"{tool}-{backend}-restore"], input=EMPTY.encode(), check=True)
        # A list lets go of its sets when it is emptied.
        run("ipset flush")
        run("ipset destroy")
        with open(f"{case}.verdicts", "w", encoding="ascii") as out:
            out.write(verdicts)


def throw_away():
    """Drops what leaves the cable at its other end."""
    for tool in ("iptables-nft", "ip6tables-nft"):
        run(f"{tool} -t raw -A PREROUTING -i v1 -j DROP")


def listed(case, *what):
    """Keeps what nft lists, in both forms."""
    for end, flags in (("saved", []), ("json", ["-j"])):
        with open(f"{case}.{end}", "wb") as out:
            subprocess.run(["nft", *flags, "list", *what], stdout=out, check=True)


def run(command):
    subprocess.run(command.split(), check=True)


def translate(tool, case):
    """Loads what the translator makes of the rules, or says what is in the way."""
    made = subprocess.run([f"{tool}-restore-translate", "-f", f"{case}.rules"], capture_output=True, check=False)
    # A rule that it cannot translate becomes a comment.
    wrong = [line for line in made.stdout.decode().splitlines() if line.startswith("# -t ")]
    if made.returncode != 0:
        wrong.append(made.stderr.decode())
    if not wrong:
        # A comment may be twice as long to iptables as to nft.
        rules = re.sub(rb'( comment "[^"\n]{,120})[^"\n]*"$', rb'\1"', made.stdout, flags=re.MULTILINE)
        loaded = subprocess.run(["nft", "-f", "-"], input=rules, capture_output=True, check=False)
        wrong = [loaded.stderr.decode()] if loaded.returncode != 0 else []
    if wrong:
        with open(f"{case}.untranslated", "w", encoding="utf-8") as out:
            out.write("\n".join(wrong))
    return not wrong


class Wire:
    """The ends of the cable."""

    def __init__(self):
        self.out = {4: raw(socket.AF_INET), 6: raw(socket.AF_INET6)}
        self.far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.far.bind(("v1", 0))
        self.seen = {}
        self.sent = 0

    def ask(self, packets):
        """The verdicts on packets, which are all of one hook."""
        if packets[0][0] == "out":
            return "".join("1" if self.goes_out(fields) else "0" for fields in packets)
        first, arrived = self.sent + 1, set()
        for at, fields in enumerate(packets):
            self.come_in(fields)
            if at % 32 == 31:
                self.drain(arrived, 0)
        self.drain(arrived, 0.2)
        return "".join("1" if first + at in arrived else "0" for at in range(len(packets)))

    def packet(self, fields):
        self.sent += 1
        source, destination = (ipaddress.ip_address(field) for field in fields[1:3])
        protocol, detail = int(fields[3]), int(fields[4])
        body = payload(protocol, detail, self.sent, source.packed + destination.packed)
        if source.version == 4:
            header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), self.sent & 0xFFFF, 0, 64, protocol, 0)
            total = checksum(header + source.packed + destination.packed)
            header = header[:10] + struct.pack(">H", total)
        else:
            header = struct.pack(">IHBB", 6 << 28, len(body), protocol, 64)
        return destination, header + source.packed + destination.packed + body

    def goes_out(self, fields):
        destination, packet = self.packet(fields)
        try:
            self.out[destination.version].sendto(packet, (str(destination), 0))
        except PermissionError:
            return False
        return True

    def come_in(self, fields):
        destination, packet = self.packet(fields)
        key = (destination.version, int(fields[3]))
        if key not in self.seen:
            family = socket.AF_INET if key[0] == 4 else socket.AF_INET6
            self.seen[key] = socket.socket(family, socket.SOCK_RAW, key[1])
            self.seen[key].setblocking(False)
        kind = b"\x08\x00" if key[0] == 4 else b"\x86\xdd"
        self.far.send(MAC + MAC + kind + packet)

    def drain(self, arrived, patience):
        """Takes the numbers of the packets that arrived."""
        keys = {end: key for key, end in self.seen.items()}
        while ready := select.select(list(keys), [], [], patience)[0]:
            for end in ready:
                version, protocol = keys[end]
                body = end.recv(256)
                body = body[20:] if version == 4 else body
                at = {socket.IPPROTO_TCP: 4, 132: 16}.get(protocol, 8)
                arrived.add(struct.unpack_from(">I", body, at)[0] if len(body) >= at + 4 else 0)


def raw(family):
    out = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    # A queue that is full must not look like a verdict.
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return out


def payload(protocol, detail, number, ends):
    """What follows the header. Each packet is a connection of its own: its source port or its id is new. Checksums are
    right, else connection tracking takes a packet that comes in for an invalid one."""
    port = 20000 + number % 44000
    pseudo = ends + struct.pack(">II", 0, protocol)
    if protocol == socket.IPPROTO_TCP:
        body = struct.pack(">HHIIBBHHH", port, detail, number, 0, 5 << 4, 0x02, 1024, 0, 0)
        return summed(body, 16, pseudo, len(body))
    if protocol in (socket.IPPROTO_UDP, 136):
        body = struct.pack(">HHHHI", port, detail, 12, 0, number)
        return summed(body, 6, pseudo, len(body))
    if protocol == 132:
        # An INIT chunk, which opens an association.
        init = struct.pack(">BBHIIHHI", 1, 0, 20, number, 65535, 1, 1, number)
        head = struct.pack(">HHI", port, detail, 0)
        return head + struct.pack("<I", crc32c(head + bytes(4) + init)) + init
    if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        body = struct.pack(">BBHHHI", detail >> 8, detail & 255, 0, number & 0xFFFF, number >> 16 & 0xFFFF, number)
        body += bytes(28)
        return summed(body, 2, pseudo if protocol == socket.IPPROTO_ICMPV6 else b"", len(body))
    return bytes(8) + struct.pack(">I", number) + bytes(20)


def summed(body, at, pseudo, length):
    if pseudo:
        pseudo = pseudo[:-8] + struct.pack(">I", length) + pseudo[-4:]
    total = checksum(pseudo + body) or 0xFFFF
    return body[:at] + struct.pack(">H", total) + body[at + 2 :]


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


main(*sys.argv[1:])
