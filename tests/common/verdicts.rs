//! What a judge was asked and how often it disagreed: a line for the table that `.ci/run` ends with.

use std::fs;
use std::path::Path;
use std::time::Instant;

/// How many disagreements are told in full.
const SHOWN: usize = 20;

/// The cases that one test lays before one judge.
#[derive(Debug)]
pub(crate) struct Verdicts {
    judge: &'static str,
    test: &'static str,
    since: Instant,
    cases: usize,
    disagreements: Vec<String>,
}

impl Verdicts {
    /// No cases yet, of a judge by its name in the table and of a test by a name that no other test of the judge has.
    pub(crate) fn of(judge: &'static str, test: &'static str) -> Self {
        Self { judge, test, since: Instant::now(), cases: 0, disagreements: Vec::new() }
    }

    /// Counts a case: the judge agrees, or says why not.
    pub(crate) fn case(&mut self, agrees: bool, why: impl FnOnce() -> String) {
        self.cases += 1;
        if !agrees {
            self.disagreements.push(why());
        }
    }

    /// Writes the line, and fails when the judge disagreed or was asked nothing.
    pub(crate) fn close(self) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judges");
        fs::create_dir_all(&folder).unwrap();
        let line = format!(
            "{}\t{}\t{}\t{:.1}\n",
            self.judge,
            self.cases,
            self.disagreements.len(),
            self.since.elapsed().as_secs_f64()
        );
        let file = format!("{}.{}.tsv", self.judge, self.test).replace([' ', '/'], "-");
        fs::write(folder.join(file), line).unwrap();
        assert!(self.cases > 0, "{}: {} asked nothing", self.judge, self.test);
        assert!(
            self.disagreements.is_empty(),
            "{} disagrees {} times:\n{}",
            self.judge,
            self.disagreements.len(),
            self.disagreements.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n\n")
        );
    }
}
