//! Acknowledgements that a task sends to an engine in groups.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

/// The longest time for which an acknowledgement waits for others.
const DELAY: Duration = Duration::from_millis(5);
/// The number of acknowledgements that do not wait for others.
const FULL_GROUP: usize = 64;
/// The largest number of acknowledgements that are sent together.
const MAX_GROUP: usize = 256;
/// The largest number of unconfirmed acknowledgements.
const LIMIT: u64 = 1024;

/// The shortest time for which a failed group is repeated.
const MIN_PATIENCE: Duration = Duration::from_secs(30);

/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// Sends acknowledgements to an engine.
pub trait AckSender: Send + Sync + 'static {
    type Ack: Send + 'static;
    type Error: Clone + Send + Sync + 'static;

    /// Sends a group, waits for the engine's confirmation, and removes the confirmed
    /// acknowledgements. The others are sent again.
    fn send(&self, group: &mut Vec<Self::Ack>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Queued acknowledgements of one consumer.
///
/// A task sends them in their order: after 5 ms, at once if the consumer waits for events or if
/// there are many, and on request. It repeats a failed group while its events are leased, and at
/// least for 30 s: late acknowledgements count too. When the queue is dropped, the task sends the
/// rest and ends.
pub struct AckQueue<S: AckSender> {
    shared: Arc<Shared<S>>,
}

struct Shared<S: AckSender> {
    state: Mutex<State<S>>,
    /// Wakes the task.
    wake: Notify,
    progress: watch::Sender<Progress<S::Error>>,
}

struct State<S: AckSender> {
    queue: Vec<S::Ack>,
    /// The time of the first acknowledgement in the queue.
    queued_at: Instant,
    /// The number of acknowledgements so far.
    pushed: u64,
    /// The consumer waits for events, so more acknowledgements may never come.
    is_idle: bool,
    /// The queued acknowledgements are sent without a delay.
    is_urgent: bool,
    is_closed: bool,
    /// The error of acknowledgements that were given up since the last flush.
    given_up: Option<S::Error>,
}

struct Progress<E> {
    /// The number of acknowledgements that were confirmed or given up.
    settled: u64,
    /// The number of failed attempts so far.
    failures: u64,
    /// The error of the last attempt, if it failed.
    error: Option<E>,
}

impl<S: AckSender> AckQueue<S> {
    /// Starts the task.
    pub fn new(sender: S, lease: Duration) -> Self {
        let state = State {
            queue: Vec::new(),
            queued_at: Instant::now(),
            pushed: 0,
            is_idle: false,
            is_urgent: false,
            is_closed: false,
            given_up: None,
        };
        let (progress, _) = watch::channel(Progress { settled: 0, failures: 0, error: None });
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Notify::new(), progress });
        tokio::spawn(Arc::clone(&shared).run(sender, lease.max(MIN_PATIENCE)));
        Self { shared }
    }

    /// Queues an acknowledgement. Waits while too many are unconfirmed.
    ///
    /// # Errors
    /// Fails if too many are unconfirmed and the last attempt to send some failed.
    pub async fn push(&self, ack: S::Ack) -> Result<(), S::Error> {
        let mut progress = None;
        loop {
            {
                let mut state = self.shared.lock();
                if state.pushed - self.shared.progress.borrow().settled < LIMIT {
                    if state.queue.is_empty() {
                        state.queued_at = Instant::now();
                    }
                    state.queue.push(ack);
                    state.pushed += 1;
                    if state.is_idle || [1, FULL_GROUP].contains(&state.queue.len()) {
                        self.shared.wake.notify_one();
                    }
                    return Ok(());
                }
            }
            let progress = progress.get_or_insert_with(|| self.shared.progress.subscribe());
            if let Some(error) = &progress.borrow_and_update().error {
                return Err(error.clone());
            }
            // Fails only without a sender, which `self` holds.
            let _ = progress.changed().await;
        }
    }

    /// Sets whether the consumer waits for events. Meanwhile, acknowledgements are sent without a
    /// delay.
    pub fn set_idle(&self, is_idle: bool) {
        let mut state = self.shared.lock();
        state.is_idle = is_idle;
        if is_idle && !state.queue.is_empty() {
            self.shared.wake.notify_one();
        }
    }

    /// Sends the queued acknowledgements and waits until the engine has confirmed them.
    ///
    /// # Errors
    /// Fails if an attempt fails, which is repeated later, or if acknowledgements were given up
    /// since the last call.
    pub async fn flush(&self) -> Result<(), S::Error> {
        let mut progress = self.shared.progress.subscribe();
        let failures = progress.borrow().failures;
        let target = {
            let mut state = self.shared.lock();
            state.is_urgent = true;
            state.pushed
        };
        self.shared.wake.notify_one();
        loop {
            {
                let progress = progress.borrow_and_update();
                match &progress.error {
                    _ if progress.settled >= target => break,
                    Some(error) if progress.failures != failures => return Err(error.clone()),
                    _ => {}
                }
            }
            // Fails only without a sender, which `self` holds.
            let _ = progress.changed().await;
        }
        self.shared.lock().given_up.take().map_or(Ok(()), Err)
    }
}

