//! What the `ssl_bump` lines of a configuration let through of the tunnels that `http_access` allows.
//!
//! A tunnel is spliced, so that Squid passes on what it does not see, or bumped, so that each request in it is judged
//! like one without a tunnel, or terminated. Read is the form in which the first line peeks at the handshake in the first
//! step and the others decide in the second, when the name that the client asks for is known.
//!
//! <https://wiki.squid-cache.org/Features/SslPeekAndSplice>

use super::condition::unmodelled;
use super::conf::{Access, Bump, Conf, Test};
use super::judge::Judge;
use super::kind::Kind;
use super::lift::rules_of;
use crate::diag::Place;
use crate::packet::PeerSet;
use crate::policy::{Action, Direction, Rule, RuleSet, Scope, Subject};

/// What becomes of tunnels.
#[derive(Debug)]
pub(super) enum Gate<'a> {
    /// Each goes on as it is.
    Open,
    /// Those that these rules allow do; the others are closed, or opened and judged request by request.
    Rules(Box<RuleSet>),
    /// These lines may do anything.
    Unclear(Vec<&'a Place>),
}

/// What becomes of the tunnels of a configuration. The names of tunnels and those of handshakes are taken for one: a
/// line that asks for both lets pass only where both are among its names.
pub(super) fn gate<'a>(conf: &'a Conf, universe: &PeerSet) -> Gate<'a> {
    let decides = |bump: &&Bump| !matches!(bump.action.as_str(), "peek" | "splice" | "none");
    if conf.bumps.iter().all(|bump| !decides(&bump)) || conf.blind_port.is_some() {
        return Gate::Open;
    }
    let read =
        |lines: &[Bump]| lines.iter().map(|bump| decided(conf, bump, universe)).collect::<Option<Vec<_>>>();
    match conf.bumps.split_first() {
        Some((first, lines)) if peeks_first(conf, first) => match read(lines) {
            Some(rules) => Gate::Rules(Box::new(RuleSet {
                scope: Scope { name: "tunnels".to_owned(), direction: Direction::Egress },
                subject: Subject::Host,
                universe: universe.clone(),
                rules: rules.concat(),
                // What was peeked at and is not decided about is spliced.
                default: Action::Allow,
            })),
            None => Gate::Unclear(conf.bumps.iter().filter(decides).map(|bump| &bump.place).collect()),
        },
        _ => Gate::Unclear(conf.bumps.iter().filter(decides).map(|bump| &bump.place).collect()),
    }
}

/// Reports whether a line peeks in the first step and in no other.
fn peeks_first(conf: &Conf, bump: &Bump) -> bool {
    let [test] = bump.tests.as_slice() else { return false };
    let step = conf.acls.get(&test.acl).filter(|acl| acl.kind == Kind::Step && !acl.conditional);
    let first = step.is_some_and(|acl| acl.texts() == ["SslBump1"]);
    bump.action == "peek" && !bump.conditional && !test.negated && first
}

/// Reports whether a CONNECT within a tunnel that a line opens is denied before anything is allowed: the line marks the
/// connection, and the mark is looked for. Squid opens no second tunnel for it, and passes on whatever follows to where the
/// first one leads.
fn denies_within(conf: &Conf, bump: &Bump) -> bool {
    let acl = |test: &Test| conf.acls.get(&test.acl).filter(|acl| !test.negated && !acl.conditional);
    let marks = |key: &str, value: &str| {
        let mark = format!("{key}={value}");
        bump.tests.iter().filter_map(acl).any(|acl| acl.kind == Kind::Mark && acl.texts().contains(&mark))
    };
    let guards = |access: &Access| {
        let mut finds = false;
        let only = access.tests.iter().all(|test| match acl(test) {
            Some(acl) if acl.kind == Kind::Note => {
                finds |= matches!(acl.texts(), [key, value] if marks(key, value));
                true
            }
            Some(acl) => acl.kind == Kind::Method && acl.words == ["CONNECT"],
            None => false,
        });
        only && finds && access.conditions.is_empty()
    };
    conf.access.iter().take_while(|access| access.action == Action::Deny).any(guards)
}

/// What a line does in the second step; nothing when that is not known.
fn decided(conf: &Conf, bump: &Bump, universe: &PeerSet) -> Option<Vec<Rule>> {
    let action = match bump.action.as_str() {
        "splice" => Action::Allow,
        "bump" | "terminate" => Action::Deny,
        _ => return None,
    };
    let judge = Judge::of_handshakes(conf, action);
    let mut rules = rules_of(&judge, action, &bump.tests, &bump.place, universe);
    if bump.action == "bump" && !denies_within(conf, bump) {
        // Whoever knows how gets through, whatever the lines below say.
        let text = bump.place.source.slice(bump.place.span);
        let why = "a CONNECT within the opened tunnel is not denied, and nothing is judged behind it";
        let through = rules.iter().cloned().map(|mut rule| {
            rule.action = Action::Allow;
            rule.unmodelled.push(unmodelled(text, why));
            rule
        });
        rules = through.chain(rules.clone()).collect();
    }
    (!bump.conditional).then_some(rules)
}
