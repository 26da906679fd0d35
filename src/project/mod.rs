//! The project file: what a team keeps in its repository, so that every command needs no flags.

mod document;
mod start;

pub use document::{ArtifactDocument, EnvironmentDocument, ProjectDocument};
pub use start::{Start, StartError, start};

use crate::catalog::read::{At, Document as _, Reader};
use crate::catalog::{Id, titled};
use crate::diag::{Code, Finding, Place, Source, Span, any_error, concealed, suggest};
use crate::syntax::yaml;
use std::sync::Arc;

/// The name of the file.
pub const FILE: &str = "egressor.yaml";

/// A project file that was read, for one environment of it.
#[derive(Debug, Clone)]
pub struct Project {
    /// What it says for the environment.
    pub says: EnvironmentDocument,
    /// The environment, where the file has any.
    pub environment: Option<Id>,
    /// The file.
    pub source: Arc<Source>,
}

/// Keys that must be said, here or in the environment: without one of them more could be meant than was.
const NEEDED: [&str; 8] =
    ["catalogs", "overlays", "components", "features", "without", "expires", "lock", "artifacts"];

/// Variables without which other addresses are opened in their place: they must be said, each where a catalog has it and
/// the resolvers always, for every catalog may imply them.
pub const NEEDED_VARIABLES: [&str; 2] = [RESOLVERS, "proxy"];
/// The variable that names the resolvers.
pub const RESOLVERS: &str = "dns_servers";

/// Reads a project for an environment; every problem of the file is in the findings.
pub fn load(source: &Arc<Source>, environment: Option<&str>) -> (Option<Project>, Vec<Finding>) {
    let root = match yaml::parse(source, Code::CatalogSyntax) {
        Ok(documents) => match <[yaml::Node; 1]>::try_from(documents) {
            Ok([root]) => root,
            Err(several) => {
                let message = format!("a project is one YAML document, this file holds {}", several.len());
                return (None, vec![Finding::new(Code::CatalogSyntax, message).at(source, Span::default())]);
            }
        },
        Err(finding) => return (None, vec![finding]),
    };
    // One that is no file of ours may hold secrets, so lines of it are not shown as they are.
    let is_ours =
        root.get("schema").and_then(yaml::Node::as_str).is_some_and(|word| word.starts_with("egressor/"));
    from_tree(&root, &if is_ours { Arc::clone(source) } else { concealed(source) }, environment)
}

/// Reads a project from its tree.
pub fn from_tree(
    root: &yaml::Node,
    source: &Arc<Source>,
    environment: Option<&str>,
) -> (Option<Project>, Vec<Finding>) {
    let mut reader = Reader::new(Arc::clone(source));
    let document = ProjectDocument::read(root, &mut reader);
    let project = document.and_then(|document| choose(&document, environment, root.span, &mut reader));
    reader.findings.sort_by_key(|finding| finding.place.as_ref().map(|place| place.span));
    let sound = !any_error(&reader.findings);
    (project.filter(|_| sound), reader.findings)
}

/// The JSON Schema of a project file.
pub fn project_schema() -> serde_json::Value {
    let mut schema =
        titled("egressor project", "What a team wants of its catalogs.", ProjectDocument::schema());
    if let Some(schema) = schema.as_object_mut() {
        // Each of them stands outside for all environments, or in each of these.
        let needed = NEEDED.map(|key| {
            let each = serde_json::json!({"env": {
                "description": "Environments that all have the key.",
                "additionalProperties": {"required": [key]},
            }});
            serde_json::json!({"anyOf": [{"required": [key]}, {"required": ["env"], "properties": each}]})
        });
        schema.insert("allOf".to_owned(), needed.to_vec().into());
    }
    schema
}

