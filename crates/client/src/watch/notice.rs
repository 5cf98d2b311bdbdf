//! What a watch has to say.

use std::fmt;

use birdhook_core::Timestamp;
use serde::{Serialize, Serializer};

use super::gap::Gap;
use crate::Error;
use crate::api::ReplaySpan;

/// What a [`Watch`](super::Watch) has to say: one line each, or a JSON object with the kind as `notice`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// X does not say how the webhook is. The next poll asks again.
    Unknown {
        /// Why.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// The app has no webhook of this URL: it was deleted, or never registered. [`Ensure`](crate::Ensure) registers it.
    Missing {
        /// The URL.
        url: String,
    },
    /// X delivers nothing, since a challenge was not answered well.
    Invalid {
        /// The webhook's id.
        webhook: String,
        /// When it was last known to be good.
        since: Timestamp,
    },
    /// The webhook is valid again, and X delivers.
    Revalidated {
        /// The webhook's id.
        webhook: String,
    },
    /// X challenged the webhook anew, or would not, and it is invalid still. The next poll tries again.
    StillInvalid {
        /// The webhook's id.
        webhook: String,
        /// What X says.
        #[serde(serialize_with = "optional_text", skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
    /// Events may have been missed.
    Gap(Gap),
    /// X does not replay this yet.
    Later {
        /// From when to when.
        span: ReplaySpan,
        /// When it will be asked for.
        at: Timestamp,
    },
    /// X replays this now.
    Replaying {
        /// The job's id, if X says.
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        /// From when to when.
        span: ReplaySpan,
    },
    /// X has replayed this.
    Replayed {
        /// From when to when.
        span: ReplaySpan,
        /// Whether the receiver took everything.
        complete: bool,
    },
    /// X has not told in time that a replay job has ended.
    NoStatus {
        /// From when to when.
        span: ReplaySpan,
    },
    /// X does not replay this now. It is asked again with the next poll.
    Refused {
        /// From when to when.
        span: ReplaySpan,
        /// Why.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// What was missed then stays missed.
    Lost {
        /// From when to when.
        span: ReplaySpan,
        /// Why.
        cause: LostCause,
    },
    /// A subscription to the X Activity API ends soon. Reported once for each end.
    Expiring {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// When it ends.
        at: Timestamp,
    },
    /// A subscription to the X Activity API that was about to end has a later end.
    Renewed {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// When it ends now.
        at: Timestamp,
    },
    /// A subscription to the X Activity API ends soon, and cannot be renewed. The next listing tries again.
    NotRenewed {
        /// The subscription's id.
        subscription: String,
        /// Its type and filter.
        of: String,
        /// When it ends.
        at: Timestamp,
        /// Why.
        #[serde(serialize_with = "text")]
        error: Error,
    },
    /// X does not list the subscriptions to the X Activity API, so their ends are not known. Reported once for each cause.
    ExpiriesUnknown {
        /// Why.
        #[serde(serialize_with = "text")]
        error: Error,
    },
}

/// Why what was missed stays missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LostCause {
    /// It is longer ago than X replays.
    TooOld,
    /// X took it for done, but the receiver did not take everything, twice.
    Incomplete,
    /// X never told that the job has ended, twice.
    NoStatus,
    /// X does not take the dates, twice: a clock is off.
    Refused,
}

impl fmt::Display for LostCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooOld => "X no longer replays it",
            Self::Incomplete => "the receiver did not take everything, twice",
            Self::NoStatus => "X never told that the job has ended, twice",
            Self::Refused => "X does not take the dates, twice: is the clock right?",
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |span: &ReplaySpan| format!("{} to {}", span.from(), span.to());
        match self {
            Self::Unknown { error } => write!(f, "X does not say how the webhook is: {error}"),
            Self::Missing { url } => write!(f, "the app has no webhook of {url}"),
            Self::Invalid { webhook, since } => {
                write!(f, "the webhook {webhook} is invalid, and was last known to be good at {since}")
            }
            Self::Revalidated { webhook } => write!(f, "the webhook {webhook} is valid again"),
            Self::StillInvalid { webhook, error: Some(error) } => {
                write!(f, "the webhook {webhook} is still invalid: {error}. {}", error.cure())
            }
            Self::StillInvalid { webhook, error: None } => {
                write!(f, "the webhook {webhook} is still invalid: run `birdhook doctor` on its URL")
            }
            Self::Gap(gap) => write!(f, "events may be missing: {gap}"),
            Self::Later { span, at } => write!(f, "{} is replayed after {at}, when X does so", of(span)),
            Self::Replaying { span, job: Some(job) } => write!(f, "X replays {} (job {job})", of(span)),
            Self::Replaying { span, job: None } => write!(f, "X replays {}", of(span)),
            Self::Replayed { span, complete: true } => write!(f, "X has replayed {}", of(span)),
            Self::Replayed { span, complete: false } => {
                write!(f, "X has replayed {}, and the receiver did not take everything", of(span))
            }
            Self::NoStatus { span } => write!(f, "X does not tell that its replay of {} has ended", of(span)),
            Self::Refused { span, error } => write!(f, "X does not replay {} now: {error}", of(span)),
            Self::Expiring { subscription, of, at } => {
                write!(f, "the subscription {subscription} to {of} ends at {at}; ")?;
                write!(f, "run `birdhook activity renew {subscription} --expires-at TIME`")
            }
            Self::Renewed { subscription, of, at } => {
                write!(f, "the subscription {subscription} to {of} is renewed until {at}")
            }
            Self::NotRenewed { subscription, of, at, error } => {
                write!(f, "the subscription {subscription} to {of} ends at {at} and is not renewed: {error}")
            }
            Self::ExpiriesUnknown { error } => write!(f, "X does not list when subscriptions end: {error}"),
            Self::Lost { span, cause } => write!(f, "what was missed from {} is lost: {cause}", of(span)),
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
