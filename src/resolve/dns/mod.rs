//! Looking names up: IPv4 and IPv6 apart, each way to fail apart, and never through a search list, hosts file or cache.

mod answer;
mod chain;
mod datagram;
#[cfg(feature = "dnssec")]
mod dnssec;
#[cfg(feature = "dot")]
mod encrypted;
mod gather;
mod given;
mod line;
mod question;
mod server;

use crate::packet::Hostname;
pub use answer::{Disagreement, FamilyAnswer, Lookup};
use gather::look_up_all;
pub(super) use given::Known;
pub use given::{Given, Resolvers};
use hickory_resolver::system_conf::read_system_conf;
use line::Line;
use question::Asker;
pub use server::{Server, ServerError};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

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
    pub concurrency: NonZeroU32,
    /// The greatest answer over UDP that servers are told to send; longer ones come over TCP.
    pub payload: u16,
    /// How long all lookups together may take; what is not answered by then counts as timed out.
    pub deadline: Duration,
    /// The only certificates that encrypted servers may show to be theirs, in a PEM file; the public ones when `None`.
    pub ca: Option<PathBuf>,
    /// Whether signatures are asked for and checked.
    pub dnssec: Validation,
    /// The keys that signatures start from, in a zone file of `DNSKEY` records; those of the root when `None`.
    pub trust_anchor: Option<PathBuf>,
}

/// What signatures (DNSSEC) an answer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// None: the server is trusted.
    #[default]
    Off,
    /// Those that its zone promises: it is signed from the root down, or its zone is shown to be unsigned.
    Prefer,
    /// All of them: an answer of an unsigned zone is refused, too.
    Require,
}

/// Which servers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// One after the other, until one knows. That a name does not exist is only believed when no other knows it, for
    /// one server of several may be the wrong one to ask.
    FirstThatKnows,
    /// All of them; addresses are united.
    Every,
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
    #[error(
        "validation needs an egressor that was built with the feature `{0}`: `cargo install --features dot,doh,dnssec`"
    )]
    NotBuilt(&'static str),
    /// The machinery for waiting on many answers did not start.
    #[error("the lookups cannot be started")]
    Runtime(#[from] std::io::Error),
}

/// More than this many questions at once make some servers drop them.
const BUSIEST: NonZeroU32 = match NonZeroU32::new(32) {
    Some(count) => count,
    None => NonZeroU32::MIN,
};
/// The greatest answer that crosses common networks in one piece (<https://www.dnsflagday.net/2020/>).
const PAYLOAD: u16 = 1232;

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
            payload: PAYLOAD,
            deadline: Duration::from_mins(2),
            ca: None,
            dnssec: Validation::Off,
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
    /// The set of this server alone.
    itself: Resolvers,
    room: Arc<Semaphore>,
}

fn servers(options: &DnsOptions) -> Result<Vec<Peer>, ResolveError> {
    let room = usize::try_from(options.concurrency.get()).unwrap_or(usize::MAX >> 3);
    let peer = |server: Server, name: String| -> Result<Peer, ResolveError> {
        let asker = asker(Line::new(server, options)?, options)?;
        let itself = [name.clone()].into_iter().collect();
        Ok(Peer { asker, name: name.into(), itself, room: Arc::new(Semaphore::new(room)) })
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
    Ok(match options.dnssec {
        Validation::Off => Asker::Trusting(line, options.payload),
        Validation::Prefer | Validation::Require => {
            Asker::Validating(dnssec::Validator::new(line, options)?, options.payload)
        }
    })
}

#[cfg(not(feature = "dnssec"))]
fn asker(line: Line, options: &DnsOptions) -> Result<Asker, ResolveError> {
    match options.dnssec {
        Validation::Off => Ok(Asker::Trusting(line, options.payload)),
        Validation::Prefer | Validation::Require => Err(ResolveError::NotBuilt("dnssec")),
    }
}
