//! Reads bodies that nobody has signed.

use birdhook_core::{App, Delivery, Endpoint, Reason, RequestHead, Secret, Settings, Step, signature};
use bytes::Bytes;

/// Reads a body as a receiver would whose app has this name, whoever sent it: for bodies in files and ledgers, which have
/// no signature, or none that is worth checking. The names of apps are part of the events' keys.
///
/// # Errors
/// [`Reason::NotAnObject`] when the body is not a JSON object.
///
/// ```
/// let delivery = birdhook_testkit::read("shop", r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#)?;
/// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
/// # Ok::<(), birdhook_core::Reason>(())
/// ```
pub fn read(app: &str, body: impl Into<Bytes>) -> Result<Delivery, Reason> {
    let body = body.into();
    // Nothing is read that is not verified, so it is signed first.
    let secret = Secret::new("of this process").map_err(|_| Reason::NoSecret)?;
    let signed = signature::sign(&secret, &body);
    let mut settings = Settings::default();
    settings.body_limit = settings.body_limit.max(body.len());
    let endpoint = Endpoint::new(App::new(app, secret), settings);
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    match endpoint.begin(&head) {
        Step::Reply(reply) => Err(reply.reason()),
        Step::Body(mut reader) => {
            reader.push(body).map_err(|reply| reply.reason())?;
            reader.finish().map_err(|reply| reply.reason())
        }
    }
}
