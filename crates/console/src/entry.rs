//! One observed request.

use std::borrow::Cow;
use std::sync::Arc;

use birdhook_core::{ApiSource, EventKey, EventKind, Outcome, SecretKind, Timestamp};

use crate::chart::Group;
use crate::headers::HeaderList;

/// Maximum number of characters kept of a path or a method.
const MAX_PATH: usize = 200;

/// Maximum number of events of a delivery that are listed.
pub(crate) const MAX_EVENTS: usize = 16;

/// A finished request.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Numbers start at 1.
    pub(crate) number: u64,
    pub(crate) time: Timestamp,
    pub(crate) request: Request,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) micros: u64,
    pub(crate) is_signed_by_x: bool,
    pub(crate) answered_with: Option<SecretKind>,
    /// `None` if the body was not verified.
    pub(crate) verified: Option<Verified>,
}

/// The head of a request, without values that must stay secret.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Cow<'static, str>,
    pub(crate) path: Arc<str>,
    /// The kinds of secrets whose signature headers are present.
    pub(crate) signatures: [Option<SecretKind>; 2],
    /// `None` without the [`HeaderLayer`](crate::HeaderLayer).
    pub(crate) headers: Option<Arc<HeaderList>>,
}

/// The facts about a verified body.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) app: Arc<str>,
    pub(crate) signed_with: Option<SecretKind>,
    pub(crate) bytes: usize,
    /// The number of events that X sent.
    pub(crate) sent: usize,
    /// The first [`MAX_EVENTS`] events, without those that the app drops.
    pub(crate) events: Vec<EventEntry>,
}

#[derive(Debug)]
pub(crate) struct EventEntry {
    pub(crate) kind: EventKind,
    pub(crate) name: Box<str>,
    pub(crate) subscriber: Option<Box<str>>,
    pub(crate) api: ApiSource,
    pub(crate) key: EventKey,
}

impl Entry {
    pub(crate) fn events(&self) -> &[EventEntry] {
        self.verified.as_ref().map_or(&[], |verified| &verified.events)
    }

    pub(crate) fn group(&self) -> Group {
        match self.outcome {
            Some(Outcome::ChallengeAnswered) => Group::Challenges,
            Some(Outcome::Accepted) => Group::Accepted,
            Some(outcome) if outcome.status() == 200 => Group::Skipped,
            _ => Group::Refused,
        }
    }
}

/// Returns the beginning of an untrusted text.
pub(crate) fn short(text: &str) -> Box<str> {
    match text.char_indices().nth(MAX_PATH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
