//! The inputs of the `terraform-google-modules` GKE module that open webhook ports from the control plane to the nodes.
//!
//! A webhook, such as that of Istio's control plane, is called by the cluster's control plane. On a private cluster a
//! firewall rule must let it reach the nodes, and the module writes that rule when it is asked to:
//! `add_master_webhook_firewall_rules` switches it on, and `firewall_inbound_ports` are its TCP ports. The module's
//! default for the ports is 8443, 9443 and 15017, and a list that is given replaces them. So the union is written, or
//! webhooks that worked would be cut off.
//!
//! The inputs name no address: the module knows those of the control plane by itself. They are read as the group
//! [`CONTROL_PLANE`], and what is written is declared as a loss of the addresses that the policy asks for and an excess
//! of that group, so that what is proven are the ports. An artifact without a port to open is not written: the switch
//! alone would open the default ports, which nobody asked for.

mod hcl;
mod lower;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// The inputs of the GKE module.
#[derive(Debug)]
pub(super) struct GkeModule;

const TEMPLATE: &str = "gke-module.tfvars.tera";
const LITERAL: &str = "gke-module-literal.tfvars.tera";

/// The far end of the rule that the module writes.
const CONTROL_PLANE: &str = "gke-control-plane";

/// The ports that the module opens when none are given, by its `variables.tf`.
const DEFAULT_PORTS: [u16; 3] = [8443, 9443, 15017];

/// How many sources the module's rule has.
const SOURCES: usize = 1;

/// The switch.
const SWITCH: &str = "add_master_webhook_firewall_rules";
/// The ports.
const PORTS: &str = "firewall_inbound_ports";

const OPTIONS: &[OptionSpec] = &[OptionSpec {
    key: "gke.literal",
    kind: OptionKind::Choice(&["no", "yes"]),
    default: Some("no"),
    summary: "write just the policy's ports, as vendors' pages do, without the module's defaults",
}];

impl Target for GkeModule {
    fn name(&self) -> &'static str {
        "gke-module"
    }

    fn summary(&self) -> &'static str {
        "inputs of the Terraform GKE module that open webhook ports from the control plane"
    }

    fn is_default(&self) -> bool {
        // It is for one module of one cloud, so it is written when it is asked for.
        false
    }

    fn speech(&self) -> Speech {
        // Egress is not said at all, so no address need be known for it.
        Speech { peers: PeerKind::Names, scoping: Scoping::Host, ingress: Ingress::ByPlatform }
    }

    fn needs(&self) -> &'static [Need] {
        &[]
    }

    fn limits(&self) -> &'static [Limit] {
        &[Limit {
            what: "source of the rule, the cluster's control plane",
            max: SOURCES,
            source: "https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/blob/main/modules/private-cluster/firewall.tf",
        }]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (TEMPLATE, include_str!("../../../templates/gke-module.tfvars.tera")),
            (LITERAL, include_str!("../../../templates/gke-module-literal.tfvars.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&hcl::GkeModuleHcl]
    }
}
