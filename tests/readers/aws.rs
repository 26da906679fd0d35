//! One set of rules of a security group in every form: all read the same, and as a naive reading of each packet.

use super::support::{exactly, importer, read, source};
use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::Direction;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    egress: bool,
    protocol: &'static str,
    ports: (i64, i64),
    peer: &'static str,
}

const PEERS: [&str; 6] = ["192.0.2.0/30", "192.0.2.2/32", "0.0.0.0/0", "2001:db8::/126", "::/0", "sg-7"];
const PROBES: [&str; 5] = ["192.0.2.1", "192.0.2.2", "192.0.2.9", "2001:db8::1", "2001:db8::9"];

fn rule() -> impl Strategy<Value = Rule> {
    let service = prop_oneof![
        (prop_oneof![Just("tcp"), Just("udp")], 0_i64..4, 0_i64..4)
            .prop_map(|(protocol, from, more)| (protocol, (from, from + more))),
        (prop_oneof![Just("icmp"), Just("icmpv6")], 0_i64..3, -1_i64..2)
            .prop_map(|(protocol, kind, code)| (protocol, (kind, code))),
        Just(("icmp", (-1, -1))),
        Just(("-1", (-1, -1))),
        Just(("47", (-1, -1))),
    ];
    (any::<bool>(), service, proptest::sample::select(&PEERS[..]))
        .prop_map(|(egress, (protocol, ports), peer)| Rule { egress, protocol, ports, peer })
}

impl Rule {
    /// Whether the rule lets a packet pass, read by hand.
    fn passes(&self, peer: &str, protocol: u8, detail: u16) -> bool {
        let peers = match self.peer.split_once('/') {
            None => peer == self.peer,
            Some((net, len)) => match (net.parse().unwrap(), peer.parse()) {
                (IpAddr::V4(net), Ok(IpAddr::V4(addr))) => {
                    let len: u32 = len.parse().unwrap();
                    len == 0 || (net.to_bits() ^ addr.to_bits()) >> (32 - len) == 0
                }
                (IpAddr::V6(net), Ok(IpAddr::V6(addr))) => {
                    let len: u32 = len.parse().unwrap();
                    len == 0 || (net.to_bits() ^ addr.to_bits()) >> (128 - len) == 0
                }
                _ => false,
            },
        };
        let number = match self.protocol {
            "tcp" => 6,
            "udp" => 17,
            "icmp" => 1,
            "icmpv6" => 58,
            "47" => 47,
            _ => return peers,
        };
        let (from, to) = self.ports;
        let detail = i64::from(detail);
        peers
            && number == protocol
            && match number {
                6 | 17 => from <= detail && detail <= to,
                1 | 58 => (from == -1 || from == detail >> 8) && (to == -1 || to == detail & 255),
                _ => true,
            }
    }

    fn group(&self) -> Option<&str> {
        (!self.peer.contains('/')).then_some(self.peer)
    }

    fn is_v4(&self) -> bool {
        self.peer.contains('/') && !self.peer.contains(':')
    }

    fn is_v6(&self) -> bool {
        self.peer.contains(':')
    }

    fn ported(&self) -> bool {
        !matches!(self.protocol, "-1" | "47")
    }

    /// A rule of its own, as Terraform stores it.
    fn resource(&self) -> (&'static str, Value) {
        let kind = if self.egress {
            "aws_vpc_security_group_egress_rule"
        } else {
            "aws_vpc_security_group_ingress_rule"
        };
        let port = |port: i64| if self.ported() { json!(port) } else { Value::Null };
        let values = json!({
            "id": "sgr-1", "security_group_id": "sg-1", "ip_protocol": self.protocol,
            "from_port": port(self.ports.0), "to_port": port(self.ports.1),
            "cidr_ipv4": self.is_v4().then_some(self.peer), "cidr_ipv6": self.is_v6().then_some(self.peer),
            "referenced_security_group_id": self.group(), "prefix_list_id": "", "description": "x",
        });
        (kind, values)
    }

    /// A rule inside of a group, as Terraform stores it.
    fn inline(&self) -> Value {
        let port = |port: i64| if self.ported() { port } else { 0 };
        let list = |there: bool| if there { json!([self.peer]) } else { json!([]) };
        json!({
            "protocol": self.protocol, "from_port": port(self.ports.0), "to_port": port(self.ports.1),
            "cidr_blocks": list(self.is_v4()), "ipv6_cidr_blocks": list(self.is_v6()),
            "security_groups": list(self.group().is_some()), "prefix_list_ids": [], "self": false, "description": "",
        })
    }

