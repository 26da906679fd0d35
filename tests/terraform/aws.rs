//! AWS security groups.

use crate::support::{
    HOSTILE, bounds, codes, egress, exactly, import, packets, read, rule, set, target, text, why, write,
    write_with,
};
use egressor::diag::Code;
use egressor::packet::{GroupSet, IcmpMatch, PacketSet, PeerSet, PortRange, Protocol, Set, TransportSet};
use egressor::policy::Direction::{Egress, Ingress};
use egressor::policy::{Origin, Policy, Rule};
use std::collections::BTreeSet;
use std::sync::Arc;

const AWS: &str = "aws-security-group";

fn tcp(port: u16) -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::single(port))
}

fn tcp_range(first: u16, last: u16) -> TransportSet {
    TransportSet::port(Protocol::TCP, PortRange::new(first, last).unwrap())
}

fn ping() -> TransportSet {
    TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 8, code: None })
}

fn group(name: &str, transport: &TransportSet) -> PacketSet {
    PacketSet::product(None, &PeerSet::from(GroupSet::of([name])), transport, &true)
}

fn resources(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("resource ")).count()
}

#[test]
fn what_is_written_reads_back_as_the_policy() {
    let unreachable = TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind: 3, code: Some(4) });
    let policy = Policy::new(vec![
        set(
            Egress,
            vec![
                rule(&["104.16.81.56/32", "104.16.82.56/32"], &tcp(443), why("c/api", "the API")),
                rule(&["2606:50c0:8000::153/128", "192.0.2.0/25"], &tcp_range(8000, 8100), why("c/b", "b")),
                rule(
                    &["10.0.0.0/8"],
                    &TransportSet::port(Protocol::UDP, PortRange::single(53)),
                    why("c/dns", "d"),
                ),
                rule(&["10.0.0.0/8"], &ping().union(&unreachable), why("c/ping", "p")),
                rule(&["2001:db8::/32"], &TransportSet::protocol(Protocol::ICMPV6), why("c/ping6", "p")),
                rule(&["198.51.100.0/24"], &TransportSet::protocol(Protocol(47)), why("c/gre", "tunnel")),
                rule(&["203.0.113.7/32", "2001:db8:f::1/128"], &TransportSet::full(), why("c/all", "all")),
                rule(&["203.0.113.8/32"], &TransportSet::protocol(Protocol::TCP), why("c/tcp", "all of TCP")),
            ],
        ),
        set(Ingress, vec![rule(&["172.16.0.0/28"], &tcp(9443), why("c/hook", "webhook"))]),
    ]);
    let proven = write(AWS, &policy);
    assert_eq!(proven.findings, []);
    let policy = read(AWS, text(&proven));
    assert_eq!(exactly(&policy, "var.security_group_id", Ingress), packets(&["172.16.0.0/28"], &tcp(9443)));
}

#[test]
fn no_text_changes_what_the_file_means() {
    for hostile in HOSTILE {
        let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443), why(hostile, hostile))]);
        let proven = write(AWS, &policy);
        let text = text(&proven);
        assert_eq!(resources(text), 1, "{text}");
        assert_eq!(
            exactly(&read(AWS, text), "var.security_group_id", Egress),
            packets(&["192.0.2.1/32"], &tcp(443))
        );
    }
}

#[test]
fn an_address_more_is_a_resource_more_and_changes_no_other_line() {
    let blocks = ["192.0.2.1/32", "192.0.2.4/32", "2001:db8::1/128"];
    let before = write(AWS, &egress(vec![rule(&blocks, &tcp(443), why("c/a", "a"))]));
    let more = ["192.0.2.1/32", "192.0.2.4/32", "2001:db8::1/128", "192.0.2.9/32"];
    let after = write(AWS, &egress(vec![rule(&more, &tcp(443), why("c/a", "a"))]));
    let (before, after) = (text(&before), text(&after));
    let blocks = |text: &str| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>();
    let added: Vec<String> =
        blocks(after).into_iter().filter(|block| !blocks(before).contains(block)).collect();
    assert_eq!(blocks(after).len(), blocks(before).len() + 1);
    assert_eq!(added.len(), 1);
    assert!(
        added[0].starts_with("resource \"aws_vpc_security_group_egress_rule\" \"tcp_443_192_0_2_9_32\" {")
    );
}

