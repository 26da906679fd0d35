//! Policies of a cluster's administrator, with a `NetworkPolicy` between them: tier after tier, the first rule that matches
//! decides, and one that passes hands the packet to the next tier.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;

laws!(Cluster, 30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
    Pass,
}

/// The far end of a rule: a block, or the pods of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Block(Block),
    Namespace(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    verdict: Verdict,
    ends: Vec<End>,
    /// Every port of every protocol where it is none.
    ports: Option<(u8, u16, u16)>,
}

/// Policies of one tier by their priorities, and the rules of a NetworkPolicy where there is one.
#[derive(Debug, Clone)]
struct Cluster {
    /// Whether the newer kind is written.
    newer: bool,
    admin: Vec<(u16, Vec<Rule>)>,
    own: Option<Vec<Rule>>,
    baseline: Vec<Rule>,
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let egress = dice.once_in(2);
        let end = |dice: &mut Dice| {
            if dice.once_in(3) || !egress {
                let name: &&'static str = dice.pick(&["b", "c"]);
                return End::Namespace(name);
            }
            loop {
                let v6 = dice.once_in(3);
                let block = Block::random(dice, v6);
                // A whole family may be every pod, which is a bound.
                if block.len > 0 {
                    return End::Block(block);
                }
            }
        };
        let ends = (0..=dice.below(2)).map(|_| end(dice)).collect();
        let (first, last) = dice.ports();
        let protocol = *dice.pick(&[6, 6, 17, 132]);
        Self {
            egress,
            verdict: *dice.pick(&[Verdict::Allow, Verdict::Deny, Verdict::Deny, Verdict::Pass]),
            ends,
            ports: (!dice.once_in(3)).then_some((protocol, first.max(1), last.max(1))),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let end = |end: &End| match (end, &packet.far) {
            (End::Block(block), Far::Addr(addr)) => block.holds(*addr),
            (End::Namespace(name), Far::Group(group)) => *group == format!("{name}/"),
            _ => false,
        };
        self.ends.iter().any(end)
            && self.ports.is_none_or(|(protocol, first, last)| {
                packet.protocol == protocol && (first..=last).contains(&packet.detail)
            })
    }

    fn admin(&self, newer: bool) -> Value {
        let named = |name: &str| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
        let end = |end: &End| match end {
            End::Block(block) => json!({"networks": [block.to_string()]}),
            End::Namespace(name) => json!({"namespaces": named(name)}),
        };
        let action = match self.verdict {
            Verdict::Allow if newer => "Accept",
            Verdict::Allow => "Allow",
            Verdict::Deny => "Deny",
            Verdict::Pass => "Pass",
        };
        let field = if self.egress { "to" } else { "from" };
        let mut out = json!({"action": action, field: self.ends.iter().map(end).collect::<Vec<_>>()});
        if let Some((protocol, first, last)) = self.ports {
            let (name, word) = match protocol {
                6 => ("TCP", "tcp"),
                17 => ("UDP", "udp"),
                _ => ("SCTP", "sctp"),
            };
            let (field, value) = if newer {
                let port = if first == last {
                    json!({"number": first})
                } else {
                    json!({"range": {"start": first, "end": last}})
                };
                ("protocols", json!({word: {"destinationPort": port}}))
            } else if first == last {
                ("ports", json!({"portNumber": {"protocol": name, "port": first}}))
            } else {
                ("ports", json!({"portRange": {"protocol": name, "start": first, "end": last}}))
            };
            out[field] = json!([value]);
        }
        out
    }

    fn own(&self) -> Value {
        let end = |end: &End| match end {
            End::Block(block) => json!({"ipBlock": {"cidr": block.to_string()}}),
            End::Namespace(name) => {
                json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}})
            }
        };
        let field = if self.egress { "to" } else { "from" };
        let mut out = json!({field: self.ends.iter().map(end).collect::<Vec<_>>()});
        if let Some((protocol, first, last)) = self.ports {
            let name = match protocol {
                6 => "TCP",
                17 => "UDP",
                _ => "SCTP",
            };
            out["ports"] = json!([{"protocol": name, "port": first, "endPort": last}]);
        }
        out
    }
}

impl Cluster {
    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.admin.iter().flat_map(|(_, rules)| rules).chain(self.own.iter().flatten()).chain(&self.baseline)
    }

    fn object(&self, name: &str, tier: &str, priority: u16, rules: &[Rule], dice: &mut Dice) -> Value {
        let shop = json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}});
        let subject = if dice.once_in(2) {
            json!({"namespaces": shop})
        } else {
            json!({"pods": {"namespaceSelector": shop, "podSelector": {}}})
        };
        let mut spec = json!({"subject": subject});
        for (egress, field) in [(true, "egress"), (false, "ingress")] {
            let mine = rules.iter().filter(|rule| rule.egress == egress).map(|rule| rule.admin(self.newer));
            spec[field] = mine.collect();
        }
        let (version, kind) = match (self.newer, tier) {
            (true, _) => ("v1alpha2", "ClusterNetworkPolicy"),
            (false, "Admin") => ("v1alpha1", "AdminNetworkPolicy"),
            (false, _) => ("v1alpha1", "BaselineAdminNetworkPolicy"),
        };
        if self.newer {
            spec["tier"] = json!(tier);
        }
        if self.newer || tier == "Admin" {
            spec["priority"] = json!(priority);
        }
        json!({"apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind, "metadata": {"name": name}, "spec": spec})
    }
}

