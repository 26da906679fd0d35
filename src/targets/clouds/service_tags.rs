//! What service tags of Azure stand for: as a file in the shape of `ServiceTags_*.json` tells it that stands beside rules.
//!
//! "Service tags overview": Azure keeps the lists and changes them from week to week, so what a tag means is known as of
//! one list. The command line (`az network list-service-tags`) prints the same.

use crate::diag::{Code, Finding, Place, Source};
use crate::packet::{AddrSet, Prefix};
use crate::syntax::json;
use crate::syntax::yaml::{Kind, Node};
use crate::targets::clouds::terraform::found;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a tag is not known where no file tells.
pub(in crate::targets) const UNLISTED: &str = "a service tag stands for addresses that only Azure lists";

/// Tags whose addresses depend on the network that rules are for. No file tells these.
const OWN: [&str; 5] =
    ["VirtualNetwork", "VIRTUAL_NETWORK", "Internet", "AzureLoadBalancer", "AZURE_LOADBALANCER"];

const ROOT: [&str; 8] = ["changeNumber", "cloud", "values", "id", "name", "type", "nextLink", "generated"];
const TAG: [&str; 4] = ["name", "id", "serviceTagChangeNumber", "properties"];
const PROPERTIES: [&str; 8] = [
    "addressPrefixes",
    "changeNumber",
    "region",
    "regionId",
    "platform",
    "systemService",
    "networkFeatures",
    "state",
];

/// Reports whether a text lists service tags.
pub(in crate::targets) fn is_list(source: &Source) -> bool {
    let text = source.text();
    if !text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{') || !text.contains("changeNumber") {
        return false;
    }
    let keys = json::keys(text);
    ["changeNumber", "cloud", "values"].iter().all(|key| keys.contains(key))
}

/// Reports whether rules can name a tag of that name that a file lists.
pub(in crate::targets) fn is_listed_by_azure(name: &str) -> bool {
    !OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// The tags that files list.
#[derive(Debug, Default)]
pub(in crate::targets) struct ServiceTags {
    lists: Vec<List>,
    /// By name in lower case, for Azure does not mind the case.
    tags: BTreeMap<String, Listed>,
    used: BTreeSet<usize>,
}

/// A file.
#[derive(Debug)]
struct List {
    place: Place,
    of: String,
}

/// What files say of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    /// All of its addresses, and the file.
    Known(AddrSet, usize),
    /// They cannot be known, and why.
    Doubtful(String),
}

impl ServiceTags {
    /// The tags of those of the files that list any, and the other files.
    pub(in crate::targets) fn split(
        sources: &[Arc<Source>],
        findings: &mut Vec<Finding>,
    ) -> (Self, Vec<Arc<Source>>) {
        let (lists, others): (Vec<&Arc<Source>>, Vec<&Arc<Source>>) =
            sources.iter().partition(|source| is_list(source));
        let mut tags = Self::default();
        for source in lists {
            match json::parse(source, Code::ReadSyntax) {
                Ok(root) => tags.add(source, &root),
                Err(finding) => findings.push(finding),
            }
        }
        (tags, others.into_iter().cloned().collect())
    }

    /// The addresses of a tag, or why they are not known.
    pub(in crate::targets) fn meaning(&mut self, name: &str) -> Result<AddrSet, String> {
        if self.lists.is_empty() || !is_listed_by_azure(name) {
            return Err(UNLISTED.to_owned());
        }
        match self.tags.get(&name.to_ascii_lowercase()) {
            Some(Listed::Known(addrs, list)) => {
                self.used.insert(*list);
                Ok(addrs.clone())
            }
            Some(Listed::Doubtful(why)) => Err(why.clone()),
            None => Err("the list of service tags beside it does not have this one".to_owned()),
        }
    }

    /// As of when the tags that were asked for are known.
    pub(in crate::targets) fn notes(&self) -> Vec<Finding> {
        let used = self.lists.iter().enumerate().filter(|(at, _)| self.used.contains(at));
        let note = |(_, list): (usize, &List)| {
            let message =
                format!("service tags are read as of {}: Azure lists others on another day", list.of);
            found(Code::ReadServiceTags, message, &list.place)
        };
        used.map(note).collect()
    }

    fn add(&mut self, source: &Arc<Source>, root: &Node) {
        let text = |key: &str| match root.get(key).map(|node| &node.kind) {
            Some(Kind::Integer(number)) => number.to_string(),
            Some(Kind::String(text)) => text.clone(),
            _ => "unknown".to_owned(),
        };
        let of = format!("change {} of the cloud {}", text("changeNumber"), text("cloud"));
        let at = root.get("changeNumber").unwrap_or(root);
        let list = self.lists.len();
        self.lists.push(List { place: Place { source: Arc::clone(source), span: at.span }, of });
        let odd = foreign(root, &ROOT);
        let values = match root.get("values").map(|node| &node.kind) {
            Some(Kind::Sequence(values)) => values.as_slice(),
            _ => &[],
        };
        for value in values {
            let Some(name) = value.get("name").and_then(Node::as_str) else { continue };
            let listed = match odd.clone().map_or_else(|| addresses(value), Err) {
                Ok(addrs) => Listed::Known(addrs, list),
                Err(why) => Listed::Doubtful(why),
            };
            self.put(name, listed);
        }
    }

