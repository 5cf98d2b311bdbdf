//! The alarms that were raised, and who has been notified of them, in a file of the inbox's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use birdhook::event::Timestamp;
use serde::{Deserialize, Serialize};

use super::alarm::{AlarmId, Facts, Words};
use super::private_file;
use crate::output::note;
use crate::version;

const FILE: &str = "alarms.json";

/// The latest version of the file that this version of birdhook reads, and the one it writes.
const VERSION: u32 = 1;

/// The raised alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RaisedAlarms(BTreeMap<AlarmId, Raised>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Raised {
    since: Timestamp,
    words: Words,
    /// Targets that were notified of the beginning, and not of the end.
    notified: BTreeSet<String>,
    ended_at: Option<Timestamp>,
}

/// A notification to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notification {
    pub(super) id: AlarmId,
    pub(super) since: Timestamp,
    pub(super) words: Words,
    /// `None` at the beginning.
    pub(super) ended_at: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    version: u32,
    alarms: Vec<StoredAlarm>,
}

#[derive(Deserialize, Serialize)]
struct StoredAlarm {
    #[serde(flatten)]
    id: AlarmId,
    since: String,
    #[serde(flatten)]
    words: Words,
    notified: BTreeSet<String>,
    ended_at: Option<String>,
}

impl RaisedAlarms {
    /// Compares the raised alarms with those of a state. An alarm that the state does not decide
    /// stays as it is.
    pub(super) fn update(&mut self, alarms: BTreeMap<AlarmId, Words>, facts: &Facts) {
        for (id, raised) in &mut self.0 {
            if raised.ended_at.is_none() && facts.decides(id.alarm) && !alarms.contains_key(id) {
                raised.ended_at = Some(facts.now);
            }
        }
        for (id, words) in alarms {
            let new = || Raised { since: facts.now, words: words.clone(), notified: BTreeSet::new(), ended_at: None };
            let raised = self.0.entry(id).or_insert_with(new);
            // If it begins again before each target was notified of the end, it has not ended.
            (raised.words, raised.ended_at) = (words, None);
        }
    }

    /// Returns what a target has not been notified of.
    pub(super) fn due(&self, target: &str) -> Vec<Notification> {
        let is_due = |raised: &Raised| raised.ended_at.is_some() == raised.notified.contains(target);
        let due = self.0.iter().filter(|(_, raised)| is_due(raised));
        due.map(|(id, raised)| {
            let Raised { since, words, ended_at, .. } = raised.clone();
            Notification { id: id.clone(), since, words, ended_at }
        })
        .collect()
    }

    /// Records that a target was notified.
    pub(super) fn sent(&mut self, target: &str, notification: &Notification) {
        if let Some(raised) = self.0.get_mut(&notification.id) {
            match notification.ended_at {
                None => _ = raised.notified.insert(target.to_owned()),
                Some(_) => _ = raised.notified.remove(target),
            }
        }
    }

    /// Removes the ended alarms of which each of these targets was notified.
    pub(super) fn prune(&mut self, targets: &[String]) {
        let is_left = |raised: &Raised| targets.iter().any(|target| raised.notified.contains(target));
        self.0.retain(|_, raised| raised.ended_at.is_none() || is_left(raised));
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the file of a folder. A damaged file counts as empty, and is reported.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = Self::path(folder);
        let content = private_file::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let Some(content) = content else { return Ok(Self::default()) };
        version::check_json(&path, &content, VERSION)?;
        let restored = serde_json::from_slice(&content).ok().and_then(Self::restore);
        Ok(restored.unwrap_or_else(|| {
            note(format!("{} is damaged, so alarms that last are sent again", path.display()));
            Self::default()
        }))
    }

