//! One webhook URL: its apps, its settings, and the first step of a request.

use std::sync::Arc;

use crate::body::{BodyReader, Checks};
use crate::crc::TokenPolicy;
use crate::head::Length;
use crate::{Apps, Outcome, Reply, RequestHead, challenge};

/// One webhook URL. Cheap to clone.
///
/// ```
/// use birdhook_core::{Endpoint, RequestHead, Secret, EndpointSettings, HeadResult, signature};
///
/// let secret = Secret::new("consumer-secret")?;
/// let endpoint = Endpoint::new(secret.clone(), EndpointSettings::default());
///
/// let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
/// let signed = signature::sign(&secret, body.as_bytes());
/// let head = RequestHead::new("POST", "/", None).with_headers([("x-twitter-webhooks-signature", signed.as_bytes())]);
///
/// let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
/// reader.push(body.into()).unwrap();
/// let delivery = reader.finish().unwrap();
/// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
/// # Ok::<(), birdhook_core::SecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint {
    apps: Apps,
    settings: Arc<EndpointSettings>,
}

/// Configuration for an [`Endpoint`]. [`EndpointSettings::default`] follows X's documentation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointSettings {
    /// The maximum size of a body, in bytes. Defaults to 1 MiB; X documents no limit.
    pub body_limit: usize,
    /// The maximum number of events in one body. Defaults to 10,000.
    ///
    /// X usually sends one event per body. A body with more than the limit is delivered as one
    /// [`EventKind::Unknown`](crate::EventKind::Unknown) of all its bytes. An activity of the X
    /// Activity API has a fixed limit of 16 events.
    pub event_limit: usize,
    /// The set of challenge tokens that are signed.
    pub token_policy: TokenPolicy,
    /// The treatment of X's signature on a challenge.
    pub challenge_signature: ChallengeSignature,
    /// The part of the URL that names the app of a challenge, if the signature does not identify
    /// it.
    pub app_selector: AppSelector,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            event_limit: 10_000,
            token_policy: TokenPolicy::default(),
            challenge_signature: ChallengeSignature::default(),
            app_selector: AppSelector::default(),
        }
    }
}

/// The treatment of the signature on a challenge.
///
/// According to X's enterprise documentation, the GET carries a signature over the query string.
/// The v2 documentation does not mention it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeSignature {
    /// Rejects a challenge with a wrong signature. Answers one without a signature.
    #[default]
    IfPresent,
    /// Answers only a challenge that X has signed.
    ///
    /// The signed query must contain a `nonce` or the registered URL's own parameters next to the
    /// token.
    Demanded,
    /// Answers challenges without checking their signature.
    Ignored,
}

/// The part of the registered URL that names the app whose secret answers a challenge. For several
/// apps on one endpoint.
///
/// Deliveries need no selector, because their signature identifies the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppSelector {
    /// The URL does not name an app; the first app answers.
    #[default]
    First,
    /// The last segment of the path is the app's name: `/webhooks/twitter/shop`.
    ///
    /// The path is used as the receiver sees it, without percent-decoding. A router that strips the
    /// matched prefix may remove the name.
    PathSegment,
    /// This query parameter is the app's name: `?app=shop`. Without it, the first app answers.
    QueryParameter(String),
}

/// The result of processing a request's head.
///
/// `B` reads the body: a [`BodyReader`] of an [`Endpoint`], or an `IncomingDelivery` of a gate or
/// pipeline. Exhaustive, so that an adapter handles both cases.
#[derive(Debug)]
pub enum HeadResult<B> {
    /// Send this reply. The body need not be read.
    ///
    /// If a server closes a connection while body bytes are still arriving, it resets the
    /// connection, and a proxy may lose the reply. Adapters therefore drain the body briefly.
    Reply(Reply),
    /// Read the body with this.
    Body(B),
}

impl Endpoint {
    /// Creates an endpoint for these apps.
    pub fn new(apps: impl Into<Apps>, settings: EndpointSettings) -> Self {
        Self { apps: apps.into(), settings: Arc::new(settings) }
    }

    /// Returns an endpoint with the same settings and other apps. Use it to rotate secrets.
    #[must_use]
    pub fn with_apps(&self, apps: impl Into<Apps>) -> Self {
        Self { apps: apps.into(), settings: Arc::clone(&self.settings) }
    }

    /// Returns the apps.
    pub fn apps(&self) -> &Apps {
        &self.apps
    }

    /// Returns the settings.
    pub fn settings(&self) -> &EndpointSettings {
        &self.settings
    }

    /// Handles the head of a request. Performs no I/O, takes no lock and does not wait. Answers a
    /// challenge directly.
    pub fn begin(&self, head: &RequestHead<'_>) -> HeadResult<BodyReader> {
        match head.method {
            "GET" => HeadResult::Reply(challenge::answer(self, head).unwrap_or_else(Reply::from)),
            "POST" => match self.body_reader(head) {
                Ok(reader) => HeadResult::Body(reader),
                Err(reason) => HeadResult::Reply(reason.into()),
            },
            _ => HeadResult::Reply(Outcome::MethodNotAllowed.into()),
        }
    }

    fn body_reader(&self, head: &RequestHead<'_>) -> Result<BodyReader, Outcome> {
        if self.apps.is_empty() {
            return Err(Outcome::NoSecret);
        }
        let checks = Checks::start(&self.apps, head)?;
        let length = match head.length {
            Length::Nonsense => return Err(Outcome::BodyCutOff),
            Length::Bytes(length) if length > self.settings.body_limit as u64 => return Err(Outcome::BodyTooLarge),
            Length::Bytes(length) => Some(length),
            Length::Unknown => None,
        };
        if head.encoded {
            return Err(Outcome::BodyEncoded);
        }
        Ok(BodyReader::new(self.clone(), checks, length))
    }
}
