//! POSIX extended regular expressions as a small tree, and the sequences that it writes out to.

/// One step of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// `^`.
    Start,
    /// `$`.
    End,
    /// One character, in lower case.
    Char(char),
    /// `.`.
    Any,
    /// `[^.]`: any character of a label.
    InLabel,
    /// `[-a-z0-9_]`: any character of a label of a host name, and no other.
    OfLabel,
    /// `[0-9]`.
    Digit,
    /// `[0-9.]`.
    Numeric,
    /// A class that is none of these.
    Class,
    /// `*` behind a sequence.
    Star(Vec<Atom>),
    /// `+` behind a sequence.
    Plus(Vec<Atom>),
    /// Alternatives. An optional part is one with nothing as its other.
    Either(Vec<Vec<Atom>>),
}

/// How many sequences an expression may write out to before it counts as not modelled.
const MOST_SEQUENCES: usize = 256;
/// How deep groups may nest.
const DEEPEST: usize = 32;

/// The class of the characters that a label of a host name is made of, as it is written.
pub const OF_LABEL: &str = "-a-z0-9_";

/// The longest expression that is looked at.
const LONGEST: usize = 1024;

/// The tree of an expression, as one sequence; nothing when it has a part that is not modelled.
pub fn parse(expression: &str, ignore_case: bool) -> Option<Vec<Atom>> {
    if expression.len() > LONGEST {
        return None;
    }
    let mut parser = Parser { rest: expression.chars().collect(), at: 0, ignore_case };
    let tree = parser.alternatives(0)?;
    parser.peek().is_none().then_some(tree)
}

/// The sequences without alternatives that a tree stands for. Repeated parts stay as they are, and a `.*` at an open
/// end is dropped, as nothing is asked there.
pub fn expand(tree: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    let mut sequences: Vec<Vec<Atom>> = vec![Vec::new()];
    for atom in tree {
        let choices = match atom {
            Atom::Either(choices) => {
                let expanded: Option<Vec<_>> = choices.iter().map(|choice| expand(choice)).collect();
                expanded?.concat()
            }
            // An alternative within a repeated part multiplies without end.
            Atom::Star(inner) | Atom::Plus(inner)
                if inner.iter().any(|atom| matches!(atom, Atom::Either(_))) =>
            {
                return None;
            }
            other => {
                for sequence in &mut sequences {
                    sequence.push(other.clone());
                }
                continue;
            }
        };
        if sequences.len().saturating_mul(choices.len()) > MOST_SEQUENCES {
            return None;
        }
        let joined =
            |before: &Vec<Atom>| choices.iter().map(|choice| [before.as_slice(), choice].concat()).collect();
        sequences = sequences.iter().flat_map(|before| -> Vec<_> { joined(before) }).collect();
    }
    Some(sequences)
}

struct Parser {
    rest: Vec<char>,
    at: usize,
    ignore_case: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    fn take(&mut self, char: char) -> bool {
        let found = self.peek() == Some(char);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self, depth: usize) -> Option<Vec<Atom>> {
        if depth > DEEPEST {
            return None;
        }
        let mut choices = vec![self.sequence(depth)?];
        while self.take('|') {
            choices.push(self.sequence(depth)?);
        }
        if choices.len() == 1 { choices.pop() } else { Some(vec![Atom::Either(choices)]) }
    }

    fn sequence(&mut self, depth: usize) -> Option<Vec<Atom>> {
        let mut atoms = Vec::new();
        while let Some(char) = self.peek().filter(|char| !matches!(char, '|' | ')')) {
            self.at += 1;
            let unit = match char {
                '^' => vec![Atom::Start],
                '$' => vec![Atom::End],
                '.' => vec![Atom::Any],
                '[' => vec![self.class()?],
                '(' => {
                    let inner = self.alternatives(depth + 1)?;
                    if !self.take(')') {
                        return None;
                    }
                    inner
                }
                // A letter or digit behind a backslash is an extension that other systems read otherwise.
                '\\' => vec![Atom::Char(self.next().filter(char::is_ascii_punctuation)?)],
                '*' | '+' | '?' | '{' => return None,
                other => vec![Atom::Char(self.fold(other))],
            };
            atoms.extend(self.repeated(unit)?);
        }
        Some(atoms)
    }

    /// The unit with the repetition that follows it.
    fn repeated(&mut self, unit: Vec<Atom>) -> Option<Vec<Atom>> {
        let anchored = unit.iter().any(|atom| matches!(atom, Atom::Start | Atom::End));
        let repeated = match self.peek() {
            Some('*') => vec![Atom::Star(unit)],
            Some('+') => vec![Atom::Plus(unit)],
            Some('?') => vec![Atom::Either(vec![Vec::new(), unit])],
            Some('{') => return None,
            _ => return Some(unit),
        };
        self.at += 1;
        let again = matches!(self.peek(), Some('*' | '+' | '?' | '{'));
        (!again && !anchored).then_some(repeated)
    }

    fn class(&mut self) -> Option<Atom> {
        let negated = self.take('^');
        let mut text = String::new();
        // A bracket that comes first is a member, and so is a backslash anywhere.
        if self.take(']') {
            text.push(']');
        }
        loop {
            match self.next()? {
                ']' => break,
                '[' if matches!(self.peek(), Some(':' | '.' | '=')) => return None,
                other => text.push(other),
            }
        }
        let mut chars = text.chars();
        Some(match (negated, text.as_str()) {
            // A host has no slash, colon or backslash in it, unless it is an address.
            (true, "." | r"\." | "./" | r"\./" | r"\\.") => Atom::InLabel,
            (false, "0-9") => Atom::Digit,
            (false, OF_LABEL | "a-z0-9_-" | "_a-z0-9-" | "-_a-z0-9" | "a-zA-Z0-9_-") => Atom::OfLabel,
            (false, "0-9." | ".0-9" | r"0-9\." | r"\.0-9") => Atom::Numeric,
            (false, _) => match (chars.next(), chars.next()) {
                (Some(char), None) => Atom::Char(self.fold(char)),
                _ => Atom::Class,
            },
            (true, _) => Atom::Class,
        })
    }

    fn fold(&self, char: char) -> char {
        if self.ignore_case { char.to_ascii_lowercase() } else { char }
    }
}
