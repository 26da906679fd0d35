//! From a policy to the rows of a request.

use super::existing::{Compared, removals};
use super::row::{Row, Step, TITLES};
use super::{CELL, CSV, MARKDOWN, cells};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, NameSet, PacketSet, PeerSet, Set, TransportSet};
use crate::policy::{Direction, Justification, Origin, Policy, RuleSet, Traffic, pair_scopes};
use crate::syntax::text::{fit, one_line};
use crate::targets::asked::demand::{Unsaid, id};
use crate::targets::{Artifact, Facts, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most characters of a text that comes from elsewhere.
const TEXT: usize = 2_000;

/// Where items of a cell are cut, well below what a cell takes.
const ROOM: usize = CELL - 767;

pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let (mut unsaid, mut rows) = (Unsaid::default(), BTreeSet::new());
    let existing = wanted.options.context().existing.as_ref();
    let compared = existing.map(|existing| pair_scopes(wanted.policy, existing));
    for set in &wanted.policy.sets {
        let pairs = compared.iter().flatten();
        let of_set = pairs.filter(|pair| pair.old.is_some_and(|old| std::ptr::eq(old, set)));
        let there = existing.map(|_| Compared::of(of_set.clone().find_map(|pair| pair.new)));
        for ask in asks(set, &mut unsaid) {
            rows.extend(ask.rows(set, wanted.options, there.as_ref()));
        }
    }
    for pair in compared.iter().flatten().filter(|pair| pair.old.is_some()) {
        rows.extend(removals(pair, wanted.options));
    }
    let mut unpaired = Vec::new();
    for pair in compared.iter().flatten() {
        match (pair.old, pair.new) {
            (Some(old), None) => unpaired.extend(several(old, existing)),
            (None, Some(new)) => unpaired.push(beside(new)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    let (losses, mut findings) = unsaid.finish();
    findings.extend(unpaired);
    for row in &rows {
        if let Some(cell) = row.cells().into_iter().find(|cell| cell.chars().count() > CELL) {
            let message = format!(
                "a cell of `{}` would have {} characters, and spreadsheets keep {CELL}",
                one_line(&row.endpoint).chars().take(100).collect::<String>(),
                cell.chars().count()
            );
            findings.push(Finding::new(Code::TargetLimit, message));
        }
    }
    let artifacts = if rows.is_empty() { Vec::new() } else { artifacts(&rows) };
    Lowered { artifacts, losses, findings, ..Lowered::default() }
}

/// The existing rules have several scopes in this direction, and it is not clear which is meant.
fn several(old: &RuleSet, existing: Option<&Policy>) -> Option<Finding> {
    let direction = old.scope.direction;
    let sets = existing.into_iter().flat_map(|existing| &existing.sets);
    let names: Vec<String> = sets
        .filter(|set| set.scope.direction == direction)
        .map(|set| format!("`{}`", one_line(&set.scope.name)))
        .collect();
    let message = format!("the existing rules have several scopes for {direction}: {}", names.join(", "));
    let help = "say which is meant with `--against-scope NAME`";
    (!names.is_empty()).then(|| Finding::new(Code::ReadRefused, message).help(help))
}

/// Existing rules that nothing of the request stands against.
fn beside(new: &RuleSet) -> Finding {
    let message = format!("`{}` {} is not compared", one_line(&new.scope.name), new.scope.direction);
    Finding::new(Code::ReadNotCompared, message)
}

fn artifacts(rows: &BTreeSet<Row>) -> Vec<Artifact> {
    let count = |step: Step| rows.iter().filter(|row| row.action == step.as_str()).count().to_string();
    let counts: Vec<Value> =
        Step::ALL.into_iter().map(|step| json!({ "action": step.as_str(), "count": count(step) })).collect();
    let lines: Vec<Vec<&str>> = rows.iter().map(Row::cells).collect();
    let named: Vec<Value> = rows.iter().map(|row| row.named("")).collect();
    let details: Vec<Value> = rows.iter().map(|row| row.named("not stated")).collect();
    vec![
        Artifact {
            path: "change-request.csv".to_owned(),
            template: CSV,
            model: json!({ "titles": TITLES, "rows": lines }).into(),
        },
        Artifact {
            path: "change-request.md".to_owned(),
            template: MARKDOWN,
            model: json!({ "rows": named, "details": details, "counts": counts }).into(),
        },
    ]
}

/// What an endpoint asks for: one product of peers and services.
struct Ask<'a> {
    origin: &'a Origin,
    near: Option<AddrSet>,
    peers: PeerSet,
    services: TransportSet,
}

/// What the rules of a set ask for, one for each reason, near end and services.
fn asks<'a>(set: &'a RuleSet, unsaid: &mut Unsaid) -> Vec<Ask<'a>> {
    let everything = TransportSet::full();
    let mut asks: Vec<Ask<'a>> = Vec::new();
    let mut of_endpoint: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let services = rule.matches.transport.set().unwrap_or(&everything).clone();
        let peers = rule.matches.peer.set().unwrap_or(&set.universe);
        let (_, names) = cells::names(&peers.names);
        let said = PeerSet { addrs: peers.addrs.clone(), names, ..PeerSet::default() };
        let near = rule.matches.source.set();
        let left = PacketSet::product(near, &peers.subtract(&said), &services, &true);
        if rule.matches.peer.set().is_some() {
            unsaid.add(&set.scope, "a row names peers by host and by address only", &left, &rule.origin);
        }
        if said.is_empty() {
            continue;
        }
        let known = of_endpoint.entry(id(&rule.origin)).or_default();
        let same = |at: &&usize| {
            let same = |ask: &Ask<'_>| {
                *ask.origin == rule.origin && ask.near.as_ref() == near && ask.services == services
            };
            asks.get(**at).is_some_and(same)
        };
        if let Some(ask) = known.iter().find(same).copied().and_then(|at| asks.get_mut(at)) {
            ask.peers = ask.peers.union(&said);
        } else {
            known.push(asks.len());
            asks.push(Ask { origin: &rule.origin, near: near.cloned(), peers: said, services });
        }
    }
    asks
}

