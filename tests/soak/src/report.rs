//! The report of a soak: measurements and verdicts.

use std::fmt;
use std::time::Duration;

use birdhook_test_harness::journal::Balance;
use birdhook_test_harness::statistics::median;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use crate::gauge::Sample;
use crate::phase::Phase;
use crate::process::{Held, State};
use crate::settings::{Settings, name};
use crate::tally::{Asked, Tally};

const MIB: f64 = (1 << 20) as f64;

/// Tolerated growth of memory between two quarters: a share of it, plus a number of bytes.
///
/// The bytes are doubled for a soak with phases below 1 s, which is hardly warmed up.
const BOUND: (f64, f64) = (0.05, 2.0 * MIB);

/// Tolerated growth of the number of open files, per sender. A sender has up to three connections.
const FILES: f64 = 0.5;

pub(crate) struct Outcome {
    /// The tallies of each phase. The last one is for requests that do not count.
    pub(crate) tallies: Vec<Tally>,
    pub(crate) samples: Vec<Sample>,
    /// The number of events sent before each round, and at the end.
    pub(crate) counted: Vec<usize>,
    pub(crate) balance: Balance,
    pub(crate) violations: Vec<String>,
    pub(crate) state: State,
    pub(crate) held: Held,
    pub(crate) files_before: usize,
    pub(crate) files: usize,
}

#[derive(Clone, Debug)]
pub struct Verdict {
    pub what: &'static str,
    pub holds: bool,
    pub text: String,
}

pub struct Report {
    pub balance: Balance,
    pub verdicts: Vec<Verdict>,
    title: String,
    table: Table,
    rounds: String,
}

impl Report {
    pub(crate) fn new(settings: &Settings, outcome: &Outcome) -> Self {
        let Settings { sink, seed, phase, rounds, rate, deadline, .. } = settings;
        let mut all = Tally::default();
        outcome.tallies.iter().for_each(|tally| all.add(tally));
        let title = format!(
            "{}: {} requests and {} events; {rounds} rounds of {} phases of {phase:.1?} each, and one that does not count; \
             {rate} requests/s wanted, deadline {deadline:.1?}, seed {seed}",
            name(sink),
            all.requests(),
            outcome.balance.sent,
            Phase::ALL.len()
        );
        let verdicts = vec![
            outcome.flat("memory, resident", settings, |held| held.memory.resident),
            outcome.flat("memory, proportional", settings, |held| held.memory.proportional),
            outcome.files_flat(settings),
            outcome.at_rest(),
            outcome.answers(&all),
            outcome.even(),
        ];
        let (table, rounds) = (outcome.table(settings), outcome.by_rounds(settings));
        Self { balance: outcome.balance, verdicts, title, table, rounds }
    }

    pub fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.holds)
    }

    pub fn broken(&self) -> Vec<&'static str> {
        self.verdicts.iter().filter(|verdict| !verdict.holds).map(|verdict| verdict.what).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n{}\n\n{}\n", self.title, self.table, self.rounds)?;
        for Verdict { what, holds, text } in &self.verdicts {
            writeln!(f, "{} {what}: {text}", if *holds { "ok    " } else { "BROKEN" })?;
        }
        Ok(())
    }
}

impl Outcome {
    /// Returns the medians over the second and the last quarter of the rounds. Each quarter
    /// contains every phase equally often.
    fn quarters(&self, settings: &Settings, of: impl Fn(&Sample) -> f64) -> (f64, f64) {
        let quarter = settings.rounds / 4;
        let within = |first: usize| {
            let inside = self.samples.iter().filter(|sample| (first..first + quarter).contains(&sample.round));
            median(inside.map(&of))
        };
        (within(quarter + 1), within(3 * quarter + 1))
    }

    fn flat(&self, what: &'static str, settings: &Settings, of: impl Fn(&Held) -> f64) -> Verdict {
        let (second, last) = self.quarters(settings, |sample| of(&sample.held));
        let is_short = settings.phase < Duration::from_secs(1);
        let bound = second * (1.0 + BOUND.0) + BOUND.1 * if is_short { 2.0 } else { 1.0 };
        let quarter = settings.rounds / 4;
        let between = self.counted[3 * quarter + 1] - self.counted[quarter + 1];
        let text = format!(
            "median {:.2} MiB in the second quarter, {:.2} MiB in the last, at most {:.2} MiB wanted (a leak of {:.0} bytes an \
             event would be over it)",
            second / MIB,
            last / MIB,
            bound / MIB,
            (bound - second) / between as f64
        );
        Verdict { what, holds: last <= bound, text }
    }

