//! What targets may want to know of a project beside its rules.

use super::{Evidence, Input, proxy};
use crate::catalog::{
    Catalog, ComponentDocument, ComponentKind, EndpointDirection, EndpointDocument, Id, KnownTag, List,
    ProxyDocument, Selected, TagUse,
};
use crate::packet::Hostname;
use crate::policy::Need;
use crate::targets::{Chart, Context, Facts, Install, ServiceTag, Workload};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the selected endpoints, and of the components that take the variables of a proxy.
pub fn context(input: Input<'_>) -> Context {
    let mut context = Context::default();
    for selected in input.selected {
        let takers = proxy::takers(selected);
        context.installs.extend(takers.iter().filter_map(|id| install(selected.catalog, id)));
        if let Some(document) = &selected.catalog.document.proxy {
            context.charts.extend(charts(selected.catalog, &document.value, &takers));
        }
        for endpoint in &selected.endpoints {
            context.facts.insert(selected.catalog.full_id(endpoint), facts(input, selected, endpoint));
            for host in endpoint.hosts_in(&selected.regions) {
                if let Some(counts) = answered(input, &host) {
                    context.addresses.insert(host, counts);
                }
            }
        }
        context.service_tags.extend(selected.catalog.service_tags().into_iter().map(service_tag));
        if let Some(hop) = proxy::hop_facts(input) {
            let takers: BTreeSet<&Id> = takers.into_iter().collect();
            let hop = context.facts.entry(Need::Proxy.id().to_owned()).or_insert(hop);
            hop.components.extend(spelt(selected, takers));
        }
    }
    context.installs.sort();
    context.charts.sort();
    // Two catalogs that know one chart say the same of it.
    context.charts.dedup_by(|a, b| a.name == b.name);
    context.service_tags.sort_by(|a, b| (&a.name, &a.cloud, &a.change).cmp(&(&b.name, &b.cloud, &b.change)));
    context
}

fn service_tag(tag: KnownTag<'_>) -> ServiceTag {
    let KnownTag { document, addrs } = tag;
    ServiceTag {
        name: document.name.value.to_string(),
        cloud: document.cloud.value.to_string(),
        change: document.change.value.to_string(),
        addrs,
        in_groups: document.is_used_in(TagUse::Nsg),
        in_firewalls: document.is_used_in(TagUse::Firewall),
    }
}

/// How many addresses the DNS answered for a host, of either family; nothing where it was not asked.
fn answered(input: Input<'_>, host: &Hostname) -> Option<[usize; 2]> {
    let answer = input.answers.of(host)?;
    let of_dns = answer.addresses.iter().filter(|(_, evidence)| *evidence == Evidence::Dns);
    let mut counts = [0_usize; 2];
    let [v4, v6] = &mut counts;
    for (prefix, _) in of_dns {
        *(if prefix.is_ipv4() { &mut *v4 } else { &mut *v6 }) += 1;
    }
    (counts != [0, 0]).then_some(counts)
}

fn install(catalog: &Catalog, id: &Id) -> Option<Install> {
    let component = catalog.component(id)?;
    let labels = component.selector.as_ref()?.value.0.iter();
    let workload = component.workload.as_ref().map(|workload| &workload.value);
    Some(Install {
        component: format!("{}/{id}", catalog.id()),
        namespace: component.namespace.as_ref()?.value.as_str().to_owned(),
        labels: labels
            .map(|(key, value)| (key.as_str().to_owned(), value.value.as_str().to_owned()))
            .collect(),
        workload: workload.map(|workload| Workload {
            kind: workload.kind.value.as_str().to_owned(),
            name: workload.name.value.as_str().to_owned(),
            containers: workload
                .containers
                .value
                .0
                .iter()
                .map(|name| name.value.as_str().to_owned())
                .collect(),
        }),
    })
}

/// The charts that install any of these components.
fn charts(catalog: &Catalog, document: &ProxyDocument, takers: &[&Id]) -> Vec<Chart> {
    let charts = document.charts.iter().flat_map(|charts| charts.value.0.iter()).map(|chart| &chart.value);
    let chart = |chart: &crate::catalog::ChartDocument| {
        let components: Vec<String> = chart
            .components
            .value
            .0
            .iter()
            .filter(|id| takers.contains(&&id.value))
            .map(|id| format!("{}/{}", catalog.id(), id.value))
            .collect();
        let keys = chart.keys.iter().flat_map(|keys| keys.value.0.iter());
        (!components.is_empty()).then(|| Chart {
            name: chart.chart.value.as_str().to_owned(),
            components,
            path: chart.values.value.as_str().split('.').map(str::to_owned).collect(),
            keys: keys.map(|(name, key)| (name.as_str().to_owned(), key.value.as_str().to_owned())).collect(),
        })
    };
    charts.filter_map(chart).collect()
}