impl<S: AckSender> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>, sender: S, patience: Duration) {
        while let Some(mut group) = self.next_group().await {
            let (count, started, mut pause) = (group.len(), Instant::now(), FIRST_PAUSE);
            let result = loop {
                match sender.send(&mut group).await {
                    Err(error) if started.elapsed() < patience => {
                        self.progress.send_modify(|progress| progress.fail(error));
                        sleep(pause).await;
                        pause = (pause * 2).min(MAX_PAUSE);
                    }
                    result => break result,
                }
            };
            if let Err(error) = &result {
                self.lock().given_up = Some(error.clone());
            }
            self.progress.send_modify(|progress| {
                progress.settled += count as u64;
                match result {
                    Ok(()) => progress.error = None,
                    Err(error) => progress.fail(error),
                }
            });
        }
    }

    /// Waits for acknowledgements, and for others to send with them. Returns `None` when the queue
    /// was dropped and is empty.
    async fn next_group(&self) -> Option<Vec<S::Ack>> {
        loop {
            let send_at = {
                let mut state = self.lock();
                let is_due = state.is_urgent || state.is_idle || state.is_closed || state.queue.len() >= FULL_GROUP;
                if state.queue.is_empty() {
                    state.is_urgent = false;
                    if state.is_closed {
                        return None;
                    }
                    None
                } else if is_due || state.queued_at.elapsed() >= DELAY {
                    let count = state.queue.len().min(MAX_GROUP);
                    return Some(state.queue.drain(..count).collect());
                } else {
                    Some(state.queued_at + DELAY)
                }
            };
            match send_at {
                Some(at) => _ = timeout_at(at, self.wake.notified()).await,
                None => self.wake.notified().await,
            }
        }
    }
}

impl<E> Progress<E> {
    fn fail(&mut self, error: E) {
        self.failures += 1;
        self.error = Some(error);
    }
}

impl<S: AckSender> fmt::Debug for AckQueue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckQueue").field("queued", &self.shared.lock().queue.len()).finish_non_exhaustive()
    }
}

impl<S: AckSender> Drop for AckQueue<S> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// Records the groups. Fails while `broken` is true.
    #[derive(Default)]
    struct Engine {
        groups: Mutex<Vec<Vec<u32>>>,
        broken: Mutex<bool>,
    }

    impl Engine {
        fn sent(&self) -> Vec<u32> {
            self.groups.lock().unwrap().concat()
        }

        fn groups(&self) -> usize {
            self.groups.lock().unwrap().len()
        }
    }

    impl AckSender for Arc<Engine> {
        type Ack = u32;
        type Error = &'static str;

        async fn send(&self, group: &mut Vec<u32>) -> Result<(), &'static str> {
            if *self.broken.lock().unwrap() {
                return Err("broken");
            }
            self.groups.lock().unwrap().push(std::mem::take(group));
            Ok(())
        }
    }

    fn queue() -> (Arc<Engine>, AckQueue<Arc<Engine>>) {
        let engine = Arc::<Engine>::default();
        (Arc::clone(&engine), AckQueue::new(engine, Duration::from_secs(1)))
    }

    async fn push(queue: &AckQueue<Arc<Engine>>, acks: impl IntoIterator<Item = u32>) {
        for ack in acks {
            queue.push(ack).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn acks_are_sent_together_within_5_ms() {
        let (engine, queue) = queue();
        push(&queue, 0..3).await;
        sleep(Duration::from_millis(4)).await;
        assert_eq!(engine.groups(), 0);
        push(&queue, 3..5).await;
        sleep(Duration::from_millis(2)).await;
        assert_eq!((engine.groups(), engine.sent()), (1, (0..5).collect()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_group_does_not_wait() {
        let (engine, queue) = queue();
        push(&queue, 0..64).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!((engine.groups(), engine.sent().len()), (1, 64));
    }

    #[tokio::test(start_paused = true)]
    async fn an_ack_does_not_wait_while_the_consumer_does() {
        let (engine, queue) = queue();
        push(&queue, [1]).await;
        queue.set_idle(true);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(engine.sent(), [1]);
        push(&queue, [2]).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(engine.sent(), [1, 2]);
        queue.set_idle(false);
        push(&queue, [3]).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(engine.sent(), [1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn flush_waits_for_the_confirmation() {
        let (engine, queue) = queue();
        let started = Instant::now();
        push(&queue, 0..500).await;
        queue.flush().await.unwrap();
        assert_eq!((engine.sent(), started.elapsed()), ((0..500).collect(), Duration::ZERO));
        queue.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_group_is_sent_again_in_order() {
        let (engine, queue) = queue();
        *engine.broken.lock().unwrap() = true;
        push(&queue, 0..3).await;
        assert_eq!(queue.flush().await, Err("broken"));
        push(&queue, 3..5).await;
        *engine.broken.lock().unwrap() = false;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(engine.sent(), [0, 1, 2, 3, 4]);
        queue.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn acks_are_given_up_when_their_events_come_again() {
        let (engine, queue) = queue();
        *engine.broken.lock().unwrap() = true;
        push(&queue, 0..3).await;
        sleep(Duration::from_secs(31)).await;
        *engine.broken.lock().unwrap() = false;
        push(&queue, [3]).await;
        assert_eq!(queue.flush().await, Err("broken"), "acks were lost since the last flush");
        assert_eq!(engine.sent(), [3]);
        queue.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_unconfirmed_acks_wait_or_fail() {
        let (engine, queue) = queue();
        *engine.broken.lock().unwrap() = true;
        push(&queue, 0..1024).await;
        assert!(timeout(Duration::from_millis(1), queue.push(0)).await.is_ok_and(|pushed| pushed == Err("broken")));
        *engine.broken.lock().unwrap() = false;
        sleep(Duration::from_secs(1)).await;
        push(&queue, [1024]).await;
        queue.flush().await.unwrap();
        assert_eq!(engine.sent(), (0..1025).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_queue_sends_the_rest() {
        let (engine, queue) = queue();
        push(&queue, 0..300).await;
        drop(queue);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(engine.sent(), (0..300).collect::<Vec<_>>());
        assert_eq!(Arc::strong_count(&engine), 1, "the task has ended");
    }
}
