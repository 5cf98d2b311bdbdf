//! Reads a signature as people copy it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use birdhook::app::SecretKind;

use super::mistake::{Candidate, Mistake};

const PREFIX: &str = "sha256=";

const BASE64: &str = "encode the 32 bytes of the HMAC as base64, with padding, after `sha256=`";

/// The value of a signature header.
#[derive(Debug)]
pub(crate) struct GivenSignature {
    /// The kind of secret that signs for the header, if the text begins with the header's name.
    pub(crate) kind: Option<SecretKind>,
    /// The value without the name.
    pub(crate) text: String,
    /// The value as X writes it. `None` if it contains no HMAC-SHA256.
    pub(crate) canonical: Option<Candidate<String>>,
}

impl GivenSignature {
    /// Reads the value of the header for this kind of secret.
    pub(crate) fn of_header(kind: SecretKind, value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value).into_owned();
        Self { kind: Some(kind), canonical: canonical(&text), text }
    }

    /// Reads `VALUE` or `NAME: VALUE`.
    pub(crate) fn read(text: &str) -> Self {
        let named = text.split_once(':').and_then(|(name, value)| {
            let kind = SecretKind::ALL.into_iter().find(|kind| kind.header().eq_ignore_ascii_case(name.trim()))?;
            Some((kind, value))
        });
        let (kind, value) = named.map_or((None, text), |(kind, value)| (Some(kind), value));
        let text = value.trim();
        Self { kind, text: text.to_owned(), canonical: canonical(text) }
    }
}

fn canonical(text: &str) -> Option<Candidate<String>> {
    let given = Candidate::as_given(text.to_owned());
    let unquoted = text.trim_matches(['"', '\'']).trim();
    let mut candidate = given.clone();
    if unquoted != text {
        let mistake = Mistake::new(
            "the quotes around the signature are removed",
            "the quotes are not a part of the header",
            "pass the header's value as it arrived",
        );
        candidate = candidate.then(unquoted.to_owned(), mistake);
    }
    if candidate.value.contains('%') {
        let decoded = candidate.value.replace("%3D", "=").replace("%3d", "=");
        let decoded = decoded.replace("%2B", "+").replace("%2b", "+").replace("%2F", "/").replace("%2f", "/");
        let mistake = Mistake::new(
            "the signature is URL-decoded",
            "a tool URL-encoded the header",
            "pass the header's value as it arrived",
        );
        candidate = candidate.then(decoded, mistake);
    }
    let has_prefix = candidate.value.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    let encoded = if has_prefix { candidate.value.split_off(PREFIX.len()) } else { candidate.value.clone() };
    let (mac, mistake) = mac(encoded.trim())?;
    let canonical = format!("{PREFIX}{}", STANDARD.encode(mac));
    candidate = match mistake {
        Some(mistake) => candidate.then(canonical, mistake),
        None => Candidate { value: canonical, ..candidate },
    };
    if !has_prefix {
        let mistake = Mistake::new(
            "the signature begins with `sha256=`",
            "the prefix 'sha256=' is missing",
            "pass the header's value as it arrived",
        );
        candidate = candidate.then(candidate.value.clone(), mistake);
    }
    Some(candidate)
}

/// Returns the 32 bytes, with the mistake in their encoding.
fn mac(encoded: &str) -> Option<(Vec<u8>, Option<Mistake>)> {
    let is_mac = |bytes: &Vec<u8>| bytes.len() == 32;
    if let Some(bytes) = STANDARD.decode(encoded).ok().filter(is_mac) {
        return Some((bytes, None));
    }
    if let Some(bytes) = hexadecimal(encoded).filter(is_mac) {
        let mistake =
            Mistake::new("the signature is base64", "it is hexadecimal, but X's signatures are base64", BASE64);
        return Some((bytes, Some(mistake)));
    }
    let bare = encoded.trim_end_matches('=');
    if let Some(text) = STANDARD_NO_PAD.decode(bare).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        && let Some(bytes) = hexadecimal(text.trim()).filter(is_mac)
    {
        let mistake = Mistake::new(
            "the signature is the base64 of the HMAC's bytes",
            "it is the base64 of the HMAC's hexadecimal text",
            BASE64,
        );
        return Some((bytes, Some(mistake)));
    }
    let decoded = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok().filter(is_mac)?;
    let mistake = Mistake::new(
        "the signature is standard, padded base64",
        "it is base64 of another form (`-` and `_` for `+` and `/`, or another padding)",
        BASE64,
    );
    Some((decoded, Some(mistake)))
}

/// Decodes hexadecimal text.
pub(crate) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let is_pairs = !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let pairs = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    is_pairs.then(|| pairs.collect()).flatten()
}
