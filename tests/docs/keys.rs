//! Lists in the documents that the program knows better: keys of files, commands, schemas.

use crate::blocks::{blocks, root, shown};
use crate::made::{Made, check};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// The table of the keys of a schema. What is as in another part of it, or in a catalog, is said once.
struct Table<'s> {
    /// The keys at the top of the same schema.
    top: &'s Value,
    /// The schema of catalogs.
    catalog: &'s Value,
    rows: String,
}

impl Table<'_> {
    /// A row for every key: the way to it, whether it must be there, and what it says.
    fn keys(&mut self, schema: &Value, way: &str) {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            if !way.is_empty() && self.top[key] == *value {
                continue;
            }
            let way = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
            let says = value["description"].as_str().unwrap_or_default();
            let must = if required.contains(&key.as_str()) { "yes" } else { "" };
            let words: Vec<String> = value["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|word| format!("`{}`", word.as_str().unwrap_or("?")))
                .collect();
            let words =
                if words.len() > 1 { format!(" One of {}.", words.join(", ")) } else { String::new() };
            let listed = |schema: &Value| [schema["items"].clone(), schema["additionalProperties"].clone()];
            let same = self.catalog["properties"].as_object().into_iter().flatten().find(|(_, known)| {
                listed(known)
                    .iter()
                    .any(|known| known["properties"].is_object() && listed(value).contains(known))
            });
            let same = same.filter(|_| *self.top != self.catalog["properties"]);
            let note =
                same.map_or_else(String::new, |(key, _)| format!(" Keys are those of `{key}` of a catalog."));
            let says = format!("{says}{words}{note}").replace('|', "\\|").replace('<', "&lt;");
            let _ = writeln!(self.rows, "| `{way}` | {must} | {says} |");
            if same.is_none() {
                self.below(value, &way);
            }
        }
    }

    /// The keys below a value: of an object, of what its own keys lead to, of the items of a list, of each of its forms.
    fn below(&mut self, value: &Value, way: &str) {
        self.keys(value, way);
        if value["additionalProperties"].is_object() {
            self.below(&value["additionalProperties"], &format!("{way}.*"));
        }
        match &value["items"]["description"] {
            Value::String(says) => {
                let _ = writeln!(self.rows, "| `{way}[]` |  | {says} |");
            }
            _ if value["items"].is_object() => self.below(&value["items"], &format!("{way}[]")),
            _ => {}
        }
        for form in value["anyOf"].as_array().into_iter().flatten() {
            self.below(form, way);
        }
    }
}

fn table(schema: &Value, catalog: &Value) -> String {
    let rows = "| key | must | what it says |\n|---|---|---|\n".to_owned();
    let mut table = Table { top: &schema["properties"], catalog, rows };
    table.keys(schema, "");
    table.rows
}

fn schema(arguments: &[&str]) -> Value {
    let output = egressor(arguments);
    serde_json::from_str(&output).expect("a schema")
}

fn egressor(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_egressor")).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_key_of_a_catalog_an_overlay_and_a_project_is_explained() {
    let catalog = schema(&["catalog", "schema"]);
    assert!(!catalog.to_string().contains("\"$ref\""), "references need to be followed");
    let parts = [
        Made { mark: "catalog keys", below: "", text: table(&catalog, &catalog) },
        Made {
            mark: "overlay keys",
            below: "",
            text: table(&schema(&["catalog", "schema", "--of", "overlay"]), &catalog),
        },
        Made {
            mark: "project keys",
            below: "",
            text: table(&schema(&["catalog", "schema", "--of", "project"]), &catalog),
        },
    ];
    for part in &parts {
        let mute = part.text.lines().filter(|line| line.starts_with("| `") && line.ends_with("|  |"));
        let mute: Vec<&str> = mute.collect();
        assert!(mute.is_empty(), "the schema says nothing of {mute:?}");
        assert!(part.text.lines().count() > 10, "{}", part.text);
    }
    let wrong = check("docs/authoring.md", &parts);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands, as `--help` lists them; those below `catalog` with it.
fn commands() -> BTreeSet<String> {
    let listed = |text: &str| -> Vec<String> {
        let rows =
            text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let names =
            rows.filter(|row| !row.starts_with("   ")).filter_map(|row| row.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    };
    let mut commands = BTreeSet::new();
    for command in listed(&egressor(&["--help"])) {
        let inner = listed(&egressor(&[&command, "--help"]));
        commands.extend(inner.iter().map(|inner| format!("{command} {inner}")));
        if inner.is_empty() {
            commands.insert(command);
        }
    }
    assert!(commands.len() > 10, "{commands:?}");
    commands
}

#[test]
fn every_command_has_its_exit_codes_shown() {
    let text = fs::read_to_string(root().join("docs/exit-codes.md")).expect("the page");
    let mut missing = commands();
    for block in blocks(&text).iter().filter(|block| block.info.starts_with("console")) {
        let all = shown(block).expect("another test says so");
        for pair in all.windows(2).filter(|pair| pair[1].command.starts_with("echo $?")) {
            missing.retain(|command| !pair[0].command.contains(&format!("egressor {command}")));
        }
    }
    assert!(missing.is_empty(), "docs/exit-codes.md shows no exit code (`$ echo $?`) of {missing:?}");
}

#[test]
fn every_command_stands_in_the_readme() {
    let text = fs::read_to_string(root().join("README.md")).expect("the README");
    let missing: Vec<String> = commands()
        .into_iter()
        .filter(|command| {
            let (first, inner) = command.split_once(' ').unwrap_or((command, ""));
            !text
                .lines()
                .any(|line| line.starts_with(&format!("| `egressor {first}")) && line.contains(inner))
        })
        .collect();
    assert!(missing.is_empty(), "the table of commands in README.md has no {missing:?}");
}

#[test]
fn every_command_that_prints_the_schema_of_its_json_stands_on_the_page_of_json() {
    let text = fs::read_to_string(root().join("docs/json.md")).expect("the page");
    for command in commands() {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        if egressor(&arguments).contains("--schema") {
            assert!(text.contains(&format!("egressor {command} --schema")), "{command}");
        }
    }
}
