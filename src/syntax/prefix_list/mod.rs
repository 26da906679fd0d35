//! Lists of prefixes: a block, a range or an address on each line, as feeds publish them.
//!
//! A list is read in pieces by [`Reader`], which is fast and says only that something is wrong; [`parse`] has the whole
//! text and says what and where. [`Writer`] prints blocks.

mod plain;
mod write;

pub use write::Writer;

use crate::diag::{Code, Finding, Source, Span, concealed};
use crate::packet::{Prefix, PrefixError, Ranges};
use std::net::IpAddr;
use std::sync::Arc;

/// How many wrong lines are named one by one.
const MOST_NAMED: usize = 20;

/// What was read of a list, in pieces.
#[derive(Debug, Default)]
pub struct Reader {
    ranges: Ranges,
    /// Whether the list has begun: only its first bytes may be a byte order mark.
    has_begun: bool,
}

/// A line is no entry. [`parse`] tells which, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoEntry;

impl Reader {
    /// Takes the next piece of a list and says how many of its bytes are done with; the others are the beginning of a
    /// line, to be given again with what follows. With `is_last` all are done with.
    pub fn feed(&mut self, piece: &[u8], is_last: bool) -> Result<usize, NoEntry> {
        let mut rest = piece;
        loop {
            while let Some((first, last, taken)) = rest.first_chunk().and_then(plain::v4) {
                self.ranges.push_v4(first, last);
                rest = rest.get(taken..).unwrap_or_default();
                self.has_begun = true;
            }
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                None if is_last && !rest.is_empty() => rest.len(),
                None => return Ok(piece.len().saturating_sub(rest.len())),
            };
            let (line, after) = rest.split_at_checked(end).unwrap_or_default();
            self.line(line)?;
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// Takes a line that is not a plain IPv4 block.
    fn line(&mut self, line: &[u8]) -> Result<(), NoEntry> {
        if let Some((first, last)) = plain::v6(line) {
            self.ranges.push_v6(first, last);
        } else {
            let line = str::from_utf8(line).map_err(|_| NoEntry)?;
            let text = entry(line, !self.has_begun);
            match range(text) {
                _ if text.is_empty() => {}
                Ok((IpAddr::V4(first), IpAddr::V4(last))) => {
                    self.ranges.push_v4(first.to_bits(), last.to_bits());
                }
                Ok((IpAddr::V6(first), IpAddr::V6(last))) => {
                    self.ranges.push_v6(first.to_bits(), last.to_bits());
                }
                Ok(_) | Err(_) => return Err(NoEntry),
            }
        }
        self.has_begun = true;
        Ok(())
    }

    /// The ranges of all pieces.
    pub fn finish(self) -> Ranges {
        self.ranges
    }
}

/// What a line says without its comment. A comment begins with `#` or `;`, on a line of its own or behind an entry.
fn entry(line: &str, is_first: bool) -> &str {
    let entry = line.split(['#', ';']).next().unwrap_or_default();
    entry.strip_prefix('\u{FEFF}').filter(|_| is_first).unwrap_or(entry).trim()
}

/// The ranges of a list. Every line that is no entry is an error: what it was meant to add is not known.
pub fn parse(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Ranges {
    let mut ranges = Ranges::default();
    let (mut at, mut wrong) = (0_usize, 0_usize);
    for line in source.text().split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let text = entry(line, start == 0);
        if text.is_empty() {
            continue;
        }
        match range(text) {
            Ok((IpAddr::V4(first), IpAddr::V4(last))) => ranges.push_v4(first.to_bits(), last.to_bits()),
            Ok((IpAddr::V6(first), IpAddr::V6(last))) => ranges.push_v6(first.to_bits(), last.to_bits()),
            Ok((first, last)) => {
                wrong = wrong.saturating_add(1);
                let message = format!("`{first}` and `{last}` are of different families");
                name(source, start, line, text, wrong, Finding::new(Code::ReadSyntax, message), findings);
            }
            Err(finding) => {
                wrong = wrong.saturating_add(1);
                name(source, start, line, text, wrong, finding, findings);
            }
        }
    }
    if wrong > MOST_NAMED {
        let more = wrong.saturating_sub(MOST_NAMED);
        let message = format!("{more} more lines of `{}` are no entries", source.name());
        findings.push(Finding::new(Code::ReadSyntax, message));
    }
    ranges
}

/// Adds a finding about the entry of a line, unless there were many.
fn name(
    source: &Arc<Source>,
    start: usize,
    line: &str,
    text: &str,
    wrong: usize,
    finding: Finding,
    findings: &mut Vec<Finding>,
) {
    if wrong <= MOST_NAMED {
        let start = start.saturating_add(line.find(text).unwrap_or_default());
        let span = Span::new(start, start.saturating_add(text.len()));
        // Such a line is of another kind of file, which may hold secrets.
        let is_number = text.chars().all(|char| char.is_ascii_hexdigit() || " \t.:/-".contains(char));
        let is_name = text.contains(['.', ':']) && !text.contains(['=', '{', '}', '"', '\'', ' ', '\t']);
        let is_foreign = !is_number && !is_name;
        if is_foreign {
            let finding =
                Finding { message: "the line is neither an address nor a block".to_owned(), ..finding };
            findings.push(finding.at(&concealed(source), span));
        } else {
            findings.push(finding.at(source, span));
        }
    }
}

/// A range `FIRST-LAST`, a block or an address.
fn range(text: &str) -> Result<(IpAddr, IpAddr), Finding> {
    let wrong = |message: String| Finding::new(Code::ReadSyntax, message);
    if let Some((first, last)) = text.split_once('-') {
        let end = |text: &str| {
            text.trim()
                .parse::<IpAddr>()
                .map_err(|_| wrong(format!("`{}` is not an IP address", text.trim())))
        };
        let (first, last) = (end(first)?, end(last)?);
        let is_backwards = first.is_ipv4() == last.is_ipv4() && first > last;
        return if is_backwards {
            Err(wrong(format!("the range `{text}` runs backwards")))
        } else {
            Ok((first, last))
        };
    }
    let prefix: Prefix = text.parse().map_err(|error: PrefixError| {
        let finding = wrong(error.to_string());
        match error {
            PrefixError::HostBits { network, .. } => {
                finding.help(format!("write `{network}` for the network, or the address alone for the host"))
            }
            PrefixError::Address(_) | PrefixError::Length { .. } => finding
                .help("each line is `192.0.2.0/24`, `192.0.2.1`, `192.0.2.1-192.0.2.9` or the like in IPv6"),
        }
    })?;
    Ok((prefix.addr(), prefix.last()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::AddrSet;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let mut findings = Vec::new();
        let set = AddrSet::from(parse(&Arc::new(Source::new("list", text)), &mut findings).join());
        let prefixes = set.prefixes().iter().map(ToString::to_string).collect();
        (prefixes, findings.into_iter().map(|finding| finding.message).collect())
    }

    #[test]
    fn blocks_ranges_addresses_and_comments_are_read() {
        let text = "\u{FEFF}# a feed\n10.0.0.0/9\n10.128.0.0/9 ; the other half\n\n192.0.2.1\r\n192.0.2.2 - 192.0.2.3\n2001:db8::/33\n\
                    2001:db8:8000::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff # a range\n0.0.0.0/32";
        let expected = ["0.0.0.0/32", "10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/31", "2001:db8::/32"];
        assert_eq!(read(text), (expected.map(str::to_owned).to_vec(), vec![]));
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        for (line, said) in [
            ("10.0.0.1/8", "host bits"),
            ("10.0.0.0/33", "prefix length"),
            ("10.0.0.0/08", "prefix length"),
            ("010.0.0.0/8", "not an IP address"),
            ("10.0.0/8", "not an IP address"),
            ("10.0.0.256", "not an IP address"),
            ("10.0.0.0/", "prefix length"),
            ("10.0.0.9-10.0.0.1", "runs backwards"),
            ("10.0.0.1-::1", "different families"),
            ("10.0.0.1 10.0.0.2", "not an IP address"),
            ("example.com", "not an IP address"),
        ] {
            let (prefixes, messages) = read(line);
            assert!(
                prefixes.is_empty() && messages.len() == 1 && messages[0].contains(said),
                "{line}: {messages:?}"
            );
        }
        assert_eq!(read(&"x\n".repeat(1_000)).1.len(), MOST_NAMED + 1);
    }

    /// What the reader in pieces says of a text, each piece as long as these lengths say, over and over.
    fn in_pieces(text: &[u8], lengths: &[usize]) -> Result<AddrSet, NoEntry> {
        let (mut reader, mut left, mut at) = (Reader::default(), Vec::new(), 0);
        for length in lengths.iter().cycle() {
            let end = text.len().min(at + length);
            left.extend_from_slice(&text[at..end]);
            at = end;
            let taken = reader.feed(&left, at == text.len())?;
            left.drain(..taken);
            if at == text.len() {
                assert_eq!(left, b"");
                return Ok(AddrSet::from(reader.finish().join()));
            }
        }
        unreachable!("a text ends")
    }

    proptest! {
        #[test]
        fn a_list_means_the_same_in_pieces_of_any_length(
            lines in prop::collection::vec(prop::sample::select(vec![
                "10.0.0.0/8", "192.0.2.1", "198.51.100.7/32 ; why", "192.0.2.2 - 192.0.2.9\r", "", "# 10.0.0.0/9", "2001:db8::/33",
                " 2001:db8:8000::1", "::ffff:1.2.3.4", "203.0.113.0/30", "255.255.255.255/32", "10.0.0.1/8", "nonsense",
            ]), 0..40),
            mark: bool, ends: bool, lengths in prop::collection::vec(1_usize..60, 1..9),
        ) {
            let mut text = lines.join("\n");
            text.insert_str(0, if mark { "\u{FEFF}" } else { "" });
            text.push_str(if ends { "\n" } else { "" });
            let mut findings = Vec::new();
            let whole = parse(&Arc::new(Source::new("list", text.clone())), &mut findings);
            let expected = if findings.is_empty() { Ok(AddrSet::from(whole.join())) } else { Err(NoEntry) };
            prop_assert_eq!(in_pieces(text.as_bytes(), &lengths), expected);
        }
    }

    #[test]
    fn other_bytes_than_text_are_no_entry() {
        assert_eq!(in_pieces(b"10.0.0.0/8\n\xff\n", &[99]), Err(NoEntry));
        assert!(in_pieces(b"10.0.0.0/8\n", &[3]).is_ok());
    }
}
