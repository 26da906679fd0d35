//! From a policy to what is written, and what of the policy Squid cannot say.

use super::address::holds_mapped;
use super::layout::{Sheet, lay_out};
use super::tls::{Tls, is_plain};
use crate::diag::{Code, Finding, Severity, any_error};
use crate::packet::{
    AddrSet, IntervalSet, NamePattern, NameSet, PacketSet, PeerSet, PortRange, PortSet, Protocol, Set,
    TransportSet,
};
use crate::policy::{Action, Direction, Need, Origin, Rule, RuleSet, Traffic};
use crate::targets::proxies::by_name::{about, comment, endpoint, ingress};
use crate::targets::proxies::plan::Plan;
use crate::targets::{Artifact, Loss, Lowered, Wanted};
use std::collections::BTreeMap;

/// The policy as one `squid.conf`.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut out = Lowered::default();
    let Some(http_ports) = http_ports(wanted, &mut out.findings) else { return out };
    let clients = AddrSet::of(wanted.options.prefixes("squid.clients"));
    let clients = wanted.options.get("squid.clients").map(|_| clients);
    out.findings.extend(clients.as_ref().and_then(mixed));
    let tls = Tls::of(wanted.options);
    if tls != Tls::Tunnel {
        let message = "handshakes are looked at where tunnels come in on an `http_port` with `ssl-bump`, and on no other; there, tunnels without TLS are cut off";
        let finding = Finding::new(Code::TargetCannotSay, message);
        out.findings.push(Finding { severity: Severity::Note, ..finding });
    }
    let mut plans: BTreeMap<Option<AddrSet>, Plan> = BTreeMap::new();
    for set in &wanted.policy.sets {
        match set.scope.direction {
            Direction::Egress => egress(set, Ways { clients: clients.as_ref(), tls }, &mut plans, &mut out),
            Direction::Ingress => ingress(set, &mut out),
        }
    }
    if !wanted.needs.contains(&Need::DenyRest) {
        let message = "without `implied/deny-rest`, the lines of other files decide what no line here matches; if none follow, Squid denies it";
        out.findings.push(Finding::new(Code::ImpliedRule, message));
    }
    let sheet = Sheet {
        prefix: wanted.options.get("squid.prefix").unwrap_or("egressor"),
        http_ports: &http_ports,
        deny_rest: wanted.needs.contains(&Need::DenyRest),
        tls,
    };
    let (model, findings) = lay_out(plans.into_values().collect(), &sheet);
    out.findings.extend(findings);
    if !sheet.deny_rest && allows_nothing(&model) {
        let message = "nothing is left to allow and the closing rule is off, so no file is written";
        out.findings.push(Finding::new(Code::TargetCannotSay, message));
    } else if !any_error(&out.findings) {
        let model = model.into();
        out.artifacts.push(Artifact { path: "squid.conf".to_owned(), template: "squid.conf.tera", model });
    }
    out
}

/// Reports whether a model has no line that allows anything.
fn allows_nothing(model: &serde_json::Value) -> bool {
    model.get("allows").and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
}

fn http_ports(wanted: &Wanted<'_>, findings: &mut Vec<Finding>) -> Option<PortSet> {
    let text = wanted.options.get("squid.http_ports").unwrap_or("80");
    let ranges: Result<Vec<PortRange>, _> = text.split(',').map(|item| item.trim().parse()).collect();
    match ranges {
        Ok(ranges) => Some(PortSet::of(ranges)),
        Err(error) => {
            findings.push(Finding::new(Code::VariableInvalid, format!("`squid.http_ports`: {error}")));
            None
        }
    }
}

/// A rule as far as Squid can say it.
struct Said<'a> {
    rule: &'a Rule,
    asked: PacketSet,
    written: PacketSet,
    /// What cannot be said, in words, and whether it is written wider for that.
    problems: Vec<String>,
}

/// What the options say of all rules.
#[derive(Debug, Clone, Copy)]
struct Ways<'a> {
    clients: Option<&'a AddrSet>,
    tls: Tls,
}

fn egress(set: &RuleSet, ways: Ways<'_>, plans: &mut BTreeMap<Option<AddrSet>, Plan>, out: &mut Lowered) {
    let mut said = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New && rule.action == Action::Allow) {
        said.push(say(set, rule, ways, plans, &mut out.findings));
    }
    let (asked, written): (Vec<PacketSet>, Vec<PacketSet>) =
        said.iter().map(|said| (said.asked.clone(), said.written.clone())).unzip();
    let (asked, written) = (PacketSet::union_all(&asked), PacketSet::union_all(&written));
    let strangers = ways.clients.map(|clients| asked.subtract(&written).intersect(&from_others(clients)));
    let strangers = strangers.unwrap_or_default();
    if !Set::is_empty(&strangers) {
        let why = "only the clients of `squid.clients` may use these rules".to_owned();
        out.losses.push(Loss {
            scope: set.scope.clone(),
            excess: PacketSet::default(),
            missing: strangers.clone(),
            why,
        });
    }
    let (more, less) = (written.subtract(&asked), asked.subtract(&written).subtract(&strangers));
    for said in &said {
        // Of each rule its own part, found at the cost of the rule and not of all of them.
        let (excess, missing) = (more.within(&said.written), less.within(&said.asked));
        if Set::is_empty(&excess) && Set::is_empty(&missing) {
            continue;
        }
        let subject = endpoint(said.rule).map_or_else(String::new, |endpoint| format!("{endpoint}: "));
        let why = format!("{subject}{}", said.problems.join("; "));
        out.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
    }
}

