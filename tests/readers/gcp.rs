//! One set of firewall rules in every form: all read the same, and as a naive reading of each packet.

use super::support::{exactly, read};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::Direction;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::net::IpAddr;

#[derive(Debug, Clone)]
struct Rule {
    egress: bool,
    allow: bool,
    priority: u16,
    disabled: bool,
    protocol: &'static str,
    ports: Option<(u16, u16)>,
    range: &'static str,
    tag: Option<&'static str>,
}

const RANGES: [&str; 5] = ["192.0.2.0/30", "192.0.2.2/32", "0.0.0.0/0", "2001:db8::/126", "::/0"];
const PROBES: [&str; 5] = ["192.0.2.1", "192.0.2.2", "192.0.2.9", "2001:db8::1", "2001:db8::9"];

fn rule() -> impl Strategy<Value = Rule> {
    let service = prop_oneof![
        (prop_oneof![Just("tcp"), Just("udp"), Just("6")], 0_u16..4, 0_u16..3)
            .prop_map(|(protocol, from, more)| (protocol, Some((from, from + more)))),
        prop_oneof![Just("all"), Just("icmp"), Just("tcp"), Just("47"), Just("esp")]
            .prop_map(|all| (all, None)),
    ];
    let range = proptest::sample::select(&RANGES[..]);
    let tag = proptest::sample::select(&[None, Some("web"), Some("db")][..]);
    (any::<bool>(), any::<bool>(), 0_u16..4, 0_u8..6, service, range, tag).prop_map(
        |(egress, allow, priority, disabled, (protocol, ports), range, tag)| Rule {
            egress,
            allow,
            priority: if priority == 3 { 1000 } else { priority },
            disabled: disabled == 0,
            protocol,
            ports,
            range,
            tag,
        },
    )
}

impl Rule {
    fn matches(&self, peer: IpAddr, protocol: u8, port: u16) -> bool {
        let (net, len) = self.range.split_once('/').unwrap();
        let len: u32 = len.parse().unwrap();
        let inside = match (net.parse().unwrap(), peer) {
            (IpAddr::V4(net), IpAddr::V4(addr)) => {
                len == 0 || (net.to_bits() ^ addr.to_bits()) >> (32 - len) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(addr)) => {
                len == 0 || (net.to_bits() ^ addr.to_bits()) >> (128 - len) == 0
            }
            _ => false,
        };
        let number = match self.protocol {
            "tcp" | "6" => 6,
            "udp" => 17,
            "icmp" => 1,
            "esp" => 50,
            "47" => 47,
            _ => return inside,
        };
        inside && number == protocol && self.ports.is_none_or(|(from, to)| from <= port && port <= to)
    }

    fn ports(&self) -> Option<String> {
        self.ports.map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") })
    }

    fn object(&self, at: usize) -> Value {
        let mut service = json!({"IPProtocol": self.protocol});
        if let Some(ports) = self.ports() {
            service["ports"] = json!([ports]);
        }
        let mut rule = json!({"name": format!("r{at}"), "kind": "compute#firewall", "disabled": self.disabled,
            "network": "https://www.googleapis.com/compute/v1/projects/p/global/networks/n"});
        rule[if self.allow { "allowed" } else { "denied" }] = json!([service]);
        rule[if self.egress { "destinationRanges" } else { "sourceRanges" }] = json!([self.range]);
        if self.egress {
            rule["direction"] = json!("EGRESS");
        }
        if self.priority != 1000 {
            rule["priority"] = json!(self.priority);
        }
        if let Some(tag) = self.tag {
            rule["targetTags"] = json!([tag]);
        }
        rule
    }

    fn values(&self, at: usize) -> Value {
        let services =
            json!([{"protocol": self.protocol, "ports": self.ports().into_iter().collect::<Vec<_>>()}]);
        let (mut allow, mut deny) = (json!([]), json!([]));
        *(if self.allow { &mut allow } else { &mut deny }) = services;
        let range = |here: bool| if here { json!([self.range]) } else { json!([]) };
        json!({"name": format!("r{at}"), "network": "projects/p/global/networks/n", "allow": allow, "deny": deny,
            "direction": if self.egress { "EGRESS" } else { "INGRESS" }, "priority": self.priority,
            "disabled": self.disabled, "destination_ranges": range(self.egress), "source_ranges": range(!self.egress),
            "source_tags": null, "target_tags": self.tag.map(|tag| vec![tag]), "description": ""})
    }

