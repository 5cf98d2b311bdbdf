//! Reads a `response_token`, and finds out how it was computed: the signed text, the key, and the encoding.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use birdhook_testkit::Challenge;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use crate::exchange::Response;
use crate::leak::hex;
use crate::target::{KnownSecret, SecretText};

#[derive(Debug)]
pub(super) struct Construction {
    pub(super) key: Key,
    /// The signed text, if it is not the right one.
    message: Option<Message>,
    digest: Digest,
    encoding: Encoding,
    has_prefix: bool,
    /// Whether it contains white space, such as the line break that Ruby's `encode64` appends.
    has_whitespace: bool,
    /// Whether it is Python's notation of bytes: `b'...'`.
    is_python_bytes: bool,
    /// Whether the token was returned unsigned.
    is_echo: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Right,
    /// The right key with a known flaw: a description and a fix.
    Flawed(&'static str, &'static str),
    /// A well-formed signature, but of an unknown key or text.
    Unknown,
    /// Not a recognisable signature.
    Unreadable,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    name: &'static str,
    fix: &'static str,
}

/// The function that computed the signature from key and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digest {
    HmacSha256,
    Swapped,
    HmacSha1,
    HmacSha512,
    KeyThenText,
    TextThenKey,
    TextOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Base64,
    Unpadded,
    UrlSafe,
    Hex,
    Base64OfHex,
    /// Base64 of 20 bytes, the length of SHA-1.
    Of20Bytes,
    Unknown,
}

#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) observed: String,
    pub(super) cause: &'static str,
    pub(super) fix: &'static str,
}

pub(super) fn response_token(response: &Response) -> Option<String> {
    let response: Value = serde_json::from_slice(&response.body).ok()?;
    response.get("response_token").and_then(Value::as_str).map(str::to_owned)
}

/// Returns the `response_token` if it has the length of a signature.
pub(super) fn signature(response: &Response) -> Option<String> {
    let token = response_token(response)?;
    let bare = token.trim().trim_start_matches("sha256=").trim_end_matches('=');
    matches!(bare.len(), 27 | 40 | 43 | 64).then_some(token)
}

pub(super) fn analyze(token: &str, challenge: &Challenge, known: &KnownSecret) -> Construction {
    let unquoted = without_python_bytes(token);
    let is_python_bytes = unquoted.is_some();
    let token = unquoted.as_deref().unwrap_or(token);
    let trimmed = token.trim();
    let value = trimmed.strip_prefix("sha256=");
    let has_prefix = value.is_some();
    let other_prefix = || trimmed.strip_prefix("sha1=").or_else(|| trimmed.strip_prefix("sha512="));
    let value = value.or_else(other_prefix).unwrap_or(trimmed);
    let has_whitespace = trimmed.len() != token.len() || value.contains(char::is_whitespace);
    let base = Construction {
        key: Key::Unreadable,
        message: None,
        digest: Digest::HmacSha256,
        encoding: Encoding::Unknown,
        has_prefix,
        has_whitespace,
        is_python_bytes,
        is_echo: false,
    };
    if value == challenge.token() {
        return Construction { is_echo: true, ..base };
    }
    let value: String = value.split_whitespace().collect();
    let encoding_of = |mac: &[u8]| encodings(mac).into_iter().find_map(|(how, text)| (text == value).then_some(how));
    for (key, secret) in candidate_keys(&known.text) {
        for (message, bytes) in messages(challenge) {
            if let Some(encoding) = encoding_of(&mac(secret.as_bytes(), bytes.as_bytes())) {
                return Construction { key, message, encoding, ..base };
            }
        }
    }
    for (digest, mac) in other_digests(known.text.0.as_bytes(), challenge.token().as_bytes()) {
        if let Some(encoding) = encoding_of(&mac) {
            return Construction { key: Key::Right, digest, encoding, ..base };
        }
    }
    match STANDARD.decode(&value).map_or(0, |bytes| bytes.len()) {
        32 => Construction { key: Key::Unknown, encoding: Encoding::Base64, ..base },
        20 => Construction { encoding: Encoding::Of20Bytes, ..base },
        _ => base,
    }
}

/// Removes Python's notation of bytes: `sha256=b'...'` or `b'sha256=...'`.
fn without_python_bytes(token: &str) -> Option<String> {
    let (prefix, quoted) = token.split_once('b')?;
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    matches!(prefix, "" | "sha256=").then(|| format!("{prefix}{inner}"))
}

/// Returns the first fault of a `response_token`, for fuzz targets.
#[cfg(fuzzing)]
pub(crate) fn fault(token: &str, challenge: &Challenge, known: &KnownSecret) -> Option<String> {
    let construction = analyze(token, challenge, known);
    let of_key = || (construction.key != Key::Right).then(|| format!("the key is {:?}", construction.key));
    construction.mistake().map(|mistake| mistake.observed).or_else(of_key)
}

