//! Writes the same JSON in other forms: white space, escapes and rounded numbers change, the order
//! of keys does not.

use serde_json::value::RawValue;

use super::mistake::{Candidate, Mistake};

const PARSED: &str = "the body was parsed and serialised again, as by express.json() and JSON.stringify";
const KEEP_BYTES: &str = "verify the original bytes, before anything parses them";

const WHITE_SPACE: Mistake = Mistake::new(
    "the white space between the values is removed",
    "a tool pretty-printed the body, or parsed and serialised it again",
    KEEP_BYTES,
);
const ESCAPES: Mistake =
    Mistake::new("X's escapes (such as `\\/` and `\\u00e9`) are written again", PARSED, KEEP_BYTES);
const NUMBERS: Mistake = Mistake::new(
    "ids that JavaScript rounded are restored from their `_str` members",
    "the body was parsed and serialised again, by a language that rounds large numbers",
    KEEP_BYTES,
);

/// The characters that a serialiser escapes beyond those that JSON requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Escapes {
    letters: Letters,
    slash: bool,
    /// Characters of HTML.
    html: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    Raw,
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Compact,
    /// With a space after each comma and colon.
    Spaced,
    /// With lines, indented by this number of spaces.
    Pretty(usize),
}

/// Returns whether a body is JSON with white space between its values, which X does not write.
pub(crate) fn is_spaced(body: &[u8]) -> bool {
    let tokens = str::from_utf8(body).ok().and_then(tokens);
    tokens.is_some_and(|tokens| tokens.concat().as_bytes() != body.trim_ascii())
}

/// Returns other forms of a body. Empty if it is not JSON.
pub(crate) fn forms(body: &Candidate<bytes::Bytes>) -> Vec<Candidate<bytes::Bytes>> {
    let Some(tokens) = str::from_utf8(&body.value).ok().and_then(tokens) else { return Vec::new() };
    let mut forms = Vec::new();
    let restored = with_restored_numbers(&tokens);
    let as_written: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
    for (numbers, tokens) in [(false, Some(&as_written)), (true, restored.as_ref())] {
        let Some(tokens) = tokens else { continue };
        for escapes in [None].into_iter().chain(escape_styles().map(Some)) {
            let strings = escapes.map_or_else(|| tokens.clone(), |escapes| escaped(tokens, escapes));
            let text = laid_out(&strings, Layout::Compact);
            let mut form = body.clone();
            if laid_out(&as_written, Layout::Compact).as_bytes() != body.value.trim_ascii() {
                form = form.then(body.value.clone(), WHITE_SPACE);
            }
            if strings != *tokens {
                // X escapes more than other serialisers, so it did not make a form with fewer escapes.
                let length = |tokens: &[String]| tokens.iter().map(String::len).sum::<usize>();
                let mistake = if length(&strings) < length(tokens) {
                    by_another_signer("the same JSON is written without optional escapes")
                } else {
                    ESCAPES
                };
                form = form.then(body.value.clone(), mistake);
            }
            if numbers {
                form = form.then(body.value.clone(), NUMBERS);
            }
            // Without a change here, only the white space at the ends differs.
            if form.mistakes.len() > body.mistakes.len() {
                forms.push(Candidate { value: text.into(), ..form });
            }
        }
    }
    // Forms in which X does not write.
    let ascii = Escapes { letters: Letters::Lower, slash: false, html: "" };
    for (layout, change) in [
        (Layout::Spaced, "the same JSON has a space after each comma and colon, as Python's json.dumps writes it"),
        (Layout::Pretty(2), "the same JSON is pretty-printed with 2 spaces"),
        (Layout::Pretty(4), "the same JSON is pretty-printed with 4 spaces"),
    ] {
        for tokens in [as_written.clone(), escaped(&as_written, ascii), escaped(&as_written, MINIMAL)] {
            forms.push(body.then(laid_out(&tokens, layout).into(), by_another_signer(change)));
        }
    }
    if let Ok(sorted) = serde_json::from_slice::<serde_json::Value>(&body.value) {
        forms.push(body.then(sorted.to_string().into(), by_another_signer("the keys of the same JSON are sorted")));
    }
    forms
}

const MINIMAL: Escapes = Escapes { letters: Letters::Raw, slash: false, html: "" };

fn by_another_signer(change: &'static str) -> Mistake {
    Mistake::new(
        change,
        "the signer signed JSON with different formatting, not the bytes that it sent",
        "sign the bytes that are sent",
    )
}

fn escape_styles() -> impl Iterator<Item = Escapes> {
    let letters = [Letters::Lower, Letters::Raw, Letters::Upper];
    letters.into_iter().flat_map(|letters| {
        [true, false]
            .into_iter()
            .flat_map(move |slash| ["<>", "", "<>&"].into_iter().map(move |html| Escapes { letters, slash, html }))
    })
}

