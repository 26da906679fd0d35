//! What is missing from the variables of a proxy, and what in them is seldom meant.

use super::decide::{Client, Entry, NoProxy};
use super::lift::{entry_place, is_expanded, start_of};
use super::read::{Setting, Stated, Value, Var};
use crate::diag::{Code, Finding, Place, Severity};
use crate::packet::Prefix;
use crate::targets::ProxyUrl;
use std::net::{IpAddr, Ipv4Addr};

/// Hosts that serve every tenant of a platform, so that to reach them directly is to reach anyone: what an entry that
/// covers them opens. The vendors' pages of endpoints: <https://cloud.google.com/storage/docs/request-endpoints>,
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>,
/// <https://learn.microsoft.com/azure/storage/common/storage-account-overview>.
const SHARED: [(&str, &str); 4] = [
    ("storage.googleapis.com", "every bucket of Google Cloud Storage"),
    ("s3.amazonaws.com", "every bucket of Amazon S3"),
    ("x.blob.core.windows.net", "every account of Azure Blob Storage"),
    ("x.r2.cloudflarestorage.com", "every bucket of Cloudflare R2"),
];

/// Hosts that tell how a list decides.
const TOLD: [&str; 7] = [
    "localhost",
    "127.0.0.1",
    "169.254.169.254",
    "metadata.google.internal",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "storage.googleapis.com",
];

const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// What there is to say about the variables of one process.
pub(super) fn findings(stated: &Stated) -> Vec<Finding> {
    let mut findings: Vec<Finding> = stated.settings.iter().flat_map(of_url).collect();
    let somewhere = stated.settings.first().map(|setting| &setting.name);
    for var in Var::ALL {
        let is_set = stated.settings.iter().any(|setting| setting.var == var);
        if let (false, Some(place)) = (is_set, somewhere) {
            let message = format!("`{}` is not set here, `{}` is", var.name(), said(stated));
            findings.push(Finding::new(Code::ProxyUnset, message).at(&place.source, place.span));
        }
    }
    if let Some(setting) = stated.settings.iter().find(|setting| setting.var == Var::Http && !setting.lower)
        && !stated.settings.iter().any(|setting| setting.var == Var::Http && setting.lower)
    {
        let message = "curl reads `http_proxy` in lower case only, so requests without TLS go directly there";
        let finding = Finding::new(Code::ProxyDisagreement, message);
        findings.push(Finding { severity: Severity::Note, ..at(finding, &setting.name) });
    }
    for setting in stated.settings.iter().filter(|setting| setting.var == Var::No) {
        if let Value::Text(text, place) = &setting.value {
            findings.extend(of_list(text, place));
        }
    }
    findings
}

fn said(stated: &Stated) -> &'static str {
    stated.settings.first().map_or("NO_PROXY", |setting| setting.var.name())
}

fn at(finding: Finding, place: &Place) -> Finding {
    finding.at(&place.source, place.span)
}

