//! Answers a GET: finds the app and the secret, reads the token, and checks whether X sent the
//! request.

use std::borrow::Cow;

use super::head::{Field, RequestHead};
use super::outcome::Outcome;
use super::reply::Reply;
use super::settings::{AppSelector, ChallengeSignature, EndpointSettings};
use crate::auth::app::App;
use crate::auth::apps::Apps;
use crate::auth::crc;
use crate::auth::secret::Secret;
use crate::auth::secret_kind::SecretKind;
use crate::auth::signature::Signature;

/// Returns the reply to a challenge.
pub(crate) fn answer(apps: &Apps, settings: &EndpointSettings, head: &RequestHead<'_>) -> Result<Reply, Outcome> {
    let token = crc::token(head.query)?;
    let policy = settings.token_policy;
    policy.check(&token)?;
    if apps.is_empty() {
        return Err(Outcome::NoSecret);
    }
    let (app, secret, is_signed_by_x) = match settings.challenge_signature {
        ChallengeSignature::Ignored => {
            let app = named_app(apps, settings, head).app()?;
            (app, answering_secret(app, None)?, false)
        }
        rule => {
            let signed = SignedChallenge::new(head, rule == ChallengeSignature::Demanded);
            let (app, is_signed_by_x) = challenged_app(apps, settings, &signed)?;
            (app, answering_secret(app, Some(&signed))?, is_signed_by_x)
        }
    };
    Ok(Reply::challenge(crc::respond(secret, &token, policy)?, is_signed_by_x, app.challenge_kind()))
}

/// Returns the app that a challenge is for, and whether its signature proves that X sent it.
///
/// The signature selects the app. If no app can check a signature, the URL selects it.
fn challenged_app<'a>(
    apps: &'a Apps,
    settings: &EndpointSettings,
    signed: &SignedChallenge<'_>,
) -> Result<(&'a App, bool), Outcome> {
    let mut is_wrong_for_any = false;
    for app in apps {
        match signed.check(app) {
            CheckResult::Correct { proves_x } => return Ok((app, proves_x)),
            CheckResult::Wrong => is_wrong_for_any = true,
            CheckResult::Absent => {}
        }
    }
    if settings.challenge_signature == ChallengeSignature::Demanded {
        return Err(Outcome::ChallengeUnsigned);
    }
    let named = named_app(apps, settings, signed.head);
    let is_wrong = match named {
        // A signature that is wrong for another app does not matter here.
        NamedApp::ByUrl(app) => matches!(signed.check(app), CheckResult::Wrong),
        NamedApp::First(_) | NamedApp::Unknown => is_wrong_for_any,
    };
    if is_wrong { Err(Outcome::ChallengeUnsigned) } else { Ok((named.app()?, false)) }
}

/// Returns the secret that answers for an app.
///
/// Within the answering kind, this is the secret that signed the challenge, because during a
/// rotation that is the one X holds. Otherwise it is the first one. A signature of the other kind
/// does not change the kind.
fn answering_secret<'a>(app: &'a App, signed: Option<&SignedChallenge<'_>>) -> Result<&'a Secret, Outcome> {
    let kind = app.challenge_kind().ok_or(Outcome::NoSecret)?;
    let secrets = app.secrets(kind);
    let rotated = signed.and_then(|signed| signed.signer(kind, secrets)).map(|(secret, _)| secret);
    rotated.or(secrets.first()).ok_or(Outcome::NoSecret)
}

enum CheckResult {
    /// No signature is of a kind for which the app has a secret.
    Absent,
    /// At least one signature is wrong, malformed or repeated.
    Wrong,
    /// All signatures are correct.
    Correct { proves_x: bool },
}

/// A challenge and the texts that its signature may cover.
struct SignedChallenge<'a> {
    head: &'a RequestHead<'a>,
    texts: [Option<Cow<'a, str>>; 3],
}

impl<'a> SignedChallenge<'a> {
    fn new(head: &'a RequestHead<'a>, must_prove_x: bool) -> Self {
        if SecretKind::ALL.into_iter().all(|kind| matches!(head.signature(kind), Field::Absent)) {
            return Self { head, texts: [None, None, None] };
        }
        let query = head.query;
        // X's documentation does not say whether the registered URL's own query is signed too.
        let added_by_x = query.find("&crc_token=").and_then(|at| query.get(at + 1..));
        // Usually equals one of the other two texts.
        let documented = documented(query).filter(|text| text != query && Some(&**text) != added_by_x);
        let texts = [Some(Cow::Borrowed(query)), added_by_x.map(Cow::Borrowed), documented.map(Cow::Owned)];
        Self { head, texts: texts.map(|text| text.filter(|text| !must_prove_x || proves_x(text))) }
    }

    fn check(&self, app: &App) -> CheckResult {
        let mut proves_any = None;
        for kind in SecretKind::ALL {
            let secrets = app.secrets(kind);
            if secrets.is_empty() || matches!(self.head.signature(kind), Field::Absent) {
                continue;
            }
            let Some((_, text)) = self.signer(kind, secrets) else { return CheckResult::Wrong };
            proves_any = Some(proves_any.unwrap_or(false) || proves_x(text));
        }
        proves_any.map_or(CheckResult::Absent, |proves_x| CheckResult::Correct { proves_x })
    }

    /// Returns the secret that made the signature of this kind, and the text that it signs.
    fn signer<'s>(&self, kind: SecretKind, secrets: &'s [Secret]) -> Option<(&'s Secret, &str)> {
        let Field::Once(value) = self.head.signature(kind) else { return None };
        let signature = Signature::parse(value)?;
        let signs = |secret: &'s Secret| {
            let mut texts = self.texts.iter().flatten();
            let text = texts.find(|text| signature.matches(&secret.mac(text.as_bytes())).into())?;
            Some((secret, &**text))
        };
        secrets.iter().find_map(signs)
    }
}

/// Returns whether a signature over `text` proves that X sent it. A text without `&` may be a
/// token, and an attacker can obtain the signature of a token by sending it as a challenge.
fn proves_x(text: &str) -> bool {
    text.contains('&')
}

/// Returns the text that X's documentation says is signed, without the rest of the query.
fn documented(query: &str) -> Option<String> {
    let part = |name: &str| query.split('&').find(|part| part.starts_with(name));
    Some(format!("{}&{}", part("crc_token=")?, part("nonce=")?))
}

/// The app that answers an unsigned challenge.
enum NamedApp<'a> {
    ByUrl(&'a App),
    /// The URL does not name an app.
    First(&'a App),
    /// The URL names an unknown app. Another app's secret must not answer: a 200 with a wrong token
    /// ends the webhook.
    Unknown,
}

impl<'a> NamedApp<'a> {
    fn app(&self) -> Result<&'a App, Outcome> {
        match self {
            Self::ByUrl(app) | Self::First(app) => Ok(app),
            Self::Unknown => Err(Outcome::NoSecret),
        }
    }
}

fn named_app<'a>(apps: &'a Apps, settings: &EndpointSettings, head: &RequestHead<'_>) -> NamedApp<'a> {
    let name = match &settings.app_selector {
        AppSelector::First => None,
        AppSelector::PathSegment => Some(head.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().into()),
        AppSelector::QueryParameter(parameter) => {
            form_urlencoded::parse(head.query.as_bytes()).find(|(name, _)| name == parameter).map(|(_, value)| value)
        }
    };
    match name {
        Some(name) => apps.iter().find(|app| app.name() == name).map(NamedApp::ByUrl),
        None => apps.iter().next().map(NamedApp::First),
    }
    .unwrap_or(NamedApp::Unknown)
}
