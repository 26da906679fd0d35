//! What traffic changes from one rule set to another.

use super::{Direction, Finding, Refused};
use crate::diag::{self, Code};
use crate::drift::{self, Drift, Terms, drift};
use crate::ops::{asides, too_large};
use crate::packet::Limit;
use crate::policy::Policy;
use crate::report::{Comparison, DiffJson, row_in_words};

/// How two rule sets differ, in a word.
///
/// ```
/// # let rules = "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n";
/// # let policy = egressor::Policy::parse("host.rules", rules)?;
/// assert_eq!(policy.diff(&policy)?.verdict(), egressor::Verdict::Equal);
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The same packets pass.
    Equal,
    /// More do, and none less.
    Broadened,
    /// Fewer do, and none more.
    Narrowed,
    /// Some more and some less.
    Changed,
    /// What cannot be modelled keeps it from being known.
    Unknown,
}

/// What a change does.
///
/// ```
/// assert_ne!(egressor::Effect::Opens, egressor::Effect::Closes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The packets pass now and did not before.
    Opens,
    /// They passed before and do not now.
    Closes,
    /// Whether they pass before or now is not known.
    MayChange,
}

/// One product of peers and services whose packets fare otherwise.
///
/// ```
/// # use egressor::Policy;
/// let old = Policy::parse("old", "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n")?;
/// let new = Policy::parse("new", "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcp -d 192.0.2.1 --dport 443 -j ACCEPT\nCOMMIT\n")?;
/// let difference = old.diff(&new)?;
/// assert_eq!(difference.changes()[0].effect(), egressor::Effect::Opens);
/// assert_eq!(difference.changes()[0].packets(), "tcp/443 192.0.2.1/32");
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    scope: String,
    direction: Direction,
    effect: Effect,
    packets: String,
}

/// The exact difference of two rule sets.
///
/// ```
/// # use egressor::{Policy, Verdict};
/// let wide = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.0/24 -j ACCEPT\nCOMMIT\n";
/// let narrow = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.0/25 -j ACCEPT\nCOMMIT\n";
/// let difference = Policy::parse("old", wide)?.diff(&Policy::parse("new", narrow)?)?;
/// assert_eq!(difference.verdict(), Verdict::Narrowed);
/// assert!(difference.to_json()?.contains("egressor/diff/v1"));
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone)]
pub struct Difference {
    sources: [String; 2],
    drift: Drift,
    findings: Vec<diag::Finding>,
}

impl Difference {
    pub(super) fn between(
        (old_name, old): (&str, &Policy),
        (new_name, new): (&str, &Policy),
        same_format: bool,
    ) -> Result<Self, Refused> {
        let terms = Terms {
            names: Vec::new(),
            doubt: drift::Doubt::Unknown,
            ignore: None,
            catalog: None,
            count_rewritten: same_format,
            limit: Limit::default(),
        };
        let drift = drift(old, new, &terms).map_err(|error| Refused::of(vec![too_large(&error)]))?;
        let sources = [old_name.to_owned(), new_name.to_owned()];
        let findings = drift.scopes.iter().flat_map(|scope| asides(scope, &sources)).collect();
        Ok(Self { sources, drift, findings })
    }

    /// The difference in a word.
    pub fn verdict(&self) -> Verdict {
        match self.drift.verdict() {
            drift::Verdict::Equal => Verdict::Equal,
            drift::Verdict::Broadened => Verdict::Broadened,
            drift::Verdict::Narrowed => Verdict::Narrowed,
            drift::Verdict::Changed => Verdict::Changed,
            drift::Verdict::Unknown => Verdict::Unknown,
        }
    }

    /// What was not compared, because one side does not speak about it, and what stood in for a scope that is missing.
    /// The verdict is about the rest.
    pub fn findings(&self) -> Vec<Finding> {
        Finding::all(self.findings.clone())
    }

    /// What changes, scope by scope.
    pub fn changes(&self) -> Vec<Change> {
        let of_scope = |scope: &drift::ScopeDrift| -> Vec<Change> {
            let change = |change: &drift::Change| Change {
                scope: scope.name.clone(),
                direction: Direction::of(scope.direction),
                effect: effect(change.effect),
                packets: row_in_words(&change.row),
            };
            scope.changes.iter().map(change).collect()
        };
        self.drift.scopes.iter().flat_map(of_scope).collect()
    }

    /// The document `egressor/diff/v1` that `egressor diff --format json` prints.
    pub fn to_json(&self) -> Result<String, Refused> {
        let comparison = Comparison {
            sources: &self.sources,
            drift: &self.drift,
            findings: &self.findings,
            compared: true,
            wanted_is_new: None,
            witness: false,
        };
        serde_json::to_string_pretty(&DiffJson::new(&comparison))
            .map_err(|error| Refused::of(vec![diag::Finding::new(Code::FileWrite, error.to_string())]))
    }
}

fn effect(effect: drift::Effect) -> Effect {
    match effect {
        drift::Effect::Added => Effect::Opens,
        drift::Effect::Removed => Effect::Closes,
        drift::Effect::MayOpen | drift::Effect::MayClose | drift::Effect::MayEither => Effect::MayChange,
    }
}

impl Change {
    /// The name of the scope that it happens in.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Which way the connections go.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What it does.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The packets, in words for people: `tcp/443 192.0.2.1/32`.
    pub fn packets(&self) -> &str {
        &self.packets
    }
}
