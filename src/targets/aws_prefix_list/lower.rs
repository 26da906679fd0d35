//! From a policy to a list for each direction, set of services and family.

use super::{
    ENTRIES, HEADROOM, LISTS, MAX_DESCRIPTION, MAX_ENTRIES, MAX_LISTS, MAX_TAG, NAME, NO_LIST, TEMPLATE,
};
use crate::diag::{Code, Finding};
use crate::packet::{Prefix, TransportSet};
use crate::policy::{Direction, Origin, RuleSet};
use crate::targets::asked::blocks::{Blocks, outermost};
use crate::targets::asked::demand::{Unsaid, demands};
use crate::targets::told::reason::{Room, reason};
use crate::targets::told::service_words::{label, read, words};
use crate::targets::{Artifact, Lowered, Options, Wanted};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// EC2's `AddPrefixListEntry`: "Up to 255 characters in length" of `a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=;{}!$*`.
const DESCRIPTION: Room = Room {
    limit: MAX_DESCRIPTION.max,
    allowed: |char| char.is_ascii_alphanumeric() || " ._-:/()#,@[]+=;{}!$*".contains(char),
};

/// What the entries of a list have in common: direction, services as words, and whether they are of IPv6.
type Key = (Direction, Vec<String>, bool);

/// The policy as lists. Each is a resource with its entries inside, so that its plan shows them together.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let mut unsaid = Unsaid::default();
    let mut by_key: BTreeMap<Key, Blocks<'_>> = BTreeMap::new();
    for set in &wanted.policy.sets {
        add(set, &mut by_key, &mut unsaid);
    }
    let (losses, findings) = unsaid.finish();
    lowered.losses = losses;
    lowered.findings.extend(findings);
    if wanted.policy.sets.is_empty() {
        return lowered;
    }
    let (lists, shortened) = lists(by_key, wanted.options);
    let most = number(wanted.options, LISTS, MAX_LISTS.max);
    if lists.len() > most {
        let message = format!("{} lists where an account has {most} in a region", lists.len());
        let help = format!("select fewer endpoints, or raise the quota and set `{LISTS}`");
        lowered.findings.push(Finding::new(Code::TargetLimit, message).help(help));
        return lowered;
    }
    if shortened > 0 {
        let message = format!("{shortened} descriptions were shortened or changed to fit");
        lowered.findings.push(Finding::new(Code::TargetText, message));
    }
    let nothing = Vec::from_iter(lists.is_empty().then_some(NO_LIST));
    let model = json!({ "lists": lists, "nothing": nothing });
    lowered.artifacts.push(Artifact {
        path: "aws-prefix-list.tf".to_owned(),
        template: TEMPLATE,
        model: model.into(),
    });
    lowered
}

fn number(options: &Options, key: &str, default: usize) -> usize {
    options.get(key).and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn add<'a>(set: &'a RuleSet, by_key: &mut BTreeMap<Key, Blocks<'a>>, unsaid: &mut Unsaid) {
    for demand in demands(set, unsaid) {
        for words in tags(&demand.transport) {
            for block in demand.addrs.prefixes() {
                let key = (set.scope.direction, words.clone(), !block.is_ipv4());
                by_key.entry(key).or_default().entry(block).or_default().push(demand.origin);
            }
        }
    }
}

/// Services as the words of a tag, in as many parts as its length takes. A tag holds no comma.
fn tags(transport: &TransportSet) -> Vec<Vec<String>> {
    let mut tags: Vec<Vec<String>> = Vec::new();
    let mut room = 0_usize;
    for word in words(transport).iter().flat_map(|word| single(word)) {
        let size = word.len().saturating_add(1);
        if let Some(tag) = tags.last_mut().filter(|_| size <= room) {
            tag.push(word);
        } else {
            tags.push(vec![word]);
            room = MAX_TAG.max;
        }
        room = room.saturating_sub(size);
    }
    tags
}

/// `tcp/80` and `tcp/443` for `tcp/80,443`.
fn single(word: &str) -> Vec<String> {
    let Some(at) = word.find(['/', ':']) else { return vec![word.to_owned()] };
    let (protocol, details) = word.split_at(at.saturating_add(1));
    details.split(',').map(|detail| format!("{protocol}{detail}")).collect()
}

/// The lists as the template takes them, and how many descriptions were changed to fit.
fn lists(by_key: BTreeMap<Key, Blocks<'_>>, options: &Options) -> (Vec<Value>, usize) {
    let max = number(options, ENTRIES, MAX_ENTRIES.max);
    let headroom = number(options, HEADROOM, 0);
    let prefix = options.get(NAME).unwrap_or("egressor");
    let (mut lists, mut shortened) = (Vec::new(), 0_usize);
    for ((direction, words, is_ipv6), blocks) in by_key {
        let family = if is_ipv6 { "IPv6" } else { "IPv4" };
        let services = words.join(" ");
        let services_label =
            read(words.iter().map(String::as_str)).map(|all| label(&all)).unwrap_or_default();
        let stem = format!("{direction}-{services_label}-{}", family.to_lowercase());
        let blocks: Vec<(Prefix, Vec<&Origin>)> = outermost(blocks).into_iter().collect();
        for (part, blocks) in (1_usize..).zip(blocks.chunks(max)) {
            let stem = if part == 1 { stem.clone() } else { format!("{stem}-{part}") };
            let entries: Vec<Value> = blocks
                .iter()
                .map(|(block, origins)| {
                    let (why, changed) = reason(origins.iter().copied(), DESCRIPTION);
                    shortened = shortened.saturating_add(usize::from(changed));
                    json!({ "cidr": block.to_string(), "description": why })
                })
                .collect();
            lists.push(json!({
                "label": stem.replace('-', "_"),
                "name": format!("{prefix}-{stem}"),
                "family": family,
                "max_entries": blocks.len().saturating_add(headroom).min(max).to_string(),
                "entries": entries,
                "direction": direction.as_str(),
                "services": services,
                "meant": format!("For {services} only, which whoever refers to it must say."),
            }));
        }
    }
    (lists, shortened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{PortRange, PortSet, Protocol};

    #[test]
    fn tags_hold_no_comma_and_are_not_too_long() {
        let ports = |first: u16| PortSet::of((first..first + 200).step_by(2).map(PortRange::single));
        let all = TransportSet::ports(Protocol::TCP, &ports(20_000))
            .union(&TransportSet::ports(Protocol::UDP, &ports(40_000)));
        let tags = tags(&all);
        assert!(tags.len() > 5);
        let mut back = TransportSet::default();
        for tag in &tags {
            let text = tag.join(" ");
            assert!(text.len() <= MAX_TAG.max && !text.contains(','), "{text}");
            back = back.union(&read(text.split(' ')).unwrap());
        }
        assert_eq!(back, all);
    }
}
