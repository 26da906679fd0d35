//! Label selectors: what they ask, when one includes another, and their one canonical spelling.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is asked of the labels of a pod or namespace; all of it must hold. The empty selector chooses everything.
// INVARIANT: one test for each key, in its simplest form; so two selectors that read the same are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector(BTreeMap<String, Test>);

/// What is asked of one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Test {
    /// It is there with one of these values. Nothing has a label with none of the values.
    In(BTreeSet<String>),
    /// Its value, if it is there, is none of these; and it must be there.
    Present(BTreeSet<String>),
    /// Its value, if it is there, is none of these.
    NotIn(BTreeSet<String>),
    /// It is not there.
    Absent,
}

impl Selector {
    /// The selector that asks for these labels with these values.
    pub(crate) fn of_labels(labels: &BTreeMap<String, String>) -> Self {
        Self(
            labels
                .iter()
                .map(|(key, value)| (key.clone(), Test::In(BTreeSet::from([value.clone()]))))
                .collect(),
        )
    }

    /// Asks for one more thing.
    pub(crate) fn require(&mut self, key: String, test: Test) {
        let merged = match self.0.remove(&key) {
            Some(already) => both(already, test),
            None => test,
        };
        if !matches!(&merged, Test::NotIn(values) if values.is_empty()) {
            self.0.insert(key, merged);
        }
    }

    /// Takes out what is asked of one label.
    pub(crate) fn without(&self, key: &str) -> (Self, Option<Test>) {
        let mut rest = self.clone();
        let taken = rest.0.remove(key);
        (rest, taken)
    }

    /// What is asked, in the order of the keys.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&str, &Test)> {
        self.0.iter().map(|(key, test)| (key.as_str(), test))
    }

    /// Reports whether everything is chosen.
    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels asked for, when nothing but labels with one value each is asked for.
    pub(crate) fn labels(&self) -> Option<BTreeMap<String, String>> {
        self.0.iter().map(|(key, test)| Some((key.clone(), test.single()?.to_owned()))).collect()
    }

    /// Reports whether everything that this selector chooses is certainly chosen by the other one too.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|(key, test)| self.0.get(key).is_some_and(|own| own.implies(test)) || test.asks_nothing())
    }

    /// Reports whether something may be chosen by both.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        self.0.iter().all(|(key, test)| {
            other.0.get(key).is_none_or(
                |theirs| !matches!(both(test.clone(), theirs.clone()), Test::In(values) if values.is_empty()),
            )
        })
    }
}

impl Test {
    /// The value, when exactly one will do.
    pub(crate) fn single(&self) -> Option<&str> {
        match self {
            Self::In(values) if values.len() == 1 => values.first().map(String::as_str),
            Self::In(_) | Self::Present(_) | Self::NotIn(_) | Self::Absent => None,
        }
    }

    fn asks_nothing(&self) -> bool {
        matches!(self, Self::NotIn(values) if values.is_empty())
    }

    /// Reports whether a label that passes this test certainly passes the other one.
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::In(own), Self::In(theirs)) => own.is_subset(theirs),
            (Self::In(own), Self::Present(not) | Self::NotIn(not)) => own.is_disjoint(not),
            (Self::Present(own), Self::Present(not) | Self::NotIn(not))
            | (Self::NotIn(own), Self::NotIn(not)) => not.is_subset(own),
            (Self::Absent, Self::NotIn(_) | Self::Absent) => true,
            (Self::In(own), Self::Absent) => own.is_empty(),
            (Self::Present(_) | Self::NotIn(_), Self::In(_) | Self::Absent)
            | (Self::NotIn(_), Self::Present(_))
            | (Self::Absent, Self::In(_) | Self::Present(_)) => false,
        }
    }
}

/// Both tests of one label as one.
fn both(first: Test, second: Test) -> Test {
    let nothing = || Test::In(BTreeSet::new());
    match (first, second) {
        (Test::In(a), Test::In(b)) => Test::In(a.intersection(&b).cloned().collect()),
        (Test::In(values), Test::Present(not) | Test::NotIn(not))
        | (Test::Present(not) | Test::NotIn(not), Test::In(values)) => {
            Test::In(values.difference(&not).cloned().collect())
        }
        (Test::Present(a), Test::Present(b) | Test::NotIn(b)) | (Test::NotIn(a), Test::Present(b)) => {
            Test::Present(a.union(&b).cloned().collect())
        }
        (Test::NotIn(a), Test::NotIn(b)) => Test::NotIn(a.union(&b).cloned().collect()),
        (Test::Absent, Test::Absent | Test::NotIn(_)) | (Test::NotIn(_), Test::Absent) => Test::Absent,
        (Test::Absent, Test::In(_) | Test::Present(_)) | (Test::In(_) | Test::Present(_), Test::Absent) => {
            nothing()
        }
    }
}