/// A rule whose evidence lists these blocks.
fn listing(blocks: &[&str], origin: Origin) -> Rule {
    let Origin::Endpoint(why) = origin else { panic!() };
    let mut why = (*why).clone();
    why.blocks = blocks.iter().map(|block| block.parse().unwrap()).collect();
    rule(blocks, &tcp(443), Origin::Endpoint(Arc::new(why)))
}

#[test]
fn a_neighbour_of_a_listed_block_is_a_resource_more_and_changes_no_other_line() {
    let before = ["192.0.2.0/32", "192.0.2.4/31", "2001:db8::/127"];
    let after =
        ["192.0.2.0/32", "192.0.2.1/32", "192.0.2.4/31", "192.0.2.6/31", "2001:db8::/127", "2001:db8::2/128"];
    let write = |blocks: &[&str]| write(AWS, &egress(vec![listing(blocks, why("c/a", "a"))]));
    let (less, more) = (write(&before), write(&after));
    assert_eq!(more.findings, []);
    let lines = |text: &str| text.split("\n\n").map(|block| block.trim().to_owned()).collect::<BTreeSet<_>>();
    assert!(lines(text(&less)).is_subset(&lines(text(&more))), "{}", text(&more));
    assert_eq!((resources(text(&less)), resources(text(&more))), (3, 6));
    let meaning = exactly(&read(AWS, text(&more)), "var.security_group_id", Egress);
    assert_eq!(meaning, packets(&after, &tcp(443)));
}

#[test]
fn listed_blocks_inside_others_and_what_is_not_listed_are_said_once() {
    let policy = egress(vec![
        listing(&["192.0.2.0/30", "192.0.2.1/32", "192.0.2.4/32"], why("c/a", "a")),
        rule(&["192.0.2.4/30", "10.0.0.0/32", "10.0.0.1/32"], &tcp(443), why("c/b", "b")),
    ]);
    let proven = write(AWS, &policy);
    let labels: Vec<&str> =
        text(&proven).lines().filter_map(|line| line.split("\"tcp_443_").nth(1)).collect();
    let blocks = ["10_0_0_0_31", "192_0_2_0_30", "192_0_2_4_32", "192_0_2_5_32", "192_0_2_6_31"];
    assert_eq!(labels, blocks.map(|block| format!("{block}\" {{")));
}

#[test]
fn listed_blocks_that_a_group_has_no_room_for_are_merged() {
    let blocks: Vec<String> = (0..64).map(|last| format!("192.0.2.{last}/32")).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let proven = write(AWS, &egress(vec![listing(&blocks, why("c/a", "a"))]));
    assert_eq!(proven.findings, []);
    assert_eq!(resources(text(&proven)), 1);
}

#[test]
fn a_list_that_is_not_what_is_asked_for_is_not_written() {
    let Origin::Endpoint(other) = listing(&["10.0.0.0/8"], why("c/a", "a")).origin else { panic!() };
    let policy = egress(vec![rule(&["192.0.2.0/32", "192.0.2.1/32"], &tcp(443), Origin::Endpoint(other))]);
    let proven = write(AWS, &policy);
    assert_eq!(proven.findings, []);
    assert!(text(&proven).contains("tcp_443_192_0_2_0_31") && resources(text(&proven)) == 1);
}

#[test]
fn endpoints_that_share_a_block_share_a_rule_that_names_all() {
    let policy = egress(vec![
        rule(&["192.0.2.1/32"], &tcp(443), why("c/b", "grpc")),
        rule(&["192.0.2.1/32"], &tcp(443), why("c/a", "api")),
        rule(&["192.0.2.1/32"], &tcp_range(400, 500), why("c/wide", "wide")),
    ]);
    let proven = write(AWS, &policy);
    let text = text(&proven);
    assert_eq!(resources(text), 1, "the wider rule covers the other: {text}");
    let id = "c/a: api + c/b: grpc + c/wide: wide (owner platform, ticket NET-7, expires 2027-01-31";
    assert!(text.contains(id), "{text}");
}

