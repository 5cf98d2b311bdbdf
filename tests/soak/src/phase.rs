//! Phases of a soak: the faults of each, and their duration.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::process::Process;
use crate::traffic::Traffic;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Calm,
    /// Deliveries to the sink end just before or just after the deadline.
    Slow,
    Down,
    Full,
    Storm,
    Rotation,
    /// Clients close connections early.
    Drops,
    /// A random sequence of the faults of the other phases.
    Mixed,
}

/// The number of requests of each kind per thousand. The rest are deliveries, new or repeated.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) challenges: u32,
    pub(crate) forged: u32,
    pub(crate) oversized: u32,
    pub(crate) cut_off: u32,
    /// Connections on which no complete request is sent.
    pub(crate) opened: u32,
    /// Deliveries in several concurrent copies.
    pub(crate) copies: u32,
    /// Repeated deliveries of events that were answered 200.
    pub(crate) again: u32,
    /// Factor of the usual request rate.
    pub(crate) haste: u32,
}

const USUAL: Mix =
    Mix { challenges: 30, forged: 30, oversized: 3, cut_off: 10, opened: 5, copies: 60, again: 60, haste: 1 };

impl Phase {
    pub(crate) const ALL: [Self; 8] =
        [Self::Calm, Self::Slow, Self::Down, Self::Full, Self::Storm, Self::Rotation, Self::Drops, Self::Mixed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Slow => "slow sink",
            Self::Down => "sink down",
            Self::Full => "no consumer",
            Self::Storm => "challenges",
            Self::Rotation => "secrets rotate",
            Self::Drops => "clients hang up",
            Self::Mixed => "all by chance",
        }
    }

    pub(crate) fn mix(self) -> Mix {
        match self {
            Self::Storm => Mix { challenges: 900, haste: 2, ..USUAL },
            Self::Drops => Mix { cut_off: 250, opened: 150, ..USUAL },
            _ => USUAL,
        }
    }

    /// Applies the phase for this time, then removes all faults.
    pub(crate) async fn last(self, time: Duration, process: &Process, traffic: &Traffic, random: &mut fastrand::Rng) {
        let end = Instant::now() + time;
        let fault = [(Self::Slow, "slow"), (Self::Down, "down"), (Self::Full, "stop")];
        if let Some((_, command)) = fault.into_iter().find(|(phase, _)| *phase == self) {
            process.command(command).await;
        }
        // The pause between two changes is 2 to 8 % of the phase.
        let next = |random: &mut fastrand::Rng| sleep(time.mul_f64(0.02 + 0.06 * random.f64()));
        while matches!(self, Self::Rotation | Self::Mixed) && Instant::now() < end {
            next(random).await;
            if self == Self::Rotation {
                traffic.rotate(process).await;
                continue;
            }
            match random.u8(..8) {
                0 => _ = process.command("slow").await,
                1 => _ = process.command("down").await,
                2 => _ = process.command("stop").await,
                3 => traffic.rotate(process).await,
                4 => traffic.usual_as_in(random.choice(Self::ALL).unwrap()),
                5 => _ = process.command("go").await,
                _ => process.recover().await,
            }
        }
        sleep_until(end).await;
        process.recover().await;
    }
}