/// The spelling that `kubectl -l` takes, in the order of the keys: `app=agent,env in (a,b),!legacy,tier`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |values: &BTreeSet<String>| values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        for (at, (key, test)) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match (test, test.single()) {
                (Test::In(_), Some(value)) => write!(f, "{key}={value}")?,
                (Test::In(values), None) => write!(f, "{key} in ({})", list(values))?,
                (Test::Present(not), _) if not.is_empty() => f.write_str(key)?,
                (Test::Present(not), _) => write!(f, "{key},{key} notin ({})", list(not))?,
                (Test::NotIn(not), _) => write!(f, "{key} notin ({})", list(not))?,
                (Test::Absent, _) => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

/// The selector of that spelling; `None` when it is not one.
pub(crate) fn parse(text: &str) -> Option<Selector> {
    let mut selector = Selector::default();
    if text.is_empty() {
        return Some(selector);
    }
    for item in split_outside_parentheses(text) {
        let (key, asked) = parse_item(item)?;
        if !super::names::is_label_key(key) || !values_are_valid(&asked) {
            return None;
        }
        selector.require(key.to_owned(), asked);
    }
    Some(selector)
}

fn parse_item(item: &str) -> Option<(&str, Test)> {
    let values = |list: &str| -> Option<BTreeSet<String>> {
        let list = list.strip_prefix('(')?.strip_suffix(')')?;
        Some(if list.is_empty() { BTreeSet::new() } else { list.split(',').map(str::to_owned).collect() })
    };
    if let Some(key) = item.strip_prefix('!') {
        return Some((key, Test::Absent));
    }
    if let Some((key, list)) = item.split_once(" notin ") {
        return Some((key, Test::NotIn(values(list)?)));
    }
    if let Some((key, list)) = item.split_once(" in ") {
        return Some((key, Test::In(values(list)?)));
    }
    match item.split_once('=') {
        Some((key, value)) => Some((key, Test::In(BTreeSet::from([value.to_owned()])))),
        None => Some((item, Test::Present(BTreeSet::new()))),
    }
}

fn values_are_valid(test: &Test) -> bool {
    match test {
        Test::In(values) | Test::Present(values) | Test::NotIn(values) => {
            values.iter().all(|value| super::names::is_label_value(value))
        }
        Test::Absent => true,
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|char: char| {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Selector {
        parse(text).unwrap()
    }

    #[test]
    fn the_spelling_is_canonical_and_reads_back() {
        for text in
            ["", "a=b", "a=,b=c", "a in (x,y),b=c", "!a,b", "a notin (x,y)", "a,a notin (x)", "k8s.io/a=b"]
        {
            assert_eq!(of(text).to_string(), text);
            assert_eq!(of(&of(text).to_string()), of(text));
        }
        assert_eq!(of("b=c,a=b").to_string(), "a=b,b=c");
        assert_eq!(of("a in (x,y),a notin (x)").to_string(), "a=y");
        assert_eq!(of("a,!a").to_string(), "a in ()");
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a=b=c", "a=b,", "=b", "a in x", "a b", "a=\u{e9}", "!"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    /// Every selector over one label, against every value that the label may have.
    #[test]
    fn inclusion_and_overlap_agree_with_trying_every_value() {
        let tests = [
            "",
            "a=x",
            "a=y",
            "a in (x,y)",
            "a notin (x)",
            "a notin (x,y)",
            "a",
            "a,a notin (x)",
            "!a",
            "a in ()",
        ];
        let chooses = |text: &str, value: Option<&str>| match text {
            "" => true,
            "a=x" => value == Some("x"),
            "a=y" => value == Some("y"),
            "a in (x,y)" => matches!(value, Some("x" | "y")),
            "a notin (x)" => value != Some("x"),
            "a notin (x,y)" => !matches!(value, Some("x" | "y")),
            "a" => value.is_some(),
            "a,a notin (x)" => value.is_some() && value != Some("x"),
            "!a" => value.is_none(),
            _ => false,
        };
        let values = [None, Some("x"), Some("y"), Some("z")];
        for first in tests {
            for second in tests {
                let within = values.iter().all(|value| !chooses(first, *value) || chooses(second, *value));
                assert_eq!(of(first).is_within(&of(second)), within, "`{first}` within `{second}`");
                let meet = values.iter().any(|value| chooses(first, *value) && chooses(second, *value));
                if first != "a in ()" && second != "a in ()" {
                    assert_eq!(of(first).may_meet(&of(second)), meet, "`{first}` meets `{second}`");
                }
            }
        }
    }
}
