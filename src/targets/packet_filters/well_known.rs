//! Names of protocols and ports as Debian's `/etc/protocols` and `/etc/services` have them, which `iptables` and `nft` print.

use crate::packet::Protocol;

/// Names of `/etc/protocols` that tools print and [`Protocol`] does not know, or knows as another number: `ipip` is 4
/// to clouds, and 94 in that file, where 4 is `ipencap`.
const PROTOCOLS: [(&str, u8); 40] = [
    ("ggp", 3),
    ("st", 5),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("idrp", 45),
    ("rsvp", 46),
    ("skip", 57),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("eigrp", 88),
    ("ax.25", 93),
    ("ipip", 94),
    ("etherip", 97),
    ("encap", 98),
    ("ipcomp", 108),
    ("l2tp", 115),
    ("isis", 124),
    ("fc", 133),
    ("mh", 135),
    ("ipv6-mh", 135),
    ("mpls-in-ip", 137),
    ("manet", 138),
    ("hip", 139),
    ("shim6", 140),
    ("wesp", 141),
    ("rohc", 142),
    ("ethernet", 143),
];

/// Names of ports that hand-written rules use; `iptables-save` prints numbers.
const PORTS: [(&str, u16); 30] = [
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("snmp-trap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("submission", 587),
    ("syslog", 514),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("http-alt", 8080),
];

/// The protocol that `/etc/protocols` knows by that name, where [`Protocol::parse`] knows none or another one.
pub(in crate::targets) fn protocol(name: &str) -> Option<Protocol> {
    PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| Protocol(*number))
}

/// The port of that name.
pub(in crate::targets) fn port(name: &str) -> Option<u16> {
    PORTS.iter().find(|(known, _)| *known == name).map(|(_, port)| *port)
}
