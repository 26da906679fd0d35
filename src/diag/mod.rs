//! Findings: what there is to tell a user about their input.
//!
//! A finding is about a text of the user's; many come out of one run. An error stops a run and lives in the module
//! that raises it. Reading never stops at the first problem: it returns what it understood and its findings.

mod advice;
pub mod bound;
mod code;
mod secret;
mod source;
mod suggest;

pub use code::{CODES, Code};
pub use secret::{concealed, has_url_password, mask_secrets};
pub use source::{Source, Span};
pub use suggest::{list, suggest, suggest_or_list};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Deserves a look before the result is used.
    Warning,
    /// The input cannot be used as it is; nothing is written.
    Error,
}

impl Severity {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The stretch of it.
    pub span: Span,
}

/// One thing to tell the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind it is; its page says more.
    pub code: Code,
    /// How bad it is: that of the code, unless raised or lowered here.
    pub severity: Severity,
    /// One line: lower case, no period, the user's words in backticks.
    pub message: String,
    /// Where it is, when it is in a file.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// The endpoint it is about, as `catalog/endpoint`.
    pub endpoint: Option<String>,
}

impl Finding {
    /// A finding of this code, with the code's severity.
    // INVARIANT: a message and its help repeat words of the user's, and never what looks like a secret among them.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: mask_secrets(&message.into()),
            place: None,
            help: None,
            endpoint: None,
        }
    }

    /// The same finding at a place, which is moved into the text: parsers point behind the end, or into a character.
    pub fn at(mut self, source: &Arc<Source>, span: Span) -> Self {
        self.place = Some(Place { source: Arc::clone(source), span: source.clamp_span(span) });
        self
    }

    /// The same finding with a help line.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(mask_secrets(&help.into()));
        self
    }

    /// The same finding about an endpoint.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Reports whether nothing may be written because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Reports whether any finding is an error.
pub fn any_error(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::is_error)
}

/// The findings without those that stand there already, in their order.
pub fn distinct(findings: Vec<Finding>) -> Vec<Finding> {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut distinct: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let alike = alike.entry(finding.message.clone()).or_default();
        if !alike.iter().any(|at| distinct.get(*at) == Some(&finding)) {
            alike.push(distinct.len());
            distinct.push(finding);
        }
    }
    distinct
}