#[test]
fn ports_of_a_protocol_without_ports_here_are_left_out_and_told() {
    let sctp = TransportSet::port(Protocol::SCTP, PortRange::single(38412));
    let policy = egress(vec![
        rule(&["192.0.2.1/32"], &sctp.union(&tcp(443)), why("c/a", "a")),
        rule(&["192.0.2.2/32", "2001:db8::/64"], &ping(), why("c/ping", "p")),
    ]);
    let proven = write(AWS, &policy);
    assert_eq!(codes(&proven.findings), [Code::TargetCannotSay, Code::TargetCannotSay]);
    let read = exactly(&read(AWS, text(&proven)), "var.security_group_id", Egress);
    assert_eq!(read, packets(&["192.0.2.1/32"], &tcp(443)).union(&packets(&["192.0.2.2/32"], &ping())));
}

#[test]
fn a_quota_is_counted_for_each_family_and_refused_with_the_arithmetic() {
    let many: Vec<String> = (0..60).map(|host| format!("192.0.2.{}/32", host * 2)).collect();
    let six: Vec<String> = (0..60).map(|host| format!("2001:db8::{:x}/128", host * 2)).collect();
    let both: Vec<&str> = many.iter().chain(&six).map(String::as_str).collect();
    let full = egress(vec![rule(&both, &tcp(443), why("c/a", "a"))]);
    assert_eq!(write(AWS, &full).findings, []);
    let over = egress(vec![
        rule(&both, &tcp(443), why("c/a", "a")),
        rule(&["198.51.100.1/32"], &tcp(80), why("c/b", "b")),
    ]);
    let proven = write(AWS, &over);
    assert_eq!(codes(&proven.findings), [Code::TargetLimit]);
    assert!(proven.files.is_empty());
    let message = &proven.findings[0].message;
    assert_eq!(message, "61 IPv4 egress rules (tcp_443 60 + tcp_80 1) where a security group takes 60");
    let raised = write_with(target(AWS), &over, &[], &[("aws.max_rules", "100")]);
    assert_eq!(raised.findings, []);
}

#[test]
fn a_group_can_be_named_by_its_id() {
    let policy = egress(vec![rule(&["192.0.2.1/32"], &tcp(443), why("c/a", "a"))]);
    let proven = write_with(target(AWS), &policy, &[], &[("aws.security_group_id", "sg-0123")]);
    assert!(!text(&proven).contains("variable"));
    assert_eq!(exactly(&read(AWS, text(&proven)), "sg-0123", Egress), packets(&["192.0.2.1/32"], &tcp(443)));
    let proven = write_with(target(AWS), &policy, &[], &[("aws.variable", "count")]);
    assert_eq!(codes(&proven.findings), [Code::VariableInvalid]);
}

#[test]
fn rules_inside_a_group_are_read_as_blocks_and_as_an_argument() {
    let policy = read(
        AWS,
        r#"
locals {
  office = ["192.0.2.0/24"]
}
resource "aws_ec2_managed_prefix_list" "ldap" {
  address_family = "IPv4"
  entry {
    cidr = "203.0.113.10/32"
  }
}
resource "aws_ec2_managed_prefix_list_entry" "ldap" {
  prefix_list_id = aws_ec2_managed_prefix_list.ldap.id
  cidr           = "203.0.113.11/32"
}
resource "aws_security_group" "a" {
  egress {
    from_port       = 636
    to_port         = 636
    protocol        = "tcp"
    prefix_list_ids = [aws_ec2_managed_prefix_list.ldap.id, "pl-1"]
    cidr_blocks     = local.office
    self            = true
  }
  dynamic "egress" {
    for_each = toset(["80", "81"])
    content {
      from_port        = egress.value
      to_port          = egress.value
      protocol         = "6"
      ipv6_cidr_blocks = ["::/0"]
    }
  }
  ingress = [{
    from_port = 0, to_port = 0, protocol = "-1", cidr_blocks = [], security_groups = [aws_security_group.b.id]
  }]
}
resource "aws_security_group" "b" {
  egress = []
}
"#,
    );
    let ldap = packets(&["203.0.113.10/31", "192.0.2.0/24"], &tcp(636));
    let groups = group("pl-1", &tcp(636)).union(&group("aws_security_group.a", &tcp(636)));
    let web = packets(&["::/0"], &tcp_range(80, 81));
    assert_eq!(exactly(&policy, "aws_security_group.a", Egress), ldap.union(&groups).union(&web));
    assert_eq!(
        exactly(&policy, "aws_security_group.a", Ingress),
        group("aws_security_group.b", &TransportSet::full())
    );
    assert!(exactly(&policy, "aws_security_group.b", Egress).is_empty());
    assert_eq!(policy.sets.len(), 3);
}

