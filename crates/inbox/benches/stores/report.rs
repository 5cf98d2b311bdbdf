//! Computes medians and prints the table.

use std::collections::BTreeMap;

use birdhook_test_harness::statistics::{median, quantile};

use crate::consuming::Consuming;
use crate::contestants::Contestant;
use crate::folder::Opened;

/// The sides measured in turn: a log, a contestant that starts empty, and one that holds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Log,
    Empty,
    Remembers,
}

pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

#[derive(Default)]
pub(crate) struct Results {
    /// The measurements by number of clients, one per round.
    pub(crate) measured: BTreeMap<(Contestant, Side, usize), Vec<Measured>>,
    /// Bytes on disk per byte of events, one per round.
    pub(crate) disk: BTreeMap<Contestant, Vec<f64>>,
    pub(crate) opened: BTreeMap<Contestant, Vec<Opened>>,
    /// The memory of the inbox without keys.
    pub(crate) memory: f64,
}

pub(crate) const CLIENTS: [usize; 3] = [1, 32, 128];

/// The targets: the rate compared with the log, and with the same store without remembered keys.
const OF_LOG: f64 = 0.6;
const OF_EMPTY: f64 = 0.8;

impl Results {
    fn of(&self, contestant: Contestant, side: Side, clients: usize, value: fn(&Measured) -> f64) -> Vec<f64> {
        let is_asked = |(other, of, with): &(Contestant, Side, usize)| {
            let is_same = contestant == Contestant::Log || *other == contestant;
            is_same && *of == side && *with == clients
        };
        let asked = self.measured.iter().filter(|(key, _)| is_asked(key));
        asked.flat_map(|(_, measured)| measured.iter().map(value)).collect()
    }

    /// Returns the ratio of two sides' rates, one per round.
    fn ratios(&self, contestant: Contestant, side: Side, other: Side, clients: usize) -> Vec<f64> {
        let rates = |side| self.of(contestant, side, clients, |measured| measured.rate);
        rates(side).iter().zip(rates(other)).map(|(this, that)| this / that).collect()
    }

    /// Prints the tables, and the goals together with those of the consumers.
    pub(crate) fn print(&self, keys: usize, consuming: Option<&mut Consuming>) {
        let keys_named =
            if keys.is_multiple_of(1_000_000) { format!("{} M", keys / 1_000_000) } else { keys.to_string() };
        if !self.disk.is_empty() {
            self.print_stores(&keys_named);
        }
        let memory = self.opened.get(&Contestant::Inbox).into_iter().flatten().map(|opened| opened.memory);
        let memory: Vec<f64> = memory.map(|memory| (memory - self.memory) / keys as f64).collect();
        if !memory.is_empty() {
            println!("`Inbox` uses {:.0} bytes of memory per remembered key.\n", median(memory));
        }
        let consumers = consuming.map(Consuming::print).unwrap_or_default();
        self.print_goals(consumers);
    }

    fn print_stores(&self, keys_named: &str) {
        println!(
            "| events/s (vs. log) | 1 client | 128 clients | 128, {keys_named} keys | p50/p99 ms at 1 | at 128 | bytes on disk per byte \
             | opening s, {keys_named} keys |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for contestant in self.disk.keys().copied() {
            println!("| {} |", self.columns(contestant).join(" | "));
        }
        println!();
    }

    fn columns(&self, contestant: Contestant) -> Vec<String> {
        let is_log = contestant == Contestant::Log;
        let own = if is_log { Side::Log } else { Side::Empty };
        let rate = |side, clients| {
            let rate = median(self.of(contestant, side, clients, |measured| measured.rate));
            let of_log = median(self.ratios(contestant, side, Side::Log, clients));
            if is_log { format!("{rate:.0}") } else { format!("{rate:.0} ({of_log:.2})") }
        };
        let times = |clients| {
            let p50 = median(self.of(contestant, own, clients, |measured| measured.p50));
            let p99 = median(self.of(contestant, own, clients, |measured| measured.p99));
            format!("{p50:.2}/{p99:.2}")
        };
        let mut columns = vec![contestant.name().to_owned()];
        columns.extend([1, 128].map(|clients| rate(own, clients)));
        columns.push(if is_log { "-".to_owned() } else { rate(Side::Remembers, 128) });
        columns.extend([times(1), times(128)]);
        columns
            .push(format!("{:.2}", self.disk.get(&contestant).map_or(f64::NAN, |disk| median(disk.iter().copied()))));
        let opened: Vec<_> = self.opened.get(&contestant).into_iter().flatten().map(|opened| opened.seconds).collect();
        columns.push(if is_log { "-".to_owned() } else { format!("{:.3}", median(opened)) });
        columns
    }

    fn print_goals(&self, (mut met, mut missed): (usize, Vec<String>)) {
        for contestant in [Contestant::RedbPacked, Contestant::Inbox] {
            let of_log = self.ratios(contestant, Side::Empty, Side::Log, 128);
            let of_empty = self.ratios(contestant, Side::Remembers, Side::Empty, 128);
            if of_log.is_empty() {
                continue;
            }
            let name = contestant.name();
            for (what, target, ratios) in [("log", OF_LOG, of_log), ("empty", OF_EMPTY, of_empty)] {
                match median(ratios.iter().copied()) {
                    measured if measured >= target => met += 1,
                    measured => missed.push(format!(
                        "| {name}, 128 clients, vs. {what} | {measured:.2} ({}) | ≥{target} |",
                        range(&ratios)
                    )),
                }
            }
        }
        // `cargo xtask bench` reads this line.
        println!("Goals: {met} met, {} not met.", missed.len());
        if !missed.is_empty() {
            println!("\n| goal not met | measured | target |\n|---|---|---|\n{}", missed.join("\n"));
        }
    }
}

pub(crate) fn range(values: &[f64]) -> String {
    let edge = |share| quantile(values.iter().copied(), share);
    format!("{:.2}–{:.2}", edge(0.0), edge(1.0))
}
