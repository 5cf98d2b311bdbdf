//! The violations that the proof can find.

use birdhook_pipeline::EventKey;

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
    #[error("{0} was handed out again at try {2} after try {1}")]
    Uncounted(String, u32, u32),
    #[error("{0} was handed out after its acknowledgement")]
    Undead(String),
    #[error("{0}")]
    Other(String),
}

impl Violation {
    pub fn other(what: impl Into<String>) -> Self {
        Self::Other(what.into())
    }
}

/// Returns a violation unless the condition is true.
pub fn holds(is_so: bool, what: impl FnOnce() -> String) -> Result<(), Violation> {
    if is_so { Ok(()) } else { Err(Violation::Other(what())) }
}