/// What the file says for the environment.
fn choose(
    document: &ProjectDocument,
    named: Option<&str>,
    whole: Span,
    reader: &mut Reader,
) -> Option<Project> {
    let source = Arc::clone(&reader.source);
    let outside = document.outside();
    let Some(env) = &document.env else {
        if let Some(default) = &document.default_env {
            let message = "`default_env` goes with `env`";
            reader.report(Code::CatalogMissingKey, default.span, message, None);
        }
        if let Some(named) = named {
            let message = format!("the project has no environment `{named}`, for it has none at all");
            reader.report(Code::SelectionUnknown, document.schema.span, message, None);
        }
        check_needed(&outside, None, document.schema.span, reader);
        return Some(Project { says: outside, environment: None, source });
    };
    for (name, says) in &env.value.0 {
        check_needed(&outside, Some(&says.value), says.name_span, reader);
        check_once(&outside, name, &says.value, reader);
    }
    let known = || env.value.0.keys().map(Id::as_str);
    let list = || format!("environments are {}", known().collect::<Vec<_>>().join(", "));
    let unknown = |name: &str, span: Span, reader: &mut Reader| {
        let help = suggest(name, known()).map_or_else(list, |near| format!("did you mean `{near}`?"));
        let message = format!("the project has no environment `{name}`");
        reader.report(Code::SelectionUnknown, span, message, Some(help));
    };
    if let Some(default) = &document.default_env
        && !env.value.0.contains_key(&default.value)
    {
        unknown(default.value.as_str(), default.span, reader);
        return None;
    }
    let default = document.default_env.as_ref().map(|default| default.value.as_str());
    let Some(name) = named.or(default) else {
        let help = format!("{}; `default_env` can name the usual one", list());
        reader.report(Code::SelectionUnknown, whole, "choose an environment with `--env`", Some(help));
        return None;
    };
    let Some((id, says)) = env.value.0.iter().find(|(id, _)| id.as_str() == name) else {
        unknown(name, env.span, reader);
        return None;
    };
    let mut both = says.value.clone().and(&outside);
    // Variables are told apart one by one: some for all environments, some for each.
    if let (Some(own), Some(common)) = (&mut both.variables, &outside.variables) {
        for (name, value) in &common.value.0 {
            own.value.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Some(Project { says: both, environment: Some(id.clone()), source })
}

/// Reports what must be said and is not.
fn check_needed(
    outside: &EnvironmentDocument,
    says: Option<&EnvironmentDocument>,
    span: Span,
    reader: &mut Reader,
) {
    let given: Vec<&str> = outside
        .given()
        .into_iter()
        .chain(says.into_iter().flat_map(EnvironmentDocument::given))
        .map(|(key, _)| key)
        .collect();
    for key in NEEDED.iter().filter(|key| !given.contains(*key)) {
        let told = reader.findings.iter().any(Finding::is_error);
        let help = match *key {
            "overlays" | "without" => format!("say `{key}: none` when there is nothing"),
            "components" => "say `components: all` when all are meant".to_owned(),
            "features" | "artifacts" => format!("say `{key}: default` when no choice is meant"),
            "expires" => "name the last day, or say `expires: never`".to_owned(),
            "lock" => "say `lock: egressor.lock`".to_owned(),
            _ => "see `egressor init`".to_owned(),
        };
        // A key whose value was refused is missed here too; the first finding says why.
        if !told || says.is_some() {
            let message = format!("the key `{key}` is missing here");
            reader.report(Code::CatalogMissingKey, span, message, Some(help));
        }
    }
}

/// Reports what an environment says although it is said for all of them. A key that would fall back to another value
/// when it is lost is one that opens something when it is lost.
fn check_once(outside: &EnvironmentDocument, name: &Id, says: &EnvironmentDocument, reader: &mut Reader) {
    let common = outside.given();
    let twice = says.given().into_iter().filter(|(key, _)| *key != "variables");
    for (key, span) in twice.filter(|(key, _)| common.iter().any(|(other, _)| other == key)) {
        let message = format!("`{key}` is said for `{name}` and, outside, for all environments");
        let help = "say it once: outside of `env`, or in each environment";
        reader.report(Code::CatalogDuplicate, span, message, Some(help.to_owned()));
    }
    let (Some(own), Some(common)) = (&says.variables, &outside.variables) else { return };
    for (variable, value) in &own.value.0 {
        if common.value.0.contains_key(variable) {
            let message = format!("the variable `{variable}` is set for `{name}` and for all environments");
            reader.report(Code::CatalogDuplicate, value.name_span, message, None);
        }
    }
}

impl Project {
    /// The place of a stretch of the file.
    pub fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(&self.source), span: self.source.clamp_span(span) }
    }

    /// The file and line of a value, as people write them.
    pub fn line<T>(&self, value: &At<T>) -> String {
        let (line, _) = self.source.line_column(value.span.start);
        format!("{}:{line}", self.source.name())
    }
}
