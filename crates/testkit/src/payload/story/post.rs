//! Posts.

use birdhook_core::Timestamp;

use super::author::{Author, post_text};
use crate::payload::dates;
use crate::payload::kind::Kind;
use crate::payload::people::Person;
use crate::payload::phrases::{ALT_TEXTS, CLIENTS, REPLIES};
use crate::payload::rendered::Rendered;
use crate::payload::words::{Link, Piece, Words};

/// A post, with all the facts that any API reports.
#[derive(Clone, Debug)]
pub(in crate::payload) struct Post {
    pub(in crate::payload) id: String,
    pub(in crate::payload) author: Person,
    pub(in crate::payload) at: Timestamp,
    pub(in crate::payload) language: &'static str,
    pub(in crate::payload) words: Words,
    pub(in crate::payload) picture: Option<Picture>,
    pub(in crate::payload) answers: Option<Box<Self>>,
    pub(in crate::payload) quotes: Option<Box<Self>>,
    pub(in crate::payload) reposts: Option<Box<Self>>,
    pub(in crate::payload) venue: Option<Venue>,
    /// The URL and the name of the client.
    pub(in crate::payload) client: (&'static str, &'static str),
    pub(in crate::payload) is_editable: bool,
    /// Quotes, replies, reposts, likes.
    pub(in crate::payload) counts: [u64; 4],
    /// The link to the post itself, appended to a truncated text.
    pub(in crate::payload) link: Link,
}

/// A picture or a video.
#[derive(Clone, Debug)]
pub(in crate::payload) struct Picture {
    pub(in crate::payload) id: String,
    pub(in crate::payload) is_video: bool,
    /// The picture, or a still of the video.
    pub(in crate::payload) url: String,
    pub(in crate::payload) alt_text: &'static str,
    pub(in crate::payload) link: Link,
}

/// A place that a post is tagged with.
#[derive(Clone, Copy, Debug)]
pub(in crate::payload) struct Venue {
    pub(in crate::payload) id: &'static str,
    pub(in crate::payload) name: &'static str,
    pub(in crate::payload) full_name: &'static str,
}

const VENUES: [Venue; 2] = [
    Venue { id: "0c0ffee5a17bae01", name: "Saltwick Bay", full_name: "Saltwick Bay, Northmarsh" },
    Venue { id: "0c0ffee5a17bae02", name: "Lantern Quay", full_name: "Lantern Quay, Northmarsh" },
];

impl Author<'_> {
    /// Generates an older post, for others to like, answer, quote or repost.
    pub(super) fn earlier(&mut self, writer: Person, text: Option<&str>) -> Box<Post> {
        let at = self.before();
        let id = self.ids.at(at);
        let mut post = Post::blank(self, id, writer, at);
        let (language, made_up) = post_text(&mut self.dice);
        (post.language, post.words) = match text {
            Some(text) => ("und", self.words(text)),
            None => (language, self.words(&made_up)),
        };
        post.counts = [3, 12, 40, 900].map(|most| self.dice.below(most));
        Box::new(post)
    }
}

impl Post {
    /// Generates a post at the current time, related to the subject as `kind` says.
    pub(super) fn new(author: &mut Author<'_>, kind: Kind) -> Box<Self> {
        let at = author.at;
        let id = author.ids.at(at);
        let writer = if kind == Kind::Post { author.subject.clone() } else { author.other.clone() };
        let mut post = Self::blank(author, id, writer, at);
        let (language, text) = post_text(&mut author.dice);
        let (language, text) = author.text.map_or((language, text), |text| ("und", text.to_owned()));
        match kind {
            Kind::Mention => {
                post.language = language;
                post.words = author.words(&format!("@{} {text}", author.subject.handle));
            }
            Kind::Reply => {
                let answered = author.earlier(author.subject.clone(), None);
                post.answer(author, answered);
            }
            Kind::Quote => {
                let quoted = author.earlier(author.subject.clone(), None);
                (post.language, post.words) = (language, author.words(&text));
                post.quote(author, quoted);
            }
            Kind::Repost => {
                let repeated = author.earlier(author.subject.clone(), author.text);
                post.repeat(repeated);
            }
            _ => {
                (post.language, post.words) = (language, author.words(&text));
                post.vary(author);
            }
        }
        Box::new(post)
    }

