//! The schemas of `docs/models` describe what the templates of targets really get.
//!
//! They are made from models: `UPDATE=1` lowers the policies below with every setting and writes down the shape that all
//! models share. A key that some models lack is optional, and no key stands there that no model has.

use super::common::policies::{plain, policies, policy_of, tcp};
use crate::road::installed;
use egressor::policy::{Need, Policy};
use egressor::render::models::{MODELS, of};
use egressor::targets::{OptionKind, Options, Speech, TARGETS, Target, Wanted};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many generated policies each setting is tried with.
const POLICIES: usize = 24;

/// What all values at one place of a model have in common.
#[derive(Debug, Clone, Default)]
struct Shape {
    types: BTreeSet<&'static str>,
    /// How many objects were seen, and of each key its shape and how many of them have it.
    objects: usize,
    keys: BTreeMap<String, (usize, Shape)>,
    items: Option<Box<Shape>>,
}

impl Shape {
    fn see(&mut self, value: &Value) {
        self.types.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
        match value {
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                for item in items {
                    shape.see(item);
                }
            }
            Value::Object(map) => {
                self.objects += 1;
                for (key, value) in map {
                    let (seen, shape) = self.keys.entry(key.clone()).or_default();
                    *seen += 1;
                    shape.see(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn schema(&self) -> Value {
        let mut schema = Map::new();
        let types: Vec<&str> = self.types.iter().copied().collect();
        match types.as_slice() {
            [] => {}
            [only] => drop(schema.insert("type".into(), (*only).into())),
            several => drop(schema.insert("type".into(), several.to_vec().into())),
        }
        if self.types.contains("object") {
            let required: Vec<&String> =
                self.keys.iter().filter(|(_, (seen, _))| *seen == self.objects).map(|(key, _)| key).collect();
            let properties: Map<String, Value> =
                self.keys.iter().map(|(key, (_, shape))| (key.clone(), shape.schema())).collect();
            schema.insert("properties".into(), properties.into());
            schema.insert("required".into(), json!(required));
            schema.insert("additionalProperties".into(), false.into());
        }
        if let Some(items) = &self.items {
            schema.insert("items".into(), items.schema());
        }
        schema.into()
    }
}

/// Policies that are the same in every run.
fn some_policies(speech: Speech) -> Vec<Policy> {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let strategy = policies(speech);
    let mut all = vec![policy_of(speech, &[tcp(speech, 443, &plain("api"))])];
    all.extend((0..POLICIES).map(|_| strategy.new_tree(&mut runner).expect("a policy").current()));
    all
}

/// No setting, and each setting at its ends.
fn settings(target: &dyn Target) -> Vec<BTreeMap<String, String>> {
    let mut all = vec![BTreeMap::new()];
    for spec in target.options() {
        let values: Vec<String> = match spec.kind {
            OptionKind::Choice(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            OptionKind::Identifier(_) => vec!["a".to_owned()],
            OptionKind::Number(first, last) => vec![first.to_string(), last.to_string()],
            OptionKind::Prefixes => vec!["192.0.2.0/24".to_owned()],
            OptionKind::Text => vec!["x".to_owned()],
            OptionKind::Proxy => vec!["http://proxy.example:3128".to_owned()],
        };
        all.extend(values.into_iter().map(|value| BTreeMap::from([(spec.key.to_owned(), value)])));
    }
    all
}

/// Every model of each template, with the banner that it gets.
fn models(target: &'static dyn Target) -> Vec<(&'static str, Value)> {
    let mut models = Vec::new();
    for given in settings(target) {
        let options = Options::new(target.options(), &given).within(installed());
        for needs in [target.needs().iter().copied().collect(), BTreeSet::<Need>::new()] {
            for policy in some_policies(target.speech_with(&options)) {
                let lowered = target.lower(&Wanted { policy: &policy, needs: &needs, options: &options });
                models.extend(lowered.artifacts.into_iter().map(|artifact| {
                    let mut model = serde_json::to_value(&artifact.model).expect("a model is JSON");
                    model["banner"] = vec!["a line"].into();
                    (artifact.template, model)
                }));
            }
        }
    }
    models
}

#[test]
fn every_template_gets_a_model_that_its_schema_describes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/models");
    let update = std::env::var_os("UPDATE").is_some();
    let mut described = BTreeSet::new();
    for target in TARGETS {
        let mut shapes: BTreeMap<&str, Shape> = BTreeMap::new();
        let models = models(*target);
        for (template, model) in &models {
            shapes.entry(template).or_default().see(model);
        }
        for (template, _) in target.templates() {
            described.insert(*template);
            let shape = shapes.get(template).unwrap_or_else(|| panic!("nothing is written with {template}"));
            let Value::Object(inner) = shape.schema() else { panic!("a schema is an object") };
            let mut schema = Map::new();
            schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
            schema.insert("title".into(), format!("egressor model of {template}").into());
            schema.extend(inner);
            let text = format!("{:#}\n", Value::Object(schema));
            if update {
                let name = template.replace(".tera", ".schema.json");
                std::fs::write(folder.join(name), &text).expect("it is written");
                continue;
            }
            let written = of(template).unwrap_or_else(|| panic!("docs/models/models.in lacks {template}"));
            assert_eq!(written, text, "run the tests with UPDATE=1 to write the model of {template} anew");
            let validator = jsonschema::validator_for(&serde_json::from_str(written).expect("JSON"))
                .expect("the schema is a schema");
            for (_, model) in models.iter().filter(|(name, _)| name == template) {
                let errors: Vec<String> =
                    validator.iter_errors(model).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{template}: {errors:?}");
            }
        }
    }
    let listed: BTreeSet<&str> = MODELS.iter().map(|(template, _)| *template).collect();
    assert_eq!(listed, described, "docs/models/models.in lists the templates");
}
