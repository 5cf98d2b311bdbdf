//! Answers a GET: finds the app and the secret, reads the token, and checks whether X sent the
//! request.

use std::borrow::Cow;

use crate::app::App;
use crate::crc::{self, TokenError};
use crate::endpoint::{AppSelector, ChallengeSignature};
use crate::head::Field;
use crate::secret::SecretKind;
use crate::signature::Signature;
use crate::{Endpoint, Outcome, Reply, RequestHead, Secret};

pub(crate) fn answer(endpoint: &Endpoint, head: &RequestHead<'_>) -> Result<Reply, Outcome> {
    let token = crc::token(head.query)?;
    let policy = endpoint.settings().token_policy;
    policy.check(&token)?;
    if endpoint.apps().is_empty() {
        return Err(Outcome::NoSecret);
    }
    let (secret, is_signed_by_x) = match endpoint.settings().challenge_signature {
        ChallengeSignature::Ignored => (answering(named_app(endpoint, head).app()?, None)?, false),
        rule => {
            let signed = Signed::new(head, rule == ChallengeSignature::Demanded);
            let (app, is_signed_by_x) = app_asked(endpoint, &signed, rule)?;
            (answering(app, Some(&signed))?, is_signed_by_x)
        }
    };
    Ok(Reply::challenge(crc::respond(secret, &token, policy)?, is_signed_by_x))
}

/// Returns the app that a challenge is for, and whether its signature proves that X sent it.
///
/// The signature selects the app. If no app can check a signature, the URL selects it.
fn app_asked<'a>(
    endpoint: &'a Endpoint,
    signed: &Signed<'_>,
    rule: ChallengeSignature,
) -> Result<(&'a App, bool), Outcome> {
    let mut is_wrong_for_one = false;
    for app in endpoint.apps() {
        match signed.judge(app) {
            Judgement::Right { proves } => return Ok((app, proves)),
            Judgement::Wrong => is_wrong_for_one = true,
            Judgement::Absent => {}
        }
    }
    if rule == ChallengeSignature::Demanded {
        return Err(Outcome::ChallengeUnsigned);
    }
    let named = named_app(endpoint, signed.head);
    let is_wrong = match named {
        // A signature that is wrong for another app does not matter here.
        Named::ByUrl(app) => matches!(signed.judge(app), Judgement::Wrong),
        Named::First(_) | Named::Unknown => is_wrong_for_one,
    };
    if is_wrong { Err(Outcome::ChallengeUnsigned) } else { Ok((named.app()?, false)) }
}

/// Returns the secret that answers for an app.
///
/// Within the answering kind, this is the secret that signed the challenge, because during a
/// rotation that is the one X holds. Otherwise it is the first one. A signature of the other kind
/// does not change the kind.
fn answering<'a>(app: &'a App, signed: Option<&Signed<'_>>) -> Result<&'a Secret, Outcome> {
    let kind = app.challenge_kind().ok_or(Outcome::NoSecret)?;
    let secrets = app.secrets(kind);
    let rotated = signed.and_then(|signed| signed.maker(kind, secrets)).map(|(secret, _)| secret);
    rotated.or(secrets.first()).ok_or(Outcome::NoSecret)
}

/// The result of checking a challenge's signatures for one app.
enum Judgement {
    /// No signature is of a kind for which the app has a secret.
    Absent,
    /// At least one signature is wrong, malformed or repeated.
    Wrong,
    /// All signatures are correct.
    Right { proves: bool },
}

/// A challenge and the texts that its signature may cover.
struct Signed<'a> {
    head: &'a RequestHead<'a>,
    texts: [Option<Cow<'a, str>>; 3],
}

impl<'a> Signed<'a> {
    fn new(head: &'a RequestHead<'a>, must_prove: bool) -> Self {
        if SecretKind::ALL.into_iter().all(|kind| matches!(head.signature(kind), Field::Absent)) {
            return Self { head, texts: [None, None, None] };
        }
        let query = head.query;
        // X's documentation does not say whether the registered URL's own query is signed too.
        let added_by_x = query.find("&crc_token=").and_then(|at| query.get(at + 1..));
        // Usually equals one of the other two texts.
        let documented = documented(query).filter(|text| text != query && Some(&**text) != added_by_x);
        let texts = [Some(Cow::Borrowed(query)), added_by_x.map(Cow::Borrowed), documented.map(Cow::Owned)];
        Self { head, texts: texts.map(|text| text.filter(|text| !must_prove || proves(text))) }
    }

    fn judge(&self, app: &App) -> Judgement {
        let mut proved = None;
        for kind in SecretKind::ALL {
            let secrets = app.secrets(kind);
            if secrets.is_empty() || matches!(self.head.signature(kind), Field::Absent) {
                continue;
            }
            let Some((_, text)) = self.maker(kind, secrets) else { return Judgement::Wrong };
            proved = Some(proved.unwrap_or(false) || proves(text));
        }
        proved.map_or(Judgement::Absent, |proves| Judgement::Right { proves })
    }

    /// Returns the secret that made the signature of this kind, and the text that it signs.
    fn maker<'s>(&self, kind: SecretKind, secrets: &'s [Secret]) -> Option<(&'s Secret, &str)> {
        let Field::Once(value) = self.head.signature(kind) else { return None };
        let signature = Signature::parse(value)?;
        let made = |secret: &'s Secret| {
            let mut texts = self.texts.iter().flatten();
            let text = texts.find(|text| signature.matches(&secret.mac(text.as_bytes())).into())?;
            Some((secret, &**text))
        };
        secrets.iter().find_map(made)
    }
}

/// Returns whether a signature over `text` proves that X sent it. A text without `&` may be a
/// token, and an attacker can obtain the signature of a token by sending it as a challenge.
fn proves(text: &str) -> bool {
    text.contains('&')
}

/// Returns the text that X's documentation says is signed, without the rest of the query.
fn documented(query: &str) -> Option<String> {
    let part = |name: &str| query.split('&').find(|part| part.starts_with(name));
    Some(format!("{}&{}", part("crc_token=")?, part("nonce=")?))
}

/// The app that answers an unsigned challenge.
enum Named<'a> {
    ByUrl(&'a App),
    /// The URL does not name an app.
    First(&'a App),
    /// The URL names an unknown app. Another app's secret must not answer: a 200 with a wrong token
    /// ends the webhook.
    Unknown,
}

impl<'a> Named<'a> {
    fn app(&self) -> Result<&'a App, Outcome> {
        match self {
            Self::ByUrl(app) | Self::First(app) => Ok(app),
            Self::Unknown => Err(Outcome::NoSecret),
        }
    }
}

fn named_app<'a>(endpoint: &'a Endpoint, head: &RequestHead<'_>) -> Named<'a> {
    let apps = endpoint.apps();
    let name = match &endpoint.settings().app_selector {
        AppSelector::First => None,
        AppSelector::PathSegment => Some(head.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().into()),
        AppSelector::QueryParameter(parameter) => {
            form_urlencoded::parse(head.query.as_bytes()).find(|(name, _)| name == parameter).map(|(_, value)| value)
        }
    };
    match name {
        Some(name) => apps.iter().find(|app| app.name() == name).map(Named::ByUrl),
        None => apps.iter().next().map(Named::First),
    }
    .unwrap_or(Named::Unknown)
}

impl From<TokenError> for Outcome {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::TokenMissing,
            TokenError::Empty => Self::TokenEmpty,
            TokenError::Repeated => Self::TokenRepeated,
            TokenError::TooLong | TokenError::Forbidden => Self::TokenRefused,
        }
    }
}
