//! Settings of a soak: its length, the sink, and a planted mistake.

use std::time::Duration;

use clap::ValueEnum;

use crate::phase::Phase;

/// The destination of the receiver's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sink {
    Channel,
    Handler,
    Inbox,
}

/// A deliberate mistake of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// Every tenth delivery leaves a file open.
    FileLeak,
    /// Every delivery leaks a buffer.
    MemoryLeak,
    /// Deliveries that take longer than half the deadline are reported as successful.
    Loss,
    /// One in a hundred deliveries succeeds but is answered 503.
    Double,
}

/// Returns the name of a value on the command line.
pub fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().unwrap().get_name().to_owned()
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub sink: Sink,
    pub seed: u64,
    pub phase: Duration,
    /// The number of rounds, each with every phase, after one that does not count. A multiple of
    /// four.
    pub rounds: usize,
    /// Requests per second, if the receiver keeps up.
    pub rate: u32,
    pub senders: usize,
    pub deadline: Duration,
    /// The capacity of the receiver's channel, in deliveries.
    pub capacity: usize,
    pub plant: Option<Plant>,
}

impl Settings {
    /// Returns settings for this total duration, in rounds of all phases.
    ///
    /// A phase takes at most 6 s, so that there are several rounds.
    pub fn lasting(time: Duration, sink: Sink, seed: u64) -> Self {
        const LONGEST: Duration = Duration::from_secs(6);
        let phases = u32::try_from(Phase::ALL.len()).unwrap();
        // At least five rounds: the first, which does not count, and four that do.
        let phase = LONGEST.min(time / (5 * phases));
        let rounds = (time.as_secs_f64() / (phase * phases).as_secs_f64()).round() as usize - 1;
        Self {
            sink,
            seed,
            phase,
            rounds: (rounds / 4 * 4).max(4),
            rate: 1200,
            senders: 64,
            deadline: Duration::from_millis(2500).min(phase.mul_f64(0.4)),
            capacity: 256,
            plant: None,
        }
    }

    /// Changes the requests per second and the number of senders.
    ///
    /// The capacity of the channel is adjusted, so that it fills soon when the app does not read
    /// it.
    pub fn at_rate(self, rate: u32, senders: usize) -> Self {
        let capacity = (f64::from(rate) * self.phase.as_secs_f64() / 5.0) as usize;
        Self { rate, senders, capacity: capacity.clamp(8, 256), ..self }
    }

    /// Returns settings for CI: 18 s, at a rate that an unoptimised build can handle on a busy
    /// machine.
    pub fn quick(sink: Sink, seed: u64) -> Self {
        Self::lasting(Duration::from_secs(18), sink, seed).at_rate(400, 48)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_have_as_many_rounds_each() {
        for minutes in [1, 2, 5, 10, 60] {
            let settings = Settings::lasting(Duration::from_secs(60 * minutes), Sink::Channel, 1);
            assert!(settings.rounds >= 4 && settings.rounds.is_multiple_of(4), "{settings:?}");
            let rounds = u32::try_from((settings.rounds + 1) * Phase::ALL.len()).unwrap();
            let whole = (settings.phase * rounds).as_secs_f64() / 60.0 / minutes as f64;
            assert!((0.6..=1.05).contains(&whole), "{settings:?} take {whole} of the time");
        }
    }
}
