//! The top level of a body.

use std::borrow::Cow;

use super::account_activity::AccountActivity;
use super::activity_api::Data;
use super::event_builder::EventBuilder;
use super::fields::MAX_ID_LEN;
use super::filtered_stream::{self, Rule};
use super::replay::{self, Meta};
use crate::event::kind::ApiSource;
use crate::json::cursor::Cursor;
use crate::json::lenient::Lenient;
use crate::json::value::Id;

/// The maximum number of events in a body if each event needs the whole body: in an activity, and
/// in a body that mixes several shapes. Otherwise each of thousands of events would carry the whole
/// body.
const MAX_UNDIVIDED_EVENTS: usize = 16;

/// A body, in all shapes that X sends.
pub(super) struct Body<'a> {
    /// The events of all shapes are collected here.
    pub(super) account_activity: AccountActivity<'a>,
    pub(super) includes: Option<&'a str>,
    pub(super) matching_rules: Option<&'a str>,
    data: Option<Data<'a>>,
    replay_status: Option<&'a str>,
    /// The end of a replay, with the name used in one of X's examples.
    replay_event: Option<&'a str>,
    meta: Meta,
    /// Whether the body has more than Account Activity API events and the members that they share.
    is_undivided: bool,
}

impl<'a> Body<'a> {
    pub(super) fn with_room(room: usize) -> Self {
        Self {
            account_activity: AccountActivity::with_room(room),
            includes: None,
            matching_rules: None,
            data: None,
            replay_status: None,
            replay_event: None,
            meta: Meta::default(),
            is_undivided: false,
        }
    }

    /// Reads the value of a member.
    pub(super) fn read_member(&mut self, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        self.is_undivided |= matches!(name, "data" | "matching_rules" | "replay_job_status" | "replay_event");
        match name {
            "data" if cursor.peek()? == b'{' => {
                let room = self.account_activity.room.min(MAX_UNDIVIDED_EVENTS);
                self.data.insert(Data::default()).read(room, cursor)?;
            }
            "includes" => self.includes = Some(cursor.skip()?),
            "matching_rules" => self.matching_rules = Some(cursor.skip()?),
            "meta" => self.meta = cursor.value::<Lenient<_>>()?.0.0.unwrap_or_default(),
            "replay_event" if cursor.peek()? == b'{' => self.replay_event = Some(cursor.skip()?),
            "replay_job_status" if cursor.peek()? == b'{' => self.replay_status = Some(cursor.skip()?),
            _ => return self.account_activity.read_member(name, cursor),
        }
        Some(())
    }

    /// Decides which shapes the body has, in the order that X's documentation implies. Keeps the
    /// events of every shape.
    pub(super) fn collect_events(&mut self, body: &'a str) {
        let found = &mut self.account_activity;
        if let Some(text) = self.replay_status {
            found.events.push(replay::status(text));
        }
        if let Some(text) = self.replay_event {
            found.events.push(replay::event(text, body.trim()));
        }
        let rules = self.matching_rules.and_then(|rules| serde_json::from_str::<Lenient<Vec<Rule<'_>>>>(rules).ok());
        match (&mut self.data, rules.and_then(|rules| rules.0)) {
            (Some(data), _) if data.is_activity() => {
                let mut inner = data.events(found.room.min(MAX_UNDIVIDED_EVENTS));
                found.subscriber = found.subscriber.take().or(inner.subscriber.filter(|_| data.subscriber().is_none()));
                found.users = found.users.or(inner.users);
                found.apps = found.apps.or(inner.apps);
                found.is_overfull |= inner.is_overfull;
                found.events.append(&mut inner.events);
            }
            (Some(data), Some(rules)) => found.events.extend(filtered_stream::matched_post(data, body, &rules)),
            _ => {}
        }
        let subscriber = found.subscriber.as_ref().or(self.data.as_ref().and_then(Data::subscriber));
        found.is_overfull |= subscriber.is_some_and(|id| id.len() > MAX_ID_LEN);
        found.is_overfull |= self.is_undivided && found.events.len() > MAX_UNDIVIDED_EVENTS;
        if found.is_overfull {
            found.events.clear();
        }
        if found.events.is_empty() {
            let api_source = if found.is_present { ApiSource::AccountActivity } else { ApiSource::Unknown };
            found.events.push(EventBuilder::unknown(api_source, Cow::Borrowed(""), body.trim()));
        }
    }

    /// Returns the data of an activity.
    pub(super) fn activity(&self) -> Option<&Data<'a>> {
        self.data.as_ref().filter(|data| data.is_activity())
    }

    /// Returns the subscriber's id, unless it is too long.
    pub(super) fn subscriber(&self) -> Option<&Id<'a>> {
        let subscriber = self.account_activity.subscriber.as_ref().or(self.activity().and_then(Data::subscriber));
        subscriber.filter(|id| id.len() <= MAX_ID_LEN)
    }

    /// Returns whether X marks the delivery as replayed.
    pub(super) fn is_replay(&self) -> bool {
        self.meta.replay.or(self.activity().and_then(|data| data.meta.replay)) == Some(true)
    }
}
