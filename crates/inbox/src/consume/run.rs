//! Runs an async function for each event.

use std::sync::Arc;

use birdhook_core::Event;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::inbox::Inbox;
use crate::lease::Lease;

/// The maximum number of tasks that wait for events.
const MAX_CONCURRENCY: usize = 10_000;

impl Inbox {
    /// Calls an async function for each event, up to `concurrency` at a time, each in its own task.
    ///
    /// `concurrency` is at least 1 and at most 10,000. If `handle` returns `Ok`, the event is
    /// acknowledged. If it fails, panics or does not finish within the lease, the event is retried
    /// as set by [`InboxSettings::backoff`](crate::InboxSettings::backoff). The error is not logged, because it
    /// may quote a message: log it in `handle`.
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
    pub async fn run<F, Fut, E>(&self, handle: F, concurrency: usize)
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        let handle = Arc::new(handle);
        let mut tasks = JoinSet::new();
        // All tasks wait for events at the same time, so that one commit can lease many.
        let one = || {
            let (handle, mut leases) = (Arc::clone(&handle), self.leases());
            async move {
                let lease = leases.recv().await?;
                settle(lease, &*handle).await;
                Some(())
            }
        };
        for _ in 0..concurrency.clamp(1, MAX_CONCURRENCY) {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // Also replaces a task whose handler panicked.
            if !matches!(ended, Ok(None)) {
                tasks.spawn(one());
            }
        }
    }
}

/// A panic in the handler drops the lease, which counts as failed.
async fn settle<Fut, E>(lease: Lease, handle: impl Fn(Event) -> Fut)
where
    Fut: Future<Output = Result<(), E>>,
{
    let handled = timeout_at(lease.expires_at(), handle(lease.event().clone())).await;
    // An error means that the inbox is closed: the event is leased again when it is next opened.
    let _ = match handled {
        Ok(Ok(())) => lease.ack().await,
        Ok(Err(_)) | Err(_) => lease.nack(None).await,
    };
}
