//! A command line that is not finished: which command it is, what was given to it, and what is wanted next.

use clap::{Arg, Command};
use std::collections::BTreeMap;

/// What a line says so far.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The command or subcommand.
    pub(super) command: &'a Command,
    /// The values that were given, by the id of their argument.
    pub(super) given: BTreeMap<&'a str, Vec<String>>,
    /// What is wanted.
    pub(super) wanted: Wanted<'a>,
    /// The word that is being written.
    pub(super) current: &'a str,
}

/// What may stand in the place of the last word.
#[derive(Debug)]
pub(super) enum Wanted<'a> {
    Subcommand,
    Flag,
    Value {
        arg: &'a Arg,
        /// How much of the word is the flag and its `=`.
        flag: usize,
    },
    Nothing,
}

impl<'a> Asked<'a> {
    /// Reads the words between the program's name and the one that is being written.
    pub(super) fn of(root: &'a Command, before: &[String], current: &'a str) -> Self {
        let mut asked = Self { command: root, given: BTreeMap::new(), wanted: Wanted::Nothing, current };
        let mut pending: Option<&'a Arg> = None;
        let (mut positionals, mut only_values) = (0, false);
        for word in before {
            let is_flag = !only_values && word.len() > 1 && word.starts_with('-');
            match pending.take() {
                Some(arg) if !is_flag => {
                    asked.put(arg, word);
                    pending = Some(arg).filter(|arg| takes_several(arg));
                    continue;
                }
                Some(_) | None => {}
            }
            if is_flag && word == "--" {
                only_values = true;
            } else if is_flag {
                let (arg, value) = asked.flag(word);
                match (arg.filter(|arg| arg.get_action().takes_values()), value) {
                    (Some(arg), Some(value)) => asked.put(arg, value),
                    (Some(arg), None) => pending = Some(arg),
                    (None, _) => {}
                }
            } else if let Some(command) = asked.subcommand(word).filter(|_| positionals == 0) {
                asked.command = command;
            } else {
                if let Some(arg) = asked.positional(positionals) {
                    asked.put(arg, word);
                }
                positionals = positionals.saturating_add(1);
            }
        }
        let is_flag = !only_values && current.starts_with('-');
        let several = pending.is_some_and(takes_several);
        asked.wanted = match (pending, current.split_once('=')) {
            (Some(arg), _) if !(is_flag && several) => Wanted::Value { arg, flag: 0 },
            (_, Some((name, _))) if is_flag => match asked.flag(name).0 {
                Some(arg) if arg.get_action().takes_values() => {
                    Wanted::Value { arg, flag: name.len().saturating_add(1) }
                }
                Some(_) | None => Wanted::Nothing,
            },
            (_, _) if is_flag => Wanted::Flag,
            (_, _) if positionals == 0 && !only_values && asked.command.has_subcommands() => {
                Wanted::Subcommand
            }
            (_, _) => match asked.positional(positionals) {
                Some(arg) => Wanted::Value { arg, flag: 0 },
                None => Wanted::Nothing,
            },
        };
        asked
    }

    /// The values of an argument.
    pub(super) fn values(&self, id: &str) -> &[String] {
        self.given.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The part of the current word that stays, and the part that a candidate takes the place of: a flag and its `=`
    /// stay, and so do the earlier items of a list.
    pub(super) fn split(&self) -> (&'a str, &'a str) {
        let Wanted::Value { arg, flag } = &self.wanted else { return ("", self.current) };
        let value = self.current.get(*flag..).unwrap_or_default();
        let list = arg.get_value_delimiter().and_then(|sign| value.rfind(sign));
        self.current
            .split_at_checked(flag.saturating_add(list.map_or(0, |at| at.saturating_add(1))))
            .unwrap_or_default()
    }

    fn put(&mut self, arg: &'a Arg, value: &str) {
        let values = self.given.entry(arg.get_id().as_str()).or_default();
        match arg.get_value_delimiter() {
            Some(sign) => values.extend(value.split(sign).map(str::to_owned)),
            None => values.push(value.to_owned()),
        }
    }

    /// The argument that a flag stands for, and its value where that is part of the same word.
    fn flag<'w>(&self, word: &'w str) -> (Option<&'a Arg>, Option<&'w str>) {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let is_it = |arg: &&Arg| {
                arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
            };
            return (self.command.get_arguments().find(is_it), value);
        }
        // Of several short flags in one word, the first that takes a value takes the rest.
        for (at, char) in word.char_indices().skip(1) {
            let arg = self.command.get_arguments().find(|arg| arg.get_short() == Some(char));
            if let Some(arg) = arg.filter(|arg| arg.get_action().takes_values()) {
                let rest = word.get(at.saturating_add(char.len_utf8())..).unwrap_or_default();
                return (Some(arg), (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest)));
            }
        }
        (None, None)
    }

    fn subcommand(&self, name: &str) -> Option<&'a Command> {
        self.command.get_subcommands().find(|command| command.get_name() == name)
    }

    /// The argument at a position; the last of them may take several.
    fn positional(&self, at: usize) -> Option<&'a Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        all.get(at).copied().or_else(|| all.last().copied().filter(|arg| is_list(arg)))
    }
}

/// Reports whether a flag takes all words up to the next flag.
fn takes_several(arg: &Arg) -> bool {
    !arg.is_positional() && arg.get_num_args().is_some_and(|number| number.max_values() > 1)
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append)
        || arg.get_num_args().is_some_and(|number| number.max_values() > 1)
}

/// The words of a line as a shell splits them, the last one being written still: it is empty behind a space. Nothing is
/// expanded.
pub(super) fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (Some('\''), _) => word.push(char),
            (_, '\\') => word.extend(chars.next()),
            (None, '"' | '\'') => (quote, begun) = (Some(char), true),
            (None, _) if char.is_whitespace() => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (_, _) => word.push(char),
        }
    }
    words.push(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_split_as_a_shell_splits_it() {
        assert_eq!(split("egressor show  a"), ["egressor", "show", "a"]);
        assert_eq!(split("egressor show "), ["egressor", "show", ""]);
        assert_eq!(split(r#"e "a b" 'c"d' e\ f "g"#), ["e", "a b", "c\"d", "e f", "g"]);
        assert_eq!(split("e '' x"), ["e", "", "x"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split("e $(touch x)"), ["e", "$(touch", "x)"]);
    }
}
