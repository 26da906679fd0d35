#!/usr/bin/env python3
"""Reads a subset of OpenBSD's pf.conf for egressor: JSON on standard input, JSON on standard output.

In pf the last rule that matches decides, unless a rule says `quick`. egressor asks for the order in which the first
that matches decides, so rules are turned around here. What is not understood is an error of the answer, never left out.
"""
import ipaddress
import json
import re
import sys

FAMILIES = {"inet": ["0.0.0.0/0"], "inet6": ["::/0"]}
ICMP = {"echoreq": "8", "echorep": "0", "unreach": "3", "timex": "11"}
PORTS = {"ssh": "22", "domain": "53", "http": "80", "ntp": "123", "https": "443"}
TOKEN = re.compile(r'"[^"]*"|[{}<>,=()!]|[^\s{}<>,=()!"]+')
# Options of `set` that change no packet's fate, and what a stateful rule says beside its match.
HARMLESS = {"block-policy", "debug", "limit", "loginterface", "optimization", "ruleset-optimization", "timeout"}


class Refused(Exception):
    """A line that this reader does not understand."""


def statements(text):
    """The tokens of each statement with the number of its line; a backslash at the end continues a line."""
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r'"[^"]*"|#.*', lambda found: "" if found[0][0] == "#" else found[0], line).rstrip()
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        tokens = TOKEN.findall(pending + line)
        if tokens:
            yield start, tokens
        pending, start = "", 0
    if pending.strip():
        raise Refused("the file ends in a line that goes on")


class Tokens:
    """The tokens of one statement, from left to right."""

    def __init__(self, tokens):
        self.left = list(tokens)

    def peek(self):
        return self.left[0] if self.left else None

    def take(self, *words):
        """The next token when it is one of these, or any when none is named."""
        if self.left and (not words or self.left[0] in words):
            return self.left.pop(0)
        return None

    def need(self):
        if not self.left:
            raise Refused("the rule ends too early")
        return self.left.pop(0)

    def items(self):
        """One item, or several in braces."""
        if not self.take("{"):
            return [self.need()]
        items = []
        while not self.take("}"):
            items.append(self.need())
            self.take(",")
        return items


