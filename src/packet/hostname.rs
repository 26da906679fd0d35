//! Host names.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A fully qualified DNS name in its canonical form: lower case, ASCII (A-labels), no trailing dot.
// INVARIANT: one to 253 bytes; labels of 1 to 63 bytes from `a-z0-9_-`, no hyphen at either end; not an IP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hostname(String);

/// Why a text is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostnameError {
    /// An IP address stands where a name is needed.
    #[error("`{0}` is an IP address, not a host name")]
    Address(String),
    /// A wildcard stands where a name is needed.
    #[error("`{0}` is a wildcard, a host name is needed here")]
    Wildcard(String),
    /// A URL, a port or a path is attached to the name.
    #[error("`{0}` is more than a host name: a scheme, port or path does not belong here")]
    NotBare(String),
    /// Refused by IDNA or by the rules of DNS.
    #[error("`{0}` is not a valid host name")]
    Invalid(String),
}

impl Hostname {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels from the top-level domain down.
    pub(super) fn labels_from_top(&self) -> impl Iterator<Item = &str> {
        self.0.rsplit('.')
    }

    /// Joins labels that were taken from canonical names, from the top-level domain down.
    pub(super) fn from_labels_from_top(labels: &[&str]) -> Self {
        Self(labels.iter().rev().copied().collect::<Vec<_>>().join("."))
    }

    /// Reports whether this name is `parent` or lies below it.
    pub fn is_within(&self, parent: &Self) -> bool {
        self.0.strip_suffix(&parent.0).is_some_and(|head| head.is_empty() || head.ends_with('.'))
    }
}

impl FromStr for Hostname {
    type Err = HostnameError;

    fn from_str(text: &str) -> Result<Self, HostnameError> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        let unbracketed = bare.trim_start_matches('[').trim_end_matches(']');
        if unbracketed.parse::<IpAddr>().is_ok() {
            return Err(HostnameError::Address(text.to_owned()));
        }
        if bare.contains('*') || bare.contains('?') {
            return Err(HostnameError::Wildcard(text.to_owned()));
        }
        if bare.contains(['/', ':', '@']) {
            return Err(HostnameError::NotBare(text.to_owned()));
        }
        // Hyphens in the third and fourth place are those of real hosts, such as `r1---sn-abc.googlevideo.com`.
        let ascii = Uts46::new()
            .to_ascii(bare.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| HostnameError::Invalid(text.to_owned()))?;
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let labels_fit = ascii.split('.').all(|label| !label.is_empty() && label.bytes().all(plain));
        // The last label of a name is never numeric, or the name would read as an address (`10.1`, `0x7f.1`).
        let last = ascii.rsplit('.').next().unwrap_or_default();
        let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        if labels_fit && !numeric {
            Ok(Self(ascii.into_owned()))
        } else {
            Err(HostnameError::Invalid(text.to_owned()))
        }
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
