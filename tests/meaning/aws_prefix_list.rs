//! Managed prefix lists: their entries pass at the services of their tags, in every form that Terraform and the vendor's tools
//! print.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;

laws!(Lists, 30);

#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    egress: bool,
    v6: bool,
    /// Protocols, each with a range of ports where it has any.
    services: Vec<(u8, Option<(u16, u16)>)>,
    blocks: Vec<Block>,
}

/// All lists. The first two stay as they are: one for each direction.
#[derive(Debug, Clone)]
struct Lists(Vec<List>);

const ANCHORS: usize = 2;

impl List {
    fn random(dice: &mut Dice) -> Self {
        let service = |dice: &mut Dice| match *dice.pick(&[6, 6, 17, 132, 1, 47]) {
            ported @ (6 | 17 | 132) => (ported, (!dice.once_in(4)).then(|| dice.ports())),
            other => (other, None),
        };
        let v6 = dice.once_in(3);
        Self {
            egress: dice.once_in(2),
            v6,
            services: (0..=dice.below(2)).map(|_| service(dice)).collect(),
            blocks: (0..=dice.below(3)).map(|_| Block::random(dice, v6)).collect(),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let Far::Addr(addr) = packet.far else { return false };
        let has = |(protocol, ports): &(u8, Option<(u16, u16)>)| {
            *protocol == packet.protocol
                && ports.is_none_or(|(first, last)| (first..=last).contains(&packet.detail))
        };
        self.blocks.iter().any(|block| block.holds(addr)) && self.services.iter().any(has)
    }

    fn family(&self) -> &'static str {
        if self.v6 { "IPv6" } else { "IPv4" }
    }

    fn tags(&self) -> (&'static str, String) {
        let word = |(protocol, ports): &(u8, Option<(u16, u16)>)| {
            let name = match protocol {
                6 => "tcp",
                17 => "udp",
                1 => "icmp",
                132 => "sctp",
                _ => "47",
            };
            match ports {
                None => name.to_owned(),
                Some((first, last)) if first == last => format!("{name}/{first}"),
                Some((first, last)) => format!("{name}/{first}-{last}"),
            }
        };
        let words: Vec<String> = self.services.iter().map(word).collect();
        (if self.egress { "egress" } else { "ingress" }, words.join(" "))
    }

    fn hcl(&self, at: usize, dice: &mut Dice) -> String {
        let (direction, services) = self.tags();
        let mut text = format!(
            "resource \"aws_ec2_managed_prefix_list\" \"l{at}\" {{\n  name = \"l{at}\"\n  address_family = \"{}\"\n",
            self.family()
        );
        let mut apart = String::new();
        for (number, block) in self.blocks.iter().enumerate() {
            if dice.once_in(3) {
                writeln!(
                    apart,
                    "resource \"aws_ec2_managed_prefix_list_entry\" \"e{at}_{number}\" {{\n  prefix_list_id = \
                     aws_ec2_managed_prefix_list.l{at}.id\n  cidr = \"{block}\"\n}}"
                )
                .unwrap();
            } else {
                writeln!(text, "  entry {{\n    cidr = \"{block}\"\n  }}").unwrap();
            }
        }
        let tags = format!(
            "  tags = {{\n    \"egressor:direction\" = \"{direction}\"\n    \"egressor:services\" = \"{services}\"\n  }}\n"
        );
        format!("{text}{tags}}}\n{apart}")
    }

    fn attributes(&self, at: usize) -> Value {
        let (direction, services) = self.tags();
        json!({
            "id": format!("pl-{at:04}"),
            "name": "x",
            "address_family": self.family(),
            "entry": self.blocks.iter().map(|block| json!({"cidr": block.to_string()})).collect::<Vec<_>>(),
            "tags": {"egressor:direction": direction, "egressor:services": services},
        })
    }

    fn described(&self, at: usize) -> Value {
        let (direction, services) = self.tags();
        json!({
            "PrefixListId": format!("pl-{at:04}"),
            "AddressFamily": self.family(),
            "Tags": [
                {"Key": "egressor:services", "Value": services},
                {"Key": "egressor:direction", "Value": direction},
            ],
        })
    }
}

impl Format for Lists {
    fn random(dice: &mut Dice) -> Self {
        let anchor = |egress| List {
            egress,
            v6: false,
            services: vec![(6, Some((7, 7)))],
            blocks: vec![Block::any(false).with_len(32)],
        };
        let mut lists = vec![anchor(true), anchor(false)];
        lists.extend((0..dice.below(4) + 2).map(|_| List::random(dice)));
        Self(lists)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut lists = self.0.clone();
        dice.shuffle(&mut lists);
        let all = || lists.iter().enumerate();
        match dice.below(3) {
            0 => vec![("lists.tf".to_owned(), all().map(|(at, list)| list.hcl(at, dice)).collect())],
            1 => {
                let resource = |(at, list): (usize, &List)| {
                    json!({
                        "mode": "managed",
                        "type": "aws_ec2_managed_prefix_list",
                        "name": format!("l{at}"),
                        "instances": [{"schema_version": 0, "attributes": list.attributes(at)}],
                    })
                };
                let resources: Vec<Value> = all().map(resource).collect();
                let state = json!({"version": 4, "serial": 1, "lineage": "x", "resources": resources});
                vec![("terraform.tfstate".to_owned(), state.to_string())]
            }
            _ => {
                let lists: Vec<Value> = all().map(|(at, list)| list.described(at)).collect();
                let mut files = vec![("lists.json".to_owned(), json!({ "PrefixLists": lists }).to_string())];
                for (at, list) in all() {
                    let entry = |block: &Block| json!({"Cidr": block.to_string()});
                    let entries: Vec<Value> = list.blocks.iter().map(entry).collect();
                    files.push((format!("pl-{at:04}.json"), json!({ "Entries": entries }).to_string()));
                }
                files
            }
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("egress".to_owned(), true), ("ingress".to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|list| list.egress == *egress && list.matches(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        for list in &self.0 {
            edges.rule();
            list.blocks.iter().for_each(|block| edges.far(*block));
            for (protocol, ports) in &list.services {
                edges.protocol(*protocol);
                if let Some(ports) = ports {
                    edges.ports(*protocol, *ports);
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut lists = Vec::new();
        for list in &self.0 {
            match (dice.below(3), list.blocks.as_slice(), list.services.as_slice()) {
                (0, [one, rest @ ..], _) if one.halves().is_some() => {
                    let blocks = [one.halves().unwrap().as_slice(), rest].concat();
                    lists.push(List { blocks, ..list.clone() });
                }
                (1, [first, second], _) => {
                    lists.extend([first, second].map(|one| List { blocks: vec![*one], ..list.clone() }));
                }
                (2, _, [first, second]) => {
                    lists.extend([second, first].map(|one| List { services: vec![*one], ..list.clone() }));
                }
                _ => lists.push(list.clone()),
            }
        }
        Self(lists)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut lists = self.0.clone();
        let at = ANCHORS + dice.below(lists.len() - ANCHORS);
        let list = &mut lists[at];
        match (dice.below(4), &mut list.services[0].1) {
            (0, _) if list.blocks[0].len > 0 => {
                list.blocks[0] = list.blocks[0].with_len(list.blocks[0].len - 1);
            }
            (1, Some((_, end))) => *end = end.saturating_add(1),
            (2, _) => list.egress = !list.egress,
            _ => drop(lists.remove(at)),
        }
        Self(lists)
    }
}
