//! The JSON that the AWS command line takes for `--ip-permissions`: one file for each direction.

use super::lower::{Reasons, Rule};
use super::service::Service;
use super::{DESCRIPTION, PERMISSIONS_TEMPLATE};
use crate::policy::Direction;
use crate::targets::Artifact;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A file for each direction that has rules, with one permission for each service.
pub(super) fn artifacts(rules: &[Rule], reasons: &mut Reasons<'_>) -> Vec<Artifact> {
    let mut by_direction: BTreeMap<Direction, BTreeMap<Service, Vec<&Rule>>> = BTreeMap::new();
    for rule in rules {
        let services = by_direction.entry(rule.direction).or_default();
        services.entry(rule.service).or_default().push(rule);
    }
    let artifact = |(direction, services): (Direction, BTreeMap<Service, Vec<&Rule>>)| {
        let permissions = services.iter().map(|(service, rules)| permission(*service, rules, reasons));
        Artifact {
            path: format!("aws-security-group.{direction}.json"),
            template: PERMISSIONS_TEMPLATE,
            model: json!({ "permissions": permissions.collect::<Vec<_>>() }).into(),
        }
    };
    by_direction.into_iter().map(artifact).collect()
}

fn permission(service: Service, rules: &[&Rule], reasons: &mut Reasons<'_>) -> Value {
    let mut families = Vec::new();
    for (is_ipv4, list, key) in [(true, "IpRanges", "CidrIp"), (false, "Ipv6Ranges", "CidrIpv6")] {
        let of_family = rules.iter().filter(|rule| rule.prefix.is_ipv4() == is_ipv4);
        let blocks: Vec<Value> = of_family
            .map(|rule| {
                let description = reasons.of(&[*rule], DESCRIPTION);
                json!({ "cidr": rule.prefix.to_string(), "description": description })
            })
            .collect();
        if !blocks.is_empty() {
            families.push(json!({ "list": list, "key": key, "blocks": blocks }));
        }
    }
    let ports = service.ports().map(|(from, to)| json!({ "from": from.to_string(), "to": to.to_string() }));
    json!({ "protocol": service.protocol(), "ports": Vec::from_iter(ports), "families": families })
}
