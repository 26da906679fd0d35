//! Pods as peers, and their one spelling as an opaque group.
//!
//! | peer | group |
//! |---|---|
//! | pods with labels, in one namespace | `kube-system/k8s-app=kube-dns` |
//! | every pod of a namespace | `kube-system/` |
//! | pods with labels, in every namespace | `*/app=proxy` |
//! | pods with labels, in namespaces with labels | `{team=a}/app=proxy` |
//! | every pod of every namespace | all groups, which prints as `*` |
//!
//! The labels are spelt as `kubectl -l` takes them, in the order of their keys, so expressions are said too:
//! `shop/app in (a,b),!legacy`.

use super::names;
use super::selector::{self, Selector, Test};
use crate::packet::GroupSet;
use std::collections::BTreeSet;
use std::fmt;

/// The label that the API server puts on each namespace and that nobody can change.
/// <https://kubernetes.io/docs/concepts/services-networking/network-policies/#targeting-a-namespace-by-its-name>
pub(crate) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Pods, by where they are and what labels they have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodPeer {
    /// The namespaces.
    pub(crate) namespaces: Namespaces,
    /// Their pods.
    pub(crate) pods: Selector,
}

/// Namespaces of pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Namespaces {
    /// The one of that name.
    Named(String),
    /// Those with these labels; all when nothing is asked.
    Selected(Selector),
}

impl PodPeer {
    /// The peers that a pair of selectors stands for: one for each namespace that is asked for by name.
    pub(crate) fn of(namespaces: &Selector, pods: &Selector) -> Vec<Self> {
        let peer = |namespaces| Self { namespaces, pods: pods.clone() };
        match namespaces.without(NAMESPACE_NAME) {
            (rest, Some(Test::In(names))) if rest.is_everything() => {
                names.into_iter().map(|name| peer(Namespaces::Named(name))).collect()
            }
            _ => vec![peer(Namespaces::Selected(namespaces.clone()))],
        }
    }

    /// The peer of that spelling; `None` when it is not one.
    pub(crate) fn parse(group: &str) -> Option<Self> {
        let (namespaces, pods) = match group.strip_prefix('{') {
            Some(rest) => {
                let (labels, pods) = rest.split_once("}/")?;
                let labels = selector::parse(labels).filter(|labels| !labels.is_everything())?;
                (Namespaces::Selected(labels), pods)
            }
            None => match group.split_once('/')? {
                ("*", pods) => (Namespaces::Selected(Selector::default()), pods),
                (name, pods) => (Namespaces::Named(name.to_owned()), pods),
            },
        };
        if matches!(&namespaces, Namespaces::Named(name) if !names::is_namespace(name)) {
            return None;
        }
        let peer = Self { namespaces, pods: selector::parse(pods)? };
        // Only the canonical spelling is the name of a group; another one would be another group.
        (peer.to_string() == group).then_some(peer)
    }

    /// What is asked of the labels of the namespaces.
    pub(crate) fn namespace_selector(&self) -> Selector {
        match &self.namespaces {
            Namespaces::Selected(selector) => selector.clone(),
            Namespaces::Named(name) => {
                let mut selector = Selector::default();
                selector.require(NAMESPACE_NAME.to_owned(), Test::In(BTreeSet::from([name.clone()])));
                selector
            }
        }
    }

    /// Every pod of every namespace.
    pub(crate) fn everywhere() -> Self {
        Self { namespaces: Namespaces::Selected(Selector::default()), pods: Selector::default() }
    }

    /// The groups that the peer stands for.
    pub(crate) fn groups(&self) -> GroupSet {
        if *self == Self::everywhere() { GroupSet::full() } else { GroupSet::of([self.to_string().as_str()]) }
    }
}

impl fmt::Display for PodPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespaces {
            Namespaces::Named(name) => write!(f, "{name}/{}", self.pods),
            Namespaces::Selected(selector) if selector.is_everything() => write!(f, "*/{}", self.pods),
            Namespaces::Selected(selector) => write!(f, "{{{selector}}}/{}", self.pods),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_reads_back_as_the_peer_that_spells_it() {
        for text in ["kube-system/k8s-app=kube-dns", "a/", "*/app=x", "{!b,team=a}/app in (x,y)", "*/"] {
            assert_eq!(PodPeer::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_group_of_pods_is_refused() {
        for text in ["sg-0123", "A/b=c", "{}/a=b", "ns/b=c,a=b", "ns/a=\"", "ns/a=b\n", "", "/", "{a=b}"] {
            assert_eq!(PodPeer::parse(text), None, "{text}");
        }
    }

    #[test]
    fn namespaces_asked_for_by_name_are_one_peer_each() {
        let namespaces = selector::parse("kubernetes.io/metadata.name in (b,a)").unwrap();
        let peers = PodPeer::of(&namespaces, &Selector::default());
        assert_eq!(peers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a/", "b/"]);
        let mixed = selector::parse("kubernetes.io/metadata.name=a,team=x").unwrap();
        let peers = PodPeer::of(&mixed, &Selector::default());
        assert_eq!(peers[0].to_string(), "{kubernetes.io/metadata.name=a,team=x}/");
    }
}
