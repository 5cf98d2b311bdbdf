//! Escapes untrusted text so that it cannot control the terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns whether a character can control a terminal or reorder the text around it: C0 and C1
/// controls, DEL, Unicode's line breaks, bidirectional controls, and invisible tags.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns text on one line, with control characters written as `\n` or `\u{9b}`.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_control(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Returns whether text is printable ASCII and line breaks, so that nothing needs escaping.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
}

/// Escapes text of several lines, but keeps line breaks and colours.
pub(super) fn styled_text(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(letter) = rest.chars().next() {
        let style = style(rest).unwrap_or_default();
        let (kept, after) = rest.split_at(if style > 0 { style } else { letter.len_utf8() });
        if style == 0 && letter != '\n' && is_control(letter) {
            clean.extend(letter.escape_default());
        } else {
            clean += kept;
        }
        rest = after;
    }
    Cow::Owned(clean)
}

/// Returns the length of the colour or weight code at the start of the text: `ESC [ 1 m`.
fn style(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    codes.get(end..)?.starts_with('m').then_some("\u{1b}[".len() + end + "m".len())
}

/// Returns JSON on one line, with control characters written as `\u009b`. In valid JSON they occur
/// only inside strings.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if is_plain(text) && !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // White space between values.
            '\n' | '\r' | '\t' => clean.push(' '),
            _ if is_control(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(clean, "\\u{unit:04x}");
                }
            }
            _ => clean.push(letter),
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROLS: &str = "\0\u{7}\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200f}\u{202e}\u{2069}\u{e0001}\u{e007f}";

    #[test]
    fn control_characters_are_escaped_and_other_text_is_not() {
        assert_eq!(shown("a\u{1b}[2J\nb\u{202e}c é🐦 👩‍🚀"), "a\\u{1b}[2J\\nb\\u{202e}c é🐦 👩‍🚀");
        for letter in CONTROLS.chars() {
            let text = format!("a{letter}b");
            for clean in [shown(&text), styled_text(&text).into_owned()] {
                assert!(!clean.contains(letter) && clean.starts_with("a\\") && clean.ends_with('b'), "{clean:?}");
            }
        }
    }

    #[test]
    fn escaped_json_decodes_to_the_same_value() {
        let text = format!("{CONTROLS}é🐦\"\\");
        // Written as X may write it: serde_json escapes only characters below the space.
        let config = serde_json::to_string(&text).unwrap();
        let clean = json(&config);
        assert!(!clean.contains(is_control), "{clean:?}");
        assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), text);
        assert_eq!(json("{\"a\":\n\t1}"), "{\"a\":  1}");
    }

    #[test]
    fn only_colour_and_weight_codes_are_kept() {
        let ours = "\u{1b}[1mbold\u{1b}[0m and \u{1b}[38;5;1mred\u{1b}[39m";
        assert_eq!(styled_text(ours), ours);
        assert_eq!(styled_text("a\nb"), "a\nb");
        assert_eq!(styled_text("\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}["), "\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{1b}[");
    }
}