impl Construction {
    /// Returns the mistake if another text was signed.
    pub(super) fn other_text(&self) -> Option<Mistake> {
        let Message { name, fix } = self.message?;
        let observed = format!("the signed text is {name}");
        Some(Mistake { observed, cause: "X signs the decoded crc_token and nothing else", fix })
    }

    /// Returns the first mistake, apart from a wrong key.
    pub(super) fn mistake(&self) -> Option<Mistake> {
        let form = "X expects the padded standard base64 of the 32 bytes: 44 characters";
        let (observed, cause, fix) = match self.encoding {
            _ if self.is_python_bytes => (
                "the response_token contains Python's notation of bytes: b'...'",
                "a bytes object was formatted as text",
                "decode the base64 before formatting it: base64.b64encode(digest).decode('ascii')",
            ),
            _ if self.digest != Digest::HmacSha256 => self.digest.mistake(),
            _ if self.is_echo => {
                ("the response_token is the crc_token itself", "it must be signed", "sign it with the app's secret")
            }
            _ if self.message.is_some() => return self.other_text(),
            Encoding::Unpadded => ("the base64 has no padding", form, "keep the '=' at the end"),
            Encoding::UrlSafe => ("the base64 is URL-safe", form, "use the standard alphabet, with '+' and '/'"),
            Encoding::Hex => {
                let fix = "encode the digest's bytes in base64: digest('base64'), not hexdigest";
                ("the signature is in hex", form, fix)
            }
            Encoding::Base64OfHex => {
                ("the signature is the base64 of the hex text", form, "encode the digest's bytes, not their hex text")
            }
            Encoding::Of20Bytes => Digest::HmacSha1.mistake(),
            Encoding::Unknown => {
                ("it is not a signature in a known encoding", form, "base64-encode the 32 bytes of HMAC-SHA256")
            }
            Encoding::Base64 if !self.has_prefix => {
                ("'sha256=' is missing", "X expects 'sha256=' and the base64", "put 'sha256=' before the base64")
            }
            Encoding::Base64 if self.has_whitespace => {
                let fix = "trim it: some encoders append a line break (Ruby: use strict_encode64)";
                ("the response_token contains a line break or a space", form, fix)
            }
            Encoding::Base64 => return None,
        };
        Some(Mistake { observed: observed.to_owned(), cause, fix })
    }
}

