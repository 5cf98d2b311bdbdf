//! Rate limits.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::table::Row;
use crate::mock::auth::Caller;
use crate::mock::clock::after;
use crate::mock::inner::Inner;
use crate::mock::state::Counted;

const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The values of the rate limit headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    limit: u32,
    remaining: u32,
    reset: i64,
}

impl Inner {
    /// Counts a call, and returns whether it is within the limit.
    pub(crate) fn count(&self, number: usize, row: &Row, caller: &Caller) -> (Rate, bool) {
        let now = self.settings.clock.now();
        let who = format!("{} {}", caller.app, caller.user().unwrap_or_default());
        let mut state = self.state();
        let counted = state.rates.entry((number, who)).or_insert(Counted { began: now, calls: 0 });
        if now >= after(counted.began, WINDOW) {
            *counted = Counted { began: now, calls: 0 };
        }
        let is_within = counted.calls < row.rate || !self.settings.rate_limits;
        counted.calls = counted.calls.saturating_add(1);
        let remaining = row.rate.saturating_sub(counted.calls);
        let reset = after(counted.began, WINDOW).as_millis().div_euclid(1000);
        (Rate { limit: row.rate, remaining, reset }, is_within)
    }
}

impl Rate {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let mut put = |name, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
        put("x-rate-limit-limit", self.limit.into());
        put("x-rate-limit-remaining", self.remaining.into());
        put("x-rate-limit-reset", self.reset.into());
    }
}
