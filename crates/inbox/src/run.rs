//! Giving each event to an async function.

use std::sync::Arc;

use birdhook_core::Event;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::{Inbox, Lease};

/// Of tasks that wait for events.
const MOST: usize = 10_000;

impl Inbox {
    /// Gives each event to an async function, up to `concurrency` (and 10,000) at a time, each in a task of its own: what it returns `Ok`
    /// for is acknowledged; what it fails for, panics for, or does not finish within the lease, is tried again as
    /// [`Options::backoff`](crate::Options::backoff) says. Its error is printed nowhere, for it may quote a message: log it
    /// yourself.
    ///
    /// Returns once the inbox is closed and what was handed out is done. Dropping the future ends the tasks; their events
    /// come again.
    ///
    /// ```no_run
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inbox = birdhook_inbox::Inbox::open("/var/lib/app/inbox")?;
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
        // All of them wait for events at once, so that one commit hands out many.
        let one = || {
            let (handle, mut leases) = (Arc::clone(&handle), self.leases());
            async move {
                let lease = leases.recv().await?;
                settle(lease, &*handle).await;
                Some(())
            }
        };
        for _ in 0..concurrency.clamp(1, MOST) {
            tasks.spawn(one());
        }
        while let Some(ended) = tasks.join_next().await {
            // One whose handler panicked too.
            if !matches!(ended, Ok(None)) {
                tasks.spawn(one());
            }
        }
    }
}

/// A handler that panics drops the lease, which counts as failed.
async fn settle<Fut, E>(lease: Lease, handle: impl Fn(Event) -> Fut)
where
    Fut: Future<Output = Result<(), E>>,
{
    let handled = timeout_at(lease.ends(), handle(lease.event().clone())).await;
    // A closed inbox hands it out when it is opened again.
    let _ = match handled {
        Ok(Ok(())) => lease.ack().await,
        Ok(Err(_)) | Err(_) => lease.nack(None).await,
    };
}
