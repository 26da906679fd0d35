//! A ruleset as it is written: tables, their sets and chains, and the lines of rules, not yet understood.

use super::hook::Hook;
use super::token::Token;
use crate::diag::{Source, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything in one file.
#[derive(Debug)]
pub(super) struct Ruleset<'a> {
    /// The file.
    pub(super) source: Arc<Source>,
    /// The tables, in the order in which they are met.
    pub(super) tables: Vec<Table<'a>>,
    index: BTreeMap<(TableFamily, String), usize>,
}

/// Which packets a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TableFamily {
    /// `ip`: IPv4.
    Ip,
    /// `ip6`: IPv6.
    Ip6,
    /// `inet`: both.
    Inet,
    /// `arp`, `bridge` or `netdev`, which are not read.
    Other(&'static str),
}

/// A table.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// The family.
    pub(super) family: TableFamily,
    /// The name.
    pub(super) name: String,
    /// Where it is named.
    pub(super) span: Span,
    /// Whether it is switched off.
    pub(super) is_dormant: bool,
    /// Sets and maps by name.
    pub(super) sets: BTreeMap<String, NamedSet<'a>>,
    /// The chains.
    pub(super) chains: Vec<Chain<'a>>,
    /// The places of chains by name.
    pub(super) index: BTreeMap<String, usize>,
}

/// A set or a map.
#[derive(Debug)]
pub(super) struct NamedSet<'a> {
    /// What stands between its braces.
    pub(super) elements: Vec<Token<'a>>,
    /// Why the elements are not all there is to know.
    pub(super) doubt: Option<&'static str>,
}

/// A chain.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    /// The name.
    pub(super) name: String,
    /// Where it hangs, if the kernel knows it.
    pub(super) base: Option<Base>,
    /// Its rules, in order.
    pub(super) rules: Vec<Line<'a>>,
    /// Where it is named.
    pub(super) span: Span,
}

/// Where a base chain hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// `filter`, `nat`, `route`.
    pub(super) kind: String,
    /// `output`.
    pub(super) hook: String,
    /// Whether what no rule decides is dropped.
    pub(super) drops: bool,
    /// The line.
    pub(super) span: Span,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Its words.
    pub(super) tokens: Vec<Token<'a>>,
    /// Where it stands.
    pub(super) span: Span,
}

impl TableFamily {
    /// The family of that name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "ip" => Some(Self::Ip),
            "ip6" => Some(Self::Ip6),
            "inet" => Some(Self::Inet),
            "arp" => Some(Self::Other("arp")),
            "bridge" => Some(Self::Other("bridge")),
            "netdev" => Some(Self::Other("netdev")),
            _ => None,
        }
    }
}

impl Base {
    /// The hook that it filters at, when it is one that is read.
    pub(super) fn filters(&self) -> Option<Hook> {
        // Chains of the type `route` filter too, and find another way for packets that they change.
        Hook::of(&self.hook).filter(|_| matches!(self.kind.as_str(), "filter" | "route"))
    }
}

impl<'a> Ruleset<'a> {
    /// A file without tables.
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), tables: Vec::new(), index: BTreeMap::new() }
    }

    /// The table of that family and name, made where there is none.
    pub(super) fn table(&mut self, family: TableFamily, name: &str, span: Span) -> Option<&mut Table<'a>> {
        let next = self.tables.len();
        let at = *self.index.entry((family, name.to_owned())).or_insert(next);
        if at == next {
            self.tables.push(Table {
                family,
                name: name.to_owned(),
                span,
                is_dormant: false,
                sets: BTreeMap::new(),
                chains: Vec::new(),
                index: BTreeMap::new(),
            });
        }
        self.tables.get_mut(at)
    }

    /// Takes a table out, or every table when none is named.
    pub(super) fn remove(&mut self, which: Option<(TableFamily, &str)>) {
        self.tables.retain(|table| which.is_some_and(|which| (table.family, table.name.as_str()) != which));
        let places = self.tables.iter().enumerate();
        self.index = places.map(|(at, table)| ((table.family, table.name.clone()), at)).collect();
    }
}

impl<'a> Table<'a> {
    /// The chain of that name, made where there is none.
    pub(super) fn chain(&mut self, name: &str, span: Span) -> Option<&mut Chain<'a>> {
        let next = self.chains.len();
        let at = *self.index.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.chains.push(Chain { name: name.to_owned(), base: None, rules: Vec::new(), span });
        }
        self.chains.get_mut(at)
    }
}
