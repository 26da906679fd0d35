//! Firewall rules in Terraform HCL: `google_compute_firewall`.

use super::lift::{Ends, Firewall, lift, refused};
use crate::diag::{Code, Finding, Source};
use crate::packet::{AddrSet, GroupSet, PeerSet, Prefix, PrefixError, TransportSet};
use crate::policy::{Action, Direction};
use crate::syntax::hcl::{Block, Module, Value, declares, is_module_file, read};
use crate::syntax::text::one_line;
use crate::targets::clouds::gcp_service::service;
use crate::targets::clouds::terraform::{Doubtful, Stated, found, items, not_read, stated};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads `google_compute_firewall`.
#[derive(Debug)]
pub(super) struct GcpFirewallHcl;

impl Importer for GcpFirewallHcl {
    fn name(&self) -> &'static str {
        "gcp-firewall-hcl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        declares(source.text(), "resource", "google_compute_firewall")
    }

    fn completes(&self, source: &Source) -> bool {
        is_module_file(source.name())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let read = read(sources);
        let mut reader = Reader { findings: read.findings, ..Reader::default() };
        for module in &read.modules {
            reader.module(module);
        }
        let Reader { firewalls, mut findings, .. } = reader;
        let policy = lift(&firewalls, &BTreeSet::new(), &mut findings);
        Imported { policy, findings }
    }
}

/// Collects what the resources of modules state.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) firewalls: Vec<Firewall>,
    pub(super) findings: Vec<Finding>,
    /// Reports whether these are rules that exist. Where one of those names no source, the API has filled in any.
    pub(super) exist: bool,
}

impl Reader {
    pub(super) fn module(&mut self, module: &Module) {
        for block in &module.blocks {
            let kind =
                if block.kind == "resource" { block.labels.first().map_or("", String::as_str) } else { "" };
            if kind == "google_compute_firewall" {
                self.firewall(block);
            } else {
                self.findings.extend(not_read(block));
            }
        }
    }

    pub(super) fn firewall(&mut self, block: &Block) {
        let mut conditions = block.uncertain.clone();
        match stated(block.get("disabled"), Value::as_bool) {
            Stated::Known(true) => {
                let message = format!("`{}` is disabled, so it does nothing", block.address());
                self.findings.push(found(Code::ReadNotCompared, message, &block.place));
                return;
            }
            Stated::Unknown(text) => conditions.push(format!("disabled = {text}")),
            Stated::Known(false) | Stated::Absent => {}
        }
        let (Some(directions), Some(priority)) = (self.directions(block), self.priority(block)) else {
            return;
        };
        let Some((action, services)) = self.services(block) else { return };
        let Some((peers, near)) = self.ends(block, &directions) else { return };
        let targets = targets(block);
        self.firewalls.push(Firewall {
            network: network(block.get("network")),
            directions,
            priority,
            action,
            services,
            peers,
            near,
            targets,
            conditions,
            place: block.place.clone(),
        });
    }

    fn directions(&mut self, block: &Block) -> Option<Vec<Direction>> {
        match stated(block.get("direction"), Value::as_text) {
            Stated::Absent if block.get("direction").is_none() => Some(vec![Direction::Ingress]),
            Stated::Known(text) if text == "INGRESS" => Some(vec![Direction::Ingress]),
            Stated::Known(text) if text == "EGRESS" => Some(vec![Direction::Egress]),
            Stated::Unknown(_) => Some(vec![Direction::Egress, Direction::Ingress]),
            stated @ (Stated::Known(_) | Stated::Absent) => {
                let not = match stated {
                    Stated::Known(text) => format!(", not `{}`", one_line(&text)),
                    Stated::Unknown(_) | Stated::Absent => String::new(),
                };
                let message =
                    format!("`{}` needs a direction, either `INGRESS` or `EGRESS`{not}", block.address());
                self.findings.push(refused(message, &block.place));
                None
            }
        }
    }

    fn priority(&mut self, block: &Block) -> Option<Stated<u16>> {
        let priority = stated(block.get("priority"), |value| value.as_text()?.parse().ok());
        if priority == Stated::Absent && block.get("priority").is_some() {
            let message = format!("`{}` needs a priority from 0 to 65535", block.address());
            self.findings.push(refused(message, &block.place));
            return None;
        }
        Some(priority)
    }

