//! What a watch can be told.

use std::time::Duration;

use crate::Api;

/// What a [`Watch`](super::Watch) can be told.
///
/// ```
/// use std::time::Duration;
/// use birdhook_client::WatchSettings;
///
/// let mut settings = WatchSettings::default();
/// settings.event_silence = Some(Duration::from_secs(3600)); // a busy account
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchSettings {
    /// The API that manages the webhook: v2 unless set.
    pub api: Api,
    /// How long from one poll to the next: 5 minutes unless set. X lets 15 polls in 15 minutes through in enterprise 1.1,
    /// and 450 in v2.
    pub poll_interval: Duration,
    /// How long without an event is a gap: none unless set, since nobody knows how busy the users are.
    pub event_silence: Option<Duration>,
    /// How long without a challenge is a gap: 26 hours unless set, since X challenges a webhook that it has not for 24
    /// hours, and gives it up after 28. Counts from the first challenge that the watch is told of.
    pub challenge_silence: Option<Duration>,
    /// Whether replays of gaps are asked for: yes unless set.
    pub replays: bool,
    /// How long X may take to tell that a replay job has ended: 2 hours unless set. Then it is asked again, once.
    pub status_limit: Duration,
    /// Time before the end of a subscription to the X Activity API from which its end is reported, or the subscription renewed.
    /// Defaults to 3 days. The subscriptions of the webhook are listed once an hour.
    pub expiry_warning: Duration,
    /// How long a subscription that is about to end is to last from now: it is created again with the same type, filter,
    /// webhook and tag. Defaults to none, so that nothing is renewed.
    pub renew_for: Option<Duration>,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            api: Api::V2,
            poll_interval: Duration::from_secs(5 * 60),
            event_silence: None,
            challenge_silence: Some(Duration::from_secs(26 * 3600)),
            replays: true,
            status_limit: Duration::from_secs(2 * 3600),
            expiry_warning: Duration::from_secs(3 * 24 * 3600),
            renew_for: None,
        }
    }
}
