//! Looking names up: IPv4 and IPv6 apart, each way to fail apart, and never through a search list, hosts file or cache.

mod chain;
#[cfg(feature = "dnssec")]
mod dnssec;
#[cfg(feature = "dot")]
mod encrypted;
mod line;
mod question;
mod server;

use super::outcome::{Family, Outcome, Verdict};
use crate::packet::Hostname;
use hickory_resolver::system_conf::read_system_conf;
use line::Line;
use question::{Asker, Said, look_up};
pub use server::{Server, ServerError};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How to look names up.
#[derive(Debug, Clone)]
pub struct DnsOptions {
    /// The servers to ask; with none, those of the system.
    pub servers: Vec<Server>,
    /// Whether one answer is enough, or every server is heard.
    pub ask: Ask,
    /// How often to look everything up. Names with more addresses than they show at once give others each time.
    pub rounds: NonZeroU32,
    /// How long to wait between rounds.
    pub pause: Duration,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// How often to ask a server that stays silent, before TCP is tried.
    pub attempts: u32,
    /// How many lookups may be under way at each server. More than 32 make some servers drop questions.
    pub concurrency: u32,
    /// How long all lookups together may take; what is not answered by then counts as timed out.
    pub deadline: Duration,
    /// The only certificates that encrypted servers may show to be theirs, in a PEM file; the public ones when `None`.
    pub ca: Option<PathBuf>,
    /// Whether answers must be signed, or their zone shown to be unsigned (DNSSEC).
    pub validate: bool,
    /// The keys that signatures start from, in a zone file of `DNSKEY` records; those of the root when `None`.
    pub trust_anchor: Option<PathBuf>,
}

/// Which servers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// One after the other, until one knows.
    FirstThatKnows,
    /// All of them; addresses are united.
    Every,
}

/// What was learnt of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name.
    pub name: Hostname,
    /// Its IPv4 addresses.
    pub a: FamilyAnswer,
    /// Its IPv6 addresses.
    pub aaaa: FamilyAnswer,
}

/// What was learnt of one family of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyAnswer {
    /// How the lookup ended.
    pub outcome: Outcome,
    /// Each address with the servers that gave it. Empty unless the outcome is an answer.
    pub addresses: BTreeMap<IpAddr, BTreeSet<String>>,
    /// The aliases on the way, in order.
    pub cname: Vec<Hostname>,
    /// The least time to live on the way, in seconds.
    pub ttl: Option<u32>,
}

/// Why nothing could be looked up.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The system's DNS servers are not known.
    #[error("the DNS servers of this system cannot be found: {0}")]
    System(String),
    /// The certificates that encrypted servers are checked against are no use.
    #[error("the certificates for encrypted DNS cannot be used: {0}")]
    Certificates(String),
    /// The keys that signatures start from are no use.
    #[error("the trust anchors for DNSSEC cannot be used: {0}")]
    TrustAnchor(String),
    /// Something was asked for that this build leaves out.
    #[error("validation needs an egressor that was built with the feature `{0}`")]
    NotBuilt(&'static str),
    /// The machinery for waiting on many answers did not start.
    #[error("the lookups cannot be started")]
    Runtime(#[from] std::io::Error),
}

/// The servers that more is not asked of at once.
const BUSIEST: u32 = 32;

impl Default for DnsOptions {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            ask: Ask::FirstThatKnows,
            rounds: NonZeroU32::MIN,
            pause: Duration::ZERO,
            timeout: Duration::from_secs(3),
            attempts: 2,
            concurrency: BUSIEST,
            deadline: Duration::from_mins(2),
            ca: None,
            validate: false,
            trust_anchor: None,
        }
    }
}

