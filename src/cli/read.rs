//! Commands that only read: `targets` and `show`.

use super::Exit;
use super::args::{Common, ShowArgs};
use super::output::Output;
use super::progress::reading;
use crate::diag::any_error;
use crate::ops::{self, Artifact, Shown};
use crate::policy::Policy;
use crate::report::{PolicyJson, policy_human, policy_schema};
use crate::targets::{PeerKind, Scoping, TARGETS, find};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn targets(common: &Common, output: Output) -> Exit {
    let (opened, findings) = super::settle::opened(common);
    if any_error(&findings) {
        output.findings(&findings);
        return Exit::Failed;
    }
    let artifacts = opened.map(|opened| opened.project.artifacts).unwrap_or_default();
    if output.is_json() {
        let targets: Vec<Value> = TARGETS.iter().map(|target| target_json(*target)).collect();
        return output.json(&json!({"schema": "egressor/targets/v1", "targets": targets}), Exit::Same);
    }
    let mut text = String::new();
    for target in TARGETS {
        let speech = target.speech();
        let peers = match speech.peers {
            PeerKind::Addresses => "addresses",
            PeerKind::Names => "host names",
            PeerKind::Both => "host names and addresses",
            PeerKind::NamesFirst => "host names, else addresses",
            PeerKind::Direct => "what is reached without a proxy",
        };
        let scope = match speech.scoping {
            Scoping::Host => "one rule set for the host",
            Scoping::Component => "one rule set for each component",
            Scoping::Namespace => "one rule set for each namespace",
        };
        let mut put = |line: &str, rest: usize| text.push_str(&output.page().wrapped_or_whole(line, rest));
        put(&format!("{}: {}", target.name(), target.summary()), 0);
        put(&format!("  says {peers}, {scope}"), 4);
        let reads: Vec<&str> = target.importers().iter().map(|importer| importer.name()).collect();
        put(&format!("  reads {}", reads.join(", ")), 4);
        let needs: Vec<&str> = target.needs().iter().map(|need| need.id()).collect();
        if !needs.is_empty() {
            put(&format!("  adds {}", needs.join(", ")), 4);
        }
        for option in target.options() {
            let default = option.default.map_or(String::new(), |default| format!(" [default: {default}]"));
            put(&format!("  --set {}=…  {}{default}", option.key, option.summary), 8);
        }
        for limit in target.limits() {
            put(
                &format!(
                    "  at most {} {} ({})",
                    limit.max,
                    limit.what,
                    output.link(limit.source, limit.source)
                ),
                4,
            );
        }
        for artifact in artifacts.iter().filter(|artifact| artifact.target == target.name()) {
            text.push_str(&written_to(artifact));
        }
        text.push('\n');
    }
    // What is left is the project's own, or it would not have been opened.
    for artifact in artifacts.iter().filter(|artifact| find(&artifact.target).is_none()) {
        let _ = writeln!(text, "{}: an artifact of your own\n{}", artifact.target, written_to(artifact));
    }
    output.finish(&text, Exit::Same)
}

fn written_to(artifact: &Artifact) -> String {
    let options = artifact.settings.iter().fold(String::new(), |text, option| format!("{text} {option}"));
    format!("  the project writes it to {}{options}\n", artifact.folder.display())
}

fn target_json(target: &dyn crate::targets::Target) -> Value {
    let options: Vec<Value> = target
        .options()
        .iter()
        .map(|option| json!({"key": option.key, "default": option.default, "summary": option.summary}))
        .collect();
    let limits: Vec<Value> = target
        .limits()
        .iter()
        .map(|limit| json!({"what": limit.what, "max": limit.max, "source": limit.source}))
        .collect();
    json!({
        "name": target.name(),
        "summary": target.summary(),
        "reads": target.importers().iter().map(|importer| importer.name()).collect::<Vec<_>>(),
        "implied": target.needs().iter().map(|need| need.id()).collect::<Vec<_>>(),
        "options": options,
        "limits": limits,
    })
}

pub(super) fn show(args: &ShowArgs, output: Output) -> Exit {
    if args.schema {
        return output.json(&policy_schema(), Exit::Same);
    }
    let what = reading(&args.files);
    let read = || ops::show_with(&args.files, args.before, &args.readers.reader);
    let mut shown = output.during(&what, read);
    let limit = args.limit.limit();
    if output.is_json() {
        let json = |shown: &Shown| {
            let exit = Output::exit(&shown.findings);
            let json = PolicyJson::new(&shown.source, &shown.format, &shown.policy, &shown.findings, limit);
            json.map(|json| output.json(&json, exit))
        };
        return json(&shown).unwrap_or_else(|error| {
            // What cannot be said of one scope is not left out of a document about all.
            shown.policy = Policy::default();
            shown.findings.push(ops::too_large(&error));
            json(&shown).unwrap_or(Exit::Failed)
        });
    }
    let mut text = String::new();
    if shown.policy.sets.is_empty() {
        text.push_str("no scope: the rules say nothing about any traffic\n");
    }
    for set in &shown.policy.sets {
        match set.allows_within(limit) {
            Ok(allows) => text.push_str(&policy_human(set, &allows, output.page())),
            Err(error) => shown.findings.push(ops::too_large(&error)),
        }
    }
    output.findings(&shown.findings);
    match Output::exit(&shown.findings) {
        Exit::Failed => Exit::Failed,
        exit @ (Exit::Same | Exit::Different) => output.finish(&text, exit),
    }
}
