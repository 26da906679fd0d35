//! The types of ACLs that are modelled.

/// The type of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The client's address.
    Src,
    /// The addresses of the host that is asked for.
    Dst,
    /// The host that is asked for.
    Domain,
    /// The same, by expression.
    DomainRegex,
    /// The name in the TLS handshake; before it, the host that is asked for.
    ServerName,
    /// The same, by expression.
    ServerNameRegex,
    /// The port that is asked for.
    Port,
    /// The request method.
    Method,
    /// The scheme of the URL.
    Proto,
    /// The URL, by expression.
    UrlRegex,
    /// The path of the URL, by expression.
    PathRegex,
    /// How much of a TLS handshake was seen when `ssl_bump` decides.
    Step,
    /// A note that it makes, of what it says of the request; it always holds.
    Annotation,
    /// The same, of the client's connection.
    Mark,
    /// A note that was made.
    Note,
    /// Any of other ACLs.
    AnyOf,
    /// All of other ACLs.
    AllOf,
    /// A type that is not modelled.
    Other(String),
}

/// The kinds that are modelled, by the name of the type.
const KINDS: [(&str, Kind); 17] = [
    ("src", Kind::Src),
    ("dst", Kind::Dst),
    ("dstdomain", Kind::Domain),
    ("dstdom_regex", Kind::DomainRegex),
    ("ssl::server_name", Kind::ServerName),
    ("ssl::server_name_regex", Kind::ServerNameRegex),
    ("port", Kind::Port),
    ("method", Kind::Method),
    ("proto", Kind::Proto),
    ("url_regex", Kind::UrlRegex),
    ("urlpath_regex", Kind::PathRegex),
    ("at_step", Kind::Step),
    ("annotate_transaction", Kind::Annotation),
    ("annotate_client", Kind::Mark),
    ("note", Kind::Note),
    ("any-of", Kind::AnyOf),
    ("all-of", Kind::AllOf),
];

impl Kind {
    /// The kind of that type, which Squid writes in lower case.
    pub(super) fn parse(word: &str) -> Self {
        let known = KINDS.iter().find(|(name, _)| *name == word);
        known.map_or_else(|| Self::Other(word.to_owned()), |(_, kind)| kind.clone())
    }

    /// The type as written.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => KINDS.iter().find(|(_, kind)| kind == known).map_or("", |(name, _)| name),
        }
    }

    /// Reports whether the values are regular expressions.
    pub(super) fn takes_expressions(&self) -> bool {
        matches!(self, Self::DomainRegex | Self::ServerNameRegex | Self::UrlRegex | Self::PathRegex)
    }

    /// Reports whether requests of different forms can fare differently.
    pub(super) fn looks_at_form(&self) -> bool {
        match self {
            Self::Method | Self::Proto | Self::UrlRegex | Self::PathRegex | Self::AnyOf | Self::AllOf => true,
            Self::Src
            | Self::Dst
            | Self::Domain
            | Self::DomainRegex
            | Self::ServerName
            | Self::ServerNameRegex
            | Self::Port
            | Self::Step
            | Self::Annotation
            | Self::Mark
            | Self::Note
            | Self::Other(_) => false,
        }
    }

    /// Reports whether a resolver is asked, unless `-n` is given.
    pub(super) fn looks_up(&self) -> bool {
        matches!(self, Self::Domain | Self::DomainRegex | Self::Dst)
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}
