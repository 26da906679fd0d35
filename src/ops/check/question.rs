//! The question that is asked: a host or an address, a port, a protocol.

use crate::packet::{
    AddrSet, Hostname, IcmpMatch, NamePattern, NameSet, PathPrefix, PeerSet, PortRange, PortSet, Prefix,
    Protocol, TransportSet,
};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Who is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A host, and a path on it where one is named.
    Host(Hostname, Option<PathPrefix>),
    /// An address.
    Addr(IpAddr),
}

/// `HOST|IP[:PORT][/PROTOCOL]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The far end.
    pub whom: Whom,
    /// The ports; `None` when all are meant, or the protocol has none.
    pub ports: Option<PortRange>,
    /// The protocol.
    pub protocol: Protocol,
    /// An ICMP type and code, where one is named.
    pub icmp: Option<IcmpMatch>,
}

impl Question {
    /// The peer as a set.
    pub fn peers(&self) -> PeerSet {
        match &self.whom {
            Whom::Addr(addr) => PeerSet::from(AddrSet::of([Prefix::host(*addr)])),
            Whom::Host(host, None) => PeerSet::from(NameSet::of(&[NamePattern::Host(host.clone())])),
            Whom::Host(host, Some(path)) => {
                PeerSet::from(NameSet::of(&[NamePattern::Path(host.clone(), path.clone())]))
            }
        }
    }

    /// The services as a set.
    pub fn transport(&self) -> TransportSet {
        match (self.icmp, self.ports) {
            (Some(icmp), _) => TransportSet::icmp(self.protocol, icmp),
            (None, Some(ports)) => TransportSet::ports(self.protocol, &PortSet::of([ports])),
            (None, None) => TransportSet::protocol(self.protocol),
        }
    }
}

impl FromStr for Question {
    type Err = String;

    /// Parses `api.example.com:443`, `192.0.2.1:53/udp`, `[2001:db8::1]:443`, `192.0.2.1/icmp`, `h:443/tcp/path/`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, rest)) = text.split_once("://") {
            return Err(format!(
                "`{text}` is a URL; ask about its host and port, such as `{}:443`",
                host_of(rest)
            ));
        }
        let (end, rest) = text.split_once('/').map_or((text, None), |(end, rest)| (end, Some(rest)));
        let (whom, port) = split_port(end)?;
        let (protocol, path) = match rest {
            None => (None, None),
            Some(rest) => protocol_and_path(rest)?,
        };
        let protocol = protocol.unwrap_or("tcp");
        let (name, icmp) =
            protocol.split_once(':').map_or((protocol, None), |(name, icmp)| (name, Some(icmp)));
        let protocol = Protocol::parse(name)
            .ok_or_else(|| format!("`{name}` is no protocol: tcp, udp, sctp, icmp, icmpv6 or a number"))?;
        let whom = parse_whom(whom, path)?;
        // `192.0.2.0/24` asks about protocol 24 to the letter, and about a block to everybody who writes it.
        let a_length = name.parse::<u8>().is_ok_and(|number| number <= 32);
        if let (Whom::Addr(IpAddr::V4(addr)), None, true) = (&whom, port, a_length) {
            return Err(format!(
                "`{addr}/{name}` is a block; ask about one address, the protocol by its name"
            ));
        }
        let ports = port.map(str::parse::<PortRange>).transpose().map_err(|error| error.to_string())?;
        if ports.is_some() && !protocol.has_ports() {
            return Err(format!("{protocol} has no ports, ask `{}/{protocol}`", shown(&whom)));
        }
        let icmp = icmp.map(|icmp| parse_icmp(icmp, protocol)).transpose()?;
        if let (Whom::Addr(addr), true) = (&whom, protocol.has_icmp_types())
            && addr.is_ipv4() != (protocol == Protocol::ICMP)
        {
            let right = if addr.is_ipv4() { "icmp" } else { "icmpv6" };
            return Err(format!("{protocol} is not what `{addr}` speaks, ask `{}/{right}`", shown(&whom)));
        }
        Ok(Self { whom, ports, protocol, icmp })
    }
}

fn host_of(rest: &str) -> &str {
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// The end and what follows its last colon; an IPv6 address with a port needs brackets.
fn split_port(end: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = end.strip_prefix('[') {
        let (addr, after) =
            rest.split_once(']').ok_or_else(|| format!("`{end}` opens a bracket and does not close it"))?;
        addr.parse::<Ipv6Addr>()
            .map_err(|_| format!("`{addr}` is no IPv6 address, only those stand in brackets"))?;
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((addr, None)),
            Some(port) => Ok((addr, Some(port))),
            None => Err(format!("`{after}` behind the brackets is no port, write `[{addr}]:443`")),
        };
    }
    if end.parse::<Ipv6Addr>().is_ok() {
        // `2001:db8::1:443` is an address of its own, so nobody can tell whether a port is meant.
        return Err(format!("write the IPv6 address in brackets: `[{end}]`, with its port `[{end}]:443`"));
    }
    Ok(end.rsplit_once(':').map_or((end, None), |(end, port)| (end, Some(port))))
}

