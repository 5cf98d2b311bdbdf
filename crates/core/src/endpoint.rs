//! One webhook URL: its apps, its settings, and the first step of a request.

use std::sync::Arc;

use crate::body::{BodyReader, Checks};
use crate::crc::TokenPolicy;
use crate::head::Length;
use crate::{Apps, Reason, Reply, RequestHead, challenge};

/// One webhook URL. Cheap to clone.
///
/// ```
/// use birdhook_core::{Endpoint, RequestHead, Secret, Settings, Step, signature};
///
/// let secret = Secret::new("consumer-secret")?;
/// let endpoint = Endpoint::new(secret.clone(), Settings::default());
///
/// let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
/// let signed = signature::sign(&secret, body.as_bytes());
/// let head = RequestHead::new("POST", "/", None).with_headers([("x-twitter-webhooks-signature", signed.as_bytes())]);
///
/// let Step::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
/// reader.push(body.into()).unwrap();
/// let delivery = reader.finish().unwrap();
/// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
/// # Ok::<(), birdhook_core::SecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint {
    apps: Apps,
    settings: Arc<Settings>,
}

/// What an [`Endpoint`] can be told; [`Settings::default`] is what X's documentation asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The largest body, in bytes. X names no limit; 1 MiB by default.
    pub body_limit: usize,
    /// The most events in one body; X sends one in most. A body with more is delivered as one
    /// [`EventKind::Unknown`](crate::EventKind::Unknown) of all its bytes. 10,000 by default; an activity of the X Activity API has
    /// at most 16, whatever is set.
    pub events_limit: usize,
    /// Which challenge tokens are signed.
    pub token_policy: TokenPolicy,
    /// What X's own signature of a challenge's query counts for.
    pub challenge_signature: ChallengeSignature,
    /// Where a challenge says which app it is for, when its signature does not.
    pub app_selector: AppSelector,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            events_limit: 10_000,
            token_policy: TokenPolicy::default(),
            challenge_signature: ChallengeSignature::default(),
            app_selector: AppSelector::default(),
        }
    }
}

/// What the signature on a challenge counts for. X's enterprise documentation says that its GET carries one, over the
/// query string; the documentation of v2 is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeSignature {
    /// A challenge with a wrong signature is refused, one without is answered.
    #[default]
    IfPresent,
    /// Only a challenge that X has signed, with a `nonce` or a query of the URL's own beside the token, is answered.
    Demanded,
    /// Challenges are answered whatever their signature.
    Ignored,
}

/// Where the registered URL names the app whose secret answers a challenge, for several apps on one endpoint.
/// Deliveries need no selector: their signature says whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppSelector {
    /// Nowhere: the first app answers.
    #[default]
    First,
    /// The last segment of the path is the app's name: `/webhooks/twitter/shop`. It is the path as the receiver sees it, not
    /// decoded; a router that strips what it has matched leaves nothing to find.
    PathSegment,
    /// This parameter of the query is the app's name: `?app=shop`. Without it the first app answers.
    QueryParameter(String),
}

/// What follows a request's head. There will be no third case: an adapter must handle both.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a request has one of them; a box would cost every delivery an allocation"
)]
pub enum Step {
    /// Send this; the body need not be read.
    Reply(Reply),
    /// Feed the body to this reader.
    Body(BodyReader),
}

impl Endpoint {
    /// An endpoint for these apps.
    pub fn new(apps: impl Into<Apps>, settings: Settings) -> Self {
        Self { apps: apps.into(), settings: Arc::new(settings) }
    }

    /// The same settings for other apps: how secrets are rotated.
    #[must_use]
    pub fn with_apps(&self, apps: impl Into<Apps>) -> Self {
        Self { apps: apps.into(), settings: Arc::clone(&self.settings) }
    }

    /// The apps.
    pub fn apps(&self) -> &Apps {
        &self.apps
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Judges a request by its head. No I/O, no lock, no wait; a challenge is answered here.
    pub fn begin(&self, head: &RequestHead<'_>) -> Step {
        match head.method {
            "GET" => Step::Reply(challenge::answer(self, head).unwrap_or_else(Reply::from)),
            "POST" => match self.body_reader(head) {
                Ok(reader) => Step::Body(reader),
                Err(reason) => Step::Reply(reason.into()),
            },
            _ => Step::Reply(Reason::MethodNotAllowed.into()),
        }
    }

    fn body_reader(&self, head: &RequestHead<'_>) -> Result<BodyReader, Reason> {
        if self.apps.is_empty() {
            return Err(Reason::NoSecret);
        }
        let checks = Checks::start(&self.apps, head)?;
        let length = match head.length {
            Length::Nonsense => return Err(Reason::BodyCutOff),
            Length::Bytes(length) if length > self.settings.body_limit as u64 => return Err(Reason::BodyTooLarge),
            Length::Bytes(length) => Some(length),
            Length::Unknown => None,
        };
        if head.encoded {
            return Err(Reason::BodyEncoded);
        }
        Ok(BodyReader::new(self.clone(), checks, length))
    }
}
