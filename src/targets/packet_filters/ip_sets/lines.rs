//! Sets, from the lines of `ipset save` and of files for `ipset restore`.

use super::{IpSet, PORTED, Ported, Sets};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::AddrSet;
use crate::syntax::ipset::words;
use crate::targets::packet_filters::addresses::{self, Block};
use crate::targets::packet_filters::ip_set_member as member;
use crate::targets::packet_filters::region::Family;
use std::sync::Arc;

/// The most bytes of a line.
const LONGEST: usize = 1_022;

impl Sets {
    /// Adds the sets of a file.
    pub(in crate::targets) fn read(&mut self, source: &Arc<Source>, findings: &mut Vec<Finding>) {
        let mut at = 0_usize;
        for line in source.text().split_inclusive('\n') {
            let span = Span::new(at, at.saturating_add(line.trim_end().len()));
            at = at.saturating_add(line.len());
            let mut refuse = |message: String| {
                findings.push(Finding::new(Code::ReadSyntax, message).at(source, span));
            };
            if line.trim_end().len() > LONGEST {
                refuse(format!(
                    "`ipset` reads {LONGEST} bytes of a line and takes the rest for a line of its own"
                ));
                continue;
            }
            if line.trim_start().starts_with('#') {
                continue;
            }
            let Some(words) = words(line) else {
                refuse("a quotation mark is not closed".to_owned());
                continue;
            };
            let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
            let place = || Place { source: Arc::clone(source), span };
            let outcome = match words.as_slice() {
                [] => Ok(()),
                ["create", name, kind, options @ ..] => self.create(name, kind, options, place()),
                ["add", name, member, options @ ..] => self.add(name, member, options, place),
                ["flush", name] => self.known(name).map(|set| {
                    set.members.clear();
                    set.ported.clear();
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
                refuse(message);
            }
        }
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

    fn create(&mut self, name: &str, kind: &str, options: &[&str], place: Place) -> Result<(), String> {
        let option = |key: &str| {
            let at = options.iter().position(|option| *option == key)?;
            options.get(at.checked_add(1)?)
        };
        let family = match option("family").copied() {
            None | Some("inet") => Family::V4,
            Some("inet6") => Family::V6,
            Some(other) => return Err(format!("`{other}` is not a family of addresses")),
        };
        let known =
            matches!(kind, "hash:ip" | "hash:net" | "bitmap:ip" | "list:set") || PORTED.contains(&kind);
        let doubt = if !known {
            Some("sets of more than addresses are not modelled")
        } else if option("timeout").is_some() {
            Some("members of the set come and go")
        } else if option("netmask").is_some() || option("bitmask").is_some() {
            Some("sets with a mask of their own are not modelled")
        } else {
            None
        };
        let set = IpSet {
            kind: kind.to_owned(),
            family,
            doubt,
            members: Vec::new(),
            ported: Vec::new(),
            lists: Vec::new(),
            place,
        };
        if self.0.insert(name.to_owned(), set).is_some() {
            return Err(format!("the set `{name}` is created twice"));
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        member: &str,
        options: &[&str],
        place: impl FnOnce() -> Place,
    ) -> Result<(), String> {
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
        let matches = !is_taken_out(options);
        if PORTED.contains(&set.kind.as_str()) {
            let (addrs, service) = member.rsplit_once(',').ok_or_else(|| {
                format!("`{member}` is not an address with a service, as `192.0.2.1,tcp:443` is")
            })?;
            let (_, addrs) = block(addrs, set.family)?;
            let services = member::services(service)?;
            if matches {
                set.ported.push(Ported { addrs, services, place: place() });
            } else {
                set.doubt = Some("members with services that `nomatch` takes out are not modelled");
            }
            return Ok(());
        }
        let (len, addrs) = block(member, set.family)?;
        set.members.push((len, addrs, matches));
        Ok(())
    }
}

/// Reports whether a member says what is not in the set; a word of its comment does not.
fn is_taken_out(options: &[&str]) -> bool {
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match *option {
            "nomatch" => return true,
            "comment" | "timeout" | "packets" | "bytes" | "skbmark" | "skbprio" | "skbqueue" => {
                options.next();
            }
            _ => {}
        }
    }
    false
}

/// A block or a range of addresses, with the length by which the longest wins.
fn block(text: &str, family: Family) -> Result<(u8, AddrSet), String> {
    if text.contains('-') {
        return Ok((0, addresses::range(text, family)?));
    }
    let width = if family == Family::V4 { 32 } else { 128 };
    let len = text.split_once('/').map_or(Ok(width), |(_, len)| len.parse::<u8>());
    let len = len.map_err(|_| format!("`{text}` is not a block of addresses"))?;
    match addresses::block(text, family)? {
        Block::Exact(addrs) => Ok((len, addrs)),
        Block::Within(_, _) => Err(format!("`{text}` is not a block of addresses")),
    }
}
