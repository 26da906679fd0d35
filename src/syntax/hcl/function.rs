//! The few functions that only rearrange their arguments; everything else is for Terraform to compute.

use super::{Kind, Value};
use std::collections::BTreeMap;

/// What a call gives, or `None` when the function or an argument is not known.
pub(super) fn call(name: &str, args: Vec<Value>) -> Option<Kind> {
    match name {
        "toset" => set(only(args)?),
        "tolist" => list(only(args)?).map(Kind::List),
        "tomap" => map(only(args)?).map(Kind::Map),
        "tostring" => only(args)?.as_text().map(Kind::String),
        "keys" => {
            let entries = map(only(args)?)?.into_iter();
            Some(Kind::List(
                entries.map(|(key, value)| Value { place: value.place, kind: Kind::String(key) }).collect(),
            ))
        }
        "values" => Some(Kind::List(map(only(args)?)?.into_values().collect())),
        "concat" => {
            let lists = args.into_iter().map(list).collect::<Option<Vec<_>>>()?;
            Some(Kind::List(lists.into_iter().flatten().collect()))
        }
        "merge" => {
            let maps = args.into_iter().map(map).collect::<Option<Vec<_>>>()?;
            Some(Kind::Map(maps.into_iter().flatten().collect()))
        }
        _ => None,
    }
}

fn only(args: Vec<Value>) -> Option<Value> {
    let mut args = args.into_iter();
    args.next().filter(|_| args.next().is_none())
}

fn list(value: Value) -> Option<Vec<Value>> {
    match value.kind {
        Kind::List(items) => Some(items),
        _ => None,
    }
}

fn map(value: Value) -> Option<BTreeMap<String, Value>> {
    match value.kind {
        Kind::Map(map) => Some(map),
        _ => None,
    }
}

/// The members in order, each once. A set with an unknown member is unknown, for the member may be one of the others.
fn set(value: Value) -> Option<Kind> {
    let mut members = BTreeMap::new();
    for item in list(value)? {
        let text = item.as_text()?;
        members.insert(text.clone(), Value { kind: Kind::String(text), ..item });
    }
    Some(Kind::List(members.into_values().collect()))
}
