//! Undoes what tools do to a body between its arrival and its file.

use std::collections::HashSet;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::json_text;
use super::mistake::{Candidate, Mistake};
use crate::logged_request;

/// Maximum number of wrappers around a body.
const MAX_DEPTH: usize = 3;

/// Length that a shorter body counts as, which limits the number of bodies in a list.
const MIN_LENGTH: usize = 1 << 10;

const BOM: &[u8] = "\u{feff}".as_bytes();
const AS_ARRIVED: &str = "verify the bytes as they arrived";

/// Returns the body as given, then the bodies of which it may be a changed copy. `limit` is the
/// maximum total length of the bodies in wrappers, because a sender can nest and compress them.
pub(crate) fn candidates(body: &Bytes, limit: usize) -> Vec<Candidate<Bytes>> {
    let mut unwrapped = vec![Candidate::as_given(body.clone())];
    let (mut newest, mut left) = (unwrapped.clone(), limit);
    for _ in 0..MAX_DEPTH {
        let mut inner = Vec::new();
        for one in &newest {
            for (body, why) in unwrap(&one.value, left) {
                if let Some(rest) = left.checked_sub(body.len().max(MIN_LENGTH)) {
                    left = rest;
                    inner.push(one.then(body, why));
                }
            }
        }
        unwrapped.extend(inner.iter().cloned());
        newest = inner;
    }
    let mut all = unwrapped.clone();
    for one in &unwrapped {
        all.extend(with_other_line_ends(&one.value).into_iter().map(|(body, why)| one.then(body, why)));
        all.extend(json_text::forms(one));
    }
    all.sort_by_key(|one| one.mistakes.len());
    let mut seen = HashSet::new();
    all.retain(|one| seen.insert(one.value.clone()));
    all
}

/// Returns the bodies inside a wrapper or encoding. A decompressed body is at most `limit` long.
fn unwrap(body: &Bytes, limit: usize) -> Vec<(Bytes, Mistake)> {
    let mut found = Vec::new();
    if let Some(rest) = body.strip_prefix(BOM) {
        let mistake = Mistake::new(
            "the byte order mark (BOM) at the beginning of the body is removed",
            "an editor or logger added the byte order mark",
            AS_ARRIVED,
        );
        found.push((body.slice_ref(rest), mistake));
    }
    if let Some(text) = utf16(body) {
        let mistake = Mistake::new(
            "the body is converted from UTF-16 to UTF-8",
            "PowerShell or an editor saved the body as UTF-16",
            AS_ARRIVED,
        );
        found.push((text.into(), mistake));
    }
    if let Some(plain) = decompressed(body, limit) {
        let mistake = Mistake::new(
            "the body is decompressed",
            "the body is gzipped, but X signs the uncompressed body",
            "verify the bytes before they are compressed, or after they are decompressed",
        );
        found.push((plain, mistake));
    }
    if let Some(plain) = base64_decoded(body) {
        let mistake = Mistake::new(
            "the body is decoded from base64",
            "the body is base64, as Lambda and API Gateway encode it (`isBase64Encoded`)",
            "decode the body before verifying it",
        );
        found.push((plain, mistake));
    }
    if let Ok(text) = serde_json::from_slice::<String>(body) {
        let mistake = Mistake::new(
            "the body is read from the JSON string that contains it",
            "a tool serialised the body as a JSON string: quotes are around it",
            AS_ARRIVED,
        );
        found.push((text.into(), mistake));
    }
    let trimmed = body.trim_ascii();
    for quote in [b"'", b"\""] {
        if let Some(inner) = trimmed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let mistake = Mistake::new(
                "the quotes around the body are removed",
                "a shell or logger put quotes around the body",
                AS_ARRIVED,
            );
            found.push((body.slice_ref(inner), mistake));
        }
    }
    let inside = logged_request::recorded(body).map(|recorded| vec![(recorded.body, "a recording".to_owned())]);
    for (inner, source) in inside.or_else(|| logged_request::bodies(body)).unwrap_or_default() {
        let mistake = Mistake {
            change: format!("the body is read from {source}").into(),
            cause: "the file holds a whole request, but X signs only its body".into(),
            fix: "pass only the body".into(),
        };
        found.push((inner, mistake));
    }
    found
}

