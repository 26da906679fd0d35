//! Security groups in Terraform's state files, and in what `terraform show -json` prints of a state or a plan.
//!
//! A group's `egress` and `ingress` are also filled by the provider, with whatever rules it saw when it last looked. Where
//! rules are resources of their own, a plan still lists those there that it is about to delete.

use super::entries::resolve;
use super::hcl::Reader;
use super::lift::{Peer, Permission, lift};
use super::peer::name;
use super::service::has_ports;
use crate::diag::{Code, Finding, Severity, Source};
use crate::packet::Protocol;
use crate::policy::{Direction, Policy, Scope};
use crate::syntax::hcl::{Block, Kind, Module};
use crate::syntax::terraform::{self, Asked, Resource, Stage, mentions, recognizes};
use crate::targets::clouds::managed_entries::{self as entries, Entries};
use crate::targets::clouds::managed_lists::{LISTS, drop_entries, says_services};
use crate::targets::clouds::terraform::{FIREWALL, SECURITY_GROUPS, Stated, found, is_beside};
use crate::targets::{FormFamily, Imported, Importer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads states and plans with security groups in them.
#[derive(Debug)]
pub(super) struct AwsSecurityGroupState;

const BLOCKS: [&str; 3] = ["egress", "ingress", "entry"];
const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

impl Importer for AwsSecurityGroupState {
    fn name(&self) -> &'static str {
        "aws-security-group-state"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let text = source.text();
        recognizes(text, &SECURITY_GROUPS)
            || (recognizes(text, &LISTS) && !mentions(text, &[FIREWALL]) && !says_services(text))
    }

    fn completes(&self, source: &Source) -> bool {
        entries::recognizes(source.text())
    }

    fn family(&self) -> Option<FormFamily> {
        Some(FormFamily::Terraform)
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        import(sources, Stage::After).0
    }

    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let (imported, is_plan) = import(sources, Stage::Before);
        is_plan.then_some(imported)
    }
}

/// What the files mean, and whether one of them is a plan.
fn import(sources: &[Arc<Source>], stage: Stage) -> (Imported, bool) {
    let (lists, files): (Vec<_>, Vec<_>) =
        sources.iter().partition(|source| entries::recognizes(source.text()));
    let (mut known, mut findings) = (Entries::default(), Vec::new());
    for source in lists {
        known.read(source, &mut findings);
    }
    let (mut permissions, mut scopes, mut is_plan) = (Vec::new(), Vec::new(), false);
    for source in files {
        let mut one = State::read(source, Stage::After);
        is_plan |= one.is_plan;
        if stage == Stage::Before && one.is_plan {
            let after = one;
            one = State::read(source, Stage::Before);
            one.rename(&after);
        }
        permissions.extend(one.permissions);
        scopes.extend(one.stated);
        findings.extend(one.findings);
    }
    resolve(&known, &mut permissions);
    let policy: Policy = lift(permissions, scopes, &mut findings);
    (Imported { policy, findings }, is_plan)
}

/// One file.
struct State {
    permissions: Vec<Permission>,
    stated: Vec<Scope>,
    findings: Vec<Finding>,
    /// What each group is called, by its address.
    names: BTreeMap<String, String>,
    is_plan: bool,
}

impl State {
    fn read(source: &Arc<Source>, stage: Stage) -> Self {
        let types = [&SECURITY_GROUPS[..], &LISTS].concat();
        let asked = Asked { types: &types, blocks: &BLOCKS, beside: is_beside };
        let read = terraform::read(source, stage, asked);
        let (mut reader, mut findings) = (Reader::default(), read.findings);
        let ruled = ruled(&read.resources);
        let (mut blocks, mut listed) = (Vec::new(), Vec::new());
        let mut gone = Reader::default();
        let all = |blocks: Vec<Block>| Module { blocks, ..Module::default() };
        for Resource { mut block, seen } in read.resources {
            if is_group(&block) {
                // A group with rules of its own one way has none the other way, unless they are written there too.
                let known = |way: &&str| block.get(way).is_some_and(|value| value.unknown().is_none());
                let other = ["egress", "ingress"].iter().any(known);
                let separate = other || ruled.contains(&name(&block));
                findings.extend(drop_unset(&mut block, &seen, separate));
                reader.stated.extend(BOTH.map(|direction| Scope { name: name(&block), direction }));
                at_protocols(&mut block);
                if seen.contains("egress") || seen.contains("ingress") {
                    listed.push((block, seen));
                    continue;
                }
            } else if block.is_resource("aws_ec2_managed_prefix_list") {
                let separate = ruled.contains(&name(&block));
                findings.extend(drop_unset(&mut block, &seen, separate));
                if seen.contains("entry") {
                    drop_entries(&mut block, &read.replaced);
                }
            } else if let Some(finding) = homeless(&block) {
                findings.push(finding);
            }
            blocks.push(block);
        }
        let names = blocks.iter().chain(listed.iter().map(|(block, _)| block));
        let names =
            names.filter(|block| is_group(block)).map(|block| (block.address(), name(block))).collect();
        // The lists stand in every module, for the rules of all of them may name one.
        let lists: Vec<Block> = blocks.iter().filter(|block| is_list(block)).cloned().collect();
        let with_lists = |more: Vec<Block>| all(more.into_iter().chain(lists.iter().cloned()).collect());
        let replaced = read.replaced.into_iter().filter(|block| !is_group(block) && !is_list(block));
        gone.module(&with_lists(replaced.collect()));
        let mut copied = Reader::default();
        copied.module(&with_lists(listed.into_iter().map(|(block, _)| block).collect()));
        reader.module(&all(blocks));
        reader.permissions.extend(without(copied.permissions, &gone.permissions));
        reader.stated.extend(copied.stated);
        findings.extend(reader.findings);
        findings.extend(copied.findings);
        Self {
            permissions: reader.permissions,
            stated: reader.stated,
            findings,
            names,
            is_plan: read.is_plan,
        }
    }

