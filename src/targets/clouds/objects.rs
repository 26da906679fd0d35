//! Objects in JSON, as clouds' command lines print them and as states of Terraform hold them, as the blocks of HCL.

use crate::diag::{Place, Source};
use crate::syntax::hcl::{Block, Kind, Value};
use crate::syntax::terraform::value;
use crate::syntax::yaml::{self, Node};
use std::sync::Arc;

/// An object as a block of that kind: its keys in the way that Terraform writes them, and objects and lists of objects
/// within it as blocks.
pub(in crate::targets) fn block(source: &Arc<Source>, object: &Node, kind: &str) -> Block {
    // The whole of an object may say more than is to be shown; its name is enough to find it.
    let at = object.get("name").or_else(|| object.get("ruleName")).unwrap_or(object);
    let mut block = Block::new(kind, &[], Place { source: Arc::clone(source), span: at.span });
    let yaml::Kind::Mapping(entries) = &object.kind else { return block };
    for (key, node) in entries {
        block.attributes.insert(snake(&key.name), value(source, node));
    }
    for inner in &mut block.attributes.values_mut() {
        with_snake_keys(inner);
    }
    with_blocks(block)
}

/// A block in which objects, and lists of them, are blocks, as they are in HCL. A list of which one member is not known is
/// a block about which nothing is known.
pub(in crate::targets) fn with_blocks(mut block: Block) -> Block {
    let attributes = std::mem::take(&mut block.attributes);
    for (name, value) in attributes {
        let objects = match &value.kind {
            Kind::Map(_) => true,
            Kind::List(items) => items.iter().any(|item| matches!(item.kind, Kind::Map(_))),
            _ => false,
        };
        if !objects {
            block.attributes.insert(name, value);
            continue;
        }
        let items = match value.kind {
            Kind::List(items) => items,
            kind => vec![Value { place: value.place.clone(), kind }],
        };
        for item in items {
            let mut inner = Block::new(&name, &[], block.place.clone());
            match item.kind {
                Kind::Map(fields) => {
                    inner.place = fields.get("name").map_or(&block.place, |name| &name.place).clone();
                    inner.attributes = fields;
                }
                Kind::Null => continue,
                ref other => {
                    let what = item.unknown().unwrap_or_else(|| other.describe());
                    inner.uncertain.push(what.to_owned());
                }
            }
            block.blocks.push(with_blocks(inner));
        }
    }
    block
}

/// Reports whether a value says anything: nothing, `false` and what is empty do not.
pub(in crate::targets) fn says(value: &Value) -> bool {
    match &value.kind {
        Kind::Null | Kind::Bool(false) => false,
        Kind::List(items) => !items.is_empty(),
        Kind::Map(fields) => !fields.is_empty(),
        Kind::String(text) => !text.is_empty(),
        Kind::Bool(true) | Kind::Number(_) | Kind::Reference(_) | Kind::Unresolvable(_) => true,
    }
}

/// The blocks of a kind within a block.
pub(in crate::targets) fn children<'a>(block: &'a Block, kind: &'a str) -> impl Iterator<Item = &'a Block> {
    block.blocks.iter().filter(move |inner| inner.kind == kind)
}

fn with_snake_keys(value: &mut Value) {
    match &mut value.kind {
        Kind::List(items) => items.iter_mut().for_each(with_snake_keys),
        Kind::Map(fields) => {
            let old = std::mem::take(fields);
            for (key, mut inner) in old {
                with_snake_keys(&mut inner);
                fields.insert(snake(&key), inner);
            }
        }
        _ => {}
    }
}

/// `destIpRanges` as `dest_ip_ranges`; capitals in a row are one word.
fn snake(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    let mut before = '_';
    for char in key.chars() {
        if char.is_ascii_uppercase() && !before.is_ascii_uppercase() && before != '_' {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
        before = char;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn keys_of_apis_are_those_of_terraform() {
        for (key, name) in [
            ("destIpRanges", "dest_ip_ranges"),
            ("layer4Configs", "layer4_configs"),
            ("terminateTLS", "terminate_tls"),
            ("destinationIpGroups", "destination_ip_groups"),
            ("etag", "etag"),
        ] {
            assert_eq!(snake(key), name);
        }
    }
}
