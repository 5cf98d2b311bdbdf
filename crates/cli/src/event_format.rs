//! Formats events as lines.

use anyhow::Result;
use birdhook::activity::User;
use birdhook::event::{ApiSource, Timestamp};
use birdhook::{Activity, Event};

use crate::output::{self, FAINT, STRONG, plural, shown, styled};

/// Width of the column of kinds: that of the longest.
const KIND_WIDTH: usize = "broadcast_message_removed".len();

#[derive(Clone, Copy, Debug)]
pub(crate) struct EventFormat {
    json: bool,
    raw: bool,
    /// Adds the member `type` to the JSON, for output that also has other records.
    has_type: bool,
}

impl EventFormat {
    pub(crate) fn new(json: bool, raw: bool) -> Self {
        Self { json, raw, has_type: false }
    }

    pub(crate) fn with_type(self) -> Self {
        Self { has_type: true, ..self }
    }

    pub(crate) fn print(self, event: &Event) -> Result<()> {
        output::line(self.line(event, None)?)
    }

    /// Returns the line of an event, safe for a terminal. Text has the time of arrival, if known, for
    /// an event without a time.
    pub(crate) fn line(self, event: &Event, arrival: Option<Timestamp>) -> Result<String> {
        if !self.json {
            return Ok(describe(event, arrival));
        }
        let report = event.report();
        let mut line = output::json_line(&if self.raw { report.with_raw() } else { report })?;
        if self.has_type && line.pop() == Some('}') {
            // At the end, because `kind` is documented as the first member.
            line += ",\"type\":\"event\"}";
        }
        Ok(line)
    }
}

fn describe(event: &Event, arrival: Option<Timestamp>) -> String {
    let activity = event.activity();
    let is_arrival = event.occurred_at().is_none() && arrival.is_some();
    let time = event.occurred_at().or(arrival).map_or("(no timestamp)".to_owned(), |time| time.to_string());
    let mut line = format!(
        "{} {}",
        styled(FAINT, format!("{time:24}")),
        styled(STRONG, format!("{:KIND_WIDTH$}", event.kind().as_str()))
    );
    let (actor, target) = (activity.actor().and_then(name), activity.target().and_then(name));
    line += &match (actor, target) {
        (Some(actor), Some(target)) => format!(" {actor} -> {target}"),
        (Some(actor), None) => format!(" {actor}"),
        (None, Some(target)) => format!(" (unknown user) -> {target}"),
        (None, None) => " -".to_owned(),
    };
    if let Activity::PostCreated(new) = &activity
        && let Some(relation) = new.relation
    {
        line += &format!(" ({})", format!("{relation:?}").to_lowercase());
    }
    if let Activity::ProfileUpdated(update) = &activity {
        line += &format!(" {}", shown(&update.field));
    }
    match (activity.text(), &activity) {
        (Some(text), _) => line += &format!(" \"{}\"", shown(text)),
        (None, Activity::Unknown { raw }) => {
            let name = if event.name().is_empty() { "(no known member)" } else { event.name() };
            line += &format!(" {} ({})", shown(name), plural(raw.as_str().len(), "byte"));
        }
        (None, Activity::PostDeleted(deleted)) => {
            line += &format!(" post {}", shown(deleted.post_id.as_deref().unwrap_or("(no id)")));
        }
        (None, Activity::ChatChanged(chat)) => line += &format!(" {}", shown(&chat.event)),
        (None, Activity::ReplayFinished(replay)) => {
            let state = if replay.complete == Some(true) { "complete" } else { "incomplete" };
            line += &format!(" job {} {state}", shown(replay.job_id.as_deref().unwrap_or("(no id)")));
        }
        _ => {}
    }
    let subscriber = event.subscriber().map(|id| format!(" for {}", shown(id))).unwrap_or_default();
    let api = match event.api_source() {
        ApiSource::AccountActivity => "AAA",
        ApiSource::XActivity => "XAA",
        ApiSource::FilteredStream => "filtered stream",
        ApiSource::Replay => "replay",
        _ => "unknown shape",
    };
    let keyword = event.keyword().map(|word| format!(" for the keyword {}", shown(word))).unwrap_or_default();
    let replayed = if event.is_replay() { ", replayed" } else { "" };
    let arrival = if is_arrival { ", time of arrival" } else { "" };
    line + &styled(FAINT, format!(" [{api}{subscriber}{keyword}, app {}{replayed}{arrival}]", shown(event.app())))
}

fn name(user: &User<'_>) -> Option<String> {
    match (user.handle.as_deref(), user.id.as_deref()) {
        (Some(handle), _) => Some(format!("@{}", shown(handle))),
        (None, Some(id)) => Some(shown(id)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use birdhook::EventKind;

    use super::*;

    #[test]
    fn the_column_of_kinds_fits_each_kind() {
        let longest = EventKind::ALL.iter().map(|kind| kind.as_str().len()).max();
        assert_eq!(longest, Some(KIND_WIDTH));
    }
}
