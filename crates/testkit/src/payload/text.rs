//! Texts as X sends them, with the positions of their entities.

use super::rng::{rng, slug};

/// A text as X sends it: HTML-escaped, with short links. Positions are in code points.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
}

#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub(super) what: What,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The entities that X detects in a text.
#[derive(Clone, Debug)]
pub(super) enum What {
    Hashtag(String),
    Cashtag(String),
    Mention(Mention),
    Link(Link),
    Media(Media),
}

/// A user, as a text mentions them.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) name: String,
}

/// A link shortened by X.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    /// The link in the text: `https://t.co/...`.
    pub(super) url: String,
    pub(super) expanded: String,
    pub(super) display: String,
}

/// A picture or a video.
#[derive(Clone, Debug)]
pub(super) struct Media {
    pub(super) id: String,
    pub(super) is_video: bool,
    /// The picture, or a still of the video.
    pub(super) url: String,
    pub(super) alt_text: Option<&'static str>,
    pub(super) link: Link,
}

impl Media {
    pub(super) fn video_url(&self) -> String {
        self.url.replace("video_thumb", "video").replace(".jpg", ".mp4")
    }
}

impl What {
    pub(super) fn link(&self) -> Option<&Link> {
        match self {
            Self::Link(link) | Self::Media(Media { link, .. }) => Some(link),
            _ => None,
        }
    }
}

impl Link {
    /// Returns the short link for a URL; within a scene, always the same one.
    pub(super) fn to(expanded: &str, scene: u64) -> Self {
        let is_short = expanded.starts_with("https://t.co/");
        let url = match is_short {
            true => expanded.to_owned(),
            false => format!("https://t.co/{}", slug(&mut rng(scene, &format!("link {expanded}")))),
        };
        let bare = expanded.trim_start_matches("https://").trim_start_matches("http://");
        let mut display: String = bare.chars().take(27).collect();
        if display.len() < bare.len() {
            display.push('…');
        }
        Self { url, expanded: expanded.to_owned(), display }
    }
}

impl Text {
    /// Parses a text as its author wrote it. Links are shortened. Handles are looked up in `known`;
    /// an unknown handle gets a new user.
    pub(super) fn parse(text: &str, known: &[Mention], scene: u64) -> Self {
        let mut parsed = Self::default();
        for word in text.split_inclusive(char::is_whitespace) {
            let (what, rest) = detect(word, known, scene).unzip();
            what.into_iter().for_each(|what| parsed.entity(what));
            parsed.plain(rest.unwrap_or(word));
        }
        parsed
    }

    /// Appends a text without entities. X escapes `&`, `<` and `>` in posts and messages.
    pub(super) fn plain(&mut self, text: &str) {
        self.text.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    }

    pub(super) fn entity(&mut self, what: What) {
        let start = self.length();
        self.text.push_str(&match &what {
            What::Hashtag(tag) => format!("#{tag}"),
            What::Cashtag(tag) => format!("${tag}"),
            What::Mention(mention) => format!("@{}", mention.handle),
            What::Link(link) | What::Media(Media { link, .. }) => link.url.clone(),
        });
        self.entities.push(Entity { what, start, end: self.length() });
    }

    pub(super) fn append(&mut self, other: &Self) {
        let by = self.length();
        self.text.push_str(&other.text);
        let moved = other.entities.iter().cloned();
        self.entities.extend(moved.map(|entity| Entity { start: entity.start + by, end: entity.end + by, ..entity }));
    }

    /// Returns the beginning, with at most `limit` code points and no part of an entity or an
    /// escape, followed by a link to the full text if there is one.
    pub(super) fn cut(&self, limit: u64, whole: Option<&Link>) -> Self {
        let room = limit.saturating_sub(1 + whole.map_or(0, |link| 1 + length(&link.url)));
        let head = |end: u64| (0..end).zip(self.text.chars()).map(|(_, letter)| letter).collect::<String>();
        let is_whole = |end: &u64| {
            let is_in_entity = self.entities.iter().any(|entity| entity.start < *end && *end < entity.end);
            !is_in_entity && head(*end).rsplit_once('&').is_none_or(|(_, escape)| escape.contains(';'))
        };
        let end = (0..=room).rev().find(is_whole).unwrap_or(0);
        let entities = self.entities.iter().filter(|entity| entity.end <= end).cloned().collect();
        let mut cut = Self { text: head(end), entities };
        cut.text.push('…');
        if let Some(link) = whole {
            cut.plain(" ");
            cut.entity(What::Link(link.clone()));
        }
        cut
    }

