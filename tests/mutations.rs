//! Damaged rule files: every reader reads every mutant to an end, quickly, and points into its text.
//!
//! The mutants are the same in every run. Their parents are the files of the corpus and the files of the quickstart.

#![cfg(test)]

use egressor::catalog::Selection;
use egressor::diag::Source;
use egressor::ops::{Request, generate};
use egressor::packet::Set;
use egressor::targets::{Importer, TARGETS, find};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Mutants of each importer.
const MUTANTS: usize = 2_000;
/// Longer parents are cut, so that time goes into many mutants.
const LONGEST: usize = 4_000;
const SLOW: Duration = Duration::from_mins(1);

/// Numbers that look random and are the same everywhere: xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % end.max(1)
    }
}

/// What turns up where something else was expected.
const STRANGERS: [&str; 24] = [
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    "#",
    "!",
    "-",
    "/",
    ":",
    ",",
    "\n",
    "\t",
    "\r",
    "\u{0}",
    "\u{feff}",
    "${",
    "é",
    "0",
    "99999999999999999999",
    "::/0",
];

/// Modules with everything that has to be worked out: repetition, conditions, references, heredocs, templates.
const MODULES: [&str; 2] = [
    r#"locals {
  blocks = { api = ["192.0.2.1/32", "192.0.2.2/32"], "other one" = var.more }
  ports  = [for p in [80, 443] : p + 0 if p != 80]
}
variable "more" { default = ["2001:db8::/32"] }
resource "aws_security_group" "a" {
  name = "x-${var.name}" # why
  dynamic "egress" {
    for_each = local.blocks
    content {
      description = "to ${egress.key} é $${literal} %{ if true }yes%{ endif }"
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = concat(egress.value, ["10.0.0.0/8"])
    }
  }
  egress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
}
resource "aws_vpc_security_group_egress_rule" "b" {
  for_each          = toset(["192.0.2.7/32", "192.0.2.8/32"])
  security_group_id = aws_security_group.a.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.ports[0]
  to_port           = true ? 443 : 80
}
resource "aws_security_group_rule" "c" {
  count             = 2
  type              = "egress"
  security_group_id = aws_security_group.a.id
  protocol          = "udp"
  from_port         = count.index
  to_port           = 53
  ipv6_cidr_blocks  = ["::/0"]
  description       = <<-EOT
    two
    lines
  EOT
}
resource "aws_ec2_managed_prefix_list" "d" {
  name           = "d"
  address_family = "IPv4"
  max_entries    = 2
  entry {
    cidr = "203.0.113.0/24"
  }
}
"#,
    r#"locals { tags = ["a", "b"] }
resource "google_compute_firewall" "allow" {
  for_each           = { one = 443, two = "8000-8010" }
  name               = "allow-${each.key}"
  network            = google_compute_network.main.self_link
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = ["192.0.2.0/24", "2001:db8::/32"]
  target_tags        = local.tags
  allow {
    protocol = "tcp"
    ports    = [each.value, "22"]
  }
  allow { protocol = "icmp" }
}
resource "google_compute_firewall" "deny" {
  name      = "deny"
  network   = google_compute_network.main.self_link
  direction = "EGRESS"
  priority  = var.priority
  disabled  = false
  deny { protocol = "all" }
}
"#,
];

/// A mutant: one to three changes of characters or lines.
fn mutant(parent: &str, dice: &mut Dice) -> String {
    let mut text = parent.to_owned();
    for _ in 0..=dice.below(3) {
        text = if dice.below(2) == 0 { change_chars(&text, dice) } else { change_lines(&text, dice) };
    }
    text
}

fn change_chars(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = dice.below(chars.len());
    let to = (at + dice.below(8)).min(chars.len());
    match dice.below(5) {
        0 => chars.truncate(at),
        1 => drop(chars.splice(at..to, [])),
        2 => drop(chars.splice(at..at, STRANGERS[dice.below(STRANGERS.len())].chars())),
        3 => {
            let copy: Vec<char> = chars[at..to].to_vec();
            chars.splice(at..at, copy);
        }
        _ => {
            let other = dice.below(chars.len());
            if !chars.is_empty() {
                chars.swap(at, other);
            }
        }
    }
    chars.into_iter().collect()
}

fn change_lines(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return String::new();
    }
    let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(4) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one]),
        2 => lines.swap(one, other),
        // A word of one line takes the place of a word of another.
        _ => {
            let (mut words, from): (Vec<&str>, Vec<&str>) =
                (lines[one].split(' ').collect(), lines[other].split(' ').collect());
            let at = dice.below(words.len());
            words[at] = from[dice.below(from.len())];
            let line = words.join(" ");
            return lines
                .iter()
                .enumerate()
                .map(|(index, old)| if index == one { &line } else { *old })
                .collect();
        }
    }
    lines.concat()
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