    fn restore(stored: Stored) -> Option<Self> {
        let alarm = |stored: StoredAlarm| {
            let ended_at = stored.ended_at.as_deref().and_then(Timestamp::parse);
            let since = Timestamp::parse(&stored.since)?;
            Some((stored.id, Raised { since, words: stored.words, notified: stored.notified, ended_at }))
        };
        stored.alarms.into_iter().map(alarm).collect::<Option<_>>().map(Self)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let alarm = |(id, raised): (&AlarmId, &Raised)| StoredAlarm {
            id: id.clone(),
            since: raised.since.to_string(),
            words: raised.words.clone(),
            notified: raised.notified.clone(),
            ended_at: raised.ended_at.map(|time| time.to_string()),
        };
        let stored = Stored { version: VERSION, alarms: self.0.iter().map(alarm).collect() };
        let path = Self::path(folder);
        let written = serde_json::to_vec(&stored)
            .map_err(anyhow::Error::from)
            .and_then(|content| Ok(private_file::replace(&path, &content)?));
        written.with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::{LIMITS, healthy, hour};
    use super::super::alarm::{AlarmKind, alarms};
    use super::*;

    struct Bench {
        facts: Facts,
        raised: RaisedAlarms,
        targets: Vec<String>,
    }

    impl Bench {
        fn new() -> Self {
            let targets = ["a", "b"].map(str::to_owned).to_vec();
            Self { facts: healthy(), raised: RaisedAlarms::default(), targets }
        }

        /// Updates the alarms, and sends what is due to the targets that accept it. Returns what was
        /// sent.
        fn step(&mut self, accepting: &[&str]) -> Vec<String> {
            self.raised.update(alarms(&self.facts, LIMITS), &self.facts);
            let mut sent = Vec::new();
            for target in accepting {
                for notification in self.raised.due(target) {
                    let state = if notification.ended_at.is_some() { "ended" } else { "raised" };
                    sent.push(format!("{target}: {} {state}", notification.id));
                    self.raised.sent(target, &notification);
                }
            }
            self.raised.prune(&self.targets);
            sent
        }
    }

    const BOTH: &[&str] = &["a", "b"];

    #[test]
    fn each_target_is_notified_once_of_a_state_and_of_its_end() {
        let mut bench = Bench::new();
        assert!(bench.step(BOTH).is_empty());
        bench.facts.dead_letters = 1;
        assert_eq!(bench.step(BOTH), ["a: dead_letters raised", "b: dead_letters raised"]);
        bench.facts.dead_letters = 2;
        assert!(bench.step(BOTH).is_empty(), "the state is the same");
        bench.facts.dead_letters = 0;
        assert_eq!(bench.step(BOTH), ["a: dead_letters ended", "b: dead_letters ended"]);
        assert!(bench.step(BOTH).is_empty());
        assert_eq!(bench.raised, RaisedAlarms::default());
        bench.facts.dead_letters = 1;
        assert_eq!(bench.step(BOTH).len(), 2, "a new state");
    }

    #[test]
    fn a_target_that_refuses_is_notified_later_and_the_others_are_not_again() {
        let mut bench = Bench::new();
        bench.facts.dead_letters = 1;
        assert_eq!(bench.step(&["a"]), ["a: dead_letters raised"]);
        assert_eq!(bench.step(BOTH), ["b: dead_letters raised"]);
        bench.facts.dead_letters = 0;
        assert_eq!(bench.step(&["b"]), ["b: dead_letters ended"]);
        assert_eq!(bench.step(BOTH), ["a: dead_letters ended"]);
    }

    #[test]
    fn a_state_that_ends_before_a_target_accepts_it_is_not_sent_there() {
        let mut bench = Bench::new();
        bench.facts.dead_letters = 1;
        assert_eq!(bench.step(&["a"]).len(), 1);
        bench.facts.dead_letters = 0;
        assert_eq!(bench.step(BOTH), ["a: dead_letters ended"]);
    }

    #[test]
    fn a_state_that_returns_before_its_end_was_sent_has_not_ended() {
        let mut bench = Bench::new();
        bench.facts.dead_letters = 1;
        bench.step(BOTH);
        bench.facts.dead_letters = 0;
        bench.step(&["a"]);
        bench.facts.dead_letters = 1;
        assert_eq!(bench.step(BOTH), ["a: dead_letters raised"], "b was not notified of the end");
    }

    #[test]
    fn a_restart_loses_no_end_and_an_unknown_state_ends_nothing() {
        let folder = std::env::temp_dir().join(format!("birdhook-alarms-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut bench = Bench::new();
        bench.facts.webhook = Some(Some("invalid".to_owned()));
        assert_eq!(bench.step(BOTH).len(), 2);
        bench.raised.write(&folder).unwrap();

        bench.raised = RaisedAlarms::read(&folder).unwrap();
        (bench.facts.webhook, bench.facts.now, bench.facts.challenged_at) = (None, hour(1), Some(hour(0)));
        assert!(bench.step(BOTH).is_empty(), "X has not been asked yet");
        bench.facts.webhook = Some(None);
        let due = {
            bench.raised.update(BTreeMap::new(), &bench.facts);
            bench.raised.due("a")
        };
        let [end] = due.as_slice() else { panic!("{due:?}") };
        assert_eq!((end.id.alarm, end.since, end.ended_at), (AlarmKind::WebhookInvalid, hour(0), Some(hour(1))));
        assert_eq!(bench.step(BOTH).len(), 2);

        let path = folder.join(FILE);
        std::fs::write(&path, "[").unwrap();
        assert_eq!(RaisedAlarms::read(&folder).unwrap(), RaisedAlarms::default());
        std::fs::write(&path, r#"{"version":2}"#).unwrap();
        let later = RaisedAlarms::read(&folder).unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(later.to_string().contains("has version 2"), "{later}");
    }
}
