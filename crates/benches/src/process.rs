//! Measured processes: their processor, CPU time and memory. Complete only on Linux.

use std::fs;
use std::iter::Sum;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Pins this thread, and the threads it starts later, to one processor.
///
/// With too few processors, threads share one.
pub(crate) fn pin(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("processor {processor} is not to be had alone: {error}");
    }
}

/// Raises the limit of open files as far as permitted. Returns the new limit.
pub(crate) fn open_files() -> u64 {
    let most = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit { current: most, maximum: most };
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays: {error}");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
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

/// The memory of a process in bytes: resident, and with shared pages counted in proportion.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) proportional: f64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Self {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).expect("a process that runs");
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("what Linux tells");
            line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") * 1024.0
        };
        Self { resident: bytes("Rss:"), proportional: bytes("Pss:") }
    }
}

#[cfg(test)]
mod tests {
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
