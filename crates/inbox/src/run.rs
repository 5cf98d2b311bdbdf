//! Giving each event to an async function.

use std::sync::Arc;

use birdhook_core::Event;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::{Inbox, Lease};

impl Inbox {
    /// Gives each event to an async function, up to `concurrency` at a time, each in a task of its own: what it returns `Ok`
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
        let mut leases = self.leases();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() >= concurrency.max(1) {
                tasks.join_next().await;
            }
            // Tasks that have ended are let go of while there is nothing to do.
            let lease = tokio::select! {
                lease = leases.recv() => lease,
                Some(_) = tasks.join_next() => continue,
            };
            let Some(lease) = lease else { break };
            let handle = Arc::clone(&handle);
            tasks.spawn(async move { settle(lease, &*handle).await });
        }
        while tasks.join_next().await.is_some() {}
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
