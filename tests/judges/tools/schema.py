"""The schemas of a provider's resources, taken from a package of generated bindings.

usage: schema.py PACKAGE.whl PROVIDER OUT.json RESOURCE...

A binding embeds its TypeScript source, and that says for every argument whether it is an attribute or a block, of which
type, how often, and whether it is required, optional or computed: what `terraform providers schema -json` says of the
real provider. The packages are third-party data, so the schemas are derived when the judges are installed and are never
kept in the project.
"""
import base64
import io
import json
import re
import sys
import tarfile
import zipfile

PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool"}
# What the getter of a computed attribute says of its type.
GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getAnyMapAttribute": ["map", "dynamic"],
    "interpolationForAttribute": "dynamic",
}
MAPS = {"StringMap": "string", "BooleanMap": "bool", "NumberMap": "number", "AnyMap": "dynamic", "StringMapList": "dynamic"}


def type_of(kind, storage):
    """The type of an attribute of primitives, or nothing when it is an object."""
    if storage in PRIMITIVES:
        return PRIMITIVES[storage]
    many = re.match(r"^(string|number|boolean|any)(List|Map|Set)$", storage)
    if not many:
        return None
    element = {**PRIMITIVES, "any": "dynamic"}[many.group(1)]
    return [kind if kind in ("set", "list", "map") else many.group(2).lower(), element]


def object_type(block):
    fields = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    for name, nested in block.get("block_types", {}).items():
        fields[name] = [nested["nesting_mode"], object_type(nested["block"])]
    return ["object", fields]


class Binding:
    """One resource, as its TypeScript source tells of it."""

    def __init__(self, text):
        self.text = text
        named = lambda pattern: {m.group(1): m.groups()[1:] for m in re.finditer(pattern, text, re.S | re.M)}
        self.classes = named(r"^export class (\w+) extends cdkt[fn]\.(\w+) \{\n(.*?)^\}\n")
        self.interfaces = named(r"^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}\n")
        self.writers = named(r"^export function (\w+)ToHclTerraform\(.*?\{\n(.*?)^\}\n")

    def resource(self):
        name = re.search(r'tfResourceType = "([a-z0-9_]+)"', self.text).group(1)
        root = next(name for name, (base, _) in self.classes.items() if base == "TerraformResource")
        synthesis = re.search(r"synthesizeHclAttributes\(\).*?\{\n(.*)", self.classes[root][1], re.S)
        return name, self.block(root, root + "Config", synthesis.group(1) if synthesis else "")

    def block(self, holder, interface, writer):
        body = self.classes.get(holder, (None, ""))[1]
        written = {
            m.group(1) or m.group(2): (m.group(3) == "true", m.group(4), m.group(5))
            for m in re.finditer(
                r'^\s+(?:"([\w-]+)"|(\w+)): \{\n\s+value: .*?,\n\s+isBlock: (true|false),\n\s+type: "(\w+)",'
                r'\n\s+storageClassType: "([^"]+)",',
                writer,
                re.M,
            )
        }
        asked = self.asked(interface)
        attributes, blocks = {}, {}
        for m in re.finditer(
            r"// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
            r"(.*?)(?=^  // \w+ - computed|\Z)",
            body,
            re.S | re.M,
        ):
            name, code = m.group(1), m.group(5)
            flags = {flag: True for flag, said in zip(("computed", "optional", "required"), m.groups()[1:4]) if said == "true"}
            if name not in written:
                attributes[name] = {"type": self.computed(code), **flags}
                continue
            is_block, kind, storage = written[name]
            simple = type_of(kind, storage)
            if simple is not None and not is_block:
                attributes[name] = {"type": simple, **flags}
                continue
            inner = re.sub(r"(List|Map)$", "", storage)
            writer_of = self.writers.get(inner[0].lower() + inner[1:], ("",))[0]
            nested = self.block(inner + "OutputReference", inner, writer_of)
            block, several = asked.get(name, (False, False))
            if not block:
                object_ = object_type(nested)
                attributes[name] = {"type": object_ if kind == "struct" else [kind, object_], **flags}
                continue
            blocks[name] = {"nesting_mode": "single" if kind == "struct" else kind, "block": nested}
            if "required" in flags:
                blocks[name]["min_items"] = 1
            if kind in ("list", "set") and not several:
                blocks[name]["max_items"] = 1
        return {"attributes": attributes, "block_types": blocks}

    def asked(self, interface):
        """Which arguments are blocks, and which of them may come more than once."""
        out = {}
        body = self.interfaces.get(interface, ("",))[0]
        for m in re.finditer(r"/\*\*\n(.*?)\*/\n\s+readonly (\w+)\??: ([^;]+(?:;[^;]*\})?);", body, re.S):
            documentation, name, type_ = m.groups()
            spelt = re.search(r"#[\w-]+ \w+#([\w-]+)\}", documentation)
            is_block = re.match(r"\s*\*\s+[\w-]+ block\n", documentation) is not None
            out[spelt.group(1) if spelt else name] = (is_block, "[]" in type_)
        return out

    def computed(self, code):
        """The type of an attribute that nobody writes."""
        getter = re.search(r"this\.(get\w+Attribute|interpolationForAttribute)\(", code)
        if getter and getter.group(1) in GETTERS:
            type_ = GETTERS[getter.group(1)]
            return ["set", type_[1]] if "Fn.tolist" in code and isinstance(type_, list) else type_
        many = re.search(r"new cdkt[fn]\.(\w+)\(", code)
        if many and many.group(1) in MAPS:
            return ["map", MAPS[many.group(1)]]
        nested = re.search(r'new (\w+?)(List|OutputReference|Map)\(this, "[\w-]+"(?:, (true|false))?\)', code)
        if not nested:
            return "dynamic"
        object_ = object_type(self.block(nested.group(1) + "OutputReference", nested.group(1), ""))
        kinds = {"List": "set" if nested.group(3) == "true" else "list", "OutputReference": None, "Map": "map"}
        kind = kinds[nested.group(2)]
        return object_ if kind is None else [kind, object_]


def main():
    package, provider, out, *resources = sys.argv[1:]
    schemas, version = {}, None
    modules = {f"package/lib/{resource}/index.js" for resource in resources}
    with zipfile.ZipFile(package) as wheel:
        inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        archive = wheel.read(inner)
    with tarfile.open(fileobj=io.BytesIO(archive)) as archive:
        for member in archive:
            if member.name not in modules:
                continue
            text = archive.extractfile(member).read().decode()
            embedded = re.search(r"sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)", text).group(1)
            source = json.loads(base64.b64decode(embedded))["sourcesContent"][0]
            version = version or re.search(r"providers/[\w-]+/[\w-]+/([0-9.]+)/docs", source).group(1)
            name, block = Binding(source).resource()
            schemas[name] = {"version": 0, "block": block}
    assert len(schemas) == len(resources), f"{sorted(schemas)} of {resources}"
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"provider": provider, "provider_version": version, "resource_schemas": schemas}, file, indent=1)


if __name__ == "__main__":
    main()
