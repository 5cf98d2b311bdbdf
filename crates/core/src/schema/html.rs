//! HTML entities in texts.

use std::borrow::Cow;

use crate::json::value::Text;

/// X escapes `&`, `<` and `>` in the text of posts and messages. Because it escapes every `&`,
/// decoding quotes too is safe.
const ENTITIES: [(&str, char); 6] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&apos;", '\'')];

pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    let (mut decoded, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        let known = ENTITIES.iter().find_map(|(name, letter)| Some((*letter, entity.strip_prefix(name)?)));
        let (letter, behind) = known.unwrap_or(('&', entity.get(1..).unwrap_or_default()));
        decoded += before;
        decoded.push(letter);
        rest = behind;
    }
    if decoded.is_empty() { text.into() } else { (decoded + rest).into() }
}

/// Returns a text as its author wrote it.
pub(crate) fn decoded(text: Text<'_>) -> Text<'_> {
    match decode_entities(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(decoded) => decoded.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode_entities;

    #[test]
    fn each_entity_is_decoded_once() {
        assert_eq!(decode_entities("a &lt;b&gt; &amp; c"), "a <b> & c");
        assert_eq!(decode_entities("&amp;lt; &amp;quot; &amp;amp;"), "&lt; &quot; &amp;");
        assert_eq!(decode_entities("&quot;a&quot; &#39;b&#39; &apos;c"), "\"a\" 'b' 'c");
        assert_eq!(decode_entities("R&D &nbsp; &&lt; &"), "R&D &nbsp; &< &");
    }
}