    /// Calls groups that the plan replaces as the state after calls them, by address, so that both compare.
    fn rename(&mut self, after: &Self) {
        let changed = |(address, id): (&String, &String)| {
            let name = after.names.get(address)?;
            (name != id).then(|| (id.clone(), name.clone()))
        };
        let new: BTreeMap<String, String> = self.names.iter().filter_map(changed).collect();
        let change = |name: &mut String| {
            if let Some(new) = new.get(name) {
                name.clone_from(new);
            }
        };
        self.stated.iter_mut().for_each(|scope| change(&mut scope.name));
        for permission in &mut self.permissions {
            change(&mut permission.group);
            for peer in &mut permission.peers {
                if let Peer::Group(name) = peer {
                    change(name);
                }
            }
        }
    }
}

fn is_group(block: &Block) -> bool {
    block.is_resource("aws_security_group") || block.is_resource("aws_default_security_group")
}

fn is_list(block: &Block) -> bool {
    LISTS.iter().any(|list| block.is_resource(list))
}

/// The groups and lists whose rules and entries are resources of their own.
fn ruled(resources: &[Resource]) -> BTreeSet<String> {
    let parents = ["security_group_id", "prefix_list_id"];
    let of = |block: &Block| {
        let argument = if is_list(block) { parents.last() } else { parents.first() };
        let value = argument.and_then(|argument| block.get(argument))?;
        value.as_text().or_else(|| value.unknown().map(super::peer::address))
    };
    resources.iter().filter_map(|resource| of(&resource.block)).collect()
}

/// Takes out what only the apply will tell and nothing is written for: the provider fills it in from the rules that are
/// resources of their own. Where there are none of those, it may be a `dynamic` block and stays a bound.
fn drop_unset(block: &mut Block, seen: &BTreeSet<String>, separate: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for argument in BLOCKS {
        let unknown =
            block.get(argument).is_some_and(|value| value.unknown().is_some() && !value.is_concealed());
        if unknown && separate && seen.contains(argument) {
            block.attributes.remove(argument);
            let message = format!(
                "`{}` has no `{argument}` before the apply and is read as having none of its own",
                block.address()
            );
            let help = "a `dynamic` block over something that only the apply tells would look the same";
            findings.push(found(Code::ReadNotCompared, message, &block.place).help(help));
        }
    }
    findings
}

/// Puts each rule of a group where its protocol stands: a rule has no name, and the whole of it may say more than is to be
/// shown.
fn at_protocols(block: &mut Block) {
    for way in ["egress", "ingress"] {
        let Some(Kind::List(rules)) = block.attributes.get_mut(way).map(|value| &mut value.kind) else {
            continue;
        };
        for rule in rules {
            let place = match &rule.kind {
                Kind::Map(fields) => fields.get("protocol").map(|value| value.place.clone()),
                _ => None,
            };
            rule.place = place.unwrap_or_else(|| rule.place.clone());
        }
    }
}

/// The finding for a rule whose group only the apply tells.
fn homeless(block: &Block) -> Option<Finding> {
    let group = block.get("security_group_id")?;
    let Kind::Unresolvable(text) = &group.kind else { return None };
    let message = format!(
        "the group of `{}` is only known after the apply, so its rules are shown as those of `{text}`",
        block.address()
    );
    let finding = found(Code::ReadNotCompared, message, &block.place);
    Some(Finding { severity: Severity::Warning, ..finding })
}

/// The permissions without those that are among `gone`, peer by peer. EC2 knows a rule by nothing else.
fn without(mut permissions: Vec<Permission>, gone: &[Permission]) -> Vec<Permission> {
    let mut by_service: BTreeMap<String, Vec<&Peer>> = BTreeMap::new();
    for permission in gone {
        for direction in &permission.directions {
            by_service.entry(service(permission, *direction)).or_default().extend(&permission.peers);
        }
    }
    for permission in &mut permissions {
        let Some(direction) = permission.directions.first() else { continue };
        let Some(peers) = by_service.get(&service(permission, *direction)) else { continue };
        permission.peers.retain(|peer| !peers.contains(&peer));
    }
    permissions.retain(|permission| !permission.peers.is_empty());
    permissions
}

/// A group, a direction and a service in one form: a group lists its rules with other words than their resources have.
fn service(permission: &Permission, direction: Direction) -> String {
    let Permission { group, protocol, from, to, .. } = permission;
    let known = |port: &Stated<i64>| if *port == Stated::Absent { Stated::Known(-1) } else { port.clone() };
    let Stated::Known(text) = protocol else {
        return format!("{group} {direction} {protocol:?} {from:?} {to:?}");
    };
    match Protocol::parse(text) {
        Some(protocol) if has_ports(protocol) || protocol.has_icmp_types() => {
            format!("{group} {direction} {protocol} {:?} {:?}", known(from), known(to))
        }
        // The ports of all others say nothing.
        Some(protocol) => format!("{group} {direction} {protocol}"),
        None => format!("{group} {direction} all"),
    }
}
