//! What a feed says as the text of a catalog, which is read back and must mean exactly that.

use super::content::{Content, FeedFormat, Key, Listed};
use super::slug::{ids, slug};
use crate::catalog::{Catalog, Date, EndpointDirection, PortSpec, load, tag_digest};
use crate::diag::{Code, Finding, Source, any_error};
use crate::packet::{
    AddrSet, Hostname, NamePattern, NameSet, PortRange, Prefix, Protocol, Set as _, TransportSet,
};
use crate::policy::Direction;
use crate::syntax::text::one_line;
use crate::syntax::yaml::quote;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// What the feed does not say of itself.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    /// The format.
    pub feed: &'a FeedFormat,
    /// The id of the catalog.
    pub id: &'a str,
    /// Where the feed was served.
    pub url: &'a str,
    /// The day of the feed.
    pub date: Date,
    /// The ports of entries that have none of their own.
    pub ports: &'a [PortSpec],
    /// The way of entries that have none of their own.
    pub direction: Option<Direction>,
    /// Lines about how the text came about.
    pub head: &'a [String],
}

/// An entry as it stands in the catalog.
struct Endpoint<'a> {
    id: String,
    key: &'a Key,
    way: Direction,
    ports: &'a [PortSpec],
    names: Vec<&'a NamePattern>,
    /// The sets of its addresses.
    sets: Vec<String>,
    addresses: AddrSet,
}

/// The names of all sets begin with the id of the entry that they are of.
const FAMILIES: [&str; 2] = ["ipv4", "ipv6"];
/// What the ids of entries for names below a host end in.
const BELOW: &str = "-below";
/// The component that uses the entries, and its feature.
const CLIENTS: &str = "clients";

/// The text of the catalog, and the catalog.
pub fn write(content: &Content, writing: &Writing<'_>) -> Result<(Catalog, Vec<Finding>), Vec<Finding>> {
    let mut findings = incomplete(content, writing);
    if !findings.is_empty() {
        return Err(findings);
    }
    let ways: Vec<(&Key, Direction)> =
        content.entries.keys().filter_map(|key| Some((key, key.way.or(writing.direction)?))).collect();
    let ids = ids(&ways);
    let mut endpoints = Vec::new();
    let mut sets: BTreeMap<String, (usize, Vec<String>, AddrSet)> = BTreeMap::new();
    for (key, way) in ways {
        let (Some(id), Some(listed)) = (ids.get(key), content.entries.get(key)) else { continue };
        if !listed.unsaid.is_empty() {
            findings.push(unsaid(id, listed, writing));
        }
        let addresses = AddrSet::of(listed.blocks.iter().copied());
        let mut of_entry = Vec::new();
        for (family, name) in FAMILIES.iter().enumerate() {
            let part = addresses.prefixes().into_iter().filter(|block| block.is_ipv4() == (family == 0));
            let part = AddrSet::of(part);
            if part != AddrSet::default() {
                let name = format!("{id}-{name}");
                sets.insert(name.clone(), (family, Vec::new(), part));
                of_entry.push(name);
            }
        }
        let below = |name: &&NamePattern| matches!(name, NamePattern::Below(_));
        let (trees, hosts): (Vec<_>, Vec<_>) = listed.names.iter().partition(below);
        let ports = if key.ports.is_empty() { writing.ports } else { key.ports.as_slice() };
        let both = [(String::new(), hosts), (BELOW.to_owned(), trees)];
        let nameless = listed.names.is_empty();
        for (ending, names) in both {
            if names.is_empty() && !(nameless && ending.is_empty() && !of_entry.is_empty()) {
                continue;
            }
            let id = format!("{id}{ending}");
            for set in &of_entry {
                if let Some((_, users, _)) = sets.get_mut(set) {
                    users.push(id.clone());
                }
            }
            let (sets, addresses) = (of_entry.clone(), addresses.clone());
            endpoints.push(Endpoint { id, key, way, ports, names, sets, addresses });
        }
    }
    if endpoints.is_empty() {
        let message = format!("`{}` lists nothing that a catalog can say", writing.feed.name);
        findings.push(Finding::new(Code::FeedSyntax, message));
        return Err(findings);
    }
    endpoints.sort_by(|a, b| a.id.cmp(&b.id));
    let text = text(content, writing, &endpoints, &sets);
    let source = Arc::new(Source::new(format!("the catalog of `{}`", writing.feed.name), text));
    let (catalog, found) = load(&source);
    let wrong = any_error(&found);
    findings.extend(found);
    match catalog.filter(|_| !wrong) {
        Some(catalog) => match differing(&catalog, &endpoints) {
            None => Ok((catalog, findings)),
            Some(id) => {
                let message =
                    format!("the catalog that was written does not mean what the feed says of `{id}`");
                findings.push(Finding::new(Code::VerifyMismatch, message));
                Err(findings)
            }
        },
        None => Err(findings),
    }
}

