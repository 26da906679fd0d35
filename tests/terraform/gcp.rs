//! VPC firewall rules of Google Cloud.

use crate::support::{
    HOSTILE, bounds, codes, egress, exactly, import, packets, read, rule, set, target, text, why, write,
    write_with,
};
use egressor::diag::Code;
use egressor::packet::{
    AddrSet, GroupSet, IcmpMatch, PacketSet, PeerSet, PortRange, Prefix, Protocol, Set, TransportSet,
};
use egressor::policy::Direction::{Egress, Ingress};
use egressor::policy::{Need, Policy};
use std::net::{IpAddr, Ipv4Addr};

const GCP: &str = "gcp-firewall";
const SCOPE: &str = "var.network/tag:var.target_tags";

fn tcp(port: u16) -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::single(port))
}

fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("name        = ")).collect()
}

fn everything() -> PacketSet {
    PacketSet::product(None, &PeerSet::all_addrs(), &TransportSet::full(), &true)
}

#[test]
fn what_is_written_reads_back_as_the_policy() {
    let udp = TransportSet::port(Protocol::UDP, PortRange::new(8000, 8100).unwrap());
    let sctp = TransportSet::port(Protocol::SCTP, PortRange::single(38412));
    let policy = Policy::new(vec![
        set(
            Egress,
            vec![
                rule(&["104.16.81.56/32", "104.16.82.56/32"], &tcp(443), why("c/api", "the API")),
                rule(&["104.16.81.56/32", "104.16.82.56/32"], &tcp(443), why("c/grpc", "gRPC")),
                rule(&["2606:50c0:8000::153/128", "192.0.2.0/25"], &tcp(443).union(&udp), why("c/b", "b")),
                rule(&["10.0.0.0/8"], &TransportSet::protocol(Protocol::ICMP), why("c/ping", "p")),
                rule(&["2001:db8::/32"], &TransportSet::protocol(Protocol::ICMPV6), why("c/ping6", "p")),
                rule(
                    &["198.51.100.0/24"],
                    &TransportSet::protocol(Protocol(47)).union(&sctp),
                    why("c/gre", "t"),
                ),
                rule(&["203.0.113.7/32", "2001:db8:f::1/128"], &TransportSet::full(), why("c/all", "all")),
            ],
        ),
        set(Ingress, vec![rule(&["172.16.0.0/28"], &tcp(9443), why("c/hook", "webhook"))]),
    ]);
    let proven = write(GCP, &policy);
    assert_eq!(proven.findings, []);
    let read = read(GCP, text(&proven));
    assert_eq!(exactly(&read, SCOPE, Ingress), packets(&["172.16.0.0/28"], &tcp(9443)));
    assert!(
        text(&proven)
            .contains("c/api: the API + c/grpc: gRPC (owner platform, ticket NET-7, expires 2027-01-31,")
    );
}

#[test]
fn no_text_changes_what_the_file_means() {
    for hostile in HOSTILE {
        let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443), why(hostile, hostile))]);
        let proven = write_with(target(GCP), &policy, &[Need::DenyRest], &[("gcp.network", "a\"${b}\\")]);
        assert_eq!(names(text(&proven)).len(), 3, "{}", text(&proven));
        let policy = read(GCP, text(&proven));
        let scope = "a\"${b}\\/tag:var.target_tags";
        assert_eq!(exactly(&policy, scope, Egress), packets(&["192.0.2.1/32"], &tcp(443)));
    }
}

#[test]
fn an_address_more_changes_no_name() {
    let write_for = |blocks: &[&str]| write(GCP, &egress(vec![rule(blocks, &tcp(443), why("c/a", "a"))]));
    let (before, after) = (write_for(&["192.0.2.1/32"]), write_for(&["192.0.2.1/32", "192.0.2.9/32"]));
    assert_eq!(names(text(&before)), names(text(&after)));
    assert_eq!(text(&after).lines().count(), text(&before).lines().count() + 1);
}

