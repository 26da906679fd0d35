//! Listeners as they are written, with their filter chains.

use super::chain::{Chain, Listener, ServerName};
use super::outcome::outcome;
use super::parts::{camel, items, text_of, value};
use crate::diag::{Code, Finding, Place, Source, Span, suggest};
use crate::packet::{Hostname, Prefix};
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a match can ask.
const MATCHES: [&str; 11] = [
    "address_suffix",
    "application_protocols",
    "destination_port",
    "direct_source_prefix_ranges",
    "prefix_ranges",
    "server_names",
    "source_ports",
    "source_prefix_ranges",
    "source_type",
    "suffix_len",
    "transport_protocol",
];

/// Reads listeners, and says what it does not understand.
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) source: &'a Arc<Source>,
    /// The clusters that lead nowhere.
    pub(super) holes: &'a BTreeSet<String>,
    /// What there is to say.
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, why: impl Into<String>) {
        self.findings.push(Finding::new(Code::ReadRefused, why).at(self.source, span));
    }

    fn place(&self, node: &Node) -> Place {
        Place { source: Arc::clone(self.source), span: node.span }
    }

    /// The listener; nothing when it is for no TCP connections from elsewhere.
    pub(super) fn listener(&mut self, node: &Node) -> Option<Listener> {
        let address = value(node, "address").and_then(|address| value(address, "socket_address"));
        let Some(address) = address else {
            let message = "a listener without a socket's address is not compared";
            self.findings.push(Finding::new(Code::ReadNotCompared, message).at(self.source, node.span));
            return None;
        };
        if text_of(address, "protocol").is_some_and(|protocol| protocol == "UDP") {
            let message = "a listener for UDP is not compared";
            self.findings.push(Finding::new(Code::ReadNotCompared, message).at(self.source, node.span));
            return None;
        }
        let Some(port) = value(address, "port_value").and_then(|node| self.port(node)) else {
            self.refuse(address.span, "the `port_value` of a listener is needed");
            return None;
        };
        let mut listener = Listener {
            name: text_of(node, "name").unwrap_or_else(|| port.to_string()),
            port,
            original: false,
            inspects: false,
            doubts: Vec::new(),
            chains: Vec::new(),
            default: None,
            place: self.place(node),
        };
        for filter in value(node, "listener_filters").map(items).unwrap_or_default() {
            let name = text_of(filter, "name").unwrap_or_default();
            let typed =
                value(filter, "typed_config").and_then(|typed| text_of(typed, "@type")).unwrap_or_default();
            let is = |word: &str| name.ends_with(word) || typed.contains(&format!(".{word}."));
            if is("original_dst") {
                listener.original = true;
            } else if is("tls_inspector") {
                listener.inspects = true;
            } else if !is("http_inspector") {
                listener.doubts.push(format!("the listener filter {name}"));
            }
        }
        for odd in ["filter_chain_matcher", "use_original_dst", "internal_listener", "api_listener"] {
            if value(node, odd).is_some_and(|node| node.kind != Kind::Bool(false)) {
                listener.doubts.push(odd.to_owned());
            }
        }
        for chain in value(node, "filter_chains").map(items).unwrap_or_default() {
            let chain = self.chain(chain, port);
            listener.chains.push(chain);
        }
        let named = |chain: &&Chain| !chain.names.is_empty() || chain.transport.as_deref() == Some("tls");
        if let Some(chain) = listener.chains.iter().find(named).filter(|_| !listener.inspects) {
            let message =
                "without `tls_inspector` no handshake is looked at, so the chain is for no connection";
            let finding = Finding::new(Code::ReadNeverMatches, message);
            self.findings.push(finding.at(&chain.place.source, chain.place.span));
        }
        if let Some(chain) = value(node, "default_filter_chain") {
            listener.default = Some((outcome(chain, port, self.holes), self.place(chain)));
        }
        Some(listener)
    }

    fn chain(&mut self, node: &Node, port: u16) -> Chain {
        let mut chain = Chain {
            port: None,
            prefixes: Vec::new(),
            names: Vec::new(),
            transport: None,
            sources: Vec::new(),
            doubts: Vec::new(),
            outcome: outcome(node, port, self.holes),
            place: self.place(node),
        };
        let Some(asked) = value(node, "filter_chain_match") else { return chain };
        let Kind::Mapping(entries) = &asked.kind else {
            self.refuse(asked.span, "a mapping is needed");
            chain.doubts.push("filter_chain_match".to_owned());
            return chain;
        };
        for (key, value) in entries {
            let Some(name) = MATCHES.into_iter().find(|name| *name == key.name || camel(name) == key.name)
            else {
                let near = suggest(&key.name, MATCHES).map(|near| format!(", did you mean `{near}`"));
                self.refuse(
                    key.span,
                    format!("`{}` is not a field here{}", key.name, near.unwrap_or_default()),
                );
                chain.doubts.push(key.name.clone());
                continue;
            };
            if value.kind != Kind::Null {
                self.asked(&mut chain, name, value);
            }
        }
        // The port that is led to is that of the chain, where it asks for one.
        if let Some(own) = chain.port {
            chain.outcome = outcome(node, own, self.holes);
        }
        chain
    }

    fn asked(&mut self, chain: &mut Chain, name: &str, node: &Node) {
        match name {
            "destination_port" => match self.port(node) {
                Some(port) => chain.port = Some(port),
                None => chain.doubts.push("destination_port".to_owned()),
            },
            "server_names" => {
                for item in items(node) {
                    let Some(name) = server_name(item) else {
                        self.refuse(item.span, "a host name, or one behind `*.`, in lower case is needed");
                        chain.doubts.push("server_names".to_owned());
                        continue;
                    };
                    chain.names.push(name);
                }
            }
            "transport_protocol" => match node.as_str() {
                Some("") => {}
                Some(text) => chain.transport = Some(text.to_owned()),
                None => chain.doubts.push(name.to_owned()),
            },
            "prefix_ranges" => chain.prefixes = self.prefixes(node, &mut chain.doubts),
            "source_prefix_ranges" => chain.sources = self.prefixes(node, &mut chain.doubts),
            // A client offers the protocols that let it in.
            "application_protocols" => {}
            "source_type" if node.as_str() == Some("ANY") => {}
            _ if matches!(&node.kind, Kind::Sequence(items) if items.is_empty()) => {}
            other => chain.doubts.push(other.to_owned()),
        }
    }

    fn prefixes(&mut self, node: &Node, doubts: &mut Vec<String>) -> Vec<Prefix> {
        let mut prefixes = Vec::new();
        for item in items(node) {
            let addr = text_of(item, "address_prefix").and_then(|text| text.parse().ok());
            let len = match value(item, "prefix_len").map(|node| &node.kind) {
                None => Some(0),
                Some(Kind::Integer(len)) => u8::try_from(*len).ok(),
                Some(_) => None,
            };
            // Envoy clears the bits behind the length.
            let Some(prefix) = addr.zip(len).and_then(|(addr, len)| Prefix::containing(addr, len)) else {
                self.refuse(item.span, "an `address_prefix` and its `prefix_len` are needed");
                doubts.push("an address that cannot be read".to_owned());
                continue;
            };
            prefixes.push(prefix);
        }
        prefixes
    }

    fn port(&mut self, node: &Node) -> Option<u16> {
        let number = if let Kind::Integer(number) = node.kind { u16::try_from(number).ok() } else { None };
        let port = number.filter(|port| *port > 0);
        if port.is_none() {
            self.refuse(node.span, "a port from 1 to 65535 is needed");
        }
        port
    }
}

fn server_name(node: &Node) -> Option<ServerName> {
    let text = node.as_str()?;
    let host = |text: &str| text.parse::<Hostname>().ok().filter(|host| host.as_str() == text);
    match text.strip_prefix("*.") {
        Some(below) => Some(ServerName::Below(host(below)?)),
        None => Some(ServerName::Exact(host(text)?)),
    }
}