    /// Two files that say the same of a tag say it once; what they say otherwise nobody knows.
    fn put(&mut self, name: &str, listed: Listed) {
        let name = name.to_ascii_lowercase();
        let listed = match (self.tags.get(&name), listed) {
            (Some(Listed::Known(first, list)), Listed::Known(other, _)) if *first == other => {
                Listed::Known(other, *list)
            }
            (Some(Listed::Known(..)), Listed::Known(..)) => {
                Listed::Doubtful("it is listed twice, with other addresses each time".to_owned())
            }
            (Some(Listed::Doubtful(why)), _) => Listed::Doubtful(why.clone()),
            (_, listed) => listed,
        };
        self.tags.insert(name, listed);
    }
}

/// All addresses of a tag, or why they cannot be known.
fn addresses(value: &Node) -> Result<AddrSet, String> {
    let properties = value.get("properties").ok_or("the list of service tags says nothing of it")?;
    if let Some(why) = foreign(value, &TAG).or_else(|| foreign(properties, &PROPERTIES)) {
        return Err(why);
    }
    let Some(Kind::Sequence(items)) = properties.get("addressPrefixes").map(|node| &node.kind) else {
        return Err("the list of service tags has no addresses of it".to_owned());
    };
    let prefixes: Option<Vec<Prefix>> = items.iter().map(|item| item.as_str()?.parse().ok()).collect();
    match prefixes {
        None => Err("the list of service tags has something for it that is no address".to_owned()),
        Some(prefixes) if prefixes.is_empty() => Err("the list of service tags is empty for it".to_owned()),
        Some(prefixes) => Ok(AddrSet::of(prefixes)),
    }
}

/// Why an object with a member that is not known here may mean something else.
fn foreign(node: &Node, known: &[&str]) -> Option<String> {
    let Kind::Mapping(entries) = &node.kind else {
        return Some("the list of service tags is not as Azure publishes it".to_owned());
    };
    let odd = entries.iter().find(|(key, _)| !known.contains(&key.name.as_str()));
    odd.map(|(key, _)| {
        format!("the list of service tags has a member `{}`, which is not known here", key.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> ServiceTags {
        let sources: Vec<Arc<Source>> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| Arc::new(Source::new(format!("{at}.json"), *text)))
            .collect();
        let (tags, others) = ServiceTags::split(&sources, &mut Vec::new());
        assert!(others.is_empty());
        tags
    }

    fn list(tag: &str) -> String {
        format!("{{\"changeNumber\": 3, \"cloud\": \"Public\", \"values\": [{tag}]}}")
    }

    const STORAGE: &str =
        r#"{"name": "Storage", "properties": {"addressPrefixes": ["192.0.2.0/24", "2001:db8::/32"]}}"#;

    #[test]
    fn a_tag_means_what_the_file_lists_whatever_its_case_and_says_as_of_when() {
        let mut tags = read(&[&list(STORAGE)]);
        assert!(tags.notes().is_empty(), "nobody asked yet");
        assert_eq!(tags.meaning("STORAGE").unwrap().prefixes().len(), 2);
        let [note] = tags.notes().try_into().unwrap();
        assert!(note.message.contains("change 3 of the cloud Public"), "{}", note.message);
    }

    #[test]
    fn what_is_not_whole_or_not_understood_is_not_known() {
        for (tag, why) in [
            (r#"{"name": "A", "properties": {"addressPrefixes": []}}"#, "empty"),
            (r#"{"name": "A", "properties": {"addressPrefixes": ["x"]}}"#, "no address"),
            (r#"{"name": "A", "properties": {"addressPrefixes": ["192.0.2.1/24"]}}"#, "no address"),
            (r#"{"name": "A", "properties": {"addressPrefixes": [7]}}"#, "no address"),
            (r#"{"name": "A", "properties": {}}"#, "no addresses"),
            (r#"{"name": "A"}"#, "says nothing"),
            (r#"{"name": "A", "properties": {"addressPrefixes": ["192.0.2.1"], "except": []}}"#, "`except`"),
            (r#"{"name": "A", "not": 1, "properties": {"addressPrefixes": ["192.0.2.1"]}}"#, "`not`"),
            (STORAGE, "does not have this one"),
        ] {
            let why_not = read(&[&list(tag)]).meaning("A").unwrap_err();
            assert!(why_not.contains(why), "{tag}: {why_not}");
        }
        let odd = list(STORAGE).replacen('{', "{\"except\": 1, ", 1);
        assert!(read(&[&odd]).meaning("Storage").unwrap_err().contains("`except`"));
    }

    #[test]
    fn two_lists_that_differ_say_nothing_and_two_that_agree_say_it_once() {
        let other = list(STORAGE).replace("192.0.2.0/24", "192.0.2.0/25");
        assert!(read(&[&list(STORAGE), &other]).meaning("Storage").unwrap_err().contains("listed twice"));
        assert!(read(&[&list(STORAGE), &list(STORAGE)]).meaning("Storage").is_ok());
        let twice =
            list(&format!("{STORAGE}, {}", STORAGE.replace("Storage", "storage").replace("/24", "/25")));
        assert!(read(&[&twice]).meaning("Storage").is_err());
    }

    #[test]
    fn no_list_says_what_the_own_network_is() {
        for name in ["Internet", "VIRTUALNETWORK", "AzureLoadBalancer"] {
            let mut tags = read(&[&list(&STORAGE.replace("Storage", name))]);
            assert_eq!(tags.meaning(name).unwrap_err(), UNLISTED);
        }
        assert_eq!(ServiceTags::default().meaning("Storage").unwrap_err(), UNLISTED);
    }

    #[test]
    fn other_json_is_no_list() {
        for text in ["", "[]", "{}", "{\"values\": [], \"cloud\": \"\"}", &format!("[{}]", list(STORAGE))] {
            assert!(!is_list(&Source::new("x", text)), "{text}");
        }
    }
}
