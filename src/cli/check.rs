//! `egressor check`.

use super::Exit;
use super::args::{CheckArgs, Common, Way};
use super::output::Output;
use super::progress::reading;
use crate::diag::{Place, any_error, mask_secrets};
use crate::ops::{Answered, CheckRequest, Checked, Deciding, Verdict, check};
use crate::packet::PacketSet;
use crate::policy::{Action, Direction, Origin, Unmodelled};
use crate::report::{AnswerJson, CheckJson, DecidingJson, check_schema, row_in_words};
use crate::syntax::text::one_line;
use std::fmt::Write as _;

pub(super) fn run(args: &CheckArgs, common: &Common, output: Output) -> Exit {
    if args.schema {
        return output.json(&check_schema(), Exit::Same);
    }
    let settled = args.project.settle(common);
    settled.tell(output);
    let request = CheckRequest {
        question: args.question.clone().unwrap_or_default(),
        files: args.files.clone(),
        before: args.before,
        project: settled.project.clone(),
        from: args.from.clone(),
        scope: args.scope.clone(),
        direction: match args.direction {
            Way::Egress => Direction::Egress,
            Way::Ingress => Direction::Ingress,
        },
        limit: args.limit.limit(),
        readers: args.readers.reader.clone(),
    };
    let work = || check(&request);
    let what = reading(&args.files);
    let mut checked =
        if any_error(&settled.findings) { Checked::default() } else { output.during(&what, work) };
    checked.findings.extend(settled.findings.iter().cloned());
    settled.locate(&mut checked.findings);
    let exit = match checked.verdict() {
        _ if any_error(&checked.findings) => Exit::Failed,
        Some(Verdict::Allowed) => Exit::Same,
        Some(Verdict::Denied | Verdict::Unknown) => Exit::Different,
        None => Exit::Failed,
    };
    if output.is_json() {
        return output.json(&document(&checked), exit);
    }
    output.findings(&checked.findings);
    if exit == Exit::Failed {
        return exit;
    }
    let question = checked.question.as_ref().map(ToString::to_string).unwrap_or_default();
    let text: Vec<String> = checked.scopes.iter().map(|answered| answer(&question, answered)).collect();
    let page = output.page();
    let lines = |text: &String| text.lines().map(|line| page.wrapped_or_whole(line, 6)).collect::<String>();
    output.finish(&text.iter().map(lines).collect::<Vec<_>>().join("\n"), exit)
}

fn document(checked: &Checked) -> CheckJson<'_> {
    CheckJson::new(
        checked.question.as_ref().map(ToString::to_string),
        (&checked.source, &checked.format),
        checked.verdict().map(Verdict::as_str),
        checked.scopes.iter().map(scope_json).collect(),
        &checked.findings,
    )
}

fn scope_json(answered: &Answered) -> AnswerJson<'_> {
    AnswerJson::new(
        &answered.scope,
        answered.verdict.as_str(),
        answered.addresses.as_ref(),
        [&answered.allowed, &answered.possible, &answered.denied],
        answered.deciding.iter().map(deciding_json).collect(),
        &answered.notes,
    )
}

fn deciding_json(deciding: &Deciding) -> DecidingJson<'_> {
    let Deciding { action, certain, origin, unmodelled, packets } = deciding;
    DecidingJson::new(*action, *certain, origin, unmodelled, packets)
}

/// How many rules are listed for a person; JSON has them all.
const SHOWN: usize = 10;

fn answer(question: &str, answered: &Answered) -> String {
    let scope = &answered.scope;
    let mut text = String::new();
    let partly = answered.verdict == Verdict::Denied && answered.allowed != PacketSet::default();
    let verdict = match answered.verdict {
        Verdict::Denied if partly => "denied in part",
        Verdict::Unknown => "unknown (possible match)",
        Verdict::Allowed | Verdict::Denied => answered.verdict.as_str(),
    };
    // Writing to a string cannot fail.
    let name = if scope.name == scope.direction.as_str() { "the project" } else { &scope.name };
    let _ = writeln!(text, "{question} is {verdict} by {name} ({})", scope.direction);
    for note in &answered.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    if partly || answered.verdict == Verdict::Unknown {
        for (what, packets) in
            [("allowed", &answered.allowed), ("possible", &answered.possible), ("denied", &answered.denied)]
        {
            text.push_str(&part(what, packets));
        }
    }
    for deciding in answered.deciding.iter().take(SHOWN) {
        text.push_str(&because(deciding));
    }
    let more = answered.deciding.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "  and {more} rules more");
    }
    text
}

/// What part of a question is allowed, or is not.
fn part(what: &str, packets: &PacketSet) -> String {
    let rows = packets.rows();
    let mut text = String::new();
    for row in rows.iter().take(SHOWN) {
        let _ = writeln!(text, "  {what}: {}", row_in_words(row));
    }
    let more = rows.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "  {what}: and {more} rows more");
    }
    text
}

fn because(deciding: &Deciding) -> String {
    let does = match (deciding.action, deciding.certain) {
        (Action::Allow, true) => "allowed by",
        (Action::Deny, true) => "denied by",
        (Action::Allow, false) => "perhaps allowed by",
        (Action::Deny, false) => "perhaps denied by",
    };
    let mut text = format!("  {does} {}\n", origin(&deciding.origin));
    for Unmodelled { text: condition, why } in &deciding.unmodelled {
        let _ = writeln!(text, "    if `{condition}`, which is not modelled: {why}");
    }
    text
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(why) => format!("{}: {}", why.endpoint, why.purpose),
        Origin::Implied(need) => format!("{}: {}", need.id(), need.reason()),
        Origin::System(words) => format!("the system default: {words}"),
        Origin::File(Place { source, span }) => {
            let line = source.line_column(span.start).0;
            let text = source.slice(*span).lines().next().unwrap_or_default().trim();
            let text = mask_secrets(&one_line(text));
            format!("{}:{line}: {text}", source.name())
        }
    }
}
