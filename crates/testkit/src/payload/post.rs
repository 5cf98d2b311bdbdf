//! Posts.

use birdhook_core::Timestamp;

use super::dates;
use super::inputs::Inputs;
use super::kind::MockEventKind;
use super::rng::{pick, slug};
use super::text::{Link, Media, Text, What};
use super::user::User;

/// Language and text of posts.
const POSTS: &[(&str, &str)] = &[
    ("en", "Low tide at seven & the lamp is already lit #harbour"),
    ("en", "Why is the night ferry <late> again? Ask @harbour_office"),
    ("en", "New timetable: https://ferries.example/winter $BRASS"),
    ("de", "Heute drei Züge gezählt, alle pünktlich 🚲 #Züge #zählen"),
    ("ja", "灯台に着きました。風が強いです 🗼"),
];

/// A sentence of long posts.
const SENTENCE: &str =
    "The museum has one room, one <window> & since this morning one visitor, who asks for a café ☕.";

/// A post, with all the facts that any API reports.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) id: String,
    pub(super) author: User,
    pub(super) at: Timestamp,
    pub(super) language: &'static str,
    pub(super) text: Text,
    pub(super) answers: Option<Box<Self>>,
    pub(super) quotes: Option<Box<Self>>,
    pub(super) reposts: Option<Box<Self>>,
    pub(super) is_editable: bool,
    pub(super) likes: u64,
    /// The link to the post itself, appended to a truncated text.
    pub(super) link: Link,
}

impl Post {
    /// Generates a post at the current time, related to the subject as `kind` says.
    pub(super) fn new(inputs: &mut Inputs<'_>, kind: MockEventKind) -> Box<Self> {
        let author = if kind == MockEventKind::Post { &inputs.subject } else { &inputs.other };
        let mut post = Self::at(inputs, author.clone(), inputs.at);
        match kind {
            MockEventKind::Mention => post.address(&inputs.subject),
            MockEventKind::Reply => {
                let answered = Self::earlier(inputs, inputs.subject.clone(), None);
                post.address(&answered.author);
                post.answers = Some(answered);
            }
            MockEventKind::Repost => {
                let repeated = Self::earlier(inputs, inputs.subject.clone(), inputs.text);
                post.repost(repeated);
                return post;
            }
            _ => {}
        }
        post.write(inputs, inputs.text);
        match kind {
            MockEventKind::Quote => post.quote(Self::earlier(inputs, inputs.subject.clone(), None), inputs.scene),
            MockEventKind::Post if inputs.rng.u8(..3) == 0 => post.attach(inputs),
            _ => {}
        }
        post
    }

    /// Generates an older post, for others to like, answer, quote or repost.
    pub(super) fn earlier(inputs: &mut Inputs<'_>, author: User, text: Option<&str>) -> Box<Self> {
        let at = inputs.earlier();
        let mut post = Self::at(inputs, author, at);
        post.write(inputs, text);
        post.likes = inputs.rng.u64(..900);
        post
    }

    /// Creates a post without text.
    fn at(inputs: &mut Inputs<'_>, author: User, at: Timestamp) -> Box<Self> {
        let id = inputs.id(at);
        Box::new(Self {
            link: Link::to(&format!("https://x.example/i/web/status/{id}"), inputs.scene),
            id,
            author,
            at,
            language: "und",
            text: Text::default(),
            answers: None,
            quotes: None,
            reposts: None,
            is_editable: inputs.rng.u8(..3) == 0,
            likes: 0,
        })
    }

    /// Appends the text that the test asked for, or a generated one. One in five of these is long.
    fn write(&mut self, inputs: &mut Inputs<'_>, text: Option<&str>) {
        if let Some(text) = text {
            self.text.append(&inputs.parse(text));
        } else if inputs.rng.u8(..5) == 0 {
            self.language = "en";
            let many = pick(&mut inputs.rng, &[2, 4, 8]);
            self.text.append(&inputs.parse(&(vec![SENTENCE; many].join(" ") + " #longread")));
        } else {
            let (language, text) = pick(&mut inputs.rng, POSTS);
            self.language = language;
            self.text.append(&inputs.parse(text));
        }
    }

    /// Puts the handle of a user before the text, as X does in replies.
    fn address(&mut self, user: &User) {
        self.text.entity(What::Mention(user.mention()));
        self.text.plain(" ");
    }

    /// Makes the post a quote. X puts the link to the quoted post after the text.
    fn quote(&mut self, quoted: Box<Self>, scene: u64) {
        self.text.plain(" ");
        self.text.entity(What::Link(Link::to(&quoted.author.post_url(&quoted.id), scene)));
        self.quotes = Some(quoted);
    }

    fn attach(&mut self, inputs: &mut Inputs<'_>) {
        let (id, is_video) = (inputs.id(inputs.at), inputs.rng.bool());
        let (what, folder) = if is_video { ("video", "video_thumb") } else { ("photo", "media") };
        let mut link = Link::to(&format!("{}/{what}/1", self.author.post_url(&self.id)), inputs.scene);
        link.display = format!("pic.x.example/{}", slug(&mut inputs.rng));
        let url = format!("https://img.example/{folder}/{}.jpg", slug(&mut inputs.rng));
        self.text.plain(" ");
        self.text.entity(What::Media(Media {
            id,
            is_video,
            url,
            alt_text: Some("Fog in front of a lighthouse"),
            link,
        }));
    }

    /// Makes the post a repost, whose text repeats at most 140 code points.
    fn repost(&mut self, repeated: Box<Self>) {
        self.text.plain("RT ");
        self.text.entity(What::Mention(repeated.author.mention()));
        self.text.plain(": ");
        self.text.append(&repeated.text);
        if self.text.length() > 140 {
            self.text = self.text.cut(140, None);
        }
        (self.language, self.is_editable) = (repeated.language, false);
        self.reposts = Some(repeated);
    }

    /// Returns the start and end of the displayed text, which excludes the handle of the answered
    /// user and the link of a picture.
    pub(super) fn shown(&self) -> [u64; 2] {
        let handle = self.answers.as_ref().and(self.text.entities.first());
        let end = self.text.media().map_or(self.text.length(), |(_, [start, _])| start.saturating_sub(1));
        [handle.map_or(0, |mention| mention.end + 1), end]
    }

    /// Returns the id of the first post of the conversation.
    pub(super) fn conversation(&self) -> &str {
        self.answers.as_ref().map_or(&self.id, |answered| answered.conversation())
    }

    pub(super) fn editable_until(&self) -> Timestamp {
        dates::later(self.at, 3_600_000)
    }
}