#[test]
fn rules_beside_a_group_are_read_into_its_scope() {
    let policy = read(
        AWS,
        r#"
resource "aws_security_group" "a" {}
resource "aws_security_group_rule" "r" {
  for_each          = { web = 443, alt = 8443 }
  type              = "egress"
  security_group_id = aws_security_group.a.id
  from_port         = each.value
  to_port           = each.value
  protocol          = "tcp"
  cidr_blocks       = ["192.0.2.1/32"]
}
resource "aws_vpc_security_group_egress_rule" "ping" {
  security_group_id = aws_security_group.a.id
  ip_protocol       = "icmp"
  from_port         = 8
  to_port           = -1
  cidr_ipv4         = "10.0.0.0/8"
}
resource "aws_vpc_security_group_ingress_rule" "peer" {
  security_group_id            = "sg-1"
  ip_protocol                  = -1
  referenced_security_group_id = "sg-2"
}
"#,
    );
    let web = packets(&["192.0.2.1/32"], &tcp(443).union(&tcp(8443)));
    assert_eq!(
        exactly(&policy, "aws_security_group.a", Egress),
        web.union(&packets(&["10.0.0.0/8"], &ping()))
    );
    assert_eq!(exactly(&policy, "sg-1", Ingress), group("sg-2", &TransportSet::full()));
}

#[test]
fn what_only_terraform_knows_gives_bounds_and_is_named() {
    let imported = import(
        AWS,
        r#"
resource "aws_security_group_rule" "r" {
  type              = "egress"
  security_group_id = "sg-1"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = ["192.0.2.1/32", cidrsubnet(var.net, 8, 1)]
}
resource "aws_vpc_security_group_egress_rule" "maybe" {
  count             = var.enabled ? 1 : 0
  security_group_id = "sg-1"
  ip_protocol       = "udp"
  from_port         = var.port
  to_port           = var.port
  cidr_ipv4         = "192.0.2.2/32"
}
"#,
    );
    assert_eq!(codes(&imported.findings), [Code::ReadUnmodelled; 4]);
    assert!(imported.findings[0].message.contains("`cidrsubnet(var.net, 8, 1)`"));
    let (allowed, doubt) = bounds(&imported.policy, "sg-1", Egress);
    assert_eq!(allowed, packets(&["192.0.2.1/32"], &tcp(443)));
    let udp = packets(&["192.0.2.2/32"], &TransportSet::protocol(Protocol::UDP));
    assert!(udp.is_subset(&doubt));
    assert!(packets(&["8.8.8.8/32", "2001:db8::/32"], &tcp(443)).is_subset(&doubt));
    assert!(doubt.intersect(&packets(&["8.8.8.8/32"], &tcp(80))).is_empty());
}

#[test]
fn what_aws_refuses_is_an_error_and_never_a_rule() {
    let single = |fields: &str| {
        format!(
            "resource \"aws_vpc_security_group_egress_rule\" \"r\" {{\n  security_group_id = \"sg-1\"\n{fields}\n}}\n"
        )
    };
    let cidr = "  cidr_ipv4 = \"192.0.2.1/32\"\n";
    for fields in [
        format!("{cidr}  ip_protocol = \"tcp\"\n  from_port = 443\n  to_port = 80\n"),
        format!("{cidr}  ip_protocol = \"tcp\"\n  from_port = 70000\n  to_port = 70000\n"),
        format!("{cidr}  ip_protocol = \"tcp\"\n  from_port = -1\n  to_port = -1\n"),
        format!("{cidr}  ip_protocol = \"tcp\"\n"),
        format!("{cidr}  ip_protocol = \"tpc\"\n  from_port = 1\n  to_port = 1\n"),
        format!("{cidr}  ip_protocol = \"256\"\n"),
        cidr.to_owned(),
        "  ip_protocol = \"-1\"\n  cidr_ipv4 = \"192.0.2.1/24\"\n".to_owned(),
        "  ip_protocol = \"-1\"\n  cidr_ipv4 = \"192.0.2.1\"\n".to_owned(),
        "  ip_protocol = \"-1\"\n  cidr_ipv4 = \"::/0\"\n".to_owned(),
    ] {
        let imported = import(AWS, &single(&fields));
        assert_eq!(codes(&imported.findings), [Code::ReadRefused], "{fields}");
        assert!(exactly(&imported.policy, "sg-1", Egress).is_empty(), "{fields}");
    }
}