/// A rule in each direction about nothing that is probed, so that every scope is there.
fn anchors() -> Vec<Rule> {
    let anchor = |egress| Rule {
        egress,
        verdict: Verdict::Deny,
        ends: vec![End::Namespace("anchor")],
        ports: Some((132, 9_999, 9_999)),
    };
    vec![anchor(true), anchor(false)]
}

impl Format for Cluster {
    fn random(dice: &mut Dice) -> Self {
        let some =
            |dice: &mut Dice| -> Vec<Rule> { (0..dice.below(4)).map(|_| Rule::random(dice)).collect() };
        let newer = dice.once_in(2);
        let mut admin = vec![(0, anchors())];
        for at in 0..=dice.below(2) {
            let priority = u16::try_from(10 * at + dice.below(9) + 1).unwrap();
            admin.push((priority, some(dice)));
        }
        let allow = |rules: Vec<Rule>| {
            rules.into_iter().map(|rule| Rule { verdict: Verdict::Allow, ..rule }).collect()
        };
        let own = dice.once_in(2).then(|| allow(some(dice)));
        let mut baseline = some(dice);
        // The older baseline passes nothing on.
        baseline.retain(|rule| newer || rule.verdict != Verdict::Pass);
        Self { newer, admin, own, baseline }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut objects: Vec<Value> = Vec::new();
        for (at, (priority, rules)) in self.admin.iter().enumerate() {
            objects.push(self.object(&format!("a{at}"), "Admin", *priority, rules, dice));
        }
        objects.push(self.object("default", "Baseline", 500, &self.baseline, dice));
        if let Some(own) = &self.own {
            let mut spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
            for (egress, field) in [(true, "egress"), (false, "ingress")] {
                spec[field] = own.iter().filter(|rule| rule.egress == egress).map(Rule::own).collect();
            }
            objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "own", "namespace": "shop"}, "spec": spec}));
        }
        dice.shuffle(&mut objects);
        if dice.once_in(2) {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            return vec![("list.json".to_owned(), list.to_string())];
        }
        let mut text = String::new();
        for object in &objects {
            writeln!(text, "---\n{object}").unwrap();
        }
        vec![("all.yaml".to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        [true, false].map(|egress| ("shop/".to_owned(), egress)).to_vec()
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        let matching = |rules: &[Rule]| {
            rules.iter().find(|rule| rule.egress == *egress && rule.matches(packet)).map(|rule| rule.verdict)
        };
        let mut admin = self.admin.clone();
        admin.sort_by_key(|(priority, _)| *priority);
        let admin: Vec<Rule> = admin.into_iter().flat_map(|(_, rules)| rules).collect();
        match (matching(&admin), &self.own) {
            (Some(Verdict::Allow), _) => true,
            (Some(Verdict::Deny), _) => false,
            (_, Some(own)) => matching(own).is_some(),
            (_, None) => matching(&self.baseline) != Some(Verdict::Deny),
        }
    }

    fn edges(&self, edges: &mut Edges) {
        for group in ["b/", "c/"] {
            edges.peer(&Far::Group(group.to_owned()));
        }
        for rule in self.rules() {
            edges.rule();
            for end in &rule.ends {
                match end {
                    End::Block(block) => edges.far(*block),
                    End::Namespace(name) => edges.peer(&Far::Group(format!("{name}/"))),
                }
            }
            if let Some((protocol, first, last)) = rule.ports {
                edges.ports(protocol, (first, last));
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        for (priority, rules) in &mut other.admin {
            *priority *= 3;
            for at in (0..rules.len()).rev() {
                if dice.once_in(2) {
                    // What a rule decides already no later one decides.
                    let verdict = *dice.pick(&[Verdict::Allow, Verdict::Deny, Verdict::Pass]);
                    let shadow = Rule { verdict, ..rules[at].clone() };
                    rules.insert(at + 1, shadow);
                }
            }
        }
        if let Some(own) = &mut other.own {
            dice.shuffle(own);
        }
        other
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let tier = dice.below(3);
        let rules = match (tier, &mut other.own) {
            (0, Some(own)) if !own.is_empty() => own,
            (1, _) if !other.baseline.is_empty() => &mut other.baseline,
            _ => {
                let at = dice.below(other.admin.len());
                &mut other.admin[at].1
            }
        };
        if rules.is_empty() {
            return other;
        }
        let at = dice.below(rules.len());
        match dice.below(3) {
            0 if self.admin[0].1 != *rules => drop(rules.remove(at)),
            1 => {
                rules[at].ports =
                    rules[at].ports.map(|(protocol, first, last)| (protocol, first, last.saturating_add(1)));
            }
            _ if rules[at].verdict == Verdict::Deny => rules[at].verdict = Verdict::Allow,
            _ => rules[at].ends = vec![End::Namespace("b")],
        }
        other
    }
}
