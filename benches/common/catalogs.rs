//! Catalogs that are the same in every run: one endpoint with many addresses, and many endpoints.

use std::fmt::Write as _;

const HEAD: &str = r#"schema: egressor/catalog/v1
id: bench
title: "Bench"
verified: {on: "2026-11-22", method: document-review}
sources:
  page: {title: "Page", url: "https://docs.example.com/page"}
components:
  agent:
    kind: pods
    feature: core
    title: "Agent"
    namespace: bench
    host_network: false
    selector: {app: agent}
features:
  core: {title: "Core", default: true}
"#;

/// A catalog of endpoints, each with a list of so many addresses of its own. No two addresses are neighbours, as in what
/// the peers are measured with.
pub(crate) fn catalog(endpoints: u32, addresses: u32) -> String {
    let mut text = format!("{HEAD}ip_sets:\n");
    let mut next = 20 << 24;
    for endpoint in 0..endpoints {
        let head = format!(
            "  s{endpoint}:\n    family: ipv4\n    endpoints: [e{endpoint}]\n    sources: [page]\n    cidrs:\n"
        );
        text.push_str(&head);
        for _ in 0..addresses {
            writeln!(text, "      - {}/32", std::net::Ipv4Addr::from_bits(next))
                .expect("a text can be written to");
            next += 3;
        }
    }
    text.push_str("endpoints:\n");
    for endpoint in 0..endpoints {
        let entry = format!(
            r#"  - id: e{endpoint}
    direction: egress
    host: h{endpoint}.example.com
    ports: [443/tcp]
    app: https
    used_by: [agent]
    feature: core
    purpose: "Reach service {endpoint}"
    sources: [page]
    confidence: documented
    status: active
    owner: platform
    addresses: [s{endpoint}]
"#
        );
        text.push_str(&entry);
    }
    text
}
