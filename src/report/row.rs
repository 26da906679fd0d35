//! One row of a packet set, as JSON.

use crate::diag::mask_secrets;
use crate::packet::{Row, RowPeer, TransportRow};
use crate::policy::Origin;
use serde::Serialize;

/// A row as JSON, in the shape of the published schema. Lists are never empty; what is not constrained is left out.
#[derive(Debug, Serialize)]
pub struct RowJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cidrs: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    except_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    except_groups: Option<Vec<String>>,
    protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp: Option<Vec<IcmpJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<OriginJson>,
}

/// An ICMP type with all its codes or with one.
#[derive(Debug, Serialize)]
struct IcmpJson {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

impl RowJson {
    /// A row with the rules that are responsible for it.
    pub fn new(row: &Row, origins: Vec<OriginJson>) -> Self {
        let given = |list: Vec<String>| (!list.is_empty()).then_some(list);
        let (mut cidrs, mut names, mut except_names) = (None, None, None);
        let (mut groups, mut except_groups, mut addresses) = (None, None, None);
        match &row.peer {
            RowPeer::Addrs(addrs) => {
                cidrs = Some(texts(&addrs.prefixes()));
                addresses = Some(addrs.count().to_string());
            }
            RowPeer::Names(held, except) => {
                names = Some(texts(held));
                except_names = given(texts(except));
            }
            RowPeer::Groups(held, except) => {
                groups = Some(held.clone());
                except_groups = given(except.clone());
            }
        }
        let (protocol, ports, icmp) = match &row.transport {
            TransportRow::Any => ("any".to_owned(), None, None),
            TransportRow::Protocols(first, last) if first == last => (first.to_string(), None, None),
            TransportRow::Protocols(first, last) => (format!("{}-{}", first.0, last.0), None, None),
            TransportRow::Ports(protocol, ports) => (protocol.to_string(), Some(texts(ports)), None),
            TransportRow::Icmp(protocol, types) => {
                let icmp = types.iter().map(|icmp| IcmpJson { r#type: icmp.kind, code: icmp.code });
                (protocol.to_string(), None, Some(icmp.collect()))
            }
        };
        let source = row.source.as_ref().map(|source| texts(&source.prefixes()));
        Self {
            source,
            cidrs,
            names,
            except_names,
            groups,
            except_groups,
            protocol,
            ports,
            icmp,
            addresses,
            origins,
        }
    }
}

/// How many characters of a rule's text are shown: a file may be one line.
const TEXT_SHOWN: usize = 200;

/// Where a rule came from, as JSON.
#[derive(Debug, Default, Serialize)]
pub struct OriginJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implied: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<&Origin> for OriginJson {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Endpoint(why) => Self { endpoint: Some(why.endpoint.clone()), ..Self::default() },
            Origin::Implied(need) => {
                Self { implied: Some(need.id()), text: Some(need.reason().to_owned()), ..Self::default() }
            }
            Origin::System(text) => Self { system: Some(text.clone()), ..Self::default() },
            Origin::File(place) => {
                // To the end of the line: the last brackets of a statement may lie outside its span.
                let rest = place.source.text().get(place.span.start..).unwrap_or_default();
                let line: String = rest.lines().next().unwrap_or_default().chars().take(TEXT_SHOWN).collect();
                Self {
                    file: Some(place.source.name().to_owned()),
                    line: Some(place.source.line_column(place.span.start).0),
                    text: Some(mask_secrets(line.trim())),
                    ..Self::default()
                }
            }
        }
    }
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
