//! `check`: would it be allowed, by which rule, and why.

mod addresses;
mod answer;
mod question;

pub(super) use addresses::dedicated;
use answer::Asked;
pub use question::{Question, Whom};

use super::limit::too_large;
use super::project::Project;
use super::{ExternalReader, Shown, show_with};
use crate::diag::{Code, Finding, Severity, any_error, list, suggest};
use crate::packet::{AddrSet, Limit, PacketSet, PeerSet, Prefix, Set as _};
use crate::policy::{Action, Direction, Need, Origin, Policy, RuleSet, Scope, Unmodelled};
use crate::syntax::glob::fits;
use crate::targets::{Ingress, PeerKind, Scoping, Speech, TARGETS};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What the user asked.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The question, as written.
    pub question: String,
    /// Rule files; the project is asked when there are none.
    pub files: Vec<PathBuf>,
    /// Whether the state before the plan among the files is asked, and not the one after it.
    pub before: bool,
    /// What is wanted, and where the addresses of hosts are from.
    pub project: Project,
    /// Where the connection comes from; anywhere when not said.
    pub from: Option<String>,
    /// A pattern of scopes; all when not said.
    pub scope: Option<String>,
    /// Which way the connection goes.
    pub direction: Direction,
    /// How much may be looked at.
    pub limit: Limit,
    /// Programs that read files in formats that are not known here.
    pub readers: Vec<ExternalReader>,
}

/// The answer.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The question as it was understood.
    pub question: Option<Question>,
    /// The files, or what the project is made of.
    pub source: String,
    /// The name of their format; `project` for what is wanted.
    pub format: String,
    /// The answer of each scope.
    pub scopes: Vec<Answered>,
    /// What the user should know. With an error there is no answer.
    pub findings: Vec<Finding>,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All that was asked surely is.
    Allowed,
    /// It depends on something that is not modelled, or that the rules do not speak about.
    Unknown,
    /// Some of it surely is not.
    Denied,
}

/// The answer of one scope.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The scope.
    pub scope: Scope,
    /// The answer.
    pub verdict: Verdict,
    /// The addresses that were asked about in the place of a host.
    pub addresses: Option<AddrSet>,
    /// What of the question is surely allowed.
    pub allowed: PacketSet,
    /// What of it may be.
    pub possible: PacketSet,
    /// What of it surely is not.
    pub denied: PacketSet,
    /// What decides, in the order in which the rules are tried.
    pub deciding: Vec<Deciding>,
    /// What the rules do not speak about, and other things to say about this scope.
    pub notes: Vec<String>,
}

/// A rule or a default that decides something of what was asked.
#[derive(Debug, Clone)]
pub struct Deciding {
    /// What it does.
    pub action: Action,
    /// Whether it surely does.
    pub certain: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// The conditions that are not modelled.
    pub unmodelled: Vec<Unmodelled>,
    /// What it decides.
    pub packets: PacketSet,
}

impl Verdict {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unknown => "unknown",
            Self::Denied => "denied",
        }
    }
}

impl Checked {
    /// The worst answer of all scopes.
    pub fn verdict(&self) -> Option<Verdict> {
        self.scopes.iter().map(|answered| answered.verdict).max()
    }
}

/// Answers the question for every scope that was asked.
pub fn check(request: &CheckRequest) -> Checked {
    match parse(request) {
        Ok((question, from)) => {
            let shown = rules(request, &question);
            of_rules(request, &question, from.as_ref(), &shown)
        }
        Err(findings) => Checked { findings, ..Checked::default() },
    }
}

/// Answers a question from rules that were read already. The addresses of a host are not known then.
pub(super) fn answered(shown: &Shown, question: &str, direction: Direction, limit: Limit) -> Checked {
    let request = CheckRequest {
        question: question.to_owned(),
        files: Vec::new(),
        before: false,
        project: Project::default(),
        from: None,
        scope: None,
        direction,
        limit,
        readers: Vec::new(),
    };
    match parse(&request) {
        Ok((question, from)) => of_rules(&request, &question, from.as_ref(), shown),
        Err(findings) => Checked { findings, ..Checked::default() },
    }
}

