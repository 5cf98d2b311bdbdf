//! An event as one JSON object.

use serde::Serialize;

use super::content::Activity;
use super::user::User;
use crate::event::event::Event;
use crate::event::time::Timestamp;
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;
use crate::json::sparse::sparse;
use crate::json::value::Id;

/// Everything that birdhook knows about an event, for a log, a file or another program. Created by
/// [`Event::report`].
///
/// Serialises to one JSON object with a stable form, documented in `docs/activity.md`. The object
/// contains texts and names of users, so keep it out of logs that must not contain them.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    event: &'a Event,
    activity: Activity<'a>,
    with_raw: bool,
}

impl Event {
    /// Reads everything that is known about the event, including its activity.
    pub fn report(&self) -> Report<'_> {
        Report::new(self, self.activity())
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(event: &'a Event, activity: Activity<'a>) -> Self {
        Self { event, activity, with_raw: false }
    }

    /// Adds the event as X wrote it, as the member `raw`.
    pub fn with_raw(mut self) -> Self {
        self.with_raw = true;
        self
    }

    /// Returns the activity of the event.
    pub fn activity(&self) -> &Activity<'_> {
        &self.activity
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { event, activity, with_raw } = self;
        Line {
            kind: event.kind().as_str(),
            name: event.name(),
            generation: event.api_source().as_str(),
            app: event.app(),
            subscriber: event.subscriber(),
            tag: event.tag(),
            keyword: event.keyword(),
            filter: event.envelope().filter.as_ref().map(RepairableJson::raw),
            replay: event.is_replay(),
            occurred_at: event.occurred_at(),
            actor: activity.actor(),
            target: activity.target(),
            ids: activity.ids(),
            text: activity.text(),
            delivery_key: event.delivery_key().to_string(),
            content_key: event.content_key().to_string(),
            activity,
            raw: with_raw.then(|| event.raw()),
        }
        .serialize(serializer)
    }
}

sparse! {
    struct Line<'a> {
        kind: &'a str,
        name: &'a str,
        generation: &'a str,
        app: &'a str,
        subscriber: Option<&'a str>,
        tag: Option<&'a str>,
        keyword: Option<&'a str>,
        filter: Option<&'a RawJson>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        replay: bool,
        occurred_at: Option<Timestamp>,
        actor: Option<&'a User<'a>>,
        target: Option<&'a User<'a>>,
        ids: Ids<'a>,
        text: Option<&'a str>,
        delivery_key: String,
        content_key: String,
        activity: &'a Activity<'a>,
        raw: Option<&'a RawJson>,
    }

    /// The ids with which X names the subjects of the event.
    #[derive(Default)]
    pub(crate) struct Ids<'a> {
        pub(crate) post: Option<Id<'a>>,
        like: Option<Id<'a>>,
        pub(crate) message: Option<Id<'a>>,
        pub(crate) conversation: Option<Id<'a>>,
        chat: Option<Id<'a>>,
        space: Option<Id<'a>>,
        broadcast: Option<Id<'a>>,
        news: Option<Id<'a>>,
        app: Option<Id<'a>>,
        job: Option<Id<'a>>,
    }
}

impl<'a> Activity<'a> {
    pub(crate) fn ids(&self) -> Ids<'a> {
        let mut ids = Ids {
            post: self.post().and_then(|post| post.id.clone()),
            conversation: self.post().and_then(|post| post.conversation_id.clone()),
            ..Ids::default()
        };
        match self {
            Activity::PostDeleted(deleted) => ids.post = deleted.post_id.clone(),
            Activity::Liked(like) => ids.like = like.id.clone(),
            Activity::MessageSent(message) | Activity::MessageReceived(message) => ids.message = message.id.clone(),
            Activity::MessagesRead(reading) => ids.message = reading.last_message_id.clone(),
            Activity::AccessRevoked(revocation) => ids.app = revocation.app_id.clone(),
            Activity::ChatReceived(chat)
            | Activity::ChatSent(chat)
            | Activity::ChatChanged(chat)
            | Activity::ChatRead(chat)
            | Activity::ChatTyping(chat) => {
                (ids.chat, ids.conversation) = (chat.id.clone(), chat.conversation_id.clone());
            }
            Activity::SpaceStarted(space) | Activity::SpaceEnded(space) => ids.space = space.id.clone(),
            Activity::BroadcastStarted(broadcast) | Activity::BroadcastEnded(broadcast) => {
                ids.broadcast = broadcast.id.clone();
            }
            Activity::BroadcastMessage(message) | Activity::BroadcastMessageRemoved(message) => {
                (ids.message, ids.broadcast) = (message.id.clone(), message.broadcast_id.clone());
            }
            Activity::NewsPublished(news) => ids.news = news.id.clone(),
            Activity::ReplayFinished(replay) => ids.job = replay.job_id.clone(),
            _ => {}
        }
        ids
    }
}
