//! The places where a network is guarded: one folder each, and the list of them.
//!
//! A target writes by *lowering* a policy to a model, which a template lays out, and reads by *importing* files in
//! the forms that its own template and the vendor's tools print. Tests run over the list, so that a new entry must
//! round-trip, survive hostile strings and state its limits before it can land.

mod asked;
mod aws_network_firewall;
mod aws_prefix_list;
mod aws_security_group;
mod azure_firewall;
mod azure_nsg;
mod calico;
mod change_request;
mod cilium;
mod clouds;
mod clusters;
mod context;
mod csv;
mod envoy;
mod gcp_firewall;
mod gcp_network_policy;
mod gke_module;
mod haproxy;
mod ipset;
mod iptables;
mod istio;
mod json;
mod model;
mod network_policy;
mod nftables;
mod openshift_egress_firewall;
mod options;
mod packet_filters;
mod pan_edl;
mod plain;
mod proxies;
mod proxy_env;
mod proxy_url;
mod runs;
mod squid;
mod tinyproxy;
mod told;

pub(crate) use asked::families::carried;

pub use context::{Chart, Context, Facts, Install, ServiceTag, Workload};
pub use model::Model;
pub use options::{OptionKind, OptionSpec, Options};
pub use plain::{KINDS, PlainRow, kind, matches};
pub use proxy_env::{Client, NoProxy, Reach};
pub use proxy_url::{ProxyHost, ProxyUrl, ProxyUrlError};
pub use runs::Runs;

use crate::diag::{Finding, Source};
use crate::packet::PacketSet;
use crate::policy::{Need, Origin, Policy, Scope};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Every target, in the order in which they are listed and written.
pub const TARGETS: &[&dyn Target] = &[
    &aws_security_group::AwsSecurityGroup,
    &aws_prefix_list::AwsPrefixList,
    &gcp_firewall::GcpFirewall,
    &gcp_network_policy::GcpNetworkPolicy,
    &azure_nsg::AzureNsg,
    &azure_firewall::AzureFirewall,
    &aws_network_firewall::AwsNetworkFirewall,
    &pan_edl::PanEdl,
    &ipset::Ipset,
    &iptables::Iptables,
    &nftables::Nftables,
    &squid::Squid,
    &tinyproxy::Tinyproxy,
    &haproxy::Haproxy,
    &envoy::Envoy,
    &istio::Istio,
    &network_policy::NetworkPolicy,
    &cilium::Cilium,
    &calico::Calico,
    &openshift_egress_firewall::EgressFirewall,
    &proxy_env::ProxyEnv,
    &gke_module::GkeModule,
    &change_request::ChangeRequest,
    &json::Json,
    &csv::Csv,
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static dyn Target> {
    TARGETS.iter().copied().find(|target| target.name() == name)
}

/// One kind of artifact that egressor writes and reads back.
pub trait Target: Sync + fmt::Debug {
    /// `iptables`: on the command line, in the names of templates and folders of tests.
    fn name(&self) -> &'static str;

    /// One line for `egressor targets` and the README.
    fn summary(&self) -> &'static str;

    /// Reports whether it is written when no target is asked for by name.
    fn is_default(&self) -> bool {
        true
    }

    /// The variable that a project sets when it needs this target, which is written by default then.
    fn default_with(&self) -> Option<&'static str> {
        None
    }

    /// How peers are named and rules are grouped here; the policy handed to `lower` is compiled for it.
    fn speech(&self) -> Speech;

    /// The same under some settings, where one of them changes what the target can say.
    fn speech_with(&self, options: &Options) -> Speech {
        let _ = options;
        self.speech()
    }

    /// What a rule set for this target needs besides the endpoints.
    fn needs(&self) -> &'static [Need];

    /// The limits of the platform that are checked before anything is written, as data.
    fn limits(&self) -> &'static [Limit];

    /// The settings that are this target's own.
    fn options(&self) -> &'static [OptionSpec];

    /// Reports whether it looks at what is known of the project beside its rules. Others are not given it.
    fn takes_context(&self) -> bool {
        false
    }

    /// The templates of its artifacts: name and text.
    fn templates(&self) -> &'static [(&'static str, &'static str)];

    /// The policy as models for the templates, with what the target cannot say.
    fn lower(&self, wanted: &Wanted<'_>) -> Lowered;

    /// The forms in which existing rules are read; the first that knows what a template writes reads it back.
    fn importers(&self) -> &'static [&'static dyn Importer];
}

/// One form in which rules are found.
pub trait Importer: Sync + fmt::Debug {
    /// `iptables-save`.
    fn name(&self) -> &'static str;

    /// Reports whether a text is of this form, by its content.
    fn recognizes(&self, source: &Source) -> bool;

    /// Reports whether a text completes files of this form and says nothing by itself: members of sets, entries of
    /// lists, values of variables.
    fn completes(&self, source: &Source) -> bool {
        let _ = source;
        false
    }

