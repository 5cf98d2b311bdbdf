//! Records metrics and log events.

use std::time::Duration;

use crate::admin::stats::Stats;
use crate::id::EventId;

/// The maximum number of ids in a log event.
#[cfg(feature = "tracing")]
const MAX_LOGGED: usize = 20;

/// Sets the gauges to the current stats.
pub(crate) fn stats(stats: &Stats) {
    #[cfg(feature = "metrics")]
    {
        metrics::gauge!("birdhook_inbox_depth").set(stats.depth as f64);
        metrics::gauge!("birdhook_inbox_oldest_seconds").set(stats.oldest.unwrap_or_default().as_secs_f64());
        metrics::gauge!("birdhook_inbox_dead_letters").set(stats.dead as f64);
        metrics::gauge!("birdhook_inbox_remembered").set(stats.remembered as f64);
        metrics::gauge!("birdhook_inbox_disk_bytes").set(stats.disk as f64);
    }
    let _ = stats;
}

/// Records the size and duration of a commit that stored events.
pub(crate) fn committed(events: usize, took: Duration) {
    #[cfg(feature = "metrics")]
    {
        metrics::histogram!("birdhook_inbox_commit_events").record(events as f64);
        metrics::histogram!("birdhook_inbox_commit_seconds").record(took);
    }
    let _ = (events, took);
}

/// Counts an attempt to forward an event. `result` is `relayed`, `waiting` or `refused`.
pub(crate) fn relayed(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_inbox_relayed_total", "outcome" => result).increment(1);
    let _ = result;
}

/// Records that the store failed or that its files are gone.
pub(crate) fn failed(why: &str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("birdhook_inbox_failures_total").increment(1);
    #[cfg(feature = "tracing")]
    tracing::error!(why, "the inbox refuses deliveries");
    let _ = why;
}

/// Records that a person or a program changed events, with the number of changed events and the ids
/// of the first ones that it named.
pub(crate) fn changed(action: &'static str, ids: &[EventId], count: usize) {
    #[cfg(feature = "tracing")]
    {
        let ids: Vec<_> = ids.iter().take(MAX_LOGGED).map(ToString::to_string).collect();
        tracing::info!(action, count, ids = ids.join(" "), "events of the inbox were changed");
    }
    let _ = (action, ids, count);
}

/// Records that deliveries are accepted again.
pub(crate) fn recovered() {
    #[cfg(feature = "tracing")]
    tracing::info!("the inbox takes deliveries again");
}
