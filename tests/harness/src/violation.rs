//! The violations that tests of durable delivery can find.

use std::fmt::Display;

use birdhook_core::EventKey;

#[derive(Debug, thiserror::Error)]
pub enum Violation {
    #[error("{} events were answered 200 and are lost, the first {}", .0.len(), .0[0])]
    Lost(Vec<EventKey>),
    #[error("{0} was consumed and never sent")]
    Invented(EventKey),
    #[error("{0} is not as it was sent")]
    Changed(EventKey),
    #[error("{0} is stored twice, as {1} and as {2}")]
    StoredTwice(EventKey, String, String),
    #[error("{0} is the id of two events, {1} and {2}")]
    SharedId(String, EventKey, EventKey),
    #[error("{0} was delivered again with attempt {2} after attempt {1}")]
    Uncounted(String, u32, u32),
    #[error("{0} was delivered after its acknowledgement")]
    Undead(String),
    #[error("{0}")]
    Other(String),
}

impl Violation {
    pub fn other(what: impl Display) -> Self {
        Self::Other(what.to_string())
    }
}

pub fn holds<T: Display>(is_so: bool, what: impl FnOnce() -> T) -> Result<(), Violation> {
    if is_so { Ok(()) } else { Err(Violation::other(what())) }
}
