//! The labels that Cilium selects by: those of pods, with the source that each may name before a colon, and among them
//! those by which it knows the namespace.
//!
//! <https://docs.cilium.io/en/stable/gettingstarted/terminology/#label-source>

use crate::syntax::kubernetes::names;
use crate::syntax::kubernetes::pods::{NAMESPACE_NAME, Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::{Selector, Test};
use std::collections::BTreeSet;

/// The label by which Cilium knows the namespace of a pod.
pub(super) const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// What Cilium puts before the labels of a pod's namespace.
pub(super) const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";
/// The source that labels of Kubernetes have.
const SOURCE: &str = "k8s:";

/// A key as it is compared: without the source that labels of Kubernetes have.
pub(super) fn bare(key: &str) -> &str {
    key.strip_prefix(SOURCE).or_else(|| key.strip_prefix("any:")).unwrap_or(key)
}

/// A key of a label as Cilium takes it: one of Kubernetes, with a source or without.
pub(super) fn is_key(key: &str) -> bool {
    match bare(key).split_once(':') {
        Some((source, rest)) => {
            source.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && names::is_label_key(rest)
        }
        None => names::is_label_key(bare(key)),
    }
}

/// The pods that a selector of a policy's own means: those of its namespace, unless it names others.
pub(super) fn peers(selector: &Selector, own: Option<&str>) -> Vec<PodPeer> {
    let (mut namespaces, mut pods) = (Selector::default(), Selector::default());
    let mut says_where = false;
    for (key, test) in selector.tests() {
        let key = bare(key);
        says_where |= key.starts_with("reserved:");
        if key == NAMESPACE {
            says_where = true;
            // Every pod has a namespace.
            let everywhere = matches!(test, Test::Present(not) if not.is_empty());
            if !everywhere {
                namespaces.require(NAMESPACE_NAME.to_owned(), test.clone());
            }
        } else if let Some(key) = key.strip_prefix(NAMESPACE_LABELS) {
            says_where = true;
            namespaces.require(key.to_owned(), test.clone());
        } else {
            pods.require(key.to_owned(), test.clone());
        }
    }
    match own.filter(|_| !says_where) {
        Some(own) => vec![PodPeer { namespaces: Namespaces::Named(own.to_owned()), pods }],
        None => PodPeer::of(&namespaces, &pods),
    }
}

/// The selector that means some pods; `None` when none does.
pub(super) fn selector(peer: &PodPeer) -> Option<Selector> {
    let mut selector = Selector::default();
    let namespaces = peer.namespace_selector();
    for (key, test) in namespaces.tests() {
        let key = if key == NAMESPACE_NAME {
            format!("{SOURCE}{NAMESPACE}")
        } else {
            format!("{SOURCE}{NAMESPACE_LABELS}{key}")
        };
        selector.require(key, test.clone());
    }
    if namespaces.is_everything() {
        selector.require(format!("{SOURCE}{NAMESPACE}"), Test::Present(BTreeSet::new()));
    }
    for (key, test) in peer.pods.tests() {
        selector.require(format!("{SOURCE}{key}"), test.clone());
    }
    let sayable = selector.tests().all(|(key, test)| {
        let nothing = matches!(test, Test::In(values) if values.is_empty());
        !nothing && is_key(key)
    });
    (sayable && peers(&selector, None) == [peer.clone()]).then_some(selector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::kubernetes::selector::parse;

    #[test]
    fn a_selector_without_a_namespace_means_the_own_one() {
        let of = |text: &str| {
            let mut selector = Selector::default();
            for (key, test) in parse(text).unwrap().tests() {
                selector.require(format!("k8s:{key}"), test.clone());
            }
            let peers = peers(&selector, Some("shop"));
            peers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("app=a"), "shop/app=a");
        assert_eq!(of(""), "shop/");
        assert_eq!(of("io.kubernetes.pod.namespace=bank,app=a"), "bank/app=a");
        assert_eq!(of("io.kubernetes.pod.namespace in (a,b)"), "a/ b/");
        assert_eq!(of("io.kubernetes.pod.namespace"), "*/");
        assert_eq!(of("io.cilium.k8s.namespace.labels.team=x,app=a"), "{team=x}/app=a");
    }

    #[test]
    fn what_is_written_for_pods_means_them() {
        for text in ["kube-system/k8s-app=kube-dns", "a/", "*/app=x", "{!b,team=a}/app in (x,y)", "*/"] {
            let peer = PodPeer::parse(text).unwrap();
            let written = selector(&peer).unwrap();
            assert_eq!(peers(&written, Some("other")), [peer], "{text}");
        }
        let odd = PodPeer::parse("a/io.kubernetes.pod.namespace=b").unwrap();
        assert_eq!(selector(&odd), None);
    }
}
