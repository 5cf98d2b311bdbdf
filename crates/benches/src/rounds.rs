//! Measures operations in turn, in many short rounds of one run.

use std::time::Duration;

use crate::statistics::Sample;

/// An operation that repeats the given number of times and returns its duration. Its setup is not
/// timed.
pub(crate) type Work = Box<dyn FnMut(usize) -> Duration>;

/// A clock that runs only while this thread runs, so other programs do not distort it.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Duration);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Self::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    #[cfg(target_os = "linux")]
    fn now() -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
    }

    /// Elsewhere, the clock on the wall.
    #[cfg(not(target_os = "linux"))]
    fn now() -> Duration {
        std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }
}

/// Returns the microseconds of each operation, by rounds. A slice is the time of one operation in
/// one round.
pub(crate) fn measure(works: &mut [Work], rounds: usize, slice: Duration) -> Vec<Sample> {
    let times: Vec<usize> = works.iter_mut().map(|work| times(work, slice)).collect();
    let mut samples = vec![Sample::default(); works.len()];
    for round in 0..rounds {
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
        let samples = measure(&mut [work(2), work(5000)], 3, Duration::from_millis(1));
        assert_eq!(samples.iter().map(|sample| sample.iter().count()).collect::<Vec<_>>(), [3, 3]);
        assert!((samples[0].median() - 2.0).abs() < 1e-9 && (samples[1].median() - 5000.0).abs() < 1e-9);
    }
}
