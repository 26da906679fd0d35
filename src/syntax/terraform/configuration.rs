//! The configuration that a plan carries: which arguments are written, and what they refer to.

use super::{entries, items};
use crate::syntax::hcl::Kind;
use crate::syntax::yaml::Node;
use std::collections::BTreeMap;

/// The modules of a configuration, by the names of the calls that lead to them.
pub(super) struct Configuration<'a> {
    modules: BTreeMap<Vec<&'a str>, &'a Node>,
    resources: BTreeMap<(Vec<&'a str>, &'a str, &'a str), &'a Node>,
}

impl<'a> Configuration<'a> {
    pub(super) fn of(configuration: Option<&'a Node>) -> Self {
        let (mut modules, mut resources) = (BTreeMap::new(), BTreeMap::new());
        let root = configuration.and_then(|node| node.get("root_module"));
        let mut left: Vec<(Vec<&str>, &Node)> = root.map(|root| (Vec::new(), root)).into_iter().collect();
        while let Some((path, module)) = left.pop() {
            for resource in items(module.get("resources")) {
                let text = |key: &str| resource.get(key).and_then(Node::as_str);
                if let (Some("managed"), Some(kind), Some(name)) = (text("mode"), text("type"), text("name"))
                {
                    resources.insert((path.clone(), kind, name), resource);
                }
            }
            for (call, node) in entries(module.get("module_calls")) {
                let mut path = path.clone();
                path.push(&call.name);
                left.extend(node.get("module").map(|module| (path, module)));
            }
            modules.insert(path, module);
        }
        Self { modules, resources }
    }

    /// The arguments that the configuration of a resource sets. None when it is not there.
    pub(super) fn arguments(&self, module: &str, kind: &str, name: &str) -> Option<&'a Node> {
        self.resources.get(&(calls(module), kind, name))?.get("expressions")
    }

    /// What an argument is the id of, when that is all it can be; or the local value that gives it.
    ///
    /// Plans tell what an expression refers to and not what it does with it. An argument for one id that refers to
    /// one id is that id. Lists may hold more beside it, so nothing is said of arguments with a name in the plural.
    pub(super) fn reference(&self, module: &str, set: Option<&'a Node>, argument: &str) -> Option<Kind> {
        if argument.ends_with('s') {
            return None;
        }
        let mut module = module.to_owned();
        let mut reference = only(set?.get(argument)?)?;
        // A variable is what the call of the module sets, in the module that calls.
        while let Some(variable) = reference.strip_prefix("var.") {
            let mut path = calls(&module);
            let call = path.pop()?;
            let node = self.modules.get(&path)?.get("module_calls")?.get(call)?;
            reference = only(node.get("expressions")?.get(variable)?)?;
            module = parent(&module).to_owned();
        }
        let prefix = if module.is_empty() { String::new() } else { format!("{module}.") };
        let full = format!("{prefix}{reference}");
        let ends = [".id", ".name", ".self_link"].iter().any(|end| reference.ends_with(end));
        let first = reference.split('.').next().unwrap_or_default();
        match first {
            "local" => Some(Kind::Unresolvable(full)),
            "var" | "module" | "data" | "each" | "count" | "path" | "terraform" | "self" => None,
            _ => ends.then_some(Kind::Reference(full)),
        }
    }
}

/// The one thing that an expression refers to. Terraform lists what leads to a thing beside it.
fn only(expression: &Node) -> Option<&str> {
    let all: Vec<&str> = items(expression.get("references")).iter().filter_map(Node::as_str).collect();
    let leads_to =
        |short: &str, long: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['.', '[']));
    let mut longest = all.iter().filter(|one| !all.iter().any(|other| leads_to(one, other)));
    let first = longest.next()?;
    longest.next().is_none().then_some(*first)
}

/// The names of the calls in the address of a module: `a` and `b` for `module.a["x.y"].module.b`.
fn calls(module: &str) -> Vec<&str> {
    steps(module).into_iter().map(|(_, name)| name).collect()
}

/// The address of the module that calls a module.
fn parent(module: &str) -> &str {
    let start = steps(module).last().map_or(0, |(start, _)| *start);
    module.get(..start).unwrap_or_default().trim_end_matches('.')
}

/// Where each call begins in the address of a module, and its name.
fn steps(module: &str) -> Vec<(usize, &str)> {
    let mut steps = Vec::new();
    let mut at = 0_usize;
    while let Some(rest) = module.get(at..).and_then(|rest| rest.strip_prefix("module.")) {
        let length = rest.find(['.', '[']).unwrap_or(rest.len());
        steps.push((at, rest.get(..length).unwrap_or_default()));
        let key = rest.get(length..).map_or(0, key);
        at = at.saturating_add("module.".len()).saturating_add(length).saturating_add(key).saturating_add(1);
    }
    steps
}

/// The length of an instance's key that a text begins with: `[0]` or `["a"]`.
fn key(text: &str) -> usize {
    if !text.starts_with('[') {
        return 0;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_modules_are_taken_apart() {
        assert_eq!(calls(""), [""; 0]);
        assert_eq!(calls("module.a"), ["a"]);
        assert_eq!(calls(r#"module.a["x.module.y\"]"].module.b[0].module.c"#), ["a", "b", "c"]);
        assert_eq!(parent(r#"module.a["x.y"].module.b"#), r#"module.a["x.y"]"#);
        assert_eq!((parent("module.a"), parent("")), ("", ""));
    }
}