impl Digest {
    /// Returns the observation, the cause and the fix.
    fn mistake(self) -> (&'static str, &'static str, &'static str) {
        let hmac = "X expects HMAC-SHA256 with the secret as key and the crc_token as text";
        let plain = "use HMAC, for example hmac.new(secret, crc_token, sha256), not a plain SHA-256";
        match self {
            Self::HmacSha256 => ("the signature is HMAC-SHA256", hmac, plain),
            Self::Swapped => (
                "the arguments of HMAC are swapped: the crc_token is the key, and the secret is the text",
                hmac,
                "swap the two arguments: the secret is the key",
            ),
            Self::HmacSha1 => ("the signature is HMAC-SHA1, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
            Self::HmacSha512 => ("the signature is HMAC-SHA512, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
            Self::KeyThenText => {
                ("the signature is the plain SHA-256 of secret and crc_token, not an HMAC", hmac, plain)
            }
            Self::TextThenKey => {
                ("the signature is the plain SHA-256 of crc_token and secret, not an HMAC", hmac, plain)
            }
            Self::TextOnly => ("the signature is the plain SHA-256 of the crc_token, without the secret", hmac, plain),
        }
    }
}

/// Returns what common wrong functions compute from the right key and the right text.
fn other_digests(key: &[u8], text: &[u8]) -> [(Digest, Vec<u8>); 6] {
    let plain = |parts: [&[u8]; 2]| Sha256::digest(parts.concat()).to_vec();
    [
        (Digest::Swapped, mac(text, key)),
        (Digest::HmacSha1, mac_with::<Hmac<Sha1>>(key, text)),
        (Digest::HmacSha512, mac_with::<Hmac<Sha512>>(key, text)),
        (Digest::KeyThenText, plain([key, text])),
        (Digest::TextThenKey, plain([text, key])),
        (Digest::TextOnly, plain([text, b""])),
    ]
}

/// Returns the right key, and common wrong ones. They are plain strings, because `Secret` rejects
/// the wrong ones.
fn candidate_keys(text: &SecretText) -> [(Key, String); 14] {
    let trim = "trim the secret after reading it";
    let save = "save the secret's file as plain ASCII";
    let variable = "set the environment variable that the app reads";
    let flawed = |name, fix, key| (Key::Flawed(name, fix), key);
    [
        (Key::Right, text.0.clone()),
        flawed("the receiver's secret ends with a line break", trim, format!("{}\n", text.0)),
        flawed("the receiver's secret ends with a line break (CR LF)", trim, format!("{}\r\n", text.0)),
        flawed("the receiver's secret ends with a space", trim, format!("{} ", text.0)),
        flawed("the receiver's secret begins with a byte order mark (U+FEFF)", save, format!("\u{feff}{}", text.0)),
        flawed("the receiver's secret ends with a no-break space (U+00A0)", save, format!("{}\u{a0}", text.0)),
        flawed(
            "the receiver's secret is in quotes",
            "remove the quotes from the environment file",
            format!("\"{}\"", text.0),
        ),
        flawed(
            "the receiver's secret is in quotes",
            "remove the quotes from the environment file",
            format!("'{}'", text.0),
        ),
        flawed("the receiver's secret begins with a space", trim, format!(" {}", text.0)),
        flawed(
            "the receiver's key is the secret followed by '&', as in OAuth 1.0a",
            "sign with the secret alone, without '&' and token secret",
            format!("{}&", text.0),
        ),
        flawed("the receiver's secret is the word 'undefined'", variable, "undefined".to_owned()),
        flawed("the receiver's secret is the word 'null'", variable, "null".to_owned()),
        flawed("the receiver's secret is the word 'None'", variable, "None".to_owned()),
        flawed("the receiver's secret is empty", variable, String::new()),
    ]
}

/// Returns the right text, and texts that are often signed instead of it.
fn messages(challenge: &Challenge) -> Vec<(Option<Message>, String)> {
    let query = challenge.query();
    let encoded = query.split('&').next().and_then(|pair| pair.split_once('=')).map_or("", |(_, value)| value);
    let nonce = query.split_once("&nonce=").map(|(_, nonce)| nonce);
    let decode = "decode the query as a form before signing: %2B is a plus, a plus is a space";
    let only = "sign the value of crc_token alone";
    let pluses = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    let wrong = |name, fix, text: String| (Some(Message { name, fix }), text);
    let mut messages = vec![
        (None, challenge.token().to_owned()),
        wrong("the crc_token as in the URL, not decoded", decode, encoded.to_owned()),
        wrong("the crc_token with its plus not decoded", decode, pluses),
        wrong("the crc_token decoded twice", "decode the query once", challenge.token().replace('+', " ")),
        wrong("the whole query", only, query.clone()),
        wrong("the query up to the end of the crc_token", only, format!("crc_token={}", challenge.token())),
        wrong("an empty text", "read the query parameter crc_token: the code uses another name", String::new()),
        wrong("the word 'crc_token' itself", "sign the value of the query parameter crc_token", "crc_token".to_owned()),
        wrong("the JSON of the query", only, format!("{{\"crc_token\":\"{}\"}}", challenge.token())),
        wrong("the word 'None'", "read the query parameter crc_token: the code uses another name", "None".to_owned()),
        wrong("the word 'null'", "read the query parameter crc_token: the code uses another name", "null".to_owned()),
        wrong(
            "the word 'undefined'",
            "read the query parameter crc_token: the code uses another name",
            "undefined".to_owned(),
        ),
    ];
    if let Some(nonce) = nonce {
        messages.push(wrong("the crc_token followed by the nonce", only, format!("{}{nonce}", challenge.token())));
        messages.push(wrong("the nonce followed by the crc_token", only, format!("{nonce}{}", challenge.token())));
        messages.push(wrong("the nonce", only, nonce.to_owned()));
    }
    messages
}

/// Computes HMAC-SHA256.
pub(super) fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac_with::<Hmac<Sha256>>(key, message)
}

/// Never fails: HMAC accepts keys of any length.
fn mac_with<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Returns common encodings of a MAC. The first match counts: where two encodings give the same
/// text, it is standard base64.
fn encodings(mac: &[u8]) -> [(Encoding, String); 8] {
    let hex = hex(mac);
    [
        (Encoding::Base64, STANDARD.encode(mac)),
        (Encoding::Unpadded, STANDARD_NO_PAD.encode(mac)),
        (Encoding::UrlSafe, URL_SAFE.encode(mac)),
        (Encoding::UrlSafe, URL_SAFE_NO_PAD.encode(mac)),
        (Encoding::Base64OfHex, STANDARD.encode(&hex)),
        (Encoding::Base64OfHex, STANDARD_NO_PAD.encode(&hex)),
        (Encoding::Hex, hex.to_ascii_uppercase()),
        (Encoding::Hex, hex),
    ]
}

#[cfg(test)]
mod tests {
    use birdhook_core::SecretKind;

    use super::*;

    const SECRET: &str = "a-consumer-secret";

