//! Measures all sizes of one kind in turn.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::Length;
use crate::statistics::Sample;

/// An operation that repeats the given number of times and returns its duration. Its setup is not
/// timed.
pub(super) type Work = Box<dyn FnMut(usize) -> Duration>;

/// A clock that runs only while this thread runs, so other programs do not distort it.
#[derive(Clone, Copy)]
pub(super) struct Clock(Duration);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Self::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    fn now() -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
    }
}

/// Returns the microseconds of each operation, by rounds.
pub(super) fn measure(works: &mut [Work], length: &Length) -> Vec<Sample> {
    let times: Vec<usize> = works.iter_mut().map(|work| times(work, length.slice)).collect();
    let mut samples = vec![Sample::default(); works.len()];
    for round in 0..length.rounds {
        for turn in 0..works.len() {
            // Rotates the order, so that no operation always follows the same one.
            let one = (round + turn) % works.len();
            let took = works[one](times[one]);
            samples[one].push(took.as_secs_f64() * 1e6 / times[one] as f64);
        }
    }
    samples
}

/// Returns the number of repetitions that fill a slice.
fn times(work: &mut Work, slice: Duration) -> usize {
    let mut times = 1;
    loop {
        let took = work(times);
        if took * 4 >= slice || times >= 1 << 20 {
            return ((slice.as_secs_f64() / took.as_secs_f64() * times as f64) as usize).max(1);
        }
        times *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_measured_in_every_round() {
        let work = |micros: u64| Box::new(move |times: usize| Duration::from_micros(micros * times as u64)) as Work;
        let samples = measure(&mut [work(2), work(5000)], &Length::new(true));
        assert_eq!(samples.iter().map(|sample| sample.iter().count()).collect::<Vec<_>>(), [3, 3]);
        assert!((samples[0].median() - 2.0).abs() < 1e-9 && (samples[1].median() - 5000.0).abs() < 1e-9);
    }
}
