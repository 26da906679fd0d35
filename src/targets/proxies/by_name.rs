//! From a policy to names and TCP ports, for what guards by name: what can be said, and what is lost.

use crate::diag::{Code, Finding, Severity};
use crate::packet::{
    AddrSet, NamePattern, NameSet, PacketSet, PeerSet, PortSet, Protocol, Set, TransportSet,
};
use crate::policy::{Action, Direction, Origin, Rule, RuleSet, Traffic};
use crate::targets::proxies::plan::Plan;
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Loss, Lowered, Wanted};

/// What a target can say. What it cannot is left out, and told.
pub(in crate::targets) struct Voice<'a> {
    /// Why a pattern of names cannot be said, if it cannot. A path becomes its whole host before.
    pub(in crate::targets) refuses: &'a dyn Fn(&NamePattern) -> Option<String>,
    /// The ports of these that can be said, and why not all.
    pub(in crate::targets) ports: &'a dyn Fn(&PortSet) -> (PortSet, Option<String>),
    /// Why a name that is allowed can be reached at every port, where that is so.
    pub(in crate::targets) every_port: Option<&'a str>,
    /// The only clients that the rules are for, and the setting that says so.
    pub(in crate::targets) clients: Option<(&'a AddrSet, &'a str)>,
}

/// The names of a policy on their ports; the losses and findings are added to `out`.
pub(in crate::targets) fn plan(wanted: &Wanted<'_>, voice: &Voice<'_>, out: &mut Lowered) -> Plan {
    let mut plan = Plan::new(None);
    for set in &wanted.policy.sets {
        match set.scope.direction {
            Direction::Egress => egress(set, voice, &mut plan, out),
            Direction::Ingress => ingress(set, out),
        }
    }
    plan
}

/// Rules for traffic coming in do not pass a forward proxy.
pub(in crate::targets) fn ingress(set: &RuleSet, out: &mut Lowered) {
    let missing = set.allows().at_least;
    if Set::is_empty(&missing) {
        return;
    }
    let mut endpoints: Vec<&str> = set.rules.iter().filter_map(endpoint).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let what = if endpoints.is_empty() { String::new() } else { format!(": {}", endpoints.join(", ")) };
    let why = format!("a forward proxy sees no traffic coming in to `{}`{what}", set.scope.name);
    out.findings.push(Finding::new(Code::TargetNotEnforceable, why.clone()));
    out.losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
}

/// A rule as far as it can be said.
struct Spoken<'a> {
    rule: &'a Rule,
    asked: PacketSet,
    written: PacketSet,
    problems: Vec<String>,
}

fn egress(set: &RuleSet, voice: &Voice<'_>, plan: &mut Plan, out: &mut Lowered) {
    let allows = set.rules.iter().filter(|rule| rule.traffic == Traffic::New && rule.action == Action::Allow);
    let spoken: Vec<Spoken<'_>> = allows.map(|rule| speak(set, rule, voice, plan, out)).collect();
    let (asked, written): (Vec<PacketSet>, Vec<PacketSet>) =
        spoken.iter().map(|spoken| (spoken.asked.clone(), spoken.written.clone())).unzip();
    let (asked, written) = (PacketSet::union_all(&asked), PacketSet::union_all(&written));
    for spoken in &spoken {
        let excess = spoken.written.subtract(&asked);
        let missing = spoken.asked.subtract(&written);
        if Set::is_empty(&excess) && Set::is_empty(&missing) {
            continue;
        }
        let subject = endpoint(spoken.rule).map_or_else(String::new, |endpoint| format!("{endpoint}: "));
        let why = format!("{subject}{}", spoken.problems.join("; "));
        out.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
    }
}

