"""A Terraform provider that has the schemas of a real one and no cloud behind it.

usage: provider.py SCHEMA.json...

Prints a line with the value of TF_REATTACH_PROVIDERS and serves until its standard input ends. Terraform itself then
judges what is written: unknown arguments, missing ones, wrong types, blocks in place of attributes. Whatever it plans is
taken as it is; what a real provider would compute becomes `NAME-NUMBER`.
"""
import json
import os
import sys
import tempfile
from concurrent import futures

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

NESTING = {kind: getattr(pb.Schema.NestedBlock, kind.upper()) for kind in ("single", "list", "set", "map")}
UNKNOWN = msgpack.ExtType(0, b"\0")
# Arguments of the providers themselves that modules may set.
CONFIGURATION = {
    "hashicorp/aws": ["region"],
    "hashicorp/google": ["project", "region"],
    "hashicorp/azurerm": ["subscription_id"],
}


def block(schema):
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=attribute.get("required", False),
            optional=attribute.get("optional", False),
            computed=attribute.get("computed", False),
        )
        for name, attribute in schema.get("attributes", {}).items()
    ]
    blocks = [
        pb.Schema.NestedBlock(
            type_name=name,
            block=block(nested["block"]),
            nesting=NESTING[nested["nesting_mode"]],
            min_items=nested.get("min_items", 0),
            max_items=nested.get("max_items", 0),
        )
        for name, nested in schema.get("block_types", {}).items()
    ]
    return pb.Schema.Block(version=0, attributes=attributes, block_types=blocks)


def pack(value):
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def unpack(value):
    return msgpack.unpackb(value.msgpack, strict_map_key=False)


class Provider(rpc.ProviderServicer):
    def __init__(self, facts):
        self.facts = facts
        self.count = 0

    def attributes(self, type_name):
        return self.facts["resource_schemas"][type_name]["block"]["attributes"]

    def GetMetadata(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the schema tells all")

    def GetProviderSchema(self, request, context):
        arguments = CONFIGURATION[self.facts["provider"]]
        own = {"attributes": {name: {"type": "string", "optional": True} for name in arguments}}
        resources = {
            name: pb.Schema(version=schema["version"], block=block(schema["block"]))
            for name, schema in self.facts["resource_schemas"].items()
        }
        return pb.GetProviderSchema.Response(
            provider=pb.Schema(version=0, block=block(own)),
            resource_schemas=resources,
            server_capabilities=pb.ServerCapabilities(get_provider_schema_optional=True),
        )

    def ValidateProviderConfig(self, request, context):
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return pb.ValidateResourceConfig.Response()

    def ConfigureProvider(self, request, context):
        return pb.ConfigureProvider.Response()

    def StopProvider(self, request, context):
        return pb.StopProvider.Response()

    def UpgradeResourceState(self, request, context):
        return pb.UpgradeResourceState.Response(upgraded_state=pack(json.loads(request.raw_state.json)))

    def ReadResource(self, request, context):
        return pb.ReadResource.Response(new_state=request.current_state, private=request.private)

    def PlanResourceChange(self, request, context):
        new = unpack(request.proposed_new_state)
        if new is not None and unpack(request.prior_state) is None:
            for name, attribute in self.attributes(request.type_name).items():
                if attribute.get("computed") and new.get(name) is None:
                    new[name] = UNKNOWN
        return pb.PlanResourceChange.Response(planned_state=pack(new))

    def ApplyResourceChange(self, request, context):
        new = unpack(request.planned_state)
        for name, value in (new or {}).items():
            if isinstance(value, msgpack.ExtType):
                new[name] = self.invented(name, self.attributes(request.type_name)[name]["type"])
        return pb.ApplyResourceChange.Response(new_state=pack(new))

    def invented(self, name, type_):
        self.count += 1
        if type_ == "string":
            return f"{name}-{self.count:06d}"
        if isinstance(type_, list) and type_[0] in ("set", "list", "map"):
            return {} if type_[0] == "map" else []
        return None


def main():
    folder = tempfile.mkdtemp()
    reattach, servers = {}, []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
        socket = os.path.join(folder, facts["provider"].replace("/", "-") + ".sock")
        server = grpc.server(futures.ThreadPoolExecutor(4))
        rpc.add_ProviderServicer_to_server(Provider(facts), server)
        server.add_insecure_port("unix:" + socket)
        server.start()
        servers.append(server)
        reattach[facts["provider"]] = {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "unix", "String": socket},
        }
    print(json.dumps(reattach), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
