//! Lists of peers, one on a line: how they are cut out of a policy, and how they are read back.

use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{
    AddrSet, Constraint, Hostname, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Set, TransportSet,
};
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic};
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// What stands on a line of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// A block of addresses.
    Addresses,
    /// A host name.
    Names,
}

/// The form of a list, and the reader of files of this form.
#[derive(Debug, Clone)]
pub struct PeerList {
    /// What a peer is.
    pub peers: Listed,
    /// What stands before and behind the peer on its line.
    pub entry: (String, String),
    /// The line that closes the list.
    pub closing: Option<String>,
    /// How a comment begins.
    pub comment: Option<&'static str>,
    /// The services at which the peers are reached.
    pub services: TransportSet,
}

impl PeerList {
    /// The peers that may be reached at all of the services, which is what the list says of those that are on it. A
    /// name that is no single host is not on it.
    pub fn listed(&self, allowed: &PacketSet) -> PeerSet {
        let all = match self.peers {
            Listed::Addresses => PeerSet::all_addrs(),
            Listed::Names => PeerSet::all_names(),
        };
        let lacking = PacketSet::product(None, &all, &self.services, &true).subtract(allowed);
        let whole = match self.peers {
            Listed::Addresses => return PeerSet::from(all.addrs.subtract(&lacking.peer_addrs())),
            Listed::Names => all.names.subtract(&lacking.peer_names()),
        };
        let hosts: Vec<NamePattern> = whole
            .patterns()
            .into_iter()
            .filter(|(_, except)| except.is_empty())
            .flat_map(|(names, _)| names)
            .filter(|name| matches!(name, NamePattern::Host(_)))
            .collect();
        PeerSet::from(NameSet::of(&hosts))
    }

    /// What a list of these peers means.
    pub fn meaning(&self, peers: &PeerSet) -> PacketSet {
        PacketSet::product(None, peers, &self.services, &true)
    }

    /// The peer of a line, or why it is none.
    fn peer(&self, line: &str) -> Result<PeerSet, String> {
        let (before, behind) = (self.entry.0.trim(), self.entry.1.trim());
        let inner = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
        let Some(inner) = inner.map(str::trim) else {
            return Err(format!("the line is not of the form `{before}{{peer}}{behind}`"));
        };
        match self.peers {
            Listed::Addresses => match inner.parse::<Prefix>() {
                Ok(prefix) => Ok(PeerSet::from(AddrSet::of([prefix]))),
                Err(error) => Err(error.to_string()),
            },
            Listed::Names => match inner.parse::<Hostname>() {
                Ok(host) => Ok(PeerSet::from(NameSet::of(&[NamePattern::Host(host)]))),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// The line without a comment, which begins at the start or after a space.
    fn bare<'a>(&self, line: &'a str) -> &'a str {
        let Some(sign) = self.comment else { return line.trim() };
        let mut starts = line.match_indices(sign).map(|(at, _)| at);
        let begins = |at: &usize| {
            line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        };
        starts.find(begins).and_then(|at| line.get(..at)).unwrap_or(line).trim()
    }

    fn read(&self, source: &Arc<Source>, rules: &mut Vec<Rule>, findings: &mut Vec<Finding>) {
        let mut closed = false;
        let mut at = 0;
        for line in source.text().split('\n') {
            let span = Span::new(at, at + line.len());
            at += line.len() + 1;
            let bare = self.bare(line);
            if bare.is_empty() {
                continue;
            }
            let refuse = |message: String| Finding::new(Code::VerifyUnread, message).at(source, span);
            if closed {
                findings.push(refuse("something stands behind the line that closes the list".to_owned()));
                return;
            }
            if self.closing.as_deref() == Some(bare) {
                closed = true;
                continue;
            }
            match self.peer(bare) {
                Err(why) => findings.push(refuse(why)),
                Ok(peers) => {
                    let (Some(peer), Some(transport)) =
                        (Constraint::only(peers), Constraint::only(self.services.clone()))
                    else {
                        continue;
                    };
                    rules.push(Rule {
                        action: Action::Allow,
                        matches: Match { source: Constraint::Any, peer, transport },
                        traffic: Traffic::New,
                        unmodelled: Vec::new(),
                        origin: Origin::File(Place { source: Arc::clone(source), span }),
                    });
                }
            }
        }
        if let Some(closing) = self.closing.as_ref().filter(|_| !closed) {
            let message = format!("`{}` does not end with `{closing}`", source.name());
            findings.push(Finding::new(Code::VerifyUnread, message));
        }
    }
}

impl Importer for PeerList {
    fn name(&self) -> &'static str {
        "list"
    }

    /// The manifest says that the files are lists.
    fn recognizes(&self, _: &Source) -> bool {
        true
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (mut rules, mut findings) = (Vec::new(), Vec::new());
        for source in sources {
            self.read(source, &mut rules, &mut findings);
        }
        let direction = Direction::Egress;
        let set = RuleSet {
            scope: Scope { name: direction.to_string(), direction },
            subject: Subject::Host,
            universe: match self.peers {
                Listed::Addresses => PeerSet::all_addrs(),
                Listed::Names => PeerSet::all_names(),
            },
            rules,
            default: Action::Deny,
        };
        Imported { policy: Policy::new(vec![set]), findings }
    }
}
