//! What one ACL asks of a request of one form, as cases of which one must hold.

use super::acl::Acl;
use super::conf::Conf;
use super::form::{Form, used};
use super::kind::Kind;
use super::url::{Web, authorities, is_odd, plain_urls};
use crate::packet::{AddrSet, IntervalSet, NameSet, PeerSet, PortSet, Set};
use crate::policy::{Action, Unmodelled};
use crate::targets::proxies::case::{Case, cross};
use crate::targets::proxies::host_expression::{Hosts, hosts};

/// The cases in which an ACL that is no group holds, or does not, in a line that does this.
pub(super) fn single(conf: &Conf, acl: &Acl, negated: bool, form: &Form, action: Action) -> Vec<Case> {
    let opaque = |why: &str| vec![Case::default().doubted(Some(&doubt(acl, negated, why)))];
    if acl.conditional {
        return opaque("it is defined under an `if`");
    }
    match &acl.kind {
        Kind::Src if conf.forwarded => opaque("the client's address is taken from a header"),
        Kind::Src => source(acl, negated),
        Kind::Dst => destination(acl, negated),
        Kind::ServerName | Kind::ServerNameRegex if acl.optioned => {
            opaque("it is about another name than the one that is asked for")
        }
        Kind::Domain | Kind::ServerName => {
            let literals = acl.literals.iter().map(|addr| (*addr, *addr));
            let found = Hosts { names: NameSet::of(&acl.patterns), addrs: AddrSet::from_ranges(literals) };
            by_host(&found, negated, None)
        }
        Kind::DomainRegex | Kind::ServerNameRegex => {
            let read: Vec<Option<Hosts>> = acl
                .expressions
                .iter()
                .map(|(expression, ignore_case)| hosts(expression, *ignore_case))
                .collect();
            let strange =
                read.contains(&None).then(|| doubt(acl, negated, "a regular expression of no plain shape"));
            by_host(&Hosts::union_all(read.into_iter().flatten()), negated, strange.as_ref())
        }
        Kind::Port => {
            let set = PortSet::of(acl.ports.iter().copied());
            let set = if negated { set.complement() } else { set };
            let case = (!set.is_empty()).then(|| Case { ports: Some(set), ..Case::default() });
            case.into_iter().collect()
        }
        Kind::Method => certain(negated, has_method(acl, form)),
        Kind::Proto => match form {
            Form::Connect
                if acl.words.iter().any(|word| matches!(word.as_str(), "NONE" | "AUTHORITY_FORM")) =>
            {
                opaque("versions of Squid differ in the scheme of a CONNECT")
            }
            Form::Connect => certain(negated, false),
            Form::Plain { scheme, .. } => {
                certain(negated, scheme.as_ref().is_some_and(|scheme| acl.words.contains(scheme)))
            }
        },
        Kind::UrlRegex => url(acl, negated, form),
        Kind::PathRegex => path(acl, negated, form, action),
        Kind::Annotation | Kind::Mark => certain(negated, true),
        Kind::Note if finds_percent(conf, acl) => odd(acl, negated, action),
        Kind::Note if action == Action::Deny && !negated && finds_mark(conf, acl) => Vec::new(),
        Kind::Note => opaque("it depends on notes that were made of the request"),
        Kind::Step => opaque("it depends on how much of the handshake was seen"),
        Kind::AnyOf | Kind::AllOf => opaque("a group of ACLs"),
        Kind::Other(kind) => opaque(&format!("the ACL type `{kind}` is not about hosts, ports or methods")),
    }
}

fn has_method(acl: &Acl, form: &Form) -> bool {
    match form {
        Form::Connect => acl.words.iter().any(|word| word == "CONNECT"),
        Form::Plain { method, .. } => method.as_ref().is_some_and(|method| acl.words.contains(method)),
    }
}

/// A condition that is known to hold or not.
fn certain(negated: bool, holds: bool) -> Vec<Case> {
    if holds == negated { Vec::new() } else { vec![Case::default()] }
}

/// A condition that is not modelled.
pub(super) fn unmodelled(text: &str, why: &str) -> Unmodelled {
    Unmodelled { text: text.to_owned(), why: why.to_owned() }
}

