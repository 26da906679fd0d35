//! Whether the parts of a catalog fit together.
//!
//! Two keys that constrain each other must both be there, so that deleting one is an error and never a wider rule.

use super::document::{
    CatalogDocument, ComponentDocument, ComponentKind, EndpointDirection, EndpointDocument, Family, Status,
};
use super::leaf::{Date, Id};
use super::read::{At, Named, Reader};
use super::service_tag;
use crate::diag::{Code, Span};
use std::collections::{BTreeMap, BTreeSet};

/// The labels of which a selector must have one: the others only narrow what these choose.
const NAME_LABELS: [&str; 3] = ["app.kubernetes.io/name", "app", "k8s-app"];

/// Checks a document, reporting everything that is wrong with it.
pub(super) fn check(catalog: &CatalogDocument, reader: &mut Reader) {
    let mut seen: BTreeMap<&Id, Span> = BTreeMap::new();
    for endpoint in &catalog.endpoints.value.0 {
        let id = &endpoint.value.id;
        if let Some(first) = seen.insert(&id.value, id.span) {
            let (line, _) = reader.source.line_column(first.start);
            let help = format!("the first one is on line {line}; ids are used in reports and overlays");
            reader.report(
                Code::CatalogDuplicate,
                id.span,
                format!("the id `{}` is taken", id.value),
                Some(help),
            );
        }
    }
    for component in catalog.components.value.0.values() {
        check_component(component, reader);
    }
    for set in catalog.ip_sets.iter().flat_map(|sets| sets.value.0.values()) {
        for cidr in &set.value.cidrs.value.0 {
            let of_family = cidr.value.is_ipv4() == (set.value.family.value == Family::Ipv4);
            if !of_family {
                let message =
                    format!("`{}` is not of the family {}", cidr.value, set.value.family.value.as_str());
                reader.report(Code::CatalogFamily, cidr.span, message, None);
            }
            if let Some(v4) = cidr.value.mapped_ipv4() {
                let message = format!("`{}` is IPv4-mapped, which systems read differently", cidr.value);
                reader.report(Code::CatalogFamily, cidr.span, message, Some(format!("write `{v4}`")));
            }
        }
    }
    service_tag::check(catalog, reader);
    check_expiry(catalog.expires.as_ref(), catalog.temporary.as_ref(), reader);
    let replaced = replaced(catalog);
    let dedicated = dedicated(catalog);
    for endpoint in &catalog.endpoints.value.0 {
        check_expiry(endpoint.value.expires.as_ref(), endpoint.value.temporary.as_ref(), reader);
        check_regions(catalog, &endpoint.value, reader);
        check_sides(catalog, &endpoint.value, reader);
        check_hosts(&endpoint.value, reader);
        check_status(&replaced, &endpoint.value, reader);
        check_addresses(catalog, &dedicated, &endpoint.value, reader);
    }
}

fn check_component(component: &Named<ComponentDocument>, reader: &mut Reader) {
    let ComponentDocument { kind, namespace, selector, host_network, variable, .. } = &component.value;
    let pods = kind.value == ComponentKind::Pods;
    let addresses = kind.value == ComponentKind::Variable;
    let keys = [
        ("namespace", namespace.as_ref().map(|key| key.span), pods, pods),
        ("selector", selector.as_ref().map(|key| key.span), pods, pods),
        ("host_network", host_network.as_ref().map(|key| key.span), pods, pods),
        ("variable", variable.as_ref().map(|key| key.span), addresses, addresses),
    ];
    for (name, span, allowed, needed) in keys {
        match span {
            None if needed => {
                let message = format!("a component of kind `{}` needs `{name}`", kind.value.as_str());
                reader.report(Code::CatalogMissingKey, component.name_span, message, None);
            }
            Some(span) if !allowed => {
                let message = format!("a component of kind `{}` has no `{name}`", kind.value.as_str());
                reader.report(Code::CatalogValue, span, message, None);
            }
            Some(_) | None => {}
        }
    }
    if let Some(selector) = selector
        && !selector.value.0.keys().any(|label| NAME_LABELS.contains(&label.as_str()))
    {
        let message =
            format!("the selector names no application: one of {} is needed", NAME_LABELS.join(", "));
        let help = "without it the selector would choose pods of other applications too";
        reader.report(Code::CatalogValue, selector.span, message, Some(help.to_owned()));
    }
}