fn speak<'a>(
    set: &RuleSet,
    rule: &'a Rule,
    voice: &Voice<'_>,
    plan: &mut Plan,
    out: &mut Lowered,
) -> Spoken<'a> {
    let mut problems = Vec::new();
    let everything = TransportSet::full();
    let peer = rule.matches.peer.set().unwrap_or(&set.universe);
    let transport = rule.matches.transport.set().unwrap_or(&everything);
    if !Set::is_empty(&peer.addrs) || !Set::is_empty(&peer.groups) {
        problems.push("a peer that is no host name is left out, as only names are compared".to_owned());
    }
    if !transport.subtract(&TransportSet::protocol(Protocol::TCP)).is_empty() {
        problems.push("only TCP is governed; the other protocols are left out".to_owned());
    }
    let (ports, problem) = (voice.ports)(&transport.ports_of(Protocol::TCP));
    problems.extend(problem);
    let mut patterns = patterns(&peer.names, voice, &mut problems);
    if rule.matches.source.set().is_some() {
        problems.push("a rule for some clients only is left out".to_owned());
        patterns.clear();
    }
    let names = PeerSet::from(NameSet::of(&patterns));
    let none = ports.is_empty() || patterns.is_empty();
    let reached = if voice.every_port.is_some() && !none { PortSet::full() } else { ports.clone() };
    if let Some(why) = voice.every_port.filter(|_| !none && !ports.is_full()) {
        problems.push(why.to_owned());
    }
    let source = voice.clients.map(|(clients, _)| clients);
    if let Some((_, key)) = voice.clients {
        problems.push(format!("only the clients of `{key}` may use it"));
    }
    let written = PacketSet::product(source, &names, &TransportSet::ports(Protocol::TCP, &reached), &true);
    let clients = usize::from(voice.clients.is_some());
    for problem in problems.iter().take(problems.len().saturating_sub(clients)) {
        out.findings.push(about(rule, problem));
    }
    if let Origin::Endpoint(why) = &rule.origin
        && !why.methods.is_empty()
    {
        let problem = format!("the methods {} are not enforced", why.methods.join(", "));
        out.findings.push(Finding { severity: Severity::Note, ..about(rule, &problem) });
    }
    if !Set::is_empty(&written) {
        plan.add(&patterns, &ports, comment(rule).as_deref());
    }
    Spoken { rule, asked: set.packets(&rule.matches), written, problems }
}

/// The names as patterns that can be said. Names with exceptions are left out.
fn patterns(names: &NameSet, voice: &Voice<'_>, problems: &mut Vec<String>) -> Vec<NamePattern> {
    let mut patterns = Vec::new();
    for (held, except) in names.patterns() {
        if !except.is_empty() {
            let list =
                |names: &[NamePattern]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            problems.push(format!("`{}` without `{}` is left out", list(&held), list(&except)));
            continue;
        }
        for pattern in held {
            let pattern = match pattern {
                NamePattern::Path(host, path) => {
                    let path = path.as_str();
                    problems.push(format!(
                        "`{host}` is allowed whole, not only `{path}`: paths are not compared"
                    ));
                    NamePattern::Host(host)
                }
                other => other,
            };
            match (voice.refuses)(&pattern) {
                None => patterns.push(pattern),
                Some(problem) => problems.push(problem),
            }
        }
    }
    patterns
}

/// What cannot be said of a rule.
pub(in crate::targets) fn about(rule: &Rule, problem: &str) -> Finding {
    let subject = endpoint(rule);
    let message = subject.map_or_else(|| problem.to_owned(), |endpoint| format!("`{endpoint}`: {problem}"));
    let finding = Finding::new(Code::TargetCannotSay, message);
    match subject {
        Some(endpoint) => finding.endpoint(endpoint),
        None => finding,
    }
}

/// The endpoint or need that a rule is there for.
pub(in crate::targets) fn endpoint(rule: &Rule) -> Option<&str> {
    match &rule.origin {
        Origin::Endpoint(why) => Some(&why.endpoint),
        Origin::Implied(need) => Some(need.id()),
        Origin::File(_) | Origin::System(_) => None,
    }
}

/// The longest comment on a rule.
const WHY: Room = Room { limit: 400, allowed: |_| true };

/// Why a rule is there, as a comment.
pub(in crate::targets) fn comment(rule: &Rule) -> Option<String> {
    match &rule.origin {
        Origin::Endpoint(_) | Origin::Implied(_) => Some(reason([&rule.origin], WHY).0),
        Origin::File(_) | Origin::System(_) => None,
    }
}