#[test]
fn families_never_share_a_rule() {
    let proven =
        write(GCP, &egress(vec![rule(&["192.0.2.1/32", "2001:db8::1/128"], &tcp(443), why("c/a", "a"))]));
    let lists: Vec<&str> = text(&proven).split("destination_ranges = [").skip(1).collect();
    assert_eq!(lists.len(), 4);
    for list in lists {
        let ranges = list.split(']').next().unwrap();
        assert_ne!(ranges.contains(':'), ranges.contains('.'), "{ranges}");
    }
}

#[test]
fn more_ranges_than_a_rule_takes_are_split() {
    let hosts = (0..10_001_u32).map(|host| Prefix::host(IpAddr::V4(Ipv4Addr::from_bits(host * 2))));
    let mut one = rule(&["192.0.2.1/32"], &tcp(443), why("c/many", "many"));
    one.matches.peer = egressor::packet::Constraint::only(PeerSet::from(AddrSet::of(hosts))).unwrap();
    let proven = write(GCP, &egress(vec![one]));
    assert_eq!(proven.findings, []);
    assert_eq!(names(text(&proven)).len(), 3 + 2);
}

#[test]
fn icmp_types_are_left_out_and_told() {
    let ping = TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 8, code: None });
    let dccp = TransportSet::port(Protocol::DCCP, PortRange::single(5));
    let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443).union(&ping).union(&dccp), why("c/a", "a"))]);
    let proven = write(GCP, &policy);
    assert_eq!(codes(&proven.findings), [Code::TargetCannotSay, Code::TargetCannotSay]);
    assert_eq!(exactly(&read(GCP, text(&proven)), SCOPE, Egress), packets(&["192.0.2.1/32"], &tcp(443)));
}

#[test]
fn without_the_closing_rule_everything_is_declared_open() {
    let ping = TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 8, code: None });
    let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443).union(&ping), why("c/a", "a"))]);
    let proven = write_with(target(GCP), &policy, &[], &[]);
    assert_eq!(codes(&proven.findings), [Code::TargetCannotSay, Code::TargetCannotSay]);
    assert!(text(&proven).contains("# all egress stays allowed"));
    assert_eq!(exactly(&read(GCP, text(&proven)), SCOPE, Egress), everything());
}

#[test]
fn a_closing_rule_that_would_come_first_is_refused() {
    let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443), why("c/a", "a"))]);
    let options = [("gcp.priority", "500"), ("gcp.deny_priority", "500")];
    let proven = write_with(target(GCP), &policy, &[Need::DenyRest], &options);
    assert_eq!(codes(&proven.findings), [Code::VariableInvalid]);
    let proven = write_with(target(GCP), &policy, &[Need::DenyRest], &[("gcp.target_tags", "Nodes_1")]);
    assert_eq!(codes(&proven.findings), [Code::VariableInvalid]);
}

#[test]
fn rules_fold_by_priority_and_a_denial_wins_among_equals() {
    let policy = read(
        GCP,
        r#"
resource "google_compute_firewall" "allow" {
  name               = "allow"
  network            = google_compute_network.vpc.name
  direction          = "EGRESS"
  destination_ranges = ["10.0.0.0/8"]
  target_tags        = ["web", "db"]
  allow {
    protocol = "TCP"
    ports    = ["443", "8000-8100"]
  }
}
resource "google_compute_firewall" "deny_equal" {
  name               = "deny-equal"
  network            = google_compute_network.vpc.self_link
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = ["10.1.0.0/16"]
  deny {
    protocol = "all"
  }
}
resource "google_compute_firewall" "deny_rest" {
  name      = "deny-rest"
  network   = google_compute_network.vpc.id
  direction = "EGRESS"
  priority  = 65535
  deny {
    protocol = "all"
  }
}
resource "google_compute_firewall" "in" {
  name          = "in"
  network       = "projects/p/global/networks/other"
  source_ranges = ["192.0.2.0/24"]
  source_tags   = ["lb"]
  allow {
    protocol = "6"
    ports    = [80]
  }
}
"#,
    );
    let services = tcp(443).union(&TransportSet::port(Protocol::TCP, PortRange::new(8000, 8100).unwrap()));
    let v6 = PacketSet::product(None, &PeerSet::from(AddrSet::all_v6()), &TransportSet::full(), &true);
    let allowed =
        packets(&["10.0.0.0/8"], &services).subtract(&packets(&["10.1.0.0/16"], &services)).union(&v6);
    for tag in ["web", "db"] {
        assert_eq!(exactly(&policy, &format!("google_compute_network.vpc/tag:{tag}"), Egress), allowed);
    }
    assert_eq!(exactly(&policy, "google_compute_network.vpc", Egress), v6);
    let balancers = PacketSet::product(None, &PeerSet::from(GroupSet::of(["tag:lb"])), &tcp(80), &true);
    assert_eq!(exactly(&policy, "other", Ingress), packets(&["192.0.2.0/24"], &tcp(80)).union(&balancers));
    assert_eq!(policy.sets.len(), 4);
}