    fn permission(&self) -> Value {
        let mut permission = json!({"IpProtocol": self.protocol, "PrefixListIds": []});
        if self.ported() {
            permission["FromPort"] = json!(self.ports.0);
            permission["ToPort"] = json!(self.ports.1);
        }
        let (list, key) = match self.peer {
            _ if self.is_v4() => ("IpRanges", "CidrIp"),
            _ if self.is_v6() => ("Ipv6Ranges", "CidrIpv6"),
            _ => ("UserIdGroupPairs", "GroupId"),
        };
        permission[list] = json!([{key: self.peer}]);
        permission
    }

    fn described(&self) -> Value {
        let mut rule = json!({
            "SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IsEgress": self.egress, "IpProtocol": self.protocol,
            "FromPort": self.ports.0, "ToPort": self.ports.1, "Tags": [],
        });
        match self.peer {
            _ if self.is_v4() => rule["CidrIpv4"] = json!(self.peer),
            _ if self.is_v6() => rule["CidrIpv6"] = json!(self.peer),
            _ => rule["ReferencedGroupInfo"] = json!({"GroupId": self.peer}),
        }
        rule
    }

    fn hcl(&self, at: usize) -> String {
        let (kind, values) = self.resource();
        let lines = values
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, value)| *key != "id" && !value.is_null() && *value != "");
        let lines: Vec<String> = lines.map(|(key, value)| format!("  {key} = {value}")).collect();
        format!("resource \"{kind}\" \"r{at}\" {{\n{}\n}}\n", lines.join("\n"))
    }
}

fn state(resources: &[(&str, Value)]) -> Value {
    let resource = |(at, (kind, values)): (usize, &(&str, Value))| {
        json!({"mode": "managed", "type": kind, "name": format!("r{at}"),
            "instances": [{"schema_version": 0, "attributes": values}]})
    };
    let resources: Vec<Value> = resources.iter().enumerate().map(resource).collect();
    json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "resources": resources})
}

fn values(resources: &[(&str, Value)]) -> Value {
    let resource = |(at, (kind, values)): (usize, &(&str, Value))| {
        json!({"address": format!("{kind}.r{at}"), "mode": "managed", "type": kind, "name": format!("r{at}"),
            "values": values})
    };
    let resources: Vec<Value> = resources.iter().enumerate().map(resource).collect();
    // Half of them stand in a module.
    let (root, module) = resources.split_at(resources.len() / 2);
    json!({"root_module": {"resources": root, "child_modules": [{"address": "module.m", "resources": module}]}})
}

fn shown(resources: &[(&str, Value)]) -> Value {
    json!({"format_version": "1.0", "terraform_version": "1.11.4", "values": values(resources)})
}

fn plan(before: &[(&str, Value)], after: &[(&str, Value)]) -> Value {
    json!({"format_version": "1.2", "planned_values": values(after), "resource_changes": [],
        "prior_state": {"values": values(before)}, "configuration": {}})
}

fn group(rules: &[Rule]) -> (&'static str, Value) {
    let inline =
        |egress: bool| rules.iter().filter(|rule| rule.egress == egress).map(Rule::inline).collect::<Value>();
    (
        "aws_security_group",
        json!({"id": "sg-1", "name": "g", "egress": inline(true), "ingress": inline(false)}),
    )
}

