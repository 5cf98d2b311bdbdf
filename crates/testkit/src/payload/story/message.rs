//! Direct messages.

use super::author::Author;
use crate::payload::dice::{Dice, seed};
use crate::payload::people::Person;
use crate::payload::phrases::{ANSWERS, CLIENTS, MESSAGES, PROMPT};
use crate::payload::words::{Link, Piece, Words};

/// A direct message, with all the facts that either API reports.
#[derive(Clone, Debug)]
pub(in crate::payload) struct Message {
    pub(in crate::payload) id: String,
    pub(in crate::payload) sender: Person,
    pub(in crate::payload) recipient: Person,
    pub(in crate::payload) words: Words,
    pub(in crate::payload) app: Option<App>,
    pub(in crate::payload) via: Option<Via>,
    pub(in crate::payload) extra: Extra,
}

/// The app with which a message was sent.
#[derive(Clone, Debug)]
pub(in crate::payload) struct App {
    pub(in crate::payload) id: String,
    pub(in crate::payload) name: &'static str,
    pub(in crate::payload) url: &'static str,
}

/// The origin of a message: a member of `initiated_via`, and its value.
#[derive(Clone, Debug)]
pub(in crate::payload) struct Via(pub(in crate::payload) &'static str, pub(in crate::payload) String);

/// An attachment or interactive part of a message.
#[derive(Clone, Debug)]
pub(in crate::payload) enum Extra {
    Nothing,
    /// Quick replies to choose from.
    Prompt,
    /// The metadata of the chosen quick reply, if it has any.
    Answer(Option<&'static str>),
    /// Buttons that open links.
    Buttons([Link; 2]),
    /// The picture's id, the name of its file, and its link.
    Picture(String, String, Link),
    Point,
    Venue,
}

impl Message {
    /// Generates a message at the current time. Prompts and buttons are only sent, because they
    /// come from apps; answers to prompts are only received.
    pub(super) fn new(author: &mut Author<'_>, is_sent: bool) -> Box<Self> {
        let id = author.ids.at(author.at);
        let [subject, other] = [author.subject.clone(), author.other.clone()];
        let (sender, recipient) = if is_sent { (subject, other) } else { (other, subject) };
        let (roll, made_up, answer) = (author.dice.below(9), author.dice.pick(MESSAGES), author.dice.pick(ANSWERS));
        let (extra, made_up) = match (roll, is_sent) {
            (0, true) => (Extra::Prompt, PROMPT),
            (0, false) => (Extra::Answer(Some(answer.2).filter(|metadata| !metadata.is_empty())), answer.0),
            (1, true) => (Extra::Buttons(["left", "right"].map(|door| Self::door(door, author.scene))), made_up),
            (2, _) => (Self::picture(author), made_up),
            (3, false) => (Extra::Point, made_up),
            (4, false) => (Extra::Venue, made_up),
            _ => (Extra::Nothing, made_up),
        };
        let mut words = author.words(author.text.unwrap_or(made_up));
        if let Extra::Picture(.., link) = &extra {
            words.plain(" ");
            words.0.push(Piece::Link(link.clone()));
        }
        let from_app = matches!(extra, Extra::Prompt | Extra::Buttons(_)) || author.dice.one_in(4);
        let app = from_app.then(|| App::of(author.scene));
        Box::new(Self { id, via: Self::via(author, is_sent), sender, recipient, words, app, extra })
    }

    fn door(name: &str, scene: u64) -> Link {
        Link::to(&format!("https://{name}.example/"), scene)
    }

    fn picture(author: &mut Author<'_>) -> Extra {
        let (id, name) = (author.ids.at(author.at), author.dice.slug(12));
        let mut link = Link::to(&format!("https://x.example/messages/media/{id}"), author.scene);
        link.display = format!("pic.x.example/{}", author.dice.slug(10));
        Extra::Picture(id, name, link)
    }

    fn via(author: &mut Author<'_>, is_sent: bool) -> Option<Via> {
        let before = author.before();
        match author.dice.below(8) {
            0 if !is_sent => Some(Via("tweet_id", author.ids.at(before))),
            1 => Some(Via("welcome_message_id", author.ids.at(before))),
            _ => None,
        }
    }
}

impl App {
    /// Returns the scene's only app that sends messages.
    fn of(scene: u64) -> Self {
        let id = Dice::of([scene, seed("messenger")]).between(1_000_000, 39_999_999).to_string();
        let (url, name) = CLIENTS.last().copied().unwrap_or_default();
        Self { id, name, url }
    }
}