fn facts(input: Input<'_>, selected: &Selected<'_>, endpoint: &EndpointDocument) -> Facts {
    let catalog = selected.catalog;
    let users = match endpoint.direction.value {
        EndpointDirection::Egress => &endpoint.used_by,
        EndpointDirection::Ingress => &endpoint.to,
        EndpointDirection::Internal => &endpoint.from,
    };
    let text = |text: Option<&crate::catalog::At<crate::catalog::Text>>| {
        text.map(|text| text.value.to_string()).unwrap_or_default()
    };
    let mut risks = Vec::new();
    if endpoint.is_shared() {
        let risk = text(endpoint.risk.as_ref());
        let risk = if risk.is_empty() { "it serves other tenants too".to_owned() } else { risk };
        risks.push(format!("shared host: {risk}"));
    } else if let Some(risk) = &endpoint.risk {
        risks.push(risk.value.to_string());
    }
    if let Some(set) = catalog.ip_set(endpoint) {
        risks.extend(set.shared.as_ref().map(|shared| format!("CDN addresses: {}", shared.value)));
        risks.extend(set.warn.as_ref().map(|warn| warn.value.to_string()));
    }
    if endpoint.is_upload() {
        risks.push(format!("upload: data leaves the network ({})", endpoint.purpose.value));
    }
    let inspection = endpoint.tls_inspection.as_ref().map(|inspection| inspection.value.as_str().to_owned());
    let verified = endpoint.verified.as_ref().unwrap_or(&catalog.document.verified);
    let regions: Vec<&str> = selected.regions.iter().map(Id::as_str).collect();
    let region =
        if regions.is_empty() { String::new() } else { format!(", region {}", regions.join(" and ")) };
    Facts {
        app: endpoint.app.value.as_str().to_owned(),
        inspection: inspection.unwrap_or_default(),
        components: components(selected, users.as_ref().map(|users| &users.value)),
        condition: format!("feature {}{region}", endpoint.feature.value),
        upload: endpoint.is_upload(),
        risks,
        mitigation: text(endpoint.mitigation.as_ref()),
        verified: format!("{} ({})", verified.value.on.value, verified.value.method.value.as_str()),
        evidence: evidence(input, selected, endpoint),
        via: proxy::via(input, selected, endpoint).unwrap_or_default(),
        ..Facts::default()
    }
}

/// The users of an endpoint that are wanted, each with what its packets are told apart by.
fn components(selected: &Selected<'_>, users: Option<&List<Id>>) -> Vec<(String, String)> {
    let users = users.into_iter().flat_map(|users| users.0.iter()).map(|user| &user.value);
    let wanted: BTreeSet<&Id> = users.filter(|user| selected.components.contains(*user)).collect();
    spelt(selected, wanted)
}

/// Components, each with what its packets are told apart by.
fn spelt(selected: &Selected<'_>, components: BTreeSet<&Id>) -> Vec<(String, String)> {
    let spelt = |id: &Id| {
        let component = selected.catalog.component(id);
        let from = component.and_then(pods).unwrap_or_else(|| match component.map(|it| it.kind.value) {
            Some(ComponentKind::Node) => "nodes".to_owned(),
            Some(ComponentKind::Workstation) => "machines outside the cluster".to_owned(),
            Some(ComponentKind::Variable | ComponentKind::Pods) | None => "known to you".to_owned(),
        });
        (id.to_string(), from)
    };
    components.into_iter().map(spelt).collect()
}

fn pods(component: &ComponentDocument) -> Option<String> {
    let labels = component.selector.as_ref()?.value.0.iter();
    let labels: Vec<String> =
        labels.map(|(key, value)| format!("{}={}", key.as_str(), value.value.as_str())).collect();
    Some(format!("{} {}", component.namespace.as_ref()?.value.as_str(), labels.join(",")))
}

/// How each block of the endpoint's hosts is known.
fn evidence(
    input: Input<'_>,
    selected: &Selected<'_>,
    endpoint: &EndpointDocument,
) -> BTreeMap<String, String> {
    if let Some(set) = selected.catalog.ip_set(endpoint) {
        let blocks = set.cidrs.value.0.iter();
        return blocks.map(|block| (block.value.to_string(), "dedicated".to_owned())).collect();
    }
    if let Some(listed) = selected.catalog.listed(endpoint) {
        return listed.iter().map(|block| (block.to_string(), "published".to_owned())).collect();
    }
    let hosts = endpoint.hosts_in(&selected.regions);
    let answers = hosts.iter().filter_map(|host| input.answers.of(host));
    let word = |evidence: Evidence| match evidence {
        Evidence::Published => "published",
        Evidence::Dns => "dns",
    };
    answers
        .flat_map(|answer| answer.addresses.iter())
        .map(|(block, evidence)| (block.to_string(), word(*evidence).to_owned()))
        .collect()
}
