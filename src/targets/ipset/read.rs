//! Reading sets that say by themselves what they are for: by their names the direction, by their members addresses and
//! services. Files for `ipset restore`, and what `ipset save` prints.

use crate::diag::{Code, Finding, Source, Span};
use crate::packet::{Constraint, PeerSet, Set as _};
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::targets::clouds::terraform::found;
use crate::targets::packet_filters::ip_sets::{self, Sets};
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads sets without rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct IpsetSave;

impl Importer for IpsetSave {
    fn name(&self) -> &'static str {
        "ipset-save"
    }

    fn recognizes(&self, source: &Source) -> bool {
        ip_sets::recognizes(source.text())
    }

    fn completes(&self, source: &Source) -> bool {
        // Beside rules that look into them, sets are what the rules say.
        ip_sets::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut known = Sets::default();
        for source in sources {
            known.read(source, &mut findings);
        }
        let mut sets: BTreeMap<(Direction, &str), RuleSet> = BTreeMap::new();
        let mut others = Vec::new();
        for (name, kind, place) in known.names() {
            let Some((stem, direction, family)) = ip_sets::own(name) else {
                others.push((name, place));
                continue;
            };
            let members = match known.ported(name, family) {
                Ok(members) => members,
                Err(why) => {
                    let message =
                        format!("the set `{name}` of the kind `{kind}` does not say what passes: {why}");
                    findings.push(found(Code::ReadRefused, message, place));
                    continue;
                }
            };
            let peers = PeerSet::from(family.all());
            let set = sets.entry((direction, stem)).or_insert_with(|| RuleSet {
                scope: Scope { name: stem.to_owned(), direction },
                subject: Subject::Host,
                universe: PeerSet::default(),
                rules: Vec::new(),
                default: Action::Deny,
            });
            set.universe = set.universe.union(&peers);
            set.rules.extend(members.iter().filter_map(|member| {
                let matches = Match {
                    source: Constraint::Any,
                    peer: Constraint::only(PeerSet::from(member.addrs.clone()))?,
                    transport: Constraint::only(member.services.clone())?,
                };
                Some(Rule {
                    action: Action::Allow,
                    matches,
                    traffic: Traffic::New,
                    unmodelled: Vec::new(),
                    origin: Origin::File(member.place.clone()),
                })
            }));
        }
        for (name, place) in others {
            findings.push(other(name, place, sets.is_empty()));
        }
        if sets.is_empty() && findings.is_empty() {
            let message = "there is no set that says by itself what it is for".to_owned();
            let finding = Finding::new(Code::ReadRefused, message).help(BESIDE);
            findings.extend(sources.first().map(|source| finding.at(source, Span::default())));
        }
        Imported { policy: Policy::new(sets.into_values().collect()), findings }
    }
}

/// Where sets have a meaning.
const BESIDE: &str =
    "a set means what rules do with it: put the output of `iptables-save` and `ip6tables-save` beside";

/// The finding for a set of somebody else's, or for one that was being filled.
fn other(name: &str, place: &crate::diag::Place, alone: bool) -> Finding {
    if let Some(own) = name.strip_suffix('+').filter(|own| ip_sets::own(own).is_some()) {
        let message = format!("the set `{name}` was filled and did not take the place of `{own}`");
        return found(Code::ReadRefused, message, place)
            .help("the file was cut, or loading it was: load it again");
    }
    let message = format!("the set `{name}` does not say by itself what passes");
    let code = if alone { Code::ReadRefused } else { Code::ReadNotCompared };
    found(code, message, place).help(BESIDE)
}