/// The files of the corpus and of the quickstart that an importer knows, as far as they are valid text.
fn parents(importer: &dyn Importer) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    files_below(&root.join("tests/corpus"), &mut files);
    files.sort();
    let corpus = files.iter().filter_map(|path| fs::read_to_string(path).ok());
    let generated = generate(&Request {
        selection: Selection { regions: vec!["us".to_owned()], ..Selection::default() },
        lock: Some(root.join("examples/01_quickstart/egressor.lock")),
        settings: vec!["control_plane_cidr=10.20.0.0/28".to_owned()],
        targets: TARGETS.iter().map(|target| target.name().to_owned()).collect(),
        ..Request::default()
    });
    let written = generated.files.into_iter().map(|file| {
        // The head is the same in all; what matters are the rules.
        let end = file.text.char_indices().nth(2 * LONGEST).map_or(file.text.len(), |(end, _)| end);
        let rules = file.text[..end].lines().filter(|line| !line.starts_with('#'));
        rules.collect::<Vec<_>>().join("\n")
    });
    let modules = MODULES.map(str::to_owned);
    let script = "iptables -P OUTPUT DROP\niptables -N mine\niptables -A OUTPUT -j mine\niptables -A mine -d 10.0.0.1 -p tcp --dport 443 -j ACCEPT\niptables -I mine 1 -s 10.0.0.0/8 -j DROP\n";
    let known = |text: &String| importer.recognizes(&Source::new("parent", text.as_str()));
    let parents = corpus.chain(written).chain(modules).chain([script.to_owned()]).filter(known);
    parents.map(|text: String| text.chars().take(LONGEST).collect()).collect()
}

/// Reads a text and everything that it means.
fn read(importer: &dyn Importer, text: &str) {
    let source = Arc::new(Source::new("mutant", text));
    importer.recognizes(&source);
    let read = importer.import(&[source]);
    for set in &read.policy.sets {
        let allows = set.allows();
        assert!(allows.at_least.is_subset(&allows.at_most), "the bounds of {} cross", set.scope.name);
    }
    for finding in &read.findings {
        let inside =
            finding.place.as_ref().is_none_or(|place| place.source.clamp_span(place.span) == place.span);
        assert!(inside, "{} points outside of the text", finding.message);
    }
}

#[expect(clippy::print_stdout, reason = "a count for whoever runs it with --nocapture")]
fn attack(target: &str) {
    for importer in find(target).unwrap().importers() {
        let parents = parents(*importer);
        assert!(!parents.is_empty(), "{} knows none of the files", importer.name());
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let (begin, mut slowest) = (Instant::now(), Duration::ZERO);
        for number in 0..MUTANTS {
            let text = mutant(&parents[number % parents.len()], &mut dice);
            let start = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| read(*importer, &text)));
            assert!(outcome.is_ok(), "{} panics at mutant {number}:\n{text}", importer.name());
            let took = start.elapsed();
            assert!(took < SLOW, "{} takes {took:?} for mutant {number}:\n{text}", importer.name());
            slowest = slowest.max(took);
        }
        println!(
            "{}: {MUTANTS} mutants of {} files in {:?}, the slowest in {slowest:?}",
            importer.name(),
            parents.len(),
            begin.elapsed()
        );
    }
}

/// A test for each target, and the list of them, in the order of the registry.
macro_rules! attacked {
    ($($test:ident $name:literal)*) => {
        $(
            #[test]
            fn $test() {
                attack($name);
            }
        )*

        #[test]
        fn every_target_is_attacked_here() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name()).collect();
            assert_eq!(names, [$($name),*], "a new target needs a line here");
        }
    };
}

attacked! {
    damaged_aws_files_are_read_to_an_end "aws-security-group"
    damaged_prefix_lists_are_read_to_an_end "aws-prefix-list"
    damaged_gcp_files_are_read_to_an_end "gcp-firewall"
    damaged_gcp_policies_are_read_to_an_end "gcp-network-policy"
    damaged_azure_files_are_read_to_an_end "azure-nsg"
    damaged_azure_firewalls_are_read_to_an_end "azure-firewall"
    damaged_rule_groups_of_aws_are_read_to_an_end "aws-network-firewall"
    damaged_pan_lists_are_read_to_an_end "pan-edl"
    damaged_sets_are_read_to_an_end "ipset"
    damaged_iptables_files_are_read_to_an_end "iptables"
    damaged_nftables_rulesets_are_read_to_an_end "nftables"
    damaged_squid_files_are_read_to_an_end "squid"
    damaged_tinyproxy_files_are_read_to_an_end "tinyproxy"
    damaged_haproxy_files_are_read_to_an_end "haproxy"
    damaged_envoy_files_are_read_to_an_end "envoy"
    damaged_istio_objects_are_read_to_an_end "istio"
    damaged_network_policies_are_read_to_an_end "network-policy"
    damaged_policies_of_cilium_are_read_to_an_end "cilium"
    damaged_policies_of_calico_are_read_to_an_end "calico"
    damaged_egress_firewalls_are_read_to_an_end "openshift-egress-firewall"
    damaged_variables_of_proxies_are_read_to_an_end "proxy-env"
    damaged_gke_files_are_read_to_an_end "gke-module"
    damaged_change_requests_are_read_to_an_end "change-request"
    damaged_rules_as_json_are_read_to_an_end "json"
    damaged_rules_as_csv_are_read_to_an_end "csv"
}