/// Splits JSON into strings, numbers, literals and punctuation. `None` if it is not one JSON value.
fn tokens(text: &str) -> Option<Vec<&str>> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let (mut tokens, mut rest) = (Vec::new(), text.trim());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at_checked(length)?;
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// Replaces a number with the digits of the next member if that has the same name and `_str`.
/// `None` if nothing changes.
fn with_restored_numbers(tokens: &[&str]) -> Option<Vec<String>> {
    let mut restored: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
    let mut changed = false;
    for (at, window) in tokens.windows(7).enumerate() {
        let [name, ":", number, ",", twin, ":", digits] = window else { continue };
        let is_twin = twin.strip_suffix("_str\"").is_some_and(|stem| name.strip_suffix('"') == Some(stem));
        let digits = digits.trim_matches('"');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_rounded = number.starts_with(|c: char| c.is_ascii_digit()) && *number != digits;
        if is_twin
            && is_number(digits)
            && is_rounded
            && let Some(token) = restored.get_mut(at + 2)
        {
            digits.clone_into(token);
            changed = true;
        }
    }
    changed.then_some(restored)
}

fn escaped(tokens: &[String], escapes: Escapes) -> Vec<String> {
    let escape = |token: &String| match serde_json::from_str::<String>(token) {
        Ok(text) => string(&text, escapes),
        Err(_) => token.clone(),
    };
    tokens.iter().map(escape).collect()
}

fn string(text: &str, escapes: Escapes) -> String {
    let (mut json, mut units) = (String::from("\""), [0; 2]);
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '/' if escapes.slash => json.push_str("\\/"),
            _ if letter < ' '
                || escapes.html.contains(letter)
                || (escapes.letters != Letters::Raw && !letter.is_ascii()) =>
            {
                for unit in letter.encode_utf16(&mut units) {
                    let upper = escapes.letters == Letters::Upper;
                    json += &if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                }
            }
            _ => json.push(letter),
        }
    }
    json + "\""
}

fn laid_out(tokens: &[String], layout: Layout) -> String {
    let (mut text, mut depth) = (String::new(), 0_usize);
    let mut previous = "";
    for token in tokens {
        let opens = matches!(previous, "{" | "[");
        let closes = matches!(token.as_str(), "}" | "]");
        depth = if closes { depth.saturating_sub(1) } else { depth };
        match layout {
            Layout::Pretty(indent) if (opens != closes && (opens || closes)) || previous == "," => {
                text.push('\n');
                text.push_str(&" ".repeat(indent * depth));
            }
            Layout::Spaced if matches!(previous, "," | ":") => text.push(' '),
            Layout::Pretty(_) if previous == ":" => text.push(' '),
            _ => {}
        }
        depth += usize::from(matches!(token.as_str(), "{" | "["));
        text.push_str(token);
        previous = token;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str) -> Vec<String> {
        let texts = forms(&Candidate::as_given(bytes::Bytes::from(text)));
        texts.into_iter().map(|form| String::from_utf8(form.value.to_vec()).unwrap()).collect()
    }

    #[test]
    fn forms_keep_the_order_of_keys_and_change_white_space_and_escapes() {
        let forms = all("{\n \"b\": \"é😀</\", \"a\": [1, {}, []]\n}");
        for form in [
            r#"{"b":"é😀</","a":[1,{},[]]}"#,
            r#"{"b":"\u00e9\ud83d\ude00<\/","a":[1,{},[]]}"#,
            r#"{"b":"\u00e9\ud83d\ude00\u003c\/","a":[1,{},[]]}"#,
            r#"{"b":"\u00E9\uD83D\uDE00</","a":[1,{},[]]}"#,
            r#"{"b": "\u00e9\ud83d\ude00</", "a": [1, {}, []]}"#,
            "{\n  \"b\": \"é😀</\",\n  \"a\": [\n    1,\n    {},\n    []\n  ]\n}",
            r#"{"a":[1,{},[]],"b":"é😀</"}"#,
        ] {
            assert!(forms.iter().any(|one| one == form), "{form}: {forms:#?}");
        }
    }

    #[test]
    fn rounded_ids_are_restored_from_the_member_that_follows() {
        let forms = all(r#"{"id":1209097192914310000,"id_str":"1209097192914310001","n":1,"m_str":"2"}"#);
        let restored = r#"{"id":1209097192914310001,"id_str":"1209097192914310001","n":1,"m_str":"2"}"#;
        assert!(forms.iter().any(|one| one == restored), "{forms:#?}");
    }

    #[test]
    fn text_that_is_not_json_has_no_other_form() {
        assert_eq!(all("{\"a\":"), Vec::<String>::new());
        assert_eq!(all("test"), Vec::<String>::new());
    }
}
