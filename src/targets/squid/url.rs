//! Regular expressions over URLs and over their paths.

use crate::packet::{Hostname, NamePattern, NameSet, PortSet};
use crate::syntax::expression::{Atom, expand, parse};
use crate::targets::proxies::host_expression::{Hosts, hosts_of, is_everything, literal};

/// A scheme whose URLs name a host and a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Web {
    /// Without TLS.
    Http,
    /// With TLS: what a proxy finds within a tunnel that it opens, or is asked for without one.
    Https,
}

impl Web {
    /// The scheme by its name in upper case.
    pub(super) fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "HTTP" => Some(Self::Http),
            "HTTPS" => Some(Self::Https),
            _ => None,
        }
    }

    /// How its URLs begin, in lower case, as Squid writes them.
    fn head(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }

    /// The port that its URLs do not name.
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The hosts and ports that an expression matches in `host:port`, the URL of a CONNECT request: the hosts, and the
/// port where one is asked.
pub(super) fn authorities(expression: &str, ignore_case: bool) -> Option<Vec<(Hosts, Option<PortSet>)>> {
    expand(&parse(expression, ignore_case)?)?
        .into_iter()
        // The URL of a CONNECT has no slash.
        .filter(|sequence| !sequence.contains(&Atom::Char('/')))
        .map(|sequence| {
            if is_everything(&sequence) {
                return Some((Hosts::all(), None));
            }
            let colon = sequence.iter().rposition(|atom| *atom == Atom::Char(':'))?;
            let (host, port) = sequence.split_at_checked(colon)?;
            let mut host = host.to_vec();
            host.push(Atom::End);
            match port {
                [_] => Some((hosts_of(&host)?, None)),
                [_, digits @ .., Atom::End] => {
                    let port = literal(digits)?.parse().ok()?;
                    Some((hosts_of(&host)?, Some(only(port))))
                }
                _ => None,
            }
        })
        .collect()
}

/// The hosts, paths and ports that an expression matches in the URL of a plain request, where it begins with
/// `^http://HOST/` or `^https://HOST/`. Requests of other schemes are matched only by what matches every URL.
pub(super) fn plain_urls(
    expression: &str,
    ignore_case: bool,
    scheme: Option<Web>,
) -> Option<Vec<(NameSet, Option<PortSet>)>> {
    expand(&parse(expression, ignore_case)?)?
        .into_iter()
        .filter(|sequence| may_match(sequence, scheme))
        .map(|sequence| {
            if is_everything(&sequence) {
                return Some((NameSet::full(), None));
            }
            let [Atom::Start, rest @ ..] = sequence.as_slice() else { return None };
            of_host(rest, scheme?, ignore_case)
        })
        .collect()
}

/// Reports whether an expression asks for a path in another spelling than the plain one: with two dots, an empty
/// segment, a percent sign, which is left where it was encoded twice, a backslash or a fragment.
pub(super) fn is_odd(expression: &str, ignore_case: bool) -> bool {
    let asks = |sequence: &Vec<Atom>| {
        let plain: String =
            sequence.iter().map(|atom| if let Atom::Char(char) = atom { *char } else { '\n' }).collect();
        ["..", "//", "%", "\\", "#"].iter().any(|odd| plain.contains(odd))
    };
    let sequences = parse(expression, ignore_case).and_then(|tree| expand(&tree));
    sequences.is_some_and(|sequences| sequences.iter().all(asks))
}

fn only(port: u16) -> PortSet {
    PortSet::range(port, &port)
}

/// Reports whether a sequence is about URLs of a scheme; what begins otherwise is about other schemes, or about the
/// `host:port` of a CONNECT.
fn may_match(sequence: &[Atom], scheme: Option<Web>) -> bool {
    let [Atom::Start, rest @ ..] = sequence else { return true };
    let head: String =
        rest.iter().map_while(|atom| if let Atom::Char(char) = atom { Some(*char) } else { None }).collect();
    match scheme {
        Some(web) => head.starts_with(web.head()) || web.head().starts_with(&head),
        None => head.split_once(':').is_none_or(|(scheme, rest)| {
            !matches!(scheme, "http" | "https") && (rest.starts_with("//") || "//".starts_with(rest))
        }),
    }
}

