//! Rules of Suricata for what is to be passed, and those that drop the rest.

use super::name;
use super::{MAX_RULE, MESSAGE};
use crate::packet::{IcmpMatch, NamePattern, PortRange, PortSet, Protocol, Set, TransportRow, TransportSet};
use crate::policy::Origin;
use crate::syntax::suricata::quote;
use crate::targets::told::places::places;
use crate::targets::told::reason::reason;

/// A rule before it has an id: its head and its options up to there.
pub(super) struct Line {
    pub(super) head: String,
    pub(super) options: String,
    pub(super) message: String,
}

/// The ids of rules that allow; those of the rules that drop come before them.
const FIRST_SID: u32 = 1_000_100;
const LAST_SID: u32 = 1_999_999;
const DROP_SID: u32 = 1_000_001;

/// How much of a rule a list of addresses or ports may take, so that names and messages have room beside it.
const ROOM: usize = 3_000;

/// The message of a rule, and whether anything was left out or replaced.
pub(super) fn message<'a>(origins: impl IntoIterator<Item = &'a Origin>) -> (String, bool) {
    reason(origins, MESSAGE)
}

/// The rules that pass a name at ports of TCP: as TLS, as HTTP, or as both.
///
/// At port 443 nobody speaks HTTP without TLS, and at port 80 nobody speaks TLS; elsewhere either may be spoken.
pub(super) fn of_name(pattern: &NamePattern, ports: &PortSet, message: &str) -> Vec<Line> {
    let Some(said) = name::options(pattern) else { return Vec::new() };
    let only = |port: u16| *ports == PortSet::of([PortRange::single(port)]);
    let ways = [("tls", "tls.sni", !only(80)), ("http", "http.host", !only(443))];
    let mut lines = Vec::new();
    for ports in spelled(ports) {
        for (protocol, buffer, _) in ways.iter().filter(|(_, _, spoken)| *spoken) {
            lines.push(Line {
                head: format!("pass {protocol} any any -> any {ports}"),
                options: format!("{buffer}; {said} flow:to_server,established;"),
                message: message.to_owned(),
            });
        }
    }
    lines
}

/// The rules that pass addresses at services, and the services that no rule can say.
pub(super) fn of_addresses(blocks: &[String], transport: &TransportSet, message: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (protocol, ports, options) in services(transport) {
        for ports in ports {
            for blocks in lists(blocks) {
                lines.push(Line {
                    head: format!("pass {protocol} any any -> {blocks} {ports}"),
                    options: options.clone(),
                    message: message.to_owned(),
                });
            }
        }
    }
    lines
}

/// What rules can say of services by address: all but the ports of protocols that Suricata knows no ports of.
pub(super) fn sayable(transport: &TransportSet) -> TransportSet {
    let said = transport.rows().into_iter().filter(is_said).map(|row| row.services());
    TransportSet::union_all(&said.collect::<Vec<_>>())
}

fn is_said(row: &TransportRow) -> bool {
    match row {
        TransportRow::Ports(protocol, _) => matches!(*protocol, Protocol::TCP | Protocol::UDP),
        TransportRow::Any | TransportRow::Protocols(..) | TransportRow::Icmp(..) => true,
    }
}

/// Protocol, lists of ports and options for each row.
fn services(transport: &TransportSet) -> Vec<(&'static str, Vec<String>, String)> {
    let any = || vec!["any".to_owned()];
    let mut all = Vec::new();
    for row in transport.rows() {
        match row {
            TransportRow::Any => all.push(("ip", any(), String::new())),
            TransportRow::Protocols(first, last) => {
                for protocol in first.0..=last.0 {
                    all.push(("ip", any(), format!("ip_proto:{protocol};")));
                }
            }
            TransportRow::Ports(protocol, ranges) if protocol == Protocol::TCP => {
                all.push(("tcp", spelled(&PortSet::of(ranges)), "flow:to_server;".to_owned()));
            }
            TransportRow::Ports(protocol, ranges) if protocol == Protocol::UDP => {
                all.push(("udp", spelled(&PortSet::of(ranges)), String::new()));
            }
            TransportRow::Ports(..) => {}
            // The family of the addresses says which of the two ICMPs is meant.
            TransportRow::Icmp(_, types) => all.extend(types.into_iter().map(|IcmpMatch { kind, code }| {
                let code = code.map(|code| format!(" icode:{code};")).unwrap_or_default();
                ("icmp", any(), format!("itype:{kind};{code}"))
            })),
        }
    }
    all
}

/// Ports as one list or several.
fn spelled(ports: &PortSet) -> Vec<String> {
    if ports.is_full() {
        return vec!["any".to_owned()];
    }
    let range = |range: PortRange| {
        if range.first() == range.last() {
            range.first().to_string()
        } else {
            format!("{}:{}", range.first(), range.last())
        }
    };
    lists(&ports.port_ranges().map(range).collect::<Vec<_>>())
}

/// Items as lists that each leave room in a rule; a single item stands for itself.
fn lists(items: &[String]) -> Vec<String> {
    let mut lists: Vec<Vec<&str>> = Vec::new();
    let mut room = 0;
    for item in items {
        if item.len() + 1 > room || lists.is_empty() {
            lists.push(Vec::new());
            room = ROOM;
        }
        room = room.saturating_sub(item.len() + 1);
        lists.last_mut().into_iter().for_each(|list| list.push(item));
    }
    let text = |list: Vec<&str>| match list.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(",")),
    };
    lists.into_iter().map(text).collect()
}

/// The rules as text, in the order of their ids, and those that drop the rest behind them. None when there are more than ids.
pub(super) fn text(lines: &[Line]) -> Option<Vec<String>> {
    let keys: Vec<String> = lines.iter().map(|line| format!("{} {}", line.head, line.options)).collect();
    let sids = places(&keys.iter().map(String::as_str).collect::<Vec<_>>(), FIRST_SID, LAST_SID)?;
    let mut rules: Vec<(u32, String)> =
        lines.iter().zip(sids).map(|(line, sid)| (sid, rule(line, sid))).collect();
    rules.sort();
    let drops = [
        ("drop tcp any any -> any any", "flow:to_server,established;"),
        ("drop ip any any -> any any", "ip_proto:!6;"),
    ];
    let closing = drops.into_iter().zip(DROP_SID..).map(|((head, options), sid)| {
        let message = "not allowed".to_owned();
        rule(&Line { head: head.to_owned(), options: options.to_owned(), message }, sid)
    });
    Some(rules.into_iter().map(|(_, rule)| rule).chain(closing).collect())
}

fn rule(line: &Line, sid: u32) -> String {
    let options = if line.options.is_empty() { String::new() } else { format!("{} ", line.options) };
    format!("{} ({options}msg:{}; sid:{sid}; rev:1;)", line.head, quote(&line.message))
}

/// The longest rule, where it is too long.
pub(super) fn too_long(rules: &[String]) -> Option<usize> {
    rules.iter().map(String::len).max().filter(|longest| *longest > MAX_RULE.max)
}
