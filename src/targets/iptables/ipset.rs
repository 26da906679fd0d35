//! Members of ipsets, from the lines of `ipset save`.

use super::addresses::{self, Block};
use crate::diag::{Code, Finding, Source, Span};
use crate::packet::{AddrSet, Set as _};
use crate::targets::region::Family;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sets by name.
#[derive(Debug, Default)]
pub(super) struct Sets(BTreeMap<String, IpSet>);

/// Which address of a packet a set is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    /// `src`.
    Source,
    /// `dst`.
    Destination,
}

/// The addresses that a match on a set stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Membership {
    /// Which address is asked for.
    pub(super) dimension: Dimension,
    /// Those that match.
    pub(super) addrs: AddrSet,
}

#[derive(Debug)]
struct IpSet {
    kind: String,
    family: Family,
    /// Why the members are not all there is to know.
    doubt: Option<&'static str>,
    /// Blocks with their length; `false` for those that `nomatch` takes out.
    members: Vec<(u8, AddrSet, bool)>,
    /// Names of member sets of a `list:set`.
    lists: Vec<String>,
}

/// Reports whether a text holds lines of `ipset save`.
pub(super) fn recognizes(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let mut words = first.unwrap_or_default().split_whitespace();
    words.next() == Some("create") && words.nth(1).is_some_and(|kind| kind.contains(':'))
}

impl Sets {
    /// Adds the sets of a file.
    pub(super) fn read(&mut self, source: &Arc<Source>, findings: &mut Vec<Finding>) {
        let mut at = 0_usize;
        for line in source.text().split_inclusive('\n') {
            let words: Vec<&str> = line.split_whitespace().collect();
            let outcome = match words.as_slice() {
                [] => Ok(()),
                [first, ..] if first.starts_with('#') => Ok(()),
                ["create", name, kind, options @ ..] => self.create(name, kind, options),
                ["add", name, member, options @ ..] => self.add(name, member, options),
                ["flush", name] => self.known(name).map(|set| {
                    set.members.clear();
                    set.lists.clear();
                }),
                ["swap", one, other] => self.swap(one, other),
                ["destroy", name] => match self.0.remove(*name) {
                    Some(_) => Ok(()),
                    None => Err(format!("the set `{name}` is not created before")),
                },
                _ => Err("not a line of `ipset restore`: `create` or `add` is expected".to_owned()),
            };
            if let Err(message) = outcome {
                let span = Span::new(at, at.saturating_add(line.trim_end().len()));
                findings.push(Finding::new(Code::ReadSyntax, message).at(source, span));
            }
            at = at.saturating_add(line.len());
        }
    }

    /// Marks a set as changed by rules.
    pub(super) fn changes(&mut self, name: &str) {
        if let Some(set) = self.0.get_mut(name) {
            set.doubt = Some("rules add or remove members of the set");
        }
    }

