//! Opens the disk as it is after a power loss and compares it with the replies sent by then.

use std::collections::{HashMap, HashSet};

use birdhook_inbox::{EventQuery, EventStatus, ListedEvent};
use birdhook_pipeline::{EventKey, EventSink};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::workload::{Fate, Trace};
use crate::clocks::RunningClock;
use crate::faults::Disk;
use crate::fixture::{Fixture, options};
use birdhook_test_harness::consumption::{Line, content};
use birdhook_test_harness::violation::{Violation, holds};

pub(super) struct Examiner<'a> {
    trace: &'a Trace,
    folder: TempDir,
    runtime: Runtime,
    random: fastrand::Rng,
    pub(super) images: usize,
}

impl<'a> Examiner<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (folder, random) = (tempfile::tempdir().unwrap(), fastrand::Rng::with_seed(1));
        Self { trace, folder, runtime, random, images: 0 }
    }

    /// With `is_used`, everything is sent again and consumed.
    pub(super) fn examine(
        &mut self,
        image: Vec<u8>,
        moment: usize,
        is_used: bool,
        what: &str,
    ) -> Result<(), Violation> {
        self.images += 1;
        let located = |violation| Violation::other(format!("power lost at moment {moment}, with {what}: {violation}"));
        std::fs::write(self.folder.path().join("sealed"), self.seal(moment)).unwrap();
        self.runtime.block_on(opened(self.trace, &self.folder, image, moment, is_used)).map_err(located)
    }

    /// Returns a possible content of the file `sealed`. It is not synced, so it may be current,
    /// older or missing.
    fn seal(&mut self, moment: usize) -> &'a [u8] {
        let possible = self.trace.seals.partition_point(|(from, _)| *from <= moment);
        let chosen = if self.random.u8(..4) > 0 { possible - 1 } else { self.random.usize(..possible) };
        &self.trace.seals[chosen].1
    }
}

async fn opened(
    trace: &Trace,
    folder: &TempDir,
    image: Vec<u8>,
    moment: usize,
    is_used: bool,
) -> Result<(), Violation> {
    let disk = Disk::holding(image);
    // The machine's clock may be years away from the workload's and would expire its keys.
    let clock = RunningClock::starting_at(trace.ended);
    let opened = disk.of(options().clock(clock)).open(folder.path()).await;
    let fixture = Fixture::of(opened.map_err(Violation::other)?);
    let listed = fixture.inbox.list(EventQuery::all().limit(usize::MAX)).await;
    let listed = listed.map_err(Violation::other)?;
    let mut found: HashMap<EventKey, &ListedEvent> = HashMap::new();
    for one in &listed {
        let event = one.event.as_ref().map_err(|why| Violation::other(format!("{}: {why}", one.id)))?;
        let key = event.delivery_key();
        trace.load.journal(|journal| journal.knows(key, content(event)))?;
        // A settled event may be listed until its body is cleared.
        if one.status == EventStatus::Acknowledged {
            continue;
        }
        if let Some(other) = found.insert(key, one) {
            return Err(Violation::StoredTwice(key, other.id.to_string(), one.id.to_string()));
        }
    }
    let none = Fate::default();
    for body in trace.load.all() {
        for (key, _) in &body.events {
            let fate = trace.fates.get(key).unwrap_or(&none);
            stands(key, fate, moment, found.get(key).copied(), fixture.inbox.remembers(key))?;
        }
    }
    if is_used {
        use_it(trace, &fixture, &found, moment).await?;
    }
    fixture.close().await;
    Ok(())
}

fn stands(
    key: &EventKey,
    fate: &Fate,
    moment: usize,
    found: Option<&ListedEvent>,
    is_remembered: bool,
) -> Result<(), Violation> {
    let may_be_done = fate.done.is_some_and(|(asked, _)| asked <= moment);
    let is_done = fate.done.is_some_and(|(_, done)| done <= moment);
    if found.is_none() && !may_be_done && fate.answered.is_some_and(|answered| answered <= moment) {
        return Err(Violation::Lost(vec![*key]));
    }
    holds(found.is_none() || !is_done, || format!("{key} was acknowledged or purged, and is there"))?;
    holds(found.is_none() || is_remembered, || format!("{key} is there, and not remembered"))?;
    holds(found.is_some() || may_be_done || !is_remembered, || format!("{key} is remembered, and is not there"))?;
    if let Some(found) = found {
        let tried = fate.tries.iter().filter(|(at, _)| *at <= moment).map(|(_, tries)| *tries).max();
        holds(tried <= Some(found.attempts), || format!("{key} forgot that it was handed out"))?;
    }
    Ok(())
}

/// Sends everything again and checks that each event is consumed once, unless it was consumed
/// before.
async fn use_it(
    trace: &Trace,
    fixture: &Fixture,
    found: &HashMap<EventKey, &ListedEvent>,
    moment: usize,
) -> Result<(), Violation> {
    let bodies = trace.load.all();
    let statuses = futures_util::future::join_all(bodies.iter().map(|body| fixture.send(body))).await;
    holds(statuses.iter().all(|status| *status == 200), || format!("sent again, {statuses:?}"))?;
    let mut consumed = HashSet::new();
    for line in fixture.drain().await? {
        if let Line::Consumed { key, id, .. } = line {
            holds(consumed.insert(key), || format!("{key} was consumed twice, as {id} too"))?;
        }
    }
    holds(found.keys().all(|key| consumed.contains(key)), || "what is there is not consumed")?;
    for (key, _) in bodies.iter().flat_map(|body| &body.events) {
        let was_done = trace.fates.get(key).is_some_and(|fate| fate.done.is_some_and(|(asked, _)| asked <= moment));
        holds(was_done || consumed.contains(key), || format!("{key} was sent again, answered 200, and is lost"))?;
    }
    Ok(())
}
