//! Generation of stories.

use birdhook_core::Timestamp;

use super::{Chat, Message, Post, Story};
use crate::payload::dates;
use crate::payload::dice::{Dice, seed};
use crate::payload::happening::MockEvent;
use crate::payload::kind::Kind;
use crate::payload::people::Person;
use crate::payload::phrases::{self, CHAT_LINES, DESCRIPTIONS, HEADLINES, PLACES, TITLES};
use crate::payload::snowflake::Ids;
use crate::payload::words::{Link, Words};

/// The inputs from which a story is generated.
pub(in crate::payload) struct Author<'a> {
    pub(in crate::payload) scene: u64,
    pub(in crate::payload) at: Timestamp,
    /// The text that the test asked for, if any.
    pub(in crate::payload) text: Option<&'a str>,
    pub(in crate::payload) dice: Dice,
    pub(in crate::payload) ids: Ids,
    /// The user for whom the event was generated, whichever subscriber receives it.
    pub(in crate::payload) subject: Person,
    /// The user on the other side.
    pub(in crate::payload) other: Person,
    /// A user whom texts mention as `@friend`.
    pub(in crate::payload) friend: Person,
}

impl Author<'_> {
    /// Parses a text that mentions users of the scene.
    pub(super) fn words(&self, text: &str) -> Words {
        let text = text.replace("@friend", &format!("@{}", self.friend.handle));
        Words::read(&text, &[&self.subject, &self.other, &self.friend], self.scene)
    }

    /// Returns a random time from 1 minute to about 4 days ago.
    pub(super) fn before(&mut self) -> Timestamp {
        let ago = i64::try_from(self.dice.between(60_000, 400_000_000)).unwrap_or_default();
        dates::later(self.at, -ago)
    }
}

impl Story {
    pub(in crate::payload) fn of(happening: &MockEvent) -> Self {
        let (mut author, kind) = happening.author();
        let author = &mut author;
        let (subject, other) = (Box::new(author.subject.clone()), Box::new(author.other.clone()));
        match kind {
            Kind::Post | Kind::Mention | Kind::Reply | Kind::Quote | Kind::Repost => {
                Self::Post(Post::new(author, kind))
            }
            Kind::PostDelete => {
                let before = author.before();
                Self::Deletion { id: author.ids.at(before), author: subject }
            }
            Kind::Like => {
                let post = author.earlier(author.subject.clone(), author.text);
                Self::Like { id: author.dice.hex(32), by: other, post }
            }
            Kind::Follow | Kind::Subscribe | Kind::Unsubscribe => Self::Relation { source: other, target: subject },
            Kind::Unfollow | Kind::Block | Kind::Unblock | Kind::Mute | Kind::Unmute => {
                Self::Relation { source: subject, target: other }
            }
            Kind::MessageReceived | Kind::MessageSent => Self::Message(Message::new(author, kind == Kind::MessageSent)),
            Kind::MessagesRead => {
                let before = author.before();
                Self::Reading { who: other, whose: subject, last: Some(author.ids.at(before)) }
            }
            Kind::Typing => Self::Reading { who: other, whose: subject, last: None },
            Kind::Revoke => {
                let app = Dice::of([author.scene, seed("app")]).between(10_000_000, 39_999_999);
                Self::Revocation { who: subject, app: app.to_string() }
            }
            Kind::Bio
            | Kind::Picture
            | Kind::Banner
            | Kind::Name
            | Kind::Handle
            | Kind::Location
            | Kind::Link
            | Kind::VerifiedBadge
            | Kind::AffiliateBadge => Self::profile(author, kind),
            Kind::ChatReceived
            | Kind::ChatSent
            | Kind::ChatJoin
            | Kind::ChatMemberAdded
            | Kind::ChatMemberRemoved
            | Kind::ChatAdminAdded
            | Kind::ChatAdminRemoved
            | Kind::ChatName
            | Kind::ChatRestrictions => Self::chat(author, kind),
            Kind::SpaceStart | Kind::SpaceEnd => Self::Space { id: broadcast(author), host: subject },
            Kind::BroadcastStart | Kind::BroadcastEnd => {
                let (id, title) = (broadcast(author), author.dice.pick(TITLES));
                let title = author.text.unwrap_or(title).to_owned();
                let ago = if kind == Kind::BroadcastStart { 3_500 } else { author.dice.between(60_000, 7_200_000) };
                let began = dates::later(author.at, -i64::try_from(ago).unwrap_or_default());
                Self::Broadcast { id, host: subject, title, began }
            }
            Kind::BroadcastChat => {
                let line = author.dice.pick(CHAT_LINES);
                let text = author.text.unwrap_or(line).to_owned();
                Self::BroadcastMessage { id: author.dice.uuid(), broadcast: broadcast(author), author: other, text }
            }
            Kind::BroadcastChatRemove => {
                Self::BroadcastRemoval { id: author.dice.uuid(), broadcast: broadcast(author), author: other }
            }
            Kind::News => {
                let before = author.before();
                let posts = [&author.subject, &author.other].map(|who| who.id.clone());
                let posts = posts.into_iter().map(|who| (author.ids.at(before), who)).collect();
                let (headline, category, hook, summary) = author.dice.pick(HEADLINES);
                let headline = author.text.unwrap_or(headline).to_owned();
                Self::News { id: author.ids.at(author.at), headline, rest: [category, hook, summary], posts }
            }
            Kind::StreamPost => {
                let post = Post::new(author, Kind::Post);
                let many = author.dice.between(1, 2);
                let rules = (0..many).map(|_| (author.ids.at(author.at), author.dice.pick(&["ferries", "swifts", ""])));
                Self::Matched { rules: rules.collect(), post }
            }
            Kind::Replay => {
                let (job, webhook) = (author.ids.at(author.at), Ids::of(0).at(dates::later(author.at, -8_640_000_000)));
                Self::Replay { job, webhook, complete: !author.dice.one_in(4) }
            }
        }
    }

