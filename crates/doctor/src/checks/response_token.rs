//! Reads a `response_token`, and finds out how it was computed: the signed text, the key, and the encoding.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD,
};
use base64::{Engine, alphabet};
use birdhook_testkit::Challenge;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use super::token_form::{Encoding, Form};
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
    form: Form,
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
    HmacSha224,
    HmacSha384,
    HmacSha512,
    /// Known by its length of 16 bytes alone.
    Md5,
    KeyThenText,
    TextThenKey,
    TextOnly,
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
    let form = Form::of(token);
    let encoding_of = |mac: &[u8]| form.encoding_of(mac);
    let base = |form| Construction {
        key: Key::Unreadable,
        message: None,
        digest: Digest::HmacSha256,
        encoding: Encoding::Unknown,
        form,
        is_echo: false,
    };
    let unsigned = challenge.token().as_bytes();
    if form.is(challenge.token()) || encoding_of(unsigned).is_some_and(|how| how != Encoding::RawBytes) {
        return Construction { is_echo: true, ..base(form) };
    }
    let right = known.text.0.as_bytes();
    for (message, bytes) in messages(challenge) {
        if let Some(encoding) = encoding_of(&mac(right, &bytes)) {
            return Construction { key: Key::Right, message, encoding, ..base(form) };
        }
    }
    for (digest, mac) in other_digests(right, unsigned) {
        if let Some(encoding) = encoding_of(&mac) {
            return Construction { key: Key::Right, digest, encoding, ..base(form) };
        }
    }
    for (key, secret) in flawed_keys(&known.text) {
        if let Some(encoding) = encoding_of(&mac(&secret, unsigned)) {
            return Construction { key, encoding, ..base(form) };
        }
    }
    let Some((encoding, length)) = form.length() else { return base(form) };
    let by_length = |digest| (Key::Unreadable, digest);
    let (key, digest) = match length {
        32 => (Key::Unknown, Digest::HmacSha256),
        16 => by_length(Digest::Md5),
        20 => by_length(Digest::HmacSha1),
        28 => by_length(Digest::HmacSha224),
        48 => by_length(Digest::HmacSha384),
        64 => by_length(Digest::HmacSha512),
        _ => return base(form),
    };
    Construction { key, digest, encoding, ..base(form) }
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

    /// Returns the mistake that makes the response the same for every challenge.
    pub(super) fn constant(&self) -> Option<Mistake> {
        let object = || {
            let (observed, cause, fix) = self.form.object()?;
            Some(Mistake { observed, cause, fix })
        };
        self.other_text().or_else(object)
    }

    /// Returns the first mistake, apart from a wrong key.
    pub(super) fn mistake(&self) -> Option<Mistake> {
        let of = |(observed, cause, fix): (&str, _, _)| Some(Mistake { observed: observed.to_owned(), cause, fix });
        if self.form.is_python_bytes {
            return of(super::token_form::PYTHON_BYTES);
        }
        if self.digest != Digest::HmacSha256 {
            return of(self.digest.mistake());
        }
        if self.is_echo {
            return of((
                "the response_token is the crc_token itself",
                "it must be signed",
                "sign it with the app's secret",
            ));
        }
        if self.encoding == Encoding::Unknown
            && let Some((observed, cause, fix)) = self.form.object()
        {
            return Some(Mistake { observed, cause, fix });
        }
        self.other_text().or_else(|| {
            let (observed, cause, fix) = self.form.mistake(self.encoding)?;
            Some(Mistake { observed, cause, fix })
        })
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
            Self::HmacSha224 => ("the signature is HMAC-SHA224, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
            Self::HmacSha384 => ("the signature is HMAC-SHA384, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
            Self::HmacSha512 => ("the signature is HMAC-SHA512, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
            Self::Md5 => ("the signature has the 16 bytes of MD5, not HMAC-SHA256", hmac, "use SHA-256 in the HMAC"),
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
fn other_digests(key: &[u8], text: &[u8]) -> [(Digest, Vec<u8>); 9] {
    let plain = |parts: [&[u8]; 2]| Sha256::digest(parts.concat()).to_vec();
    [
        (Digest::Swapped, mac(text, key)),
        (Digest::HmacSha1, mac_with::<Hmac<Sha1>>(key, text)),
        (Digest::HmacSha224, mac_with::<Hmac<Sha224>>(key, text)),
        (Digest::HmacSha384, mac_with::<Hmac<Sha384>>(key, text)),
        (Digest::HmacSha512, mac_with::<Hmac<Sha512>>(key, text)),
        (Digest::KeyThenText, plain([key, text])),
        (Digest::TextThenKey, plain([text, key])),
        (Digest::TextOnly, plain([text, b""])),
        (Digest::KeyThenText, Sha256::digest([key, b":", text].concat()).to_vec()),
    ]
}

/// Names of variables and placeholders that are often taken for the secret.
const NAMES: &[&str] = &[
    "CONSUMER_SECRET",
    "TWITTER_CONSUMER_SECRET",
    "X_CONSUMER_SECRET",
    "API_SECRET",
    "API_SECRET_KEY",
    "API_KEY_SECRET",
    "TWITTER_API_SECRET",
    "TWITTER_API_SECRET_KEY",
    "TWITTER_API_KEY_SECRET",
    "X_API_SECRET",
    "X_API_KEY_SECRET",
    "CLIENT_SECRET",
    "TWITTER_CLIENT_SECRET",
    "X_CLIENT_SECRET",
    "WEBHOOK_SECRET",
    "BIRDHOOK_CONSUMER_SECRET",
    "BIRDHOOK_CLIENT_SECRET",
];

const PLACEHOLDERS: &[&str] =
    &["secret", "consumer_secret", "consumer-secret", "client_secret", "changeme", "change-me", "test", "xxx", "TODO"];

/// Returns common wrong keys. They are plain bytes, because `Secret` rejects some of them.
pub(super) fn flawed_keys(text: &SecretText) -> Vec<(Key, Vec<u8>)> {
    let secret = &text.0;
    let trim = "trim the secret after reading it";
    let save = "save the secret's file as plain ASCII";
    let quotes = "remove the quotes from the environment file";
    let copy = "copy the secret again, completely and without other characters";
    let variable = "set the environment variable that the app reads";
    let whole = "use the secret's text as the key, as X shows it, without decoding, encoding or hashing it";
    let read = "read the value of the variable, and set it in the environment of the running app";
    let mut keys = Vec::new();
    let mut flawed = |name, fix, key: Vec<u8>| keys.push((Key::Flawed(name, fix), key));
    let around = [
        ("", "\n", "the receiver's secret ends with a line break", trim),
        ("", "\r\n", "the receiver's secret ends with a line break (CR LF)", trim),
        ("", "\r", "the receiver's secret ends with a line break (CR)", trim),
        ("", "\n\n", "the receiver's secret ends with two line breaks", trim),
        ("", " ", "the receiver's secret ends with a space", trim),
        ("", "\t", "the receiver's secret ends with a tab", trim),
        ("", "\0", "the receiver's secret ends with a zero byte", trim),
        ("\n", "", "the receiver's secret begins with a line break", trim),
        (" ", "", "the receiver's secret begins with a space", trim),
        ("\t", "", "the receiver's secret begins with a tab", trim),
        (" ", " ", "the receiver's secret is between spaces", trim),
        ("\u{feff}", "", "the receiver's secret begins with a byte order mark (U+FEFF)", save),
        ("", "\u{a0}", "the receiver's secret ends with a no-break space (U+00A0)", save),
        ("\"", "\"", "the receiver's secret is in quotes", quotes),
        ("'", "'", "the receiver's secret is in quotes", quotes),
        ("`", "`", "the receiver's secret is in quotes", quotes),
        ("\"", "\"\n", "the receiver's secret is in quotes, with a line break after them", quotes),
        ("'", "'\n", "the receiver's secret is in quotes, with a line break after them", quotes),
        (
            "b'",
            "'",
            "the receiver's secret is Python's notation of bytes: b'...'",
            "decode the bytes, or use them as the key directly",
        ),
        ("<", ">", "the receiver's secret is in angle brackets", copy),
        ("=", "", "the receiver's secret begins with '='", copy),
        ("", ";", "the receiver's secret ends with a semicolon", copy),
        ("", ",", "the receiver's secret ends with a comma", copy),
        ("", ".", "the receiver's secret ends with a full stop", copy),
    ];
    for (before, after, name, fix) in around {
        flawed(name, fix, format!("{before}{secret}{after}").into_bytes());
    }
    let sign_alone = "sign with the secret alone, without '&' and token secret";
    let oauth = "the receiver's key is the secret followed by '&', as in OAuth 1.0a";
    flawed(oauth, sign_alone, format!("{secret}&").into_bytes());
    flawed(
        "the receiver's key is '&' followed by the secret, as in OAuth 1.0a",
        sign_alone,
        format!("&{secret}").into_bytes(),
    );
    for word in ["undefined", "null", "None", "nil", "NaN", "true", "false", "[object Object]", "[object Promise]"] {
        let name = match word {
            "undefined" => "the receiver's secret is the word 'undefined'",
            "null" => "the receiver's secret is the word 'null'",
            "None" => "the receiver's secret is the word 'None'",
            _ => "the receiver's secret is a word that stands for a missing or an unread value",
        };
        flawed(name, variable, word.into());
    }
    flawed("the receiver's secret is empty", variable, Vec::new());
    for variable in NAMES {
        let named = format!("{variable}={secret}");
        flawed("the receiver's secret contains the name of the variable and '='", copy, named.into_bytes());
        let lower = variable.to_ascii_lowercase();
        for name in [variable.to_string(), lower.clone(), format!("process.env.{variable}")] {
            flawed("the receiver's secret is the name of a variable, not its value", read, name.into_bytes());
        }
        for name in
            [format!("${variable}"), format!("${{{variable}}}"), format!("%{variable}%"), format!("{{{{{variable}}}}}")]
        {
            let found = "the receiver's secret is a reference to a variable that was not replaced";
            flawed(found, read, name.into_bytes());
        }
        for name in [
            format!("YOUR_{variable}"),
            format!("your_{lower}"),
            format!("<{variable}>"),
            format!("your-{}", lower.replace('_', "-")),
        ] {
            flawed("the receiver's secret is a placeholder", "replace it by the app's secret", name.into_bytes());
        }
    }
    for placeholder in PLACEHOLDERS {
        flawed(
            "the receiver's secret is a placeholder",
            "replace it by the app's secret",
            placeholder.as_bytes().into(),
        );
    }
    flawed("the receiver's secret is in lower case", copy, secret.to_ascii_lowercase().into_bytes());
    flawed("the receiver's secret is in upper case", copy, secret.to_ascii_uppercase().into_bytes());
    flawed("the receiver's key is the secret twice", whole, secret.repeat(2).into_bytes());
    let all = secret.as_bytes();
    for length in 1..all.len() {
        let (begin, _) = all.split_at(length);
        flawed("the receiver's secret lacks its end", copy, begin.to_owned());
        let (_, end) = all.split_at(length);
        flawed("the receiver's secret lacks its beginning", copy, end.to_owned());
    }
    flawed("the receiver's key is the base64 of the secret", whole, STANDARD.encode(secret).into_bytes());
    // Decoders of most languages ignore the bits that are left over.
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    for letters in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        if let Ok(decoded) = GeneralPurpose::new(letters, lenient).decode(secret) {
            flawed("the receiver's key is the secret decoded from base64", whole, decoded);
        }
    }
    flawed("the receiver's key is the secret in hex", whole, hex(all).into_bytes());
    let hash = Sha256::digest(all).to_vec();
    flawed("the receiver's key is a hash of the secret", whole, hex(&hash).into_bytes());
    flawed("the receiver's key is a hash of the secret", whole, hash);
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    flawed("the receiver's key is the secret in UTF-16", "convert the secret to UTF-8, not UTF-16 (Unicode)", wide);
    keys
}

/// Returns the right text, and texts that are often signed instead of it.
fn messages(challenge: &Challenge) -> Vec<(Option<Message>, Vec<u8>)> {
    let (token, query) = (challenge.token(), challenge.query());
    let encoded = query.split('&').next().and_then(|pair| pair.split_once('=')).map_or("", |(_, value)| value);
    let nonce = query.split_once("&nonce=").map(|(_, nonce)| nonce);
    let decode = "decode the query as a form before signing: %2B is a plus, a plus is a space";
    let only = "sign the value of crc_token alone";
    let missing = "read the query parameter crc_token: the code uses another name";
    let template = "put the value of the variable into the text: the template was not filled in";
    let pluses = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    let mut messages = vec![(None, token.to_owned().into_bytes())];
    let mut wrong = |name, fix, text: &str| messages.push((Some(Message { name, fix }), text.as_bytes().to_owned()));
    wrong("the crc_token as in the URL, not decoded", decode, encoded);
    wrong("the crc_token with its plus not decoded", decode, &pluses);
    wrong("the crc_token decoded twice", "decode the query once", &token.replace('+', " "));
    wrong("the whole query", only, &query);
    wrong("the whole query", only, &format!("?{query}"));
    wrong("the query up to the end of the crc_token", only, &format!("crc_token={token}"));
    wrong("an empty text", missing, "");
    wrong("the word 'crc_token' itself", "sign the value of the query parameter crc_token", "crc_token");
    for text in ["{\"crc_token\":\"*\"}", "{\"crc_token\": \"*\"}"] {
        wrong("the JSON of the query", only, &text.replace('*', token));
    }
    for text in ["{'crc_token': '*'}", "{'crc_token': ['*']}", "{crc_token=*}", "{\"crc_token\"=>\"*\"}"] {
        wrong("the query parameters as text", only, &text.replace('*', token));
    }
    for text in ["['*']", "[\"*\"]", "[*]"] {
        wrong(
            "a list with the crc_token",
            "sign the first element: the framework returns a list of values",
            &text.replace('*', token),
        );
    }
    for text in ["\"*\"", "'*'"] {
        wrong("the crc_token in quotes", only, &text.replace('*', token));
    }
    for text in ["b'*'", "b\"*\""] {
        wrong(
            "Python's notation of bytes: b'...'",
            "sign the bytes of the crc_token: crc_token.encode()",
            &text.replace('*', token),
        );
    }
    for text in ["*\n", "*\r\n", "* "] {
        wrong("the crc_token with white space after it", only, &text.replace('*', token));
    }
    wrong("'sha256=' and the crc_token", only, &format!("sha256={token}"));
    wrong("the crc_token in lower case", "sign the crc_token unchanged", &token.to_lowercase());
    wrong("the crc_token in upper case", "sign the crc_token unchanged", &token.to_uppercase());
    wrong("the base64 of the crc_token", "sign the crc_token unchanged", &STANDARD.encode(token));
    wrong("the hex of the crc_token", "sign the crc_token unchanged", &hex(token.as_bytes()));
    wrong("the word 'None'", missing, "None");
    wrong("the word 'null'", missing, "null");
    wrong("the word 'undefined'", missing, "undefined");
    wrong(
        "the words '[object Object]'",
        "sign the value of crc_token, not the object of all parameters",
        "[object Object]",
    );
    for text in ["$crc_token", "${crc_token}", "{crc_token}", "#{crc_token}", "{{crc_token}}", "%s", "{}"] {
        wrong("a template that was not filled in", template, text);
    }
    if let Some(nonce) = nonce {
        wrong("the crc_token followed by the nonce", only, &format!("{token}{nonce}"));
        for separator in ["&", ".", ":", "&nonce="] {
            wrong("the crc_token and the nonce", only, &format!("{token}{separator}{nonce}"));
        }
        wrong("the nonce followed by the crc_token", only, &format!("{nonce}{token}"));
        wrong("the nonce", only, nonce);
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        if let Ok(decoded) = engine.decode(token.trim_end_matches('=')) {
            let fix = "sign the crc_token unchanged";
            messages.push((Some(Message { name: "the crc_token decoded from base64", fix }), decoded));
        }
    }
    messages
}

/// Computes HMAC-SHA256.
pub(super) fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac_with::<Hmac<Sha256>>(key, message)
}

/// Never fails: HMAC accepts keys of any length.
pub(super) fn mac_with<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
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
            (format!("SHA256={right}"), Some("the prefix is 'SHA256=', not 'sha256='")),
            (format!("sha256 = {right}"), Some("the prefix is 'sha256 = ', not 'sha256='")),
            (format!("sha-256:{right}"), Some("the prefix is 'sha-256:', not 'sha256='")),
            (format!("sha256=sha256={right}"), Some("'sha256=' is there twice")),
            (format!("\"sha256={right}\""), Some("the response_token contains quotes")),
            (format!("sha256={}", right.to_lowercase()), Some("the base64 is in lower or upper case")),
            (format!("sha256={}", STANDARD.encode(&right)), Some("the signature is in base64 twice")),
            (
                format!("sha256={}", right.replace('=', "%3D").replace('/', "%2F").replace('+', "%2B")),
                Some("the base64 is percent-encoded"),
            ),
            (format!("sha256={}", right.replace('=', "&#x3D;")), Some("the base64 contains HTML entities")),
            (format!("sha256={:?}", signed("t+k n")), Some("the signature is a list of numbers")),
            (
                format!("sha256={}", String::from_utf8_lossy(&signed("t+k n"))),
                Some("the bytes of the signature were put into the text as they are"),
            ),
            (
                format!("sha256={}", signed("t+k n").into_iter().map(char::from).collect::<String>()),
                Some("the bytes of the signature were put into the text as they are"),
            ),
            ("sha256=".into(), Some("the response_token contains no signature: it is empty")),
            ("sha256=None".into(), Some("the response_token contains no signature, but the word 'None'")),
            ("sha256=[object Promise]".into(), Some("the response_token contains [object Promise]")),
            ("sha256=<hmac.HMAC object at 0x7f>".into(), Some("the response_token contains a Python object as text")),
            (text("\"t+k n\""), Some("the signed text is the crc_token in quotes")),
            (text("t+k n\n"), Some("the signed text is the crc_token with white space after it")),
            (text("{crc_token}"), Some("the signed text is a template that was not filled in")),
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
            (Digest::HmacSha224, "the signature is HMAC-SHA224"),
            (Digest::HmacSha384, "the signature is HMAC-SHA384"),
            (Digest::HmacSha512, "the signature is HMAC-SHA512"),
            (Digest::KeyThenText, "the signature is the plain SHA-256 of secret and crc_token"),
            (Digest::TextThenKey, "the signature is the plain SHA-256 of crc_token and secret"),
            (Digest::TextOnly, "the signature is the plain SHA-256 of the crc_token"),
            (Digest::KeyThenText, "the signature is the plain SHA-256 of secret and crc_token"),
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
        let named = ["CONSUMER_SECRET", "$API_SECRET", "your_consumer_secret", "changeme"].map(str::to_owned);
        let changed = [SECRET.to_uppercase(), SECRET[1..].to_owned(), STANDARD.encode(SECRET), format!("b'{SECRET}'")];
        for flawed in slips.into_iter().chain(marked).chain(others).chain(named).chain(changed) {
            assert!(matches!(with(&flawed), Key::Flawed(..)), "{flawed:?}");
        }
        assert_eq!(analyzed("sha256=abc").key, Key::Unreadable);
    }
}
