"""What the vendors' own clients say of the shape of their data.

usage: shapes.py answers FILE.json...     answers of EC2, by botocore's model of the API
       shapes.py permissions FILE.json... rules for the AWS command line, by botocore's model of the API
       shapes.py firewalls FILE.json...   lists of firewall rules, by Google's typed client
       shapes.py strict SCHEMAS.json FILE.json...  the same, by the schemas of Google's API, without keys that they do not have
       shapes.py firewall PLAN.json       prints the rules that a plan of Terraform creates, as Google's client writes them

All but the last print a JSON object: for each file a list of what is wrong with it.
"""
import functools
import json
import sys

OPERATIONS = {
    "SecurityGroups": "DescribeSecurityGroups",
    "SecurityGroupRules": "DescribeSecurityGroupRules",
    "PrefixLists": "DescribeManagedPrefixLists",
    "Entries": "GetManagedPrefixListEntries",
}
# Arguments of a rule in Terraform, and the fields of Google's API that they become.
FIELDS = {
    "description": "description",
    "destination_ranges": "destinationRanges",
    "direction": "direction",
    "disabled": "disabled",
    "name": "name",
    "priority": "priority",
    "source_ranges": "sourceRanges",
    "target_tags": "targetTags",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError:
            return None


def answers(path):
    import botocore.session
    from botocore.validate import ParamValidator

    answer = read(path)
    if not isinstance(answer, dict):
        return ["no answer"]
    model = botocore.session.get_session().get_service_model("ec2")
    operation = next((OPERATIONS[key] for key in answer if key in OPERATIONS), None)
    if operation is None:
        return [f"no answer with {sorted(answer)}"]
    report = ParamValidator().validate(answer, model.operation_model(operation).output_shape)
    return [report.generate_report()] if report.has_errors() else []


def permissions(path):
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("ec2")
    request = {"GroupId": "sg-0001", "IpPermissions": read(path)}
    report = ParamValidator().validate(request, model.operation_model("AuthorizeSecurityGroupEgress").input_shape)
    return [report.generate_report()] if report.has_errors() else []


def listed(path):
    found = read(path)
    rules = found.get("items", [found]) if isinstance(found, dict) else found
    return rules if isinstance(rules, list) and all(isinstance(rule, dict) for rule in rules) else None


def as_json_schema(found):
    """A schema of Google's discovery documents, as JSON Schema, in which no other keys may stand."""
    kept = {key: found[key] for key in ("type", "enum", "pattern", "$ref") if key in found}
    if "$ref" in kept:
        kept["$ref"] = "#/$defs/" + kept["$ref"]
    if "pattern" in kept:
        # Google's are about the whole text.
        kept["pattern"] = f"^(?:{kept['pattern']})$"
    if "items" in found:
        kept["items"] = as_json_schema(found["items"])
    if "properties" in found:
        kept["properties"] = {key: as_json_schema(value) for key, value in found["properties"].items()}
        kept["additionalProperties"] = False
    return kept


def said(found):
    """What an answer says: null says nothing."""
    if isinstance(found, dict):
        return {key: said(value) for key, value in found.items() if value is not None}
    return [said(one) for one in found] if isinstance(found, list) else found


def strict(path, schemas):
    import jsonschema

    defined = {name: as_json_schema(found) for name, found in read(schemas).items()}
    rules = listed(path)
    if rules is None:
        return ["no list of rules"]
    wrong = []
    for rule in rules:
        validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{kind(rule)}", "$defs": defined})
        wrong += [f"{rule.get('name')}: {error.message}" for error in validator.iter_errors(said(rule))]
    return wrong


def kind(found):
    """What an object of Google's API is: a policy, a rule of one, or a rule of a network."""
    return "FirewallPolicy" if "rules" in found else "FirewallPolicyRule" if "match" in found else "Firewall"


def firewalls(path):
    from google.cloud import compute_v1

    rules = listed(path)
    if rules is None:
        return ["no list of rules"]
    wrong = []
    for rule in rules:
        try:
            getattr(compute_v1, kind(rule)).from_json(json.dumps(rule))
        except Exception as error:  # The client has no error of its own for this.
            wrong.append(f"{rule.get('name')}: {error}")
    return wrong


def firewall(path):
    from google.cloud.compute_v1 import Firewall

    rules = []
    for resource in read(path)["planned_values"]["root_module"]["resources"]:
        values = resource["values"]
        rule = {field: values[name] for name, field in FIELDS.items() if values.get(name) is not None}
        rule["network"] = f"https://www.googleapis.com/compute/v1/projects/example/global/networks/{values['network']}"
        for name, field in (("allow", "allowed"), ("deny", "denied")):
            listed = [{"IPProtocol": one["protocol"], "ports": one["ports"] or []} for one in values.get(name) or []]
            if listed:
                rule[field] = listed
        typed = Firewall.from_json(json.dumps(rule))
        rules.append(json.loads(Firewall.to_json(typed, use_integers_for_enums=False, including_default_value_fields=False)))
    return rules


def main():
    what, *paths = sys.argv[1:]
    if what == "firewall":
        json.dump(firewall(paths[0]), sys.stdout)
    else:
        check = {"answers": answers, "permissions": permissions, "firewalls": firewalls}.get(what)
        if what == "strict":
            schemas, *paths = paths
            check = functools.partial(strict, schemas=schemas)
        json.dump({path: check(path) for path in paths}, sys.stdout)


main()
