//! Errors of sinks.

use std::fmt;

use birdhook_core::Outcome;

/// An error of a sink. X is answered 503 and may send the delivery again.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The sink has no room.
    #[error("the sink is full")]
    Full,
    /// The sink accepts no more deliveries.
    #[error("the sink is closed")]
    Closed,
    /// The sink did not finish within the deadline.
    #[error("the sink did not finish in time")]
    TooSlow,
    /// Another receiver is already processing a copy of one of the events, with unknown result.
    #[error("another receiver is already processing this event")]
    InFlight,
    /// The sink always rejects this delivery, also when X repeats it. Birdhook never prints the
    /// source, because it may quote a message.
    #[error("the sink rejected the delivery")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sink failed. Birdhook never prints the source, because it may quote a message.
    #[error("the sink failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Omits the source, which may quote a message; use [`Error::source`](std::error::Error::source).
impl fmt::Debug for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "Full",
            Self::Closed => "Closed",
            Self::TooSlow => "TooSlow",
            Self::InFlight => "InFlight",
            Self::Refused(_) => "Refused(..)",
            Self::Failed(_) => "Failed(..)",
        })
    }
}

impl SinkError {
    /// Returns a [`Failed`](Self::Failed) error with this source.
    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    /// Returns a [`Refused`](Self::Refused) error with this source.
    ///
    /// For failures that a retry cannot fix.
    pub fn refused(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused(source.into())
    }

    /// Returns the outcome with which the request is answered.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Full => Outcome::SinkFull,
            Self::Closed => Outcome::SinkClosed,
            Self::TooSlow => Outcome::SinkTooSlow,
            Self::InFlight => Outcome::InFlight,
            Self::Refused(_) | Self::Failed(_) => Outcome::SinkFailed,
        }
    }
}
