//! Periodic samples of the receiver's memory, files and queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::process::{Held, Process};
use crate::traffic::Traffic;

pub(crate) struct Sample {
    /// The tally, as returned by [`Traffic::place`].
    pub(crate) place: usize,
    /// The number of the round. Round 0 does not count.
    pub(crate) round: usize,
    pub(crate) held: Held,
    pub(crate) queue: usize,
}

/// Takes samples at this interval until the traffic ends.
pub(crate) async fn look(
    process: Arc<Process>,
    traffic: Arc<Traffic>,
    every: Duration,
    round: impl Fn() -> usize,
) -> Vec<Sample> {
    let (mut samples, mut ticks) = (Vec::new(), interval(every));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !traffic.is_over() {
        ticks.tick().await;
        let queue = process.command("state").await.queue;
        samples.push(Sample { place: traffic.place(), round: round(), held: process.held(), queue });
    }
    samples
}
