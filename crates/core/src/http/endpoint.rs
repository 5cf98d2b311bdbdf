//! One webhook URL: its apps, its settings, and the handling of a request's head.

use std::sync::Arc;

use super::body::BodyReader;
use super::challenge;
use super::head::{Length, RequestHead};
use super::outcome::Outcome;
use super::reply::Reply;
use super::settings::EndpointSettings;
use super::signatures::SignatureChecks;
use crate::auth::apps::Apps;

/// One webhook URL. Cheap to clone.
///
/// ```
/// # mod birdhook { pub use birdhook_core::{Secret, signature}; pub mod adapter { pub use birdhook_core::{Endpoint, EndpointSettings, HeadResult, RequestHead}; } }
/// use birdhook::{Secret, adapter::{Endpoint, EndpointSettings, HeadResult, RequestHead}, signature};
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
            "GET" => HeadResult::Reply(challenge::answer(&self.apps, &self.settings, head).unwrap_or_else(Reply::from)),
            "POST" => match self.body_reader(head) {
                Ok(reader) => HeadResult::Body(reader),
                Err(outcome) => HeadResult::Reply(outcome.into()),
            },
            _ => HeadResult::Reply(Outcome::MethodNotAllowed.into()),
        }
    }

    fn body_reader(&self, head: &RequestHead<'_>) -> Result<BodyReader, Outcome> {
        if self.apps.is_empty() {
            return Err(Outcome::NoSecret);
        }
        let checks = SignatureChecks::start(&self.apps, head)?;
        let length = match head.length {
            Length::Invalid => return Err(Outcome::BodyCutOff),
            Length::Bytes(length) if length > self.settings.body_limit as u64 => return Err(Outcome::BodyTooLarge),
            Length::Bytes(length) => Some(length),
            Length::Unknown => None,
        };
        if head.encoded {
            return Err(Outcome::BodyEncoded);
        }
        Ok(BodyReader::new(self.apps.clone(), Arc::clone(&self.settings), checks, length))
    }
}
