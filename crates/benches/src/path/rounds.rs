//! Medians of many short rounds, each of which measures everything in turn.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::bench::Bench;
use super::body::Body;
use crate::statistics::Sample;

/// Nanoseconds by name, one value per round.
#[derive(Default)]
pub(super) struct Rounds(BTreeMap<String, Sample>);

impl Rounds {
    pub(super) fn measure(bench: &Bench, rounds: usize, what: &str) -> Self {
        let mut all = Self::default();
        for round in 0..rounds {
            all.read(&bench.run(what), "");
            eprintln!("round {round} is over");
        }
        all
    }

    /// Reads criterion's results: a folder per group and function, with the latest estimates in
    /// `new`.
    fn read(&mut self, folder: &Path, name: &str) {
        if let Ok(text) = fs::read_to_string(folder.join("new/estimates.json")) {
            let estimates: Value = serde_json::from_str(&text).expect("criterion's estimates");
            let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64).expect("a median");
            self.0.entry(name.to_owned()).or_default().push(median);
            return;
        }
        for entry in fs::read_dir(folder).expect("criterion's folder") {
            let entry = entry.expect("criterion's folder");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let inner = entry.file_name().to_string_lossy().into_owned();
                self.read(&entry.path(), &if name.is_empty() { inner } else { format!("{name}/{inner}") });
            }
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Sample> {
        self.0.get(name)
    }

    pub(super) fn of(&self, body: &Body, what: &str) -> Option<&Sample> {
        self.named(&format!("{}/{what}", body.name()))
    }

    pub(super) fn ratio(&self, body: &Body, what: &str, of: &str) -> Option<Sample> {
        Some(self.of(body, what)?.of(self.of(body, of)?))
    }
}
