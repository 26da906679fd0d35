//! Rules as a script of `iptables …` and `ip6tables …` commands.
//!
//! A script is not run: what a shell would expand, decide or repeat is an error, because its outcome is not in the text.

use super::chains::Chains;
use super::lift;
use super::spec::Refusal;
use crate::diag::{Code, Finding, Severity, Source, Span, concealed};
use crate::syntax::words::{Word, WordsError, split_shell};
use crate::targets::Imported;
use crate::targets::packet_filters::ip_sets::{self, Sets};
use crate::targets::packet_filters::region::Family;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words that make a shell repeat, choose or define something.
const CONTROL: [&str; 19] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function",
    "{", "}", "eval", "exec", "exit", "return",
];

/// Reports whether a text has a line with such a command.
pub(super) fn recognizes(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        let first =
            words.next().map(|word| if word == "sudo" { words.next().unwrap_or_default() } else { word });
        first.is_some_and(|program| family(program).is_some())
    })
}

/// Reads scripts, each family's commands in the order in which they are given, with `ipset save` files beside.
pub(super) fn import(sources: &[Arc<Source>]) -> Imported {
    let mut findings = Vec::new();
    let (sets, scripts): (Vec<_>, Vec<_>) =
        sources.iter().partition(|source| ip_sets::recognizes(source.text()));
    let mut members = Sets::default();
    for source in sets {
        members.read(source, &mut findings);
    }
    let mut tables: Vec<Chains> = Vec::new();
    for source in scripts {
        let mut of_file: BTreeMap<Family, Chains> = BTreeMap::new();
        // A command of another program may have a password among its arguments.
        let hidden = OnceCell::new();
        for (line, at) in logical_lines(source.text()) {
            let is_ours = line.contains("tables");
            let shown = || if is_ours { source } else { hidden.get_or_init(|| concealed(source)) };
            match command(line, at, source, &members, &mut of_file) {
                Ok(None) => {}
                Ok(Some(finding)) if finding.place.is_some() => findings.push(finding),
                Ok(Some(finding)) => {
                    findings
                        .push(finding.at(shown(), Span::new(at, at.saturating_add(line.trim_end().len()))));
                }
                Err((code, Refusal { message, span })) => {
                    findings.push(Finding::new(code, message).at(shown(), span));
                }
            }
        }
        for chains in of_file.values() {
            chains.check(&mut findings);
        }
        tables.extend(of_file.into_values());
    }
    Imported { policy: lift::lift(&tables, &mut findings), findings }
}

/// Follows one command of a script; a note where it is not followed, about the whole of it unless it says where.
fn command(
    line: &str,
    at: usize,
    source: &Arc<Source>,
    sets: &Sets,
    tables: &mut BTreeMap<Family, Chains>,
) -> Result<Option<Finding>, (Code, Refusal)> {
    let span = Span::new(at, at.saturating_add(line.trim_end().len()));
    let syntax = |message: &str, span| Err((Code::ReadSyntax, Refusal { message: message.to_owned(), span }));
    let first = line.split_whitespace().next().unwrap_or_default();
    if first.is_empty() || first.starts_with('#') {
        return Ok(None);
    }
    if CONTROL.contains(&first) || first.ends_with("()") || first.contains('$') {
        return syntax("what a shell decides or repeats is not followed", span);
    }
    let is_ours = line.contains("tables");
    let words = match split_shell(line, at) {
        Ok(words) => words,
        Err(error @ (WordsError::Unclosed { span } | WordsError::Shell { span })) if is_ours => {
            return syntax(&error.to_string(), span);
        }
        Err(_) => Vec::new(),
    };
    let skip = usize::from(words.first().is_some_and(|word| word.text == "sudo"));
    let program = words.get(skip).map(|word| family(&word.text));
    let Some(Some(family)) = program else {
        if is_ours {
            return syntax("a command that changes rules in a way that is not followed", span);
        }
        let finding = Finding::new(Code::ReadNotCompared, "a command that is not one of iptables");
        return Ok(Some(Finding { severity: Severity::Note, ..finding }));
    };
    let arguments: Vec<Word<'_>> = words.into_iter().skip(skip.saturating_add(1)).collect();
    let (table, arguments) = without_global_options(arguments);
    if let Some(table) = table.filter(|table| table.text != "filter") {
        let message = format!("the table `{}` is not read", table.text);
        return Ok(Some(Finding::new(Code::ReadNotCompared, message).at(source, table.span)));
    }
    let chains = tables.entry(family).or_insert_with(|| Chains::new(family, source));
    chains.command(&arguments, span, sets).map(|()| None).map_err(|refusal| (Code::ReadRefused, refusal))
}

/// The table that is named, and the words without it and without what only says how to run.
fn without_global_options(words: Vec<Word<'_>>) -> (Option<Word<'_>>, Vec<Word<'_>>) {
    let mut table = None;
    let mut rest = Vec::with_capacity(words.len());
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        match (word.quoted, &*word.text) {
            (false, "-t" | "--table") => table = words.next(),
            (false, "-w" | "--wait" | "-W" | "--wait-interval") => {
                words.next_if(|word| {
                    !word.text.is_empty() && word.text.bytes().all(|byte| byte.is_ascii_digit())
                });
            }
            (false, "-v" | "--verbose" | "-n" | "--numeric") => {}
            _ => rest.push(word),
        }
    }
    (table, rest)
}

/// The family that a program is for.
fn family(program: &str) -> Option<Family> {
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "iptables" | "iptables-nft" | "iptables-legacy" => Some(Family::V4),
        "ip6tables" | "ip6tables-nft" | "ip6tables-legacy" => Some(Family::V6),
        _ => None,
    }
}

/// The lines of a script with their place; a backslash at the end joins the next one.
fn logical_lines(text: &str) -> Vec<(&str, usize)> {
    let mut lines = Vec::new();
    let (mut start, mut end) = (0_usize, 0_usize);
    for line in text.split_inclusive('\n') {
        end = end.saturating_add(line.len());
        let comment = line.trim_start().starts_with('#');
        if line.trim_end_matches('\n').ends_with('\\') && !comment && end < text.len() {
            continue;
        }
        lines.extend(text.get(start..end).map(|line| (line, start)));
        start = end;
    }
    lines
}