    fn blank(author: &mut Author<'_>, id: String, writer: Person, at: Timestamp) -> Self {
        Self {
            link: Link::to(&format!("https://x.example/i/web/status/{id}"), author.scene),
            id,
            author: writer,
            at,
            language: "und",
            words: Words::default(),
            picture: None,
            answers: None,
            quotes: None,
            reposts: None,
            venue: author.dice.one_in(8).then(|| VENUES.get(usize::from(author.dice.one_in(2))).copied()).flatten(),
            client: author.dice.pick(CLIENTS),
            is_editable: author.dice.one_in(3),
            counts: [0; 4],
        }
    }

    /// Adds a picture or a quote to some posts.
    fn vary(&mut self, author: &mut Author<'_>) {
        match author.dice.below(8) {
            0 | 1 => self.attach(author),
            2 => {
                let quoted = author.earlier(author.other.clone(), None);
                self.quote(author, quoted);
            }
            _ => {}
        }
    }

    fn attach(&mut self, author: &mut Author<'_>) {
        let (id, name, is_video) = (author.ids.at(author.at), author.dice.slug(12), author.dice.one_in(4));
        let what = if is_video { "video" } else { "photo" };
        let mut link = Link::to(&format!("{}/{what}/1", self.author.post_url(&self.id)), author.scene);
        link.display = format!("pic.x.example/{}", author.dice.slug(10));
        self.words.plain(" ");
        self.words.0.push(Piece::Picture(link.clone()));
        let folder = if is_video { "video_thumb" } else { "media" };
        let url = format!("https://img.example/{folder}/{name}.jpg");
        self.picture = Some(Picture { id, is_video, url, alt_text: author.dice.pick(ALT_TEXTS), link });
    }

    /// Makes the post a reply. X puts the handle of the answered user before the text.
    fn answer(&mut self, author: &mut Author<'_>, answered: Box<Self>) {
        let reply = author.dice.pick(REPLIES);
        let (language, text) = author.text.map_or(("en", reply), |text| ("und", text));
        self.language = language;
        self.words = author.words(&format!("@{} {text}", answered.author.handle));
        self.answers = Some(answered);
    }

    /// Makes the post a quote. X puts the link to the quoted post after the text.
    fn quote(&mut self, author: &Author<'_>, quoted: Box<Self>) {
        self.words.plain(" ");
        self.words.0.push(Piece::Link(Link::to(&quoted.author.post_url(&quoted.id), author.scene)));
        self.quotes = Some(quoted);
    }

    fn repeat(&mut self, repeated: Box<Self>) {
        let mut words = Words(vec![Piece::Plain("RT ".into()), Piece::Mention(Box::new(repeated.author.clone()))]);
        words.plain(": ");
        words.0.extend(repeated.words.0.iter().cloned());
        (self.language, self.words) = (repeated.language, words);
        self.venue = None;
        self.is_editable = false;
        self.reposts = Some(repeated);
    }

    /// Renders the text. A repost repeats at most 140 code points.
    pub(in crate::payload) fn text(&self) -> Rendered {
        let whole = self.words.whole();
        if self.reposts.is_some() && whole.length > 140 { self.words.cut(140, None) } else { whole }
    }

    /// Returns the text as its author wrote it.
    pub(super) fn authored(&self) -> String {
        let text = self.text().text;
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Returns the start and end of the displayed text, which excludes the handle of the answered
    /// user and the link of a picture.
    pub(in crate::payload) fn shown(&self, text: &Rendered) -> [u64; 2] {
        let start = self.answers.as_ref().and(text.mentions.first()).map_or(0, |mention| mention.end + 1);
        let end = text.pictures.first().map_or(text.length, |picture| picture.start.saturating_sub(1));
        [start, end]
    }

    /// Returns the id of the first post of the conversation.
    pub(in crate::payload) fn conversation(&self) -> &str {
        self.answers.as_ref().map_or(&self.id, |answered| answered.conversation())
    }

    pub(in crate::payload) fn editable_until(&self) -> Timestamp {
        dates::later(self.at, 3_600_000)
    }
}
