//! What a rule does with the packets that it chooses.

use crate::policy::Action;

/// The target of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// `ACCEPT`.
    Accept,
    /// `DROP`, `REJECT` and what else ends a packet.
    Deny,
    /// `RETURN`: the rest of the chain is skipped.
    Return,
    /// Nothing that decides a packet: no target, a log line, a mark.
    Continue,
    /// Another chain, and back here when it decides nothing.
    Jump(String),
    /// Another chain, and back to the caller of this one when it decides nothing.
    Goto(String),
    /// A target that may let the packet pass or stop it, such as a queue to a program.
    Unknown(String),
}

/// Targets that leave the packet to the next rule.
const CONTINUE: [&str; 25] = [
    "AUDIT",
    "CHECKSUM",
    "CLASSIFY",
    "CONNMARK",
    "CONNSECMARK",
    "CT",
    "DSCP",
    "ECN",
    "HL",
    "HMARK",
    "IDLETIMER",
    "LED",
    "LOG",
    "MARK",
    "NFLOG",
    "NOTRACK",
    "RATEEST",
    "SECMARK",
    "SET",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TEE",
    "TOS",
    "TRACE",
    "TTL",
];

/// Targets that hand the packet to something that decides.
const UNKNOWN: [&str; 4] = ["NFQUEUE", "QUEUE", "SYNPROXY", "TPROXY"];

impl Verdict {
    /// What `-j` with this word does.
    pub(super) fn jump(target: &str) -> Self {
        match target {
            "ACCEPT" => Self::Accept,
            "DROP" | "REJECT" | "TARPIT" | "STEAL" => Self::Deny,
            "RETURN" => Self::Return,
            "ULOG" => Self::Continue,
            _ if CONTINUE.contains(&target) => Self::Continue,
            _ if UNKNOWN.contains(&target) => Self::Unknown(target.to_owned()),
            _ => Self::Jump(target.to_owned()),
        }
    }

    /// What happens to every packet, where that is certain.
    pub(super) fn action(&self) -> Option<Action> {
        match self {
            Self::Accept => Some(Action::Allow),
            Self::Deny => Some(Action::Deny),
            Self::Return | Self::Continue | Self::Jump(_) | Self::Goto(_) | Self::Unknown(_) => None,
        }
    }

    /// Reports whether words such as `--reject-with` may follow it.
    pub(super) fn takes_options(&self) -> bool {
        matches!(self, Self::Deny | Self::Continue | Self::Unknown(_))
    }
}
