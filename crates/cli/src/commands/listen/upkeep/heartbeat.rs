//! The last sign of life of a receiver, in a file of its inbox's folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::client::api::ReplaySpan;
use birdhook::event::Timestamp;
use serde::{Deserialize, Serialize};

use super::private_file;
use crate::output::note;
use crate::version;

const FILE: &str = "heartbeat.json";

/// The latest version of the file that this version of birdhook reads, and the one it writes.
const VERSION: u32 = 1;

/// Interval between signs of life.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

/// Time without a sign of life after which a running receiver counts as having been down: the
/// machine was suspended, or the inbox refused deliveries.
const MAX_PAUSE: i64 = 3 * 60_000;

/// The contents of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// The first start with this inbox.
    pub(super) since: Timestamp,
    /// The last time at which the receiver accepted deliveries.
    pub(super) alive_at: Timestamp,
    /// The last challenge that was answered.
    pub(super) challenged_at: Option<Timestamp>,
    /// The last delivery signed with another kind of secret than answers challenges.
    pub(super) other_secret_at: Option<Timestamp>,
    /// Spans that X has not replayed yet.
    pub(super) waiting: Vec<ReplaySpan>,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    version: u32,
    since: String,
    alive_at: String,
    challenged_at: Option<String>,
    other_secret_at: Option<String>,
    waiting: Vec<StoredSpan>,
}

#[derive(Deserialize, Serialize)]
struct StoredSpan {
    from: String,
    to: String,
}

impl Heartbeat {
    pub(crate) fn first(now: Timestamp) -> Self {
        Self { since: now, alive_at: now, challenged_at: None, other_secret_at: None, waiting: Vec::new() }
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the file of a folder. A damaged file counts as missing, and is reported.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = Self::path(folder);
        let content = private_file::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let Some(content) = content else { return Ok(None) };
        version::check_json(&path, &content, VERSION)?;
        let heartbeat = serde_json::from_slice(&content).ok().and_then(Self::restore);
        if heartbeat.is_none() {
            note(format!("{} is damaged, so the last sign of life is unknown", path.display()));
        }
        Ok(heartbeat)
    }

    fn restore(stored: Stored) -> Option<Self> {
        let optional = |text: Option<String>| text.as_deref().and_then(Timestamp::parse);
        let span = |one: &StoredSpan| ReplaySpan::around(Timestamp::parse(&one.from)?, Timestamp::parse(&one.to)?);
        Some(Self {
            since: Timestamp::parse(&stored.since)?,
            alive_at: Timestamp::parse(&stored.alive_at)?,
            challenged_at: optional(stored.challenged_at),
            other_secret_at: optional(stored.other_secret_at),
            waiting: stored.waiting.iter().filter_map(span).collect(),
        })
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let span = |one: &ReplaySpan| StoredSpan { from: one.from().to_string(), to: one.to().to_string() };
        let stored = Stored {
            version: VERSION,
            since: self.since.to_string(),
            alive_at: self.alive_at.to_string(),
            challenged_at: self.challenged_at.map(|time| time.to_string()),
            other_secret_at: self.other_secret_at.map(|time| time.to_string()),
            waiting: self.waiting.iter().map(span).collect(),
        };
        let path = Self::path(folder);
        let written = serde_json::to_vec(&stored)
            .map_err(anyhow::Error::from)
            .and_then(|content| Ok(private_file::replace(&path, &content)?));
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Records that the receiver accepts deliveries at `now`. Returns the time since the last sign
    /// of life if that is long enough to be a gap.
    pub(super) fn beat(&mut self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let last = std::mem::replace(&mut self.alive_at, now);
        (now.as_millis().saturating_sub(last.as_millis()) > MAX_PAUSE).then_some((last, now))
    }

    /// Returns the spans to replay after a start at `now`: those that waited, and the time since the
    /// last sign of life.
    pub(super) fn gaps(&self, now: Timestamp) -> Vec<ReplaySpan> {
        let waiting = self.waiting.iter().copied();
        waiting.chain(ReplaySpan::around(self.alive_at, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_795_426_200_000 + minutes * 60_000)
    }

    fn span(from: i64, to: i64) -> ReplaySpan {
        ReplaySpan::around(at(from), at(to)).unwrap()
    }

    #[test]
    fn a_written_heartbeat_is_read_again() {
        let folder = std::env::temp_dir().join(format!("birdhook-heartbeat-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(Heartbeat::read(&folder).unwrap(), None);
        let mut heartbeat = Heartbeat::first(at(0));
        heartbeat.write(&folder).unwrap();
        (heartbeat.alive_at, heartbeat.challenged_at) = (at(9), Some(at(3)));
        (heartbeat.other_secret_at, heartbeat.waiting) = (Some(at(4)), vec![span(-50, -40)]);
        heartbeat.write(&folder).unwrap();
        let read = Heartbeat::read(&folder).unwrap();
        let path = folder.join(FILE);
        std::fs::write(&path, "{").unwrap();
        let damaged = Heartbeat::read(&folder).unwrap();
        std::fs::write(&path, r#"{"version":2,"alive_at":7}"#).unwrap();
        let later = Heartbeat::read(&folder).unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((read, damaged), (Some(heartbeat), None));
        assert!(later.to_string().contains("has version 2"), "{later}");
    }

    #[test]
    fn a_gap_runs_from_the_last_sign_of_life_and_earlier_ones_still_wait() {
        let mut heartbeat = Heartbeat::first(at(-60));
        heartbeat.waiting = vec![span(-200, -100)];
        assert_eq!(heartbeat.gaps(at(0)), [span(-200, -100), span(-60, 0)]);
        assert_eq!(heartbeat.gaps(at(-70)), [span(-200, -100)], "the clock was set back");
    }

    #[test]
    fn a_long_pause_of_a_running_receiver_is_a_gap() {
        let mut heartbeat = Heartbeat::first(at(0));
        assert_eq!(heartbeat.beat(at(1)), None);
        assert_eq!(heartbeat.beat(at(4)), None, "late, but not by a suspended machine");
        assert_eq!(heartbeat.beat(at(64)), Some((at(4), at(64))));
        assert_eq!(heartbeat.beat(at(65)), None, "a gap is reported once");
        assert_eq!(heartbeat.beat(at(2)), None, "the clock was set back");
        assert_eq!(heartbeat.alive_at, at(2));
    }
}
