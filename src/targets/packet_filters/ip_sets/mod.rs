//! Sets of `ipset`: what each says by its name and by its members.

mod lines;

use crate::diag::Place;
use crate::packet::{AddrSet, Set as _, TransportSet};
use crate::policy::Direction;
use crate::targets::packet_filters::region::Family;
use std::collections::BTreeMap;

/// Sets by name.
#[derive(Debug, Default)]
pub(in crate::targets) struct Sets(BTreeMap<String, IpSet>);

/// Which address of a packet a set is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) enum Dimension {
    /// `src`.
    Source,
    /// `dst`.
    Destination,
}

/// The addresses that a match on a set stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets) struct Membership {
    /// Which address is asked for.
    pub(in crate::targets) dimension: Dimension,
    /// Those that match.
    pub(in crate::targets) addrs: AddrSet,
}

/// A member of a set of addresses and services, as its line says it.
#[derive(Debug, Clone)]
pub(in crate::targets) struct Ported {
    /// The addresses.
    pub(in crate::targets) addrs: AddrSet,
    /// The services.
    pub(in crate::targets) services: TransportSet,
    /// The line.
    pub(in crate::targets) place: Place,
}

#[derive(Debug)]
struct IpSet {
    kind: String,
    family: Family,
    /// Why the members are not all there is to know.
    doubt: Option<&'static str>,
    /// Blocks with their length; `false` for those that `nomatch` takes out.
    members: Vec<(u8, AddrSet, bool)>,
    /// Members with services.
    ported: Vec<Ported>,
    /// Names of member sets of a `list:set`.
    lists: Vec<String>,
    /// Where it is created.
    place: Place,
}

/// The kinds of sets whose members are addresses with a service.
const PORTED: [&str; 2] = ["hash:net,port", "hash:ip,port"];

/// What the name of a set begins with that says by itself what it is for.
pub(in crate::targets) const OWN: &str = "EGRESSOR-";

/// Such sets: the end of their names, with direction and family.
pub(in crate::targets) const ENDS: [(&str, Direction, Family); 4] = [
    ("-OUT4", Direction::Egress, Family::V4),
    ("-OUT6", Direction::Egress, Family::V6),
    ("-IN4", Direction::Ingress, Family::V4),
    ("-IN6", Direction::Ingress, Family::V6),
];

/// Reports whether a text holds lines of `ipset save`.
pub(in crate::targets) fn recognizes(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let mut words = first.unwrap_or_default().split_ascii_whitespace();
    words.next() == Some("create") && words.nth(1).is_some_and(|kind| kind.contains(':'))
}

/// Reports whether a text of sets has one that says by itself what it is for.
pub(in crate::targets) fn has_own(text: &str) -> bool {
    let mut created = text.lines().filter_map(|line| line.trim_start().strip_prefix("create "));
    created.any(|rest| {
        let mut words = rest.split_ascii_whitespace();
        let name = words.next().is_some_and(|name| own(name).is_some());
        name && words.next().is_some_and(|kind| PORTED.contains(&kind))
    })
}

/// What a set is for whose name says so: what it is called for both families, direction and family.
pub(in crate::targets) fn own(name: &str) -> Option<(&str, Direction, Family)> {
    // The hyphen behind the word may be that of the end.
    name.strip_prefix(OWN.trim_end_matches('-')).filter(|rest| rest.starts_with('-'))?;
    ENDS.into_iter().find_map(|(end, direction, family)| {
        let digit = name.ends_with(end).then(|| name.len().saturating_sub(1))?;
        name.get(..digit).map(|stem| (stem, direction, family))
    })
}

impl Sets {
    /// The names of all sets, in order, each with its kind and where it is created.
    pub(in crate::targets) fn names(&self) -> impl Iterator<Item = (&str, &str, &Place)> {
        self.0.iter().map(|(name, set)| (name.as_str(), set.kind.as_str(), &set.place))
    }