/// The doubt about an ACL that is not modelled.
pub(super) fn doubt(acl: &Acl, negated: bool, why: &str) -> Unmodelled {
    unmodelled(&format!("{}{}", if negated { "!" } else { "" }, acl.text()), why)
}

fn source(acl: &Acl, negated: bool) -> Vec<Case> {
    let strange =
        acl.addresses.unresolved.then(|| doubt(acl, negated, "a name is resolved when Squid starts"));
    let known = acl.addresses.set();
    let set = if negated { complement(&known) } else { known };
    let of_set = (!Set::is_empty(&set)).then(|| Case { source: Some(set.clone()), ..Case::default() });
    // All addresses are no constraint, so that whoever reads the rule need not compare.
    let of_set = if set == complement(&AddrSet::default()) { Some(Case::default()) } else { of_set };
    with_doubt(of_set, negated, strange.as_ref())
}

/// The cases of a condition whose values are known (`exact`) but for some (`strange`): it may hold elsewhere too, or,
/// when it is negated, may not hold where the known values say it does.
fn with_doubt(exact: Option<Case>, negated: bool, strange: Option<&Unmodelled>) -> Vec<Case> {
    match (negated, strange) {
        (true, _) => exact.map(|case| case.doubted(strange)).into_iter().collect(),
        (false, None) => exact.into_iter().collect(),
        (false, Some(_)) => exact.into_iter().chain([Case::default().doubted(strange)]).collect(),
    }
}

/// A request names a host, and its addresses are asked of a resolver: a file cannot tell them. A request that names
/// an address is compared as it is.
fn destination(acl: &Acl, negated: bool) -> Vec<Case> {
    let known = acl.addresses.set();
    let full = complement(&AddrSet::default());
    if known == full && acl.looks_up {
        return certain(negated, true);
    }
    let strange =
        acl.addresses.unresolved.then(|| doubt(acl, negated, "a name is resolved when Squid starts"));
    let set = if negated { complement(&known) } else { known };
    let mut cases = with_doubt(Case::peer(PeerSet::from(set)), negated, strange.as_ref());
    let names = Case { peer: Some(PeerSet::all_names()), ..Case::default() };
    if acl.looks_up {
        cases.push(names.doubted(Some(&doubt(acl, negated, "it depends on what the name resolves to"))));
    } else if negated {
        cases.push(names);
    }
    cases
}

fn by_host(found: &Hosts, negated: bool, strange: Option<&Unmodelled>) -> Vec<Case> {
    let exact = if negated {
        PeerSet { names: found.names.complement(), addrs: complement(&found.addrs), ..PeerSet::default() }
    } else {
        PeerSet { names: found.names.clone(), addrs: found.addrs.clone(), ..PeerSet::default() }
    };
    with_doubt(Case::peer(exact), negated, strange)
}

fn complement(set: &AddrSet) -> AddrSet {
    AddrSet { v4: set.v4.complement(), v6: set.v6.complement() }
}

fn url(acl: &Acl, negated: bool, form: &Form) -> Vec<Case> {
    let mut products: Vec<(PeerSet, Option<PortSet>)> = Vec::new();
    let mut strange = None;
    for (expression, ignore_case) in &acl.expressions {
        // The cache manager answers itself; no request for it reaches a host.
        if expression.starts_with("^cache_object:") || expression.contains("/squid-internal-mgr/") {
            continue;
        }
        let found = match form {
            Form::Connect => authorities(expression, *ignore_case).map(|found| {
                let peer =
                    |hosts: Hosts| PeerSet { names: hosts.names, addrs: hosts.addrs, ..PeerSet::default() };
                found.into_iter().map(|(hosts, port)| (peer(hosts), port)).collect::<Vec<_>>()
            }),
            Form::Plain { scheme, .. } => {
                plain_urls(expression, *ignore_case, scheme.as_deref().and_then(Web::of))
                    .map(|found| found.into_iter().map(|(names, port)| (of_names(names), port)).collect())
            }
        };
        match found {
            Some(found) => products.extend(found),
            None => strange = Some(doubt(acl, negated, "a regular expression of no plain shape")),
        }
    }
    if !negated {
        let known = products
            .into_iter()
            .filter_map(|(peer, ports)| Case::peer(peer).map(|case| Case { ports, ..case }));
        return known.chain(strange.as_ref().map(|strange| Case::default().doubted(Some(strange)))).collect();
    }
    // Not (A on port 1 or B on port 2) is (not A or not port 1) and (not B or not port 2).
    let mut cases = vec![Case::default().doubted(strange.as_ref())];
    for (peer, ports) in products {
        let others =
            PeerSet { names: peer.names.complement(), addrs: complement(&peer.addrs), ..PeerSet::default() };
        let elsewhere = ports.map(|ports| Case { ports: Some(ports.complement()), ..Case::default() });
        let choices: Vec<Case> = Case::peer(others).into_iter().chain(elsewhere).collect();
        let Some(more) = cross(&cases, &choices) else {
            return vec![Case::default().doubted(Some(&doubt(
                acl,
                negated,
                "its expressions combine in too many ways",
            )))];
        };
        cases = more;
    }
    cases
}

