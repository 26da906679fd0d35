//! Splitting what is too much for one object: policies for the same pods add up, so several mean what one would.

use super::objects::{Plan, Statement};
use super::say::{Peers, Saying, Service};
use crate::policy::Direction;
use crate::syntax::kubernetes::pods::{self, PodPeer};
use crate::targets::clusters::kubernetes::RULES_MAX;

/// The most peers of one object.
pub(super) const PEERS_MAX: usize = 5_000;
/// The most services of one rule; a rule with more is split.
const SERVICES_MAX: usize = 1_000;

/// The rules of one object, each with its direction.
pub(super) type Part<'a> = Vec<(Direction, Statement<'a>)>;

/// Fills object after object with the rules, each split first so that it fits one. There is always an object, since
/// a policy without rules is one that denies all.
pub(super) fn pack<'a>(plan: &Plan<'a>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = vec![Vec::new()];
    let (mut bytes, mut peers) = (0_usize, 0_usize);
    for (direction, statement) in
        plan.ways.iter().flat_map(|(direction, rules)| rules.iter().map(move |rule| (direction, rule)))
    {
        for piece in split(statement) {
            let (piece_bytes, piece_peers) = (size(&piece.saying), peer_count(&piece.saying));
            if bytes.saturating_add(piece_bytes) > RULES_MAX || peers.saturating_add(piece_peers) > PEERS_MAX
            {
                parts.push(Vec::new());
                (bytes, peers) = (0, 0);
            }
            bytes = bytes.saturating_add(piece_bytes);
            peers = peers.saturating_add(piece_peers);
            if let Some(part) = parts.last_mut() {
                part.push((*direction, piece));
            }
        }
    }
    // A first rule that fills an object by itself leaves the object before it empty.
    if parts.len() > 1 {
        parts.retain(|part| !part.is_empty());
    }
    parts
}

/// A rule as rules of which each fits an object: pieces of its peers with pieces of its ports.
fn split<'a>(statement: &Statement<'a>) -> Vec<Statement<'a>> {
    let peers: Vec<Option<Peers>> = match &statement.saying.peers {
        None => vec![None],
        Some(peers) => split_peers(peers).into_iter().map(Some).collect(),
    };
    let ports: Vec<Option<Vec<Service>>> = match &statement.saying.ports {
        None => vec![None],
        Some(ports) => ports.chunks(SERVICES_MAX).map(|ports| Some(ports.to_vec())).collect(),
    };
    let piece = |peers: &Option<Peers>, ports: &Option<Vec<Service>>| Statement {
        saying: Saying { peers: peers.clone(), ports: ports.clone() },
        origins: statement.origins.clone(),
    };
    peers.iter().flat_map(|peers| ports.iter().map(move |ports| piece(peers, ports))).collect()
}

/// Pieces of at most so many bytes, in the order of the list.
fn split_peers(peers: &Peers) -> Vec<Peers> {
    let room = RULES_MAX - SERVICES_MAX * SERVICE_BYTES;
    let mut pieces = vec![Peers::default()];
    let (mut bytes, mut count) = (0_usize, 0_usize);
    let blocks = peers.blocks.iter().map(|block| (block_bytes(&block.to_string()), Ok(*block)));
    let pods = peers.pods.iter().map(|pods| (pods_bytes(pods), Err(pods.clone())));
    for (size, item) in blocks.chain(pods) {
        if count > 0 && (bytes.saturating_add(size) > room || count >= PEERS_MAX) {
            pieces.push(Peers::default());
            (bytes, count) = (0, 0);
        }
        (bytes, count) = (bytes.saturating_add(size), count.saturating_add(1));
        if let Some(piece) = pieces.last_mut() {
            match item {
                Ok(block) => piece.blocks.push(block),
                Err(pods) => piece.pods.push(pods),
            }
        }
    }
    pieces
}

/// `{"endPort":65535,"port":65535,"protocol":"SCTP"},`
pub(super) const SERVICE_BYTES: usize = 50;

/// What a rule takes beside its peers and services. Whether an object fits is judged by the same number: what is packed by a
/// smaller one would be refused where rules are many and short.
pub(super) const RULE_BYTES: usize = 100;

/// The bytes of a block in JSON.
pub(super) fn block_bytes(block: &str) -> usize {
    "{\"ipBlock\":{\"cidr\":\"\"}},".len() + block.len()
}

fn pods_bytes(peer: &PodPeer) -> usize {
    // Each requirement takes less than this beside its own text.
    let requirement = "{\"key\":\"\",\"operator\":\"DoesNotExist\",\"values\":[]},".len();
    let requirements = peer.namespace_selector().tests().count().saturating_add(peer.pods.tests().count());
    let text = peer.to_string().len().saturating_mul(2).saturating_add(pods::NAMESPACE_NAME.len());
    text.saturating_add(requirement.saturating_mul(requirements.saturating_add(4)))
}

fn size(saying: &Saying) -> usize {
    let peers = saying.peers.as_ref().map_or(0, |peers| {
        let blocks: usize = peers.blocks.iter().map(|block| block_bytes(&block.to_string())).sum();
        blocks.saturating_add(peers.pods.iter().map(pods_bytes).sum())
    });
    let ports = saying.ports.as_ref().map_or(0, |ports| ports.len().saturating_mul(SERVICE_BYTES));
    RULE_BYTES.saturating_add(peers).saturating_add(ports)
}

fn peer_count(saying: &Saying) -> usize {
    saying.peers.as_ref().map_or(0, |peers| peers.blocks.len().saturating_add(peers.pods.len()))
}