    /// Returns the length in code points.
    pub(super) fn length(&self) -> u64 {
        length(&self.text)
    }

    /// Returns the text as its author wrote it, with X's short links.
    pub(super) fn unescaped(&self) -> String {
        self.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Returns the attached picture or video, and its position.
    pub(super) fn media(&self) -> Option<(&Media, [u64; 2])> {
        self.entities.iter().find_map(|entity| match &entity.what {
            What::Media(media) => Some((media, [entity.start, entity.end])),
            _ => None,
        })
    }
}

/// Returns the entity with which a word begins, and the rest of the word.
fn detect<'a>(word: &'a str, known: &[Mention], scene: u64) -> Option<(What, &'a str)> {
    if word.starts_with("https://") || word.starts_with("http://") {
        let is_after = |letter: char| letter.is_whitespace() || ".,!?:;)\"".contains(letter);
        let url = word.trim_end_matches(is_after);
        return Some((What::Link(Link::to(url, scene)), word.strip_prefix(url)?));
    }
    let name = word.get(1..)?;
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(name.len());
    let (name, rest) = name.split_at_checked(end)?;
    let what = match word.get(..1)? {
        "#" if name.contains(char::is_alphabetic) => What::Hashtag(name.to_owned()),
        "$" if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase()) => What::Cashtag(name.to_owned()),
        "@" if !name.is_empty() && name.is_ascii() => {
            let known = known.iter().find(|user| user.handle.eq_ignore_ascii_case(name));
            What::Mention(known.cloned().unwrap_or_else(|| Mention {
                id: rng(scene, &format!("handle {name}")).u64(1_000_000..1_000_000_000).to_string(),
                handle: name.to_owned(),
                name: name.to_owned(),
            }))
        }
        _ => return None,
    };
    Some((what, rest))
}

fn length(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &Text) -> Vec<String> {
        let at = |entity: &Entity| text.text.chars().take(entity.end as usize).skip(entity.start as usize).collect();
        text.entities.iter().map(at).collect()
    }

    #[test]
    fn detects_entities_and_keeps_the_text() {
        let mara = Mention { id: "1".into(), handle: "mara_q".into(), name: "Mara".into() };
        let text =
            "Hi @mara_q! @other_one's #Züge, #9 $BRASS. $9 @ # (https://a.example/b?c=1)  https://t.co/abc.\n& <x>";
        let parsed = Text::parse(text, &[mara], 1);
        assert_eq!(found(&parsed), ["@mara_q", "@other_one", "#Züge", "$BRASS", "https://t.co/abc"]);
        assert!(matches!(&parsed.entities[0].what, What::Mention(mention) if mention.name == "Mara"));
        assert_eq!(parsed.unescaped(), text);
        assert!(parsed.text.ends_with("\n&amp; &lt;x&gt;"), "{}", parsed.text);
        let mut repost = Text::parse("RT 🐝 & ", &[], 1);
        repost.append(&parsed);
        assert_eq!(found(&repost), found(&parsed));
        let linked = Text::parse("see https://a.example/b, ok", &[], 1);
        assert!(matches!(&linked.entities[0].what, What::Link(link) if link.expanded == "https://a.example/b"));
        assert!(linked.text.ends_with(", ok"), "{}", linked.text);
    }

    #[test]
    fn a_truncated_text_respects_the_limit_and_whole_entities() {
        let text = Text::parse("one & two #three four", &[], 1);
        for limit in 2..30 {
            let cut = text.cut(limit, None);
            assert!(cut.length() <= limit && cut.text.ends_with('…'), "{limit}: {}", cut.text);
            assert!(!cut.text.ends_with("&a…") && !cut.text.contains("#t…"), "{limit}: {}", cut.text);
        }
        let link = Link::to("https://x.example/1", 1);
        let cut = text.cut(40, Some(&link));
        assert!(cut.text.ends_with(&format!("… {}", link.url)) && cut.length() <= 40, "{}", cut.text);
        assert_eq!(found(&cut).last(), Some(&link.url));
    }
}
