//! Something that happened.

use birdhook_core::{Generation, Timestamp};
use bytes::Bytes;

use super::dice::{Dice, seed};
use super::people::{Person, one_of_the_cast};
use super::snowflake::Ids;
use super::story::{Author, Story};
use super::{Kind, account_activity, escape, x_activity};

/// Something that happened, to be told by either API: with the same ids, people, text and time.
///
/// X tells times with a precision of its own: posts in filtered streams and the Account Activity API's revocations to the
/// second, all else to the millisecond or not at all.
#[derive(Clone, Debug)]
pub struct Happening {
    scene: u64,
    serial: u64,
    /// What it was to the subject.
    what: Kind,
    /// The user to whom it happened first; several may be told.
    subject: String,
    subscriber: String,
    other: String,
    text: Option<String>,
    at: Timestamp,
}

impl Happening {
    pub(super) fn new(scene: u64, serial: u64, what: Kind, subject: &str, other: String, at: Timestamp) -> Self {
        let subject = subject.to_owned();
        Self { scene, serial, what, subscriber: subject.clone(), subject, other, text: None, at }
    }

    /// The same with this user on the other side, in place of one of the scene.
    ///
    /// ```
    /// use birdhook_testkit::{Kind, Scene};
    ///
    /// let follow = Scene::new(7).happening(Kind::Follow, "2001").with_other("3003");
    /// assert_eq!(follow.actor().as_deref(), Some("3003"));
    /// ```
    pub fn with_other(mut self, user: impl Into<String>) -> Self {
        self.other = user.into();
        self
    }

    /// The same with this text, as its author writes it. Hashtags, mentions and links in it are found as X finds them; links
    /// become `https://t.co/...`. Mentions, replies, quotes and reposts keep what makes them such.
    ///
    /// It is the text of the post (of a repost and a like: of the post that is repeated or liked), of the message or of the
    /// line in a broadcast's chat, the title of the broadcast, the headline, or what the user says of themself. Other kinds
    /// stay as they are.
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same as told to another subscribed user who takes part in it: the same ids and the same content for another
    /// subscriber, and another kind where X has one for that side. X delivers this on purpose.
    ///
    /// ```
    /// use birdhook_testkit::{Kind, Scene};
    ///
    /// let received = Scene::new(7).happening(Kind::MessageReceived, "2001").with_other("3003");
    /// let sent = received.told_to("3003");
    /// assert_eq!((sent.kind(), sent.id()), (Kind::MessageSent, received.id()));
    /// ```
    #[must_use]
    pub fn told_to(&self, subscriber: impl Into<String>) -> Self {
        Self { subscriber: subscriber.into(), ..self.clone() }
    }

    /// What happened, as the subscriber sees it.
    pub fn kind(&self) -> Kind {
        let turned = self.subscriber != self.subject && self.subscriber == self.other;
        match self.what {
            Kind::Mention | Kind::Reply | Kind::Quote | Kind::Repost if turned => Kind::Post,
            Kind::MessageReceived if turned => Kind::MessageSent,
            Kind::MessageSent if turned => Kind::MessageReceived,
            Kind::ChatReceived if turned => Kind::ChatSent,
            Kind::ChatSent if turned => Kind::ChatReceived,
            what => what,
        }
    }

    /// Who is told: the id of the subscribed user. News, filtered streams and replays are told to nobody in particular, and
    /// their bodies do not name this user as their subscriber.
    pub fn subscriber(&self) -> &str {
        &self.subscriber
    }

    /// The id of the user on the other side, for kinds that have one.
    pub fn other(&self) -> &str {
        &self.other
    }

    /// When, to the millisecond.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// X's id of what happened: of the post, the like, the message, the encrypted message, the space, the broadcast, the line
    /// in its chat, the news story or the job of the replay. `None` for kinds that have none.
    pub fn id(&self) -> Option<String> {
        self.story().id().map(str::to_owned)
    }

    /// The id of the user who did it.
    pub fn actor(&self) -> Option<String> {
        self.story().actor().map(|who| who.id.clone())
    }

    /// The id of the user to whom it was done, for likes, messages, and what users do to each other.
    pub fn target(&self) -> Option<String> {
        self.story().target().map(|who| who.id.clone())
    }

    /// What was written, as its author wrote it and a receiver reads it, with X's short links: the text of a post, of a liked
    /// post, of a message or of a line in a broadcast's chat, the title of a broadcast, the headline of a story, or what a
    /// changed profile says now.
    pub fn text(&self) -> Option<String> {
        self.story().text()
    }

    /// The body in which this API tells it; `None` when it does not. The Account Activity API's is escaped as that API
    /// escapes, the others are plain UTF-8. The members are in the order of the alphabet.
    pub fn told_by(&self, generation: Generation) -> Option<Bytes> {
        if !self.kind().generations().contains(&generation) {
            return None;
        }
        match generation {
            Generation::AccountActivity => Self::batch([self]),
            _ => escape::plain(x_activity::body(self, &self.story())),
        }
    }

    /// One body of the Account Activity API that tells of all these in one array. `None` when they are of different
    /// subscribers or of different members of the body, when that API does not tell of them, or when there are none;
    /// revocations come alone.
    pub fn batch<'a>(happenings: impl IntoIterator<Item = &'a Self>) -> Option<Bytes> {
        let mut happenings = happenings.into_iter();
        let first = happenings.next()?;
        let mut telling = account_activity::Telling::of(first, &first.story())?;
        for next in happenings {
            telling.add(account_activity::Telling::of(next, &next.story())?)?;
        }
        escape::escaped(telling.body())
    }

    pub(super) fn story(&self) -> Story {
        Story::of(self)
    }

    /// What its story is made from, and its kind.
    pub(super) fn author(&self) -> (Author<'_>, Kind) {
        let mut dice = self.dice("story");
        let friend = one_of_the_cast(self.scene, &mut dice, &self.subject);
        let person = |id: &str| Person::of(self.scene, id);
        let author = Author {
            scene: self.scene,
            at: self.at,
            text: self.text.as_deref(),
            ids: Ids::of(self.serial),
            subject: person(&self.subject),
            other: person(&self.other),
            friend: person(&friend),
            dice,
        };
        (author, self.what)
    }

    /// Dice for one part of how it is told.
    pub(super) fn dice(&self, part: &str) -> Dice {
        Dice::of([self.scene, self.serial, seed(part)])
    }
}
