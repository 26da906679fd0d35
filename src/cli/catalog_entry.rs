//! An endpoint of a catalog as `egressor catalog` prints it.

use crate::catalog::{At, Catalog, Change, EndpointDocument, How, Id, List, Text};
use crate::diag::{Place, mask_secrets};
use serde_json::{Map, Value};

/// All that is known of an endpoint; keys that say nothing are left out.
pub(super) fn endpoint_json(catalog: &Catalog, endpoint: &EndpointDocument, with_origin: bool) -> Value {
    let document = &catalog.document;
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    let list = |list: &Option<At<List<Id>>>| {
        let ids = list.as_ref()?.value.0.iter();
        Some(Value::from(ids.map(|id| id.value.to_string()).collect::<Vec<_>>()))
    };
    let text = |text: &Option<At<Text>>| Some(Value::from(text.as_ref()?.value.as_str()));
    put("id", Some(catalog.full_id(endpoint).into()));
    put("title", Some(document.title.value.as_str().into()));
    put("direction", Some(endpoint.direction.value.as_str().into()));
    put("hosts", hosts_json(endpoint));
    put("ports", Some(strings(endpoint.ports.value.0.iter().map(|port| &port.value))));
    put("app", Some(endpoint.app.value.as_str().into()));
    put("used_by", list(&endpoint.used_by));
    put("from", list(&endpoint.from));
    put("to", list(&endpoint.to));
    put("feature", Some(endpoint.feature.value.as_str().into()));
    put(
        "addresses",
        match (catalog.ip_set(endpoint), catalog.listed(endpoint)) {
            (Some(set), _) => Some(strings(set.cidrs.value.0.iter().map(|cidr| &cidr.value))),
            (None, listed) => listed.map(|listed| strings(listed.iter())),
        },
    );
    let paths = endpoint.paths.as_ref().map(|paths| paths.value.0.iter().map(|path| path.value.as_str()));
    put("paths", paths.map(|paths| paths.collect::<Vec<_>>().into()));
    put("image_namespace", text(&endpoint.image_namespace));
    put("whole_host", text(&endpoint.whole_host));
    let methods = endpoint.methods.as_ref().map(|methods| methods.value.0.iter());
    put(
        "methods",
        methods.map(|methods| methods.map(|method| method.value.as_str()).collect::<Vec<_>>().into()),
    );
    put("supersedes", list(&endpoint.supersedes));
    put("redirects_to", list(&endpoint.redirects_to));
    put("purpose", Some(endpoint.purpose.value.as_str().into()));
    put("confidence", Some(endpoint.confidence.value.as_str().into()));
    put("status", Some(endpoint.status.value.as_str().into()));
    let verified = endpoint.verified.as_ref().map_or(&document.verified.value, |verified| &verified.value);
    put("verified", Some(verified.on.value.to_string().into()));
    put("risk", text(&endpoint.risk));
    put("mitigation", text(&endpoint.mitigation));
    put("note", text(&endpoint.note));
    put("owner", text(&endpoint.owner));
    put("ticket", text(&endpoint.ticket));
    put("tags", list(&endpoint.tags));
    put("expires", catalog.expires(endpoint).map(|day| day.to_string().into()));
    put("sources", Some(sources_json(catalog, endpoint)));
    if with_origin {
        put("origin", Some(origin_json(catalog, endpoint)));
    }
    Value::Object(object)
}

/// Where the endpoint comes from, and each change that overlays made to it, in order.
fn origin_json(catalog: &Catalog, endpoint: &EndpointDocument) -> Value {
    let id = endpoint.id.value.as_str();
    let concerns = |change: &&Change| change.endpoint.as_deref().is_none_or(|changed| changed == id);
    let changes: Vec<&Change> = catalog.changes.iter().filter(concerns).collect();
    let mut origins = Vec::new();
    if !changes.iter().any(|change| change.how == How::Added) {
        let place = catalog.place(endpoint.id.span);
        origins.push(place_json("defined", None, None, &place));
    }
    origins.extend(changes.iter().map(|change| {
        place_json(change.how.as_str(), change.key.as_deref(), change.was.as_deref(), &change.place)
    }));
    origins.into()
}

fn place_json(how: &str, key: Option<&str>, was: Option<&str>, place: &Place) -> Value {
    let mut object = Map::new();
    object.insert("how".to_owned(), how.into());
    object.extend(key.map(|key| ("key".to_owned(), key.into())));
    object.extend(was.map(|was| ("was".to_owned(), was.into())));
    object.insert("file".to_owned(), place.source.name().into());
    object.insert("line".to_owned(), place.source.line_column(place.span.start).0.into());
    Value::Object(object)
}

fn strings<'a, T: ToString + 'a>(items: impl Iterator<Item = &'a T>) -> Value {
    items.map(ToString::to_string).collect::<Vec<_>>().into()
}

/// The hosts by region, or as a list where they are the same everywhere.
fn hosts_json(endpoint: &EndpointDocument) -> Option<Value> {
    if let Some(hosts) = &endpoint.hosts {
        let hosts =
            hosts.value.0.iter().map(|(region, host)| (region.to_string(), host.value.to_string().into()));
        return Some(Value::Object(hosts.collect()));
    }
    let hosts = endpoint.hosts_in(&[]);
    (!hosts.is_empty()).then(|| strings(hosts.iter()))
}

/// The pages and repositories of an endpoint's sources, each once.
fn sources_json(catalog: &Catalog, endpoint: &EndpointDocument) -> Value {
    let source = |id: &Id| {
        let source = catalog.document.sources.value.0.get(id).map(|source| &source.value);
        source.map(|source| mask_secrets(source.url.as_ref().unwrap_or(&source.title).value.as_str()))
    };
    let mut sources: Vec<String> =
        endpoint.sources.value.0.iter().filter_map(|id| source(&id.value)).collect();
    sources.dedup();
    sources.into()
}

/// An origin in words: `changed host, was registry.example.com, by overlays/mirror.yaml:7`.
pub(super) fn origin_text(origin: &Value) -> String {
    let of = |key: &str| origin.get(key).map(plain);
    let key = of("key").map(|key| format!(" {key}")).unwrap_or_default();
    let was = of("was").map(|was| format!(", was {was},")).unwrap_or_default();
    let how = of("how").unwrap_or_default();
    format!("{how}{key}{was} by {}:{}", of("file").unwrap_or_default(), of("line").unwrap_or_default())
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
