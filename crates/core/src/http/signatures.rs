//! The signatures of a POST, checked for every app while the body arrives.

use hmac::Mac;
use subtle::{Choice, ConditionallySelectable};

use super::head::{Field, RequestHead};
use super::outcome::Outcome;
use crate::auth::app::App;
use crate::auth::apps::Apps;
use crate::auth::secret::{RunningMac, Secret};
use crate::auth::secret_kind::SecretKind;
use crate::auth::signature::Signature;

/// One running MAC for each secret that could have signed the request, by app and kind. Most apps
/// have one.
pub(crate) struct SignatureChecks {
    first: Check,
    more: Vec<Check>,
    headers: SignatureHeaders,
}

struct Check {
    app: u32,
    kind: SecretKind,
    claimed: Signature,
    mac: RunningMac,
}

impl SignatureChecks {
    /// Decides for each app which headers count. Rejects a request that no app could have signed,
    /// without reading its body.
    pub(crate) fn start(apps: &Apps, head: &RequestHead<'_>) -> Result<Self, Outcome> {
        let (mut first, mut more) = (None, Vec::new());
        let mut rejection = Outcome::SignatureMissing;
        for (app, index) in apps.iter().zip(0..) {
            match claims(app, head) {
                Ok(claims) => {
                    for (kind, claimed) in SecretKind::ALL.into_iter().zip(claims) {
                        let Some(claimed) = claimed else { continue };
                        let start = |secret: &Secret| Check { app: index, kind, claimed, mac: secret.start() };
                        let mut checks = app.secrets(kind).iter().map(start);
                        first = first.or_else(|| checks.next());
                        more.extend(checks);
                    }
                }
                Err(Outcome::SignatureMissing) => {}
                Err(outcome) => rejection = outcome,
            }
        }
        first.map(|first| Self { first, more, headers: SignatureHeaders::of(head) }).ok_or(rejection)
    }

    pub(crate) fn update(&mut self, chunk: &[u8]) {
        for check in std::iter::once(&mut self.first).chain(&mut self.more) {
            check.mac.update(chunk);
        }
    }

    pub(crate) fn headers(&self) -> SignatureHeaders {
        self.headers
    }

    /// Returns the index of the first app for which all signatures that it can check are correct.
    /// Tries every secret, to take the same time whichever matches.
    pub(crate) fn matching_app(self) -> Option<usize> {
        let (mut found, mut app) = (Choice::from(0), 0);
        let mut result = AppResult::new(self.first.app);
        let mut decide = |result: &AppResult| {
            let matches = result.is_correct();
            app.conditional_assign(&result.app, matches & !found);
            found |= matches;
        };
        for check in std::iter::once(self.first).chain(self.more) {
            if check.app != result.app {
                decide(&result);
                result = AppResult::new(check.app);
            }
            result.add(check.kind, check.claimed.matches(&check.mac.finalize().into_bytes().into()));
        }
        decide(&result);
        bool::from(found).then_some(app as usize)
    }
}

/// Returns the signatures that an app can check; `None` for a header that it ignores.
fn claims(app: &App, head: &RequestHead<'_>) -> Result<[Option<Signature>; 2], Outcome> {
    let claim = |kind| match head.signature(kind) {
        _ if app.secrets(kind).is_empty() => Ok(None),
        Field::Absent => Ok(None),
        Field::Repeated => Err(Outcome::SignatureRepeated),
        Field::Once(value) => Signature::parse(value).map(Some).ok_or(Outcome::SignatureMalformed),
    };
    match [claim(SecretKind::Consumer)?, claim(SecretKind::Client)?] {
        [None, None] => Err(Outcome::SignatureMissing),
        claims => Ok(claims),
    }
}

/// The results for one app: for each kind that was checked, whether one of its secrets made the
/// signature.
struct AppResult {
    app: u32,
    consumer: Option<Choice>,
    client: Option<Choice>,
}

impl AppResult {
    fn new(app: u32) -> Self {
        Self { app, consumer: None, client: None }
    }

    fn add(&mut self, kind: SecretKind, matches: Choice) {
        let correct = match kind {
            SecretKind::Consumer => &mut self.consumer,
            SecretKind::Client => &mut self.client,
        };
        *correct = Some(correct.unwrap_or(Choice::from(0)) | matches);
    }

    /// A kind that was not checked has no influence. At least one kind was checked.
    fn is_correct(&self) -> Choice {
        let unless_wrong = |correct: Option<Choice>| correct.unwrap_or(Choice::from(1));
        unless_wrong(self.consumer) & unless_wrong(self.client)
    }
}

/// The signature headers present on a request.
#[derive(Clone, Copy)]
pub(crate) struct SignatureHeaders {
    consumer: bool,
    client: bool,
}

impl SignatureHeaders {
    fn of(head: &RequestHead<'_>) -> Self {
        let has = |kind| !matches!(head.signature(kind), Field::Absent);
        Self { consumer: has(SecretKind::Consumer), client: has(SecretKind::Client) }
    }

    /// Returns the kind that signed for this app if the kind that answers challenges did not sign.
    pub(crate) fn other_kind(self, app: &App) -> Option<SecretKind> {
        let answering = app.challenge_kind()?;
        let is_present = match answering {
            SecretKind::Consumer => self.consumer,
            SecretKind::Client => self.client,
        };
        (!is_present || app.secrets(answering).is_empty()).then(|| answering.other())
    }
}
