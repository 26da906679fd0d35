//! Lines that differ from one read before in nothing but an address and a comment.
//!
//! A dump of a hundred thousand rules has some tens of forms: the same words around another address. What the words
//! say was found out when the form was first met, word by word; for the lines that follow only the address is read.

use super::spec::{End, Spec};
use crate::packet::{AddrSet, Prefix, fingerprint};
use crate::syntax::text::find as find_byte;
use crate::targets::packet_filters::addresses;
use crate::targets::packet_filters::region::Family;
use std::collections::BTreeMap;

/// How many forms are kept.
const MOST_FORMS: usize = 4_096;
/// How many lines in a row may have a form of their own before no more forms are kept: such a file has none.
const MOST_MISSES: usize = 512;

/// The forms that were met.
#[derive(Debug, Default)]
pub(super) struct Forms {
    known: BTreeMap<u64, Form>,
    misses: usize,
}

/// What lines of one form say.
#[derive(Debug)]
struct Form {
    key: (End, [String; 3]),
    chain: usize,
    /// The rule without its address, as the number of a spec.
    spec: usize,
}

/// A line that appends a rule, and the places where it may differ from others of its form.
// INVARIANT: the parts hold no quotation mark, and no part ends within a word but before the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    /// What stands before, between and behind the address and the comment, whichever is first.
    parts: [&'a str; 3],
    /// The address.
    address: &'a str,
    /// Which end the address is of.
    end: End,
}

impl<'a> Shape<'a> {
    /// The shape of a line; nothing where it is not a plain one.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        if !line.starts_with("-A ") {
            return None;
        }
        let (head, tail) = match find_byte(line.as_bytes(), b'"') {
            None => (line, ""),
            Some(quote) => {
                let (head, rest) = (line.get(..quote)?, line.get(quote.checked_add(1)?..)?);
                let (comment, tail) = rest.split_once('"')?;
                let is_plain = head.ends_with(" --comment ") && !comment.contains('\\');
                let is_whole = tail.is_empty() || tail.starts_with(' ');
                (is_plain && is_whole && !tail.contains('"')).then_some((head, tail))?
            }
        };
        let find = |option: [u8; 4]| {
            let in_head = cut(head, option).map(|(before, address, after)| ([before, after, tail], address));
            in_head.or_else(|| {
                cut(tail, option).map(|(before, address, after)| ([head, before, after], address))
            })
        };
        let (found, end) = match find(*b" -d ") {
            Some(found) => (found, End::Destination),
            None => (find(*b" -s ")?, End::Source),
        };
        Some(Self { parts: found.0, address: found.1, end })
    }

    /// The line without the address and its option, and with an empty comment.
    pub(super) fn without_address(&self) -> String {
        let option = match self.end {
            End::Source => " -s ",
            End::Destination => " -d ",
        };
        let [first, second, third] = self.parts.map(|part| part.strip_suffix(option).unwrap_or(part));
        if first.ends_with(" --comment ") {
            format!("{first}\"\"{second}{third}")
        } else if second.ends_with(" --comment ") {
            format!("{first}{second}\"\"{third}")
        } else {
            format!("{first}{second}{third}")
        }
    }

    /// The address, where it is a plain block.
    fn block(&self, family: Family) -> Option<Prefix> {
        addresses::plain(self.address, family)
    }
}

/// A text around the value of an option.
fn cut(text: &str, option: [u8; 4]) -> Option<(&str, &str, &str)> {
    let at = text.as_bytes().windows(option.len()).position(|window| window == option)?;
    let is_negated = text.get(..at)?.ends_with('!');
    let (before, rest) = text.split_at_checked(at.checked_add(option.len())?)?;
    let end = rest.bytes().position(|byte| byte == b' ').unwrap_or(rest.len());
    let (address, after) = rest.split_at_checked(end)?;
    (!is_negated && address.starts_with(|char: char| char.is_ascii_hexdigit()))
        .then_some((before, address, after))
}

impl Forms {
    /// The chain, the spec and the address of a line whose form is known.
    pub(super) fn read(
        &mut self,
        shape: &Shape<'_>,
        family: Family,
    ) -> Option<(usize, usize, (End, Prefix))> {
        let form = self.known.get(&fingerprint(&(shape.end, shape.parts)))?;
        if form.key.0 != shape.end || form.key.1 != shape.parts {
            return None;
        }
        let block = shape.block(family)?;
        self.misses = 0;
        Some((form.chain, form.spec, (shape.end, block)))
    }

    /// Reports whether forms are still looked for.
    pub(super) fn are_wanted(&self) -> bool {
        self.misses < MOST_MISSES && self.known.len() < MOST_FORMS
    }

    /// Reports whether lines of a form can be read by it: `read` is what this line says, and `bare` what it would without
    /// its address.
    pub(super) fn fits(&mut self, shape: &Shape<'_>, family: Family, read: &Spec, bare: &Spec) -> bool {
        self.misses = self.misses.saturating_add(1);
        let Some(block) = shape.block(family) else { return false };
        // What has a place of its own in the line, or was joined with the address, is read each time.
        let has_places = !read.conditions.is_empty() || read.input.is_some() || read.output.is_some();
        let mut whole = Spec { span: read.span, ..bare.clone() };
        let slot = whole.end(shape.end).replace(AddrSet::block(block));
        !has_places && read.changes.is_none() && slot.is_none() && whole == *read
    }

    /// Remembers what lines of a form say.
    pub(super) fn learn(&mut self, shape: &Shape<'_>, chain: usize, spec: usize) {
        let key = (shape.end, shape.parts.map(str::to_owned));
        self.known.insert(fingerprint(&(shape.end, shape.parts)), Form { key, chain, spec });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_leaves_out_the_address_and_the_comment() {
        let line = "-A OUTPUT -d 192.0.2.1/32 -p tcp -m comment --comment \"a -d 1.2.3.4 b\" -j ACCEPT";
        let shape = Shape::of(line).expect("a plain line");
        assert_eq!((shape.address, shape.end), ("192.0.2.1/32", End::Destination));
        assert_eq!(shape.without_address(), "-A OUTPUT -p tcp -m comment --comment \"\" -j ACCEPT");
        let behind =
            Shape::of("-A IN -m comment --comment \"x\" -s 10.0.0.0/8 -j DROP").expect("a plain line");
        assert_eq!((behind.address, behind.end), ("10.0.0.0/8", End::Source));
        assert_eq!(behind.without_address(), "-A IN -m comment --comment \"\" -j DROP");
    }

    #[test]
    fn what_is_not_plain_has_no_shape() {
        for line in [
            "-A OUTPUT ! -d 192.0.2.1 -j ACCEPT",
            "-A OUTPUT -j ACCEPT",
            "-P OUTPUT DROP -d 192.0.2.1",
            "-A OUTPUT -d 192.0.2.1 -m comment --comment \"a \\\" b\" -j ACCEPT",
            "-A OUTPUT -d 192.0.2.1 -j LOG --log-prefix \"x\"",
            "-A OUTPUT -d 192.0.2.1 -m comment --comment \"a\"b -j ACCEPT",
            "-A OUTPUT -d 192.0.2.1 -m comment --comment \"a",
        ] {
            assert_eq!(Shape::of(line), None, "{line}");
        }
    }
}
