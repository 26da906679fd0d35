//! What the user set: who answers for the rules, and addresses that only they know.

use crate::catalog::{Catalog, Date, EndpointDocument, VariableKind};
use crate::diag::{Code, Finding, Place, suggest, suggest_or_list};
use crate::packet::{Hostname, Prefix};
use crate::targets::{OptionKind, TARGETS};
use std::collections::BTreeMap;

/// Values by key, each checked.
// INVARIANT: every key is known and every value is one that its key takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

/// What kind of value a key takes.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Date,
    Url,
    /// Host names, separated by commas.
    Hosts,
    /// Entries of `NO_PROXY`: names, addresses and blocks, separated by commas.
    Bypass,
    Option(OptionKind),
}

impl Variables {
    /// Checks `KEY=VALUE` settings against what catalogs and targets know. A later one of the same key wins.
    pub fn parse<'a>(
        settings: impl IntoIterator<Item = &'a str>,
        catalogs: &[Catalog],
    ) -> (Self, Vec<Finding>) {
        let known = known(catalogs);
        let (mut values, mut findings) = (BTreeMap::new(), Vec::new());
        // What overlays set comes first, so that what is said for this run wins.
        let of_overlays = catalogs
            .iter()
            .flat_map(|catalog| &catalog.settings)
            .map(|(key, (value, place))| (key.clone(), value.clone(), Some(place)));
        let mut all: Vec<(String, String, Option<&Place>)> = of_overlays.collect();
        for setting in settings {
            if let Some((key, value)) = setting.split_once('=') {
                all.push((key.to_owned(), value.to_owned(), None));
            } else {
                let message = format!("`{setting}` is not of the form KEY=VALUE");
                findings.push(Finding::new(Code::VariableInvalid, message));
            }
        }
        for (key, value, place) in all {
            let (key, value) = (key.as_str(), value.as_str());
            let at = |finding: Finding| match place {
                Some(place) => finding.at(&place.source, place.span),
                None => finding,
            };
            let Some(holds) = known.get(key) else {
                let help = suggest_or_list(key, "known are", known.keys().map(String::as_str));
                let finding = Finding::new(Code::SelectionUnknown, format!("unknown variable `{key}`"));
                findings.push(at(finding).help(help));
                continue;
            };
            match holds.refuses(value) {
                Some(why) => {
                    // A URL may hold a password.
                    let shown = if holds.is_secret() { String::new() } else { format!("`{value}` is ") };
                    let message = if shown.is_empty() {
                        format!("the value of `{key}` is refused: {why}")
                    } else {
                        format!("{shown}not a value of `{key}`: {why}")
                    };
                    let near = match holds {
                        Holds::Option(OptionKind::Choice(words)) => suggest(value, words.iter().copied()),
                        Holds::Option(_)
                        | Holds::Text
                        | Holds::Date
                        | Holds::Url
                        | Holds::Hosts
                        | Holds::Bypass => None,
                    };
                    let finding = at(Finding::new(Code::VariableInvalid, message));
                    findings.push(match near {
                        Some(near) => finding.help(format!("did you mean `{near}`?")),
                        None => finding,
                    });
                }
                None => {
                    values.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        (Self(values), findings)
    }

    /// The keys that may be set, each with the words that its value is one of; none where other values are taken too.
    pub fn keys(catalogs: &[Catalog]) -> Vec<(String, &'static [&'static str])> {
        let words = |holds: Holds| match holds {
            Holds::Option(OptionKind::Choice(words)) => words,
            Holds::Option(_) | Holds::Text | Holds::Date | Holds::Url | Holds::Hosts | Holds::Bypass => &[],
        };
        known(catalogs).into_iter().map(|(key, holds)| (key, words(holds))).collect()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The blocks of a key that holds some; none when it is not set.
    pub fn prefixes(&self, key: &str) -> Vec<Prefix> {
        let items = self.get(key).into_iter().flat_map(|value| value.split(','));
        items.filter_map(|item| item.trim().parse().ok()).collect()
    }

    /// The last day on which an endpoint is wanted: the earliest of its own, its catalog's and the one that is set. A day
    /// that is set for all of them never makes one of them last longer.
    pub fn last_day(&self, catalog: &Catalog, endpoint: &EndpointDocument) -> Option<Date> {
        let set = self.get("expires").and_then(|day| day.parse().ok());
        [set, catalog.expires(endpoint)].into_iter().flatten().min()
    }

    /// All of them, for the options of targets.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl Holds {
    /// Reports whether a value may hold a password.
    fn is_secret(self) -> bool {
        matches!(self, Self::Url | Self::Option(OptionKind::Proxy))
    }

    fn refuses(self, value: &str) -> Option<String> {
        match self {
            Self::Text => value.parse::<crate::catalog::Text>().err(),
            Self::Date => value.parse::<Date>().err(),
            Self::Url => {
                let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
                let plain = !rest.is_empty() && value.chars().all(|char| char.is_ascii_graphic());
                (!plain).then(|| "an address such as `http://proxy.example:3128` is needed".to_owned())
            }
            Self::Hosts => value
                .split(',')
                .find_map(|host| host.trim().parse::<Hostname>().err().map(|error| error.to_string())),
            Self::Bypass => value.split(',').find_map(|entry| {
                let entry = entry.trim();
                let bare = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
                let is_block = entry.parse::<Prefix>().is_ok();
                (!is_block && bare.parse::<Hostname>().is_err())
                    .then(|| format!("`{entry}` is neither a host name nor an address nor a block"))
            }),
            Self::Option(kind) => kind.refuses(value),
        }
    }
}

fn known(catalogs: &[Catalog]) -> BTreeMap<String, Holds> {
    let mut known: BTreeMap<String, Holds> = BTreeMap::new();
    known.insert("owner".to_owned(), Holds::Text);
    known.insert("ticket".to_owned(), Holds::Text);
    known.insert("expires".to_owned(), Holds::Date);
    for key in ["cluster_domain", "api_server_names"] {
        known.insert(key.to_owned(), Holds::Hosts);
    }
    known.insert("no_proxy".to_owned(), Holds::Bypass);
    let yes_or_no = OptionKind::Choice(&["no", "yes"]);
    known.insert("proxy_and_direct".to_owned(), Holds::Option(yes_or_no));
    for key in ["dns_servers", "api_server", "pod_cidr", "service_cidr", "proxy_address"] {
        known.insert(key.to_owned(), Holds::Option(OptionKind::Prefixes));
    }
    for catalog in catalogs {
        for (id, variable) in catalog.document.variables.iter().flat_map(|variables| variables.value.0.iter())
        {
            let holds = match variable.value.holds.value {
                VariableKind::Cidrs => Holds::Option(OptionKind::Prefixes),
                VariableKind::Url => Holds::Url,
            };
            known.insert(id.to_string(), holds);
        }
    }
    for spec in TARGETS.iter().flat_map(|target| target.options()) {
        known.insert(spec.key.to_owned(), Holds::Option(spec.kind));
    }
    known
}