    fn analyzed(token: &str) -> Construction {
        let challenge = Challenge::new("t+k n").nonce("n1");
        analyze(token, &challenge, &KnownSecret::new(SecretKind::Consumer, SECRET).unwrap())
    }

    fn signed(message: &str) -> Vec<u8> {
        mac(SECRET.as_bytes(), message.as_bytes())
    }

    #[test]
    fn names_every_mistake() {
        let right = STANDARD.encode(signed("t+k n"));
        let text = |message: &str| format!("sha256={}", STANDARD.encode(signed(message)));
        let rows = [
            (format!("sha256={right}"), None),
            (right.clone(), Some("'sha256=' is missing")),
            (format!("sha256={right}\n"), Some("the response_token contains a line break or a space")),
            (format!("sha256={}", hex(&signed("t+k n"))), Some("the signature is in hex")),
            (hex(&signed("t+k n")), Some("the signature is in hex")),
            (
                format!("sha256={}", STANDARD.encode(hex(&signed("t+k n")))),
                Some("the signature is the base64 of the hex text"),
            ),
            (format!("sha256={}", right.trim_end_matches('=')), Some("the base64 has no padding")),
            (text("t%2Bk+n"), Some("the signed text is the crc_token as in the URL, not decoded")),
            (text("t+k+n"), Some("the signed text is the crc_token with its plus not decoded")),
            (text("t k n"), Some("the signed text is the crc_token decoded twice")),
            (text("t+k nn1"), Some("the signed text is the crc_token followed by the nonce")),
            (text("crc_token=t%2Bk+n&nonce=n1"), Some("the signed text is the whole query")),
            (text(""), Some("the signed text is an empty text")),
            (text("crc_token"), Some("the signed text is the word 'crc_token' itself")),
            (format!("sha256=b'{right}'"), Some("the response_token contains Python's notation of bytes: b'...'")),
            (format!("b\"sha256={right}\""), Some("the response_token contains Python's notation of bytes: b'...'")),
            (
                format!("sha256={}", URL_SAFE_NO_PAD.encode(signed("t+k n"))),
                Some(if right.contains(['+', '/']) { "the base64 is URL-safe" } else { "the base64 has no padding" }),
            ),
            ("t+k n".into(), Some("the response_token is the crc_token itself")),
            ("sha256=t+kn".into(), Some("it is not a signature in a known encoding")),
        ];
        for (token, mistake) in rows {
            let found = analyzed(&token).mistake().map(|mistake| mistake.observed);
            assert_eq!(found.as_deref(), mistake, "{token:?}");
        }
    }

    #[test]
    fn names_every_wrong_function() {
        let rows = [
            (Digest::Swapped, "the arguments of HMAC are swapped"),
            (Digest::HmacSha1, "the signature is HMAC-SHA1"),
            (Digest::HmacSha512, "the signature is HMAC-SHA512"),
            (Digest::KeyThenText, "the signature is the plain SHA-256 of secret and crc_token"),
            (Digest::TextThenKey, "the signature is the plain SHA-256 of crc_token and secret"),
            (Digest::TextOnly, "the signature is the plain SHA-256 of the crc_token"),
        ];
        for ((digest, mac), (expected, name)) in other_digests(SECRET.as_bytes(), b"t+k n").into_iter().zip(rows) {
            assert_eq!(digest, expected);
            for value in [STANDARD.encode(&mac), hex(&mac)] {
                let found = analyzed(&format!("sha256={value}"));
                let observed = found.mistake().map(|mistake| mistake.observed).unwrap_or_default();
                assert!(observed.starts_with(name) && found.key == Key::Right, "{name}: {observed}");
            }
        }
        let unknown = analyzed(&format!("sha256={}", STANDARD.encode([7; 20])));
        assert!(unknown.mistake().is_some_and(|mistake| mistake.observed.contains("SHA1")));
    }

    #[test]
    fn distinguishes_a_flawed_copy_of_the_secret_from_another_secret() {
        let with =
            |secret: &str| analyzed(&format!("sha256={}", STANDARD.encode(mac(secret.as_bytes(), b"t+k n")))).key;
        assert_eq!(with(SECRET), Key::Right);
        assert_eq!(with("another secret"), Key::Unknown);
        let marked = [format!("\u{feff}{SECRET}"), format!("{SECRET}\u{a0}")];
        let slips = [format!("{SECRET}\n"), format!("{SECRET}\r\n"), format!("\"{SECRET}\""), String::new()];
        let others = [format!("'{SECRET}'"), format!("{SECRET}&"), "undefined".to_owned()];
        for flawed in slips.into_iter().chain(marked).chain(others) {
            assert!(matches!(with(&flawed), Key::Flawed(..)), "{flawed:?}");
        }
        assert_eq!(analyzed("sha256=abc").key, Key::Unreadable);
    }
}