    fn files_flat(&self, settings: &Settings) -> Verdict {
        let (second, last) = self.quarters(settings, |sample| sample.held.files as f64);
        let more = FILES * settings.senders as f64;
        let most = self.samples.iter().map(|sample| sample.held.files).max().unwrap_or_default();
        let text = format!(
            "median {second:.0} in the second quarter, {last:.0} in the last, {most} at most; no more than {more:.0} more wanted"
        );
        Verdict { what: "open files", holds: last <= second + more, text }
    }

    fn at_rest(&self) -> Verdict {
        let State { in_flight, body_bytes, queue, .. } = self.state;
        let holds = self.files == self.files_before && (in_flight, body_bytes, queue) == (0, 0, 0);
        let text = format!(
            "{} open files, {} before; in flight {in_flight} deliveries, {body_bytes} bytes; queued {queue}; {:.2} MiB resident",
            self.files,
            self.files_before,
            self.held.memory.resident / MIB
        );
        Verdict { what: "at rest", holds, text }
    }

    fn answers(&self, all: &Tally) -> Verdict {
        let wrong: Vec<_> = all.wrong().into_iter().chain(self.violations.iter().take(3).cloned()).collect();
        use Asked::{Challenge, CutOff, Delivery, Forged, Oversized};
        let counts = [Delivery, Challenge, Forged, Oversized, CutOff].map(|kind| all.count(|asked, _| asked == kind));
        let [deliveries, challenges, forged, oversized, cut_off] = counts;
        let text = match wrong.is_empty() {
            true => format!(
                "{deliveries} deliveries, {challenges} challenges, {forged} forged, {oversized} too long and {cut_off} cut \
                 off were answered as they must be"
            ),
            false => wrong.join("; "),
        };
        Verdict { what: "answers", holds: wrong.is_empty() && self.violations.is_empty(), text }
    }

    fn even(&self) -> Verdict {
        let Balance { sent, unanswered, lost, doubled, changed, invented } = self.balance;
        let text = format!(
            "of {sent} events sent {unanswered} never answered 200, {lost} answered 200 and not consumed, {doubled} consumed \
             twice, {changed} changed, {invented} never sent"
        );
        Verdict { what: "journal", holds: self.balance == Balance { sent, ..Balance::default() }, text }
    }

    fn by_rounds(&self, settings: &Settings) -> String {
        let one = |round: usize| {
            let samples = self.samples.iter().filter(|sample| sample.round == round);
            format!("{:.2}", median(samples.map(|sample| sample.held.memory.resident)) / MIB)
        };
        let all: Vec<_> = (0..=settings.rounds).map(one).collect();
        format!("MiB resident, by rounds, from the one that does not count: {}", all.join(", "))
    }

    fn table(&self, settings: &Settings) -> Table {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        let head = ["phase", "requests/s", "200", "503", "401", "413", "408", "none"];
        let more = ["p50 ms", "p99 ms", "RSS MiB", "PSS MiB", "open files", "queued at most"];
        table.set_header(head.into_iter().chain(more));
        let seconds = settings.phase.as_secs_f64() * settings.rounds as f64;
        for (place, phase) in Phase::ALL.iter().enumerate() {
            let tally = &self.tallies[place];
            let samples = || self.samples.iter().filter(move |sample| sample.place == place);
            let middle = |of: fn(&Held) -> f64| median(samples().map(|sample| of(&sample.held)));
            let with = |wanted: u16| tally.count(|_, status| status == wanted).to_string();
            let mut row = vec![phase.name().to_owned(), format!("{:.0}", tally.requests() as f64 / seconds)];
            row.extend([200, 503, 401, 413, 408, 0].map(with));
            row.extend([0.5, 0.99].map(|share| format!("{:.2}", tally.within(share))));
            row.push(format!("{:.2}", middle(|held| held.memory.resident) / MIB));
            row.push(format!("{:.2}", middle(|held| held.memory.proportional) / MIB));
            row.push(format!("{:.0}", middle(|held| held.files as f64)));
            row.push(samples().map(|sample| sample.queue).max().unwrap_or_default().to_string());
            table.add_row(row);
        }
        table
    }
}
