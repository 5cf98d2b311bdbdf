//! The form of a `response_token`: its prefix, and the encoding of the signature.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::leak::hex;

/// An observation, a cause and a fix.
type Named = (&'static str, &'static str, &'static str);

pub(super) const PYTHON_BYTES: Named = (
    "the response_token contains Python's notation of bytes: b'...'",
    "a bytes object was formatted as text",
    "decode the base64 before formatting it: base64.b64encode(digest).decode('ascii')",
);

/// Names of algorithms that precede a signature, in lower case without punctuation.
const ALGORITHMS: &[&str] = &[
    "sha",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "hmac",
    "hmacsha1",
    "hmacsha256",
    "hmacsha512",
    "md5",
    "signature",
];

/// Texts that languages print instead of a value, in lower case.
const OBJECTS: &[(&[&str], Named)] = &[
    (
        &["[object promise]"],
        (
            "the response_token contains [object Promise]",
            "the result of an asynchronous function was not awaited",
            "await the function that signs",
        ),
    ),
    (
        &["[object "],
        (
            "the response_token contains a JavaScript object as text",
            "an object was converted to text",
            "encode the digest's bytes in base64, for example with digest('base64')",
        ),
    ),
    (
        &["<hmac.hmac", "<_hashlib", "<built-in", "<bound method", "<sha256"],
        (
            "the response_token contains a Python object as text",
            "the HMAC object was formatted, not its digest",
            "call digest(), and encode its bytes in base64",
        ),
    ),
    (
        &["[b@", "system.byte[]", "#<openssl", "array", "<buffer", "resource id"],
        (
            "the response_token contains an array of bytes as text",
            "an array was converted to text",
            "encode the digest's bytes in base64",
        ),
    ),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Prefix {
    Right,
    Missing,
    Twice,
    /// Another text, such as `SHA256=`.
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64,
    Unpadded,
    UrlSafe,
    Hex,
    Base64OfHex,
    Base64OfBase64,
    PercentEncoded,
    HtmlEntities,
    /// Base64 in which every plus became a space.
    PlusAsSpace,
    /// Base64 in which letters have another case.
    OtherCase,
    /// The bytes as if they were text.
    RawBytes,
    /// The bytes as decimal numbers.
    Numbers,
    Unknown,
}

/// The parts of a `response_token`.
#[derive(Debug)]
pub(super) struct Form {
    prefix: Prefix,
    /// The signature without white space.
    pub(super) value: String,
    /// The signature as it was sent.
    raw: String,
    is_quoted: bool,
    /// Whether it contains white space, such as the line break that Ruby's `encode64` appends.
    has_whitespace: bool,
    /// Whether it is Python's notation of bytes: `b'...'`.
    pub(super) is_python_bytes: bool,
}

impl Form {
    pub(super) fn of(token: &str) -> Self {
        let unquoted = without_python_bytes(token.trim());
        let is_python_bytes = unquoted.is_some();
        let token = unquoted.as_deref().unwrap_or(token);
        let trimmed = token.trim();
        let quoted = ['"', '\'']
            .into_iter()
            .find_map(|quote| trimmed.strip_prefix(quote)?.strip_suffix(quote))
            .filter(|inner| !inner.is_empty());
        let (prefix, rest) = split_prefix(quoted.unwrap_or(trimmed));
        let raw = token.strip_prefix("sha256=").unwrap_or(rest).to_owned();
        Self {
            prefix,
            value: rest.split_whitespace().collect(),
            raw,
            is_quoted: quoted.is_some(),
            has_whitespace: trimmed.len() != token.len() || rest.contains(char::is_whitespace),
            is_python_bytes,
        }
    }

    /// Returns whether the token is this text, apart from the prefix.
    pub(super) fn is(&self, text: &str) -> bool {
        self.value == text || self.raw == text
    }

    /// Returns the encoding in which the value is this MAC. The first match counts: where two
    /// encodings give the same text, it is standard base64.
    pub(super) fn encoding_of(&self, mac: &[u8]) -> Option<Encoding> {
        let (base64, hex) = (STANDARD.encode(mac), hex(mac));
        let value = self.value.as_str();
        let is = |text: &str| value == text;
        if is(&base64) {
            return Some(Encoding::Base64);
        }
        let url_safe = URL_SAFE.encode(mac);
        let digits: String = value.chars().filter(|letter| !matches!(letter, '-' | ':')).collect();
        let percent = || percent_encoding::percent_decode_str(value).decode_utf8_lossy() == base64;
        let entities = || {
            let plain = value.replace("&#x3D;", "=").replace("&#61;", "=").replace("&#43;", "+").replace("&#x2B;", "+");
            plain.replace("&#x2F;", "/").replace("&#47;", "/").replace("&equals;", "=").replace("&plus;", "+") == base64
        };
        let latin = || mac.iter().copied().map(char::from).eq(self.raw.chars());
        let numbers = || {
            let inner = self.value.trim_matches(['[', ']', '(', ')', '{', '}']);
            let bytes: Option<Vec<i16>> = inner.split(',').map(|number| number.parse().ok()).collect();
            bytes.is_some_and(|bytes| {
                bytes.into_iter().map(|byte| byte.rem_euclid(256)).eq(mac.iter().copied().map(i16::from))
            })
        };
        let rows: [(Encoding, bool); 12] = [
            (Encoding::Unpadded, is(base64.trim_end_matches('='))),
            (Encoding::UrlSafe, is(&url_safe) || is(url_safe.trim_end_matches('='))),
            (Encoding::Hex, digits.eq_ignore_ascii_case(&hex)),
            (Encoding::Base64OfHex, is(&STANDARD.encode(&hex)) || is(&STANDARD_NO_PAD.encode(&hex))),
            (Encoding::Base64OfBase64, is(&STANDARD.encode(&base64))),
            (Encoding::PercentEncoded, value.contains('%') && percent()),
            (Encoding::HtmlEntities, value.contains('&') && entities()),
            (Encoding::PlusAsSpace, self.has_whitespace && self.raw == base64.replace('+', " ")),
            (Encoding::OtherCase, value.eq_ignore_ascii_case(&base64)),
            (Encoding::RawBytes, self.raw == String::from_utf8_lossy(mac) || latin()),
            (Encoding::RawBytes, !value.is_ascii() && value == String::from_utf8_lossy(mac)),
            (Encoding::Numbers, value.contains(',') && numbers()),
        ];
        rows.into_iter().find_map(|(encoding, matches)| matches.then_some(encoding))
    }

    /// Returns the encoding and the number of bytes, if the value is an encoding of bytes.
    pub(super) fn length(&self) -> Option<(Encoding, usize)> {
        let value = &self.value;
        let is_hex =
            value.len() >= 32 && value.len().is_multiple_of(2) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex {
            return Some((Encoding::Hex, value.len() / 2));
        }
        let engines = [
            (Encoding::Base64, STANDARD),
            (Encoding::Unpadded, STANDARD_NO_PAD),
            (Encoding::UrlSafe, URL_SAFE),
            (Encoding::UrlSafe, URL_SAFE_NO_PAD),
        ];
        engines.into_iter().find_map(|(encoding, engine)| Some((encoding, engine.decode(value).ok()?.len())))
    }

    /// Returns the fault if the value is an object or a missing value as text.
    pub(super) fn object(&self) -> Option<(String, &'static str, &'static str)> {
        let text = self.raw.trim().to_ascii_lowercase();
        if let "" | "undefined" | "none" | "null" | "nil" | "nan" | "false" | "true" | "()" = text.as_str() {
            let observed = match text.as_str() {
                "" => "the response_token contains no signature: it is empty".to_owned(),
                _ => format!("the response_token contains no signature, but the word '{}'", self.raw.trim()),
            };
            return Some((
                observed,
                "the function that signs returned nothing, or its result was not used",
                "return the base64 of the HMAC from the function, and put it after 'sha256='",
            ));
        }
        let found = OBJECTS.iter().find(|(texts, _)| texts.iter().any(|begin| text.starts_with(begin)));
        found.map(|(_, (observed, cause, fix))| ((*observed).to_owned(), *cause, *fix))
    }

    /// Returns the first fault of the form of a signature in this encoding.
    pub(super) fn mistake(&self, encoding: Encoding) -> Option<(String, &'static str, &'static str)> {
        let form = "X expects the padded standard base64 of the 32 bytes: 44 characters";
        let put = "put 'sha256=' before the base64";
        let whitespace = (
            "the response_token contains a line break or a space",
            form,
            "trim it: some encoders append a line break (Ruby: use strict_encode64)",
        );
        let unchanged = "put the base64 into the JSON unchanged";
        let (observed, cause, fix) = match encoding {
            Encoding::Unpadded => ("the base64 has no padding", form, "keep the '=' at the end"),
            Encoding::UrlSafe => ("the base64 is URL-safe", form, "use the standard alphabet, with '+' and '/'"),
            Encoding::Hex => {
                let fix = "encode the digest's bytes in base64: digest('base64'), not hexdigest";
                ("the signature is in hex", form, fix)
            }
            Encoding::Base64OfHex => {
                ("the signature is the base64 of the hex text", form, "encode the digest's bytes, not their hex text")
            }
            Encoding::Base64OfBase64 => ("the signature is in base64 twice", form, "encode the digest's bytes once"),
            Encoding::PercentEncoded => ("the base64 is percent-encoded", form, unchanged),
            Encoding::HtmlEntities => {
                ("the base64 contains HTML entities", form, "put it into the JSON unchanged, without escaping HTML")
            }
            Encoding::PlusAsSpace => ("the base64 has spaces instead of '+'", form, "do not decode it as a query"),
            Encoding::OtherCase => {
                ("the base64 is in lower or upper case", form, "keep its case: base64 is case-sensitive")
            }
            Encoding::RawBytes => (
                "the bytes of the signature were put into the text as they are",
                form,
                "encode the digest's bytes in base64",
            ),
            Encoding::Numbers => ("the signature is a list of numbers", form, "encode the digest's bytes in base64"),
            Encoding::Unknown => {
                ("it is not a signature in a known encoding", form, "base64-encode the 32 bytes of HMAC-SHA256")
            }
            Encoding::Base64 if self.is_quoted => {
                ("the response_token contains quotes", form, "put the text into the JSON without quotes of its own")
            }
            Encoding::Base64 => match &self.prefix {
                Prefix::Right if self.has_whitespace => whitespace,
                Prefix::Right => return None,
                Prefix::Missing => ("'sha256=' is missing", "X expects 'sha256=' and the base64", put),
                Prefix::Twice => ("'sha256=' is there twice", "X expects it once", "put it once before the base64"),
                Prefix::Other(other) => {
                    let observed = format!("the prefix is '{other}', not 'sha256='");
                    return Some((observed, "X expects 'sha256=', in lower case and without spaces", put));
                }
            },
        };
        Some((observed.to_owned(), cause, fix))
    }
}

/// Splits a token into its prefix and the signature.
fn split_prefix(token: &str) -> (Prefix, &str) {
    if let Some(rest) = token.strip_prefix("sha256=") {
        return match rest.strip_prefix("sha256=") {
            Some(rest) => (Prefix::Twice, rest),
            None => (Prefix::Right, rest),
        };
    }
    let name: String = token.chars().take_while(|letter| !matches!(letter, '=' | ':' | ' ')).take(20).collect();
    let plain = name.to_ascii_lowercase().replace(['-', '_'], "");
    let rest = token.strip_prefix(&name).unwrap_or(token);
    let value = rest.trim_start_matches(['=', ':', ' ']);
    if rest.len() == value.len() || !ALGORITHMS.contains(&plain.as_str()) {
        return (Prefix::Missing, token);
    }
    (Prefix::Other(token.strip_suffix(value).unwrap_or(&name).to_owned()), value)
}

/// Removes Python's notation of bytes: `sha256=b'...'` or `b'sha256=...'`.
fn without_python_bytes(token: &str) -> Option<String> {
    let (prefix, quoted) = token.split_once('b')?;
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    matches!(prefix, "" | "sha256=").then(|| format!("{prefix}{inner}"))
}
