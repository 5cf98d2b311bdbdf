//! The ids of events in an inbox.

use std::fmt;
use std::str::FromStr;

/// The id of an event in an inbox: the number of its batch and the event's index in that batch.
///
/// Ids are never reused. They are ordered as the events were accepted.
///
/// ```
/// let id: birdhook_inbox::EventId = "12.0".parse()?;
/// assert_eq!(id.to_string(), "12.0");
/// # Ok::<(), birdhook_inbox::ParseEventIdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    pub(crate) batch: u64,
    pub(crate) index: u32,
}

impl EventId {
    /// Returns the greatest id before this one.
    pub(crate) fn predecessor(self) -> Option<Self> {
        match self.index.checked_sub(1) {
            Some(index) => Some(Self { index, ..self }),
            None => Some(Self { batch: self.batch.checked_sub(1)?, index: u32::MAX }),
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.batch, self.index))
    }
}

/// The error when a string is not an [`EventId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid event id: expected <batch>.<index>, for example 12.0")]
pub struct ParseEventIdError;

impl FromStr for EventId {
    type Err = ParseEventIdError;

    fn from_str(text: &str) -> Result<Self, ParseEventIdError> {
        // `parse` would also accept a plus sign.
        let numbers = text.split_once('.').filter(|_| !text.contains('+'));
        let id =
            numbers.and_then(|(batch, index)| Some(Self { batch: batch.parse().ok()?, index: index.parse().ok()? }));
        id.ok_or(ParseEventIdError)
    }
}
