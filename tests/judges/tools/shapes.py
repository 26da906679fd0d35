"""What the vendors' own clients say of the shape of their data.

usage: shapes.py answers FILE.json...     answers of EC2, by botocore's model of the API
       shapes.py firewalls FILE.json...   lists of firewall rules, by Google's typed client
       shapes.py firewall PLAN.json       prints the rules that a plan of Terraform creates, as Google's client writes them

The first two print a JSON object: for each file a list of what is wrong with it.
"""
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


def firewalls(path):
    from google.cloud.compute_v1 import Firewall

    found = read(path)
    rules = found.get("items", [found]) if isinstance(found, dict) else found
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        return ["no list of rules"]
    wrong = []
    for rule in rules:
        try:
            Firewall.from_json(json.dumps(rule))
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
        check = {"answers": answers, "firewalls": firewalls}[what]
        json.dump({path: check(path) for path in paths}, sys.stdout)


main()
