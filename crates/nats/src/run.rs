//! Runs a handler for each event of a consumer.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use birdhook_pipeline::EventHandler;
use birdhook_pipeline::consumer::{process, retry_after};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::events::{ConsumeError, Consumer};
use crate::message::JetStreamMessage;

impl Consumer {
    /// Calls a handler for each event, up to `concurrency` at a time, each in its own task.
    ///
    /// If the handler returns `Ok`, the event is acknowledged. If it fails or does not finish
    /// within [`ack_wait`](crate::ConsumerSettings::ack_wait), the event is retried: after 1 s, then
    /// after twice as long each time, up to 5 minutes. If it panics, the event is retried after
    /// `ack_wait`. A message that is not an event gets [`term`](crate::UnrecognizedMessage::term),
    /// and stays in the stream.
    ///
    /// An event whose last attempt ended without a settlement, as by a crash of the process, is
    /// processed while no other event is.
    ///
    /// Returns [`Removed`](ConsumeError::Removed) once the consumer is removed from the server and
    /// all its tasks have ended. Dropping the future aborts the tasks; their events come again.
    ///
    /// ```no_run
    /// # mod birdhook { pub use birdhook_core::Event; pub mod nats { pub use birdhook_nats::{ConsumerSettings, JetStream}; } }
    /// use birdhook::{Event, nats::{ConsumerSettings, JetStream}};
    ///
    /// async fn on_event(event: Event) -> Result<(), std::io::Error> {
    ///     println!("{}", event.kind());
    ///     Ok(())
    /// }
    ///
    /// # async fn consume() -> Result<(), Box<dyn std::error::Error>> {
    /// let jetstream = JetStream::connect("nats://127.0.0.1:4222").await?;
    /// let mut consumer = jetstream.consumer(&ConsumerSettings::new("mailer")).await?;
    /// consumer.run(on_event, 8).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Fails if the consumer or its stream is removed from the server.
    pub async fn run<H>(&mut self, handler: H, concurrency: usize) -> Result<(), ConsumeError>
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send,
    {
        self.run_until(handler, concurrency, pending()).await
    }

    /// Same as [`run`](Self::run), until `stop` resolves. Then finishes the events that are being
    /// processed, [flushes](Self::flush) their acknowledgements and returns `Ok`.
    ///
    /// # Errors
    /// Fails if the consumer or its stream is removed from the server.
    pub async fn run_until<H>(
        &mut self,
        handler: H,
        concurrency: usize,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ConsumeError>
    where
        H: EventHandler + Send + Sync + 'static,
        H::Future: Send,
    {
        let (handler, ack_wait) = (Arc::new(handler), self.ack_wait());
        let mut stop = pin!(stop);
        let mut tasks = JoinSet::new();
        // An event that must be processed alone, and whether one is.
        let (mut alone, mut is_alone) = (None::<JetStreamMessage>, false);
        let ended = loop {
            if tasks.is_empty() {
                is_alone = alone.is_some();
                if let Some(message) = alone.take() {
                    tasks.spawn(settle_alone(message, Arc::clone(&handler), ack_wait));
                }
            }
            let may_receive = alone.is_none() && !is_alone && tasks.len() < concurrency.max(1);
            tokio::select! {
                () = &mut stop => break Ok(()),
                Some(_) = tasks.join_next() => {}
                next = self.recv(), if may_receive => match next {
                    Some(Ok(message)) if message.is_alone() => alone = Some(message),
                    Some(Ok(message)) => {
                        tasks.spawn(settle(message, Arc::clone(&handler), ack_wait));
                    }
                    // If this fails, the message comes again.
                    Some(Err(ConsumeError::UnrecognizedMessage(message))) => _ = message.term().await,
                    Some(Err(error)) => break Err(error),
                    None => break Err(ConsumeError::Removed),
                },
            }
        };
        if let Some(message) = alone {
            message.give_back().await;
        }
        while tasks.join_next().await.is_some() {}
        // Acknowledgements that the server does not confirm now are sent again.
        let _ = self.flush().await;
        ended
    }
}

/// Settles an event that may have waited for others.
async fn settle_alone<H: EventHandler>(message: JetStreamMessage, handler: Arc<H>, ack_wait: Duration) {
    // Otherwise the event is delivered again.
    if !message.is_expired(ack_wait) && message.extend().await.is_ok() {
        settle(message, handler, ack_wait).await;
    }
}

/// A panic in the handler drops the message, which comes again.
async fn settle<H: EventHandler>(message: JetStreamMessage, handler: Arc<H>, ack_wait: Duration) {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
    // Timers do not reach further.
    let expires_at = Instant::now() + ack_wait.min(LONGEST);
    // An error means that the server did not confirm: the event may come again.
    let _ = match process(&*handler, message.event(), expires_at).await {
        true => message.ack().await,
        false => {
            let pause = retry_after(message.attempts().into());
            message.nack(pause).await
        }
    };
}