/// Credentials, and a scheme that is seldom meant.
fn of_url(setting: &Setting) -> Vec<Finding> {
    let Value::Text(text, place) = &setting.value else { return Vec::new() };
    if setting.var == Var::No {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let url = text.parse::<ProxyUrl>().ok();
    if url.as_ref().is_some_and(|url| url.has_credentials) {
        let message = format!("`{}` holds the credentials of the proxy in clear", setting.var.name());
        let help = "put the whole URL into a secret, and refer to that";
        findings.push(at(Finding::new(Code::ProxyCredentials, message).help(help), place));
    }
    let is_tls = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
    if is_tls && !is_expanded(text) {
        let message = format!(
            "`{}` begins with `https://`, which is how the proxy itself is spoken to, whatever is asked for",
            setting.var.name()
        );
        let help = "write `http://`, unless the proxy takes TLS on this port";
        findings.push(at(Finding::new(Code::ProxyUrl, message).help(help), place));
    }
    findings
}

fn of_list(text: &str, place: &Place) -> Vec<Finding> {
    let (list, start) = (NoProxy::parse(text), start_of(place, text));
    let mut findings: Vec<Finding> = list
        .entries
        .iter()
        .filter_map(|entry| opens(entry, &entry_place(place, start, entry.span)))
        .collect();
    let is_filled_in = list.entries.iter().any(|entry| is_expanded(&entry.text));
    if !is_filled_in {
        findings.extend(lacks(&list).into_iter().map(|finding| at(finding, place)));
    }
    let differs: Vec<&str> = ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .filter(|host| list.direct(Client::Curl, host, 443).is_none())
        .collect();
    if !differs.is_empty() {
        let message = format!(
            "`{}`: Go never uses a proxy for it, curl does unless an entry says otherwise",
            differs.join("`, `")
        );
        let finding = Finding::new(Code::ProxyDisagreement, message).help("add `localhost,127.0.0.0/8,::1`");
        findings.push(Finding { severity: Severity::Note, ..at(finding, place) });
    }
    findings
        .extend(TOLD.into_iter().map(|host| at(Finding::new(Code::ProxyDecision, told(&list, host)), place)));
    findings
}

/// An entry that sends a host around the proxy which serves everyone.
fn opens(entry: &Entry, place: &Place) -> Option<Finding> {
    let alone = NoProxy { entries: vec![entry.clone()] };
    let (host, what) = SHARED
        .iter()
        .find(|(host, _)| Client::ALL.into_iter().any(|client| alone.direct(client, host, 443).is_some()))?;
    let host = host.strip_prefix("x.").unwrap_or(host);
    let message = format!(
        "`{}` sends `{host}` around the proxy, which needs direct egress, and that reaches {what}",
        entry.text
    );
    let help = "leave it out, so that the proxy sees what is asked for";
    Some(at(Finding::new(Code::ProxyDirect, message).help(help), place))
}

/// What clusters need to reach without the proxy, and no entry covers for every client.
fn lacks(list: &NoProxy) -> Vec<Finding> {
    let direct = |host: &str| Client::ALL.into_iter().any(|client| list.direct(client, host, 443).is_some());
    let lack = |message: &str, help: &str| Finding::new(Code::ProxyLacks, message).help(help);
    let mut findings = Vec::new();
    if !direct(&METADATA.to_string()) {
        findings.push(lack(
            "no entry covers `169.254.169.254`, so the metadata service is asked for through the proxy",
            "add `169.254.169.254`",
        ));
    }
    if !direct("kubernetes.default.svc") {
        findings.push(lack(
            "no entry covers `.svc`, so services by their short names, the API server's `kubernetes.default.svc` too, go to the proxy",
            "add `svc`, which means everything below it to Go and to curl",
        ));
    }
    if !direct("kubernetes.default.svc.cluster.local") {
        findings.push(lack(
            "no entry covers `cluster.local`, so services by their full names go to the proxy",
            "add `cluster.local`, or the cluster's own domain",
        ));
    }
    let is_inside = |block: &Prefix| !block.addr().is_loopback() && !is_link_local(block.addr());
    let blocks = Client::ALL.map(|client| list.peers(client).addrs.prefixes());
    let has_blocks = blocks.iter().flatten().any(is_inside);
    if !has_blocks {
        findings.push(lack(
            "no block of addresses is listed, so pods and services by their addresses, the API server too, go to the proxy",
            "add the blocks of pods and of services",
        ));
    }
    if !list.entries.iter().any(names_a_server) {
        let finding = lack(
            "no entry names the host of the API server; where clients are given its name, they ask the proxy for it",
            "add the host of the API server's address, as in `kubectl cluster-info`",
        );
        // The block of services holds the address that most clients are given.
        let severity = if has_blocks { Severity::Note } else { Severity::Warning };
        findings.push(Finding { severity, ..finding });
    }
    findings
}

fn is_link_local(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V4(v4) if v4.is_link_local())
}

/// Reports whether an entry may be the name of the API server: it is none of the names that lists usually have.
fn names_a_server(entry: &Entry) -> bool {
    let name = entry.text.trim_start_matches(['*', '.']).to_ascii_lowercase();
    let usual = ["localhost", "svc", "local", "internal", "googleapis.com"];
    let is_usual = usual.iter().any(|usual| name == *usual || name.ends_with(&format!(".{usual}")));
    !entry.go.peers.names.is_empty() && !is_usual
}

/// How both clients decide, and by which entry.
fn told(list: &NoProxy, host: &str) -> String {
    let way = |client: Client| match list.direct(client, host, 443) {
        None => format!("{} goes to the proxy", client.as_str()),
        Some(None) => format!("{} goes directly, unasked", client.as_str()),
        Some(Some(entry)) => format!("{} goes directly by `{}`", client.as_str(), entry.text),
    };
    format!("`{host}`: {}", Client::ALL.map(way).join(", "))
}
