use std::time::Duration;

use birdhook_core::Timestamp;
use http::HeaderMap;

/// The rate limit of a call, from the `x-rate-limit-*` headers.
///
/// X's documentation: <https://docs.x.com/x-api/fundamentals/rate-limits>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The number of calls allowed per 15 minutes.
    pub limit: Option<u64>,
    /// The number of calls left until [`reset`](Self::reset).
    pub remaining: Option<u64>,
    /// The time at which the window resets.
    pub reset: Option<Timestamp>,
}

impl RateLimit {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = number("x-rate-limit-reset").and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000));
        let read = Self {
            limit: number("x-rate-limit-limit"),
            remaining: number("x-rate-limit-remaining"),
            reset: reset.map(Timestamp::from_millis),
        };
        (read.limit.is_some() || read.remaining.is_some() || read.reset.is_some()).then_some(read)
    }
}

pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
