//! External readers: programs that the command line names for files in formats that are not read here.
//!
//! Only the command line names them. Nothing that a project, a catalog, a manifest or a rule file says starts a program.

mod run;
mod spoken;

use crate::artifact::Artifact;
use crate::diag::{Code, Finding, Source};
use crate::reader::{self, Answer};
use crate::syntax::glob::fits;
use crate::targets::{Imported, Importer};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

pub(super) use spoken::like;

/// A program and the files that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalReader {
    pattern: String,
    program: String,
    arguments: Vec<String>,
}

/// A text that names no reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExternalReaderError {
    /// It has no `=`, or nothing before it.
    #[error("`{0}` is not of the form GLOB=COMMAND, such as `*.conf=./read-pf.py`")]
    Form(String),
    /// It has nothing behind the `=`.
    #[error("`{0}` names no program")]
    NoProgram(String),
}

impl FromStr for ExternalReader {
    type Err = ExternalReaderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || ExternalReaderError::Form(text.to_owned());
        let (pattern, command) =
            text.split_once('=').filter(|(pattern, _)| !pattern.is_empty()).ok_or_else(form)?;
        let mut words = command.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
        let program = words.next().ok_or_else(|| ExternalReaderError::NoProgram(text.to_owned()))?;
        Ok(Self { pattern: pattern.to_owned(), program, arguments: words.collect() })
    }
}

impl fmt::Display for ExternalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

impl ExternalReader {
    /// Reports whether it reads a file: by the whole path as it is named where the pattern has a slash, else by the last
    /// part of it.
    pub fn reads(&self, path: &str) -> bool {
        let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
        let name = if self.pattern.contains('/') { None } else { name };
        fits(&self.pattern, name.as_deref().unwrap_or(path))
    }

    /// What files mean together. What the program calls the format is marked as foreign, so that it is never taken for
    /// one that is read here.
    pub(super) fn read(&self, files: &[Arc<Source>]) -> Result<Answer, Vec<Finding>> {
        let text = run::run(self, &reader::question(files)).map_err(|error| vec![error.finding(self)])?;
        let source = Arc::new(Source::new(format!("the answer of {self}"), text));
        let answer = reader::answer(&source, files)?;
        Ok(Answer { format: format!("external:{}", answer.format), ..answer })
    }
}

/// The first of some readers that reads a file.
pub(super) fn of<'a>(readers: &'a [ExternalReader], path: &str) -> Option<&'a ExternalReader> {
    readers.iter().find(|reader| reader.reads(path))
}

/// The reader that proves the files of an artifact whose manifest says that a program does.
pub(super) fn proving<'a>(
    readers: &'a [ExternalReader],
    artifact: &Artifact,
) -> Result<&'a ExternalReader, Finding> {
    let files = &artifact.manifest.files.value.0;
    let names: Vec<&str> = files.iter().map(|file| file.value.path.value.as_str()).collect();
    let found = readers.iter().find(|reader| names.iter().all(|name| reader.reads(name)));
    found.ok_or_else(|| {
        let name = artifact.name();
        let message = format!("a program proves `{name}`, and no flag names one for {}", names.join(", "));
        let pattern = if let [only] = names.as_slice() { only } else { "*" };
        Finding::new(Code::ReaderMissing, message).help(format!(
            "add `--reader '{pattern}=PROGRAM'`; see `egressor explain {}`",
            Code::ReaderMissing
        ))
    })
}

/// A program in the place of an importer, for proving what was written.
#[derive(Debug)]
pub(super) struct Proving<'a>(pub(super) &'a ExternalReader);

impl Importer for Proving<'_> {
    fn name(&self) -> &'static str {
        "what the program reads"
    }

    fn recognizes(&self, _: &Source) -> bool {
        true
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        match self.0.read(sources) {
            Ok(answer) => answer.imported,
            Err(findings) => Imported { findings, ..Imported::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> ExternalReader {
        text.parse().expect("a reader")
    }

    #[test]
    fn a_reader_is_a_pattern_and_a_program_with_arguments_split_on_spaces() {
        let read = reader("*.conf=python3  read.py --strict=1");
        assert_eq!((read.pattern.as_str(), read.program.as_str()), ("*.conf", "python3"));
        assert_eq!(read.arguments, ["read.py", "--strict=1"]);
        assert_eq!(read.to_string(), "python3 read.py --strict=1");
        for text in ["", "x", "=x", "x=", "x=  "] {
            assert!(text.parse::<ExternalReader>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_without_a_slash_is_about_the_last_part_of_the_path() {
        assert!(reader("pf.conf=x").reads("etc/pf.conf"));
        assert!(reader("*=x").reads("-"));
        assert!(!reader("pf.conf=x").reads("etc/pf.conf/other"));
        assert!(reader("etc/*.conf=x").reads("etc/pf.conf"));
        assert!(!reader("etc/*.conf=x").reads("other/pf.conf"));
    }
}