    /// The members of a set of addresses and services, or why they are not known.
    pub(in crate::targets) fn ported(&self, name: &str, family: Family) -> Result<&[Ported], &'static str> {
        let set = self
            .0
            .get(name)
            .ok_or("the members of the set are not given; put the output of `ipset save` beside")?;
        if let Some(doubt) = set.doubt {
            return Err(doubt);
        }
        if !PORTED.contains(&set.kind.as_str()) {
            return Err("the set does not hold addresses with services");
        }
        if set.family != family {
            return Err("the set holds addresses of the other family");
        }
        Ok(&set.ported)
    }

    /// The addresses and services that `--match-set NAME src,dst` or `dst,dst` stands for, in products that share no
    /// packet, or why they are not known.
    pub(in crate::targets) fn products(
        &self,
        name: &str,
        family: Family,
    ) -> Result<Vec<(AddrSet, TransportSet)>, &'static str> {
        let mut by_addrs: BTreeMap<AddrSet, Vec<TransportSet>> = BTreeMap::new();
        for member in self.ported(name, family)? {
            by_addrs.entry(member.addrs.clone()).or_default().push(member.services.clone());
        }
        let mut by_services: BTreeMap<TransportSet, Vec<AddrSet>> = BTreeMap::new();
        for (addrs, services) in by_addrs {
            by_services.entry(TransportSet::union_all(&services)).or_default().push(addrs);
        }
        let mut products: Vec<(AddrSet, TransportSet)> = Vec::new();
        for (services, addrs) in by_services {
            let mut rest = vec![(AddrSet::union_all(&addrs), services)];
            for (known, known_services) in &products {
                rest = rest.into_iter().flat_map(|part| without(part, known, known_services)).collect();
            }
            products.extend(rest);
            if products.len() > PRODUCTS {
                return Err("the set has too many kinds of members");
            }
        }
        Ok(products)
    }

    /// Marks a set as changed by rules.
    pub(in crate::targets) fn changes(&mut self, name: &str) {
        if let Some(set) = self.0.get_mut(name) {
            set.doubt = Some("rules add or remove members of the set");
        }
    }

    /// The addresses that `--match-set NAME FLAGS` stands for, or why they are not known.
    pub(in crate::targets) fn members(
        &self,
        name: &str,
        flags: &str,
        negated: bool,
        family: Family,
    ) -> Result<Membership, &'static str> {
        let dimension = match flags {
            "src" => Dimension::Source,
            "dst" => Dimension::Destination,
            _ => return Err("sets of more than addresses are not modelled"),
        };
        let members = self.addrs(name, family, true)?;
        let addrs = if negated { family.all().subtract(&members) } else { members };
        Ok(Membership { dimension, addrs })
    }

    fn addrs(&self, name: &str, family: Family, lists: bool) -> Result<AddrSet, &'static str> {
        let set = self
            .0
            .get(name)
            .ok_or("the members of the set are not given; put the output of `ipset save` beside")?;
        if let Some(doubt) = set.doubt {
            return Err(doubt);
        }
        if PORTED.contains(&set.kind.as_str()) {
            return Err("a set of addresses with services is asked about addresses alone");
        }
        if set.kind == "list:set" {
            if !lists {
                return Err("a list of sets within a list of sets");
            }
            let parts: Result<Vec<AddrSet>, _> =
                set.lists.iter().map(|name| self.addrs(name, family, false)).collect();
            return Ok(AddrSet::union_all(&parts?));
        }
        if set.family != family {
            return Err("the set holds addresses of the other family");
        }
        // The longest block that holds an address decides, so longer ones come last.
        let mut members: Vec<&(u8, AddrSet, bool)> = set.members.iter().collect();
        members.sort_by_key(|(len, _, matches)| (*len, *matches));
        if members.iter().all(|(_, _, matches)| *matches) {
            let parts: Vec<AddrSet> = members.into_iter().map(|(_, addrs, _)| addrs.clone()).collect();
            return Ok(AddrSet::union_all(&parts));
        }
        Ok(members.into_iter().fold(AddrSet::default(), |held, (_, addrs, matches)| {
            if *matches { held.union(addrs) } else { held.subtract(addrs) }
        }))
    }
}

/// The most products that a match on a set is unfolded to.
const PRODUCTS: usize = 10_000;

