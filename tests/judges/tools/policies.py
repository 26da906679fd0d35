"""Validates policies of Cilium, Calico and OpenShift against the rules of their schemas and of their agents.

No package index has the schemas of these resources, so what matters of them is written down here, each with where it is
from: the CustomResourceDefinitions of cilium/cilium, projectcalico/calico and ovn-org/ovn-kubernetes, and what the agents
check besides (cilium: pkg/policy/api/rule_validation.go, pkg/fqdn/matchpattern; calico: libcalico-go/lib/validator/v3).

usage: policies.py FILE.yaml...

Prints a JSON object: for each file a list of messages, which is empty when all its objects are valid.
"""
import ipaddress
import json
import re
import sys

import yaml

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
FIELD = "{} is no field of {}"


def keys(found, known, where):
    if not isinstance(found, dict):
        yield f"{where} is no object"
        return
    for key in found:
        if key not in known:
            yield FIELD.format(key, where)


def metadata(found, namespaced):
    name = found.get("name")
    if not isinstance(name, str) or len(name) > 253 or not SUBDOMAIN.fullmatch(name):
        yield f"{name!r} is no RFC 1123 subdomain"
    if namespaced and not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", found.get("namespace", "")):
        yield f"{found.get('namespace')!r} is no RFC 1123 label"
    if not namespaced and "namespace" in found:
        yield "an object of the whole cluster has no namespace"
    for value in (found.get("labels") or {}).values():
        if len(value) > 63 or not VALUE.fullmatch(value):
            yield f"{value!r} is no value of a label"


def network(text):
    try:
        if "/" not in text:
            raise ValueError("no mask")
        ipaddress.ip_network(text, strict=True)
    except (TypeError, ValueError) as error:
        yield f"{text!r} is not a valid CIDR: {error}"


# Cilium: the CRD of ciliumnetworkpolicies.cilium.io, v2.
CILIUM_L3 = {
    "egress": ("toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toGroups", "toNodes", "toFQDNs"),
    "ingress": ("fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes"),
}
ENTITIES = {
    "all", "world", "world-ipv4", "world-ipv6", "cluster", "host", "init", "ingress", "unmanaged", "remote-node",
    "health", "none", "kube-apiserver",
}
PORT = re.compile(
    r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"
    r"|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*"
)
NAME = re.compile(r"([-a-zA-Z0-9_]+[.]?)+")
PATTERN = re.compile(r"(([-a-zA-Z0-9_*]+[.]?)+|[*])")


def selector(found, where):
    yield from keys(found, ("matchLabels", "matchExpressions"), where)
    for value in (found.get("matchLabels") or {}).values():
        if len(value) > 63 or not VALUE.fullmatch(value):
            yield f"{value!r} is no value of a label"
    for one in found.get("matchExpressions") or []:
        values = one.get("values")
        if one.get("operator") not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield f"{one.get('operator')!r} is no operator"
        elif (one["operator"] in ("In", "NotIn")) != bool(values):
            yield f"{one['operator']} with {values}"


