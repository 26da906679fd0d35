//! Service tags of Azure in place of the addresses that they stand for, and the file that shows what they stood for.
//!
//! A tag is written only where everything that it stands for is wanted at the same services, and only where it takes the
//! place of several blocks. Part of a tag stays addresses.

use crate::diag::{Code, Finding, Severity};
use crate::packet::{AddrSet, Set, TransportSet};
use crate::policy::Origin;
use crate::targets::asked::demand::Demand;
use crate::targets::clouds::service_tags::is_listed_by_azure;
use crate::targets::{Artifact, Options, ServiceTag};
use serde_json::json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many tags a line names.
const MOST_NAMED: usize = 8;

/// The words of the setting: never, or where it is the same as of the catalog's day.
pub(in crate::targets) const WORDS: &[&str] = &["never", "exact"];
const EXACT: &str = "exact";

/// The tags that rules may name.
#[derive(Debug, Default)]
pub(in crate::targets) struct Tags<'a> {
    /// Whether any are wanted.
    wanted: bool,
    /// The larger ones first.
    known: Vec<&'a ServiceTag>,
    /// Those that the target does not take, and why not.
    unfit: Vec<(&'a ServiceTag, &'static str)>,
    used: BTreeMap<&'a str, &'a ServiceTag>,
    passed: BTreeSet<(&'static str, &'a str)>,
    findings: Vec<Finding>,
}

/// A tag that stands in the place of addresses at some services, and who asks for them.
#[derive(Debug)]
pub(in crate::targets) struct Tagged<'a, 'd> {
    pub(in crate::targets) tag: &'a ServiceTag,
    pub(in crate::targets) transport: TransportSet,
    pub(in crate::targets) origins: Vec<&'d Origin>,
}

impl<'a> Tags<'a> {
    /// The tags of a project, where the setting asks for them. `refuses` tells why the target does not take one.
    pub(in crate::targets) fn of(
        options: &'a Options,
        key: &str,
        refuses: impl Fn(&ServiceTag) -> Option<&'static str>,
    ) -> Self {
        let mut tags = Self { wanted: options.get(key) == Some(EXACT), ..Self::default() };
        if !tags.wanted {
            return tags;
        }
        // Azure does not mind the case of a name.
        let mut by_name: BTreeMap<String, Vec<&ServiceTag>> = BTreeMap::new();
        let mut states: BTreeSet<(&str, &str)> = BTreeSet::new();
        for tag in &options.context().service_tags {
            by_name.entry(tag.name.to_ascii_lowercase()).or_default().push(tag);
            states.insert((&tag.cloud, &tag.change));
        }
        if states.len() > 1 {
            let states: Vec<String> =
                states.iter().map(|(cloud, change)| format!("{change} of {cloud}")).collect();
            let message = format!(
                "service tags are not written: catalogs know them as of several changes, {}",
                states.join(", ")
            );
            let help = "import all of them from one list";
            tags.findings.push(Finding::new(Code::TargetCannotSay, message).help(help));
            return tags;
        }
        for same in by_name.into_values() {
            let Some(tag) = same.first().copied() else { continue };
            if same.iter().any(|other| other.addrs != tag.addrs) {
                let message = format!(
                    "the service tag `{}` is not written: catalogs differ about its addresses",
                    tag.name
                );
                tags.findings.push(Finding::new(Code::TargetCannotSay, message));
            } else if let Some(why) = refuses(tag) {
                tags.unfit.push((tag, why));
            } else if is_listed_by_azure(&tag.name) {
                tags.known.push(tag);
            }
        }
        tags.known.sort_by_key(|tag| (Reverse(tag.addrs.count()), &tag.name));
        tags
    }