    /// The addresses that `--match-set NAME FLAGS` stands for, or why they are not known.
    pub(super) fn members(
        &self,
        name: &str,
        flags: &str,
        negated: bool,
        family: Family,
    ) -> Result<Membership, &'static str> {
        let dimension = match flags {
            "src" => Dimension::Source,
            "dst" => Dimension::Destination,
            _ => return Err("sets of more than addresses are not modelled"),
        };
        let members = self.addrs(name, family, true)?;
        let addrs = if negated { family.all().subtract(&members) } else { members };
        Ok(Membership { dimension, addrs })
    }

    fn addrs(&self, name: &str, family: Family, lists: bool) -> Result<AddrSet, &'static str> {
        let set = self
            .0
            .get(name)
            .ok_or("the members of the set are not given; put the output of `ipset save` beside")?;
        if let Some(doubt) = set.doubt {
            return Err(doubt);
        }
        if set.kind == "list:set" {
            if !lists {
                return Err("a list of sets within a list of sets");
            }
            let parts: Result<Vec<AddrSet>, _> =
                set.lists.iter().map(|name| self.addrs(name, family, false)).collect();
            return Ok(AddrSet::union_all(&parts?));
        }
        if set.family != family {
            return Err("the set holds addresses of the other family");
        }
        // The longest block that holds an address decides, so longer ones come last.
        let mut members: Vec<&(u8, AddrSet, bool)> = set.members.iter().collect();
        members.sort_by_key(|(len, _, matches)| (*len, *matches));
        if members.iter().all(|(_, _, matches)| *matches) {
            let parts: Vec<AddrSet> = members.into_iter().map(|(_, addrs, _)| addrs.clone()).collect();
            return Ok(AddrSet::union_all(&parts));
        }
        Ok(members.into_iter().fold(AddrSet::default(), |held, (_, addrs, matches)| {
            if *matches { held.union(addrs) } else { held.subtract(addrs) }
        }))
    }

    fn known(&mut self, name: &str) -> Result<&mut IpSet, String> {
        self.0.get_mut(name).ok_or_else(|| format!("the set `{name}` is not created before"))
    }

    /// What is in each of two sets is in the other from now on.
    fn swap(&mut self, one: &str, other: &str) -> Result<(), String> {
        self.known(other)?;
        self.known(one)?;
        let (first, second) = (self.0.remove(one), self.0.remove(other));
        self.0.extend(first.map(|set| (other.to_owned(), set)));
        self.0.extend(second.map(|set| (one.to_owned(), set)));
        Ok(())
    }

    fn create(&mut self, name: &str, kind: &str, options: &[&str]) -> Result<(), String> {
        let option = |key: &str| {
            let at = options.iter().position(|option| *option == key)?;
            options.get(at.checked_add(1)?)
        };
        let family = match option("family").copied() {
            None | Some("inet") => Family::V4,
            Some("inet6") => Family::V6,
            Some(other) => return Err(format!("`{other}` is not a family of addresses")),
        };
        let doubt = if !matches!(kind, "hash:ip" | "hash:net" | "bitmap:ip" | "list:set") {
            Some("sets of more than addresses are not modelled")
        } else if option("timeout").is_some() {
            Some("members of the set come and go")
        } else if option("netmask").is_some() || option("bitmask").is_some() {
            Some("sets with a mask of their own are not modelled")
        } else {
            None
        };
        let set = IpSet { kind: kind.to_owned(), family, doubt, members: Vec::new(), lists: Vec::new() };
        if self.0.insert(name.to_owned(), set).is_some() {
            return Err(format!("the set `{name}` is created twice"));
        }
        Ok(())
    }

    fn add(&mut self, name: &str, member: &str, options: &[&str]) -> Result<(), String> {
        let set = self
            .0
            .get_mut(name)
            .ok_or_else(|| format!("the set `{name}` is not created before its members"))?;
        if set.doubt.is_some() {
            return Ok(());
        }
        if set.kind == "list:set" {
            set.lists.push(member.to_owned());
            return Ok(());
        }
        let matches = !options.contains(&"nomatch");
        if member.contains('-') {
            set.members.push((0, addresses::range(member, set.family)?, matches));
            return Ok(());
        }
        let width = if set.family == Family::V4 { 32 } else { 128 };
        let len = member.split_once('/').map_or(Ok(width), |(_, len)| len.parse::<u8>());
        let len = len.map_err(|_| format!("`{member}` is not a block of addresses"))?;
        match addresses::block(member, set.family)? {
            Block::Exact(addrs) => set.members.push((len, addrs, matches)),
            Block::Within(_, _) => return Err(format!("`{member}` is not a block of addresses")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Sets, Vec<Finding>) {
        let mut sets = Sets::default();
        let mut findings = Vec::new();
        sets.read(&Arc::new(Source::new("sets", text)), &mut findings);
        (sets, findings)
    }

    fn of(prefixes: &[&str]) -> AddrSet {
        AddrSet::of(prefixes.iter().map(|prefix| prefix.parse().unwrap()))
    }

    #[test]
    fn the_longest_member_decides() {
        let text = "create a hash:net family inet hashsize 1024 maxelem 65536\nadd a 10.0.0.0/24 nomatch\nadd a 10.0.0.0/8\n\
                    add a 10.0.0.8\n";
        let (sets, findings) = read(text);
        assert_eq!(findings, []);
        let wanted = of(&["10.0.0.0/8"]).subtract(&of(&["10.0.0.0/24"])).union(&of(&["10.0.0.8/32"]));
        let found = sets.members("a", "dst", false, Family::V4).unwrap();
        assert_eq!(found, Membership { dimension: Dimension::Destination, addrs: wanted.clone() });
        assert_eq!(
            sets.members("a", "src", true, Family::V4).unwrap().addrs,
            AddrSet::all_v4().subtract(&wanted)
        );
    }

    #[test]
    fn a_set_that_is_not_known_exactly_says_why() {
        let text = "create t hash:ip family inet timeout 300\nadd t 10.0.0.1 timeout 12\ncreate p hash:ip,port family inet\n\
                    add p 10.0.0.1,tcp:443\ncreate six hash:ip family inet6\ncreate all list:set size 8\nadd all t\n";
        let (mut sets, findings) = read(text);
        assert_eq!(findings, []);
        for (name, flags) in
            [("t", "dst"), ("p", "dst,dst"), ("p", "dst"), ("six", "dst"), ("all", "dst"), ("none", "dst")]
        {
            assert!(sets.members(name, flags, false, Family::V4).is_err(), "{name}");
        }
        assert!(sets.members("six", "dst", false, Family::V6).is_ok());
        sets.changes("six");
        assert!(sets.members("six", "dst", false, Family::V6).is_err());
    }

    #[test]
    fn a_bad_line_is_an_error() {
        for text in ["add a 10.0.0.1\n", "create a hash:ip family inet\nadd a 10.0.0\n", "flush a\n"] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
        assert!(recognizes("create a hash:ip family inet\n") && !recognizes("*filter\nCOMMIT\n"));
    }
}