def cilium_ports(found):
    if len(found.get("ports") or []) not in range(1, 41):
        yield "an entry of toPorts has from one to 40 ports"
    for port in found.get("ports") or []:
        yield from keys(port, ("port", "endPort", "protocol"), "ports")
        text, last = port.get("port"), port.get("endPort", 0)
        if not isinstance(text, str) or not PORT.fullmatch(text):
            yield f"{text!r} is no port"
        elif text.isdigit() and last and not int(text) < last <= 65535:
            yield f"endPort {last} with port {text}"
        if port.get("protocol", "ANY") not in ("TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "VRRP", "IGMP", "ANY"):
            yield f"{port['protocol']!r} is no protocol"
        if found.get("rules") and (text != "53" or last or port.get("protocol") not in ("TCP", "UDP", "ANY")):
            yield "rules of the DNS are for port 53 of TCP and UDP here"


def cilium_rule(rule, direction):
    peers = [key for key in CILIUM_L3[direction] if key in rule]
    yield from keys(rule, (*CILIUM_L3[direction], "toPorts", "icmps"), direction)
    if len(peers) > 1:
        yield f"combining {' and '.join(peers)} is not supported yet"
    for key in (*peers, *(key for key in ("toPorts", "icmps") if key in rule)):
        if not rule[key]:
            yield f"{key} is empty"
    if "icmps" in rule and "toPorts" in rule:
        yield "icmps may only be present without toPorts"
    if not peers and rule:
        yield "a rule without peers is for every peer"
    for key in ("toCIDRSet", "fromCIDRSet"):
        for block in rule.get(key) or []:
            yield from network(block.get("cidr"))
    for key in ("toEndpoints", "fromEndpoints"):
        for one in rule.get(key) or []:
            yield from selector(one, key)
    for key in ("toEntities", "fromEntities"):
        yield from (f"unsupported entity: {one}" for one in rule.get(key) or [] if one not in ENTITIES)
    for one in rule.get("toFQDNs") or []:
        yield from keys(one, ("matchName", "matchPattern"), "toFQDNs")
        name, pattern = one.get("matchName"), one.get("matchPattern")
        if (name is None) == (pattern is None):
            yield "one of matchName and matchPattern is needed"
        if name is not None and (len(name) > 255 or not NAME.fullmatch(name)):
            yield f"{name!r} is no matchName"
        if pattern is not None and (len(pattern) > 255 or not PATTERN.fullmatch(pattern)):
            yield f"{pattern!r} is no matchPattern"
    for one in rule.get("toPorts") or []:
        yield from cilium_ports(one)
    for one in rule.get("icmps") or []:
        if len(one.get("fields") or []) not in range(1, 41):
            yield "an entry of icmps has from one to 40 types"
        for field in one.get("fields") or []:
            if field.get("family") not in ("IPv4", "IPv6") or field.get("type") not in range(256):
                yield f"{field} is no type of ICMP"


def cilium(found):
    yield from metadata(found.get("metadata") or {}, True)
    spec = found.get("spec") or {}
    yield from keys(spec, ("endpointSelector", "egress", "ingress"), "spec")
    yield from selector(spec.get("endpointSelector"), "endpointSelector")
    for direction in ("egress", "ingress"):
        # A list without rules has no effect, so it would isolate nothing.
        if direction in spec and not spec[direction]:
            yield f"{direction} has no rules"
        for rule in spec.get(direction) or []:
            yield from cilium_rule(rule, direction)


# Calico: the validator of projectcalico.org/v3.
CALICO_ENTITY = (
    "nets", "notNets", "selector", "notSelector", "namespaceSelector", "ports", "notPorts", "serviceAccounts",
    "services", "domains",
)
PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite")


def calico_entity(found, protocol, where):
    yield from keys(found, CALICO_ENTITY, where)
    nets = found.get("nets")
    if nets is not None and not nets:
        yield "nets is empty"
    for text in nets or []:
        yield from network(text)
    if len({":" in text for text in nets or []}) > 1:
        yield "rule contains both IPv4 and IPv6 CIDRs"
    if found.get("ports") and protocol not in ("TCP", "UDP", "SCTP"):
        yield f"ports with the protocol {protocol}"
    for port in found.get("ports") or []:
        numbers = str(port).split(":")
        if len(numbers) > 2 or not all(number.isdigit() and int(number) < 65536 for number in numbers):
            yield f"{port!r} is no port"
        elif int(numbers[0]) > int(numbers[-1]):
            yield f"{port!r} runs backwards"
    for name in found.get("domains") or []:
        if not re.fullmatch(r"(\*\.)?([-a-zA-Z0-9_]+\.)*[-a-zA-Z0-9_]+", name):
            yield f"{name!r} is no domain"


def calico_rule(rule):
    yield from keys(rule, ("action", "protocol", "icmp", "source", "destination"), "a rule")
    if rule.get("action") not in ("Allow", "Deny", "Log", "Pass"):
        yield f"{rule.get('action')!r} is no action"
    protocol = rule.get("protocol")
    if protocol is not None and protocol not in PROTOCOLS and protocol not in range(1, 256):
        yield f"{protocol!r} is no protocol"
    if "icmp" in rule:
        icmp = rule["icmp"]
        if protocol not in ("ICMP", "ICMPv6") or icmp.get("type") not in range(255):
            yield f"{icmp} with the protocol {protocol}"
        if icmp.get("code", 0) not in range(256):
            yield f"{icmp}"
    for end in ("source", "destination"):
        if end in rule:
            yield from calico_entity(rule[end], protocol, end)


def calico(found):
    yield from metadata(found.get("metadata") or {}, False)
    spec = found.get("spec") or {}
    if found["kind"] == "GlobalNetworkSet":
        yield from keys(spec, ("nets",), "spec")
        for text in spec.get("nets") or ["nothing"]:
            yield from network(text)
        return
    yield from keys(spec, ("order", "selector", "types", "egress", "ingress"), "spec")
    if not spec.get("types") or not set(spec["types"]) <= {"Ingress", "Egress"}:
        yield f"types {spec.get('types')}"
    if not isinstance(spec.get("order"), (int, float)) or not spec.get("selector"):
        yield "order and selector are needed"
    for direction in ("egress", "ingress"):
        if direction.title() not in spec.get("types", ()) and direction in spec:
            yield f"{direction} is not among the types"
        for rule in spec.get(direction) or []:
            yield from calico_rule(rule)


# OpenShift: the CRD of egressfirewalls.k8s.ovn.org, v1.
def firewall(found):
    yield from metadata(found.get("metadata") or {}, True)
    if found["metadata"].get("name") != "default":
        yield "an egress firewall is called default"
    rules = (found.get("spec") or {}).get("egress") or []
    if len(rules) > 8000:
        yield f"{len(rules)} rules, 8000 at most"
    for rule in rules:
        yield from keys(rule, ("type", "to", "ports"), "a rule")
        if rule.get("type") not in ("Allow", "Deny"):
            yield f"{rule.get('type')!r} is no type"
        to = rule.get("to") or {}
        yield from keys(to, ("cidrSelector", "dnsName", "nodeSelector"), "to")
        if len(to) != 1:
            yield f"{to} has not one peer"
        if "cidrSelector" in to:
            yield from network(to["cidrSelector"])
        if "dnsName" in to and not re.fullmatch(r"(\*\.)?([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?", to["dnsName"]):
            yield f"{to['dnsName']!r} is no name of a host"
        if "ports" in rule and not rule["ports"]:
            yield "ports is empty"
        for port in rule.get("ports") or []:
            if port.get("protocol") not in ("TCP", "UDP", "SCTP") or port.get("port", 1) not in range(1, 65536):
                yield f"{port} is no port"


KINDS = {
    ("cilium.io/v2", "CiliumNetworkPolicy"): cilium,
    ("projectcalico.org/v3", "GlobalNetworkPolicy"): calico,
    ("projectcalico.org/v3", "GlobalNetworkSet"): calico,
    ("k8s.ovn.org/v1", "EgressFirewall"): firewall,
}


def problems(path):
    with open(path, encoding="utf-8") as file:
        try:
            objects = [found for found in yaml.safe_load_all(file) if found]
        except yaml.YAMLError as error:
            yield str(error)
            return
    seen = set()
    for found in objects:
        kind = (found.get("apiVersion"), found.get("kind"))
        if kind not in KINDS:
            yield f"{kind} is of no known kind"
            continue
        own = (kind, found["metadata"].get("namespace"), found["metadata"].get("name"))
        if own in seen:
            yield f"{own} stands there twice"
        seen.add(own)
        yield from KINDS[kind](found)


json.dump({path: list(problems(path)) for path in sys.argv[1:]}, sys.stdout)
