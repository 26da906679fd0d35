//! What a match looks at in a packet, and the packets in which it has some values.

use super::names;
use super::pattern::{Interface, Pattern};
use crate::packet::{AddrSet, IntervalSet, PortRange, PortSet, Prefix, Protocol, Set, TransportSet};
use crate::targets::packet_filters::region::{Family, States};
use crate::targets::packet_filters::well_known;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A part of a packet, or of what is known about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// `ip saddr`, `ip6 daddr`: family, and whether it is the source.
    Address(Family, bool),
    /// `meta nfproto`.
    Family,
    /// `meta protocol`, `ether type`.
    EtherType,
    /// `meta l4proto`.
    Protocol,
    /// `ip protocol`.
    ProtocolV4,
    /// `ip6 nexthdr`: the header behind the first, which is that of the protocol only where no extension stands between.
    NextHeader,
    /// `tcp dport`.
    Port(Protocol),
    /// `th dport`.
    AnyPort,
    /// `tcp sport`, of any protocol where it is `th sport`.
    SourcePort(Option<Protocol>),
    /// `icmp type`, `icmpv6 type`.
    IcmpType(Protocol),
    /// `icmp code`, `icmpv6 code`.
    IcmpCode(Protocol),
    /// `ct state`.
    State,
    /// `iifname`, `oif`: whether it is the one that packets come in by.
    Interface(bool),
}

/// One value, or a range of values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// From the first to the last number.
    Range(u128, u128),
    /// The name of an interface.
    Name(String),
}

/// Why a word is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bad {
    /// `nft` would refuse it.
    Wrong(String),
    /// It may be a name that a host knows.
    Unknown,
}

/// States as numbers, in the order of the bits that the kernel has for them.
const STATES: [(&str, u128); 5] =
    [("invalid", 0), ("established", 1), ("related", 2), ("new", 3), ("untracked", 6)];

/// Headers of IPv6 behind which `meta l4proto` looks for the protocol, so that no packet has one of them as its own.
const EXTENSIONS: [u8; 5] = [0, 43, 44, 51, 60];

/// Why the next header is left out.
const NEXT_HEADER: &str = "headers of extension may stand before that of the protocol";
/// Why `th` is left out for protocols without ports.
const NO_PORTS: &str = "other protocols have something else where ports would be";
/// Why a source port is left out.
const SOURCE_PORT: &str = "source ports are not modelled: whoever sends chooses them";
/// Why packets that are not tracked are left out.
const UNTRACKED: &str = "whether packets are tracked depends on rules that are not read";

impl Field {
    /// The greatest number that it can have.
    pub(super) fn greatest(self) -> u128 {
        match self {
            Self::Address(Family::V4, _) => u32::MAX.into(),
            Self::Address(Family::V6, _) => u128::MAX,
            Self::EtherType | Self::Port(_) | Self::AnyPort | Self::SourcePort(_) => u16::MAX.into(),
            Self::State => 6,
            Self::Family
            | Self::Protocol
            | Self::ProtocolV4
            | Self::NextHeader
            | Self::IcmpType(_)
            | Self::IcmpCode(_)
            | Self::Interface(_) => u8::MAX.into(),
        }
    }

    /// What it needs of a packet whatever its value is, if anything.
    pub(super) fn dependency(self) -> Option<Pattern> {
        match self {
            Self::Address(family, _) => Some(Pattern::family(family)),
            Self::ProtocolV4 => Some(Pattern::family(Family::V4)),
            Self::NextHeader => Some(Pattern::family(Family::V6)),
            Self::Port(protocol) | Self::SourcePort(Some(protocol)) => {
                Some(Pattern::of(TransportSet::protocol(protocol)))
            }
            Self::IcmpType(protocol) | Self::IcmpCode(protocol) => {
                Some(of_icmp(Pattern::of(TransportSet::protocol(protocol)), protocol))
            }
            Self::Family
            | Self::EtherType
            | Self::Protocol
            | Self::AnyPort
            | Self::SourcePort(None)
            | Self::State
            | Self::Interface(_) => None,
        }
    }

    /// Reads a value, a range of values, or a block of addresses.
    pub(super) fn value(self, word: &str) -> Result<Value, Bad> {
        if let Self::Interface(_) = self {
            return Ok(Value::Name(word.to_owned()));
        }
        if let Self::Address(family, _) = self {
            return addresses(word, family);
        }
        if let Some(number) = self.number(word)? {
            return Ok(Value::Range(number, number));
        }
        // Names hold the sign of a range too, so every place of it is tried.
        for (at, _) in word.match_indices('-') {
            let (first, last) =
                (word.get(..at).unwrap_or_default(), word.get(at.saturating_add(1)..).unwrap_or_default());
            if let (Some(first), Some(last)) = (self.number(first)?, self.number(last)?) {
                if first > last {
                    return Err(Bad::Wrong(format!("the range `{word}` runs backwards")));
                }
                return Ok(Value::Range(first, last));
            }
        }
        Err(Bad::Unknown)
    }

