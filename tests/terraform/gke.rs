//! The inputs of the GKE module.

use crate::support::{
    HOSTILE, bounds, codes, egress, exactly, import, packets, read, rule, set, target, text, why, write,
    write_with,
};
use egressor::diag::{Code, Severity};
use egressor::packet::{GroupSet, PacketSet, PeerSet, PortRange, PortSet, Protocol, Set, TransportSet};
use egressor::policy::Direction::{Egress, Ingress};
use egressor::policy::{Policy, Rule};

const GKE: &str = "gke-module";

fn tcp(ports: &[u16]) -> TransportSet {
    TransportSet::ports(Protocol::TCP, &PortSet::of(ports.iter().map(|port| PortRange::single(*port))))
}

fn from_control_plane(ports: &[u16]) -> PacketSet {
    PacketSet::product(None, &PeerSet::from(GroupSet::of(["gke-control-plane"])), &tcp(ports), &true)
}

fn ingress(rules: Vec<Rule>) -> Policy {
    Policy::new(vec![set(Ingress, rules)])
}

fn istio() -> Policy {
    ingress(vec![rule(&["172.16.0.0/28"], &tcp(&[15017]), why("castai/istio-webhook", "istiod's webhook"))])
}

fn inputs(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn the_list_is_the_union_with_the_module_s_defaults_and_says_why() {
    let proven = write(GKE, &istio());
    // The exchange of addresses for the control plane is told, and is no more than a note.
    assert_eq!(codes(&proven.findings), [Code::TargetCannotSay]);
    assert_eq!(proven.findings[0].severity, Severity::Note);
    assert_eq!(
        inputs(text(&proven)),
        [
            "add_master_webhook_firewall_rules = true",
            "firewall_inbound_ports            = [\"8443\", \"9443\", \"15017\"]"
        ]
    );
    assert!(text(&proven).contains("# Not [\"15017\"] alone"), "{}", text(&proven));
    let why = "# Port 15017: castai/istio-webhook: istiod's webhook (owner platform, ticket NET-7, expires 2027-01-31,";
    assert!(text(&proven).contains(why), "{}", text(&proven));
    assert_eq!(
        exactly(&read(GKE, text(&proven)), "gke-module", Ingress),
        from_control_plane(&[8443, 9443, 15017])
    );
}

#[test]
fn the_literal_form_is_two_lines_and_a_warning() {
    let proven = write_with(target(GKE), &istio(), &[], &[("gke.literal", "yes")]);
    let expected =
        "add_master_webhook_firewall_rules = true\nfirewall_inbound_ports            = [\"15017\"]\n";
    assert_eq!(text(&proven), expected);
    let warnings: Vec<_> =
        proven.findings.iter().filter(|finding| finding.severity > Severity::Note).cloned().collect();
    assert_eq!(codes(&warnings), [Code::TargetCannotSay]);
    assert!(warnings[0].message.contains("8443, 9443"));
}

#[test]
fn nothing_is_written_when_no_port_is_asked_for() {
    let dns = TransportSet::port(Protocol::UDP, PortRange::single(53));
    for policy in [
        egress(vec![rule(&["192.0.2.1/32"], &tcp(&[443]), why("c/a", "a"))]),
        ingress(vec![rule(&["172.16.0.0/28"], &dns, why("c/dns", "d"))]),
        ingress(vec![rule(&["172.16.0.0/28"], &TransportSet::full(), why("c/all", "a"))]),
    ] {
        let proven = write(GKE, &policy);
        assert_eq!(proven.files, []);
        assert_eq!(proven.findings.len(), 1);
    }
}

#[test]
fn what_is_not_ingress_over_tcp_is_declared() {
    let mixed = tcp(&[9443, 8000, 8001]).union(&TransportSet::protocol(Protocol::ICMP));
    let policy = Policy::new(vec![
        set(Egress, vec![rule(&["192.0.2.1/32"], &tcp(&[443]), why("c/a", "a"))]),
        set(
            Ingress,
            vec![
                rule(&["172.16.0.0/28"], &mixed, why("c/b", "b")),
                rule(&["10.0.0.0/8"], &tcp(&[1]), why("c/c", "c")),
            ],
        ),
    ]);
    let proven = write(GKE, &policy);
    let mut codes = codes(&proven.findings);
    codes.sort();
    let expected =
        [Code::TargetCannotSay, Code::TargetCannotSay, Code::TargetCannotSay, Code::TargetNotEnforceable];
    assert_eq!(codes, expected, "protocols, sources, the control plane, egress");
    let list = "firewall_inbound_ports            = [\"1\", \"8000-8001\", \"8443\", \"9443\", \"15017\"]";
    assert_eq!(inputs(text(&proven))[1], list);
}

#[test]
fn no_text_changes_what_the_file_means() {
    for hostile in HOSTILE {
        let policy = ingress(vec![rule(&["172.16.0.0/28"], &tcp(&[15017]), why(hostile, hostile))]);
        let proven = write(GKE, &policy);
        assert_eq!(inputs(text(&proven)).len(), 2, "{}", text(&proven));
    }
}

#[test]
fn a_module_block_opens_what_its_switch_says() {
    let policy = read(
        GKE,
        r#"
module "on" {
  source                            = "terraform-google-modules/kubernetes-engine/google//modules/private-cluster"
  add_master_webhook_firewall_rules = true
}
module "off" {
  firewall_inbound_ports = ["15017"]
}
module "known" {
  master_ipv4_cidr_block            = "172.16.0.0/28"
  add_master_webhook_firewall_rules = "true"
  firewall_inbound_ports            = [15017, "9000-9001"]
}
module "other" {
  source = "./other"
}
"#,
    );
    assert_eq!(exactly(&policy, "module.on", Ingress), from_control_plane(&[8443, 9443, 15017]));
    assert!(exactly(&policy, "module.off", Ingress).is_empty());
    assert_eq!(
        exactly(&policy, "module.known", Ingress),
        packets(&["172.16.0.0/28"], &tcp(&[15017, 9000, 9001]))
    );
    assert_eq!(policy.sets.len(), 3);
}

#[test]
fn what_only_terraform_knows_gives_bounds() {
    let imported = import(
        GKE,
        "module \"gke\" {\n  add_master_webhook_firewall_rules = var.on\n  firewall_inbound_ports = [\"15017\"]\n}\n",
    );
    assert_eq!(codes(&imported.findings), [Code::ReadUnmodelled]);
    let (allowed, doubt) = bounds(&imported.policy, "module.gke", Ingress);
    assert!(allowed.is_empty());
    assert_eq!(doubt, from_control_plane(&[15017]));
    let refused =
        import(GKE, "add_master_webhook_firewall_rules = true\nfirewall_inbound_ports = [\"70000\"]\n");
    assert_eq!(codes(&refused.findings), [Code::ReadRefused]);
    assert!(exactly(&refused.policy, "gke-module", Ingress).is_empty());
}