/// The host, path and port of `SCHEME://HOST[:PORT]/PATH`, where each stands for itself and the port may be any.
fn of_host(sequence: &[Atom], web: Web, ignore_case: bool) -> Option<(NameSet, Option<PortSet>)> {
    let (scheme, rest) = sequence.split_at_checked(web.head().len())?;
    if literal(scheme)? != web.head() {
        return None;
    }
    let slash = rest.iter().position(|atom| *atom == Atom::Char('/'))?;
    let (authority, path) = rest.split_at_checked(slash)?;
    let (host, ports) = match authority {
        // The port that the scheme has of itself is never named.
        [host @ .., Atom::Char(':'), Atom::Plus(digits)] if matches!(digits.as_slice(), [Atom::Digit]) => {
            (literal(host)?, only(web.port()).complement())
        }
        _ => {
            let text = literal(authority)?;
            match text.split_once(':') {
                Some((host, port)) => (host.to_owned(), only(port.parse().ok()?)),
                None => (text, only(web.port())),
            }
        }
    };
    let name: Hostname = host.parse().ok().filter(|name: &Hostname| name.as_str() == host)?;
    let path = literal(path)?;
    // Squid lowers the case of scheme and host, but not of the path: only a path of `/` is the same in both.
    let pattern = match path.as_str() {
        "/" => NamePattern::Host(name),
        _ if ignore_case => return None,
        _ => NamePattern::Path(name, path.parse().ok()?),
    };
    Some((pattern.names(), Some(ports)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Set as _;

    #[test]
    fn a_connect_url_is_a_host_and_a_port() {
        let found = authorities(r"^(a|b)\.com:443$", false).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, port)| *port == Some(only(443))));
        assert_eq!(authorities("^https?://", false), Some(Vec::new()));
        assert_eq!(authorities(r"^a\.com:44", false), None);
    }

    #[test]
    fn a_plain_url_is_a_host_and_a_path() {
        let http = Some(Web::Http);
        let found = plain_urls(r"^http://a\.com/x/", false, http).unwrap();
        let path = NamePattern::Path("a.com".parse().unwrap(), "/x/".parse().unwrap());
        assert_eq!(found, [(path.names(), Some(only(80)))]);
        assert_eq!(plain_urls(r"^a\.com:443$|^ftp://", false, http), Some(Vec::new()));
        assert_eq!(plain_urls(r"^http://a\.com", false, http), None);
        assert_eq!(plain_urls(r"^http", false, http), None);
        assert_eq!(plain_urls(r"a\.com/", false, http), None);
        assert_eq!(plain_urls(r"^http://a\.com/", false, None), Some(Vec::new()));
        assert_eq!(plain_urls(r"^a\.com:443$", false, None), Some(Vec::new()));
        assert_eq!(plain_urls("^ftp://", false, None), None);
    }

    #[test]
    fn a_url_with_tls_has_a_port_of_its_own() {
        let (http, https) = (Some(Web::Http), Some(Web::Https));
        let path = NamePattern::Path("a.com".parse().unwrap(), "/x/".parse().unwrap());
        let ports = |expression: &str| {
            let found = plain_urls(expression, false, https).unwrap();
            assert!(found.iter().all(|(names, _)| *names == path.names()));
            PortSet::union_all(&found.into_iter().filter_map(|(_, ports)| ports).collect::<Vec<_>>())
        };
        assert_eq!(ports(r"^https://a\.com/x/"), only(443));
        assert_eq!(ports(r"^https://a\.com:8443/x/"), only(8443));
        assert!(ports(r"^https://a\.com(:[0-9]+)?/x/").is_full());
        assert_eq!(ports(r"^https?://a\.com/x/"), only(443));
        assert_eq!(plain_urls(r"^https://a\.com/x/", false, http), Some(Vec::new()));
        assert_eq!(plain_urls(r"^https://a\.com/x/", false, None), Some(Vec::new()));
        assert_eq!(plain_urls(r"^http://a\.com/x/", false, https), Some(Vec::new()));
    }

    #[test]
    fn other_spellings_are_told_from_paths() {
        for odd in [r"\.\.", "//", "%", r"[\]", "[#]", r"\.\.|%2e", "^/a//b", r"(\.|%2e){0}|x/\.\./"] {
            assert_eq!(is_odd(odd, false), !odd.contains('{'), "{odd}");
        }
        for plain in [r"^/a/", r"\.", r"\.\.|a", "^/", "a*%", "("] {
            assert_eq!(is_odd(plain, false), plain == "a*%", "{plain}");
        }
    }
}
