//! egressor as a library: the whole way from a catalog to proven rules, and back from rules that exist.
//!
//! `cargo run --example embed` prints what it found; `docs/library.md` explains each step.

use egressor::{Catalog, Decision, Direction, Effect, Lock, Policy, Project, Refused, Target};
use std::io::Write as _;

/// Rules that somebody wrote by hand.
const EXISTING: &str = "\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A OUTPUT -d 104.16.81.56/32 -p tcp --dport 443 -j ACCEPT
-A OUTPUT -d 203.0.113.0/24 -p tcp -j ACCEPT
COMMIT
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    writeln!(std::io::stdout(), "{}", embed()?.join("\n"))?;
    Ok(())
}

/// Goes the whole way and tells what it found, in lines.
pub(crate) fn embed() -> Result<Vec<String>, Refused> {
    let mut report = Vec::new();

    // A catalog says what must be reachable, a lock says where it is.
    let catalog = Catalog::shipped("castai")?;
    let lock = Lock::parse("egressor.lock", include_str!("01_quickstart/egressor.lock"))?;
    report.push(format!(
        "{}: {} endpoints, {} names",
        catalog.id(),
        catalog.endpoints().len(),
        lock.names().len()
    ));
    let project = Project::new([catalog]).lock(lock).region("us").set("owner", "platform");

    // Every file was read back and means what is wanted, or there would be an error here.
    let Some(target) = Target::named("iptables") else { return Ok(report) };
    let generated = project.generate(target)?;
    for file in generated.files() {
        report.push(format!("{}: {} lines, proven", file.path(), file.text().lines().count()));
    }

    // What is wanted and what was written are the same packets.
    let texts: Vec<(&str, &str)> = generated.files().iter().map(|file| (file.path(), file.text())).collect();
    let written = Policy::parse_all(&texts)?;
    let wanted = project.policy(target)?;
    report.push(format!("wanted against written: {:?}", wanted.diff(&written)?.verdict()));

    // What exists is something else: what it lacks, and what it allows although nobody asks for it.
    let existing = Policy::parse("host.rules", EXISTING)?;
    let difference = existing.diff(&wanted)?;
    let count = |effect| difference.changes().iter().filter(|change| change.effect() == effect).count();
    report.push(format!(
        "existing against wanted: {:?}, {} rows to open, {} to close",
        difference.verdict(),
        count(Effect::Opens),
        count(Effect::Closes)
    ));
    for change in difference.changes().iter().filter(|change| change.effect() == Effect::Closes) {
        report.push(format!("nobody asks for {} in {}", change.packets(), change.scope()));
    }
    for aside in difference.findings() {
        report.push(format!("{:?}: {}", aside.severity(), aside.message()));
    }

    // A connection, and the rule that decides it: in the chain for what the host itself opens.
    for question in ["104.16.81.56:443", "203.0.113.9:22", "198.51.100.1:443"] {
        let answers = existing.check(question, Direction::Egress)?;
        for answer in answers.iter().filter(|answer| answer.scope() == "filter/OUTPUT") {
            let verdict = match answer.decision() {
                Decision::Allowed => "allowed",
                Decision::Denied => "denied",
                Decision::Unknown => "not known",
            };
            report.push(format!("{question} is {verdict}: {}", answer.decided_by().join(", ")));
        }
    }

    // What cannot be used is refused with everything that is wrong, and never read as an empty rule set.
    if let Err(refused) = Policy::parse("broken.rules", &EXISTING.replace("COMMIT\n", "")) {
        report.push(format!("refused: {refused}"));
    }
    Ok(report)
}
