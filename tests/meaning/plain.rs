//! Plain data: what any row allows is allowed. As JSON and as CSV.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};

laws!(Rows, 40);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Service {
    Any,
    Protocols(u8, u8),
    Ports(u8, Vec<(u16, u16)>),
    Icmp(u8, u8, Option<u8>),
}

#[derive(Debug, Clone)]
struct Row {
    egress: bool,
    source: Option<Block>,
    blocks: Vec<Block>,
    service: Service,
}

#[derive(Debug, Clone)]
struct Rows(Vec<Row>);

impl Row {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let count = dice.below(3) + 1;
        let service = match dice.below(7) {
            0 => Service::Any,
            1 => {
                let first = *dice.pick(&[6, 17, 47, 50]);
                Service::Protocols(first, first + u8::try_from(dice.below(3)).unwrap())
            }
            2 => Service::Icmp(
                if v6 { 58 } else { 1 },
                *dice.pick(&[3, 8, 128]),
                *dice.pick(&[None, Some(0), Some(1)]),
            ),
            _ => {
                let count = dice.below(3) + 1;
                Service::Ports(*dice.pick(&[6, 6, 17, 132]), (0..count).map(|_| dice.ports()).collect())
            }
        };
        Self {
            egress: !dice.once_in(3),
            source: dice.once_in(4).then(|| Block::random(dice, v6)),
            blocks: (0..count).map(|_| Block::random(dice, v6)).collect(),
            service,
        }
    }

    fn allows(&self, packet: &Packet) -> bool {
        let Far::Addr(far) = packet.far else { return false };
        let service = match &self.service {
            Service::Any => true,
            Service::Protocols(first, last) => (*first..=*last).contains(&packet.protocol),
            Service::Ports(protocol, ports) => {
                let inside = |(first, last): &(u16, u16)| (*first..=*last).contains(&packet.detail);
                packet.protocol == *protocol && ports.iter().any(inside)
            }
            Service::Icmp(protocol, kind, code) => {
                let code = code.is_none_or(|code| packet.detail & 255 == u16::from(code));
                packet.protocol == *protocol && packet.detail >> 8 == u16::from(*kind) && code
            }
        };
        let near = self.source.is_none_or(|source| source.holds(packet.near));
        service && near && self.blocks.iter().any(|block| block.holds(far))
    }

    /// The cells of protocol, ports and types, with the words between items and ends.
    fn service(&self, to: &str, code: &str) -> (String, Vec<String>, Vec<String>) {
        let name = |protocol: u8| match protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            1 => "icmp".to_owned(),
            58 => "icmpv6".to_owned(),
            other => other.to_string(),
        };
        match &self.service {
            Service::Any => ("any".to_owned(), vec![], vec![]),
            Service::Protocols(first, last) if first == last => (name(*first), vec![], vec![]),
            Service::Protocols(first, last) => (format!("{first}{to}{last}"), vec![], vec![]),
            Service::Ports(protocol, ports) => {
                let port = |(first, last): &(u16, u16)| {
                    if first == last { first.to_string() } else { format!("{first}{to}{last}") }
                };
                (name(*protocol), ports.iter().map(port).collect(), vec![])
            }
            Service::Icmp(protocol, kind, of) => {
                let of = of.map_or_else(String::new, |of| format!("{code}{of}"));
                (name(*protocol), vec![], vec![format!("{kind}{of}")])
            }
        }
    }

    fn as_json(&self) -> Value {
        let (protocol, ports, icmp) = self.service("-", "/");
        let mut row = Map::new();
        row.insert("action".to_owned(), json!("allow"));
        row.insert("protocol".to_owned(), json!(protocol));
        let texts = |blocks: &[Block]| json!(blocks.iter().map(Block::to_string).collect::<Vec<_>>());
        row.insert("cidrs".to_owned(), texts(&self.blocks));
        if let Some(source) = self.source {
            row.insert("source".to_owned(), texts(&[source]));
        }
        for (key, items) in [("ports", ports), ("icmp", icmp)] {
            if !items.is_empty() {
                row.insert(key.to_owned(), json!(items));
            }
        }
        row.insert("reason".to_owned(), json!("a \"reason\", with signs; \\ and all"));
        Value::Object(row)
    }

    fn as_csv(&self, quoted: bool) -> String {
        let (protocol, ports, icmp) = self.service(" to ", " code ");
        let direction = if self.egress { "egress" } else { "ingress" };
        let source = self.source.map_or_else(String::new, |source| source.to_string());
        let mut lines = String::new();
        for block in &self.blocks {
            let block = block.to_string();
            let (ports, icmp) = (ports.join("; "), icmp.join("; "));
            let cells = [
                direction,
                direction,
                "allow",
                &source,
                "cidr",
                &block,
                &protocol,
                &ports,
                &icmp,
                "why, \"so\"",
            ];
            let cells = cells.map(|cell| {
                if quoted || cell.contains(',') {
                    format!("\"{}\"", cell.replace('"', "\"\""))
                } else {
                    cell.to_owned()
                }
            });
            lines += &cells.join(",");
            lines += if quoted { "\r\n" } else { "\n" };
        }
        lines
    }
}

