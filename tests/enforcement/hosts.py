"""Two hosts and a cable: what a client with rules can really reach, and who really reaches it.

usage: hosts.py NAMESPACE BACKEND FOLDER, inside a network namespace of its own

NAMESPACE is what /proc/self/ns/net is outside. BACKEND is `nft` or `legacy`. FOLDER holds iptables.rules and
ip6tables.rules, which the client loads, and connections: lines of `out ADDRESS PORT` for connections to the other host,
which owns the address, and of `in ADDRESS PORT` for those that it opens from the address. Prints each line with what came
of it before the rules and with them: `open`, `refused` or `dropped`.
"""

import os
import select
import socket
import subprocess
import sys
import time

CLIENT = {4: "198.18.0.1", 6: "2001:db8:ffff::1"}
SERVER = {4: "198.18.0.2", 6: "2001:db8:ffff::2"}
# What nobody answers within this time was dropped; the cable is short.
PATIENCE = 3


def main(outside, backend, folder):
    own(outside)
    with open(os.path.join(folder, "connections"), encoding="ascii") as text:
        lines = [line.split() for line in text]
    ports = sorted({line[2] for line in lines})
    addresses = sorted({line[1] for line in lines})
    other = subprocess.Popen(
        ["unshare", "-n", sys.executable, __file__, "serve", outside, ",".join(addresses), ",".join(ports)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    try:
        # It is in its namespace once it speaks.
        other.stdout.readline()
        run(f"ip link add v0 type veth peer name v1 netns {other.pid}")
        ends("v0", CLIENT)
        for version, gateway in SERVER.items():
            run(f"ip -{version} route add default via {gateway}")
        listeners = listen(ports)
        print("go", file=other.stdin, flush=True)
        other.stdout.readline()
        before = results(lines, other)
        for tool in ("iptables", "ip6tables"):
            with open(os.path.join(folder, f"{tool}.rules"), "rb") as rules:
                subprocess.run([f"{tool}-{backend}-restore"], stdin=rules, check=True)
        behind = results(lines, other)
        for line, *both in zip(lines, before, behind):
            print(*line, *both)
        del listeners
    finally:
        other.kill()
        other.wait()


def serve(outside, addresses, ports):
    """The other host: owns the addresses, listens on the ports, and opens what it is told to."""
    own(outside)
    print("here", flush=True)
    sys.stdin.readline()
    ends("v1", SERVER)
    for address in addresses.split(","):
        run(f"ip addr add {address}/{128 if ':' in address else 32} dev lo" + (" nodad" if ":" in address else ""))
    listeners = listen(ports.split(","))
    print("ready", flush=True)
    for line in sys.stdin:
        asked = [field.split("/") for field in line.split()]
        print(*connect([(CLIENT[6 if ":" in source else 4], int(port), source) for source, port in asked]), flush=True)
    del listeners


def own(outside):
    # Rules loaded in the namespace of the machine would cut it off.
    if os.readlink("/proc/self/ns/net") == outside:
        sys.exit("this is not a network namespace of its own")


def run(command):
    subprocess.run(command.split(), check=True)


def ends(link, addresses):
    run("ip link set lo up")
    run(f"ip link set {link} up")
    run(f"ip addr add {addresses[4]}/24 dev {link}")
    run(f"ip addr add {addresses[6]}/64 dev {link} nodad")
    # Answers go to addresses beyond the cable.
    if link == "v1":
        for version, gateway in CLIENT.items():
            run(f"ip -{version} route add default via {gateway}")


def listen(ports):
    listeners = []
    for port in ports:
        for family, every in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            end = socket.socket(family, socket.SOCK_STREAM)
            if family == socket.AF_INET6:
                end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            end.bind((every, int(port)))
            end.listen(64)
            listeners.append(end)
    return listeners


def results(lines, other):
    """What comes of all connections, those that the other host opens included."""
    told = [f"{address}/{port}" for way, address, port in lines if way == "in"]
    coming = []
    if told:
        print(*told, file=other.stdin, flush=True)
        coming = other.stdout.readline().split()
    going = connect([(address, int(port), None) for way, address, port in lines if way == "out"])
    going, coming = iter(going), iter(coming)
    return [next(going if way == "out" else coming) for way, *_ in lines]


def connect(all_of_them):
    waiting, said = {}, {}
    for index, (address, port, source) in enumerate(all_of_them):
        end = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        end.setblocking(False)
        if source:
            end.bind((source, 0))
        end.connect_ex((address, port))
        waiting[end] = index
    until = time.monotonic() + PATIENCE
    while waiting and (left := until - time.monotonic()) > 0:
        _, ready, _ = select.select([], list(waiting), [], left)
        for end in ready:
            error = end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            said[waiting.pop(end)] = "open" if error == 0 else "refused"
            end.close()
    return [said.get(index, "dropped") for index in range(len(all_of_them))]


if sys.argv[1] == "serve":
    serve(*sys.argv[2:])
else:
    main(*sys.argv[1:])