/// The rules in every form.
fn forms(rules: &[Rule]) -> Vec<(&'static str, String)> {
    let resources: Vec<_> = rules.iter().map(Rule::resource).collect();
    let permissions = |egress: bool| {
        rules.iter().filter(|rule| rule.egress == egress).map(Rule::permission).collect::<Value>()
    };
    let groups = json!({"SecurityGroups": [
        {"GroupId": "sg-1", "IpPermissions": permissions(false), "IpPermissionsEgress": permissions(true)}]});
    let described: Value = rules.iter().map(Rule::described).collect();
    let mut both = resources.clone();
    both.push(group(rules));
    vec![
        ("main.tf", rules.iter().enumerate().map(|(at, rule)| rule.hcl(at)).collect()),
        ("rules.tfstate", state(&resources).to_string()),
        ("group.tfstate", serde_json::to_string_pretty(&state(&[group(rules)])).unwrap()),
        ("both.tfstate", state(&both).to_string()),
        ("show.json", shown(&resources).to_string()),
        ("plan.json", plan(&[], &resources).to_string()),
        ("groups.json", groups.to_string()),
        ("group.json", groups["SecurityGroups"][0].to_string()),
        ("rules.json", json!({"SecurityGroupRules": described}).to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_form_of_the_same_rules_means_what_a_naive_reading_says(
        rules in proptest::collection::btree_set(rule(), 1..7),
    ) {
        let rules: Vec<Rule> = rules.into_iter().collect();
        let forms = forms(&rules);
        for (egress, direction) in [(true, Direction::Egress), (false, Direction::Ingress)] {
            if !rules.iter().any(|rule| rule.egress == egress) {
                continue;
            }
            let first = exactly(&read(forms[0].0, &forms[0].1), "sg-1", direction);
            for (name, text) in &forms[1..] {
                prop_assert_eq!(&exactly(&read(name, text), "sg-1", direction), &first, "{}", text);
            }
            let probes = [(6, 0), (6, 2), (6, 5), (17, 3), (1, 0x0000), (1, 0x0201), (58, 0x0100), (47, 0), (50, 0)];
            for (protocol, detail) in probes {
                for peer in PROBES.into_iter().chain(["sg-7", "sg-8"]) {
                    let source = if peer.contains(':') { "2001:db8:1::1" } else { "10.0.0.1" };
                    let far = peer.parse().map_or(Peer::Group(peer), Peer::Addr);
                    let packet =
                        Packet { peer: far, source: source.parse().unwrap(), protocol: Protocol(protocol), detail };
                    let expected = rules.iter().any(|rule| {
                        rule.egress == egress && rule.passes(peer, protocol, detail)
                    });
                    prop_assert_eq!(first.at(&packet), expected, "{} {}/{}", peer, protocol, detail);
                }
            }
        }
    }

    /// The provider lists rules that are resources of their own in their group, too, as it last saw them.
    #[test]
    fn a_plan_that_deletes_rules_leaves_the_others(
        rules in proptest::collection::btree_set(rule(), 2..7), keep in 1_usize..6,
    ) {
        let rules: Vec<Rule> = rules.into_iter().collect();
        let (kept, gone) = rules.split_at(keep.min(rules.len() - 1));
        let resources = |rules: &[Rule]| rules.iter().map(Rule::resource).collect::<Vec<_>>();
        let deleted = resources(gone).into_iter().enumerate().map(|(at, (kind, values))| {
            let name = format!("r{}", 1 + kept.len() + at);
            json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
                "change": {"actions": ["delete"], "before": values, "after": null, "after_unknown": {}}})
        });
        let mut after = vec![group(&rules)];
        after.extend(resources(kept));
        let mut before = vec![group(&rules)];
        before.extend(resources(&rules));
        let mut plan = plan(&before, &after);
        plan["resource_changes"] = deleted.collect();
        // The group writes no rules itself.
        plan["configuration"] = json!({"root_module": {"resources": [
            {"mode": "managed", "type": "aws_security_group", "name": "r0", "expressions": {"name": {}}}],
            "module_calls": {"m": {"module": {}}}}});
        let text = plan.to_string();
        let importer = importer("aws-security-group-state");
        let was = importer.import_before(&[source("plan.json", &text)]).unwrap();
        for direction in [Direction::Egress, Direction::Ingress] {
            let wanted = |rules: &[Rule]| {
                let text = state(&[group(rules)]).to_string();
                exactly(&read("x.tfstate", &text), "sg-1", direction)
            };
            prop_assert_eq!(exactly(&read("plan.json", &text), "sg-1", direction), wanted(kept), "{}", text);
            prop_assert_eq!(exactly(&was.policy, "sg-1", direction), wanted(&rules));
        }
    }
}

#[test]
fn a_large_state_is_read_in_seconds() {
    let filler = "x".repeat(1_200);
    let resources: Vec<(&str, Value)> = (0..6_000_u32)
        .map(|at| {
            let cidr = format!("10.{}.{}.0/24", at / 256, at % 256);
            let values = json!({"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 443, "to_port": 443,
                "cidr_ipv4": cidr, "tags": {"Name": filler, "n": [1, 2, 3, {"a": true}]}});
            ("aws_vpc_security_group_egress_rule", values)
        })
        .collect();
    for text in [serde_json::to_string_pretty(&state(&resources)).unwrap(), shown(&resources).to_string()] {
        assert!(text.len() > 8_000_000, "{}", text.len());
        let start = Instant::now();
        let policy = read("big.json", &text);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(policy.sets[0].rules.len(), 6_000);
    }
}