/// Returns the body with line breaks and white space at its ends that tools add, remove or convert.
fn with_other_line_ends(body: &Bytes) -> Vec<(Bytes, Mistake)> {
    let mut found = Vec::new();
    if body.trim_ascii_end() != body {
        let mistake = Mistake::new(
            "the trailing white space of the body is removed",
            "an editor or `echo` added a line break",
            "verify the bytes as they arrived; print text with `printf %s`",
        );
        found.push((body.slice_ref(body.trim_ascii_end()), mistake));
    }
    if body.trim_ascii_start() != body {
        let mistake = Mistake::new(
            "the white space around the body is removed",
            "an editor or logger added white space at the beginning",
            AS_ARRIVED,
        );
        found.push((body.slice_ref(body.trim_ascii()), mistake));
    }
    for end in ["\n", "\r\n"] {
        let mistake = Mistake::new(
            "a line break is added to the end of the body",
            "a tool removed the line break at the end, as the shell's `$(…)` and `curl -d @FILE` do",
            "verify the bytes as they arrived; send a file with `curl --data-binary @FILE`",
        );
        found.push(([body, end.as_bytes()].concat().into(), mistake));
    }
    if let Ok(text) = str::from_utf8(body)
        && text.contains('\n')
    {
        let unix = text.replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        for (converted, change) in [
            (unix, "the line breaks are converted from CRLF to LF"),
            (windows, "the line breaks are converted from LF to CRLF"),
        ] {
            let mistake = Mistake::new(change, "an editor, git or a transfer converted line breaks", AS_ARRIVED);
            found.push((converted.into(), mistake));
        }
    }
    found
}

fn utf16(body: &[u8]) -> Option<String> {
    let (units, is_big_endian) = match body {
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        [first, 0, ..] if *first != 0 => (body, false),
        _ => return None,
    };
    let (pairs, rest) = units.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| if is_big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let text = String::from_utf16(&pairs.iter().map(unit).collect::<Vec<_>>()).ok()?;
    rest.is_empty().then_some(text)
}

fn decompressed(body: &[u8], limit: usize) -> Option<Bytes> {
    let mut plain = Vec::new();
    let is_gzip = body.starts_with(&[0x1f, 0x8b]);
    is_gzip.then(|| MultiGzDecoder::new(body).take(limit as u64).read_to_end(&mut plain).ok())??;
    Some(plain.into())
}

fn base64_decoded(body: &[u8]) -> Option<Bytes> {
    let encoded: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    let decoded = STANDARD_NO_PAD.decode(&encoded).or_else(|_| URL_SAFE_NO_PAD.decode(&encoded)).ok()?;
    (!decoded.is_empty()).then(|| decoded.into())
}

/// Returns why no form of the body can match, if its bytes show it.
pub(crate) fn fault(body: &[u8], limit: usize) -> Option<String> {
    if body.trim_ascii().is_empty() {
        return Some("the body is empty: other code may have read the request's stream first".to_owned());
    }
    if body.starts_with(&[0x1f, 0x8b]) && decompressed(body, limit).is_none() {
        return Some("the body is gzipped, but not complete".to_owned());
    }
    let is_object = body.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Err(error) if is_object && error.is_eof() => {
            Some("the body is not complete JSON: a log or limit may have cut it off".to_owned())
        }
        Err(error) if is_object => Some(format!("the body is not valid JSON ({error}): it is not what X sent")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_total_length_of_bodies_in_wrappers_is_limited() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
        let bomb = Bytes::from(encoder.finish().unwrap());
        let elements: Vec<_> = (0..10_000).map(|number| format!("{{\"a\":{number}}}")).collect();
        let list = Bytes::from(format!("[{}]", elements.join(",")));
        let limit = 20 << 10;
        let longest = candidates(&bomb, limit).iter().map(|one| one.value.len()).max().unwrap();
        assert!((limit..=limit + 2).contains(&longest), "a line break may be added: {longest}");
        assert!(candidates(&list, limit).len() < 1000);
        let text = |limit| candidates(&list, limit).iter().any(|one| one.value == elements[0]);
        assert!(text(limit) && !text(0));
    }
}
