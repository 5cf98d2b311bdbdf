//! The processor and the CPU time of measured processes.

use std::fs;
use std::iter::Sum;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Pins this thread, and the threads it starts later, to one processor.
///
/// With too few processors, threads share one.
pub(crate) fn pin(processor: usize) {
    run_on([processor]);
}

/// Lets this thread, and the threads it starts later, run on the first two processors.
pub(crate) fn unpin() {
    run_on([0, 1]);
}

fn run_on<const N: usize>(processors: [usize; N]) {
    let mut set = CpuSet::new();
    processors.iter().for_each(|processor| set.set(*processor));
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("cannot run on processors {processors:?} alone: {error}");
    }
}

/// Seconds that all threads of a process ran, and that they waited for a processor.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) running: f64,
    pub(crate) waiting: f64,
}

impl Spent {
    pub(crate) fn of(process: u32) -> Self {
        let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a process that runs");
        let spent = threads.filter_map(|thread| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            let mut nanoseconds = text.split_ascii_whitespace().map_while(|number| number.parse::<f64>().ok());
            Some(Self { running: nanoseconds.next()? / 1e9, waiting: nanoseconds.next()? / 1e9 })
        });
        spent.sum()
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self { running: self.running - before.running, waiting: self.waiting - before.waiting }
    }
}

impl Sum for Spent {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            running: sum.running + one.running,
            waiting: sum.waiting + one.waiting,
        })
    }
}

#[cfg(test)]
mod tests {
    use birdhook_test_harness::proc::Memory;

    use super::*;

    #[test]
    fn work_is_seen() {
        let own = std::process::id();
        let before = Spent::of(own);
        let started = std::time::Instant::now();
        while started.elapsed().as_millis() < 30 {}
        assert!(Spent::of(own).since(before).running > 0.001);
        assert!(Memory::of(own).resident >= Memory::of(own).proportional);
    }
}