impl Ask<'_> {
    /// Its row, or several where one cell would not hold all of its peers.
    fn rows(&self, set: &RuleSet, options: &Options, there: Option<&Compared>) -> Vec<Row> {
        let packets = PacketSet::product(self.near.as_ref(), &self.peers, &self.services, &true);
        let (step, change) = there.map_or((Step::Add, String::new()), |there| there.step(&packets));
        let why = match self.origin {
            Origin::Endpoint(why) => Some(why.as_ref()),
            Origin::Implied(_) | Origin::File(_) | Origin::System(_) => None,
        };
        let name = cut(&id(self.origin));
        let facts = options.context().facts.get(&id(self.origin)).cloned().unwrap_or_default();
        let base = Row {
            endpoint: name.clone(),
            action: step.as_str().to_owned(),
            change,
            rollback: rollback(step, &name),
            ..row(why, &facts, options)
        };
        let base = match self.origin {
            Origin::Implied(need) => Row { justification: need.reason().to_owned(), ..base },
            Origin::Endpoint(_) | Origin::File(_) | Origin::System(_) => base,
        };
        let near = self.near.as_ref().map(cells::blocks).unwrap_or_default();
        let peers = Peers { near: &near, names: &self.peers.names, addrs: &self.peers.addrs };
        spread(&base, set.scope.direction, &peers, &self.services, &facts)
    }
}

/// The two ends of a row.
pub(super) struct Peers<'a> {
    pub(super) near: &'a [String],
    pub(super) names: &'a NameSet,
    pub(super) addrs: &'a AddrSet,
}

/// The row with its peers and services. What does not fit into a cell goes into rows of its own.
pub(super) fn spread(
    base: &Row,
    direction: Direction,
    peers: &Peers<'_>,
    services: &TransportSet,
    facts: &Facts,
) -> Vec<Row> {
    let (protocol, port) = cells::services(services);
    let ids: Vec<String> = facts.components.iter().map(|(id, _)| id.clone()).collect();
    let ends: Vec<String> = facts.components.iter().map(|(id, pods)| format!("{id} ({pods})")).collect();
    let whole = |text: &str| fit(text, ROOM, |_| true, ' ');
    let (component, near_end) = (whole(&cells::join(&ids)), whole(&cells::join(&ends)));
    let mut rows = Vec::new();
    let mut names = chunks(cells::names(peers.names).0).into_iter();
    let mut blocks = chunks(cells::blocks(peers.addrs)).into_iter();
    loop {
        let (names, blocks) = (names.next(), blocks.next());
        if names.is_none() && blocks.is_none() {
            return rows;
        }
        let (names, blocks) = (names.unwrap_or_default(), blocks.unwrap_or_default());
        let provenance = provenance(&blocks, &facts.evidence);
        let (far, far_cidr) = (cells::join(&names), cells::join(&blocks));
        let near_cidr = cells::join(peers.near);
        let row = Row {
            direction: direction.as_str().to_owned(),
            protocol: protocol.clone(),
            port: port.clone(),
            component: component.clone(),
            provenance,
            ..base.clone()
        };
        rows.push(match direction {
            Direction::Egress => Row {
                source: near_end.clone(),
                source_cidr: near_cidr,
                destination: far,
                destination_cidr: far_cidr,
                ..row
            },
            Direction::Ingress => Row {
                source: far,
                source_cidr: far_cidr,
                destination: near_end.clone(),
                destination_cidr: near_cidr,
                ..row
            },
        });
    }
}

