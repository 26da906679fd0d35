"""Validates Kubernetes manifests against the API's schemas, strictly, for several versions of the API.

usage: manifests.py FILE.yaml...

Prints a JSON object: for each file a list of `VERSION: MESSAGE`, which is empty when all its objects are valid.
"""
import json
import sys

import kubernetes_validate
import yaml

POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
VERSIONS = ("1.25", "1.29", "1.33", "1.37")


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
            except kubernetes_validate.ValidationError as error:
                yield f"{version}: {error.message}"


json.dump({path: list(problems(path)) for path in sys.argv[1:]}, sys.stdout)
