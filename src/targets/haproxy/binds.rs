//! The ports that a `bind` line listens on.

use crate::packet::{PortRange, PortSet};

/// The ports of the addresses of a line; nothing when one of them is not known.
pub(super) fn binds(addresses: &str) -> Option<PortSet> {
    let mut ports = PortSet::default();
    for address in addresses.split(',') {
        let bare = ["ipv4@", "ipv6@", "tcp4@", "tcp6@", "tcp@"]
            .iter()
            .find_map(|family| address.strip_prefix(family))
            .unwrap_or(address);
        let (_, text) = bare.rsplit_once(':')?;
        let range: PortRange = text.parse().ok().filter(|range: &PortRange| range.first() > 0)?;
        ports = ports.union(&PortSet::of([range]));
    }
    Some(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_line_has_its_ports() {
        let shown = |text: &str| {
            binds(text)
                .map(|ports| ports.port_ranges().map(|range| range.to_string()).collect::<Vec<_>>().join(","))
        };
        assert_eq!(shown(":443").as_deref(), Some("443"));
        assert_eq!(shown("10.0.0.1:80,:::8000-8100").as_deref(), Some("80,8000-8100"));
        assert_eq!(shown("ipv6@[2001:db8::1]:443").as_deref(), Some("443"));
        for text in ["/run/x.sock", ":0", "443", "fd@3", ":$PORT"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