/// The items in lists that each fit into a cell.
fn chunks(items: Vec<String>) -> Vec<Vec<String>> {
    let (mut chunks, mut room): (Vec<Vec<String>>, usize) = (Vec::new(), 0);
    for item in items {
        let needed = item.chars().count().saturating_add(2);
        if let Some(chunk) = chunks.last_mut().filter(|_| needed <= room) {
            chunk.push(item);
        } else {
            chunks.push(vec![item]);
            room = ROOM;
        }
        room = room.saturating_sub(needed);
    }
    chunks
}

/// How addresses are known: each word with how many blocks it is said of, or alone when it is said of all.
fn provenance(blocks: &[String], evidence: &BTreeMap<String, String>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for block in blocks {
        let word = evidence.get(block).map(String::as_str);
        if let Some(word) = word {
            *counts.entry(word).or_default() += 1;
        }
    }
    // Neighbours are merged, and then are known as the blocks that they are made of.
    let all: BTreeSet<&str> = evidence.values().map(String::as_str).collect();
    match (counts.len(), all.len()) {
        (_, 0) => String::new(),
        (1, 1) | (0, _) => all.into_iter().collect::<Vec<_>>().join("; "),
        _ => {
            counts.into_iter().map(|(word, count)| format!("{word}: {count}")).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What a row says of an endpoint beside its traffic.
pub(super) fn row(why: Option<&Justification>, facts: &Facts, options: &Options) -> Row {
    let setting = |key: &str| options.get(key).unwrap_or_default().to_owned();
    let of = |text: Option<&String>| text.map(|text| cut(text)).unwrap_or_default();
    // What a rule does not say of itself is known of the project.
    let or = |text: Option<&String>, known: &str| text.map_or_else(|| cut(known), |text| cut(text));
    let ticket = or(why.and_then(|why| why.ticket.as_ref()), &facts.ticket);
    let request = Some(setting("change.id")).filter(|id| !id.is_empty()).unwrap_or_else(|| ticket.clone());
    let inspection = if facts.inspection.is_empty() {
        String::new()
    } else {
        format!(", TLS inspection: {}", facts.inspection)
    };
    let methods = why.map(|why| why.methods.join(", ")).filter(|methods| !methods.is_empty());
    let methods = methods.map(|methods| format!(", methods {methods}")).unwrap_or_default();
    Row {
        request,
        application: cut(&format!("{}{methods}{inspection}", facts.app)),
        condition: facts.condition.clone(),
        justification: of(why.map(|why| &why.purpose)),
        upload: if facts.upload { "yes" } else { "no" }.to_owned(),
        risk: cut(&facts.risks.join("; ")),
        alternative: facts.mitigation.clone(),
        owner: or(why.and_then(|why| why.owner.as_ref()), &facts.owner),
        approver: setting("change.approver"),
        requested_by: setting("change.requested_by"),
        ticket,
        valid_from: setting("change.valid_from"),
        expires: or(why.and_then(|why| why.expires.as_ref()), &facts.expires),
        via: cut(&facts.via),
        vendor_source: cut(&why.map(|why| why.sources.join("; ")).unwrap_or_default()),
        verified: facts.verified.clone(),
        confidence: of(why.map(|why| &why.confidence)),
        ..Row::default()
    }
}

/// A text of the catalog, short enough for a cell; the catalog has the whole of it.
fn cut(text: &str) -> String {
    fit(text, TEXT, |_| true, ' ')
}

/// How the step is undone.
pub(super) fn rollback(step: Step, name: &str) -> String {
    match step {
        Step::Add => format!("remove the rule for {name}"),
        Step::Modify => format!("restore the rule for {name} as it was"),
        Step::Keep => "nothing changes".to_owned(),
        Step::Remove => "add the rule again, as it stands in this row".to_owned(),
    }
}
