use std::time::Duration;

use crate::api::managed::ManagementApi;

/// Settings of a [`Watch`](super::Watch).
///
/// ```
/// use std::time::Duration;
/// # mod birdhook { pub mod client { pub use birdhook_client::WatchSettings; } }
/// use birdhook::client::WatchSettings;
///
/// let mut settings = WatchSettings::default();
/// settings.event_silence = Some(Duration::from_secs(3600)); // a busy account
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchSettings {
    /// The API that manages the webhook. Defaults to v2.
    pub api: ManagementApi,
    /// Interval between polls. Defaults to 5 minutes. X allows 15 polls per 15 minutes in
    /// enterprise 1.1, and 450 in v2.
    pub poll_interval: Duration,
    /// Time without an event that counts as a gap. Defaults to `None`, because it depends on how
    /// active the users are.
    pub event_silence: Option<Duration>,
    /// Time without a challenge that counts as a gap. Defaults to 26 hours.
    ///
    /// X challenges a webhook after 24 hours without a challenge, and marks it invalid after 28
    /// hours. The time counts from the first challenge that the app reports.
    pub challenge_silence: Option<Duration>,
    /// Whether to request replays of gaps. Defaults to `true`.
    pub replays: bool,
    /// Time for X to report that a replay job has ended. Defaults to 2 hours. After that, the
    /// replay is requested once more.
    pub status_limit: Duration,
    /// Time before its expiry at which an X Activity API subscription is reported or renewed.
    /// Defaults to 3 days. The webhook's subscriptions are listed once an hour.
    pub expiry_warning: Duration,
    /// New lifetime, from now, of a subscription that is about to expire. Defaults to `None`.
    ///
    /// `None` renews nothing. A renewal creates the subscription again with the same type, filter,
    /// webhook and tag.
    pub renew_for: Option<Duration>,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            api: ManagementApi::V2,
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