/// A product without what another one holds of it.
fn without(
    (addrs, services): (AddrSet, TransportSet),
    known: &AddrSet,
    known_services: &TransportSet,
) -> Vec<(AddrSet, TransportSet)> {
    let both = addrs.intersect(known);
    if both.is_empty() || services.intersect(known_services).is_empty() {
        return vec![(addrs, services)];
    }
    let parts = [(addrs.subtract(known), services.clone()), (both, services.subtract(known_services))];
    parts.into_iter().filter(|(addrs, services)| !addrs.is_empty() && !services.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Finding, Source};
    use crate::targets::packet_filters::ip_set_member as member;
    use std::sync::Arc;

    fn read(text: &str) -> (Sets, Vec<Finding>) {
        let mut sets = Sets::default();
        let mut findings = Vec::new();
        sets.read(&Arc::new(Source::new("sets", text)), &mut findings);
        (sets, findings)
    }

    fn of(prefixes: &[&str]) -> AddrSet {
        AddrSet::of(prefixes.iter().map(|prefix| prefix.parse().unwrap()))
    }

    #[test]
    fn the_longest_member_decides() {
        let text = "create a hash:net family inet hashsize 1024 maxelem 65536\nadd a 10.0.0.0/24 nomatch\nadd a 10.0.0.0/8\n\
                    add a 10.0.0.8\n";
        let (sets, findings) = read(text);
        assert_eq!(findings, []);
        let wanted = of(&["10.0.0.0/8"]).subtract(&of(&["10.0.0.0/24"])).union(&of(&["10.0.0.8/32"]));
        let found = sets.members("a", "dst", false, Family::V4).unwrap();
        assert_eq!(found, Membership { dimension: Dimension::Destination, addrs: wanted.clone() });
        assert_eq!(
            sets.members("a", "src", true, Family::V4).unwrap().addrs,
            AddrSet::all_v4().subtract(&wanted)
        );
    }

    #[test]
    fn a_set_that_is_not_known_exactly_says_why() {
        let text = "create t hash:ip family inet timeout 300\nadd t 10.0.0.1 timeout 12\ncreate p hash:ip,port family inet\n\
                    add p 10.0.0.1,tcp:443\ncreate six hash:ip family inet6\ncreate all list:set size 8\nadd all t\n";
        let (mut sets, findings) = read(text);
        assert_eq!(findings, []);
        for (name, flags) in
            [("t", "dst"), ("p", "dst,dst"), ("p", "dst"), ("six", "dst"), ("all", "dst"), ("none", "dst")]
        {
            assert!(sets.members(name, flags, false, Family::V4).is_err(), "{name}");
        }
        assert!(sets.members("six", "dst", false, Family::V6).is_ok());
        sets.changes("six");
        assert!(sets.members("six", "dst", false, Family::V6).is_err());
    }

    #[test]
    fn a_word_of_a_comment_is_no_option() {
        let text = "create a hash:net family inet comment\nadd a 10.0.0.0/8 comment \"there is nomatch here\"\n\
                    add a 10.1.0.0/16 comment nomatch\n# add a 0.0.0.0/1\n";
        let (sets, findings) = read(text);
        assert_eq!(findings, []);
        assert_eq!(sets.members("a", "dst", false, Family::V4).unwrap().addrs, of(&["10.0.0.0/8"]));
    }

    #[test]
    fn members_with_services_become_products_that_share_no_packet() {
        let text = "create a hash:net,port family inet\nadd a 10.0.0.0/8,tcp:443\nadd a 10.1.0.0/16,tcp:80-500\n\
                    add a 10.1.2.0/24,udp:53\nadd a 10.0.0.0/8,47:0\n";
        let (sets, findings) = read(text);
        assert_eq!(findings, []);
        let products = sets.products("a", Family::V4).unwrap();
        for (at, (addrs, services)) in products.iter().enumerate() {
            for (other, other_services) in products.iter().take(at) {
                assert!(addrs.intersect(other).is_empty() || services.intersect(other_services).is_empty());
            }
        }
        let holds = |block: &str, service: &str| {
            let service = member::services(service).unwrap();
            let at = products.iter().filter(|(addrs, _)| !addrs.intersect(&of(&[block])).is_empty());
            at.filter(|(_, services)| !services.intersect(&service).is_empty()).count()
        };
        assert_eq!([holds("10.1.2.3/32", "tcp:443"), holds("10.1.2.3/32", "udp:53")], [1, 1]);
        assert_eq!([holds("10.2.0.0/16", "tcp:80"), holds("10.2.0.0/16", "gre:0")], [0, 1]);
        assert!(
            sets.products("a", Family::V6).is_err() && sets.members("a", "dst", false, Family::V4).is_err()
        );
    }

    #[test]
    fn names_of_own_sets_say_direction_and_family() {
        assert_eq!(own("EGRESSOR-OUT4"), Some(("EGRESSOR-OUT", Direction::Egress, Family::V4)));
        assert_eq!(own("EGRESSOR-web-IN6"), Some(("EGRESSOR-web-IN", Direction::Ingress, Family::V6)));
        for other in ["EGRESSOR-OUT4+", "EGRESSOR-OUT4-1", "OUT4", "EGRESSOROUT4", "X-OUT4", "EGRESSOR-OUT5"]
        {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn a_bad_line_is_an_error() {
        for text in [
            "add a 10.0.0.1\n",
            "create a hash:ip family inet\nadd a 10.0.0\n",
            "flush a\n",
            "create a hash:ip comment\nadd a 10.0.0.1 comment \"x\n",
            &format!("#{}\n", "x".repeat(1_100)),
        ] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
        assert!(recognizes("create a hash:ip family inet\n") && !recognizes("*filter\nCOMMIT\n"));
    }
}
