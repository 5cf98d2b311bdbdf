//! Parses texts into the entities that X detects.

use super::dice::{Dice, seed};
use super::people::Person;

/// A link shortened by X.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    /// The link in the text: `https://t.co/...`.
    pub(super) url: String,
    pub(super) expanded: String,
    pub(super) display: String,
}

impl Link {
    /// Returns the short link for a URL; within a scene, always the same one.
    pub(super) fn to(expanded: &str, scene: u64) -> Self {
        let slug = Dice::of([scene, seed("links"), seed(expanded)]).slug(10);
        Self::with_url(format!("https://t.co/{slug}"), expanded)
    }

    fn with_url(url: String, expanded: &str) -> Self {
        let bare = expanded.trim_start_matches("https://").trim_start_matches("http://");
        let display = match bare.char_indices().nth(27) {
            Some((at, _)) => format!("{}…", bare.get(..at).unwrap_or(bare)),
            None => bare.to_owned(),
        };
        Self { url, expanded: expanded.to_owned(), display }
    }
}

/// One part of a text.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Plain(String),
    Hashtag(String),
    Cashtag(String),
    Mention(Box<Person>),
    Link(Link),
    /// The link to an attached picture.
    Picture(Link),
}

/// A text, split into plain parts and entities.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(pub(super) Vec<Piece>);

impl Words {
    /// Parses a text as its author wrote it. Links are shortened. Handles are looked up in
    /// `people`; an unknown handle gets a new user.
    pub(super) fn read(text: &str, people: &[&Person], scene: u64) -> Self {
        let mut words = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let begins = rest.find(|letter: char| !letter.is_whitespace()).unwrap_or(rest.len());
            let (space, behind) = rest.split_at_checked(begins).unwrap_or((rest, ""));
            words.plain(space);
            let ends = behind.find(char::is_whitespace).unwrap_or(behind.len());
            let (token, behind) = behind.split_at_checked(ends).unwrap_or((behind, ""));
            words.token(token, people, scene);
            rest = behind;
        }
        words
    }

    pub(super) fn plain(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Plain(before)) => before.push_str(text),
            _ => self.0.push(Piece::Plain(text.to_owned())),
        }
    }

    fn token(&mut self, token: &str, people: &[&Person], scene: u64) {
        let name = |sign: char, is_part: fn(char) -> bool| {
            let behind = token.strip_prefix(sign)?;
            behind.split_at_checked(behind.find(|letter| !is_part(letter)).unwrap_or(behind.len()))
        };
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let piece = if token.starts_with("https://") || token.starts_with("http://") {
            let url = token.trim_end_matches(['.', ',', '!', '?', ':', ';', ')', '"']);
            let is_short = url.starts_with("https://t.co/");
            let link = if is_short { Link::with_url(url.to_owned(), url) } else { Link::to(url, scene) };
            Some((Piece::Link(link), token.get(url.len()..).unwrap_or_default()))
        } else if let Some((tag, rest)) = name('#', is_word).filter(|(tag, _)| tag.contains(char::is_alphabetic)) {
            Some((Piece::Hashtag(tag.to_owned()), rest))
        } else if let Some((tag, rest)) =
            name('$', |letter| letter.is_ascii_uppercase()).filter(|(tag, _)| !tag.is_empty())
        {
            Some((Piece::Cashtag(tag.to_owned()), rest))
        } else if let Some((handle, rest)) =
            name('@', |letter| letter.is_ascii_alphanumeric() || letter == '_').filter(|(handle, _)| !handle.is_empty())
        {
            let known = people.iter().find(|person| person.handle.eq_ignore_ascii_case(handle));
            let person = known.map_or_else(|| Person::called(scene, handle), |person| (*person).clone());
            Some((Piece::Mention(Box::new(person)), rest))
        } else {
            None
        };
        match piece {
            Some((piece, rest)) => {
                self.0.push(piece);
                self.plain(rest);
            }
            None => self.plain(token),
        }
    }

    /// Returns the text as its author wrote it, with X's short links.
    pub(super) fn authored(&self) -> String {
        self.0.iter().map(Piece::authored).collect()
    }
}

impl Piece {
    pub(super) fn authored(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Hashtag(tag) => format!("#{tag}"),
            Self::Cashtag(tag) => format!("${tag}"),
            Self::Mention(person) => format!("@{}", person.handle),
            Self::Link(link) | Self::Picture(link) => link.url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_into_its_pieces_and_back() {
        let mara = Person::called(1, "mara_q");
        let text =
            "Hi @mara_q! @other_one's #Züge, #9 $BRASS. $9 @ # (https://a.example/b?c=1)  https://t.co/abc.\n& <x>";
        let words = Words::read(text, &[&mara], 1);
        let found: Vec<_> =
            words.0.iter().filter(|piece| !matches!(piece, Piece::Plain(_))).map(Piece::authored).collect();
        assert_eq!(found, ["@mara_q", "@other_one", "#Züge", "$BRASS", "https://t.co/abc"]);
        assert_eq!(words.authored(), text);
        let linked = Words::read("see https://a.example/b, ok", &[], 1);
        assert!(matches!(&linked.0[1], Piece::Link(link) if link.expanded == "https://a.example/b"));
        assert!(linked.authored().ends_with(", ok"), "{}", linked.authored());
    }
}
