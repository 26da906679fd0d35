//! What stands in an answer: every key, in the order of the JSON Schema.

use super::texts::{FileRef, IcmpText, Line, NameText, PortsText, ProtocolText, Said};
use crate::catalog::Id;
use crate::catalog::read::{At, Document, List, Reader, document, words};
use crate::packet::Prefix;
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};

document! {
    /// What some files mean together.
    AnswerDocument {
        /// The version of the protocol, `egressor/answer/v1`.
        required schema: AnswerVersion,
        /// The name of the format, for people.
        required format: Id,
        /// What the rules are attached to, at least one; each name once in a direction.
        required scopes: List<ScopeDocument>,
        /// What there is to say about the files.
        optional findings: Items<FindingDocument>,
    }
}

words! {
    /// The version of the protocol.
    AnswerVersion {
        /// The first version.
        V1 = "egressor/answer/v1",
    }
}

document! {
    /// What rules are attached to, in one direction.
    ScopeDocument {
        /// Its name.
        required scope: Said,
        /// Whether the rules are for connections that go out or come in.
        required direction: DirectionWord,
        /// The kinds of peers that the rules speak about. Of other kinds nothing is said: neither allowed nor denied.
        required covers: List<CoversWord>,
        /// What happens to connections that no rule matches.
        required default: ActionWord,
        /// The rules in the order in which they are tried; the first that matches decides.
        required rules: Items<RuleDocument>,
    }
}

words! {
    /// Which way connections are opened.
    DirectionWord {
        /// Out.
        Egress = "egress",
        /// In.
        Ingress = "ingress",
    }
}

words! {
    /// A kind of peers.
    CoversWord {
        /// Addresses of IPv4.
        Ipv4 = "ipv4",
        /// Addresses of IPv6.
        Ipv6 = "ipv6",
        /// Host names.
        Names = "names",
        /// Groups that only the platform knows the members of.
        Groups = "groups",
    }
}

words! {
    /// What happens.
    ActionWord {
        /// They pass.
        Allow = "allow",
        /// They do not.
        Deny = "deny",
    }
}

words! {
    /// Which packets a rule is about.
    TrafficWord {
        /// Packets that open connections.
        New = "new",
        /// Packets of connections that were allowed when they were opened.
        Return = "return",
        /// Packets that never leave the host.
        Loopback = "loopback",
    }
}

words! {
    /// How grave something is.
    SeverityWord {
        /// What the files mean is not known.
        Error = "error",
        /// It deserves a look.
        Warning = "warning",
        /// Good to know.
        Note = "note",
    }
}

document! {
    /// One rule. Exactly one of `cidrs`, `names` and `groups` is there.
    RuleDocument {
        /// What it does.
        required action: ActionWord,
        /// Where it stands.
        required place: PlaceDocument,
        /// Which packets it is about; those that open connections when left out.
        optional traffic: TrafficWord,
        /// Blocks of the near end: the source of what goes out, the destination of what comes in. Any when left out.
        optional source: List<Prefix>,
        /// Blocks of the far end. Any address is `["0.0.0.0/0", "::/0"]`.
        optional cidrs: List<Prefix>,
        /// Names of the far end: `=h` that host, `.h` it and everything below, `*.h` everything below, `?.h` one label
        /// below, `*` every name; a path prefix may follow `=h`.
        optional names: List<NameText>,
        /// Names that are taken out.
        optional except_names: List<NameText>,
        /// Groups of the far end; `*` is every group.
        optional groups: List<Said>,
        /// Groups that are taken out.
        optional except_groups: List<Said>,
        /// `any`, a name, a number, or a range of numbers.
        required protocol: ProtocolText,
        /// Ports of the destination and ranges of them. Every port when left out.
        optional ports: List<PortsText>,
        /// Types of ICMP, `8`, or a type and a code, `3/1`. Every type when left out.
        optional icmp: List<IcmpText>,
        /// Further conditions that are neither peers nor services, such as an interface. With one, the rule may match or
        /// not match each packet, and what is known of the files are bounds.
        optional unmodelled: List<UnmodelledDocument>,
    }
}

document! {
    /// A condition that cannot be said as peers and services.
    UnmodelledDocument {
        /// The condition as it stands in the file. Two that read the same are the same.
        required text: Said,
        /// Why it cannot be said.
        required why: Said,
    }
}

document! {
    /// A line of a file.
    PlaceDocument {
        /// The file, by the name that it was given under.
        required file: FileRef,
        /// The line, from 1.
        required line: Line,
    }
}

document! {
    /// Something to say.
    FindingDocument {
        /// How grave it is.
        required severity: SeverityWord,
        /// What it is, in a line.
        required message: Said,
        /// Where it is.
        optional place: PlaceDocument,
        /// What to do about it.
        optional help: Said,
    }
}

/// A list of any number of items, of which two may be the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Items<T>(pub Vec<At<T>>);

impl<T: Document> Document for Items<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Kind::Sequence(items) = &node.kind else {
            reader.wrong_kind(node, "a list");
            return None;
        };
        // All are read before any is missed, so that every problem is reported.
        let read: Vec<Option<At<T>>> = items.iter().map(|item| At::read(item, reader)).collect();
        read.into_iter().collect::<Option<Vec<At<T>>>>().map(Self)
    }

    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }
}
