//! Reads bodies that nobody has signed.

use birdhook_core::{Delivery, Reason, Settings};
use bytes::Bytes;

/// Reads a body as a receiver would whose app has this name, whoever sent it: for bodies in files and ledgers, which have
/// no signature, or none that is worth checking. The names of apps are part of the events' keys.
///
/// # Errors
/// [`Reason::NotAnObject`] when the body is neither a JSON object nor a list with an object in it.
///
/// ```
/// let delivery = birdhook_testkit::read("shop", r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#)?;
/// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
/// # Ok::<(), birdhook_core::Reason>(())
/// ```
pub fn read(app: &str, body: impl Into<Bytes>) -> Result<Delivery, Reason> {
    Delivery::restore(app, body, Settings::default().events_limit).ok_or(Reason::NotAnObject)
}