/// All names of a set, and every address when it is all names.
fn of_names(names: NameSet) -> PeerSet {
    let addrs = if names.is_full() { IntervalSet::full() } else { IntervalSet::default() };
    let v6 = if names.is_full() { IntervalSet::full() } else { IntervalSet::default() };
    PeerSet { names, addrs: AddrSet { v4: addrs, v6 }, ..PeerSet::default() }
}

fn path(acl: &Acl, negated: bool, form: &Form, action: Action) -> Vec<Case> {
    // The URL of a CONNECT has no path, and nothing matches one that is not there.
    if *form == Form::Connect || acl.expressions.is_empty() {
        return certain(negated, false);
    }
    let everything = |(expression, _): &(String, bool)| {
        matches!(expression.as_str(), "/" | "^/" | "." | ".*" | "^.*$" | "^/.*")
    };
    if acl.expressions.iter().any(everything) {
        return certain(negated, true);
    }
    if acl.expressions.iter().all(|(expression, ignore_case)| is_odd(expression, *ignore_case)) {
        return odd(acl, negated, action);
    }
    vec![Case::default().doubted(Some(&doubt(
        acl,
        negated,
        "paths are modelled only together with their host",
    )))]
}

/// A condition that only oddly spelt paths meet: with dot segments, encoded characters and the like. A path stands for
/// what is asked for in plain spelling, so that a line which denies odd spellings denies no path. A line that allows
/// them lets more pass than can be said.
fn odd(acl: &Acl, negated: bool, action: Action) -> Vec<Case> {
    match (action, negated) {
        (Action::Deny, false) | (Action::Allow, true) => certain(negated, false),
        (Action::Deny, true) | (Action::Allow, false) => {
            let why = "it is about other spellings of paths";
            vec![Case::default().doubted(Some(&doubt(acl, negated, why)))]
        }
    }
}

/// Reports whether a `note` looks for a mark that `ssl_bump` lines alone put on connections. A request on a connection of
/// its own never has it.
fn finds_mark(conf: &Conf, acl: &Acl) -> bool {
    let [key, _] = acl.texts() else { return false };
    let used = used(conf);
    let sets = |acl: &Acl| {
        let notes = matches!(acl.kind, Kind::Annotation | Kind::Mark);
        notes && acl.texts().iter().any(|note| note.starts_with(key.as_str()))
    };
    !conf.notes
        && conf.acls.iter().all(|(name, acl)| !sets(acl) || (acl.kind == Kind::Mark && !used.contains(name)))
}

/// Reports whether a `note` looks for a percent sign in the path as the client wrote it: every other character ends a
/// piece of the note, and a piece that is nothing but the sign is looked for.
fn finds_percent(conf: &Conf, acl: &Acl) -> bool {
    let [option, key, wanted @ ..] = acl.texts() else { return false };
    let Some(ends) = option.strip_prefix("-m=") else { return false };
    let made = format!("{key}=\"%>rp\"");
    let notes = conf.acls.values().filter(|acl| matches!(acl.kind, Kind::Annotation | Kind::Mark));
    let notes = notes.flat_map(Acl::texts);
    let mut own = notes.filter(|note| note.starts_with(key.as_str())).peekable();
    // A plain path has none, however the rest of it is cut.
    own.peek().is_some()
        && own.all(|note| *note == made)
        && !conf.notes
        && !ends.contains('%')
        && wanted == ["%"]
}
