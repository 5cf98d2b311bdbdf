//! How long, against which sink, and with which mistake planted.

use std::str::FromStr;
use std::time::Duration;

use crate::phase::Phase;

/// Where the receiver's deliveries go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    Channel,
    Handler,
    Inbox,
}

/// A mistake that the receiver makes on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Every tenth delivery leaves a file open.
    FileLeak,
    /// A buffer stays behind with each delivery.
    MemoryLeak,
    /// Who has waited long for room is told 200.
    Loss,
    /// One in a hundred is handed over and then answered 503.
    Double,
}

const SINKS: [(&str, Sink); 3] = [("channel", Sink::Channel), ("handler", Sink::Handler), ("inbox", Sink::Inbox)];

const PLANTS: [(&str, Plant); 4] = [
    ("file-leak", Plant::FileLeak),
    ("memory-leak", Plant::MemoryLeak),
    ("loss", Plant::Loss),
    ("double", Plant::Double),
];

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Result<T, String> {
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    all.iter().find(|(known, _)| *known == name).map(|(_, it)| *it).ok_or_else(|| format!("one of {}", names()))
}

fn name_of<T: PartialEq>(all: &[(&'static str, T)], it: &T) -> &'static str {
    all.iter().find(|(_, known)| known == it).map_or("", |(name, _)| name)
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&SINKS, name)
    }
}

impl FromStr for Plant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&PLANTS, name)
    }
}

impl Sink {
    pub fn name(self) -> &'static str {
        name_of(&SINKS, &self)
    }
}

impl Plant {
    pub fn name(self) -> &'static str {
        name_of(&PLANTS, &self)
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub sink: Sink,
    pub seed: u64,
    /// How long a phase is.
    pub phase: Duration,
    /// How often each phase comes, after one round that does not count; a multiple of four.
    pub rounds: usize,
    /// Requests that are begun each second, as long as the receiver keeps up.
    pub rate: u32,
    /// Clients that send at once.
    pub senders: usize,
    /// The receiver's.
    pub deadline: Duration,
    /// Deliveries that fit into the receiver's channel.
    pub capacity: usize,
    pub plant: Option<Plant>,
}

impl Settings {
    /// So long in all, in rounds of as many phases as there are; a phase is at most six seconds, so that there are rounds.
    pub fn lasting(time: Duration, sink: Sink, seed: u64) -> Self {
        const LONGEST: Duration = Duration::from_secs(6);
        let phases = u32::try_from(Phase::ALL.len()).unwrap();
        // Five of them: four that count, and the first.
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

    /// With fewer requests, of as many senders; a channel is small enough to be full soon when nobody reads it.
    pub fn at_rate(self, rate: u32, senders: usize) -> Self {
        let capacity = (f64::from(rate) * self.phase.as_secs_f64() / 5.0) as usize;
        Self { rate, senders, capacity: capacity.clamp(8, 256), ..self }
    }

    /// For CI: some seconds, and no more than a program that is not optimised can do on a busy machine.
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
