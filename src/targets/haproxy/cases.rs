//! In which cases a condition holds, for a rule that lets pass or refuses.
//!
//! A host and a port count as allowed when some way of asking for them is let pass. A client chooses how it spells a name,
//! with a dot at its end for one, so a rule that refuses names refuses none of them surely; one that refuses all but some
//! names, or lets some names pass, means just those.

use super::acl::{Acl, Condition, Term, Test};
use super::section::Section;
use crate::packet::{AddrSet, NameSet, PeerSet, PortSet, Set};
use crate::policy::Unmodelled;
use crate::targets::proxies::case::{Case, cross};

/// What conditions are read in: a section, and what it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The section.
    pub(super) section: &'a Section,
    /// Requests are read, and not only handshakes.
    pub(super) http: bool,
    /// Handshakes are waited for.
    pub(super) waits: bool,
}

/// The cases in which a rule applies that lets pass (`accepts`) or does not.
pub(super) fn cases(context: Context<'_>, condition: &Condition, accepts: bool) -> Vec<Case> {
    if condition.any.is_empty() {
        return vec![Case::default()];
    }
    if condition.unless {
        // None of the lists holds: of each, one term does not.
        let mut all = vec![Case::default()];
        for list in &condition.any {
            let one: Vec<Case> =
                list.iter().flat_map(|term| self::term(context, term, true, accepts)).collect();
            match cross(&all, &one) {
                Some(crossed) => all = crossed,
                None => return vec![too_many()],
            }
        }
        all
    } else {
        let mut any = Vec::new();
        for list in &condition.any {
            let mut all = vec![Case::default()];
            for term in list {
                match cross(&all, &self::term(context, term, false, accepts)) {
                    Some(crossed) => all = crossed,
                    None => return vec![too_many()],
                }
            }
            any.extend(all);
        }
        any
    }
}

fn too_many() -> Case {
    let text = "a condition".to_owned();
    let why = "its ACLs combine in too many ways".to_owned();
    Case::default().doubted(Some(&Unmodelled { text, why }))
}

/// The cases in which a term holds, or does not.
fn term(context: Context<'_>, term: &Term, negated: bool, accepts: bool) -> Vec<Case> {
    let negated = negated != term.negated;
    let name = match &term.acl {
        Err(acl) => return single(context, acl, negated, accepts),
        Ok(name) => name,
    };
    let Some(lines) = context.section.acls.get(name) else {
        return match name.as_str() {
            "TRUE" => certain(!negated),
            "FALSE" => certain(negated),
            _ => vec![doubted(name, "an ACL that is not defined here")],
        };
    };
    // A refusal that names hosts tells of each line why it is not sure; else lines about names are one.
    let joined = if accepts || negated { with_names_joined(context, lines) } else { lines.clone() };
    if !negated {
        return joined.iter().flat_map(|acl| single(context, acl, false, accepts)).collect();
    }
    let mut all = vec![Case::default()];
    for acl in &joined {
        match cross(&all, &single(context, acl, true, accepts)) {
            Some(crossed) => all = crossed,
            None => return vec![too_many()],
        }
    }
    all
}

/// The lines of an ACL, those that compare the name with lists of names as one with all of them. Any of the lines is
/// enough, so that says the same, and a list of a thousand hosts is one case and not a thousand.
fn with_names_joined(context: Context<'_>, lines: &[Acl]) -> Vec<Acl> {
    let names = |acl: &Acl| match &acl.test {
        Test::Handshake(names) if !context.http && context.waits => Some(names.clone()),
        Test::Host(names) if context.http => Some(names.clone()),
        _ => None,
    };
    let all: Vec<NameSet> = lines.iter().filter_map(names).collect();
    if all.len() < 2 {
        return lines.to_vec();
    }
    let together = NameSet::union_all(&all);
    let first = Acl {
        test: if context.http { Test::Host(together) } else { Test::Handshake(together) },
        text: lines.first().map(|acl| acl.text.clone()).unwrap_or_default(),
    };
    let rest = lines.iter().filter(|acl| names(acl).is_none()).cloned();
    std::iter::once(first).chain(rest).collect()
}

/// The cases in which one comparison holds, or does not.
fn single(context: Context<'_>, acl: &Acl, negated: bool, accepts: bool) -> Vec<Case> {
    let opaque = |why: &str| vec![doubted(&acl.text, why)];
    match &acl.test {
        Test::Handshake(_) | Test::Hello if context.http => opaque("handshakes are looked at in mode `tcp`"),
        Test::Handshake(_) | Test::Hello if !context.waits => {
            opaque("without `tcp-request inspect-delay`, it depends on how fast the client is")
        }
        Test::Host(_) if !context.http => opaque("requests are looked at in mode `http`"),
        Test::Handshake(names) | Test::Host(names) => by_name(names, &acl.text, negated, accepts),
        Test::Port(ports) => {
            let ports: PortSet = if negated { ports.complement() } else { ports.clone() };
            if ports.is_empty() { Vec::new() } else { vec![Case { ports: Some(ports), ..Case::default() }] }
        }
        Test::Client(set) => {
            let others = AddrSet { v4: set.v4.complement(), v6: set.v6.complement() };
            let set = if negated { others } else { set.clone() };
            if Set::is_empty(&set) { Vec::new() } else { vec![Case { source: Some(set), ..Case::default() }] }
        }
        Test::Hello => certain(!negated),
        Test::Variable(name) if context.section.resolved.contains(name) => certain(!negated),
        Test::Variable(_) => opaque("what the variable holds is not known"),
        Test::Always(holds) => certain(*holds != negated),
        Test::Opaque(why) => opaque(why),
    }
}

fn by_name(names: &NameSet, text: &str, negated: bool, accepts: bool) -> Vec<Case> {
    let of = |names: NameSet| Case::peer(PeerSet::from(names));
    match (accepts, negated) {
        (true, false) => of(names.clone()).into_iter().collect(),
        (false, true) => of(names.complement()).into_iter().collect(),
        (true, true) => certain(true),
        (false, false) => {
            let why =
                "a client can spell a name in ways that are not compared, such as with a dot at its end";
            let doubt = Unmodelled { text: text.to_owned(), why: why.to_owned() };
            of(names.clone()).map(|case| case.doubted(Some(&doubt))).into_iter().collect()
        }
    }
}

fn certain(holds: bool) -> Vec<Case> {
    if holds { vec![Case::default()] } else { Vec::new() }
}

fn doubted(text: &str, why: &str) -> Case {
    Case::default().doubted(Some(&Unmodelled { text: text.to_owned(), why: why.to_owned() }))
}
