"""Feeds in the shape in which AWS and Azure publish theirs, on two dates; the blocks are made up."""

import json

from .numbers import Numbers
from .prefixes import v4, v6

PLACES = ("us", "eu", "ap", "sa", "af", "me")
REGIONS = [f"{place}-{side}-{at}" for place in PLACES for side in ("east", "west") for at in (1, 2)]
AWS = ["EC2", "S3", "CLOUDFRONT", "ROUTE53", "API_GATEWAY", "DYNAMODB", "GLOBALACCELERATOR", "WORKSPACES_GATEWAYS"]
AZURE = [
    "Storage", "Sql", "AzureCloud", "AppService", "AzureMonitor", "EventHub", "ServiceBus", "AzureKeyVault", "CosmosDB",
    "AzureContainerRegistry", "PowerBI", "LogicApps", "DataFactory", "AzureActiveDirectory", "AzureFrontDoor", "HDInsight",
]  # fmt: skip


def blocks_v4(numbers: Numbers):
    """Blocks in pools of public space, one after the other with gaps."""
    while True:
        at = 0x32000000 + (numbers.below(0x1800) << 16)
        end = at + (1 << 16 + numbers.below(3))
        while at < end:
            length = 19 + numbers.below(9)
            size = 1 << 32 - length
            at = at + size - 1 & -size
            yield at, length
            at += size * (1 + numbers.below(3))


def blocks_v6(numbers: Numbers):
    while True:
        pool = (0x26000000 | numbers.below(1 << 23)) << 96
        at = 0
        for _ in range(20 + numbers.below(100)):
            length = 40 + 4 * numbers.below(5)
            size = 1 << 128 - length
            at = at + size - 1 & -size
            yield pool + at, length
            at += size * (1 + numbers.below(3))


def aws(path, count: int, day: int) -> None:
    """So many entries, of which a quarter are IPv6; half of them stand under `AMAZON` and a service."""
    numbers, week = Numbers(count), Week(count, day)
    lists = []
    for share, blocks, text in ((3, blocks_v4(numbers), v4), (1, blocks_v6(numbers), v6)):
        entries = []
        while len(entries) < count * share // 4:
            block = text(*next(blocks))
            region = REGIONS[numbers.below(len(REGIONS))]
            entries.append((block, region, "AMAZON"))
            if numbers.below(2):
                entries.append((block, region, AWS[numbers.below(len(AWS))]))
        lists.append(week.after(entries, text))
    member = ("ip_prefix", "ipv6_prefix")
    named = [
        [
            {name: block, "region": region, "service": service, "network_border_group": region}
            for block, region, service in entries
        ]
        for name, entries in zip(member, lists)
    ]
    feed = {
        "syncToken": str(1_767_225_600 + 604_800 * day),
        "createDate": f"2026-01-{1 + 7 * day:02}-00-00-00",
        "prefixes": named[0],
        "ipv6_prefixes": named[1],
    }
    write(path, feed)


def azure(path, count: int, day: int) -> None:
    """So many prefixes in the tags of services and of their regions; the tag of a service holds those of its regions."""
    numbers, week = Numbers(count), Week(count, day)
    v4s, v6s = blocks_v4(numbers), blocks_v6(numbers)
    each = count // (2 * len(AZURE) * len(REGIONS))
    values = []
    for service in AZURE:
        whole = []
        for region in REGIONS:
            entries = [v6(*next(v6s)) if numbers.below(4) == 0 else v4(*next(v4s)) for _ in range(each)]
            entries = week.after(entries, v4)
            whole += entries
            values.append(tag(f"{service}.{region}", region, service, entries))
        values.append(tag(service, "", service, whole))
    write(path, {"changeNumber": 300 + day, "cloud": "Public", "values": values})


def tag(name: str, region: str, service: str, entries: list) -> dict:
    properties = {
        "changeNumber": 1,
        "region": region,
        "regionId": 0,
        "platform": "Azure",
        "systemService": service,
        "addressPrefixes": entries,
        "networkFeatures": ["API", "NSG"],
    }
    return {"name": name, "id": name, "properties": properties}


class Week:
    """What became of a feed by a later day: of a hundred entries one is gone and another one came in its place."""

    def __init__(self, count: int, day: int):
        self.day = day
        self.numbers = Numbers(count * 31 + day)
        self.blocks = {v4: blocks_v4(Numbers(count * 37 + day)), v6: blocks_v6(Numbers(count * 41 + day))}

    def after(self, entries: list, text) -> list:
        return [entry if not self.day or self.numbers.below(100) else self.other(entry, text) for entry in entries]

    def other(self, entry, text):
        block = text(*next(self.blocks[text]))
        return (block, *entry[1:]) if isinstance(entry, tuple) else block


def write(path, feed: dict) -> None:
    with open(path, "w") as out:
        json.dump(feed, out, indent=2)
        out.write("\n")
