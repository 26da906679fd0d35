//! Port ranges and port sets.

use super::interval::IntervalSet;
use std::fmt;
use std::str::FromStr;

/// Ports from `first` to `last`, both inclusive.
// INVARIANT: `first <= last`; `PortRange::new` is the only constructor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// Why a text or a pair of numbers is no port range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortRangeError {
    /// Not a decimal number without leading zeros, or two of them joined by `-`.
    #[error("`{0}` is not a port or a range of ports such as `8000-8100`")]
    Syntax(String),
    /// A number above 65535.
    #[error("port `{0}` is out of range, the highest port is 65535")]
    TooLarge(String),
    /// The range runs backwards.
    #[error("the range `{first}-{last}` runs backwards")]
    Reversed {
        /// The number written first.
        first: u16,
        /// The number written last.
        last: u16,
    },
}

impl PortRange {
    /// The ports from `first` to `last`, both inclusive.
    pub fn new(first: u16, last: u16) -> Result<Self, PortRangeError> {
        if first > last { Err(PortRangeError::Reversed { first, last }) } else { Ok(Self { first, last }) }
    }

    /// One port.
    pub fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// The lowest port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The highest port, inclusive.
    pub fn last(self) -> u16 {
        self.last
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, PortRangeError> {
        let number = |digits: &str| -> Result<u16, PortRangeError> {
            // iptables reads a number with a leading zero as octal, so nobody knows which port it is.
            let octal = digits.len() > 1 && digits.starts_with('0');
            if digits.is_empty() || octal || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PortRangeError::Syntax(text.to_owned()));
            }
            digits.parse().map_err(|_| PortRangeError::TooLarge(digits.to_owned()))
        };
        match text.split_once('-') {
            None => number(text).map(Self::single),
            Some((first, last)) => Self::new(number(first)?, number(last)?),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// A set of ports.
pub type PortSet = IntervalSet<u16>;

impl PortSet {
    /// The ports of these ranges.
    pub fn of(ranges: impl IntoIterator<Item = PortRange>) -> Self {
        Self::from_ranges(ranges.into_iter().map(|range| (range.first, range.last)))
    }

    /// The maximal ranges, in order.
    pub fn port_ranges(&self) -> impl Iterator<Item = PortRange> + '_ {
        self.ranges().map(|(first, last)| PortRange { first, last })
    }
}