    fn hcl(&self, at: usize) -> String {
        let ports = self.ports().map_or_else(String::new, |ports| format!("    ports = [\"{ports}\"]\n"));
        let kind = if self.allow { "allow" } else { "deny" };
        let (direction, ranges) =
            if self.egress { ("EGRESS", "destination_ranges") } else { ("INGRESS", "source_ranges") };
        let tag = self.tag.map_or_else(String::new, |tag| format!("  target_tags = [\"{tag}\"]\n"));
        format!(
            "resource \"google_compute_firewall\" \"r{at}\" {{\n  name = \"r{at}\"\n  network = \"n\"\n  \
             direction = \"{direction}\"\n  priority = {}\n  disabled = {}\n  {ranges} = [\"{}\"]\n{tag}  \
             {kind} {{\n    protocol = \"{}\"\n{ports}  }}\n}}\n",
            self.priority, self.disabled, self.range, self.protocol
        )
    }
}

/// The rules in every form, the lists first.
fn forms(rules: &[Rule]) -> Vec<(&'static str, String)> {
    let numbered = || rules.iter().enumerate();
    let objects: Vec<Value> = numbered().map(|(at, rule)| rule.object(at)).collect();
    let kind = "google_compute_firewall";
    let instances: Vec<Value> =
        numbered().map(|(at, rule)| json!({"index_key": at, "attributes": rule.values(at)})).collect();
    let resources: Vec<Value> = numbered()
        .map(|(at, rule)| {
            json!({"address": format!("{kind}.r[{at}]"), "mode": "managed", "type": kind, "name": "r", "index": at,
                "values": rule.values(at)})
        })
        .collect();
    let values = json!({"root_module": {"child_modules": [{"address": "module.m", "resources": resources}]}});
    vec![
        ("list.json", json!(objects).to_string()),
        ("items.json", json!({"kind": "compute#firewallList", "items": objects}).to_string()),
        ("main.tf", numbered().map(|(at, rule)| rule.hcl(at)).collect()),
        (
            "x.tfstate",
            json!({"version": 4, "serial": 1, "resources": [
            {"mode": "managed", "type": kind, "name": "r", "instances": instances}]})
            .to_string(),
        ),
        ("show.json", json!({"format_version": "1.0", "values": values}).to_string()),
        (
            "plan.json",
            json!({"format_version": "1.2", "planned_values": values, "resource_changes": []}).to_string(),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_form_of_the_same_rules_means_what_a_naive_reading_says(
        rules in proptest::collection::vec(rule(), 1..7),
    ) {
        let forms = forms(&rules);
        let policies: Vec<_> = forms.iter().map(|(name, text)| read(name, text)).collect();
        for set in &policies[0].sets {
            let direction = set.scope.direction;
            let tag = set.scope.name.strip_prefix("n/tag:");
            let about = |rule: &&Rule| {
                (rule.egress == (direction == Direction::Egress)) && (rule.tag.is_none() || rule.tag == tag)
            };
            let allowed = exactly(&policies[0], &set.scope.name, direction);
            for (policy, (_, text)) in policies.iter().zip(&forms).skip(1) {
                // Other forms tell a scope only where a rule is about it, and none in HCL where that is disabled.
                if policy.sets.iter().any(|other| other.scope == set.scope) {
                    prop_assert_eq!(&exactly(policy, &set.scope.name, direction), &allowed, "{}", text);
                } else {
                    let told = rules.iter().filter(about).any(|rule| !rule.disabled && rule.tag == tag);
                    prop_assert!(!told, "{}", text);
                }
            }
            for (protocol, port) in [(6, 0), (6, 2), (6, 5), (17, 3), (1, 0), (47, 0), (50, 0), (132, 9)] {
                for peer in PROBES {
                    let peer: IpAddr = peer.parse().unwrap();
                    let mut mine: Vec<&Rule> = rules.iter().filter(about).filter(|rule| !rule.disabled).collect();
                    mine.sort_by_key(|rule| (rule.priority, rule.allow));
                    let decided = mine.iter().find(|rule| rule.matches(peer, protocol, port));
                    let expected = decided.map_or(direction == Direction::Egress, |rule| rule.allow);
                    let source = if peer.is_ipv4() { "10.0.0.1" } else { "2001:db8:1::1" };
                    let packet = Packet {
                        peer: Peer::Addr(peer),
                        source: source.parse().unwrap(),
                        protocol: Protocol(protocol),
                        detail: port,
                    };
                    prop_assert_eq!(allowed.at(&packet), expected, "{} {}/{}", peer, protocol, port);
                }
            }
        }
    }
}