#[test]
fn what_only_terraform_knows_gives_bounds_on_both_sides() {
    let imported = import(
        GCP,
        r#"
resource "google_compute_firewall" "allow" {
  network            = "n"
  direction          = "EGRESS"
  destination_ranges = ["10.0.0.0/8"]
  allow {
    protocol = "tcp"
    ports    = ["443", var.port]
  }
}
resource "google_compute_firewall" "maybe" {
  network            = "n"
  direction          = "EGRESS"
  priority           = var.priority
  destination_ranges = ["10.0.0.0/9"]
  deny {
    protocol = "all"
  }
}
resource "google_compute_firewall" "off" {
  network            = "n"
  direction          = "EGRESS"
  disabled           = true
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
resource "google_compute_firewall" "rest" {
  network            = "n"
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
"#,
    );
    assert_eq!(
        codes(&imported.findings),
        [Code::ReadNotCompared, Code::ReadUnmodelled, Code::ReadUnmodelled]
    );
    let (allowed, doubt) = bounds(&imported.policy, "n", Egress);
    let v4 = PacketSet::product(None, &PeerSet::from(AddrSet::all_v4()), &TransportSet::full(), &true);
    let sure = packets(&["10.128.0.0/9"], &tcp(443));
    assert_eq!(allowed.intersect(&v4), sure, "the denial may take the lower half away");
    assert_eq!(doubt, packets(&["10.0.0.0/8"], &TransportSet::protocol(Protocol::TCP)).subtract(&sure));
}

#[test]
fn what_google_refuses_is_an_error_and_never_a_rule() {
    for fields in [
        "allow {\n    protocol = \"tcp\"\n  }",
        "source_ranges = [\"10.0.0.1/8\"]\n  allow {\n    protocol = \"tcp\"\n  }",
        "source_ranges = [\"10.0.0.0/8\", \"::/0\"]\n  allow {\n    protocol = \"tcp\"\n  }",
        "source_ranges = [\"10.0.0.0/8\"]",
        "source_ranges = [\"10.0.0.0/8\"]\n  allow {\n    protocol = \"tcp\"\n  }\n  deny {\n    protocol = \"udp\"\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  allow {\n    protocol = \"icmp\"\n    ports = [\"8\"]\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  allow {\n    protocol = \"tcp\"\n    ports = [\"443-80\"]\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  allow {\n    protocol = \"tcp\"\n    ports = [70000]\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  allow {\n    protocol = \"tpc\"\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  priority = 70000\n  allow {\n    protocol = \"tcp\"\n  }",
        "source_ranges = [\"10.0.0.0/8\"]\n  direction = \"OUT\"\n  allow {\n    protocol = \"tcp\"\n  }",
    ] {
        let imported = import(
            GCP,
            &format!("resource \"google_compute_firewall\" \"r\" {{\n  network = \"n\"\n  {fields}\n}}\n"),
        );
        assert_eq!(codes(&imported.findings), [Code::ReadRefused], "{fields}");
        assert!(imported.policy.sets.is_empty(), "{fields}");
    }
}
