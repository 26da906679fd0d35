//! Lists of prefixes: a block, a range or an address on each line, as feeds publish them.

use crate::diag::{Code, Finding, Source, Span, concealed};
use crate::packet::{AddrSet, IntervalSet, Prefix, PrefixError};
use std::net::IpAddr;
use std::sync::Arc;

/// How many wrong lines are named one by one.
const MOST_NAMED: usize = 20;

/// The addresses of a list. A comment begins with `#` or `;`, on a line of its own or behind an entry. Every line that
/// is nothing of this is an error: what it was meant to add is not known.
pub fn parse(source: &Arc<Source>, findings: &mut Vec<Finding>) -> AddrSet {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    let (mut at, mut wrong) = (0_usize, 0_usize);
    for line in source.text().split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        if let Some(block) = plain(line.strip_suffix('\n').unwrap_or(line).as_bytes()) {
            v4.push(block);
            continue;
        }
        let entry = line.split(['#', ';']).next().unwrap_or_default();
        let entry = entry.strip_prefix('\u{FEFF}').filter(|_| start == 0).unwrap_or(entry);
        let text = entry.trim();
        if text.is_empty() {
            continue;
        }
        match range(text) {
            Ok((IpAddr::V4(first), IpAddr::V4(last))) => v4.push((first.to_bits(), last.to_bits())),
            Ok((IpAddr::V6(first), IpAddr::V6(last))) => v6.push((first.to_bits(), last.to_bits())),
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
    AddrSet { v4: IntervalSet::from_ranges(v4), v6: IntervalSet::from_ranges(v6) }
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

/// The range of a line that is an IPv4 block or address and nothing else, byte by byte: most lines are. Anything else,
/// and anything doubtful, is left to the reader that can say what is wrong.
fn plain(line: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = line.iter().copied();
    let (mut addr, mut number, mut digits, mut octets) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut end = None;
    for byte in bytes.by_ref() {
        match byte {
            b'0'..=b'9' if digits < 3 && (digits == 0 || number > 0) => {
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' | b'/' if digits > 0 && number < 256 && octets < 4 => {
                addr = (addr << 8) | number;
                (number, digits, octets) = (0, 0, octets + 1);
                if byte == b'/' {
                    end = Some(());
                    break;
                }
            }
            _ => return None,
        }
    }
    if end.is_none() {
        let whole = octets == 3 && digits > 0 && number < 256;
        let addr = (addr << 8) | number;
        return whole.then_some((addr, addr));
    }
    let mut len = 0_u32;
    let mut digits = 0_u32;
    for byte in bytes {
        let is_digit = byte.is_ascii_digit() && digits < 2 && (digits == 0 || len > 0);
        if !is_digit {
            return None;
        }
        len = len * 10 + u32::from(byte - b'0');
        digits += 1;
    }
    let host = u32::MAX.checked_shr(len).unwrap_or(0);
    let is_block = octets == 4 && digits > 0 && len <= 32 && addr & host == 0;
    is_block.then_some((addr, addr | host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let mut findings = Vec::new();
        let set = parse(&Arc::new(Source::new("list", text)), &mut findings);
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

    #[test]
    fn the_fast_reader_agrees_with_the_exact_one() {
        for text in [
            "0.0.0.0/0",
            "255.255.255.255",
            "1.2.3.4/32",
            "1.2.3.4/31",
            "1.2.3.4/030",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "999.1.1.1",
            "1.2.3.4/",
            "1.2.3.4/1/2",
            "/8",
            "",
            ".",
            "1.2.3.4/3x",
            "256.0.0.0/8",
            "1.2.3.0/24",
        ] {
            let exact = range(text).ok().and_then(|(first, last)| match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => Some((first.to_bits(), last.to_bits())),
                _ => None,
            });
            assert_eq!(plain(text.as_bytes()), exact, "{text}");
        }
    }
}