/// A last day and the word that there is one, so that a rule whose day was lost does not stay for ever.
fn check_expiry(expires: Option<&At<Date>>, temporary: Option<&At<bool>>, reader: &mut Reader) {
    match (expires, temporary) {
        (Some(_), Some(At { value: true, .. })) | (None, None) => {}
        (Some(expires), None) => {
            let help = "both keys say it, so that losing one is an error";
            let message = "`expires` goes with `temporary: true`";
            reader.report(Code::CatalogMissingKey, expires.span, message, Some(help.to_owned()));
        }
        (None, Some(temporary)) => {
            let help = "name the last day, or remove `temporary`";
            let message = "`temporary` goes with `expires`";
            reader.report(Code::CatalogMissingKey, temporary.span, message, Some(help.to_owned()));
        }
        (Some(_), Some(temporary)) => {
            let message = "what expires is temporary: `true` is needed";
            reader.report(Code::CatalogValue, temporary.span, message, None);
        }
    }
}

/// A host for every region, so that choosing a region never leaves an endpoint without one.
fn check_regions(catalog: &CatalogDocument, endpoint: &EndpointDocument, reader: &mut Reader) {
    let Some(hosts) = &endpoint.hosts else { return };
    for region in catalog.regions.iter().flat_map(|regions| regions.value.0.keys()) {
        if !hosts.value.0.contains_key(region) {
            let message = format!("`hosts` names no host for the region `{region}`");
            reader.report(Code::CatalogMissingKey, hosts.span, message, None);
        }
    }
}

fn check_sides(catalog: &CatalogDocument, endpoint: &EndpointDocument, reader: &mut Reader) {
    let id = &endpoint.id;
    let direction = endpoint.direction.value;
    let egress = direction == EndpointDirection::Egress;
    // Callers are components or addresses, and never both: one of them could be lost unseen.
    let called_by_addresses = direction == EndpointDirection::Ingress && endpoint.addresses.is_some();
    let sides = [
        ("used_by", endpoint.used_by.as_ref().map(|key| key.span), egress),
        ("from", endpoint.from.as_ref().map(|key| key.span), !egress && !called_by_addresses),
        ("to", endpoint.to.as_ref().map(|key| key.span), !egress),
    ];
    for (name, span, wanted) in sides {
        match (span, wanted) {
            (None, true) => {
                let message = format!("an endpoint of direction `{}` needs `{name}`", direction.as_str());
                reader.report(Code::CatalogMissingKey, id.span, message, None);
            }
            (Some(span), false) => {
                let but = if name == "from" && !egress { ", or no `addresses`" } else { "" };
                let message =
                    format!("an endpoint of direction `{}` has no `{name}`{but}", direction.as_str());
                reader.report(Code::CatalogValue, span, message, None);
            }
            (Some(_), true) | (None, false) => {}
        }
    }
    let named = [
        endpoint.host.as_ref().map(|key| key.span),
        endpoint.hosts.as_ref().map(|key| key.span),
        endpoint.hosts_all.as_ref().map(|key| key.span),
    ];
    let count = named.iter().flatten().count();
    let nameless = endpoint.nameless.as_ref().map(|nameless| nameless.value);
    if let Some(key) = &endpoint.nameless
        && !(egress && count == 0 && endpoint.addresses.is_some() && key.value)
    {
        let message = "`nameless: true` goes with the `addresses` of an `egress` endpoint that has no host";
        reader.report(Code::CatalogValue, key.span, message, None);
    } else if egress && count == 0 && endpoint.addresses.is_some() && nameless.is_none() {
        let message = "an endpoint without a host needs `nameless: true` beside its `addresses`";
        let help = "name the hosts, or say that the addresses are meant themselves";
        reader.report(Code::CatalogMissingKey, id.span, message, Some(help.to_owned()));
    } else if egress && count != 1 && nameless.is_none() {
        let message = format!("exactly one of `host`, `hosts`, `hosts_all` is needed, there are {count}");
        reader.report(Code::CatalogMissingKey, id.span, message, None);
    }
    for span in named.into_iter().flatten().filter(|_| !egress) {
        let message =
            format!("an endpoint of direction `{}` names components, not hosts", direction.as_str());
        reader.report(Code::CatalogValue, span, message, None);
    }
    let is_variable = |component: &Id| {
        let component = catalog.components.value.0.get(component);
        component.is_some_and(|component| component.value.kind.value == ComponentKind::Variable)
    };
    for user in
        endpoint.used_by.iter().flat_map(|list| list.value.0.iter()).filter(|user| is_variable(&user.value))
    {
        let message = format!("`{}` is a set of addresses, which cannot open connections here", user.value);
        reader.report(Code::CatalogReference, user.span, message, None);
    }
}

