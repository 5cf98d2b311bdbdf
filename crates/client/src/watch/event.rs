use std::fmt;

use birdhook_core::Timestamp;
use serde::{Serialize, Serializer};

use super::gap::Gap;
use crate::Error;
use crate::api::ReplaySpan;

/// An event of a [`Watch`](super::Watch).
///
/// It is displayed on one line, or serialized as a JSON object with its kind as `notice`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WatchEvent {
    /// The webhook's state could not be read. The next poll tries again.
    Unknown {
        /// The cause.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// The app has no webhook at this URL: it was deleted or never registered.
    /// [`Ensure`](crate::Ensure) registers it.
    Missing {
        /// The URL.
        url: String,
    },
    /// The webhook is invalid because it failed a challenge. X delivers nothing.
    Invalid {
        /// The webhook's id.
        webhook: String,
        /// The time at which it was last known to be valid.
        since: Timestamp,
    },
    /// The webhook is valid again, and X delivers.
    Revalidated {
        /// The webhook's id.
        webhook: String,
    },
    /// The webhook is still invalid: it failed another challenge, or X refused to send one. The
    /// next poll tries again.
    StillInvalid {
        /// The webhook's id.
        webhook: String,
        /// X's error, if there is one.
        #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
    /// Events may have been missed.
    Gap(Gap),
    /// X does not replay this span yet.
    #[serde(rename = "later")]
    Later {
        /// The span.
        span: ReplaySpan,
        /// The time at which the replay will be requested.
        at: Timestamp,
    },
    /// X is replaying this span.
    Replaying {
        /// The job's id, if X reports it.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        /// The span.
        span: ReplaySpan,
    },
    /// X has replayed this span.
    Replayed {
        /// The span.
        span: ReplaySpan,
        /// Whether the receiver took everything.
        complete: bool,
    },
    /// X did not report the end of a replay job in time.
    NoStatus {
        /// The span.
        span: ReplaySpan,
    },
    /// X refused to replay this span now. The next poll asks again.
    Refused {
        /// The span.
        span: ReplaySpan,
        /// The cause.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// The events missed in this span cannot be recovered.
    Lost {
        /// The span.
        span: ReplaySpan,
        /// The cause.
        cause: LostCause,
    },
    /// A subscription to the X Activity API expires soon. Reported once for each expiry.
    Expiring {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// The expiry.
        at: Timestamp,
    },
    /// A subscription to the X Activity API that was about to expire was renewed.
    Renewed {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// The new expiry.
        at: Timestamp,
    },
    /// A subscription to the X Activity API expires soon and could not be renewed. The next listing
    /// tries again.
    NotRenewed {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// The expiry.
        at: Timestamp,
        /// The cause.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// A subscription that was reported as expiring is no longer: it was renewed or deleted, or has
    /// expired.
    NotExpiring {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// Whether it has expired.
        expired: bool,
    },
    /// X did not list the subscriptions to the X Activity API, so their expiries are unknown.
    /// Reported once for each cause.
    ExpiriesUnknown {
        /// The cause.
        #[serde(serialize_with = "text")]
        error: Error,
    },
}

/// The reason why missed events cannot be recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LostCause {
    /// The span is older than X replays.
    TooOld,
    /// The replay finished twice, but the receiver did not take everything.
    Incomplete,
    /// X did not report the end of the job, twice.
    NoStatus,
    /// X rejected the dates twice, which indicates a wrong clock.
    Refused,
}

impl fmt::Display for LostCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooOld => "X no longer replays it",
            Self::Incomplete => "the receiver did not accept everything, twice",
            Self::NoStatus => "X did not report the end of the job, twice",
            Self::Refused => "X rejected the dates twice; check the clock",
        })
    }
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |span: &ReplaySpan| format!("{} to {}", span.from(), span.to());
        match self {
            Self::Unknown { error } => write!(f, "the state of the webhook is unknown: {error}"),
            Self::Missing { url } => write!(f, "the app has no webhook at {url}"),
            Self::Invalid { webhook, since } => {
                write!(f, "the webhook {webhook} is invalid; it was last known to be valid at {since}")
            }
            Self::Revalidated { webhook } => write!(f, "the webhook {webhook} is valid again"),
            Self::StillInvalid { webhook, error: Some(error) } => {
                write!(f, "the webhook {webhook} is still invalid: {error}; {}", error.fix())
            }
            Self::StillInvalid { webhook, error: None } => {
                write!(f, "the webhook {webhook} is still invalid: run `birdhook doctor` on its URL")
            }
            Self::Gap(gap) => write!(f, "events may be missing: {gap}"),
            Self::Later { span, at } => {
                write!(f, "{} will be replayed after {at}; X does not replay it yet", of(span))
            }
            Self::Replaying { span, job: Some(job) } => write!(f, "X is replaying {} (job {job})", of(span)),
            Self::Replaying { span, job: None } => write!(f, "X is replaying {}", of(span)),
            Self::Replayed { span, complete: true } => write!(f, "X has replayed {}", of(span)),
            Self::Replayed { span, complete: false } => {
                write!(f, "X has replayed {}, but the receiver did not accept everything", of(span))
            }
            Self::NoStatus { span } => write!(f, "X did not report the end of its replay of {}", of(span)),
            Self::Refused { span, error } => write!(f, "X refused to replay {} now: {error}", of(span)),
            Self::Expiring { subscription, of, at } => {
                write!(f, "the subscription {subscription} to {of} expires at {at}; ")?;
                write!(f, "run `birdhook activity renew {subscription} --expires-at TIME`")
            }
            Self::Renewed { subscription, of, at } => {
                write!(f, "the subscription {subscription} to {of} is renewed until {at}")
            }
            Self::NotRenewed { subscription, of, at, error } => {
                write!(f, "the subscription {subscription} to {of} expires at {at} and could not be renewed: {error}")
            }
            Self::NotExpiring { subscription, of, expired: true } => {
                write!(f, "the subscription {subscription} to {of} has expired")
            }
            Self::NotExpiring { subscription, of, expired: false } => {
                write!(f, "the subscription {subscription} to {of} no longer expires soon: it was renewed or deleted")
            }
            Self::ExpiriesUnknown { error } => write!(f, "the expiries of the subscriptions are unknown: {error}"),
            Self::Lost { span, cause } => write!(f, "events missed from {} are lost: {cause}", of(span)),
        }
    }
}

fn text<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

fn optional_text<S: Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => text(error, serializer),
        None => serializer.serialize_none(),
    }
}