/// Looks up each name once per round, in no promised order of questions; the answers are sorted by name. `progress` is
/// told how many of how many lookups are done.
pub fn resolve(
    names: impl IntoIterator<Item = Hostname>,
    options: &DnsOptions,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<Lookup>, ResolveError> {
    let names: BTreeSet<Hostname> = names.into_iter().collect();
    let servers = servers(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answers = runtime.block_on(look_up_all(&names, &servers, options, &mut progress));
    // Connections that still wait for a silent server are given up.
    runtime.shutdown_background();
    let mut answers = answers.into_iter();
    Ok(names
        .into_iter()
        .zip(std::iter::from_fn(|| Some((answers.next()?, answers.next()?))))
        .map(|(name, (a, aaaa))| Lookup { name, a, aaaa })
        .collect())
}

/// A server that is asked, what the lockfile calls it, and how many lookups it has room for.
#[derive(Clone)]
struct Peer {
    asker: Asker,
    name: Arc<str>,
    room: Arc<Semaphore>,
}

fn servers(options: &DnsOptions) -> Result<Vec<Peer>, ResolveError> {
    let room = usize::try_from(options.concurrency.clamp(1, BUSIEST)).unwrap_or(1);
    let peer = |server: Server, name: String| -> Result<Peer, ResolveError> {
        let asker = asker(Line::new(server, options)?, options)?;
        Ok(Peer { asker, name: name.into(), room: Arc::new(Semaphore::new(room)) })
    };
    if !options.servers.is_empty() {
        let mut seen = BTreeSet::new();
        let servers = options.servers.iter().filter(|server| seen.insert(*server));
        return servers.map(|server| peer(server.clone(), server.to_string())).collect();
    }
    let (config, _) = read_system_conf().map_err(|error| ResolveError::System(error.to_string()))?;
    let addresses = config
        .name_servers()
        .iter()
        .filter_map(|server| Some(SocketAddr::new(server.ip, server.connections.first()?.port)));
    // The lockfile is shared; the address of one machine's resolver would only be noise in it.
    let peers = addresses.map(|addr| peer(Server::plain(addr), "system".to_owned()));
    let peers: Vec<Peer> = peers.collect::<Result<_, _>>()?;
    if peers.is_empty() { Err(ResolveError::System("none is configured".to_owned())) } else { Ok(peers) }
}

#[cfg(feature = "dnssec")]
fn asker(line: Line, options: &DnsOptions) -> Result<Asker, ResolveError> {
    Ok(if options.validate {
        Asker::Validating(dnssec::Validator::new(line, options)?)
    } else {
        Asker::Trusting(line)
    })
}

#[cfg(not(feature = "dnssec"))]
fn asker(line: Line, options: &DnsOptions) -> Result<Asker, ResolveError> {
    if options.validate { Err(ResolveError::NotBuilt("dnssec")) } else { Ok(Asker::Trusting(line)) }
}

/// The answers for each name in order, IPv4 before IPv6.
async fn look_up_all(
    names: &BTreeSet<Hostname>,
    peers: &[Peer],
    options: &DnsOptions,
    progress: &mut impl FnMut(usize, usize),
) -> Vec<FamilyAnswer> {
    let deadline = Instant::now().checked_add(options.deadline);
    let jobs: Vec<(&Hostname, Family)> =
        names.iter().flat_map(|name| Family::BOTH.map(|family| (name, family))).collect();
    let rounds = usize::try_from(options.rounds.get()).unwrap_or(usize::MAX);
    let total = jobs.len().saturating_mul(rounds);
    let mut answers: Vec<Option<FamilyAnswer>> = vec![None; jobs.len()];
    let mut done = 0;
    for round in 0..rounds {
        if round > 0 {
            tokio::time::sleep(options.pause.min(options.deadline)).await;
        }
        // What the first round learnt is kept; later ones only add to it.
        if deadline.is_some_and(|deadline| round > 0 && Instant::now() >= deadline) {
            break;
        }
        let mut tasks = JoinSet::new();
        for (index, (name, family)) in jobs.iter().enumerate() {
            let (name, family, peers, ask) = ((*name).clone(), *family, peers.to_vec(), options.ask);
            tasks.spawn(async move {
                let lookup = ask_peers(&peers, &name, family, ask);
                let answer = match deadline {
                    Some(deadline) => tokio::time::timeout_at(deadline, lookup).await,
                    None => Ok(lookup.await),
                };
                (index, answer.unwrap_or_else(|_| FamilyAnswer::failed(Outcome::Timeout)))
            });
        }
        while let Some(finished) = tasks.join_next().await {
            let Ok((index, answer)) = finished else { continue };
            if let Some(slot) = answers.get_mut(index) {
                *slot = Some(match slot.take() {
                    Some(earlier) => earlier.united(answer),
                    None => answer,
                });
            }
            done += 1;
            progress(done, total);
        }
    }
    // A lookup that was lost on the way is one that got no answer.
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| FamilyAnswer::failed(Outcome::Timeout)))
        .collect()
}

async fn ask_peers(peers: &[Peer], name: &Hostname, family: Family, ask: Ask) -> FamilyAnswer {
    let mut answers = Vec::new();
    for peer in peers {
        // Nobody closes the semaphore; if it were, asking without room is the lesser evil.
        let _room = peer.room.acquire().await.ok();
        let said = look_up(&peer.asker, name, family).await;
        let answer = FamilyAnswer::of(said, &peer.name);
        if ask == Ask::FirstThatKnows && answer.outcome.verdict() != Verdict::Failed {
            return answer;
        }
        answers.push(answer);
    }
    answers.into_iter().reduce(FamilyAnswer::united).unwrap_or_else(|| FamilyAnswer::failed(Outcome::Timeout))
}

impl FamilyAnswer {
    /// A lookup that gave nothing.
    pub fn failed(outcome: Outcome) -> Self {
        Self { outcome, addresses: BTreeMap::new(), cname: Vec::new(), ttl: None }
    }

    fn of(said: Said, server: &str) -> Self {
        let addresses =
            said.addresses.into_iter().map(|addr| (addr, BTreeSet::from([server.to_owned()]))).collect();
        Self { outcome: said.outcome, addresses, cname: said.cname, ttl: said.ttl }
    }

    /// Both answers as one. Any address makes it an answer; that there is none is only certain when nobody failed.
    fn united(self, other: Self) -> Self {
        let (mut best, rest) =
            if rank(other.outcome) < rank(self.outcome) { (other, self) } else { (self, other) };
        for (addr, servers) in rest.addresses {
            best.addresses.entry(addr).or_default().extend(servers);
        }
        if rest.outcome == best.outcome {
            best.ttl = best.ttl.into_iter().chain(rest.ttl).min();
        }
        best
    }
}

/// The order in which outcomes outweigh each other: addresses, then failures, those that say most first, then absence.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Answer => 0,
        Outcome::RefusedAddress => 1,
        Outcome::Bogus => 2,
        Outcome::CnameLoop => 3,
        Outcome::Truncated => 4,
        Outcome::ServFail => 5,
        Outcome::Refused => 6,
        Outcome::Timeout => 7,
        Outcome::NoData => 8,
        Outcome::DanglingCname => 9,
        Outcome::NxDomain => 10,
    }
}
