//! The machine's clock jumps two days forwards and backwards, while the inbox is open and while it
//! is closed.

use birdhook_test_harness::seed::seed;
use std::path::Path;
use std::time::{Duration, Instant};

use birdhook_inbox::Clock;

use crate::clock::SetClock;
use crate::fixture::{Fixture, options};
use birdhook_test_harness::load::{Body, Load};
use birdhook_test_harness::violation::{Violation, holds};

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

type Jump = fn(Duration, Duration) -> Duration;

/// Both directions, because a clock that jumps may be corrected later.
const JUMPS: [Jump; 2] = [|wall, by| wall + by, |wall, by| wall - by];

/// Returns a clock that is set by hand.
pub(crate) fn set_clock() -> SetClock {
    SetClock::at(Duration::from_secs(1_795_426_200))
}

pub async fn forget_nothing() -> Result<(), Violation> {
    for (jump, back) in JUMPS.into_iter().zip(JUMPS.into_iter().rev()) {
        while_open(jump, back).await?;
        while_closed(jump, back).await?;
    }
    set_right_again().await
}

async fn open(clock: &SetClock, horizon: Duration, folder: &Path) -> Result<Fixture, Violation> {
    let opened = Fixture::open(options().clock(clock.clone()).dedupe_horizon(horizon), folder).await;
    opened.map_err(Violation::other)
}

/// Sends a new delivery and consumes it.
async fn consumed(fixture: &Fixture, load: &Load) -> Result<Body, Violation> {
    let body = load.fresh();
    holds(fixture.send(&body).await == 200, || "no 200")?;
    fixture.drain().await?;
    Ok(body)
}

/// Sends a body again and returns whether it was recognised as a duplicate. First runs the
/// writer, so that expired keys are dropped.
async fn is_known(fixture: &Fixture, body: &Body) -> bool {
    for _ in 0..2 {
        fixture.inbox.requeue([]).await.unwrap();
    }
    fixture.send(body).await == 200 && fixture.inbox.stats().depth == 0
}

/// While the inbox is open, only elapsed time counts: two jumps of two days exceed this horizon of
/// one day.
async fn while_open(jump: Jump, back: Jump) -> Result<(), Violation> {
    let (clock, folder, load) = (set_clock(), tempfile::tempdir().unwrap(), Load::new(seed()));
    let fixture = open(&clock, DAY, folder.path()).await?;
    let body = consumed(&fixture, &load).await?;
    for jump in [jump, back, back] {
        clock.set_wall(|wall| jump(wall, 2 * DAY));
        clock.advance(HOUR);
        holds(is_known(&fixture, &body).await, || "a clock jumped, and an event is forgotten")?;
    }
    clock.advance(DAY - 4 * HOUR);
    holds(is_known(&fixture, &body).await, || "forgotten an hour early")?;
    clock.advance(2 * HOUR);
    holds(!is_known(&fixture, &body).await, || "never forgotten, so all this shows nothing")
}

/// While the inbox is closed, a jump drops no key within its five days: a jump backwards drops none
/// early, and a jump forwards at most by its own length.
async fn while_closed(jump: Jump, back: Jump) -> Result<(), Violation> {
    let (clock, folder, load) = (set_clock(), tempfile::tempdir().unwrap(), Load::new(seed()));
    let mut bodies: Vec<Body> = Vec::new();
    for jump in [jump, back, back, jump] {
        let fixture = open(&clock, 5 * DAY, folder.path()).await?;
        for body in &bodies {
            holds(is_known(&fixture, body).await, || "the clock jumped between, and an event is forgotten")?;
        }
        bodies.push(consumed(&fixture, &load).await?);
        fixture.close().await;
        clock.set_wall(|wall| jump(wall, 2 * DAY));
        clock.advance(HOUR);
    }
    let fixture = open(&clock, 5 * DAY, folder.path()).await?;
    for body in &bodies {
        holds(is_known(&fixture, body).await, || "the clock jumped at last, and an event is forgotten")?;
    }
    Ok(())
}

/// A clock that starts at a given time and runs.
#[derive(Clone, Copy, Debug)]
pub struct RunningClock {
    start: Duration,
    since: Instant,
}

impl RunningClock {
    pub fn starting_at(start: Duration) -> Self {
        Self { start, since: Instant::now() }
    }
}

impl Clock for RunningClock {
    fn wall(&self) -> Duration {
        self.start + self.since.elapsed()
    }

    fn steady(&self) -> Duration {
        self.since.elapsed()
    }
}

/// The age of events stored while the clock was two days slow is right once the clock is corrected.
async fn set_right_again() -> Result<(), Violation> {
    let (clock, folder, load) = (set_clock(), tempfile::tempdir().unwrap(), Load::new(seed()));
    let horizon = 5 * DAY;
    let fixture = open(&clock, horizon, folder.path()).await?;
    consumed(&fixture, &load).await?;
    fixture.close().await;
    clock.set_wall(|wall| wall - 2 * DAY);
    let fixture = open(&clock, horizon, folder.path()).await?;
    let body = consumed(&fixture, &load).await?;
    fixture.close().await;
    clock.set_wall(|wall| wall + 2 * DAY);
    let fixture = open(&clock, horizon, folder.path()).await?;
    clock.advance(horizon - HOUR);
    holds(is_known(&fixture, &body).await, || "stored by a slow clock, and forgotten early")?;
    clock.advance(2 * HOUR);
    holds(!is_known(&fixture, &body).await, || "never forgotten, so all this shows nothing")
}
