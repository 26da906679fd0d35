//! Rows that differ in nothing but a block of addresses: laid out once, and written once for each block.
//!
//! A filter for a hundred thousand addresses has some tens of forms of rows. A template lays out one row of each form
//! with a mark in the place of the block. The line that comes of it is then written for every block of the run. What is
//! put in is a block and never a text, and what comes of it is read back and proven as every file is.

use crate::packet::Prefix;
use std::fmt::Write as _;

/// The blocks of each run, by the number in its mark.
#[derive(Debug, Clone, Default)]
pub struct Runs(Vec<Vec<Prefix>>);

/// What marks begin with, a number and what they end with. All filters leave it as it is.
const BEGIN: &str = "@run";
const END: char = '@';
/// The fields of a row that hold a block or a mark. No text of a user's stands there that could look like one.
const ENDS: [&str; 2] = ["source", "destination"];
/// About how many bytes a block takes.
const BLOCK: usize = 20;

impl Runs {
    /// Adds a run; the mark that stands for its blocks.
    pub(super) fn add(&mut self, blocks: Vec<Prefix>) -> String {
        let mark = format!("{BEGIN}{}{END}", self.0.len());
        self.0.push(blocks);
        mark
    }

    /// Reports whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text with each line that holds a mark written for each block. Nothing where a mark is missing, stands twice or
    /// shares its line: another text looks like one then, or the template does not lay out a line for a row.
    pub fn spread(&self, text: &str) -> Option<String> {
        let most = self.0.iter().map(Vec::len).fold(0_usize, usize::saturating_add);
        let mut out = String::with_capacity(text.len().saturating_add(most.saturating_mul(BLOCK)));
        let mut rest = text;
        for (number, blocks) in self.0.iter().enumerate() {
            let (before, behind) = rest.split_once(BEGIN)?;
            let (digits, behind) = behind.split_once(END)?;
            if digits != number.to_string() {
                return None;
            }
            let (tail, after) = behind.split_once('\n')?;
            let start = match before.rfind('\n') {
                Some(at) => at.checked_add(1)?,
                // The line of the mark before ended here.
                None => 0,
            };
            let (done, head) = before.split_at_checked(start)?;
            if tail.contains(BEGIN) {
                return None;
            }
            out.push_str(done);
            out.reserve(
                blocks.len().saturating_mul(head.len().saturating_add(tail.len()).saturating_add(BLOCK)),
            );
            for block in blocks {
                out.push_str(head);
                write!(out, "{block}").ok()?;
                out.push_str(tail);
                out.push('\n');
            }
            rest = after;
        }
        if rest.contains(BEGIN) {
            return None;
        }
        out.push_str(rest);
        Some(out)
    }

    /// A value with each row that holds a mark written for each block.
    pub(super) fn written_out(&self, value: &tera::Value) -> tera::Value {
        if let Some(items) = value.as_array() {
            let rows = items.iter().flat_map(|item| self.rows(item));
            return tera::Value::from(rows.collect::<Vec<tera::Value>>());
        }
        let Some(map) = value.as_map() else { return value.clone() };
        let fields = map.iter().map(|(key, value)| (key.clone(), self.written_out(value)));
        tera::Value::from(fields.collect::<tera::Map>())
    }

    /// The rows that one stands for.
    fn rows(&self, row: &tera::Value) -> Vec<tera::Value> {
        let fields = row.as_map().into_iter().flatten();
        let ends = fields.filter(|(key, _)| key.as_str().is_some_and(|key| ENDS.contains(&key)));
        let mut marked = ends.filter_map(|(key, value)| Some((key, self.run(value.as_str()?)?)));
        let Some((key, blocks)) = marked.next() else { return vec![self.written_out(row)] };
        let with = |block: &Prefix| {
            let mut row = row.as_map().cloned().unwrap_or_default();
            row.insert(key.clone(), tera::Value::from(block.to_string()));
            tera::Value::from(row)
        };
        blocks.iter().map(with).collect()
    }

    /// The run that a text is the mark of.
    fn run(&self, text: &str) -> Option<&[Prefix]> {
        let number = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
        self.0.get(number.parse::<usize>().ok()?).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Model;
    use serde_json::json;

    fn runs() -> Runs {
        let mut runs = Runs::default();
        for blocks in [["192.0.2.1/32", "192.0.2.4/31"], ["10.0.0.0/8", "2001:db8::/32"]] {
            runs.add(blocks.iter().map(|block| block.parse().unwrap()).collect());
        }
        runs
    }

    #[test]
    fn a_line_with_a_mark_stands_for_one_with_each_block() {
        let text = "head\n-d @run0@ x\n-d @run1@ y\ntail\n";
        let expected =
            "head\n-d 192.0.2.1/32 x\n-d 192.0.2.4/31 x\n-d 10.0.0.0/8 y\n-d 2001:db8::/32 y\ntail\n";
        assert_eq!(runs().spread(text).as_deref(), Some(expected));
    }

    #[test]
    fn a_text_in_which_marks_are_not_one_a_line_is_left() {
        for text in [
            "-d @run0@\n",
            "-d @run0@ @run1@\n",
            "-d @run0@\n-d @run1@\n# @run0@\n",
            "# @run0@\n-d @run0@\n-d @run1@\n",
            "-d @run1@\n-d @run0@\n",
            "-d @run0@\n-d @run1@",
            "-d @run0@\n-d @run01@\n",
        ] {
            assert_eq!(runs().spread(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_model_shows_every_row() {
        let model = json!({"rows": [{"destination": "@run1@", "why": "a"}, {"destination": "192.0.2.9/32", "why": "@run0@"}]});
        let shown = serde_json::to_value(Model::with_runs(&model, runs())).unwrap();
        let expected = json!({"rows": [
            {"destination": "10.0.0.0/8", "why": "a"}, {"destination": "2001:db8::/32", "why": "a"},
            {"destination": "192.0.2.9/32", "why": "@run0@"},
        ]});
        assert_eq!(shown, expected);
    }
}