    /// The far and the near end.
    fn ends(&mut self, block: &Block, directions: &[Direction]) -> Option<(Ends<PeerSet>, Ends<AddrSet>)> {
        let (far, near) = match directions {
            [Direction::Egress] => ("destination_ranges", "source_ranges"),
            [Direction::Ingress] => ("source_ranges", "destination_ranges"),
            // Which of the arguments is the far end is not known either.
            _ => {
                let unknown = vec!["direction".to_owned()];
                return Some((Ends { known: PeerSet::default(), unknown }, Ends::default()));
            }
        };
        let (ranges, near) = (self.ranges(block, far)?, self.ranges(block, near)?);
        let mut peers = Ends { known: PeerSet::from(ranges.known), unknown: ranges.unknown };
        if directions == [Direction::Ingress] {
            for (argument, kind) in [("source_tags", "tag"), ("source_service_accounts", "service-account")] {
                let names = names(block.get(argument), kind);
                let groups = GroupSet::of(names.iter().map(String::as_str));
                peers.known.groups = peers.known.groups.union(&groups);
            }
        }
        let refusal = if peers.known == PeerSet::default() && peers.unknown.is_empty() {
            // The API: without a destination the rule is for every IPv4 address. A source must be named.
            peers.known = PeerSet::from(AddrSet::all_v4());
            (directions == [Direction::Ingress] && !self.exist).then_some("names no source")
        } else {
            let mixed = !peers.known.addrs.v4.is_empty() && !peers.known.addrs.v6.is_empty();
            mixed.then_some("mixes IPv4 and IPv6, which Google refuses")
        };
        if let Some(refusal) = refusal {
            self.findings.push(refused(format!("`{}` {refusal}", block.address()), &block.place));
            return None;
        }
        Some((peers, near))
    }

    /// What the rule does, and to which services.
    fn services(&mut self, block: &Block) -> Option<(Action, Vec<Doubtful>)> {
        let of = |kind: &str| block.blocks.iter().filter(|inner| inner.kind == kind).collect::<Vec<_>>();
        let (action, blocks) = match (of("allow"), of("deny")) {
            (allow, deny) if deny.is_empty() && !allow.is_empty() => (Action::Allow, allow),
            (allow, deny) if allow.is_empty() && !deny.is_empty() => (Action::Deny, deny),
            _ => {
                let message = format!("`{}` needs either `allow` or `deny` blocks", block.address());
                self.findings.push(refused(message, &block.place));
                return None;
            }
        };
        let mut known = TransportSet::default();
        let mut services = Vec::new();
        for inner in blocks {
            match service(inner, "protocol") {
                Ok((sure, doubtful)) => {
                    known = known.union(&sure);
                    services.extend(doubtful);
                }
                Err(message) => {
                    self.findings.push(refused(message, &inner.place));
                    return None;
                }
            }
        }
        services.push((known, Vec::new()));
        Some((action, services))
    }

    /// The blocks of addresses that an argument names. One that is refused makes the whole rule void, for what is
    /// left of it is not what was written.
    fn ranges(&mut self, block: &Block, argument: &str) -> Option<Ends<AddrSet>> {
        let mut unknown = Vec::new();
        let mut prefixes: Vec<Prefix> = Vec::new();
        let before = self.findings.len();
        for item in block.get(argument).into_iter().flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) => match text.parse() {
                    Ok(prefix) => prefixes.push(prefix),
                    Err(error) => self.findings.push(refused(PrefixError::to_string(&error), &item.place)),
                },
                (None, Some(text)) => unknown.push(text.to_owned()),
                (None, None) => {
                    let message =
                        format!("{} stands where a block of addresses is needed", item.kind.describe());
                    self.findings.push(refused(message, &item.place));
                }
            }
        }
        (self.findings.len() == before).then(|| Ends { known: AddrSet::of(prefixes), unknown })
    }
}

/// The instances that a rule is for.
pub(super) fn targets(block: &Block) -> Vec<String> {
    let mut targets = names(block.get("target_tags"), "tag");
    targets.extend(names(block.get("target_service_accounts"), "service-account"));
    targets
}

/// The tags or accounts that an argument names, each with its kind before it. An expression stands for itself.
fn names(value: Option<&Value>, kind: &str) -> Vec<String> {
    let each = value.into_iter().flat_map(items);
    each.filter_map(|item| item.as_text().or_else(|| item.unknown().map(str::to_owned)))
        .map(|name| format!("{kind}:{name}"))
        .collect()
}

/// The network: its name, or the resource or variable that gives it.
pub(super) fn network(value: Option<&Value>) -> String {
    let literal = value.and_then(Value::as_text);
    if let Some(text) = literal {
        return text.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let reference = value.and_then(Value::unknown).unwrap_or("unknown");
    let resource = [".name", ".id", ".self_link"].iter().find_map(|end| reference.strip_suffix(end));
    resource.unwrap_or(reference).to_owned()
}