/// What stands behind each endpoint of the catalog that is written: the blocks as the feed has them.
pub fn blocks(content: &Content, direction: Direction) -> BTreeMap<String, BTreeSet<Prefix>> {
    let ways: Vec<(&Key, Direction)> =
        content.entries.keys().map(|key| (key, key.way.unwrap_or(direction))).collect();
    let named = ids(&ways);
    let mut blocks = BTreeMap::new();
    for (key, listed) in &content.entries {
        let Some(id) = named.get(key).filter(|_| !listed.blocks.is_empty()) else { continue };
        for ending in ["", BELOW] {
            blocks.insert(format!("{id}{ending}"), listed.blocks.clone());
        }
    }
    blocks
}

/// What must be known and is said neither by the feed nor by the user.
fn incomplete(content: &Content, writing: &Writing<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let services = |lacks: &dyn Fn(&Key) -> bool| -> BTreeSet<&str> {
        content.entries.keys().filter(|key| lacks(key)).map(|key| key.service.as_str()).collect()
    };
    let named = |services: &BTreeSet<&str>| {
        let first: Vec<String> =
            services.iter().take(5).map(|name| format!("`{}`", one_line(name))).collect();
        let more = services.len().saturating_sub(first.len());
        format!("{}{}", first.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
    };
    let portless = services(&|key| key.ports.is_empty());
    if writing.ports.is_empty() && !portless.is_empty() {
        let message = format!("the feed `{}` names no ports for {}", writing.feed.name, named(&portless));
        let help = "say which with `--port 443/tcp`; there is no default";
        findings.push(Finding::new(Code::FeedIncomplete, message).help(help));
    }
    let wayless = services(&|key| key.way.is_none());
    if writing.direction.is_none() && !wayless.is_empty() {
        let message = format!(
            "the feed `{}` does not say who opens the connections of {}",
            writing.feed.name,
            named(&wayless)
        );
        let help =
            "say `--direction egress` when your machines do, `--direction ingress` when the vendor's do";
        findings.push(Finding::new(Code::FeedIncomplete, message).help(help));
    }
    findings
}

fn unsaid(id: &str, listed: &Listed, writing: &Writing<'_>) -> Finding {
    let names: Vec<String> = listed.unsaid.iter().map(|name| format!("`{}`", one_line(name))).collect();
    let message = format!(
        "`{}/{id}` leaves {} out: a catalog has wildcards for whole labels at the front only",
        writing.id,
        names.join(", ")
    );
    Finding::new(Code::FeedUnsaid, message).help("a rule for it must be written by hand")
}

fn text(
    content: &Content,
    writing: &Writing<'_>,
    endpoints: &[Endpoint<'_>],
    sets: &BTreeMap<String, (usize, Vec<String>, AddrSet)>,
) -> String {
    let mut text = String::new();
    for line in writing.head {
        line_to(&mut text, 0, &format!("# {}", one_line(line)));
    }
    let title = quote(writing.feed.title);
    line_to(&mut text, 0, "schema: egressor/catalog/v1");
    line_to(&mut text, 0, &format!("id: {}", quote(writing.id)));
    line_to(&mut text, 0, &format!("title: {title}"));
    line_to(&mut text, 0, &format!("verified: {{on: \"{}\", method: document-review}}", writing.date));
    line_to(&mut text, 0, "sources:");
    let token = content.token.as_deref().map(one_line).filter(|token| !token.is_empty());
    let rev = token.as_ref().map_or_else(String::new, |token| format!(", rev: {}", quote(token)));
    let url = one_line(writing.url);
    line_to(&mut text, 1, &format!("feed: {{title: {title}, url: {}{rev}}}", quote(&url)));
    line_to(
        &mut text,
        1,
        &format!("page: {{title: \"What the feed means\", url: {}}}", quote(writing.feed.page)),
    );
    line_to(&mut text, 0, "components:");
    let about = "Whoever talks to the vendor: the machine that the rules are for";
    line_to(&mut text, 1, &format!("{CLIENTS}: {{kind: node, feature: {CLIENTS}, title: {}}}", quote(about)));
    line_to(&mut text, 0, "features:");
    line_to(&mut text, 1, &format!("{CLIENTS}: {{title: \"Everything in this catalog\", default: true}}"));
    let features: BTreeMap<String, &Key> = endpoints.iter().map(|it| (feature(it.key), it.key)).collect();
    for (id, key) in features {
        let beside = if key.optional { ", which can be done without" } else { "" };
        let title = format!("{}{beside}", or(&key.service, "unnamed"));
        line_to(
            &mut text,
            1,
            &format!("{}: {{title: {}, default: {}}}", word(&id), quote(&title), !key.optional),
        );
    }
    if !sets.is_empty() {
        line_to(&mut text, 0, "ip_sets:");
    }
    let tags: BTreeMap<&str, Vec<String>> = endpoints
        .iter()
        .filter_map(|it| Some((it, tag_of(content.entries.get(it.key)?, &it.addresses, token.as_deref()?)?)))
        .flat_map(|(it, lines)| it.sets.iter().map(move |set| (set.as_str(), lines.clone())))
        .collect();
    for (name, (family, users, addresses)) in sets {
        line_to(&mut text, 1, &format!("{}:", word(name)));
        line_to(&mut text, 2, &format!("family: {}", FAMILIES.get(*family).copied().unwrap_or_default()));
        line_to(&mut text, 2, &format!("endpoints: [{}]", words(users)));
        line_to(&mut text, 2, "sources: [feed]");
        for line in tags.get(name.as_str()).into_iter().flatten() {
            line_to(&mut text, 2, line);
        }
        line_to(&mut text, 2, "cidrs:");
        for block in addresses.prefixes() {
            line_to(&mut text, 3, &format!("- \"{block}\""));
        }
    }
    line_to(&mut text, 0, "endpoints:");
    for endpoint in endpoints {
        endpoint_to(&mut text, endpoint, content);
    }
    text
}

/// The service tag that an entry's addresses are all of, as lines of each of its sets.
fn tag_of(listed: &Listed, addresses: &AddrSet, change: &str) -> Option<Vec<String>> {
    let tag = listed.tag.as_ref().filter(|tag| tag.whole == *addresses)?;
    let mut lines = vec!["service_tag:".to_owned()];
    for (key, value) in [("name", tag.name.as_str()), ("cloud", &tag.cloud), ("change", change)] {
        lines.push(format!("  {key}: {}", quote(value)));
    }
    if let Some(kinds) = &tag.used_in {
        if kinds.is_empty() {
            return None;
        }
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        lines.push(format!("  used_in: [{}]", kinds.join(", ")));
    }
    let digest = tag_digest(&tag.name, &tag.cloud, change, addresses);
    lines.push(format!("  digest: {}", quote(&digest)));
    Some(lines)
}

fn endpoint_to(text: &mut String, endpoint: &Endpoint<'_>, content: &Content) {
    let key = endpoint.key;
    line_to(text, 1, &format!("- id: {}", word(&endpoint.id)));
    line_to(text, 2, &format!("direction: {}", endpoint.way.as_str()));
    let hosts: Vec<&Hostname> = endpoint
        .names
        .iter()
        .filter_map(|name| match name {
            NamePattern::Host(host) | NamePattern::Below(host) => Some(host),
            NamePattern::Any | NamePattern::Path(..) | NamePattern::Tree(_) | NamePattern::OneBelow(_) => {
                None
            }
        })
        .collect();
    if !hosts.is_empty() {
        line_to(text, 2, "hosts_all:");
        for host in hosts {
            line_to(text, 3, &format!("- {}", quote(host.as_str())));
        }
    }
    if endpoint.names.iter().any(|name| matches!(name, NamePattern::Below(_))) {
        line_to(text, 2, "subdomains: any");
        line_to(text, 2, "apex: false");
    }
    if !endpoint.sets.is_empty() {
        line_to(text, 2, &format!("addresses: [{}]", words(&endpoint.sets)));
    }
    if endpoint.names.is_empty() && endpoint.way == Direction::Egress {
        line_to(text, 2, "nameless: true");
    }
    let ports: BTreeSet<String> = endpoint.ports.iter().map(ToString::to_string).collect();
    line_to(text, 2, &format!("ports: [{}]", ports.into_iter().collect::<Vec<_>>().join(", ")));
    line_to(text, 2, &format!("app: {}", app(endpoint)));
    let side = if endpoint.way == Direction::Egress { "used_by" } else { "to" };
    line_to(text, 2, &format!("{side}: [{CLIENTS}]"));
    line_to(text, 2, &format!("feature: {}", word(&feature(key))));
    line_to(text, 2, &format!("purpose: {}", quote(&purpose(key))));
    line_to(text, 2, "sources: [feed, page]");
    line_to(text, 2, "confidence: documented");
    line_to(text, 2, "status: active");
    let unsaid = content.entries.get(key).into_iter().flat_map(|listed| &listed.unsaid);
    let unsaid: Vec<String> =
        unsaid.map(|name| format!("the feed lists {name} too, which is left out")).collect();
    let note: Vec<String> = key.note.iter().cloned().chain(unsaid).collect();
    let note = one_line(&note.join("; "));
    if !note.is_empty() {
        line_to(text, 2, &format!("note: {}", quote(&note)));
    }
}

/// What is spoken, where the feed's names and ports leave no doubt.
fn app(endpoint: &Endpoint<'_>) -> &'static str {
    let web = |spec: &PortSpec| {
        spec.protocol == Protocol::TCP && [80, 443].iter().any(|port| spec.ports == PortRange::single(*port))
    };
    if !endpoint.names.is_empty() && endpoint.ports.iter().all(web) { "https" } else { "other" }
}

fn feature(key: &Key) -> String {
    let service = slug(&key.service);
    let ending = if key.optional { "-optional" } else { "" };
    // The feature of the component itself has this name.
    if service == CLIENTS { format!("{service}-service{ending}") } else { format!("{service}{ending}") }
}

fn purpose(key: &Key) -> String {
    let mut text = or(&key.service, "unnamed");
    if let Some(set) = &key.set {
        // Writing to a string cannot fail.
        let _ = write!(text, ", {}", or(set, "unnamed"));
    }
    if let Some(region) = &key.region {
        let _ = write!(text, " in {}", or(region, "no region"));
    }
    if let Some(category) = &key.category {
        let _ = write!(text, " ({})", or(category, "unnamed"));
    }
    text
}

/// The text on one line, or another where nothing of it can be seen.
fn or(text: &str, otherwise: &str) -> String {
    let line = one_line(text);
    if line.is_empty() { otherwise.to_owned() } else { line }
}

/// An id as YAML reads it for one: some are numbers or other words when they stand without quotes.
fn word(id: &str) -> String {
    let plain = id.starts_with(|char: char| char.is_ascii_alphabetic())
        && !matches!(id, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { id.to_owned() } else { quote(id) }
}

fn words(ids: &[String]) -> String {
    ids.iter().map(|id| word(id)).collect::<Vec<_>>().join(", ")
}

fn line_to(text: &mut String, depth: usize, line: &str) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(line);
    text.push('\n');
}

/// The first entry that the catalog says otherwise than it was meant, or not at all.
fn differing(catalog: &Catalog, meant: &[Endpoint<'_>]) -> Option<String> {
    let found: BTreeMap<&str, _> = catalog.endpoints().map(|it| (it.id.value.as_str(), it)).collect();
    if found.len() != meant.len() {
        return Some(catalog.id().to_owned());
    }
    let is_other = |meant: &&Endpoint<'_>| {
        let Some(read) = found.get(meant.id.as_str()) else { return true };
        let patterns: Vec<NamePattern> =
            read.hosts_in(&[]).iter().flat_map(|host| read.patterns(host)).collect();
        let ports: Vec<TransportSet> = meant.ports.iter().map(|port| port.transport()).collect();
        let way = match read.direction.value {
            EndpointDirection::Egress => Some(Direction::Egress),
            EndpointDirection::Ingress => Some(Direction::Ingress),
            EndpointDirection::Internal => None,
        };
        way != Some(meant.way)
            || AddrSet::of(catalog.listed(read).unwrap_or_default()) != meant.addresses
            || NameSet::of(&patterns) != NameSet::of(meant.names.iter().copied())
            || read.transport() != TransportSet::union_all(&ports)
    };
    meant.iter().find(is_other).map(|meant| meant.id.clone())
}