    /// Takes addresses out of demands, and names the tags that stand for them instead.
    pub(in crate::targets) fn take<'d>(
        &mut self,
        by_service: &mut BTreeMap<TransportSet, Vec<Demand<'d>>>,
    ) -> Vec<Tagged<'a, 'd>> {
        if !self.wanted {
            return Vec::new();
        }
        let mut chosen: Vec<(TransportSet, Vec<&'a ServiceTag>)> = Vec::new();
        for (transport, demands) in by_service.iter() {
            let wanted: Vec<AddrSet> = demands.iter().map(|demand| demand.addrs.clone()).collect();
            chosen.push((transport.clone(), self.choose(&AddrSet::union_all(&wanted))));
        }
        let mut tagged: Vec<Tagged<'a, 'd>> = Vec::new();
        for (transport, tags) in &chosen {
            let wider: Vec<&&ServiceTag> = chosen
                .iter()
                .filter(|(more, _)| more != transport && transport.is_subset(more))
                .flat_map(|(_, tags)| tags)
                .collect();
            // What a tag lets pass anyway at more services needs no other.
            let needed = tags.iter().filter(|tag| !wider.iter().any(|wide| tag.addrs.is_subset(&wide.addrs)));
            tagged.extend(needed.map(|tag| Tagged {
                tag,
                transport: transport.clone(),
                origins: Vec::new(),
            }));
        }
        for (transport, demands) in by_service.iter_mut() {
            for demand in demands.iter_mut() {
                let asked = demand.addrs.clone();
                for tagged in tagged.iter_mut().filter(|tagged| transport.is_subset(&tagged.transport)) {
                    if !asked.intersect(&tagged.tag.addrs).is_empty() {
                        tagged.origins.push(demand.origin);
                        demand.addrs = demand.addrs.subtract(&tagged.tag.addrs);
                    }
                }
            }
            demands.retain(|demand| !demand.addrs.is_empty());
        }
        by_service.retain(|_, demands| !demands.is_empty());
        self.used.extend(tagged.iter().map(|tagged| (tagged.tag.name.as_str(), tagged.tag)));
        tagged
    }

    /// The tags that stand for all that they hold of the addresses, and each for more than one block of them.
    fn choose(&mut self, wanted: &AddrSet) -> Vec<&'a ServiceTag> {
        for (tag, why) in &self.unfit {
            let v4 = AddrSet { v4: tag.addrs.v4.clone(), ..AddrSet::default() };
            if !v4.is_empty() && v4.is_subset(wanted) {
                self.passed.insert((why, &tag.name));
            }
        }
        let mut chosen = Vec::new();
        let mut rest = wanted.clone();
        let mut blocks = rest.prefixes().len();
        for tag in &self.known {
            if rest.intersect(&tag.addrs).is_empty() || !tag.addrs.is_subset(wanted) {
                continue;
            }
            let left = rest.subtract(&tag.addrs);
            let fewer = left.prefixes().len();
            if fewer.saturating_add(1) < blocks {
                (rest, blocks) = (left, fewer);
                chosen.push(*tag);
            }
        }
        chosen
    }

    /// What the user should know: lines for the head of each file among them.
    pub(in crate::targets) fn findings(&self) -> Vec<Finding> {
        let note = |message: String| {
            let finding = Finding::new(Code::TargetCannotSay, message);
            Finding { severity: Severity::Note, ..finding }
        };
        let mut findings = self.findings.clone();
        let mut passed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (why, name) in &self.passed {
            passed.entry(why).or_default().push(name);
        }
        for (why, names) in passed {
            findings.push(note(format!("service tags that stay addresses, {why}: {}", listed(&names))));
        }
        if let Some(first) = self.used.values().next() {
            let names: Vec<&str> = self.used.keys().copied().collect();
            findings.push(note(format!(
                "what service tags mean on another day: each stands for whatever Azure lists on the day, and is proven as of change {} of the cloud {}: {}",
                first.change, first.cloud, listed(&names)
            )));
        } else if self.wanted && findings.is_empty() {
            findings.push(note(
                "service tags are not written: of none that a catalog knows is everything wanted, in more than one block"
                    .to_owned(),
            ));
        }
        findings
    }

    /// The file that lists the tags that were used, in the shape in which Azure publishes them.
    pub(in crate::targets) fn evidence(&self, path: &str, template: &'static str) -> Option<Artifact> {
        let first = self.used.values().next()?;
        let tag = |tag: &&ServiceTag| {
            let blocks: Vec<String> = tag.addrs.prefixes().iter().map(ToString::to_string).collect();
            json!({ "name": tag.name, "prefixes": blocks })
        };
        let tags: Vec<_> = self.used.values().map(tag).collect();
        let model = json!({ "change": first.change, "cloud": first.cloud, "tags": tags });
        Some(Artifact { path: path.to_owned(), template, model: model.into() })
    }
}

fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    format!("{}{}", first.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}
