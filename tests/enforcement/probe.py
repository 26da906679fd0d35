"""Asks the kernel which packets a rule set lets out.

usage: probe.py NAMESPACE FOLDER, inside a network namespace of its own

NAMESPACE is what /proc/self/ns/net is outside. FOLDER holds N.rules and N.packets for each case N, and N.ipset where the
rules name sets. A line of N.packets is `SOURCE DESTINATION PROTOCOL DETAIL`; the detail is a port, or type * 256 + code
of ICMP. N.verdicts gets one character for each: 1 the packet went out, 0 it was dropped.

A packet that the OUTPUT hook drops makes sendto() fail with EPERM, so nobody needs to answer.
"""

import ipaddress
import os
import socket
import struct
import subprocess
import sys


def main(outside, folder):
    # A rule file loaded in the namespace of the machine would cut it off.
    if os.readlink("/proc/self/ns/net") == outside:
        sys.exit("this is not a network namespace of its own")
    # Packets leave through one end of a cable and are thrown away at the other, before anything could answer.
    run("ip link add v0 type veth peer name v1")
    for link in ("v0", "v1"):
        run(f"ip link set {link} arp off up")
    run("ip route add default dev v0")
    run("ip -6 route add default dev v0")
    for tool in ("iptables", "ip6tables"):
        run(f"{tool} -t raw -A PREROUTING -j DROP")
    sockets = {4: raw(socket.AF_INET), 6: raw(socket.AF_INET6)}
    sent = 0
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".rules")):
        case = os.path.join(folder, name.removesuffix(".rules"))
        with open(f"{case}.packets", encoding="ascii") as lines:
            packets = [line.split() for line in lines]
        tool = "ip6tables" if ":" in packets[0][0] else "iptables"
        if os.path.exists(f"{case}.ipset"):
            with open(f"{case}.ipset", "rb") as sets:
                subprocess.run(["ipset", "restore"], stdin=sets, check=True)
        with open(f"{case}.rules", "rb") as rules:
            subprocess.run([f"{tool}-restore"], stdin=rules, check=True)
        verdicts = []
        for fields in packets:
            sent += 1
            verdicts.append("1" if goes_out(sockets, fields, sent) else "0")
        with open(f"{case}.verdicts", "w", encoding="ascii") as out:
            out.write("".join(verdicts))


def run(command):
    subprocess.run(command.split(), check=True)


def raw(family):
    out = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    # A queue that is full must not look like a verdict.
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return out


def goes_out(sockets, fields, number):
    source, destination = (ipaddress.ip_address(field) for field in fields[:2])
    protocol, detail = int(fields[2]), int(fields[3])
    body = payload(protocol, detail, number)
    if source.version == 4:
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, 0, 64, protocol, 0)
    else:
        header = struct.pack(">IHBB", 6 << 28, len(body), protocol, 64)
    packet = header + source.packed + destination.packed + body
    try:
        sockets[source.version].sendto(packet, (str(destination), 0))
    except PermissionError:
        return False
    return True


def payload(protocol, detail, number):
    # Each packet is a connection of its own: its source port or its id is new.
    port = 20000 + number % 44000
    if protocol == socket.IPPROTO_TCP:
        return struct.pack(">HHIIBBHHH", port, detail, number, 0, 5 << 4, 0x02, 1024, 0, 0)
    if protocol in (socket.IPPROTO_UDP, 136):
        return struct.pack(">HHHH", port, detail, 8, 0)
    if protocol == 132:
        # An INIT chunk, which opens an association.
        init = struct.pack(">BBHIIHHI", 1, 0, 20, number, 65535, 1, 1, number)
        return struct.pack(">HHII", port, detail, 0, 0) + init
    if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        return struct.pack(">BBHHH", detail >> 8, detail & 255, 0, number & 0xFFFF, number >> 16 & 0xFFFF) + bytes(32)
    return bytes(32)


main(sys.argv[1], sys.argv[2])
