"""Prefix lists: random, dense, and shaped like what vendors publish."""

import array

from .numbers import Numbers

OCTETS = [str(octet) for octet in range(256)]


def v4(addr: int, length: int) -> str:
    return f"{OCTETS[addr >> 24]}.{OCTETS[addr >> 16 & 255]}.{OCTETS[addr >> 8 & 255]}.{OCTETS[addr & 255]}/{length}"


def v6(addr: int, length: int) -> str:
    """With `::` for zeros at the end, and every other group as it is: what lists have, and quick to write."""
    groups = [addr >> shift & 0xFFFF for shift in range(112, -16, -16)]
    while groups and groups[-1] == 0:
        groups.pop()
    text = ":".join(f"{group:x}" for group in groups)
    return f"{text}/{length}" if len(groups) == 8 else f"{text}::/{length}"


def block(numbers: Numbers) -> tuple:
    """70 % hosts, 15 % up to eight addresses, 10 % up to a /24, 5 % up to a /20."""
    kind = numbers.below(100)
    if kind < 70:
        length = 32
    elif kind < 85:
        length = 29 + numbers.below(3)
    elif kind < 95:
        length = 24 + numbers.below(5)
    else:
        length = 20 + numbers.below(4)
    return numbers.next() & (0xFFFFFFFF << 32 - length), length


def random_v4(count: int, numbers: Numbers):
    for _ in range(count):
        yield v4(*block(numbers))


def dense_v4(count: int, numbers: Numbers):
    """Runs of 16 to 271 adjacent blocks of one length, all shuffled: nearly everything merges."""
    keys = array.array("Q")
    while len(keys) < count:
        length = 24 + numbers.below(9)
        run = min(16 + numbers.below(256), count - len(keys))
        start = numbers.next() >> 32 - length
        keys.extend((start + at & (1 << length) - 1) << 6 | length for at in range(run))
    numbers.shuffle(keys)
    for key in keys:
        length = key & 63
        yield v4(key >> 6 << 32 - length, length)


def feed_v4(count: int, numbers: Numbers):
    """What a firewall is fed: the lists of several clouds, most blocks named again for a service, and lists of single
    hosts, many of them in few networks."""
    written = 0
    while written < count:
        if numbers.below(3) == 0:
            network = numbers.next() & 0xFFFFFF00
            for _ in range(min(1 + numbers.below(40), count - written)):
                yield v4(network | numbers.below(256), 32)
                written += 1
            continue
        pool = numbers.next() & 0xFFFC0000
        at = 0
        for _ in range(min(4 + numbers.below(60), count - written)):
            length = 20 + numbers.below(9)
            size = 1 << 32 - length
            at = at + size - 1 & -size
            yield v4(pool + (at & 0x3FFFF) & 0xFFFFFFFF, length)
            written += 1
            if numbers.below(2) == 0 and written < count:
                inner = min(length + numbers.below(3), 32)
                yield v4(pool + (at & 0x3FFFF) & 0xFFFFFFFF, inner)
                written += 1
            at += size * (1 + numbers.below(4) // 3)


def random_v6(count: int, numbers: Numbers):
    """Half single addresses, half blocks of /32 to /64, all inside 2000::/3."""
    for _ in range(count):
        high = (0x20000000 | numbers.next() >> 3) << 32 | numbers.next()
        if numbers.below(2):
            yield v6(high << 64 | numbers.next() << 32 | numbers.next(), 128)
        else:
            length = 32 + numbers.below(33)
            yield v6((high >> 64 - length << 64 - length) << 64, length)


def feed_v6(count: int, numbers: Numbers):
    """Blocks of /40 to /56 one after the other in few /32, every second one named again."""
    written = 0
    while written < count:
        pool = (0x20000000 | numbers.next() >> 3) << 96
        at = 0
        for _ in range(min(8 + numbers.below(200), count - written)):
            length = 40 + 4 * numbers.below(5)
            size = 1 << 128 - length
            at = at + size - 1 & -size
            yield v6(pool | at & (1 << 96) - 1, length)
            written += 1
            if numbers.below(2) == 0 and written < count:
                yield v6(pool | at & (1 << 96) - 1, length)
                written += 1
            at += size * (1 + numbers.below(4) // 3)


KINDS = {
    "IPv4 random": random_v4,
    "IPv4 dense": dense_v4,
    "IPv4 feed-like": feed_v4,
    "IPv6 random": random_v6,
    "IPv6 feed-like": feed_v6,
}


def write(path, kind: str, count: int, seed: int = 1) -> None:
    with open(path, "w", buffering=1 << 20) as out:
        for line in KINDS[kind](count, Numbers(seed * 1_000_003 + count)):
            out.write(line)
            out.write("\n")
