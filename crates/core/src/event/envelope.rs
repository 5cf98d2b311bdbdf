//! The data shared by the events of a delivery.

use std::sync::{Arc, OnceLock};

use bytestring::ByteString;

use super::user_index::UserIndex;
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;
use crate::traits::debug_fields;

/// The data shared by the events of a delivery.
pub(crate) struct Envelope {
    pub(crate) app: Arc<str>,
    pub(crate) subscriber: Option<ByteString>,
    /// The word that the subscription is for.
    pub(crate) keyword: Option<ByteString>,
    pub(crate) filter: Option<RepairableJson>,
    pub(crate) users: Option<RawJson>,
    pub(crate) users_by_id: UserIndex,
    pub(crate) apps: Option<RawJson>,
    pub(crate) includes: Option<RepairableJson>,
    pub(crate) matching_rules: Option<RepairableJson>,
    pub(crate) tag: Option<ByteString>,
    pub(crate) event_uuid: Option<ByteString>,
    /// Whether the subscription is for actions by the user. `None` if X does not say.
    pub(crate) outbound: Option<bool>,
    pub(crate) user_has_blocked: Option<bool>,
    pub(crate) is_replay: bool,
    /// The number of events that X sent.
    pub(crate) sent: usize,
    /// The members of the body next to its arrays of events, read when first needed.
    pub(crate) around_events: OnceLock<Option<Box<str>>>,
    pub(crate) body: RawJson,
}

/// Limit on the data that all events together copy or parse from shared parts, in body sizes.
/// Without it, each of thousands of events could copy a part as large as the body.
const MAX_SHARED_BODIES: usize = 16;

impl Envelope {
    /// Returns the maximum size in bytes of a shared part that each event may copy or parse.
    pub(crate) fn longest_shared(&self) -> usize {
        MAX_SHARED_BODIES.saturating_mul(self.body.as_str().len()) / self.sent.max(1)
    }
}

debug_fields! { Envelope, |envelope| app: envelope.app, body: envelope.body }
