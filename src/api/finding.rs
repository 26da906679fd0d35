//! What there is to say about an input.

use crate::diag;
use std::fmt;

/// How bad a finding is.
///
/// ```
/// assert!(egressor::Severity::Error > egressor::Severity::Warning);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Note,
    /// Deserves a look before the result is used.
    Warning,
    /// The input cannot be used as it is.
    Error,
}

/// Something to tell about an input, with its place where it has one.
///
/// ```
/// let refused = egressor::Policy::parse("host.rules", "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -p tcpp\nCOMMIT\n").unwrap_err();
/// let finding = &refused.findings()[0];
/// assert_eq!((finding.file(), finding.line()), (Some("host.rules"), Some(3)));
/// println!("{}: {}", finding.code(), finding.message());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(diag::Finding);

impl Finding {
    pub(crate) fn all(findings: Vec<diag::Finding>) -> Vec<Self> {
        findings.into_iter().map(Self).collect()
    }

    /// Which kind it is, such as `read/syntax`; `egressor explain` has a page for each.
    pub fn code(&self) -> &'static str {
        self.0.code.as_str()
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.0.severity {
            diag::Severity::Note => Severity::Note,
            diag::Severity::Warning => Severity::Warning,
            diag::Severity::Error => Severity::Error,
        }
    }

    /// One line, without secrets.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The name of the text that it is about.
    pub fn file(&self) -> Option<&str> {
        self.0.place.as_ref().map(|place| place.source.name())
    }

    /// The line of it, from 1.
    pub fn line(&self) -> Option<usize> {
        self.0.place.as_ref().map(|place| place.source.line_column(place.span.start).0)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.0.severity, self.0.code, self.0.message)?;
        match (self.file(), self.line()) {
            (Some(file), Some(line)) => write!(f, " ({file}:{line})"),
            _ => Ok(()),
        }
    }
}

/// The error of the library: an input that cannot be used, with everything that was found. One of the findings at least
/// is an error.
///
/// ```
/// let refused = egressor::Catalog::shipped("castaii").unwrap_err();
/// assert!(refused.to_string().contains("castaii"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(Vec<Finding>);

impl Refused {
    pub(crate) fn of(findings: Vec<diag::Finding>) -> Self {
        Self(Finding::all(findings))
    }

    /// Everything that was found, errors and others.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|finding| finding.severity() == Severity::Error);
        let lines: Vec<String> = errors.map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}
