//! A request as the log of requests observes it.

use std::time::Duration;

use axum::http::{Method, Uri};
use birdhook::app::SecretKind;
use birdhook::event::Timestamp;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::output::shown;

/// Maximum length in characters of a printed path or method.
const MAX_SHOWN: usize = 100;

pub(super) const NOT_FOUND: &str = "not_found";
pub(super) const UNANSWERED: &str = "unanswered";

/// The facts about a request that its explanation needs.
pub(super) struct Observed {
    pub(super) time: Timestamp,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) signatures: Vec<(SecretKind, Bytes)>,
    pub(super) encoding: Option<String>,
    pub(super) status: Option<u16>,
    /// The name of an `Outcome`, or one of this module's.
    pub(super) outcome: &'static str,
    pub(super) duration: Duration,
    /// Whether an answered challenge has a signature that proves that X sent it.
    pub(super) is_signed_by_x: Option<bool>,
    /// The name of the app, and the number of events that are not duplicates.
    pub(super) app: Option<String>,
    pub(super) events: Option<usize>,
    /// The body, if it was kept and is complete.
    pub(super) body: Option<Bytes>,
    /// Limits the number of kept bodies until this one is dropped.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// Returns untrusted text on one line, cut off.
pub(super) fn short(text: &str) -> String {
    let mut start: String = text.chars().take(MAX_SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    shown(&start)
}
