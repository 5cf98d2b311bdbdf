//! Errors of sinks.

use std::error::Error;
use std::fmt;

use birdhook_core::Outcome;

/// An error of a sink. X is answered 503 and may send the delivery again.
#[non_exhaustive]
pub enum SinkError {
    /// The sink has no room.
    Full,
    /// The sink accepts no more deliveries.
    Closed,
    /// The sink did not finish within the deadline.
    TooSlow,
    /// Another receiver is already processing a copy of one of the events, with unknown result.
    InFlight,
    /// The sink always rejects this delivery, also when X repeats it. Birdhook never prints the
    /// source, because it may quote a message.
    Refused(Box<dyn Error + Send + Sync>),
    /// The sink failed. Birdhook never prints the source, because it may quote a message.
    Failed(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the sink is full",
            Self::Closed => "the sink is closed",
            Self::TooSlow => "the sink did not finish in time",
            Self::InFlight => "another receiver is already processing this event",
            Self::Refused(_) => "the sink rejected the delivery",
            Self::Failed(_) => "the sink failed",
        })
    }
}

impl Error for SinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(source) | Self::Failed(source) => Some(&**source),
            Self::Full | Self::Closed | Self::TooSlow | Self::InFlight => None,
        }
    }
}

/// Omits the source, which may quote a message; use [`Error::source`].
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
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    /// Returns a [`Refused`](Self::Refused) error with this source.
    ///
    /// For failures that a retry cannot fix.
    pub fn refused(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
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
