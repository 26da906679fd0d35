//! The first project file: commented, and valid as it is written.

use super::RESOLVERS;
use crate::catalog::{Catalog, Date, Id, Text, VariableKind};
use crate::diag::suggest_or_list;
use crate::syntax::yaml::quote;
use std::fmt::Write as _;

/// What the first project file says.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Catalogs as the file names them.
    pub catalogs: Vec<String>,
    /// Overlays as the file names them.
    pub overlays: Vec<String>,
    /// The region.
    pub region: Option<String>,
    /// Features that are on beside the defaults.
    pub features: Vec<String>,
    /// The components; all when empty.
    pub components: Vec<String>,
    /// Targets; those that are written by default when empty.
    pub targets: Vec<String>,
    /// The team that answers for the rules.
    pub owner: Option<String>,
    /// The ticket that approved them.
    pub ticket: Option<String>,
    /// Their last day; `never` when not said.
    pub expires: Option<String>,
    /// Variables, as `KEY=VALUE`.
    pub set: Vec<String>,
    /// Where the JSON Schema is, for editors.
    pub schema: Option<String>,
}

/// A first project file that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A catalog has regions and none was said.
    #[error("the region is not said; regions are {0}")]
    Region(String),
    /// A region that no catalog has, and those that there are.
    #[error("`{0}` is not a region of the catalogs")]
    UnknownRegion(String, String),
    /// A value that its key does not take.
    #[error("{0}")]
    Value(String),
    /// A setting that is not of the form `KEY=VALUE`, or that no catalog has.
    #[error("`{0}` is no variable of the catalogs: {1} are")]
    Variable(String, String),
}

/// The text of the file.
pub fn start(says: &Start, catalogs: &[Catalog]) -> Result<String, StartError> {
    let parsed =
        |text: &String| text.parse::<Text>().map(|text| quote(text.as_str())).map_err(StartError::Value);
    let owner = says.owner.as_ref().map(parsed).transpose()?;
    let ticket = says.ticket.as_ref().map(parsed).transpose()?;
    let expires = says.expires.as_deref().filter(|day| *day != "never");
    let expires = expires.map(|day| day.parse::<Date>().map_err(StartError::Value)).transpose()?;
    let region = region(says, catalogs)?;
    let variables = variables(says, catalogs)?;
    let mut text = String::new();
    // Writing to a string cannot fail.
    if let Some(schema) = &says.schema {
        let _ = writeln!(text, "# yaml-language-server: $schema={schema}");
    }
    let _ = write!(
        text,
        "\
#
# What must be reachable, from where, and which rule files say so. Every egressor command run in this folder or below
# reads this file; a flag overrides a key, and `-v` says where each value came from.
#
# Keys that narrow what is allowed must be there, with a word for \"no narrowing\" (`all`, `none`, `default`): a key that
# got lost is an error then, and never a wider rule. Paths are relative to this file.
schema: egressor/project/v1

# Names of shipped catalogs (`egressor catalog list`), or files.
catalogs: {}
# What your organisation changes about them, in order: files with `disable`, `override`, `add`, `set` and `variables`.
overlays: {}

",
        list(&says.catalogs).unwrap_or_else(|| "[]".to_owned()),
        list(&says.overlays).unwrap_or_else(|| "none".to_owned()),
    );
    if let Some(region) = region {
        let _ = writeln!(
            text,
            "# An organisation lives in one region of the vendor: {}.",
            regions(catalogs).join(", ")
        );
        let _ = writeln!(text, "region: {region}");
    }
    let features = list(&[vec!["default".to_owned()], says.features.clone()].concat());
    let _ = write!(
        text,
        "\
# `all`, or a list: {}.
components: {}
# `default`, or all features that are on; in a list `default` stands for those that are on by default.
{}
features: {}
# Endpoints and implied rules (`implied/dns`) that are left out, or `none`.
without: none

# What only you know; `unset` for what is not there. Rules that need an unset variable are left out.
variables:
{variables}
# Who answers for the rules, and which ticket approved them: `egressor lint` calls nothing reviewable without.
{}
{}
# The last day on which the rules are wanted, in UTC, or `never`. The day after, they are left out.
expires: {}

# The addresses of names, written by `egressor lock`. Commit it.
lock: egressor.lock

# `default` writes all common targets below `out`. A list names targets, with their options and folders:
#   - network-policy
#   - {{target: iptables, options: [iptables.prefix=FW], path: host}}
artifacts: {}
# Folders of targets of your own, and one of templates that take the place of those of the same name.
# artifact_dirs: [targets/panos-edl]
# templates: templates

# Several environments: the keys that differ stand here, in each environment, and not above.
# env:
#   prod: {{region: …, variables: {{…}}}}
#   staging: {{region: …, variables: {{…}}}}
# default_env: staging
",
        components(catalogs).join(", "),
        list(&says.components).unwrap_or_else(|| "all".to_owned()),
        features_comment(catalogs),
        if says.features.is_empty() { "default".to_owned() } else { features.unwrap_or_default() },
        owner.map_or_else(|| "# owner: platform-networking".to_owned(), |owner| format!("owner: {owner}")),
        ticket.map_or_else(|| "# ticket: NET-1234".to_owned(), |ticket| format!("ticket: {ticket}")),
        expires.map_or_else(|| "never".to_owned(), |day| format!("\"{day}\"")),
        targets(says),
    );
    Ok(text)
}

