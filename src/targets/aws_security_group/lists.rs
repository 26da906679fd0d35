//! Rules for managed prefix lists: one list for each direction, service and family, and one resource for each entry.
//!
//! A list counts against the quota of a security group with the entries that it may have, not with those that it has
//! (Amazon VPC User Guide, "Work with customer-managed prefix lists"). It gets room for some more, so that a new address
//! is a new entry and nothing else, as long as the quota allows.

use super::lower::{Reasons, Rule, label};
use super::service::Service;
use super::{DESCRIPTION, ENTRY};
use crate::policy::Direction;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The room of a list is a multiple of this.
const STEP: usize = 5;

/// The rules of one list.
type Lists<'a> = BTreeMap<(Direction, Service, &'static str), Vec<&'a Rule>>;

/// The lists, their entries and the rules for them, as the template takes them.
pub(super) fn lay_out(rules: &[Rule], max: usize, reasons: &mut Reasons<'_>) -> Value {
    let mut by_list: Lists<'_> = BTreeMap::new();
    for rule in rules {
        let family = if rule.prefix.is_ipv4() { "IPv4" } else { "IPv6" };
        by_list.entry((rule.direction, rule.service, family)).or_default().push(rule);
    }
    let (mut lists, mut entries, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    for ((direction, service, family), rules) in &by_list {
        let has_room = fits(&by_list, *direction, family, max);
        let room = if has_room { rules.len().next_multiple_of(STEP) } else { rules.len() };
        let name = format!("{direction}_{}_{}", service.label(), family.to_lowercase());
        lists.push(json!({
            "label": name,
            "name": format!("egressor_{name}"),
            "family": family,
            "max_entries": room.to_string(),
        }));
        entries.extend(rules.iter().map(|rule| {
            json!({
                "label": format!("{direction}_{}_{}", service.label(), label(rule.prefix)),
                "list": name,
                "cidr": rule.prefix.to_string(),
                "description": reasons.of(&[*rule], ENTRY),
            })
        }));
        let ports =
            service.ports().map(|(from, to)| json!({ "from": from.to_string(), "to": to.to_string() }));
        singles.push(json!({
            "resource": format!("aws_vpc_security_group_{direction}_rule"),
            "label": name,
            "list": name,
            "description": reasons.of(rules, DESCRIPTION),
            "protocol": service.protocol(),
            "ports": Vec::from_iter(ports),
        }));
    }
    json!({ "lists": lists, "entries": entries, "rules": singles })
}

/// Reports whether the lists of a direction and family stay within a quota with room for more.
fn fits(lists: &Lists<'_>, direction: Direction, family: &str, max: usize) -> bool {
    let same = lists.iter().filter(|((of, _, listed), _)| *of == direction && *listed == family);
    same.map(|(_, rules)| rules.len().next_multiple_of(STEP)).sum::<usize>() <= max
}
