//! Activities that are detached from their event, and activities that are read from JSON.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::content::Activity;
use crate::event::kind::EventKind;
use crate::json::owned::IntoOwned;
use crate::json::raw::RawJson;

impl Activity<'_> {
    /// Returns the same activity, detached from its event, so that it can be sent to a task or a queue.
    pub fn into_owned(self) -> Activity<'static> {
        match self {
            Self::PostCreated(content) => Activity::PostCreated(IntoOwned::into_owned(content)),
            Self::PostDeleted(content) => Activity::PostDeleted(content.into_owned()),
            Self::PostMatched(content) => Activity::PostMatched(IntoOwned::into_owned(content)),
            Self::Liked(content) => Activity::Liked(IntoOwned::into_owned(content)),
            Self::Followed(content) => Activity::Followed(IntoOwned::into_owned(content)),
            Self::Unfollowed(content) => Activity::Unfollowed(IntoOwned::into_owned(content)),
            Self::Blocked(content) => Activity::Blocked(IntoOwned::into_owned(content)),
            Self::Unblocked(content) => Activity::Unblocked(IntoOwned::into_owned(content)),
            Self::Muted(content) => Activity::Muted(IntoOwned::into_owned(content)),
            Self::Unmuted(content) => Activity::Unmuted(IntoOwned::into_owned(content)),
            Self::Subscribed(content) => Activity::Subscribed(IntoOwned::into_owned(content)),
            Self::Unsubscribed(content) => Activity::Unsubscribed(IntoOwned::into_owned(content)),
            Self::MessageSent(content) => Activity::MessageSent(IntoOwned::into_owned(content)),
            Self::MessageReceived(content) => Activity::MessageReceived(IntoOwned::into_owned(content)),
            Self::MessagesRead(content) => Activity::MessagesRead(IntoOwned::into_owned(content)),
            Self::Typing(content) => Activity::Typing(IntoOwned::into_owned(content)),
            Self::AccessRevoked(content) => Activity::AccessRevoked(content.into_owned()),
            Self::ProfileUpdated(content) => Activity::ProfileUpdated(IntoOwned::into_owned(content)),
            Self::ChatReceived(content) => Activity::ChatReceived(IntoOwned::into_owned(content)),
            Self::ChatSent(content) => Activity::ChatSent(IntoOwned::into_owned(content)),
            Self::ChatChanged(content) => Activity::ChatChanged(IntoOwned::into_owned(content)),
            Self::ChatRead(content) => Activity::ChatRead(IntoOwned::into_owned(content)),
            Self::ChatTyping(content) => Activity::ChatTyping(IntoOwned::into_owned(content)),
            Self::SpaceStarted(content) => Activity::SpaceStarted(IntoOwned::into_owned(content)),
            Self::SpaceEnded(content) => Activity::SpaceEnded(IntoOwned::into_owned(content)),
            Self::BroadcastStarted(content) => Activity::BroadcastStarted(IntoOwned::into_owned(content)),
            Self::BroadcastEnded(content) => Activity::BroadcastEnded(IntoOwned::into_owned(content)),
            Self::BroadcastMessage(content) => Activity::BroadcastMessage(IntoOwned::into_owned(content)),
            Self::BroadcastMessageRemoved(content) => Activity::BroadcastMessageRemoved(IntoOwned::into_owned(content)),
            Self::NewsPublished(content) => Activity::NewsPublished(IntoOwned::into_owned(content)),
            Self::ReplayFinished(content) => Activity::ReplayFinished(content.into_owned()),
            Self::Unknown { raw } => Activity::Unknown { raw },
        }
    }
}

/// Reads an activity's JSON with `serde_json`. Ignores unknown members. An unknown `kind` is an error.
impl<'de> Deserialize<'de> for Activity<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The JSON text is read twice. serde's own form for enums changes the JSON of an unknown event,
        // and reads no numbers if any crate of the app enables `serde_json/arbitrary_precision`.
        let json = Box::<RawValue>::deserialize(deserializer)?;
        // serde would read a list as the values of a struct.
        if !json.get().starts_with('{') {
            return Err(D::Error::custom("invalid activity: expected an object with the member `kind`"));
        }
        read_activity(json.get()).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
struct Kind {
    kind: EventKind,
}

#[derive(Deserialize)]
struct Unknown {
    raw: Box<RawValue>,
}

fn read_activity(json: &str) -> Result<Activity<'static>, serde_json::Error> {
    let Kind { kind } = read(json)?;
    Ok(match kind {
        EventKind::PostCreated => Activity::PostCreated(read(json)?),
        EventKind::PostDeleted => Activity::PostDeleted(read(json)?),
        EventKind::PostMatched => Activity::PostMatched(read(json)?),
        EventKind::Liked => Activity::Liked(read(json)?),
        EventKind::Followed => Activity::Followed(read(json)?),
        EventKind::Unfollowed => Activity::Unfollowed(read(json)?),
        EventKind::Blocked => Activity::Blocked(read(json)?),
        EventKind::Unblocked => Activity::Unblocked(read(json)?),
        EventKind::Muted => Activity::Muted(read(json)?),
        EventKind::Unmuted => Activity::Unmuted(read(json)?),
        EventKind::Subscribed => Activity::Subscribed(read(json)?),
        EventKind::Unsubscribed => Activity::Unsubscribed(read(json)?),
        EventKind::MessageSent => Activity::MessageSent(read(json)?),
        EventKind::MessageReceived => Activity::MessageReceived(read(json)?),
        EventKind::MessagesRead => Activity::MessagesRead(read(json)?),
        EventKind::Typing => Activity::Typing(read(json)?),
        EventKind::AccessRevoked => Activity::AccessRevoked(read(json)?),
        EventKind::ProfileUpdated => Activity::ProfileUpdated(read(json)?),
        EventKind::ChatReceived => Activity::ChatReceived(read(json)?),
        EventKind::ChatSent => Activity::ChatSent(read(json)?),
        EventKind::ChatChanged => Activity::ChatChanged(read(json)?),
        EventKind::ChatRead => Activity::ChatRead(read(json)?),
        EventKind::ChatTyping => Activity::ChatTyping(read(json)?),
        EventKind::SpaceStarted => Activity::SpaceStarted(read(json)?),
        EventKind::SpaceEnded => Activity::SpaceEnded(read(json)?),
        EventKind::BroadcastStarted => Activity::BroadcastStarted(read(json)?),
        EventKind::BroadcastEnded => Activity::BroadcastEnded(read(json)?),
        EventKind::BroadcastMessage => Activity::BroadcastMessage(read(json)?),
        EventKind::BroadcastMessageRemoved => Activity::BroadcastMessageRemoved(read(json)?),
        EventKind::NewsPublished => Activity::NewsPublished(read(json)?),
        EventKind::ReplayFinished => Activity::ReplayFinished(read(json)?),
        EventKind::Unknown => {
            let Unknown { raw } = read(json)?;
            Activity::Unknown { raw: RawJson::new(String::from(Box::<str>::from(raw)).into()) }
        }
    })
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(json)
}
