//! The process ends while events are prefetched, or acknowledgements are queued.

use std::path::Path;

use birdhook_inbox::{EventQuery, EventStatus, ListedEvent};
use birdhook_test_harness::consumption::Line;
use birdhook_test_harness::load::Load;
use birdhook_test_harness::seed::seed;
use birdhook_test_harness::violation::{Violation, holds};

use crate::fixture::{Fixture, options};
use crate::receiver::Receiver;

/// Fewer than an inbox prefetches.
const EVENTS: usize = 60;

/// A receiver with an inbox that holds [`EVENTS`] deliveries or more.
struct Filled {
    receiver: Receiver,
    load: Load,
}

impl Filled {
    async fn new(program: &Path) -> Result<Self, Violation> {
        let filled = Self { receiver: Receiver::new(program), load: Load::new(seed()) };
        let fixture = filled.open().await?;
        for _ in 0..EVENTS {
            holds(fixture.send_fresh(&filled.load).await == 200, || "no 200")?;
        }
        fixture.close().await;
        Ok(filled)
    }

    async fn open(&self) -> Result<Fixture, Violation> {
        Fixture::open(options(), &self.receiver.file("inbox")).await.map_err(Violation::other)
    }

    /// Runs the receiver until it ends itself.
    async fn run(&self, options: &[&str], environment: &[(&str, &str)]) -> Result<(), Violation> {
        let ended = self.receiver.run(options, environment).ended().await;
        holds(!ended.success(), || "the receiver was not to end well")
    }

    async fn list(&self) -> Result<Vec<ListedEvent>, Violation> {
        let fixture = self.open().await?;
        let listed = fixture.inbox.list(EventQuery::all().limit(usize::MAX)).await.map_err(Violation::other)?;
        fixture.close().await;
        Ok(listed)
    }

    fn lines(&self) -> Vec<Line> {
        Line::read(&self.receiver.consumed())
    }
}

fn planted(bug: Option<&str>) -> Vec<(&'static str, &str)> {
    bug.map(|bug| ("BIRDHOOK_PLANTED", bug)).into_iter().collect()
}

/// A process is killed repeatedly while it holds one event and has prefetched others. Each of these
/// loses one attempt, and all are delivered again in order.
pub async fn a_kill_costs_one_attempt_each(receiver: &Path, bug: Option<&str>) -> Result<(), Violation> {
    let filled = Filled::new(receiver).await?;
    for kill in 1..=3 {
        let before = filled.lines().len();
        let mut process = filled.receiver.run(&["consumers=1", "consume=hold"], &planted(bug));
        while filled.lines().len() == before {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        process.kill().await;
        let attempts: Vec<u32> = filled.list().await?.iter().map(|listed| listed.attempts).collect();
        holds(attempts[0] <= kill, || format!("kill {kill}: {attempts:?}"))?;
        holds(attempts[1..].iter().all(|attempts| *attempts <= 1), || format!("kill {kill}: {attempts:?}"))?;
        holds(bug.is_some() || attempts[1..].contains(&1), || "nothing was prefetched, so this shows nothing")?;
    }
    let before = filled.lines().len();
    filled.receiver.settle(&filled.load).await?;
    let lines = filled.lines().split_off(before);
    let ids = lines.iter().filter_map(|line| match line {
        Line::Consumed { id, .. } => id.parse::<birdhook_inbox::EventId>().ok(),
        Line::Acknowledged { .. } => None,
    });
    holds(ids.is_sorted(), || "the events were not delivered again in order")
}

/// An event ends the process each time it is received. It becomes a dead letter, and no other does.
/// One attempt is allowed, the fewest.
pub async fn a_poisonous_event_takes_no_other(
    receiver: &Path,
    consumers: usize,
    bug: Option<&str>,
) -> Result<(), Violation> {
    let filled = Filled::new(receiver).await?;
    let poison = filled.list().await?.first().map(|listed| listed.id).ok_or_else(|| Violation::other("no event"))?;
    let (consumers, poison_option) = (format!("consumers={consumers}"), format!("poison={poison}"));
    for _ in 0..2 {
        filled.run(&["max_attempts=1", &consumers, &poison_option], &planted(bug)).await?;
    }
    let mut process = filled.receiver.run(&["max_attempts=1", &consumers, &poison_option], &planted(bug));
    holds(process.is_ready().await, || "the event ended the process after its last attempt")?;
    process.terminate();
    holds(process.ended().await.success(), || "the receiver does not end well")?;
    let dead: Vec<_> = filled.list().await?.into_iter().filter(|listed| listed.status == EventStatus::Dead).collect();
    let ids: Vec<_> = dead.iter().map(|listed| listed.id).collect();
    holds(ids == [poison], || format!("{} dead letters instead of {poison}", ids.len()))
}

/// The process ends right after an acknowledgement was queued: the event is delivered again.
pub async fn a_queued_acknowledgement_can_be_lost(receiver: &Path) -> Result<(), Violation> {
    let filled = Filled::new(receiver).await?;
    filled.run(&["consumers=1", "acks=queued"], &[("BIRDHOOK_ABORT_AT", "ack-queued:1")]).await?;
    let first = filled.lines();
    let [Line::Consumed { id: first, attempt: 1, .. }] = first.as_slice() else {
        return Err(Violation::other(format!("not one event: {first:?}")));
    };
    filled.receiver.settle(&filled.load).await?;
    let again = filled.lines();
    let again = again.iter().any(|line| matches!(line, Line::Consumed { id, attempt: 2, .. } if id == first));
    holds(again, || "the event was not delivered again")
}

/// The process ends right after a durable acknowledgement returned: the event is never delivered
/// again.
pub async fn a_durable_acknowledgement_is_kept(receiver: &Path, bug: Option<&str>) -> Result<(), Violation> {
    let filled = Filled::new(receiver).await?;
    for _ in 0..5 {
        filled.run(&["consumers=1", "acks=one-durable"], &planted(bug)).await?;
    }
    filled.receiver.settle(&filled.load).await
}
