//! Formats events as lines.

use anyhow::Result;
use birdhook::activity::User;
use birdhook::{Activity, Event, event::ApiSource};

use crate::output::{self, FAINT, STRONG, shown, styled};

#[derive(Clone, Copy, Debug)]
pub(crate) enum EventFormat {
    Line,
    Json,
    JsonWithRaw,
}

impl EventFormat {
    pub(crate) fn new(json: bool, raw: bool) -> Self {
        match (json, raw) {
            (false, _) => Self::Line,
            (true, false) => Self::Json,
            (true, true) => Self::JsonWithRaw,
        }
    }

    pub(crate) fn print(self, event: &Event) -> Result<()> {
        output::line(self.line(event)?)
    }

    /// Returns the line of an event, safe for a terminal.
    pub(crate) fn line(self, event: &Event) -> Result<String> {
        match self {
            Self::Line => Ok(describe(event)),
            Self::Json => output::json_line(&event.report()),
            Self::JsonWithRaw => output::json_line(&event.report().with_raw()),
        }
    }
}

fn describe(event: &Event) -> String {
    let activity = event.activity();
    let time = event.occurred_at().map_or_else(|| "(no timestamp)".to_owned(), |time| time.to_string());
    let mut line = format!("{} {}", styled(FAINT, format!("{time:24}")), styled(STRONG, event.kind().as_str()));
    let (actor, target) = (activity.actor().map(name), activity.target().map(name));
    match (actor, target) {
        (Some(actor), Some(target)) => line += &format!(" {actor} -> {target}"),
        (Some(actor), None) => line += &format!(" {actor}"),
        (None, Some(target)) => line += &format!(" -> {target}"),
        (None, None) => {}
    }
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
            line += &format!(" {} ({} bytes)", shown(name), raw.as_str().len());
        }
        (None, Activity::PostDeleted(deleted)) => {
            line += &format!(" post {}", shown(deleted.post_id.as_deref().unwrap_or("(no id)")));
        }
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
    line + &styled(FAINT, format!(" [{api}{subscriber}{keyword}, app {}{replayed}]", shown(event.app())))
}

fn name(user: &User<'_>) -> String {
    match (user.handle.as_deref(), user.id.as_deref()) {
        (Some(handle), _) => format!("@{}", shown(handle)),
        (None, Some(id)) => shown(id),
        (None, None) => "(unknown user)".to_owned(),
    }
}
