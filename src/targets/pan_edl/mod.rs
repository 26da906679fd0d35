//! External dynamic lists of PAN-OS: text files that a firewall fetches and that rules of its policy name.
//!
//! A list holds destinations only: addresses, names for the DNS, or hosts of URLs. So there is a list for each set of
//! services, which its first line and the name of its file tell, and a rule of the policy has to name both: the list, and
//! the services.

mod lower;
mod read;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, Options, PeerKind, Scoping, Speech, Target,
    Wanted,
};
use crate::policy::Need;

/// External dynamic lists.
#[derive(Debug)]
pub(super) struct PanEdl;

const TEMPLATE: &str = "pan-edl.txt.tera";

/// What the first line of a list begins with.
const HEAD: &str = "# egressor pan-edl";

const CAPACITY: &str = "https://docs.paloaltonetworks.com/pan-os/7-1/pan-os-web-interface-help/objects/objects-external-dynamic-lists.html";

/// "Objects > External Dynamic Lists": 150,000 addresses on the PA-5000 and PA-7000 Series, 50,000 on all others.
const MAX_ADDRESSES: Limit = Limit {
    what: "addresses in all IP lists of a firewall; the PA-5000 and PA-7000 Series take 150,000",
    max: 50_000,
    source: CAPACITY,
};
const MAX_DOMAINS: Limit =
    Limit { what: "domains in all domain lists of a firewall", max: 50_000, source: CAPACITY };
const MAX_URLS: Limit = Limit { what: "URLs in all URL lists of a firewall", max: 50_000, source: CAPACITY };
const MAX_LISTS: Limit =
    Limit { what: "lists that a firewall fetches from different addresses", max: 30, source: CAPACITY };

const FORM: &str = "pan-edl.form";
const PLATFORM: &str = "pan-edl.platform";

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Addresses.
    Ip,
    /// Names that the DNS is asked for.
    Domain,
    /// Hosts of URLs.
    Url,
}

impl Form {
    const ALL: [Self; 3] = [Self::Ip, Self::Domain, Self::Url];

    fn word(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::Url => "url",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: FORM,
        kind: OptionKind::Choice(&["ip", "domain", "url"]),
        default: Some("ip"),
        summary: "lists of addresses, of names for the DNS, or of hosts of URLs",
    },
    OptionSpec {
        key: PLATFORM,
        kind: OptionKind::Choice(&["any", "large"]),
        default: Some("any"),
        summary: "whether the firewall is one of the large series, which take more addresses",
    },
];

impl Target for PanEdl {
    fn name(&self) -> &'static str {
        "pan-edl"
    }

    fn summary(&self) -> &'static str {
        "PAN-OS external dynamic lists: a file for each set of services, of addresses, domains or URLs"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn speech_with(&self, options: &Options) -> Speech {
        match options.get(FORM).and_then(Form::of) {
            Some(Form::Domain | Form::Url) => {
                Speech { peers: PeerKind::Names, ingress: Ingress::Unsaid, ..self.speech() }
            }
            Some(Form::Ip) | None => self.speech(),
        }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[MAX_ADDRESSES, MAX_DOMAINS, MAX_URLS, MAX_LISTS]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/pan-edl.txt.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::PanEdlList]
    }
}
