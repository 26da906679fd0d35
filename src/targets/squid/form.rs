//! The forms of request that the rules of a file can tell apart.

use super::conf::{Conf, Test};
use super::kind::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// A form of request. A host and a port are allowed when a request of any form may reach them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// `CONNECT host:port`: a tunnel, of which Squid sees host and port.
    Connect,
    /// `GET http://host:port/path` and the like.
    Plain {
        /// The method, or one that the file does not name.
        method: Option<String>,
        /// The scheme, or one that the file does not name.
        scheme: Option<String>,
    },
}

/// The forms that a file tells apart, at most `limit` of them; nothing when there are more.
pub(super) fn forms(conf: &Conf, limit: usize) -> Option<Vec<Form>> {
    let used = used(conf);
    // The first asks Squid to forget an object, the second is about the proxy itself: neither reaches a host.
    let mut methods = distinct(conf, &used, &Kind::Method, &["PURGE", "CONNECT"]);
    methods.push(None);
    let mut schemes =
        distinct(conf, &used, &Kind::Proto, &["CACHE_OBJECT", "NONE", "AUTHORITY_FORM", "HTTP", "HTTPS"]);
    schemes.push(Some("HTTP".to_owned()));
    // Any scheme can be asked for on any port, so `ftp://h:80/` reaches what only `http://h/` was denied.
    let tells_schemes = |kind: &Kind| matches!(kind, Kind::Proto | Kind::UrlRegex);
    if conf.acls.iter().any(|(key, acl)| tells_schemes(&acl.kind) && used.contains(key)) {
        // A proxy takes `https` without a tunnel too, and as such it judges what it finds within a tunnel that it opens.
        schemes.push(Some("HTTPS".to_owned()));
        schemes.push(None);
    }
    if methods.len().saturating_mul(schemes.len()) >= limit {
        return None;
    }
    let plain = methods.iter().flat_map(|method| {
        schemes.iter().map(|scheme| Form::Plain { method: method.clone(), scheme: scheme.clone() })
    });
    Some(std::iter::once(Form::Connect).chain(plain).collect())
}

/// The keys of the ACLs that decide a request.
pub(super) fn used(conf: &Conf) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut next: Vec<&Test> = conf.access.iter().flat_map(|access| &access.tests).collect();
    while let Some(test) = next.pop() {
        if used.insert(test.acl.clone())
            && let Some(acl) = conf.acls.get(&test.acl)
        {
            next.extend(acl.groups.iter().flatten());
        }
    }
    used
}

/// One word for each set of words that the same ACLs hold.
fn distinct(conf: &Conf, used: &BTreeSet<String>, kind: &Kind, leave_out: &[&str]) -> Vec<Option<String>> {
    let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, acl) in conf.acls.iter().filter(|(key, acl)| acl.kind == *kind && used.contains(*key)) {
        for word in acl.words.iter().filter(|word| !leave_out.contains(&word.as_str())) {
            holders.entry(word).or_default().push(key);
        }
    }
    let words: BTreeMap<Vec<&str>, &str> =
        holders.into_iter().map(|(word, holders)| (holders, word)).collect();
    words.into_values().map(|word| Some(word.to_owned())).collect()
}
