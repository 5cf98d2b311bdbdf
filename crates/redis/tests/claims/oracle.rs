//! Records everything that happens in a run, and checks it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::Reply;
use crate::simulation::TICK;

/// The purpose of a script call, regardless of its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Whether each key was granted.
    Claim(Vec<bool>),
    Busy,
    Done,
    Release,
}

impl Call {
    pub fn of(code: &str, reply: &Reply) -> Self {
        match (code, reply) {
            (include_str!("../../src/dedupe/claim.lua"), Reply::Nil) => Self::Busy,
            (include_str!("../../src/dedupe/claim.lua"), Reply::Bulk(ours)) => {
                Self::Claim(ours.iter().map(|&flag| flag == b'1').collect())
            }
            (include_str!("../../src/dedupe/done.lua"), _) => Self::Done,
            (include_str!("../../src/dedupe/release.lua"), _) => Self::Release,
            _ => panic!("an unknown script"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A receiver called a script.
    Called { from: IpAddr, keys: Vec<String>, call: Call },
    /// An inner sink began with an event.
    Began { host: IpAddr, delivery: u64, key: String },
    /// It returned `Ok` for an event.
    Accepted { host: IpAddr, delivery: u64, key: String },
    /// A receiver answered a delivery.
    Answered { host: IpAddr, keys: Vec<String>, answer: String },
    /// A fault began or ended.
    Fault(String),
    /// Redis lost its data.
    Forgot,
}

/// The log of a run.
#[derive(Clone, Default)]
pub struct Oracle(Arc<Mutex<Vec<(Duration, Entry)>>>);

impl Oracle {
    pub fn note(&self, entry: Entry) {
        let at = turmoil::sim_elapsed().unwrap_or_default();
        self.note_at(at, entry);
    }

    pub fn note_at(&self, at: Duration, entry: Entry) {
        self.0.lock().unwrap().push((at, entry));
    }

    pub fn called(&self, from: IpAddr, keys: &[String], call: Call) {
        let keys = keys.iter().map(|key| key.trim_start_matches("{birdhook}:").to_owned()).collect();
        self.note(Entry::Called { from, keys, call });
    }

    pub fn log(&self) -> Vec<(Duration, Entry)> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the last log lines that concern this key, for people to read.
    pub fn log_of(&self, key: &str) -> String {
        let concerns = |entry: &Entry| match entry {
            Entry::Called { keys, .. } | Entry::Answered { keys, .. } => keys.iter().any(|other| other == key),
            Entry::Began { key: other, .. } | Entry::Accepted { key: other, .. } => other == key,
            Entry::Fault(_) | Entry::Forgot => true,
        };
        let log = self.log();
        let lines = log.iter().filter(|(_, entry)| concerns(entry));
        lines.map(|(at, entry)| format!("  {:>8.3} {entry:?}\n", at.as_secs_f64()).replace(key, "KEY")).collect()
    }
}

/// The state of one key while the log is read.
#[derive(Default)]
struct Known {
    /// The last claim that each receiver was granted.
    granted: BTreeMap<IpAddr, Grant>,
    /// The log line at which Redis recorded that the key is done.
    done: Option<usize>,
    accepted: Vec<Grant>,
}

/// A claim in the log.
#[derive(Clone, Copy)]
struct Grant {
    line: usize,
    at: Duration,
}

/// The number of each kind of event in a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub events: usize,
    /// Claims that found an event in flight.
    pub busy: usize,
    /// Events delivered again because Redis lost its data.
    pub forgotten: usize,
    /// Events delivered again because Redis did not record them before their claim expired.
    pub unrecorded: usize,
    /// Delivered events that Redis had not recorded at the end.
    pub never_recorded: usize,
}

/// # Errors
/// Returns the key, and the rule that it violates.
pub fn check(log: &[(Duration, Entry)], in_flight: Duration) -> Result<Counts, (String, &'static str)> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut begun: BTreeMap<(u64, String), Grant> = BTreeMap::new();
    let mut forgot = None;
    let mut counts = Counts::default();
    for (line, (at, entry)) in log.iter().enumerate() {
        match entry {
            Entry::Called { from, keys, call } => {
                let is_valid =
                    |grant: &Grant| *at < grant.at + in_flight && forgot.is_none_or(|forgot| grant.line > forgot);
                let is_claimed = |key| known.get(key).is_some_and(|known: &Known| known.granted.values().any(is_valid));
                if *call == Call::Busy {
                    counts.busy += 1;
                    if !keys.iter().any(is_claimed) {
                        return Err((keys[0].clone(), "a claim blocks others after it has expired"));
                    }
                }
                for (place, key) in keys.iter().enumerate() {
                    let facts = known.entry(key.clone()).or_default();
                    match call {
                        Call::Claim(ours) if ours[place] => {
                            facts.granted.insert(*from, Grant { line, at: *at });
                        }
                        Call::Done => _ = facts.done.get_or_insert(line),
                        _ => {}
                    }
                }
            }
            Entry::Began { host, delivery, key } => {
                let facts = known.entry(key.clone()).or_default();
                let Some(grant) = facts.granted.get(host) else {
                    return Err((key.clone(), "delivered without a claim"));
                };
                begun.insert((*delivery, key.clone()), *grant);
                if facts.done.is_some_and(|done| done < grant.line) {
                    return Err((key.clone(), "delivered again although Redis had recorded that it was done"));
                }
            }
            Entry::Accepted { delivery, key, .. } => {
                let grant = begun[&(*delivery, key.clone())];
                // The hosts' clocks differ by at most one tick.
                if *at > grant.at + in_flight + TICK {
                    return Err((key.clone(), "accepted after the claim had expired"));
                }
                let facts = known.entry(key.clone()).or_default();
                for earlier in &facts.accepted {
                    // If two deliveries overlap, either may have been granted first.
                    let (first, second) = if earlier.line < grant.line { (earlier, &grant) } else { (&grant, earlier) };
                    if forgot.is_some_and(|forgot| first.line < forgot) {
                        counts.forgotten += 1;
                    } else if first.at + in_flight <= second.at {
                        counts.unrecorded += 1;
                    } else {
                        return Err((key.clone(), "accepted twice"));
                    }
                }
                facts.accepted.push(grant);
            }
            Entry::Answered { keys, answer, .. } if answer == "200" => {
                if let Some(key) = keys.iter().find(|&key| known.get(key).is_none_or(|known| known.accepted.is_empty()))
                {
                    return Err((key.clone(), "answered 200, but not accepted"));
                }
            }
            Entry::Forgot => {
                forgot = Some(line);
                known.values_mut().for_each(|known| known.done = None);
            }
            Entry::Answered { .. } | Entry::Fault(_) => {}
        }
    }
    counts.events = known.len();
    counts.never_recorded = known.values().filter(|known| !known.accepted.is_empty() && known.done.is_none()).count();
    Ok(counts)
}