    /// The paths of the files that a file of this form names, such as lists and includes; the last part may be a pattern.
    fn references(&self, source: &Source) -> Vec<String> {
        let _ = source;
        Vec::new()
    }

    /// Reports whether files of this form are no rules themselves, as manifests that set variables are, so that beside
    /// files of rules they are what they are to those: another kind of file.
    fn yields(&self) -> bool {
        false
    }

    /// Whose files these are. Forms of one family can be read together, each by its own importer, as one rule set; a
    /// form without a family stands alone.
    fn family(&self) -> Option<FormFamily> {
        None
    }

    /// What the files mean together, as one rule set. Never stops at the first problem, never drops a match: what is
    /// not understood is a finding.
    fn import(&self, sources: &[Arc<Source>]) -> Imported;

    /// What there is to say about the files beyond what they mean, for whoever asks for it: what is missing, and what
    /// is seldom meant. Nothing for most forms.
    fn advise(&self, sources: &[Arc<Source>]) -> Vec<Finding> {
        let _ = sources;
        Vec::new()
    }

    /// What the files meant before the change that one of them plans. None when none of them is a plan; then there is
    /// no other state than the one that [`Importer::import`] reads.
    fn import_before(&self, sources: &[Arc<Source>]) -> Option<Imported> {
        let _ = sources;
        None
    }
}

/// Whose files some forms are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormFamily {
    /// Terraform's: configuration, states, plans.
    Terraform,
}

/// How a target names peers and groups rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speech {
    /// What a peer is.
    pub peers: PeerKind,
    /// What one rule set is attached to.
    pub scoping: Scoping,
    /// Whether rules for traffic coming in can be written, and who it comes from.
    pub ingress: Ingress,
}

/// What a target can say of traffic that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingress {
    /// Nothing.
    Unsaid,
    /// Rules that name the peer it comes from.
    ByPeer,
    /// Rules for the peers that the platform knows itself, such as the cluster's control plane.
    ByPlatform,
}

/// The reasons of one rule in a line of at most `limit` characters, whatever they are.
pub fn why<'a>(origins: impl IntoIterator<Item = &'a Origin>, limit: usize) -> String {
    told::reason::reason(origins, told::reason::Room { limit, allowed: |_| true }).0
}

/// What a target takes as a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerKind {
    /// Addresses: every name must be known by address evidence.
    Addresses,
    /// Host names.
    Names,
    /// Host names where an endpoint has any, else its addresses.
    NamesFirst,
    /// Host names, and beside them the addresses that are known for them.
    Both,
    /// Not the endpoints, but what is reached without the project's proxy, and the proxy: names and addresses.
    Direct,
}

/// What one rule set of a target is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoping {
    /// The host or network, all components together.
    Host,
    /// The pods of one component.
    Component,
    /// All pods of a namespace, whatever components they are of.
    Namespace,
}

/// A limit of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited, in words: `rules per security group, direction and family`.
    pub what: &'static str,
    /// The most that is allowed.
    pub max: usize,
    /// The vendor's page that says so.
    pub source: &'static str,
}

/// What is asked of a target.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The rules, compiled for this target's speech. All are allows; the default is deny.
    pub policy: &'a Policy,
    /// The needs that are switched on. Those that open connections are already rules of the policy.
    pub needs: &'a BTreeSet<Need>,
    /// The target's settings.
    pub options: &'a Options,
}

/// A policy in the terms of a target.
#[derive(Debug, Clone, Default)]
pub struct Lowered {
    /// The files to render.
    pub artifacts: Vec<Artifact>,
    /// What they do not say exactly.
    pub losses: Vec<Loss>,
    /// What the user should know. An error stops the target.
    pub findings: Vec<Finding>,
    /// The paths of those of the files that are no rules: they complete the others, and are read together with them.
    pub completing: BTreeSet<String>,
}

/// One file to render. Its model gets a `banner`, a list of lines for the head of the file, before it is rendered.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The file name below the output folder.
    pub path: String,
    /// The name of its template.
    pub template: &'static str,
    /// What the template lays out: plain data in its final order. Templates loop and print; they decide nothing.
    pub model: Model,
}

/// What an artifact does not say exactly, for one scope of the policy.
#[derive(Debug, Clone)]
pub struct Loss {
    /// The scope of the policy.
    pub scope: Scope,
    /// Packets that the artifact lets pass and the policy does not ask for.
    pub excess: PacketSet,
    /// Packets that the policy asks for and the artifact does not let pass.
    pub missing: PacketSet,
    /// Why, in a line for the head of the file.
    pub why: String,
}

/// What files were understood to mean.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// The meaning.
    pub policy: Policy,
    /// What was not understood, or not compared.
    pub findings: Vec<Finding>,
}
