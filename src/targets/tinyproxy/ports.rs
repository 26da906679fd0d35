//! Ports as expressions over their decimal digits, and back.

use crate::packet::PortSet;
use crate::syntax::expression::Atom;

/// The expressions that match the numbers of these ports, each a run of digits and `[0-9]`.
pub(super) fn pieces(ports: &PortSet) -> Vec<String> {
    let mut pieces = Vec::new();
    for range in ports.port_ranges() {
        let (mut first, last) = (u32::from(range.first()), u32::from(range.last()));
        while first <= last {
            let mut step = 1;
            let mut digits = 0;
            while first > 0 && first % (step * 10) == 0 && first + step * 10 - 1 <= last {
                step *= 10;
                digits += 1;
            }
            pieces.push(format!("{}{}", first / step, "[0-9]".repeat(digits)));
            first += step;
        }
    }
    pieces
}

/// What a run of digits behind the colon of an authority asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The ports.
    pub(super) ports: PortSet,
    /// Whether some of the numbers are taken for the port that is meant where none is written: 0, and those beyond the
    /// last port (`strip_return_port` in tinyproxy's `src/reqs.c`).
    pub(super) default: bool,
}

/// The ports that a sequence behind the colon matches; nothing when it is not modelled.
pub(super) fn asked(sequence: &[Atom]) -> Option<Asked> {
    if let [Atom::Plus(inner)] = sequence
        && matches!(inner.as_slice(), [Atom::Digit])
    {
        return Some(Asked { ports: PortSet::full(), default: true });
    }
    if sequence.is_empty() || sequence.len() > 9 {
        return None;
    }
    let (mut first, mut last) = (0_u32, 0_u32);
    let mut open = false;
    for atom in sequence {
        let (low, high) = match atom {
            Atom::Digit => (0, 9),
            Atom::Char(char) => (char.to_digit(10)?, char.to_digit(10)?),
            _ => return None,
        };
        // A digit that is fixed behind one that is not makes more than one range.
        if open && low == high {
            return None;
        }
        open |= low != high;
        (first, last) = (first * 10 + low, last * 10 + high);
    }
    if sequence.len() > 5 {
        return Some(Asked { ports: PortSet::default(), default: true });
    }
    let most = u32::from(u16::MAX);
    let port = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let ports = if first.max(1) <= last.min(most) {
        PortSet::range(port(first.max(1)), &port(last))
    } else {
        PortSet::default()
    };
    Some(Asked { ports, default: first == 0 || last > most })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{PortRange, Set};
    use crate::syntax::expression::{expand, parse};

    fn read(expression: &str) -> Option<Asked> {
        asked(expand(&parse(expression, true)?)?.first()?)
    }

    #[test]
    fn pieces_are_exactly_the_ports() {
        for (first, last) in [(443, 443), (8_000, 8_100), (1, 65_535), (9, 10), (99, 1_001), (65_530, 65_535)]
        {
            let ports = PortSet::of([PortRange::new(first, last).unwrap()]);
            let found: Vec<PortSet> = pieces(&ports).iter().map(|piece| read(piece).unwrap().ports).collect();
            assert_eq!(PortSet::union_all(&found), ports, "{first}-{last}");
            assert!(pieces(&ports).iter().all(|piece| !read(piece).unwrap().default));
            let total: usize = found.iter().map(|set| set.ranges().count()).sum();
            assert_eq!(total, found.len());
        }
        let range = PortSet::of([PortRange::new(8_000, 8_100).unwrap()]);
        assert_eq!(pieces(&range), ["80[0-9][0-9]", "8100"]);
    }

    #[test]
    fn numbers_that_are_no_port_stand_for_the_default() {
        assert_eq!(read("0").unwrap(), Asked { ports: PortSet::default(), default: true });
        assert!(read("99999").unwrap().default && read("123456").unwrap().default);
        assert_eq!(read("0443").unwrap().ports, PortSet::range(443, &443));
        assert!(read("[0-9]+").unwrap().ports.is_full());
        assert_eq!(read("[0-9]1"), None);
        assert_eq!(read("4.3"), None);
    }
}
