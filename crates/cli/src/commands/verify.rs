//! `birdhook verify`: checks a signature offline.

use std::path::PathBuf;

use anyhow::Result;
use birdhook::app::SecretKind;
use birdhook::signature::{SignatureError, verify};
use bytes::Bytes;
use serde::Serialize;

use crate::apps::{SecretArgs, Texts};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{self, BAD, GOOD, shown, styled};
use crate::signature_mistakes::header::GivenSignature;
use crate::signature_mistakes::mistake::Candidate;
use crate::signature_mistakes::secret::{PossibleSecret, Secrets};
use crate::signature_mistakes::{Explanation, body, find};

/// Maximum total length of the bodies in wrappers.
const MAX_UNWRAPPED: usize = 64 << 20;

/// Check the signature of a body. Exit code 1 if it is wrong.
///
/// For a wrong signature, the command undoes the usual mistakes, one or more at a time, until the
/// signature matches, and prints the cause and the fix. Mistakes with a body: parsed and serialised
/// again, pretty-printed, base64, gzip, a byte order mark, UTF-16, quotes, other line breaks, or a
/// whole request of a log instead of its body. Mistakes with a secret: white space or quotes around
/// it, base64, hexadecimal, or another key from the credentials file and the environment. Mistakes
/// with a signature: the other header, hexadecimal, or no prefix. If nothing matches, it lists the
/// usual causes.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Check this value of the header x-twitter-webhooks-signature or
    /// x-twitter-webhooks-signature-oauth2. With the header's name and a colon before it, only the
    /// secret of that header is accepted.
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
    hint: Option<String>,
}

impl Verify {
    pub(crate) fn run(self, json: bool) -> Result<ExitStatus> {
        let Texts { consumer, client } = self.secret.required_texts()?;
        let texts = [(SecretKind::Client, client), (SecretKind::Consumer, consumer)];
        let texts: Vec<_> = texts.into_iter().filter_map(|(kind, text)| Some((kind, text?))).collect();
        let (body, secrets) = (input::bytes(&self.file)?, Secrets::new(&texts));
        let given = GivenSignature::read(&self.signature);
        if let Some(kind) = signer(&secrets, &given, &body) {
            let checked = Checked { valid: true, secret: Some(kind.as_str()), error: None, hint: None };
            let by = if secrets.kinds.len() > 1 { format!(", made with the {kind}") } else { String::new() };
            let text = styled(GOOD, "the signature is valid") + &by;
            if json { output::json(&checked) } else { output::line(text) }?;
            return Ok(ExitStatus::Success);
        }
        let mistakes = find(&secrets.candidates, &given, &body::candidates(&body, MAX_UNWRAPPED));
        if let (None, Some(error)) = (&mistakes, secrets.invalid) {
            return Err(error);
        }
        let is_malformed = given.canonical.as_ref().is_none_or(|signature| !signature.mistakes.is_empty());
        let error = if is_malformed { SignatureError::Malformed } else { SignatureError::Wrong }.to_string();
        let (hint, lines) = match mistakes {
            Some(mistakes) => explained(&Explanation::new(&mistakes)),
            None => unexplained(&usual_causes(&given, &secrets.kinds, secrets.fault, &body)),
        };
        if json {
            output::json(&Checked { valid: false, secret: None, error: Some(error), hint: Some(hint) })?;
        } else {
            output::line(styled(BAD, error))?;
            lines.iter().try_for_each(|line| output::line(shown(line)))?;
        }
        Ok(ExitStatus::Problem)
    }
}

/// Returns the kind of the configured secret that made the signature of this body.
fn signer(secrets: &Secrets, given: &GivenSignature, body: &Bytes) -> Option<SecretKind> {
    let made_by = |one: &&Candidate<PossibleSecret>| {
        one.mistakes.is_empty() && verify(&one.value.secret, body, given.text.as_bytes()).is_ok()
    };
    let kinds = secrets.candidates.iter().filter(made_by).filter_map(|one| one.value.kind);
    kinds.into_iter().find(|kind| given.kind.is_none_or(|header| header == *kind))
}

/// Returns an explanation as one text, and as lines.
fn explained(explanation: &Explanation) -> (String, Vec<String>) {
    let Explanation { change, cause, fix } = explanation;
    let lines = vec![format!("matches if: {change}"), format!("cause: {cause}"), format!("try: {fix}")];
    (explanation.text(), lines)
}

fn unexplained(causes: &[String]) -> (String, Vec<String>) {
    let mut lines = vec!["no usual mistake explains it; usual causes:".to_owned()];
    lines.extend(causes.iter().map(|cause| format!("- {cause}")));
    (format!("usual causes: {}", causes.join("; ")), lines)
}

/// Returns causes that cannot be verified, the likeliest first.
fn usual_causes(
    given: &GivenSignature,
    kinds: &[SecretKind],
    secret_fault: Option<String>,
    body: &[u8],
) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    match &given.canonical {
        None => causes.push("the signature is cut off, or is not of X's header: X's has 51 characters".to_owned()),
        Some(signature) => causes.extend(signature.mistakes.iter().map(|mistake| mistake.cause.to_string())),
    }
    causes.extend(secret_fault);
    causes.extend(body::fault(body, MAX_UNWRAPPED));
    if let [kind] = kinds {
        let other = kind.other();
        causes.push(format!(
            "the value is of the header {}: X makes it with the {other}, which is not configured",
            other.header()
        ));
    }
    causes.push("the secret is of another app, or was regenerated: compare it in X's console".to_owned());
    causes.push("a bearer token, an access token or the API key is configured as the secret".to_owned());
    causes.push("the body was parsed and serialised again, with keys sorted or numbers rounded".to_owned());
    causes.push("the signature and the body are of different deliveries".to_owned());
    causes
}