/// A list in one line; nothing when it is empty.
fn list(items: &[String]) -> Option<String> {
    let plain = |item: &String| {
        let plain = item.parse::<Id>().is_ok() && !item.starts_with(|char: char| char.is_ascii_digit());
        if plain { item.clone() } else { quote(item) }
    };
    (!items.is_empty()).then(|| format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")))
}

fn regions(catalogs: &[Catalog]) -> Vec<String> {
    let tables = catalogs.iter().filter_map(|catalog| catalog.document.regions.as_ref());
    tables.flat_map(|regions| regions.value.0.keys().map(ToString::to_string)).collect()
}

fn region(says: &Start, catalogs: &[Catalog]) -> Result<Option<String>, StartError> {
    let known = regions(catalogs);
    match &says.region {
        None if known.is_empty() => Ok(None),
        Some(region) if known.contains(region) || region == "all" => Ok(Some(region.clone())),
        Some(region) if !known.is_empty() => {
            let near = suggest_or_list(region, "regions are", known.iter().map(String::as_str));
            Err(StartError::UnknownRegion(region.clone(), near))
        }
        None | Some(_) => Err(StartError::Region(known.join(", "))),
    }
}

fn components(catalogs: &[Catalog]) -> Vec<String> {
    let ids = catalogs.iter().flat_map(|catalog| catalog.document.components.value.0.keys());
    ids.map(ToString::to_string).collect()
}

fn features_comment(catalogs: &[Catalog]) -> String {
    let mut lines = Vec::new();
    for (id, feature) in catalogs.iter().flat_map(|catalog| catalog.document.features.value.0.iter()) {
        let on = feature.value.default.as_ref().is_some_and(|default| default.value);
        let on = if on { "on" } else { "off" };
        lines.push(format!("#   {id} ({on} by default): {}", feature.value.title.value));
    }
    lines.join("\n")
}

/// Every variable of the catalogs, set or not.
fn variables(says: &Start, catalogs: &[Catalog]) -> Result<String, StartError> {
    let tables = catalogs.iter().flat_map(|catalog| catalog.document.variables.iter());
    let known: Vec<_> = tables.flat_map(|table| table.value.0.iter()).collect();
    let names = || known.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ");
    let mut given: Vec<(&str, &str)> = Vec::new();
    for setting in &says.set {
        let pair = setting.split_once('=');
        let is_known = |key: &str| key == RESOLVERS || known.iter().any(|(id, _)| id.as_str() == key);
        let pair = pair.filter(|(key, _)| is_known(key));
        given.push(pair.ok_or_else(|| StartError::Variable(setting.clone(), names()))?);
    }
    let mut text = String::new();
    let mut done: Vec<&str> = Vec::new();
    for (id, variable) in &known {
        if done.contains(&id.as_str()) {
            continue;
        }
        done.push(id.as_str());
        let example = match variable.value.holds.value {
            VariableKind::Cidrs => ", such as 10.0.0.0/16",
            VariableKind::Url => "",
        };
        let value = given.iter().rev().find(|(key, _)| *key == id.as_str());
        let value = value.map_or_else(|| "unset".to_owned(), |(_, value)| quote(value));
        let _ = writeln!(text, "  # {}{example}.\n  {id}: {value}", variable.value.title.value);
    }
    if !done.contains(&RESOLVERS) {
        let value = given.iter().rev().find(|(key, _)| *key == RESOLVERS);
        let value = value.map_or_else(|| "unset".to_owned(), |(_, value)| quote(value));
        let _ = writeln!(text, "  # Addresses of the resolvers in use.\n  {RESOLVERS}: {value}");
    }
    Ok(text)
}

fn targets(says: &Start) -> String {
    list(&says.targets).unwrap_or_else(|| "default".to_owned())
}
