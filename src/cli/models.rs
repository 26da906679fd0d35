//! `egressor targets --model`: what templates see, as JSON Schemas.

use super::Exit;
use super::output::Output;
use crate::artifact::{manifest_schema, model_schema};
use crate::diag::{Code, Finding, suggest_or_list};
use crate::render::models;
use crate::targets::{TARGETS, find};
use serde_json::{Map, Value};

/// Prints the schema of one model, or of each template of a target under the template's name.
pub(super) fn model(name: &str, output: Output) -> Exit {
    if name == "artifact" {
        return output.json(&model_schema(), Exit::Same);
    }
    if name == "manifest" {
        return output.json(&manifest_schema(), Exit::Same);
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    if let Some(schema) = models::of(name) {
        return output.json(&parse(schema), Exit::Same);
    }
    if let Some(target) = find(name) {
        let of = |(name, _): &(&str, _)| Some(((*name).to_owned(), parse(models::of(name)?)));
        let schemas: Map<String, Value> = target.templates().iter().filter_map(of).collect();
        return match schemas.values().next() {
            Some(only) if schemas.len() == 1 => output.json(only, Exit::Same),
            Some(_) | None => output.json(&schemas, Exit::Same),
        };
    }
    let targets = TARGETS.iter().map(|target| target.name());
    let known: Vec<&str> = targets.chain(["artifact", "manifest"]).collect();
    let help = suggest_or_list(name, "known are", known.iter().copied());
    output.findings(&[Finding::new(Code::SelectionUnknown, format!("unknown model `{name}`")).help(help)]);
    Exit::Failed
}
