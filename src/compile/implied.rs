//! What components need besides the endpoints, as rules of its own kind.
//!
//! Return traffic, loopback and closing rules open no connections: the targets write those themselves.

use super::{Compiler, Holder};
use crate::catalog::{NeedId, Selected};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, GroupSet, PeerSet, PortRange, PortSet, Prefix, Protocol, Set, TransportSet};
use crate::policy::{Direction, Need, Origin};
use crate::targets::{PeerKind, Scoping};
use std::net::{IpAddr, Ipv4Addr};

/// The resolvers that cloud platforms and clusters offer at link-local addresses, which never leave the network:
/// Amazon Route 53 Resolver ("DNS attributes for your VPC"), the GCE metadata server ("Internal DNS"), and
/// Kubernetes node-local DNS ("Using `NodeLocal` `DNSCache` in Kubernetes Clusters").
const PLATFORM_RESOLVERS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(169, 254, 169, 253), Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(169, 254, 20, 10)];

/// The instance metadata service of AWS, Azure and Google Cloud.
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The API server of the cluster, for platforms that know where it is.
const API_SERVER: &str = "kube-apiserver";

/// The pods of the cluster's resolver, which every distribution labels so.
const DNS_PODS: &str = "kube-system/k8s-app=kube-dns";

impl Compiler<'_> {
    /// Adds the rules that the components of a selection need and that open connections.
    pub(super) fn implied(&mut self, selected: &Selected<'_>) {
        if self.speech.peers == PeerKind::Names {
            return;
        }
        let wanted = selected.catalog.document.needs.iter().flat_map(|needs| needs.value.0.iter());
        for wanted in wanted.collect::<Vec<_>>() {
            let need = match wanted.value.id.value {
                NeedId::Dns => Need::Dns,
                NeedId::ApiServer => Need::ApiServer,
                NeedId::Metadata => Need::Metadata,
            };
            if !self.needs.contains(&need) {
                continue;
            }
            let holders = self.holders(selected, Some(&wanted.value.used_by.value));
            // A component that asks for nothing else needs nothing implied either.
            let holders: Vec<Holder> = holders.into_iter().filter(|holder| self.has_rules(holder)).collect();
            if holders.is_empty() {
                continue;
            }
            let (peers, services) = self.implied_match(need);
            if peers.is_empty() {
                let message =
                    format!("`{}` needs the variable `api_server`, so its rule is left out", need.id());
                let help = format!("set it with `--set api_server=CIDR`, or say `--without {}`", need.id());
                self.note(Finding::new(Code::VariableUnset, message).help(help));
            }
            for holder in holders {
                self.add(&holder, Direction::Egress, peers.clone(), services.clone(), Origin::Implied(need));
            }
        }
    }

    fn has_rules(&self, holder: &Holder) -> bool {
        self.sets.values().any(|set| {
            let same = if holder.name.is_empty() { Direction::Egress.as_str() } else { &holder.name };
            set.scope.name == same && set.scope.direction == Direction::Egress && !set.rules.is_empty()
        })
    }

    fn implied_match(&mut self, need: Need) -> (PeerSet, TransportSet) {
        let tcp = |ports: &[u16]| {
            TransportSet::ports(Protocol::TCP, &PortSet::of(ports.iter().copied().map(PortRange::single)))
        };
        let variables = self.input.variables;
        match need {
            Need::Dns => {
                let udp = TransportSet::port(Protocol::UDP, PortRange::single(53));
                (self.resolvers(), Set::union(&udp, &tcp(&[53])))
            }
            // The service port, and the port that it is translated to before policies see it.
            Need::ApiServer => {
                let own = PeerSet::from(AddrSet::of(variables.prefixes("api_server")));
                // What names hosts for pods knows the API server by itself, wherever it is.
                let known =
                    self.speech.peers == PeerKind::NamesFirst && self.speech.scoping == Scoping::Component;
                let known =
                    if known { PeerSet::from(GroupSet::of([API_SERVER])) } else { PeerSet::default() };
                (own.union(&known), tcp(&[443, 6443]))
            }
            Need::Metadata => (PeerSet::from(AddrSet::of([Prefix::host(IpAddr::V4(METADATA))])), tcp(&[80])),
            Need::ReturnTraffic
            | Need::Loopback
            | Need::DenyRest
            | Need::Proxy
            | Need::Cluster
            | Need::Bypass => (PeerSet::default(), TransportSet::default()),
        }
    }

    fn resolvers(&mut self) -> PeerSet {
        let own = PeerSet::from(AddrSet::of(self.input.variables.prefixes("dns_servers")));
        if self.speech.scoping != Scoping::Host {
            return own.union(&PeerSet::from(GroupSet::of([DNS_PODS])));
        }
        if !own.is_empty() {
            return own;
        }
        let list = PLATFORM_RESOLVERS.map(|addr| addr.to_string()).join(", ");
        let message = format!("`{}` allows only the resolvers of the platforms: {list}", Need::Dns.id());
        let help = "name your resolvers with `--set dns_servers=ADDR,...`";
        self.note(Finding::new(Code::ImpliedDefault, message).help(help));
        PeerSet::from(AddrSet::of(PLATFORM_RESOLVERS.map(|addr| Prefix::host(IpAddr::V4(addr)))))
    }
}
