//! Readers for XML and HTML responses, which the 1.1 login endpoints and proxies return.

use std::borrow::Cow;

use serde_json::{Value, json};

/// Converts an XML response of 1.1 to the shape of its JSON.
///
/// An example is `<errors><error code="415">words</error></errors>`.
pub(crate) fn xml_as_json(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if !text.starts_with('<') || is_page(text) {
        return None;
    }
    let (attributes, inner) = element(text, "error")?;
    let code = attribute(attributes, "code").or_else(|| Some(element(inner, "code")?.1));
    let code = code.and_then(|code| code.trim().parse::<i64>().ok());
    let message = words(element(inner, "message").map_or(inner, |(_, inner)| inner));
    Some(json!({"errors": [{"code": code, "message": message}]}))
}

/// Returns the text of an HTML page, at most `max` characters, and the error code in it.
pub(crate) fn page_words(body: &[u8], max: usize) -> Option<(Option<i64>, String)> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if !text.starts_with('<') {
        return None;
    }
    let mut visible = text.to_owned();
    for name in ["script", "style"] {
        while let Some((before, after)) = visible
            .find(&format!("<{name}"))
            .and_then(|at| Some((visible.get(..at)?, visible.get(at..)?.split_once(&format!("</{name}>"))?.1)))
        {
            visible = format!("{before} {after}");
        }
    }
    let words: String = words(&visible).chars().take(max).collect();
    (!words.is_empty()).then(|| (code(&words), words))
}

fn is_page(text: &str) -> bool {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.contains("<html")
}

/// Returns the attributes and the content of the first element of this name.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let open = format!("<{name}");
    let after = text.match_indices(&open).find_map(|(at, _)| {
        let after = text.get(at + open.len()..)?;
        after.starts_with(|next: char| next == '>' || next.is_whitespace()).then_some(after)
    })?;
    let (attributes, after) = after.split_once('>')?;
    Some((attributes, after.split_once(&format!("</{name}>"))?.0))
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = attributes.split_once(&format!("{name}="))?;
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    after.get(1..)?.split(quote).next()
}

fn words(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).map(unescaped).collect::<Vec<_>>().join(" ")
}

fn unescaped(word: &str) -> Cow<'_, str> {
    if !word.contains('&') {
        return word.into();
    }
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&nbsp;", " ")];
    let text = named.iter().fold(word.to_owned(), |text, (name, letter)| text.replace(name, letter));
    text.replace("&amp;", "&").into()
}

/// Returns the number after the word `code`.
fn code(words: &str) -> Option<i64> {
    let lower = words.to_ascii_lowercase();
    let (_, after) = lower.split_once("code")?;
    let after = after.trim_start_matches(|letter: char| letter.is_whitespace() || matches!(letter, ':' | '=' | '"'));
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    after.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_xml_response_reads_as_the_json_of_1_1() {
        let pin = "<?xml version=\"1.0\"?><errors><error code=\"417\">Use &apos;oob&apos; &amp; a PIN</error></errors>";
        for (xml, code, words) in [
            (pin, Some(417), "Use 'oob' & a PIN"),
            ("<errors>\n <error code='32'>No\n entry</error>\n</errors>", Some(32), "No entry"),
            ("<hash><request>/oauth</request><error>Closed</error></hash>", None, "Closed"),
            ("<errors><error><code>64</code><message>Gone</message></error></errors>", Some(64), "Gone"),
            ("<errors><error code=\"x\">Odd</error></errors>", None, "Odd"),
        ] {
            let read = xml_as_json(xml.as_bytes()).unwrap();
            let first = &read["errors"][0];
            assert_eq!((first["code"].as_i64(), first["message"].as_str()), (code, Some(words)), "{xml}");
        }
        for other in "|{}|<errors>|<errors/>|<html><error>x</error></html>|<error|words|<error>open".split('|') {
            assert_eq!(xml_as_json(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_page_is_read_without_its_markup() {
        let page = "<!DOCTYPE html><html><head><style>p { x }</style><script>let code = 7;</script><title>Sorry</title></head><body><p>Callback URL\nnot approved (code 415)</p><!-- no --></body></html>";
        let words = "Sorry Callback URL not approved (code 415)".to_owned();
        assert_eq!(page_words(page.as_bytes(), 100), Some((Some(415), words)));
        assert_eq!(page_words(page.as_bytes(), 5), Some((None, "Sorry".to_owned())));
        assert_eq!(page_words(b"<html>", 100), None);
        assert_eq!(page_words(b"<script>x", 100), Some((None, "x".to_owned())));
        assert_eq!(page_words(b"plain", 100), None);
        assert_eq!(page_words("<p>caf\u{e9} \u{1}x</p>".as_bytes(), 100), Some((None, "caf\u{e9} x".to_owned())));
    }
}
