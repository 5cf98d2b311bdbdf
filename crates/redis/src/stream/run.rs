//! Runs a handler for each event of a group.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::EventHandler;
use birdhook_pipeline::consumer::{process, retry_after};
use tokio::task::JoinSet;

use super::group::Group;
use super::message::{ReadError, StreamMessage};
use super::state::after;

impl Group {
    /// Calls a handler for each event, up to `concurrency` at a time, each in its own task.
    ///
    /// If the handler returns `Ok`, the event is acknowledged. If it fails or does not finish
    /// within [`claim_after`](crate::GroupSettings::claim_after), the event is retried: after 1 s,
    /// then after twice as long each time, up to 5 minutes. If it panics, the event is retried
    /// after `claim_after`. An entry that is not an event is moved to the
    /// [dead letters](Self::dead_letters). While Redis does not answer, it waits.
    ///
    /// An event whose last attempt ended without a settlement, as by a crash of the process, is
    /// processed while no other event is.
    ///
    /// Never returns. Dropping the future aborts the tasks; their events come again.
    ///
    /// ```no_run
    /// # mod birdhook { pub use birdhook_core::Event; pub mod redis { pub use birdhook_redis::{GroupSettings, Redis}; } }
    /// use birdhook::{Event, redis::{GroupSettings, Redis}};
    ///
    /// async fn on_event(event: Event) -> Result<(), std::io::Error> {
    ///     println!("{}", event.kind());
    ///     Ok(())
    /// }
    ///
    /// # async fn consume() -> Result<(), Box<dyn std::error::Error>> {
    /// let redis = Redis::connect("redis://127.0.0.1:6379").await?;
    /// let mut group = redis.group(GroupSettings::new("birdhook", "mailer")).await?;
    /// group.run(on_event, 8).await;
    /// # Ok(()) }
    /// ```
    pub async fn run<H>(&mut self, handler: H, concurrency: usize)
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send,
    {
        self.run_until(handler, concurrency, pending()).await;
    }

    /// Same as [`run`](Self::run), until `stop` resolves. Then finishes the events that are being
    /// processed, [flushes](Self::flush) their acknowledgements and returns.
    pub async fn run_until<H>(&mut self, handler: H, concurrency: usize, stop: impl Future<Output = ()>)
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send,
    {
        let handler = Arc::new(handler);
        let mut stop = pin!(stop);
        let mut tasks = JoinSet::new();
        // An event that must be processed alone, and whether one is.
        let (mut alone, mut is_alone) = (None::<StreamMessage>, false);
        loop {
            if tasks.is_empty() {
                is_alone = alone.is_some();
                if let Some(message) = alone.take() {
                    tasks.spawn(settle_alone(message, Arc::clone(&handler), self.claim_after()));
                }
            }
            let may_receive = alone.is_none() && !is_alone && tasks.len() < concurrency.max(1);
            tokio::select! {
                () = &mut stop => break,
                Some(_) = tasks.join_next() => {}
                next = self.recv(), if may_receive => match next {
                    Ok(message) if message.is_alone() => alone = Some(message),
                    Ok(message) => {
                        let expires_at = after(self.claim_after());
                        tasks.spawn(settle(message, Arc::clone(&handler), expires_at));
                    }
                    // If this fails, the entry comes again.
                    Err(ReadError::UnrecognizedMessage(message)) => _ = message.reject().await,
                    // The next call waits briefly before it tries again.
                    Err(ReadError::Unavailable(_)) => {}
                },
            }
        }
        if let Some(message) = alone {
            message.give_back();
        }
        while tasks.join_next().await.is_some() {}
        // Acknowledgements that Redis does not confirm now are sent again.
        let _ = self.flush().await;
    }
}

/// Settles an event that may have waited for others.
async fn settle_alone<H: EventHandler>(message: StreamMessage, handler: Arc<H>, claim_after: Duration) {
    // An error means that another consumer has the event, or will get it.
    if message.extend().await.is_ok() {
        settle(message, handler, after(claim_after)).await;
    }
}

/// A panic in the handler drops the message, which comes again.
async fn settle<H: EventHandler>(message: StreamMessage, handler: Arc<H>, expires_at: tokio::time::Instant) {
    // An error means that Redis did not confirm: the event may come again.
    let _ = match process(&*handler, message.event(), expires_at).await {
        true => message.ack().await,
        false => {
            let pause = retry_after(message.attempts());
            message.nack(pause).await
        }
    };
}
