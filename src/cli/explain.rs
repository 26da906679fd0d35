//! `egressor explain`: the pages of findings.

use super::Exit;
use super::output::Output;
use crate::diag::{CODES, Code, Finding, suggest_or_list};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Prints the page of a code, or the list of all codes.
pub(super) fn run(code: Option<&str>, output: Output) -> Exit {
    let Some(id) = code else { return all(output) };
    let Some(code) = Code::parse(id) else {
        let group: Vec<&str> =
            CODES.iter().filter(|code| code.group() == id).map(|code| code.as_str()).collect();
        let help = match group.as_slice() {
            [] => suggest_or_list(id, "codes are", CODES.iter().map(|code| code.as_str())),
            codes => format!("codes of this group are {}", codes.join(", ")),
        };
        output.findings(&[Finding::new(Code::SelectionUnknown, format!("unknown code `{id}`")).help(help)]);
        return Exit::Failed;
    };
    if output.is_json() {
        let mut page = entry(code);
        if let Some(page) = page.as_object_mut() {
            page.insert("page".to_owned(), code.page().into());
            page.insert("example".to_owned(), code.example().into());
            page.insert("remedy".to_owned(), code.remedy().into());
        }
        return output.json(&page, Exit::Same);
    }
    let lines = [
        (format!("{}[{code}]: {}", code.severity(), code.title()), 2),
        (String::new(), 0),
        (code.page().to_owned(), 0),
        (String::new(), 0),
        (format!("such as: {}", code.example()), 2),
        (format!("what to do: {}", code.remedy()), 2),
    ];
    let wrapped = lines.map(|(line, rest)| output.page().wrapped_or_whole(&line, rest));
    output.finish(&wrapped.concat(), Exit::Same)
}

/// Every code under its group.
fn all(output: Output) -> Exit {
    if output.is_json() {
        let codes: Vec<Value> = CODES.iter().map(|code| entry(*code)).collect();
        return output.json(&json!({"schema": "egressor/codes/v1", "codes": codes}), Exit::Same);
    }
    let (mut text, mut group) = (String::new(), "");
    let widest = CODES.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    for code in CODES {
        if code.group() != group {
            group = code.group();
            let _ = writeln!(text, "{}{group}", if text.is_empty() { "" } else { "\n" });
        }
        let name = format!("  {:widest$}  {:7}  ", code.as_str(), code.severity().as_str());
        text.push_str(&output.page().named(&name, name.len(), code.title()));
    }
    output.finish(&text, Exit::Same)
}

fn entry(code: Code) -> Value {
    json!({"code": code.as_str(), "severity": code.severity().as_str(), "title": code.title()})
}