fn say<'a>(
    set: &RuleSet,
    rule: &'a Rule,
    ways: Ways<'_>,
    plans: &mut BTreeMap<Option<AddrSet>, Plan>,
    findings: &mut Vec<Finding>,
) -> Said<'a> {
    let mut problems = Vec::new();
    let everything = TransportSet::full();
    let peer = rule.matches.peer.set().unwrap_or(&set.universe);
    let transport = rule.matches.transport.set().unwrap_or(&everything);
    if !Set::is_empty(&peer.addrs) || !Set::is_empty(&peer.groups) {
        problems.push("a peer that is no host name is left out, as the proxy is asked for names".to_owned());
    }
    if !transport.subtract(&TransportSet::protocol(Protocol::TCP)).is_empty() {
        problems.push("only TCP goes through the proxy; the other protocols are left out".to_owned());
    }
    let ports = transport.ports_of(Protocol::TCP);
    let patterns = widened(&peer.names, ways.tls, &mut problems);
    for problem in &problems {
        findings.push(about(rule, problem));
    }
    if let Origin::Endpoint(why) = &rule.origin
        && !why.methods.is_empty()
    {
        let methods = why.methods.join(", ");
        let problem = format!("the methods {methods} are not enforced: what a tunnel carries is not seen");
        // Uploads are a risk of the endpoint and told as such; that reading is not enforced is good to know.
        findings.push(Finding { severity: Severity::Note, ..about(rule, &problem) });
    }
    let source = match (rule.matches.source.set(), ways.clients) {
        (None, None) => None,
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (Some(source), Some(clients)) => Some(Set::intersect(source, clients)),
    };
    let names = PeerSet::from(NameSet::of(&patterns));
    let written =
        PacketSet::product(source.as_ref(), &names, &TransportSet::ports(Protocol::TCP, &ports), &true);
    if !Set::is_empty(&written) {
        // All addresses of both families are no restriction.
        let source = source.filter(|set| !(set.v4.is_full() && set.v6.is_full()));
        let plan = plans.entry(source.clone()).or_insert_with(|| Plan::new(source));
        plan.add(&patterns, &ports, comment(rule).as_deref());
    }
    Said { rule, asked: set.packets(&rule.matches), written, problems }
}

/// Refuses a set of clients that Squid would take for more: it keeps IPv4 clients among the addresses of IPv6.
fn mixed(clients: &AddrSet) -> Option<Finding> {
    if (clients.v4.is_full() && clients.v6.is_full()) || !holds_mapped(clients) {
        return None;
    }
    let message = "a block of `squid.clients` holds `::ffff:0:0/96`, which lets every IPv4 client in";
    let help = "name smaller blocks, such as `2000::/3` and `fc00::/7`, or all clients as `0.0.0.0/0,::/0`";
    Some(Finding::new(Code::VariableInvalid, message).help(help))
}

/// Whatever does not come from these clients.
fn from_others(clients: &AddrSet) -> PacketSet {
    let others = AddrSet { v4: clients.v4.complement(), v6: clients.v6.complement() };
    let peers = PeerSet { names: IntervalSet::full(), groups: IntervalSet::full(), ..PeerSet::all_addrs() };
    PacketSet::product(Some(&others), &peers, &TransportSet::full(), &true)
}

/// The names as patterns that Squid can say: where it sees no paths, a path becomes its whole host. Names with exceptions
/// are left out.
fn widened(names: &NameSet, tls: Tls, problems: &mut Vec<String>) -> Vec<NamePattern> {
    let mut patterns = Vec::new();
    for (held, except) in names.patterns() {
        if !except.is_empty() {
            let list =
                |names: &[NamePattern]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            problems.push(format!("`{}` without `{}` is left out", list(&held), list(&except)));
            continue;
        }
        for pattern in held {
            patterns.push(match pattern {
                NamePattern::Path(host, path) if tls == Tls::Inspect => {
                    if !is_plain(&path) {
                        let path = path.as_str();
                        problems.push(format!("`{host}{path}` is left out: such spellings of paths are refused, as they can lead elsewhere"));
                        continue;
                    }
                    NamePattern::Path(host, path)
                }
                NamePattern::Path(host, path) => {
                    let path = path.as_str();
                    problems.push(format!("`{host}` is allowed whole, not only `{path}`: paths are not compared, and a tunnel shows none"));
                    NamePattern::Host(host)
                }
                other => other,
            });
        }
    }
    patterns
}
