//! Files of `NAME=value`, and `kubectl set env` commands.

use super::{Setting, Stated, Value, Var};
use crate::diag::{Code, Finding, Place, Source, Span, concealed};
use crate::syntax::words::{Word, split_shell};
use std::sync::Arc;

/// Reports whether a line sets one of the variables.
pub(super) fn is_assignment(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    line.split_once('=').is_some_and(|(name, _)| Var::of_variable(name.trim_end()).is_some())
}

/// Reports whether a line is a `kubectl set env` that sets one of the variables.
pub(super) fn is_command(line: &str) -> bool {
    line.starts_with("kubectl ")
        && line.contains(" set env ")
        && line.split([' ', '\'', '"', ',', '=']).any(|word| Var::of_variable(word).is_some())
}

pub(super) fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Stated> {
    let mut file = Stated { who: String::new(), settings: Vec::new() };
    let mut commands = Vec::new();
    let (mut at, mut shown) = (0_usize, None);
    for line in source.text().split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let trimmed = line.trim_start_matches('\u{FEFF}').trim();
        let indent = line.find(trimmed).unwrap_or_default();
        let place = |from: usize, to: usize| {
            let base = start.saturating_add(indent);
            let span = Span::new(base.saturating_add(from), base.saturating_add(to));
            Place { source: Arc::clone(source), span: source.clamp_span(span) }
        };
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if trimmed.starts_with("kubectl ") {
            match split_shell(trimmed, start.saturating_add(indent)) {
                Ok(words) => commands.extend(command(source, &words)),
                Err(error) => {
                    let whole = place(0, trimmed.len());
                    let shown = shown.get_or_insert_with(|| concealed(source));
                    findings.push(Finding::new(Code::ReadSyntax, error.to_string()).at(shown, whole.span));
                }
            }
            continue;
        }
        let bare = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let skipped = trimmed.len().saturating_sub(bare.len());
        let Some((name, value)) = bare.split_once('=').filter(|(name, _)| is_name(name.trim_end())) else {
            let whole = place(0, trimmed.len());
            findings.push(
                Finding::new(Code::ReadSyntax, "the line is neither `NAME=value` nor a comment")
                    .at(shown.get_or_insert_with(|| concealed(source)), whole.span),
            );
            continue;
        };
        let Some((var, lower)) = Var::of_variable(name.trim_end()) else { continue };
        let behind = skipped.saturating_add(name.len()).saturating_add(1);
        let (text, quote) = unquoted(value);
        let from = behind.saturating_add(quote);
        let value = Value::Text(text.to_owned(), place(from, from.saturating_add(text.len())));
        let name = place(skipped, behind.saturating_sub(1));
        file.settings.push(Setting { var, lower, value, name });
    }
    let file = Some(file).filter(|file| !file.settings.is_empty());
    file.into_iter().chain(commands).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-'))
}

/// The value without the quotes around it, and how many bytes stand before it.
fn unquoted(value: &str) -> (&str, usize) {
    let inner = ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?;
        let end = inner.find(quote)?;
        inner.get(..end)
    });
    inner.map_or((value, 0), |inner| (inner, 1))
}

/// What a command sets: variables given as they are, and those that it takes from a secret.
fn command(source: &Arc<Source>, words: &[Word<'_>]) -> Option<Stated> {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_ref()).collect();
    let env = texts.windows(2).position(|pair| pair == ["set", "env"])?.saturating_add(2);
    let option = |long: &str| {
        texts.iter().enumerate().find_map(|(at, text)| {
            let rest = text.strip_prefix(long)?;
            rest.strip_prefix('=')
                .or_else(|| texts.get(at.saturating_add(1)).copied().filter(|_| rest.is_empty()))
        })
    };
    let is_known =
        |text: &str| text.split_once('=').is_some_and(|(name, _)| Var::of_variable(name).is_some());
    let object = texts.get(env..)?.iter().find(|text| !text.starts_with('-') && !is_known(text));
    let namespace = option("--namespace").or_else(|| option("-n"));
    let selector = option("--selector").or_else(|| option("-l"));
    let containers = option("--containers").or_else(|| option("-c"));
    let who: Vec<&str> =
        namespace.into_iter().chain(object.copied()).chain(selector).chain(containers).collect();
    let place = |span: Span| Place { source: Arc::clone(source), span: source.clamp_span(span) };
    let mut settings = Vec::new();
    for word in words {
        let Some((name, value)) = word.text.split_once('=') else { continue };
        let Some((var, lower)) = Var::of_variable(name) else { continue };
        let value = Value::Text(value.to_owned(), place(word.span));
        settings.push(Setting { var, lower, value, name: place(word.span) });
    }
    if let Some(from) = option("--from") {
        let keys: Vec<&str> = option("--keys").map_or_else(Vec::new, |keys| keys.split(',').collect());
        let whole = words.first().zip(words.last()).map(|(a, b)| Span::new(a.span.start, b.span.end))?;
        let from = from.replacen('/', " ", 1);
        settings.extend(keys.into_iter().filter_map(|key| {
            let (var, lower) = Var::of_variable(key)?;
            let value = Value::Reference(format!("{from}/{key}"));
            Some(Setting { var, lower, value, name: place(whole) })
        }));
    }
    (!settings.is_empty()).then(|| Stated { who: who.join(" "), settings })
}