    fn profile(author: &mut Author<'_>, kind: Kind) -> Self {
        let (scene, person) = (author.scene, author.subject.clone());
        let dice = &mut author.dice;
        let (before, after) = match kind {
            Kind::Picture => (person.picture.replace("_normal", "_before_normal"), person.picture),
            Kind::Banner => (String::new(), person.banner.unwrap_or_default()),
            Kind::Name => (format!("{} (away)", person.name), person.name),
            Kind::Handle => (format!("{}_", person.handle), person.handle),
            Kind::Location => (dice.pick(PLACES).to_owned(), person.location),
            Kind::Link => {
                let before = Link::to("https://before.example/", scene);
                (before.url, person.link.map(|link| link.url).unwrap_or_default())
            }
            Kind::VerifiedBadge => ("none".to_owned(), "blue".to_owned()),
            Kind::AffiliateBadge => (String::new(), format!("https://img.example/badges/{}.png", dice.slug(8))),
            _ => (dice.pick(DESCRIPTIONS).to_owned(), author.text.map_or(person.description, str::to_owned)),
        };
        Self::Profile { who: Box::new(author.subject.clone()), before, after }
    }

    fn chat(author: &mut Author<'_>, kind: Kind) -> Self {
        let [subject, other] = [&author.subject.id, &author.other.id];
        let sender = if kind == Kind::ChatSent { &author.subject } else { &author.other };
        let conversation = match kind {
            Kind::ChatReceived | Kind::ChatSent => format!("{other}:{subject}"),
            _ => format!("g{}", Ids::of(author.dice.below(1 << 18)).at(author.at)),
        };
        Self::Chat(Box::new(Chat { id: author.dice.uuid(), conversation, sender: sender.clone() }))
    }
}

/// Returns a random id of a space or broadcast.
fn broadcast(author: &mut Author<'_>) -> String {
    format!("1{}", author.dice.slug(12))
}

/// Returns a language and a text for a post; one in five is long.
pub(super) fn post_text(dice: &mut Dice) -> (&'static str, String) {
    if !dice.one_in(5) {
        let (language, text) = dice.pick(phrases::POSTS);
        return (language, text.to_owned());
    }
    let mut text = dice.pick(phrases::SENTENCES).to_owned();
    let least = usize::try_from(dice.pick(&[150, 290, 700])).unwrap_or_default();
    while text.chars().count() < least {
        text.push(' ');
        text.push_str(dice.pick(phrases::SENTENCES));
    }
    ("en", text + " #longread")
}
