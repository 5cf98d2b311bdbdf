//! Runs a handler for each event.

use std::sync::Arc;

use birdhook_pipeline::EventHandler;
use birdhook_pipeline::consumer::process;
use tokio::task::JoinSet;

use crate::inbox::Inbox;
use crate::lease::Lease;

/// The maximum number of tasks that wait for events.
const MAX_CONCURRENCY: usize = 10_000;

impl Inbox {
    /// Calls a handler for each event, up to `concurrency` at a time, each call in one of as many
    /// tasks.
    ///
    /// `concurrency` is at least 1 and at most 10,000. If the handler returns `Ok`, the event is
    /// acknowledged, as by [`Lease::ack`]. If it fails, panics or does not finish within the lease,
    /// the event is retried as set by [`InboxSettings::backoff`](crate::InboxSettings::backoff). An
    /// error is reported as [`EventHandler::failed`] describes.
    ///
    /// Returns once the inbox is closed and all leased events are settled. Dropping the future
    /// aborts the tasks; their events are leased again.
    ///
    /// ```no_run
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inbox = birdhook_inbox::Inbox::open("/var/lib/app/inbox").await?;
    /// inbox
    ///     .run(
    ///         async |event: birdhook_inbox::Event| {
    ///             println!("{}", event.kind());
    ///             Ok::<_, std::io::Error>(())
    ///         },
    ///         8,
    ///     )
    ///     .await;
    /// # Ok(()) }
    /// ```
    pub async fn run<H>(&self, handler: H, concurrency: usize)
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send,
    {
        let handler = Arc::new(handler);
        let mut tasks = JoinSet::new();
        let one = || {
            let (handler, mut leases) = (Arc::clone(&handler), self.leases());
            async move {
                while let Some(lease) = leases.recv().await {
                    settle(lease, &*handler).await;
                }
            }
        };
        for _ in 0..concurrency.clamp(1, MAX_CONCURRENCY) {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // Replaces a task whose handler panicked.
            if ended.is_err_and(|error| error.is_panic()) {
                tasks.spawn(one());
            }
        }
    }
}

/// A panic in the handler drops the lease, which counts as failed.
async fn settle<H: EventHandler>(lease: Lease, handler: &H) {
    // An error means that the inbox is closed: the event is leased again when it is next opened.
    let _ = match process(handler, lease.event(), lease.expires_at()).await {
        true => lease.ack().await,
        false => lease.nack(None).await,
    };
}
