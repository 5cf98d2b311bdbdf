//! Text in the form in which X sends it, with the positions of its entities.

use super::people::Person;
use super::words::{Link, Piece, Words};

/// A text as X sends it: HTML-escaped, and truncated if it is too long.
#[derive(Clone, Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// Length in code points, as all positions are.
    pub(super) length: u64,
    pub(super) hashtags: Vec<Place<String>>,
    pub(super) cashtags: Vec<Place<String>>,
    pub(super) mentions: Vec<Place<Box<Person>>>,
    pub(super) links: Vec<Place<Link>>,
    pub(super) pictures: Vec<Place<Link>>,
}

/// An entity and its position in a text.
#[derive(Clone, Debug)]
pub(super) struct Place<T> {
    pub(super) what: T,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Words {
    /// Renders the whole text.
    pub(super) fn whole(&self) -> Rendered {
        let mut rendered = Rendered::default();
        for piece in &self.0 {
            rendered.piece(piece);
        }
        rendered
    }

    /// Renders at most `limit` code points, ending with a link to the full text if there is one.
    pub(super) fn cut(&self, limit: u64, whole: Option<&Link>) -> Rendered {
        let tail = whole.map_or(0, |link| 1 + length(&link.url));
        let room = limit.saturating_sub(1 + tail);
        let mut rendered = Rendered::default();
        for piece in &self.0 {
            let mut next = rendered.clone();
            next.piece(piece);
            if next.length > room {
                if let Piece::Plain(text) = piece {
                    text.chars().take_while(|letter| rendered.letter(*letter, room)).for_each(drop);
                }
                break;
            }
            rendered = next;
        }
        rendered.push("…");
        if let Some(link) = whole {
            rendered.push(" ");
            rendered.piece(&Piece::Link(link.clone()));
        }
        rendered
    }
}

impl Rendered {
    fn piece(&mut self, piece: &Piece) {
        let start = self.length;
        match piece {
            Piece::Plain(text) => text.chars().for_each(|letter| _ = self.letter(letter, u64::MAX)),
            other => self.push(&other.authored()),
        }
        let end = self.length;
        match piece {
            Piece::Plain(_) => {}
            Piece::Hashtag(tag) => self.hashtags.push(Place { what: tag.clone(), start, end }),
            Piece::Cashtag(tag) => self.cashtags.push(Place { what: tag.clone(), start, end }),
            Piece::Mention(person) => self.mentions.push(Place { what: person.clone(), start, end }),
            Piece::Link(link) => self.links.push(Place { what: link.clone(), start, end }),
            Piece::Picture(link) => self.pictures.push(Place { what: link.clone(), start, end }),
        }
    }

    /// Appends a character if there is room for it, and returns whether there was. X escapes `&`,
    /// `<` and `>` in posts and messages, and nothing else.
    fn letter(&mut self, letter: char, room: u64) -> bool {
        let mut buffer = [0; 4];
        let escaped = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => letter.encode_utf8(&mut buffer),
        };
        let fits = self.length.saturating_add(length(escaped)) <= room;
        if fits {
            self.push(escaped);
        }
        fits
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.length += length(text);
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_code_points_of_the_text_as_sent() {
        let rendered = Words::read("🐝 & <b> #Züge 🗼 https://a.example/b", &[], 1).whole();
        assert!(rendered.text.starts_with("🐝 &amp; &lt;b&gt; #Züge 🗼 https://t.co/"), "{}", rendered.text);
        let at = |start: u64, end: u64| -> String {
            rendered.text.chars().skip(start as usize).take((end - start) as usize).collect()
        };
        let (tag, link) = (&rendered.hashtags[0], &rendered.links[0]);
        assert_eq!(at(tag.start, tag.end), "#Züge");
        assert_eq!(at(link.start, link.end), link.what.url);
        assert_eq!(rendered.length, rendered.text.chars().count() as u64);
    }

    #[test]
    fn what_is_cut_keeps_to_the_limit_and_to_whole_pieces() {
        let words = Words::read("one & two #three four", &[], 1);
        for limit in 2..30 {
            let cut = words.cut(limit, None);
            assert!(cut.length <= limit && cut.text.ends_with('…'), "{limit}: {}", cut.text);
            assert!(!cut.text.ends_with("&a…") && !cut.text.contains("#t…"), "{limit}: {}", cut.text);
        }
        let link = Link::to("https://x.example/1", 1);
        let cut = words.cut(40, Some(&link));
        assert!(cut.text.ends_with(&format!("… {}", link.url)) && cut.length <= 40, "{}", cut.text);
        assert_eq!(cut.links[0].what, link);
    }
}