class File:
    def __init__(self, name, text):
        self.name, self.macros, self.tables = name, {}, {}
        self.rules = []
        for line, tokens in statements(text):
            try:
                self.statement(line, Tokens(self.expanded(tokens)))
            except (Refused, ValueError) as error:
                raise Refused(line, str(error)) from None

    def expanded(self, tokens):
        out = []
        for token in tokens:
            if token.startswith("$"):
                if token[1:] not in self.macros:
                    raise Refused(f"the macro {token} is not defined")
                out += self.macros[token[1:]]
            else:
                out.append(token)
        return out

    def statement(self, line, tokens):
        word = tokens.need()
        if tokens.peek() == "=":
            tokens.need()
            value = [part for token in tokens.left for part in TOKEN.findall(token.strip('"'))]
            self.macros[word] = self.expanded(value)
        elif word == "table":
            self.table(tokens)
        elif word == "set":
            option = tokens.need()
            if option == "skip":
                if [tokens.need(), *tokens.items()] != ["on", "lo"]:
                    raise Refused("only `set skip on lo` is understood")
                for direction in ("egress", "ingress"):
                    rule = {"action": "allow", "protocol": "any", "cidrs": ["0.0.0.0/0", "::/0"], "traffic": "loopback"}
                    self.add(line, direction, True, rule)
            elif option not in HARMLESS:
                raise Refused(f"`set {option}` is not understood")
        elif word in ("pass", "block"):
            self.rule(line, "allow" if word == "pass" else "deny", tokens)
        else:
            raise Refused(f"`{word}` is not understood")

    def table(self, tokens):
        if not tokens.take("<"):
            raise Refused("a table has a name in angle brackets")
        name = tokens.need()
        tokens.take(">")
        while tokens.take("persist", "const", "counters"):
            pass
        if not tokens.left:
            raise Refused(f"the entries of the table <{name}> are not in the file")
        self.tables[name] = [block(item) for item in tokens.items()]
        if tokens.left:
            raise Refused(f"`{tokens.peek()}` is not understood")

    def add(self, line, direction, quick, rule):
        self.rules.append((direction, quick, {**rule, "place": {"file": self.name, "line": line}}))

    def rule(self, line, action, tokens):
        tokens.take("drop", "return")
        way = tokens.take("in", "out")
        tokens.take("log")
        quick = tokens.take("quick") is not None
        conditions = []
        if tokens.take("on"):
            interface = tokens.need()
            conditions.append({"text": f"on {interface}", "why": "which addresses an interface has is not in the file"})
        family = tokens.take("inet", "inet6")
        protocols = tokens.items() if tokens.take("proto") else ["any"]
        source, target, ports = None, None, []
        if not tokens.take("all"):
            if tokens.take("from"):
                source = self.addresses(tokens)
                if tokens.take("port"):
                    conditions.append({"text": f"from port {' '.join(tokens.items())}", "why": "whoever sends chooses the port"})
            if tokens.take("to"):
                target = self.addresses(tokens)
            if tokens.take("port"):
                ports = [port(item) for item in tokens.items()]
        types = []
        if tokens.take("icmp-type", "icmp6-type"):
            types = [ICMP.get(item, item) for item in tokens.items()]
        if tokens.take("keep", "modulate"):
            if not tokens.take("state"):
                raise Refused("`keep` and `modulate` are followed by `state`")
        if tokens.left:
            raise Refused(f"`{tokens.peek()}` is not understood")
        any_peer = FAMILIES[family] if family else ["0.0.0.0/0", "::/0"]
        for direction in ("egress", "ingress"):
            if way and way != {"egress": "out", "ingress": "in"}[direction]:
                continue
            near, far = (source, target) if direction == "egress" else (target, source)
            for protocol in protocols:
                rule = {"action": action, "protocol": protocol, "cidrs": of_family(far or any_peer, family)}
                if near:
                    rule["source"] = of_family(near, family)
                if ports:
                    rule["ports"] = ports
                if types:
                    rule["icmp"] = types
                if conditions:
                    rule["unmodelled"] = conditions
                self.add(line, direction, quick, rule)

    def addresses(self, tokens):
        """The blocks of an address part; None for any."""
        if tokens.take("any"):
            return None
        if tokens.take("<"):
            name = tokens.need()
            tokens.take(">")
            if name not in self.tables:
                raise Refused(f"the table <{name}> is not defined")
            return self.tables[name]
        return list(dict.fromkeys(block(item) for item in tokens.items()))

    def first_match(self, direction):
        """The rules in the order in which the first that matches decides."""
        own = [(quick, rule) for way, quick, rule in self.rules if way == direction]
        quick = [rule for quick, rule in own if quick]
        return quick + [rule for quick, rule in reversed(own) if not quick]


def block(item):
    """A block as egressor writes it. Names are resolved when pf loads the file, so they are not understood here."""
    return str(ipaddress.ip_network(item))


def of_family(blocks, family):
    """The blocks of a family. A rule that is left with none would be read as one for any, so it is refused."""
    kept = [item for item in blocks if family is None or (":" in item) == (family == "inet6")]
    if not kept:
        raise Refused(f"no address of the rule is of `{family}`")
    return kept


def port(item):
    first, _, last = item.partition(":")
    first = PORTS.get(first, first)
    return f"{first}-{PORTS.get(last, last)}" if last else first


def answer(files):
    try:
        if len(files) != 1:
            raise Refused(1, "one file is read at a time")
        read = File(files[0]["name"], files[0]["text"])
    except Refused as error:
        line, message = error.args if len(error.args) == 2 else (1, error.args[0])
        place = {"file": files[0]["name"], "line": line}
        findings = [{"severity": "error", "message": message, "place": place}]
        rules = {"egress": [], "ingress": []}
    else:
        findings = []
        rules = {direction: read.first_match(direction) for direction in ("egress", "ingress")}
    scopes = [
        # Without a rule pf lets everything pass.
        {"scope": "pf", "direction": direction, "covers": ["ipv4", "ipv6"], "default": "allow", "rules": of_direction}
        for direction, of_direction in rules.items()
    ]
    return {"schema": "egressor/answer/v1", "format": "pf", "scopes": scopes, "findings": findings}


def main():
    question = json.load(sys.stdin)
    if question["schema"] != "egressor/read/v1":
        sys.exit(f"this reader does not know {question['schema']}")
    json.dump(answer(question["files"]), sys.stdout)


if __name__ == "__main__":
    main()