    /// The number that a word stands for; none when it is no number and no name that is known.
    fn number(self, word: &str) -> Result<Option<u128>, Bad> {
        let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        if !digits {
            let hexadecimal =
                word.strip_prefix("0x").and_then(|digits| u128::from_str_radix(digits, 16).ok());
            let number = hexadecimal.or_else(|| self.named(word));
            return Ok(number.filter(|number| *number <= self.greatest()));
        }
        if word.len() > 1 && word.starts_with('0') {
            return Err(Bad::Wrong(format!("`{word}` begins with 0, so nft reads it as octal")));
        }
        let number = word.parse::<u128>().ok().filter(|number| *number <= self.greatest());
        number.map(Some).ok_or_else(|| Bad::Wrong(format!("`{word}` is more than {}", self.greatest())))
    }

    fn named(self, word: &str) -> Option<u128> {
        match self {
            Self::Family => {
                [("ipv4", 2), ("ipv6", 10)].iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
            }
            Self::EtherType => {
                [("ip", 0x0800), ("ip6", 0x86DD), ("arp", 0x0806), ("vlan", 0x8100), ("8021q", 0x8100)]
                    .iter()
                    .find(|(name, _)| *name == word)
                    .map(|(_, number)| *number)
            }
            Self::Protocol | Self::ProtocolV4 | Self::NextHeader => match word {
                "ip" | "hopopt" => Some(0),
                _ => well_known::protocol(word)
                    .or_else(|| Protocol::parse(word))
                    .map(|protocol| protocol.0.into()),
            },
            Self::Port(_) | Self::AnyPort | Self::SourcePort(_) => well_known::port(word).map(u128::from),
            Self::IcmpType(protocol) => names::icmp_type(protocol, word).map(u128::from),
            Self::IcmpCode(protocol) => names::icmp_code(protocol, word).map(u128::from),
            Self::State => STATES.iter().find(|(name, _)| *name == word).map(|(_, number)| *number),
            Self::Address(..) | Self::Interface(_) => None,
        }
    }

    /// The packets in which it has one of some values, or none of them. `text` is the condition as written.
    pub(super) fn patterns(self, values: &[Value], negated: bool, text: &str) -> Vec<Pattern> {
        let numbers = || IntervalSet::from_ranges(values.iter().filter_map(Value::range));
        let whole = IntervalSet::range(0, &self.greatest());
        let chosen = || if negated { whole.subtract(&numbers()) } else { numbers() };
        match self {
            Self::Interface(is_input) => {
                let mut names: Vec<String> = values.iter().filter_map(Value::name).collect();
                names.sort();
                names.dedup();
                let interface = Interface { is_input, negated, names, text: text.to_owned() };
                vec![Pattern { interfaces: vec![interface], ..Pattern::ALL }]
            }
            Self::Address(family, is_source) => {
                let set = addr_set(family, &chosen());
                let set = if set.is_empty() { return Vec::new() } else { Some(set) };
                let base = Pattern::family(family);
                vec![if is_source {
                    Pattern { source: set, ..base }
                } else {
                    Pattern { destination: set, ..base }
                }]
            }
            Self::Family => of_families(chosen().contains(&2), chosen().contains(&10)),
            Self::EtherType => of_families(chosen().contains(&0x0800), chosen().contains(&0x86DD)),
            Self::Protocol => protocols(&numbers(), negated),
            Self::ProtocolV4 => services(protocol_set(&chosen()), |pattern| Pattern { v6: false, ..pattern }),
            Self::NextHeader => {
                let named = if negated { None } else { Some(protocol_set(&numbers())) };
                let has_extension = EXTENSIONS.iter().any(|header| numbers().contains(&u128::from(*header)));
                let transport = named.filter(|_| !has_extension);
                vec![Pattern { v4: false, transport, ..Pattern::when(text.to_owned(), NEXT_HEADER) }]
            }
            Self::Port(protocol) => {
                services(TransportSet::ports(protocol, &ports(&chosen())), |pattern| pattern)
            }
            Self::AnyPort => any_port(&ports(&chosen()), text),
            Self::SourcePort(protocol) => {
                let transport = protocol.map(TransportSet::protocol);
                if chosen().is_empty() {
                    return Vec::new();
                }
                if chosen() == whole && protocol.is_some() {
                    return vec![Pattern { transport, ..Pattern::ALL }];
                }
                vec![Pattern { transport, ..Pattern::when(text.to_owned(), SOURCE_PORT) }]
            }
            Self::IcmpType(protocol) => {
                let details =
                    chosen().ranges().map(|(first, last)| (first << 8, (last << 8) | 0xFF)).collect();
                services(icmp(protocol, details), |pattern| of_icmp(pattern, protocol))
            }
            Self::IcmpCode(protocol) => {
                let codes: Vec<(u128, u128)> = chosen().ranges().collect();
                let each = (0..=255).flat_map(|kind: u128| {
                    codes.iter().map(move |(first, last)| (kind << 8 | first, kind << 8 | last))
                });
                services(icmp(protocol, each.collect()), |pattern| of_icmp(pattern, protocol))
            }
            Self::State => states(&numbers(), negated, text),
        }
    }
}

