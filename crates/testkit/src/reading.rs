//! Parses webhook bodies without checking a signature.

use birdhook_core::{Delivery, EndpointSettings, Outcome};
use bytes::Bytes;

/// Parses a body as the receiver of the app named `app` would, without checking a signature.
///
/// Use it for stored bodies, which have no signature that can be checked. The app's name is part of
/// the events' keys.
///
/// # Errors
/// Returns [`Outcome::NotAnObject`] if the body is neither a JSON object nor an array that contains
/// one.
///
/// ```
/// let delivery = birdhook_testkit::read("shop", r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#)?;
/// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
/// # Ok::<(), birdhook_core::Outcome>(())
/// ```
pub fn read(app: &str, body: impl Into<Bytes>) -> Result<Delivery, Outcome> {
    Delivery::restore(app, body, EndpointSettings::default().event_limit).ok_or(Outcome::NotAnObject)
}