/// The answer of some rules.
fn of_rules(request: &CheckRequest, question: &Question, from: Option<&AddrSet>, shown: &Shown) -> Checked {
    let policy = &shown.policy;
    let mut findings = shown.findings.clone();
    // Those that matter here stand beside the rules that decide.
    for finding in findings.iter_mut().filter(|finding| finding.code == Code::ReadUnmodelled) {
        finding.severity = Severity::Note;
    }
    let mut checked = Checked {
        source: shown.source.clone(),
        format: shown.format.clone(),
        question: Some(question.clone()),
        ..Checked::default()
    };
    let chosen = |set: &&RuleSet| {
        set.scope.direction == request.direction
            && request.scope.as_ref().is_none_or(|pattern| fits(pattern, &set.scope.name))
    };
    let sets: Vec<&RuleSet> = policy.sets.iter().filter(chosen).collect();
    if sets.is_empty() && !any_error(&findings) {
        findings.push(no_scope(request, policy));
    }
    let known = addresses::known(&request.project, question, &sets, &mut findings);
    if !any_error(&findings) {
        let asked = Asked { question, from, known: known.as_ref(), shown, limit: request.limit };
        for answered in sets.into_iter().map(|set| asked.of(set)) {
            match answered {
                Ok(answered) => checked.scopes.push(answered),
                Err(error) => findings.push(too_large(&error)),
            }
        }
        if shown.format == "project" {
            findings.retain(|finding| finding.is_error() || is_about(finding, &checked.scopes));
        }
    }
    checked.findings = findings;
    checked
}

fn parse(request: &CheckRequest) -> Result<(Question, Option<AddrSet>), Vec<Finding>> {
    let wrong = |message: String| Finding::new(Code::VariableInvalid, message);
    let question = request.question.parse::<Question>().map_err(wrong).map_err(|finding| {
        let help = "ask for example `api.example.com:443`, `192.0.2.1:53/udp` or `[2001:db8::1]:443/tcp`";
        vec![finding.help(help)]
    })?;
    let from = request.from.as_deref().map(str::parse::<Prefix>).transpose();
    let from = from.map_err(|error| vec![wrong(format!("--from: {error}"))])?;
    if let (Whom::Addr(addr), Some(from)) = (&question.whom, from)
        && addr.is_ipv4() != from.is_ipv4()
    {
        let message = format!("no packet goes from `{from}` to `{addr}`, they are of different families");
        return Err(vec![wrong(message)]);
    }
    Ok((question, from.map(|from| AddrSet::of([from]))))
}

/// The rules that are asked: those of the files, else what the project wants.
fn rules(request: &CheckRequest, question: &Question) -> Shown {
    if !request.files.is_empty() {
        return show_with(&request.files, request.before, &request.readers);
    }
    let peers = match question.whom {
        Whom::Host(..) => PeerKind::Names,
        Whom::Addr(_) => PeerKind::Addresses,
    };
    // What any target for a whole host would be asked to say.
    let targets = TARGETS.iter().map(|target| (target.speech(), target.needs()));
    let needs: BTreeSet<Need> = targets
        .filter(|(speech, _)| speech.peers == peers && speech.scoping == Scoping::Host)
        .flat_map(|(_, needs)| needs.iter().copied())
        .collect();
    let speech = Speech { peers, scoping: Scoping::Host, ingress: Ingress::ByPeer };
    let (mut policy, findings) = request.project.wanted(&[(speech, needs)]);
    // A policy of names says nothing about addresses, and the other way round.
    let universe = match peers {
        PeerKind::Names => PeerSet::all_names(),
        PeerKind::Addresses => PeerSet::all_addrs(),
        PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => {
            PeerSet::all_names().union(&PeerSet::all_addrs())
        }
    };
    for set in &mut policy.sets {
        set.universe = universe.clone();
    }
    Shown::of("project", "project", policy, findings)
}

fn no_scope(request: &CheckRequest, policy: &Policy) -> Finding {
    let scopes = policy.sets.iter().map(|set| format!("`{}` {}", set.scope.name, set.scope.direction));
    let scopes: Vec<String> = scopes.collect();
    let pattern = request.scope.as_ref().map(|pattern| format!(" that fits `{pattern}`")).unwrap_or_default();
    let message = format!("the rules have no scope for {}{pattern}", request.direction);
    let help = if scopes.is_empty() {
        "they say nothing about any traffic".to_owned()
    } else {
        let near = request.scope.as_ref().and_then(|pattern| {
            let names = policy.sets.iter().map(|set| set.scope.name.as_str());
            suggest(pattern, names).filter(|near| near != pattern)
        });
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let scopes = list("scopes are", scopes.iter().map(String::as_str));
        format!("{near}{scopes}; choose with `--direction` and `--scope`")
    };
    Finding::new(Code::SelectionEmpty, message).help(help)
}

/// Reports whether a finding is about an endpoint that decides.
fn is_about(finding: &Finding, scopes: &[Answered]) -> bool {
    let mut deciding = scopes.iter().flat_map(|answered| &answered.deciding);
    deciding.any(|deciding| match &deciding.origin {
        Origin::Endpoint(why) => finding.endpoint.as_ref() == Some(&why.endpoint),
        Origin::Implied(_) | Origin::File(_) | Origin::System(_) => false,
    })
}
