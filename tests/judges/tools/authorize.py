"""Makes a security group with the rules that a plan of Terraform creates, through the EC2 API, and prints its id.

usage: authorize.py PLAN.json VPC

The plan says what Terraform took our file for; the requests are checked against botocore's model before they are sent.
"""
import json
import sys

import boto3
from botocore.validate import ParamValidator

KEYS = {
    "cidr_ipv4": ("IpRanges", "CidrIp"),
    "cidr_ipv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefix_list_id": ("PrefixListIds", "PrefixListId"),
    "referenced_security_group_id": ("UserIdGroupPairs", "GroupId"),
}


def permission(values):
    """A rule of Terraform as the API takes it."""
    out = {"IpProtocol": values["ip_protocol"]}
    for name, key in (("from_port", "FromPort"), ("to_port", "ToPort")):
        if values.get(name) is not None:
            out[key] = values[name]
    for name, (listed, key) in KEYS.items():
        if values.get(name):
            out[listed] = [{key: values[name], "Description": values["description"]}]
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    ec2 = boto3.client("ec2")
    group = ec2.create_security_group(GroupName="generated", Description="generated", VpcId=sys.argv[2])["GroupId"]
    # A group made by the API starts with a rule that allows everything.
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    for resource in plan["planned_values"]["root_module"]["resources"]:
        direction = {"aws_vpc_security_group_egress_rule": "Egress", "aws_vpc_security_group_ingress_rule": "Ingress"}
        operation = f"AuthorizeSecurityGroup{direction[resource['type']]}"
        request = {"GroupId": group, "IpPermissions": [permission(resource["values"])]}
        shape = ec2.meta.service_model.operation_model(operation).input_shape
        problems = ParamValidator().validate(request, shape)
        assert not problems.has_errors(), problems.generate_report()
        call = ec2.authorize_security_group_egress if "Egress" in operation else ec2.authorize_security_group_ingress
        call(**request)
    print(group)


if __name__ == "__main__":
    main()
