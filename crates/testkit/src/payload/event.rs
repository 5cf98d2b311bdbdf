//! A generated event, independent of the API that reports it.

use birdhook_core::{ApiSource, EventKind, Timestamp};
use bytes::Bytes;
use fastrand::Rng;

use super::account_activity::message::{message, reading};
use super::facts::{Content, Facts};
use super::inputs::{IDS_PER_EVENT, Inputs};
use super::kind::MockEventKind;
use super::post::Post;
use super::rng::rng;
use super::user::User;
use super::x_activity::events;
use super::{account_activity, json, x_activity};

/// A generated event, which any source API can report with the same ids, users, text and time.
///
/// The precision of reported times depends on the API: posts in filtered streams and revocations in
/// the Account Activity API have a precision of 1 s; all other times are in milliseconds or left
/// out.
#[derive(Clone, Debug)]
pub struct MockEvent {
    scene: u64,
    serial: u64,
    /// The kind, as seen by the subject.
    what: MockEventKind,
    /// The user for whom the event was generated; other subscribers may receive it too.
    subject: String,
    subscriber: String,
    other: String,
    text: Option<String>,
    at: Timestamp,
}

impl MockEvent {
    pub(super) fn new(
        scene: u64,
        serial: u64,
        what: MockEventKind,
        subject: &str,
        other: String,
        at: Timestamp,
    ) -> Self {
        let subject = subject.to_owned();
        Self { scene, serial, what, subscriber: subject.clone(), subject, other, text: None, at }
    }

    /// Sets the user on the other side of the event, instead of an invented one.
    ///
    /// ```
    /// use birdhook_testkit::{MockEventKind, PayloadGenerator};
    ///
    /// let follow = PayloadGenerator::new(7).event(MockEventKind::Follow, "2001").with_other("3003");
    /// assert_eq!(follow.actor().as_deref(), Some("3003"));
    /// ```
    pub fn with_other(mut self, user: impl Into<String>) -> Self {
        self.other = user.into();
        self
    }

    /// Sets the text, as its author writes it.
    ///
    /// Hashtags, mentions and links in it are detected as X detects them; links become
    /// `https://t.co/...`. Mentions, replies, quotes and reposts keep the parts that make them
    /// such.
    ///
    /// The text goes to the post (for a repost or a like: the original post), the message, the line
    /// in a broadcast's chat, the title of the broadcast, the headline, or the user's description.
    /// It has no effect on other kinds.
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Returns the event as another subscriber receives it.
    ///
    /// The ids and content are the same, and the kind is the one that X has for that side. X
    /// intentionally sends one delivery to each subscribed user who takes part.
    ///
    /// ```
    /// use birdhook_testkit::{MockEventKind, PayloadGenerator};
    ///
    /// let received = PayloadGenerator::new(7).event(MockEventKind::MessageReceived, "2001").with_other("3003");
    /// let sent = received.subscribers("3003");
    /// assert_eq!((sent.kind(), sent.id()), (MockEventKind::MessageSent, received.id()));
    /// ```
    #[must_use]
    pub fn subscribers(&self, subscriber: impl Into<String>) -> Self {
        Self { subscriber: subscriber.into(), ..self.clone() }
    }

    /// Returns the kind of event, as seen by the subscriber.
    pub fn kind(&self) -> MockEventKind {
        use MockEventKind as K;
        let is_turned = self.subscriber != self.subject && self.subscriber == self.other;
        match self.what {
            what if !is_turned => what,
            K::Mention | K::Reply | K::Quote | K::Repost => K::Post,
            K::MessageReceived => K::MessageSent,
            K::MessageSent => K::MessageReceived,
            K::ChatReceived => K::ChatSent,
            K::ChatSent => K::ChatReceived,
            what => what,
        }
    }

    /// Returns the id of the subscribed user.
    ///
    /// News, filtered streams and replays have no subscriber, so their bodies do not contain this
    /// id.
    pub fn subscriber(&self) -> &str {
        &self.subscriber
    }

    /// Returns the id of the user on the other side. Kinds without another user ignore it.
    pub fn other(&self) -> &str {
        &self.other
    }

    /// Returns the time of the event, in milliseconds.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns X's id of the post, like, message, space, broadcast, news story or replay job; `None`
    /// for kinds without an id.
    pub fn id(&self) -> Option<String> {
        self.facts().id
    }

    /// Returns the id of the user who acted.
    pub fn actor(&self) -> Option<String> {
        self.facts().actor.map(|user| user.id)
    }

    /// Returns the id of the user acted upon, for likes, messages, and relations between users.
    pub fn target(&self) -> Option<String> {
        self.facts().target.map(|user| user.id)
    }

