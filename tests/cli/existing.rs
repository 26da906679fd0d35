//! What tests of existing Terraform share: plans and states made of resources, and what a document says.

use crate::run::{Run, egressor_in};
use egressor::report::{diff_schema, policy_schema};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with files.
pub(crate) fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

pub(crate) fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    egressor_in(folder.path(), arguments)
}

/// A document of the command, in its published shape.
pub(crate) fn document(folder: &TempDir, arguments: &[&str]) -> Value {
    let run = run(folder, &[arguments, &["--format", "json"]].concat());
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let schema = if arguments[0] == "diff" { diff_schema() } else { policy_schema() };
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    document
}

pub(crate) fn scopes(document: &Value) -> Vec<String> {
    let one = |scope: &Value| {
        format!(
            "{} {}",
            scope["scope"].as_str().expect("a name"),
            scope["direction"].as_str().expect("a way")
        )
    };
    document["scopes"].as_array().expect("scopes").iter().map(one).collect()
}

/// The rows of a list of a scope, as `PROTOCOL/PORTS PEERS`.
pub(crate) fn rows(document: &Value, scope: &str, list: &str) -> Vec<String> {
    let scopes = document["scopes"].as_array().expect("scopes");
    let name = |it: &&Value| {
        format!(
            "{} {}",
            it["scope"].as_str().unwrap_or_default(),
            it["direction"].as_str().unwrap_or_default()
        ) == scope
    };
    let found = scopes.iter().find(name).unwrap_or_else(|| panic!("no {scope} in {document}"));
    let list = found.get(list).unwrap_or_else(|| &found["allows"][list]);
    let texts = |row: &Value, key: &str| {
        let items = row[key].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(",")
    };
    let row = |row: &Value| {
        let protocol = row["protocol"].as_str().unwrap_or_default();
        format!("{protocol}/{} {}{}", texts(row, "ports"), texts(row, "cidrs"), texts(row, "groups"))
    };
    list.as_array().expect("rows").iter().map(row).collect()
}

pub(crate) fn messages(document: &Value, code: &str) -> Vec<String> {
    let findings = document["findings"].as_array().expect("findings");
    let of = findings.iter().filter(|finding| finding["code"] == code);
    of.map(|finding| finding["message"].as_str().expect("a message").to_owned()).collect()
}

/// A resource of a plan: its address and module, and what it says before and after; and what is only known then.
pub(crate) struct Resource {
    pub(crate) module: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) actions: &'static [&'static str],
    pub(crate) before: Value,
    pub(crate) after: Value,
    pub(crate) unknown: Value,
}

impl Resource {
    pub(crate) fn stays(kind: &'static str, name: &'static str, values: Value) -> Self {
        Self::changes(kind, name, &["no-op"], values.clone(), values)
    }

    pub(crate) fn changes(
        kind: &'static str,
        name: &'static str,
        actions: &'static [&'static str],
        before: Value,
        after: Value,
    ) -> Self {
        Self { module: "", kind, name, actions, before, after, unknown: json!({}) }
    }

    fn address(&self) -> String {
        let module = if self.module.is_empty() { String::new() } else { format!("{}.", self.module) };
        format!("{module}{}.{}", self.kind, self.name)
    }

    fn shown(&self, values: &Value) -> Value {
        json!({"address": self.address(), "mode": "managed", "type": self.kind, "name": self.name,
            "values": values, "sensitive_values": {}})
    }
}

pub(crate) fn module(resources: &[Resource], state: fn(&Resource) -> &Value) -> Value {
    let of = |module: &str| -> Vec<Value> {
        let resources = resources.iter().filter(|it| it.module == module && !state(it).is_null());
        resources.map(|it| it.shown(state(it))).collect()
    };
    let mut children: Vec<&str> = resources.iter().map(|it| it.module).filter(|it| !it.is_empty()).collect();
    children.dedup();
    let children: Vec<Value> =
        children.into_iter().map(|child| json!({"address": child, "resources": of(child)})).collect();
    json!({"root_module": {"resources": of(""), "child_modules": children}})
}

pub(crate) fn plan(resources: &[Resource]) -> Value {
    let change = |it: &Resource| {
        json!({"address": it.address(), "module_address": it.module, "mode": "managed", "type": it.kind,
            "name": it.name, "change": {"actions": it.actions, "before": it.before, "after": it.after,
            "after_unknown": it.unknown, "before_sensitive": {}, "after_sensitive": {}}})
    };
    json!({"format_version": "1.2", "terraform_version": "1.11.4",
        "planned_values": module(resources, |it| &it.after),
        "resource_changes": resources.iter().map(change).collect::<Vec<_>>(),
        "prior_state": {"format_version": "1.0", "terraform_version": "1.11.4",
            "values": module(resources, |it| &it.before)},
        "configuration": {"root_module": {}}})
}

/// What `terraform show -json` prints of the state before or after.
pub(crate) fn state(resources: &[Resource], of: fn(&Resource) -> &Value) -> String {
    json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": module(resources, of)})
        .to_string()
}

pub(crate) const RULE: &str = "aws_vpc_security_group_egress_rule";

pub(crate) fn group() -> Resource {
    Resource::stays("aws_security_group", "g", json!({"id": "sg-1", "name": "g"}))
}

pub(crate) fn rule(port: u16, cidr: &str) -> Value {
    json!({"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": port, "to_port": port,
        "cidr_ipv4": cidr})
}

pub(crate) fn firewall(direction: &str, tag: Option<&str>, allow: bool, cidr: &str) -> Value {
    let services = json!([{"protocol": "tcp", "ports": ["443"]}]);
    let empty = json!([]);
    let (allowed, denied) =
        if allow { (services, empty) } else { (empty, json!([{"protocol": "all", "ports": []}])) };
    let (source, destination) =
        if direction == "EGRESS" { (json!([]), json!([cidr])) } else { (json!([cidr]), json!([])) };
    json!({"name": "f", "network": "projects/p/global/networks/n", "direction": direction, "priority": 1000,
        "disabled": false, "allow": allowed, "deny": denied, "source_ranges": source,
        "destination_ranges": destination, "target_tags": tag.map(|tag| vec![tag])})
}

pub(crate) const AWS: &str = "resource \"aws_vpc_security_group_egress_rule\" \"r\" {\n  security_group_id = \"sg-1\"\n  \
                   ip_protocol = \"tcp\"\n  from_port = 443\n  to_port = 443\n  cidr_ipv4 = local.cidr\n}\n";
