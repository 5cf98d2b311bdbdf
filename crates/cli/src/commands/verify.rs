//! `birdhook verify`: checks a signature offline.

use std::path::PathBuf;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::signature::{SignatureError, verify};
use birdhook::{Secret, app::SecretKind};
use serde::Serialize;

use crate::apps::SecretArgs;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{self, BAD, GOOD, styled};

/// Check the signature of a body. Exit code 1 if it is wrong.
///
/// For a wrong signature, a likely cause is printed if one is found.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Check this value of the header x-twitter-webhooks-signature or
    /// x-twitter-webhooks-signature-oauth2.
    #[arg(long)]
    signature: String,
    /// The file that holds the exact bytes of the body, or - for standard input.
    file: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
}

#[derive(Serialize)]
struct Checked {
    valid: bool,
    /// The kind of secret that made the signature: `consumer` or `client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

impl Verify {
    pub(crate) fn run(self, json: bool) -> Result<ExitStatus> {
        let (secrets, body) = (self.secret.read()?, input::bytes(&self.file)?);
        let check = |secret: &Secret| verify(secret, &body, self.signature.as_bytes());
        let signer = secrets.iter().find(|(_, secret)| check(secret).is_ok()).map(|(kind, _)| *kind);
        let error = secrets.iter().find_map(|(_, secret)| check(secret).err()).filter(|_| signer.is_none());
        let hint =
            error.and_then(|error| secrets.iter().find_map(|(_, secret)| hint(secret, &body, &self.signature, error)));
        let secret = signer.map(SecretKind::as_str);
        let checked = Checked { valid: signer.is_some(), secret, error: error.map(|error| error.to_string()), hint };
        let text = match &checked.error {
            None => styled(GOOD, "the signature is valid") + &made_with(&secrets, signer),
            Some(error) => styled(BAD, error) + &hint.map(|hint| format!(": {hint}")).unwrap_or_default(),
        };
        if json { output::json(&checked) } else { output::line(text) }?;
        Ok(checked.valid.into())
    }
}

fn made_with(secrets: &[(SecretKind, Secret)], signer: Option<SecretKind>) -> String {
    signer.filter(|_| secrets.len() > 1).map(|kind| format!(", made with the {kind}")).unwrap_or_default()
}

fn hint(secret: &Secret, body: &[u8], signature: &str, error: SignatureError) -> Option<&'static str> {
    let signs = |body: &[u8], signature: &str| verify(secret, body, signature.as_bytes()).is_ok();
    let reserialised = || serde_json::from_slice::<serde_json::Value>(body).ok().map(|json| json.to_string());
    let decoded = || STANDARD.decode(body.trim_ascii()).ok();
    let escaped = || str::from_utf8(body).map(as_x_escapes).unwrap_or_default();
    let encoded = signature.strip_prefix("sha256=").unwrap_or(signature);
    match error {
        SignatureError::Malformed if encoded.len() == 64 && encoded.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Some("it is hexadecimal, but X's signatures are base64")
        }
        SignatureError::Malformed if signs(body, &format!("sha256={signature}")) => {
            Some("the prefix 'sha256=' is missing")
        }
        _ if body.strip_prefix("\u{feff}".as_bytes()).is_some_and(|rest| signs(rest, signature)) => Some(
            "it signs the body without the byte order mark (BOM) at its beginning, which an editor or logger added",
        ),
        // The body is not decompressed here, so the hint relies on the first bytes of gzip.
        _ if body.starts_with(&[0x1f, 0x8b]) => {
            Some("the body is gzipped, but X signs the uncompressed body: verify the bytes before they are compressed")
        }
        _ if decoded().is_some_and(|body| signs(&body, signature)) => {
            Some("the body is base64, as Lambda and API Gateway encode it: decode it first")
        }
        _ if signs(body.trim_ascii_end(), signature) => {
            Some("it signs the body without the trailing white space, which an editor or echo added")
        }
        _ if escaped().iter().any(|body| signs(body.as_bytes(), signature)) => Some(
            "it signs the same JSON with X's escapes, so the body was parsed and serialised again, as by JSON.stringify: keep the original bytes",
        ),
        _ if reserialised().is_some_and(|body| signs(body.as_bytes(), signature)) => {
            Some("it signs the same JSON with different formatting: keep the original bytes")
        }
        _ => None,
    }
}

/// Returns the same JSON with the escapes that X may have used. The forms differ in the characters
/// that are escaped: non-ASCII ones, slashes, `<` and `>`.
fn as_x_escapes(json: &str) -> Vec<String> {
    let escape = |(letters, slash, angles): (bool, bool, bool)| {
        let (mut text, mut units, mut is_escaped) = (String::new(), [0; 2], false);
        for letter in json.trim_end().chars() {
            match letter {
                '/' if slash && !is_escaped => text.push_str("\\/"),
                '<' | '>' if angles => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
                _ if letters && !letter.is_ascii() => {
                    letter.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
                }
                _ => text.push(letter),
            }
            is_escaped = letter == '\\' && !is_escaped;
        }
        text
    };
    [(true, true, true), (true, true, false), (true, false, false), (false, true, false)].map(escape).into()
}
