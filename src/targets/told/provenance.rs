//! Why a rule is there: as comments above it and as annotations of its object.

use crate::policy::{Justification, Origin};
use crate::syntax::text::{fit, one_line};
use std::collections::BTreeSet;

/// The most characters of one comment line.
const COMMENT_MAX: usize = 500;
/// The most characters of one annotation. All of them, twice, must leave room for the rules of an object.
const ANNOTATION_MAX: usize = 2_000;

/// An annotation of an object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(in crate::targets) struct Annotation {
    /// Its key.
    pub(in crate::targets) key: &'static str,
    /// Its value.
    pub(in crate::targets) value: String,
}

/// The comment lines for an origin.
pub(in crate::targets) fn comments(origin: &Origin) -> Vec<String> {
    whole_comments(origin).iter().map(|line| fit(line, COMMENT_MAX, |_| true, ' ')).collect()
}

/// Reports whether a comment line for an origin has to be cut.
pub(in crate::targets) fn is_cut(origin: &Origin) -> bool {
    whole_comments(origin).iter().any(|line| one_line(line).chars().count() > COMMENT_MAX)
}

fn whole_comments(origin: &Origin) -> Vec<String> {
    match origin {
        Origin::Endpoint(why) => endpoint_comments(why),
        Origin::Implied(need) => vec![format!("{}: {}", need.id(), need.reason())],
        Origin::File(place) => {
            let (line, _) = place.source.line_column(place.span.start);
            vec![format!("as in {} at line {line}", place.source.name())]
        }
        Origin::System(text) => vec![text.clone()],
    }
}

fn endpoint_comments(why: &Justification) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(why.owner.as_ref().map(|owner| format!("owner {owner}")));
    facts.extend(why.ticket.as_ref().map(|ticket| format!("ticket {ticket}")));
    facts.extend(why.expires.as_ref().map(|expires| format!("expires {expires}")));
    facts.push(format!("confidence {}", why.confidence));
    let mut lines = vec![format!("{}: {}", why.endpoint, why.purpose), facts.join(", ")];
    for (what, items) in [("hosts", &why.hosts), ("methods", &why.methods), ("sources", &why.sources)] {
        if !items.is_empty() {
            lines.push(format!("{what}: {}", items.join(", ")));
        }
    }
    lines
}

/// The id of what asks for a rule.
pub(in crate::targets) fn id(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Endpoint(why) => Some(&why.endpoint),
        Origin::Implied(need) => Some(need.id()),
        Origin::File(_) | Origin::System(_) => None,
    }
}

/// The annotations for the origins of an object's rules, and whether one of them had to be cut.
pub(in crate::targets) fn annotations<'a>(
    origins: impl IntoIterator<Item = &'a Origin>,
) -> (Vec<Annotation>, bool) {
    let origins: Vec<&Origin> = origins.into_iter().collect();
    let endpoints = || {
        origins.iter().filter_map(|origin| match origin {
            Origin::Endpoint(why) => Some(why.as_ref()),
            Origin::Implied(_) | Origin::File(_) | Origin::System(_) => None,
        })
    };
    let fact = |fact: fn(&Justification) -> Option<&String>| {
        endpoints().filter_map(move |why| Some(format!("{}: {}", why.endpoint, fact(why)?))).collect()
    };
    let all: [(&'static str, BTreeSet<String>, &str); 6] = [
        (
            "egressor/endpoints",
            origins.iter().filter_map(|origin| id(origin)).map(str::to_owned).collect(),
            ", ",
        ),
        ("egressor/purposes", fact(|why| Some(&why.purpose)), "; "),
        ("egressor/owners", fact(|why| why.owner.as_ref()), "; "),
        ("egressor/tickets", fact(|why| why.ticket.as_ref()), "; "),
        ("egressor/expires", fact(|why| why.expires.as_ref()), "; "),
        ("egressor/sources", endpoints().flat_map(|why| why.sources.clone()).collect(), " "),
    ];
    let mut cut = false;
    let mut annotations = Vec::new();
    for (key, items, separator) in all {
        if items.is_empty() {
            continue;
        }
        let text = items.into_iter().collect::<Vec<_>>().join(separator);
        let value = fit(&text, ANNOTATION_MAX, |_| true, ' ');
        cut |= text.chars().count() > ANNOTATION_MAX;
        annotations.push(Annotation { key, value });
    }
    (annotations, cut)
}
