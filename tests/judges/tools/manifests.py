"""Validates Kubernetes manifests against the API's schemas, strictly, for several versions of the API, and against the
rules that the API server has besides: they were asked of kube-apiserver 1.20.2, and those of `endPort` are of its source
(pkg/apis/networking/validation).

usage: manifests.py FILE.yaml...

Prints a JSON object: for each file a list of `VERSION: MESSAGE`, which is empty when all its objects are valid.
"""
import ipaddress
import json
import re
import sys

import kubernetes_validate
import yaml

POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
VERSIONS = ("1.25", "1.29", "1.33", "1.37")


SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


def names(metadata):
    name, namespace = metadata.get("name"), metadata.get("namespace", "default")
    if not isinstance(name, str) or len(name) > 253 or not SUBDOMAIN.fullmatch(name):
        yield f"{name!r} is no RFC 1123 subdomain"
    if len(namespace) > 63 or not LABEL.fullmatch(namespace):
        yield f"{namespace!r} is no RFC 1123 label"
    yield from labels(metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        yield from qualified(key.lower())
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > 262144:
        yield "annotations: must have at most 262144 bytes"


def qualified(key):
    prefix, _, name = key.rpartition("/")
    if "/" in key and (len(prefix) > 253 or not SUBDOMAIN.fullmatch(prefix)):
        yield f"{key!r} is no qualified name"
    if len(name) > 63 or not QUALIFIED.fullmatch(name):
        yield f"{key!r} is no qualified name"


def labels(found):
    for key, value in found.items():
        yield from qualified(key)
        value = value or ""
        if len(value) > 63 or (value and not QUALIFIED.fullmatch(value)):
            yield f"{value!r} is no value of a label"


def selector(found):
    yield from labels(found.get("matchLabels") or {})
    for expression in found.get("matchExpressions") or []:
        operator, values = expression.get("operator"), expression.get("values") or []
        yield from qualified(expression.get("key", ""))
        if OPERATORS.get(operator) is None or OPERATORS[operator] != bool(values):
            yield f"{operator!r} with {values!r}"
        yield from labels({"key": value for value in values})


def cidr(text):
    """The network, and what is wrong with the text. Ambiguous spellings only bring a warning of the server."""
    try:
        if "/" not in text:
            raise ValueError("no mask")
        return ipaddress.ip_network(text, strict=False), []
    except ValueError as error:
        return None, [f"{text!r} is not a valid CIDR: {error}"]


def peer(found):
    block = found.get("ipBlock")
    selectors = [found[key] for key in ("podSelector", "namespaceSelector") if found.get(key) is not None]
    if block is None and not selectors:
        yield "must specify a peer"
    if block is not None and selectors:
        yield "may not specify both ipBlock and another peer"
    for one in selectors:
        yield from selector(one)
    if block is not None:
        outer, wrong = cidr(block.get("cidr") or "")
        yield from wrong
        for text in block.get("except") or []:
            inner, wrong = cidr(text)
            yield from wrong
            if outer is None or inner is None:
                continue
            if inner.version != outer.version or not inner.subnet_of(outer) or inner.prefixlen <= outer.prefixlen:
                yield f"{text!r} must be a strict subset of {outer}"


def port(found):
    number, last = found.get("port"), found.get("endPort")
    if found.get("protocol", "TCP") not in ("TCP", "UDP", "SCTP"):
        yield f"{found['protocol']!r} is no protocol"
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield f"{number} must be between 1 and 65535, inclusive"
    if isinstance(number, str):
        plain = re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", number) and "--" not in number
        if len(number) > 15 or not plain or not re.search("[a-z]", number):
            yield f"{number!r} is no name of a port"
    if last is not None and (not isinstance(number, int) or not number <= last <= 65535):
        yield f"endPort {last} with port {number!r}"


def rules(found):
    """What the API server says of an object that has the shape of its schema."""
    spec = found.get("spec") or {}
    yield from names(found.get("metadata") or {})
    yield from selector(spec.get("podSelector") or {})
    types = spec.get("policyTypes") or []
    if len(types) > 2 or not set(types) <= {"Ingress", "Egress"}:
        yield f"policyTypes {types}"
    for direction, peers in (("egress", "to"), ("ingress", "from")):
        for rule in filter(None, spec.get(direction) or []):
            for one in rule.get(peers) or []:
                yield from peer(one or {})
            for one in filter(None, rule.get("ports") or []):
                yield from port(one)


def problems(path):
    with open(path, encoding="utf-8") as file:
        try:
            objects = [found for found in yaml.safe_load_all(file) if found]
        except yaml.YAMLError as error:
            yield str(error)
            return
    for version in VERSIONS:
        for found in objects:
            # Of other kinds and groups there may be no schema.
            if not isinstance(found, dict) or (found.get("apiVersion"), found.get("kind")) != POLICY:
                continue
            try:
                kubernetes_validate.validate(found, version, strict=True)
                yield from (f"{version}: {problem}" for problem in rules(found))
            except kubernetes_validate.ValidationError as error:
                yield f"{version}: {error.message}"


json.dump({path: list(problems(path)) for path in sys.argv[1:]}, sys.stdout)