fn check_hosts(endpoint: &EndpointDocument, reader: &mut Reader) {
    let narrowing = [
        ("paths", endpoint.paths.as_ref().map(|key| key.span)),
        ("image_namespace", endpoint.image_namespace.as_ref().map(|key| key.span)),
        ("whole_host", endpoint.whole_host.as_ref().map(|key| key.span)),
    ];
    let given: Vec<_> =
        narrowing.into_iter().filter_map(|(name, span)| span.map(|span| (name, span))).collect();
    if endpoint.is_shared() && given.len() != 1 {
        let message = "a shared host needs exactly one of `paths`, `image_namespace`, `whole_host`";
        let help = "say what of the host is needed, or why all of it is: `whole_host: \"…\"`";
        reader.report(Code::CatalogMissingKey, endpoint.id.span, message, Some(help.to_owned()));
    }
    for (name, span) in given {
        if !endpoint.is_shared() {
            let message = format!("`{name}` goes with `shared_host: true`");
            reader.report(Code::CatalogMissingKey, span, message, None);
        }
    }
    // Each needs the other: without `subdomains` the names below the host would become the host itself.
    match (&endpoint.apex, &endpoint.subdomains) {
        (Some(apex), None) => {
            reader.report(Code::CatalogMissingKey, apex.span, "`apex` goes with `subdomains`", None);
        }
        (None, Some(subdomains)) => {
            let message = "`subdomains` goes with `apex`";
            let help = "`apex: true` when the host itself is meant too, else `apex: false`";
            reader.report(Code::CatalogMissingKey, subdomains.span, message, Some(help.to_owned()));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let keys = [
        ("subdomains", endpoint.subdomains.as_ref().map(|key| key.span)),
        ("shared_host", endpoint.shared_host.as_ref().map(|key| key.span)),
        ("ip_fallback", endpoint.ip_fallback.as_ref().map(|key| key.span)),
    ];
    let nameless = endpoint.addresses.is_some()
        && endpoint.host.is_none()
        && endpoint.hosts.is_none()
        && endpoint.hosts_all.is_none();
    for (name, span) in keys.into_iter().filter(|_| nameless) {
        if let Some(span) = span {
            let message = format!("`{name}` goes with a host, and here are `addresses` alone");
            reader.report(Code::CatalogMissingKey, span, message, None);
        }
    }
    if let (Some(addresses), Some(_)) = (&endpoint.addresses, &endpoint.ip_fallback) {
        let message = "`addresses` and `ip_fallback` are two ways to say where the hosts are: one is needed";
        reader.report(Code::CatalogValue, addresses.span, message, None);
    }
    if let Some(subdomains) = &endpoint.subdomains {
        if let Some(paths) = &endpoint.paths {
            let message = "`paths` goes with one host, not with `subdomains`";
            reader.report(Code::CatalogValue, paths.span, message, None);
        }
        if endpoint.ip_fallback.is_some() {
            let message = "dedicated addresses belong to one host, not to `subdomains`";
            reader.report(Code::CatalogValue, subdomains.span, message, None);
        }
    }
}

/// The endpoints that another one supersedes.
fn replaced(catalog: &CatalogDocument) -> BTreeSet<&Id> {
    let endpoints = catalog.endpoints.value.0.iter().map(|endpoint| &endpoint.value);
    let others = endpoints.flat_map(|endpoint| {
        let named = endpoint.supersedes.iter().flat_map(|list| list.value.0.iter());
        named.map(|named| &named.value).filter(|named| **named != endpoint.id.value)
    });
    others.collect()
}

/// An endpoint is superseded if and only if another one names it.
fn check_status(replaced: &BTreeSet<&Id>, endpoint: &EndpointDocument, reader: &mut Reader) {
    let id = &endpoint.id;
    match (replaced.contains(&id.value), endpoint.status.value) {
        (true, Status::Active) => {
            let message =
                format!("`{}` is superseded by another endpoint but its status is `active`", id.value);
            reader.report(Code::CatalogValue, endpoint.status.span, message, None);
        }
        (false, Status::Superseded) => {
            let message = format!("no endpoint has `{}` in its `supersedes`", id.value);
            reader.report(Code::CatalogReference, endpoint.status.span, message, None);
        }
        (true, Status::Superseded) | (false, Status::Active) => {}
    }
}

/// The sets of addresses that name each endpoint.
type Dedicated<'a> = BTreeMap<&'a Id, BTreeSet<&'a Id>>;

fn dedicated(catalog: &CatalogDocument) -> Dedicated<'_> {
    let mut dedicated = Dedicated::new();
    for (name, set) in catalog.ip_sets.iter().flat_map(|sets| sets.value.0.iter()) {
        for endpoint in &set.value.endpoints.value.0 {
            dedicated.entry(&endpoint.value).or_default().insert(name);
        }
    }
    dedicated
}

/// An endpoint has a set of addresses if and only if the set names it.
fn check_addresses(
    catalog: &CatalogDocument,
    dedicated: &Dedicated<'_>,
    endpoint: &EndpointDocument,
    reader: &mut Reader,
) {
    let id = &endpoint.id;
    let listed = endpoint.addresses.iter().flat_map(|list| list.value.0.iter());
    let own: BTreeMap<&Id, Span> =
        endpoint.ip_fallback.iter().chain(listed).map(|set| (&set.value, set.span)).collect();
    if let Some(addresses) = &endpoint.addresses
        && endpoint.direction.value == EndpointDirection::Internal
    {
        let message = "an endpoint of direction `internal` names components, not addresses";
        reader.report(Code::CatalogValue, addresses.span, message, None);
    }
    let none = BTreeSet::new();
    let named = dedicated.get(&id.value).unwrap_or(&none);
    let is_set = |name: &Id| catalog.ip_sets.as_ref().is_some_and(|sets| sets.value.0.contains_key(name));
    for (name, span) in own.iter().filter(|(name, _)| is_set(name) && !named.contains(*name)) {
        let message = format!("the ip_set `{name}` does not list `{}` in its `endpoints`", id.value);
        reader.report(Code::CatalogReference, *span, message, None);
    }
    for name in named.iter().filter(|name| !own.contains_key(*name)) {
        let message = format!("the ip_set `{name}` is for `{}`, which does not name it", id.value);
        let help = format!("add `ip_fallback: {name}` or `addresses: [{name}]` to the endpoint");
        reader.report(Code::CatalogMissingKey, id.span, message, Some(help));
    }
}