impl Format for Rows {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(7) + 1;
        let mut rows: Vec<Row> = (0..count).map(|_| Row::random(dice)).collect();
        // Both directions are spoken of, whatever is edited.
        for egress in [true, false] {
            rows.push(Row { egress, ..Row::random(dice) });
        }
        Self(rows)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rows = self.0.clone();
        dice.shuffle(&mut rows);
        if dice.once_in(2) {
            let scope = |egress: bool| {
                let direction = if egress { "egress" } else { "ingress" };
                let rows = rows.iter().filter(|row| row.egress == egress).map(Row::as_json);
                json!({"scope": direction, "direction": direction, "covers": ["ipv4", "ipv6"], "rules": rows.collect::<Vec<_>>()})
            };
            let document = json!({"schema": "egressor/rules/v1", "scopes": [scope(true), scope(false)]});
            return vec![("rules.json".to_owned(), document.to_string())];
        }
        let titles = "scope,direction,action,source,peer kind,peer,protocol,ports,icmp,reason\n";
        let quoted = dice.once_in(2);
        let lines: String = rows.iter().map(|row| row.as_csv(quoted)).collect();
        vec![("rules.csv".to_owned(), format!("{titles}{lines}"))]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("egress".to_owned(), true), ("ingress".to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|row| row.egress == *egress && row.allows(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        for row in &self.0 {
            edges.rule();
            row.blocks.iter().for_each(|block| edges.far(*block));
            row.source.iter().for_each(|block| edges.near(*block));
            match &row.service {
                Service::Any => {}
                Service::Protocols(first, last) => {
                    edges.protocol(*first);
                    edges.protocol(*last);
                }
                Service::Ports(protocol, ports) => {
                    for range in ports {
                        edges.ports(*protocol, *range);
                    }
                }
                Service::Icmp(protocol, kind, code) => edges.icmp(*protocol, *kind, *code),
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rows = Vec::new();
        for row in &self.0 {
            match (dice.below(3), &row.service) {
                (0, _) if row.blocks[0].halves().is_some() => {
                    let [one, two] = row.blocks[0].halves().unwrap();
                    let rest = row.blocks[1..].iter().copied();
                    rows.push(Row { blocks: vec![one], ..row.clone() });
                    rows.push(Row { blocks: rest.chain([two]).collect(), ..row.clone() });
                }
                (1, Service::Ports(protocol, ports)) if ports.len() > 1 => {
                    let (one, rest) = ports.split_at(1);
                    let with = |ports: &[(u16, u16)]| Row {
                        service: Service::Ports(*protocol, ports.to_vec()),
                        ..row.clone()
                    };
                    rows.extend([with(rest), with(one)]);
                }
                _ => rows.extend([row.clone(), row.clone()]),
            }
        }
        Self(rows)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rows = self.clone();
        let at = dice.below(rows.0.len());
        let row = &mut rows.0[at];
        match (dice.below(4), &mut row.service) {
            (0, Service::Ports(_, ports)) => ports[0].1 = ports[0].1.saturating_add(1),
            (1, Service::Ports(protocol, _)) => *protocol = if *protocol == 6 { 17 } else { 6 },
            (2, _) => row.blocks[0] = row.blocks[0].with_len(row.blocks[0].len.max(2) - 1),
            _ => row.service = Service::Protocols(89, 90),
        }
        rows
    }
}