impl Value {
    /// The numbers, where it is of numbers.
    pub(super) fn range(&self) -> Option<(u128, u128)> {
        match self {
            Self::Range(first, last) => Some((*first, *last)),
            Self::Name(_) => None,
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Self::Range(..) => None,
            Self::Name(name) => Some(name.clone()),
        }
    }
}

fn addresses(word: &str, family: Family) -> Result<Value, Bad> {
    let address = |text: &str| {
        let ip = text.parse::<IpAddr>().ok().filter(|ip| ip.is_ipv4() == (family == Family::V4));
        ip.ok_or_else(|| {
            if text.contains(':') || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
                Bad::Wrong(format!("`{text}` is not an {} address", family.as_str()))
            } else {
                Bad::Unknown
            }
        })
    };
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    if let Some((first, len)) = word.split_once('/') {
        let plain = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
        let prefix =
            len.parse().ok().filter(|_| plain).and_then(|len| Prefix::containing(address(first).ok()?, len));
        let prefix = prefix.ok_or_else(|| Bad::Wrong(format!("`{word}` is not a block of addresses")))?;
        return Ok(Value::Range(number(prefix.addr()), number(prefix.last())));
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (number(address(first)?), number(address(last)?));
    if first > last {
        return Err(Bad::Wrong(format!("the range `{word}` runs backwards")));
    }
    Ok(Value::Range(first, last))
}

fn addr_set(family: Family, numbers: &IntervalSet<u128>) -> AddrSet {
    AddrSet::from_ranges(numbers.ranges().map(|(first, last)| match family {
        Family::V4 => {
            let v4 = |number| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)));
            (v4(first), v4(last))
        }
        Family::V6 => (IpAddr::V6(Ipv6Addr::from_bits(first)), IpAddr::V6(Ipv6Addr::from_bits(last))),
    }))
}

fn of_families(v4: bool, v6: bool) -> Vec<Pattern> {
    if v4 || v6 { vec![Pattern { v4, v6, ..Pattern::ALL }] } else { Vec::new() }
}

/// A number that was checked against the greatest of its field.
fn small<T: TryFrom<u128>>(number: u128, most: T) -> T {
    T::try_from(number).unwrap_or(most)
}

fn protocol_set(numbers: &IntervalSet<u128>) -> TransportSet {
    let runs = numbers.ranges().map(|(first, last)| {
        TransportSet::protocols(Protocol(small(first, u8::MAX)), Protocol(small(last, u8::MAX)))
    });
    Set::union_all(&runs.collect::<Vec<_>>())
}

fn services(transport: TransportSet, with: impl Fn(Pattern) -> Pattern) -> Vec<Pattern> {
    if transport.is_empty() { Vec::new() } else { vec![with(Pattern::of(transport))] }
}

fn of_icmp(pattern: Pattern, protocol: Protocol) -> Pattern {
    let is_v4 = protocol == Protocol::ICMP;
    Pattern { v4: is_v4, v6: !is_v4, ..pattern }
}

/// The packets of some protocols, in each family as the kernel finds out the protocol there.
fn protocols(numbers: &IntervalSet<u128>, negated: bool) -> Vec<Pattern> {
    let not = |set: TransportSet| if negated { TransportSet::full().subtract(&set) } else { set };
    let all = protocol_set(numbers);
    let unseen: Vec<TransportSet> =
        EXTENSIONS.iter().map(|header| TransportSet::protocol(Protocol(*header))).collect();
    let seen = all.subtract(&Set::union_all(&unseen));
    if seen == all {
        return services(not(all), |pattern| pattern);
    }
    let mut patterns = services(not(all), |pattern| Pattern { v6: false, ..pattern });
    patterns.extend(services(not(seen), |pattern| Pattern { v4: false, ..pattern }));
    patterns
}

fn ports(numbers: &IntervalSet<u128>) -> PortSet {
    PortSet::of(
        numbers
            .ranges()
            .filter_map(|(first, last)| PortRange::new(small(first, u16::MAX), small(last, u16::MAX)).ok()),
    )
}