/// A protocol, a path, or a protocol and a path. A path is told from a protocol by not being one.
fn protocol_and_path(rest: &str) -> Result<(Option<&str>, Option<String>), String> {
    let (first, more) = rest.split_once('/').map_or((rest, None), |(first, more)| (first, Some(more)));
    let name = first.split_once(':').map_or(first, |(name, _)| name);
    match (Protocol::parse(name), more) {
        (Some(_), None) => Ok((Some(first), None)),
        (Some(_), Some(path)) => Ok((Some(first), Some(format!("/{path}")))),
        (None, Some(_)) => Ok((None, Some(format!("/{rest}")))),
        (None, None) => Err(format!(
            "`{first}` is no protocol; a path follows the protocol, as in `HOST:443/tcp/{first}`"
        )),
    }
}

fn parse_whom(text: &str, path: Option<String>) -> Result<Whom, String> {
    match (text.parse::<IpAddr>(), path) {
        (Ok(addr), None) => Ok(Whom::Addr(addr)),
        (Ok(addr), Some(path)) => Err(format!("`{addr}` is an address and has no path `{path}`")),
        (Err(_), path) => {
            let host = text.parse::<Hostname>().map_err(|error| error.to_string())?;
            let path =
                path.map(|path| path.parse::<PathPrefix>()).transpose().map_err(|error| error.to_string())?;
            Ok(Whom::Host(host, path.filter(|path| path.as_str() != "/")))
        }
    }
}

/// `8` or `3.1`: an ICMP type, and a code.
fn parse_icmp(text: &str, protocol: Protocol) -> Result<IcmpMatch, String> {
    if !protocol.has_icmp_types() {
        return Err(format!(
            "{protocol} has no types, a port stands before the slash: `HOST:PORT/{protocol}`"
        ));
    }
    let number = |digits: &str| {
        let plain = digits == "0" || digits.starts_with(|char: char| matches!(char, '1'..='9'));
        let parsed = if plain { digits.parse::<u8>().ok() } else { None };
        parsed.ok_or_else(|| format!("`{text}` is no ICMP type such as `8`, or type and code such as `3.1`"))
    };
    let (kind, code) = text.split_once('.').map_or((text, None), |(kind, code)| (kind, Some(code)));
    Ok(IcmpMatch { kind: number(kind)?, code: code.map(number).transpose()? })
}

fn shown(whom: &Whom) -> String {
    match whom {
        Whom::Addr(IpAddr::V6(addr)) => format!("[{addr}]"),
        Whom::Addr(IpAddr::V4(addr)) => addr.to_string(),
        Whom::Host(host, _) => host.to_string(),
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.whom))?;
        if let Some(ports) = self.ports {
            write!(f, ":{ports}")?;
        }
        write!(f, "/{}", self.protocol)?;
        if let Some(icmp) = self.icmp {
            write!(f, ":{}", icmp.kind)?;
            if let Some(code) = icmp.code {
                write!(f, ".{code}")?;
            }
        }
        if let Whom::Host(_, Some(path)) = &self.whom {
            f.write_str(path.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_reads_back_as_it_is_written() {
        for (text, canonical) in [
            ("api.example.com", "api.example.com/tcp"),
            ("API.example.com.:443", "api.example.com:443/tcp"),
            ("192.0.2.1:53/udp", "192.0.2.1:53/udp"),
            ("192.0.2.1/icmp", "192.0.2.1/icmp"),
            ("192.0.2.1/icmp:8", "192.0.2.1/icmp:8"),
            ("192.0.2.1/icmp:3.1", "192.0.2.1/icmp:3.1"),
            ("192.0.2.1/47", "192.0.2.1/gre"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443/tcp"),
            ("[2001:db8::1]/58", "[2001:db8::1]/icmpv6"),
            ("h.example:8000-8100/sctp", "h.example:8000-8100/sctp"),
            ("h.example:443/tcp/a/b/", "h.example:443/tcp/a/b/"),
            ("h.example:443/a/b/", "h.example:443/tcp/a/b/"),
            ("h.example:443/tcp/", "h.example:443/tcp"),
        ] {
            let question: Question = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(question.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(question), "{canonical}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        for (text, says) in [
            ("", "host name"),
            (":443", "host name"),
            ("*.example.com", "wildcard"),
            ("https://example.com/x", "`example.com:443`"),
            ("2001:db8::1", "brackets"),
            ("2001:db8::1:443", "brackets"),
            ("[2001:db8::1]443", "behind the brackets"),
            ("[2001:db8::1", "does not close"),
            ("[192.0.2.1]:443", "no IPv6 address"),
            ("192.0.2.1:70000", "70000"),
            ("192.0.2.1:0443", "0443"),
            ("192.0.2.1:", "not a port"),
            ("192.0.2.1:443-80", "backwards"),
            ("192.0.2.1:443/icmp", "no ports"),
            ("192.0.2.1/icmpv6", "icmp"),
            ("192.0.2.1/icmp:300", "ICMP type"),
            ("192.0.2.1/tcp:8", "no types"),
            ("192.0.2.1/tpc", "`tpc` is no protocol"),
            ("192.0.2.0/24/tcp", "has no path"),
            ("192.0.2.0/24", "is a block"),
            ("192.0.2.1:443/tcp/a", "has no path"),
            ("h.example:443/tcp/../x", "path"),
            ("192.0.2.256:443", "host name"),
        ] {
            let refused = text.parse::<Question>().err();
            assert!(refused.as_ref().is_some_and(|error| error.contains(says)), "{text}: {refused:?}");
        }
    }
}
