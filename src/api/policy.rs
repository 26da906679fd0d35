//! What rules mean.

use super::{Difference, Finding, Refused};
use crate::diag::{self, Code, Source, any_error};
use crate::ops::{ask, import, too_large};
use crate::packet::Limit;
use crate::report::PolicyJson;
use crate::{ops, policy};
use std::sync::Arc;

/// Which way connections are opened, seen from what is guarded.
///
/// ```
/// assert_ne!(egressor::Direction::Egress, egressor::Direction::Ingress);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Out.
    Egress,
    /// In.
    Ingress,
}

/// The meaning of a whole rule set, whoever wrote it: the packets that each of its scopes lets pass.
///
/// ```
/// use egressor::{Decision, Direction, Policy};
///
/// let rules = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcp -d 192.0.2.0/24 --dport 443 -j ACCEPT\nCOMMIT\n";
/// let policy = Policy::parse("host.rules", rules)?;
/// assert_eq!(policy.format(), "iptables-save");
/// let answers = policy.check("192.0.2.7:443", Direction::Egress)?;
/// assert_eq!(answers[0].decision(), Decision::Allowed);
/// assert!(policy.to_json()?.contains("egressor/policy/v1"));
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    source: String,
    format: String,
    meaning: policy::Policy,
    findings: Vec<diag::Finding>,
}

/// Whether something passes.
///
/// ```
/// let rules = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m owner --uid-owner 7 -j ACCEPT\nCOMMIT\n";
/// let policy = egressor::Policy::parse("host.rules", rules)?;
/// let answers = policy.check("192.0.2.7:443", egressor::Direction::Egress)?;
/// assert_eq!(answers[0].decision(), egressor::Decision::Unknown);
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// All that was asked surely passes.
    Allowed,
    /// Some of it surely does not.
    Denied,
    /// It depends on something that cannot be modelled, or that the rules do not speak about.
    Unknown,
}

/// The answer of one scope.
///
/// ```
/// # use egressor::{Direction, Policy};
/// # let rules = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcp -d 192.0.2.0/24 --dport 443 -j ACCEPT\nCOMMIT\n";
/// # let policy = Policy::parse("host.rules", rules)?;
/// for answer in policy.check("192.0.2.7:443", Direction::Egress)? {
///     println!("{}: {:?} by {:?}", answer.scope(), answer.decision(), answer.decided_by());
/// }
/// # Ok::<(), egressor::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    scope: String,
    decision: Decision,
    decided_by: Vec<String>,
}

impl Policy {
    /// What a text means, in any format that `egressor targets` lists; `name` is what findings call the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Refused> {
        Self::parse_all(&[(name, text)])
    }

    /// What several texts mean together, as one rule set, each with its name.
    pub fn parse_all(texts: &[(&str, &str)]) -> Result<Self, Refused> {
        let sources: Vec<Arc<Source>> =
            texts.iter().map(|(name, text)| Arc::new(Source::new(*name, *text))).collect();
        let shown = import(&sources);
        if any_error(&shown.findings) {
            return Err(Refused::of(shown.findings));
        }
        let ops::Shown { source, format, policy, findings, .. } = shown;
        Ok(Self { source, format, meaning: policy, findings })
    }

    pub(super) fn wanted(meaning: policy::Policy, findings: Vec<diag::Finding>) -> Self {
        Self { source: "the project".to_owned(), format: "project".to_owned(), meaning, findings }
    }

    /// The format that was recognised; `project` for what is wanted.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// The names of what the rules are attached to, each with its direction.
    pub fn scopes(&self) -> Vec<(String, Direction)> {
        let scopes = self.meaning.sets.iter().map(|set| &set.scope);
        scopes.map(|scope| (scope.name.clone(), Direction::of(scope.direction))).collect()
    }

    /// What there is to know about the texts: conditions that cannot be modelled, parts that say nothing.
    pub fn findings(&self) -> Vec<Finding> {
        Finding::all(self.findings.clone())
    }

    /// What passes, as the document `egressor/policy/v1` that `egressor show --format json` prints.
    pub fn to_json(&self) -> Result<String, Refused> {
        let json =
            PolicyJson::new(&self.source, &self.format, &self.meaning, &self.findings, Limit::default())
                .map_err(|error| Refused::of(vec![too_large(&error)]))?;
        serde_json::to_string_pretty(&json)
            .map_err(|error| Refused::of(vec![diag::Finding::new(Code::FileWrite, error.to_string())]))
    }

    /// What each scope of that direction does with a connection, such as `192.0.2.1:443`, `[2001:db8::1]:53/udp` or
    /// `api.example.com:443`.
    pub fn check(&self, question: &str, direction: Direction) -> Result<Vec<Answer>, Refused> {
        let checked = ask(&self.meaning, &self.format, question, direction.into_policy());
        if any_error(&checked.findings) {
            return Err(Refused::of(checked.findings));
        }
        Ok(checked.scopes.iter().map(Answer::of).collect())
    }

    /// What traffic changes when these rules are replaced by others.
    pub fn diff(&self, new: &Self) -> Result<Difference, Refused> {
        Difference::between(
            (&self.source, &self.meaning),
            (&new.source, &new.meaning),
            self.format == new.format,
        )
    }
}

impl Answer {
    fn of(answered: &ops::Answered) -> Self {
        let decided_by = answered.deciding.iter().map(|deciding| match &deciding.origin {
            policy::Origin::Endpoint(why) => why.endpoint.clone(),
            policy::Origin::Implied(need) => need.id().to_owned(),
            policy::Origin::System(words) => words.clone(),
            policy::Origin::File(place) => {
                format!("{}:{}", place.source.name(), place.source.line_column(place.span.start).0)
            }
        });
        Self {
            scope: answered.scope.name.clone(),
            decision: match answered.verdict {
                ops::Verdict::Allowed => Decision::Allowed,
                ops::Verdict::Denied => Decision::Denied,
                ops::Verdict::Unknown => Decision::Unknown,
            },
            decided_by: decided_by.collect(),
        }
    }

    /// The name of the scope.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Whether it passes.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// What decides: `FILE:LINE` of a rule, the id of an endpoint, or the default of the system in words.
    pub fn decided_by(&self) -> &[String] {
        &self.decided_by
    }
}

impl Direction {
    pub(super) fn of(direction: policy::Direction) -> Self {
        match direction {
            policy::Direction::Egress => Self::Egress,
            policy::Direction::Ingress => Self::Ingress,
        }
    }

    fn into_policy(self) -> policy::Direction {
        match self {
            Self::Egress => policy::Direction::Egress,
            Self::Ingress => policy::Direction::Ingress,
        }
    }
}