    /// Returns the text with X's short links, as a receiver reads it.
    ///
    /// It is the text of a post, a liked post, a message or a chat line, the title of a broadcast,
    /// the headline of a news story, or the new value of a profile field.
    pub fn text(&self) -> Option<String> {
        self.facts().text
    }

    /// Returns the body in which this API reports the event; `None` if it does not report this
    /// kind.
    ///
    /// Account Activity bodies are escaped as that API escapes them; all others are plain UTF-8.
    /// Members are in alphabetical order.
    pub fn reported_by(&self, api_source: ApiSource) -> Option<Bytes> {
        if !self.kind().api_sources().contains(&api_source) {
            return None;
        }
        if api_source == ApiSource::AccountActivity {
            return Self::batch([self]);
        }
        let rng = self.rng(&format!("delivery to {}", self.subscriber));
        json::plain(x_activity::body(self.facts(), self.kind(), &self.subscriber, self.at, rng))
    }

    /// Returns one Account Activity body with all these events in one array.
    ///
    /// Returns `None` if they have different subscribers or belong to different members of the
    /// body, if that API does not report their kind, or if the iterator is empty. A revocation
    /// cannot share a body.
    pub fn batch<'a>(events: impl IntoIterator<Item = &'a Self>) -> Option<Bytes> {
        let body = |one: &Self| account_activity::body(one.facts(), one.kind(), &one.subscriber, one.at);
        let mut events = events.into_iter();
        let first = events.next()?;
        let mut all = body(first)?;
        for next in events {
            let is_alike = (&next.subscriber, next.kind().account_activity())
                == (&first.subscriber, first.kind().account_activity());
            if !is_alike || next.what == MockEventKind::Revoke {
                return None;
            }
            json::merge(&mut all, body(next)?);
        }
        json::escaped(all)
    }

    fn facts(&self) -> Facts {
        let mut inputs = Inputs {
            scene: self.scene,
            at: self.at,
            text: self.text.as_deref(),
            rng: self.rng("facts"),
            next_id: self.serial.wrapping_mul(IDS_PER_EVENT),
            subject: User::of(self.scene, &self.subject),
            other: User::of(self.scene, &self.other),
        };
        let (kind, inputs) = (self.what, &mut inputs);
        let (subject, other) = (Some(inputs.subject.clone()), Some(inputs.other.clone()));
        match kind.event_kind() {
            EventKind::PostCreated => {
                let post = Post::new(inputs, kind);
                let (id, actor) = (Some(post.id.clone()), Some(post.author.clone()));
                Facts { id, actor, text: Some(post.text.unescaped()), ..Content::Post(post).into() }
            }
            EventKind::Liked => {
                let post = Post::earlier(inputs, inputs.subject.clone(), inputs.text);
                let (id, text) = (format!("{:032x}", inputs.rng.u128(..)), post.text.unescaped());
                Facts { id: Some(id), actor: other, target: subject, text: Some(text), content: Content::Like(post) }
            }
            EventKind::PostDeleted => {
                Facts { id: Some(inputs.earlier_id()), actor: subject, ..Content::Deletion.into() }
            }
            EventKind::AccessRevoked => {
                let app = rng(inputs.scene, "app").u64(10_000_000..40_000_000).to_string();
                Facts { actor: subject, ..Content::Revocation(app).into() }
            }
            EventKind::MessageReceived | EventKind::MessageSent => message(inputs, kind == MockEventKind::MessageSent),
            EventKind::MessagesRead | EventKind::Typing => reading(inputs, kind == MockEventKind::MessagesRead),
            EventKind::ProfileUpdated => events::profile(inputs, kind),
            EventKind::ChatReceived | EventKind::ChatSent | EventKind::ChatChanged => events::chat(inputs, kind),
            EventKind::SpaceStarted | EventKind::SpaceEnded => events::space(inputs, kind),
            EventKind::BroadcastStarted | EventKind::BroadcastEnded => events::broadcast(inputs, kind),
            EventKind::BroadcastMessage => events::broadcast_message(inputs, false),
            EventKind::BroadcastMessageRemoved => events::broadcast_message(inputs, true),
            EventKind::NewsPublished => events::news(inputs),
            EventKind::PostMatched => events::stream_post(inputs),
            EventKind::ReplayFinished => events::replay(inputs),
            EventKind::Followed | EventKind::Subscribed | EventKind::Unsubscribed => {
                Facts { actor: other, target: subject, ..Content::Relation.into() }
            }
            // The relations that the subscriber changes.
            _ => Facts { actor: subject, target: other, ..Content::Relation.into() },
        }
    }

    fn rng(&self, part: &str) -> Rng {
        rng(self.scene, &format!("event {} {part}", self.serial))
    }
}