/// The packets of any protocol that have such a destination port, and of those without ports the ones that may look so.
fn any_port(ports: &PortSet, text: &str) -> Vec<Pattern> {
    let all: Vec<Protocol> = (0..=u8::MAX).map(Protocol).collect();
    let (with, without): (Vec<Protocol>, Vec<Protocol>) =
        all.into_iter().partition(|protocol| protocol.has_ports());
    let with: Vec<TransportSet> =
        with.into_iter().map(|protocol| TransportSet::ports(protocol, ports)).collect();
    let without: Vec<TransportSet> = without.into_iter().map(TransportSet::protocol).collect();
    let mut patterns = services(Set::union_all(&with), |pattern| pattern);
    patterns.push(Pattern {
        transport: Some(Set::union_all(&without)),
        ..Pattern::when(text.to_owned(), NO_PORTS)
    });
    patterns
}

/// The packets of some types and codes, given as numbers of both.
fn icmp(protocol: Protocol, details: Vec<(u128, u128)>) -> TransportSet {
    let start = u32::from(protocol.0) << 16;
    let place = |detail: u128| start | u32::from(small(detail, u16::MAX));
    TransportSet::from_ranges(details.into_iter().map(|(first, last)| (place(first), place(last))))
}

fn states(numbers: &IntervalSet<u128>, negated: bool, text: &str) -> Vec<Pattern> {
    let bits = [States::INVALID, States::RETURN, States::RETURN, States::OPENING.or(States::MIDSTREAM)];
    // Return packets are of two states. One of them alone says no less here: they are no new connections.
    let named = (0..).zip(bits).filter(|(number, _)| numbers.contains(number));
    let named = named.fold(States::NONE, |states, (_, bits)| states.or(bits));
    let untracked = numbers.contains(&6);
    let states = if negated { named.complement() } else { named };
    // Rules take packets as tracked. One that asks for packets which are not may match any.
    if untracked && !negated && States::OPENING.and(states).is_empty() {
        return vec![Pattern::when(text.to_owned(), UNTRACKED)];
    }
    if states.is_empty() { Vec::new() } else { vec![Pattern { states, ..Pattern::ALL }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_names_and_ranges_of_either() {
        let range = |field: Field, word: &str| field.value(word);
        let icmp = Field::IcmpType(Protocol::ICMP);
        assert_eq!(range(Field::AnyPort, "443"), Ok(Value::Range(443, 443)));
        assert_eq!(range(Field::AnyPort, "ssh-1024"), Ok(Value::Range(22, 1024)));
        assert_eq!(range(icmp, "echo-request"), Ok(Value::Range(8, 8)));
        assert_eq!(
            range(Field::IcmpCode(Protocol::ICMP), "host-unreachable-frag-needed"),
            Ok(Value::Range(1, 4))
        );
        assert_eq!(range(Field::Protocol, "ipencap"), Ok(Value::Range(4, 4)));
        assert_eq!(range(Field::Protocol, "ip"), Ok(Value::Range(0, 0)));
        let v4 = Field::Address(Family::V4, false);
        assert_eq!(range(v4, "10.0.0.77/24"), Ok(Value::Range(0x0A00_0000, 0x0A00_00FF)));
        assert_eq!(range(v4, "10.0.0.1-10.0.0.3"), Ok(Value::Range(0x0A00_0001, 0x0A00_0003)));
        for (field, word) in [
            (Field::AnyPort, "70000"),
            (Field::AnyPort, "010"),
            (v4, "10.0.0.300"),
            (v4, "::1"),
            (v4, "10.0.0.0/33"),
        ] {
            assert!(matches!(field.value(word), Err(Bad::Wrong(_))), "{word}");
        }
        assert_eq!(
            (range(v4, "example.com"), range(Field::AnyPort, "gopher2")),
            (Err(Bad::Unknown), Err(Bad::Unknown))
        );
    }

    #[test]
    fn what_has_no_ports_may_look_as_if_it_had() {
        let patterns = Field::AnyPort.patterns(&[Value::Range(53, 53)], false, "th dport 53");
        let tcp = Field::Protocol.patterns(&[Value::Range(6, 6)], false, "");
        let met: Vec<Pattern> = patterns.iter().filter_map(|pattern| pattern.meet(&tcp[0])).collect();
        assert_eq!(met, [Pattern::of(TransportSet::port(Protocol::TCP, PortRange::single(53)))]);
        assert_eq!(patterns.len(), 2);
    }

    #[test]
    fn headers_of_extension_are_the_protocol_of_no_ipv6_packet() {
        let patterns = Field::Protocol.patterns(&[Value::Range(43, 43)], false, "");
        assert_eq!(patterns.len(), 1);
        assert!(patterns[0].v4 && !patterns[0].v6);
    }
}
