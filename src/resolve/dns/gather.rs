//! Asking for many names at once, in rounds, with no more under way than the servers have room for.

use super::answer::FamilyAnswer;
use super::given::Known;
use super::question::look_up;
use super::{Ask, DnsOptions, Peer};
use crate::packet::Hostname;
use crate::resolve::outcome::{Family, Outcome, Verdict};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How often progress is told while no lookup ends.
const TICK: Duration = Duration::from_millis(200);

type Answers = JoinSet<(usize, FamilyAnswer)>;

/// The answers for each name in order, IPv4 before IPv6.
pub(super) async fn look_up_all(
    names: &BTreeSet<Hostname>,
    peers: &[Peer],
    options: &DnsOptions,
    progress: &mut impl FnMut(usize, usize),
) -> Vec<FamilyAnswer> {
    let deadline = Instant::now().checked_add(options.deadline);
    let peers: Arc<[Peer]> = peers.into();
    let room = usize::try_from(options.concurrency.get()).unwrap_or(usize::MAX).saturating_mul(peers.len());
    let rounds = usize::try_from(options.rounds.get()).unwrap_or(usize::MAX);
    let total = names.len().saturating_mul(2).saturating_mul(rounds);
    let mut answers: Vec<Option<FamilyAnswer>> = vec![None; names.len().saturating_mul(2)];
    let mut known = Known::default();
    let mut done = 0;
    let mut clock = interval(TICK);
    clock.reset();
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0..rounds {
        if round > 0 {
            let pause = tokio::time::sleep(options.pause);
            match deadline {
                Some(deadline) => drop(tokio::time::timeout_at(deadline, pause).await),
                None => pause.await,
            }
        }
        // What the first round learnt is kept; later ones only add to it.
        if deadline.is_some_and(|deadline| round > 0 && Instant::now() >= deadline) {
            break;
        }
        let mut jobs = names.iter().flat_map(|name| Family::BOTH.map(|family| (name, family))).enumerate();
        let mut tasks = JoinSet::new();
        loop {
            // Only as many are begun as can be under way, so that memory does not grow with the list of names.
            while tasks.len() < room
                && let Some((index, (name, family))) = jobs.next()
            {
                let lookup = ask_peers(Arc::clone(&peers), name.clone(), family, options.ask);
                tasks.spawn(async move {
                    let answer = match deadline {
                        Some(deadline) => tokio::time::timeout_at(deadline, lookup).await,
                        None => Ok(lookup.await),
                    };
                    (index, answer.unwrap_or_else(|_| FamilyAnswer::failed(Outcome::Timeout)))
                });
            }
            let Some(finished) = next(&mut tasks, &mut clock, || progress(done, total)).await else { break };
            done += 1;
            progress(done, total);
            // A lookup that was lost on the way is one that got no answer.
            let Some((index, answer)) = finished else { continue };
            if let Some(slot) = answers.get_mut(index) {
                let mut all = match slot.take() {
                    Some(earlier) => earlier.and_then(answer),
                    None => answer,
                };
                all.addresses = all.addresses.sharing(&mut known);
                *slot = Some(all);
            }
        }
    }
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| FamilyAnswer::failed(Outcome::Timeout)))
        .collect()
}

/// The next lookup that ends, with a call now and then while none does. Nothing when none is under way.
async fn next(
    tasks: &mut Answers,
    clock: &mut Interval,
    mut waiting: impl FnMut(),
) -> Option<Option<(usize, FamilyAnswer)>> {
    poll_fn(|context| {
        if let Poll::Ready(finished) = tasks.poll_join_next(context) {
            return Poll::Ready(finished.map(Result::ok));
        }
        while clock.poll_tick(context).is_ready() {
            waiting();
        }
        Poll::Pending
    })
    .await
}

async fn ask_peers(peers: Arc<[Peer]>, name: Hostname, family: Family, ask: Ask) -> FamilyAnswer {
    let mut answers: Option<FamilyAnswer> = None;
    for peer in peers.iter() {
        // Nobody closes the semaphore; if it were, asking without room is the lesser evil.
        let _room = peer.room.acquire().await.ok();
        let said = look_up(&peer.asker, &name, family).await;
        let answer = FamilyAnswer::of(said, &peer.itself);
        let is_enough = is_enough(&answer);
        if ask == Ask::FirstThatKnows && is_enough {
            return answer;
        }
        let answer = if peers.len() > 1 { answer.signed(&peer.name) } else { answer };
        answers = Some(match answers {
            Some(earlier) => earlier.united(answer),
            None => answer,
        });
    }
    answers.unwrap_or_else(|| FamilyAnswer::failed(Outcome::Timeout))
}

/// Reports whether no other server need be asked. That a name does not exist at all is worth a second opinion.
fn is_enough(answer: &FamilyAnswer) -> bool {
    match answer.outcome.verdict() {
        Verdict::Answered => true,
        Verdict::Gone => answer.outcome == Outcome::NoData,
        Verdict::Failed => false,
    }
}
