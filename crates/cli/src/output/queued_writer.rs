//! Runs blocking writes on a thread of their own. `examples/support` includes this file too.

use std::io;
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// A bounded queue in front of a writer thread, so that slow output blocks no task.
///
/// The process does not wait for the thread at exit, because a blocked write may never return.
pub(crate) struct QueuedWriter<T>(mpsc::Sender<Job<T>>);

struct Job<T> {
    /// `None` is a flush: it writes nothing, and completes after all earlier items.
    item: Option<T>,
    /// Receives the result, if a caller waits for it.
    done: Option<oneshot::Sender<io::Result<()>>>,
}

impl<T: Send + 'static> QueuedWriter<T> {
    /// Starts the thread, which calls `write` with one item at a time. `capacity` items may wait.
    pub(crate) fn new(capacity: usize, mut write: impl FnMut(T) -> io::Result<()> + Send + 'static) -> Self {
        let (queue, mut jobs) = mpsc::channel::<Job<T>>(capacity.max(1));
        let work = move || {
            while let Some(Job { item, done }) = jobs.blocking_recv() {
                // A caller that stopped waiting has reported a failure, so its item must not be
                // written.
                if done.as_ref().is_some_and(oneshot::Sender::is_closed) {
                    continue;
                }
                let config = item.map_or(Ok(()), &mut write);
                if let Some(done) = done {
                    let _ = done.send(config);
                }
            }
        };
        // If the thread cannot start, the queue is closed and every write fails.
        drop(thread::Builder::new().name("output".to_owned()).spawn(work));
        Self(queue)
    }

    /// Resolves once the item is written. If dropped earlier, the item is not written, unless its
    /// write has begun.
    pub(crate) async fn write(&self, item: T) -> io::Result<()> {
        self.run(Some(item)).await
    }

    /// Queues the item if the queue has room. Returns whether it did.
    pub(crate) fn try_write(&self, item: T) -> bool {
        self.0.try_send(Job { item: Some(item), done: None }).is_ok()
    }

    /// Resolves once all items queued earlier are written.
    pub(crate) async fn flush(&self) {
        // Each failed write was reported to its own caller.
        let _ = self.run(None).await;
    }

    async fn run(&self, item: Option<T>) -> io::Result<()> {
        let ended = || io::Error::other("the writer thread has ended");
        let (done, config) = oneshot::channel();
        self.0.send(Job { item, done: Some(done) }).await.map_err(|_| ended())?;
        config.await.map_err(|_| ended())?
    }
}
