//! The algebra: sets of addresses, ports, protocols and names, and the packets they describe.
//!
//! Every set is immutable and canonical, so `==` means "the same packets". All of them are one thing seen from
//! different sides: a [`Steps`] function over an ordered key, which changes its value at finitely many cuts.
//! Nothing here knows a file, a cloud or a rule; provenance never enters a set.

mod addr;
mod fingerprint;
mod first_match;
mod group;
mod hostname;
mod interval;
mod map;
mod meets;
mod name;
mod overlay;
mod peer;
mod port;
mod prefix;
mod protocol;
mod ranges;
mod row;
mod set;
mod steps;
mod transport;

pub use addr::{AddrSet, AddressCount};
pub use fingerprint::fingerprint;
pub use first_match::{Differing, FirstMatch, Side};
pub use group::{GroupKey, GroupSet};
pub use hostname::{Hostname, HostnameError};
pub use interval::{Interval, IntervalSet};
pub use map::{Packet, PacketMap, PacketSet, Peer};
pub use name::{NameKey, NamePattern, NameSet, PathPrefix, PathPrefixError};
pub use overlay::{Limit, Overlay, TooLarge};
pub use peer::PeerSet;
pub use port::{PortRange, PortRangeError, PortSet};
pub use prefix::{Prefix, PrefixError};
pub use protocol::Protocol;
pub use ranges::{Joined, Ranges};
pub use row::{Row, RowPeer, TransportRow};
pub use set::{Constraint, NonEmpty, Set};
pub use steps::{Key, Steps, Value};
pub use transport::{IcmpMatch, TransportSet};
