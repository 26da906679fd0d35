//! Settings of targets, checked before a target sees them.

use super::{Context, ProxyUrl};
use crate::packet::Prefix;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A setting that a target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// The key for `--set`, such as `iptables.chain`.
    pub key: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// The value when nothing is set.
    pub default: Option<&'static str>,
    /// One line for `egressor targets`.
    pub summary: &'static str,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A letter, then letters, digits, `_` and `-`, at most so many characters.
    Identifier(usize),
    /// A whole number, from and to inclusive.
    Number(u32, u32),
    /// CIDR blocks or addresses, separated by commas.
    Prefixes,
    /// One line of printable ASCII.
    Text,
    /// The URL of a proxy, such as `http://proxy.example:3128`.
    Proxy,
}

/// The settings of one target, defaults filled in, and what is known of the project beside its rules.
// INVARIANT: every value was accepted by the kind of its spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<&'static str, String>,
    context: Arc<Context>,
}

impl OptionKind {
    /// Why a value is not one of this kind, or nothing when it is.
    pub fn refuses(self, value: &str) -> Option<String> {
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
        match self {
            Self::Choice(words) => {
                (!words.contains(&value)).then(|| format!("one of {} is needed", words.join(", ")))
            }
            Self::Identifier(max) => {
                let fits = value.len() <= max && value.starts_with(|char: char| char.is_ascii_alphabetic());
                (!fits || !value.chars().all(plain)).then(|| {
                    format!(
                        "a letter, then letters, digits, `_` and `-` are needed, at most {max} characters"
                    )
                })
            }
            Self::Number(from, to) => {
                // As it is written it reaches the artifact, so neither a sign nor leading zeros.
                let plain = value.parse::<u32>().ok().filter(|number| number.to_string() == value);
                let number = plain.filter(|number| (from..=to).contains(number));
                number.is_none().then(|| format!("a number from {from} to {to} is needed"))
            }
            Self::Prefixes => value.split(',').find_map(|item| match item.trim().parse::<Prefix>() {
                Ok(prefix) => prefix.mapped_ipv4().map(|v4| {
                    format!("`{prefix}` is IPv4-mapped, which systems read differently; write `{v4}`")
                }),
                Err(error) => Some(error.to_string()),
            }),
            Self::Text => {
                let fits =
                    !value.is_empty() && value.chars().all(|char| char.is_ascii_graphic() || char == ' ');
                (!fits).then(|| "one line of printable ASCII is needed".to_owned())
            }
            Self::Proxy => value.parse::<ProxyUrl>().err().map(|error| error.to_string()),
        }
    }
}

impl Options {
    /// The settings that `specs` declare, from `given` where it has them. `given` was checked with
    /// [`OptionKind::refuses`]; a value that it refuses is left out.
    pub fn new(specs: &'static [OptionSpec], given: &BTreeMap<String, String>) -> Self {
        let value = |spec: &OptionSpec| {
            let given = given.get(spec.key).filter(|value| spec.kind.refuses(value).is_none());
            let value = given.cloned().or_else(|| spec.default.map(str::to_owned))?;
            Some((spec.key, value))
        };
        Self { values: specs.iter().filter_map(value).collect(), context: Arc::default() }
    }

    /// The same settings in a project of which more is known than its rules.
    pub fn within(self, context: impl Into<Arc<Context>>) -> Self {
        Self { context: context.into(), ..self }
    }

    /// What is known of the project beside its rules; nothing when nobody said.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The blocks of a setting of the kind `Prefixes`; empty when it is not set.
    pub fn prefixes(&self, key: &str) -> Vec<Prefix> {
        let items = self.get(key).into_iter().flat_map(|value| value.split(','));
        items.filter_map(|item| item.trim().parse().ok()).collect()
    }
}
