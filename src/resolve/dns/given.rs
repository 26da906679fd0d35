//! Addresses, and the servers that gave each. There may be thousands of names, so what they have in common is kept once.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

/// The servers that gave an address. Copies share one set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resolvers(Arc<BTreeSet<String>>);

/// Addresses in order, each once, with the servers that gave it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given(Vec<(IpAddr, Resolvers)>);

/// Sets of servers, each kept once.
#[derive(Debug, Default)]
pub(in crate::resolve) struct Known(BTreeSet<Resolvers>);

impl Resolvers {
    /// The servers of both.
    fn and(&self, other: &Self) -> Self {
        if other.is_subset(self) {
            return self.clone();
        }
        Self(Arc::new(self.union(other).cloned().collect()))
    }
}

impl Deref for Resolvers {
    type Target = BTreeSet<String>;

    fn deref(&self) -> &BTreeSet<String> {
        &self.0
    }
}

impl<S: Into<String>> FromIterator<S> for Resolvers {
    fn from_iter<I: IntoIterator<Item = S>>(servers: I) -> Self {
        Self(Arc::new(servers.into_iter().map(Into::into).collect()))
    }
}

impl Given {
    /// The addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.0.iter().map(|(addr, _)| *addr)
    }

    /// Each address with its servers.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &Resolvers)> {
        self.0.iter().map(|(addr, servers)| (*addr, servers))
    }

    /// How many addresses there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses of both, each with the servers of both.
    pub(super) fn and(self, other: Self) -> Self {
        self.0.into_iter().chain(other.0).collect()
    }

    /// The same, with each set of servers in the place of its equals.
    pub(super) fn sharing(mut self, known: &mut Known) -> Self {
        for (_, servers) in &mut self.0 {
            *servers = known.share(servers.clone());
        }
        self.0.shrink_to_fit();
        self
    }
}

impl FromIterator<(IpAddr, Resolvers)> for Given {
    fn from_iter<I: IntoIterator<Item = (IpAddr, Resolvers)>>(given: I) -> Self {
        let mut all: Vec<(IpAddr, Resolvers)> = given.into_iter().collect();
        all.sort();
        all.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.and(&next.1);
            }
            same
        });
        Self(all)
    }
}

impl Known {
    /// The set itself, or the one before that is equal to it.
    pub(in crate::resolve) fn share(&mut self, servers: Resolvers) -> Resolvers {
        if let Some(known) = self.0.get(&servers) {
            return known.clone();
        }
        self.0.insert(servers.clone());
        servers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Given {
        pairs.iter().map(|(addr, by)| (addr.parse().unwrap(), [*by].into_iter().collect())).collect()
    }

    #[test]
    fn an_address_that_several_gave_has_all_of_them_whatever_the_order() {
        let one = given(&[("8.8.8.8", "b"), ("1.1.1.1", "a"), ("8.8.8.8", "a")]);
        let two = given(&[("8.8.8.8", "a"), ("8.8.8.8", "b")]).and(given(&[("1.1.1.1", "a")]));
        assert_eq!(one, two);
        let all: Vec<_> = one.iter().map(|(addr, by)| format!("{addr} {}", by.len())).collect();
        assert_eq!(all, ["1.1.1.1 1", "8.8.8.8 2"]);
    }

    #[test]
    fn equal_sets_of_servers_are_kept_once() {
        let mut known = Known::default();
        let [one, two] = [(); 2].map(|()| given(&[("8.8.8.8", "a")]).sharing(&mut known));
        assert!(Arc::ptr_eq(&one.0[0].1.0, &two.0[0].1.0));
        assert_eq!(known.0.len(), 1);
    }
}
