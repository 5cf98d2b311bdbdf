//! The sink that removes duplicates across receivers before it calls another sink.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};

use birdhook_pipeline::{Backlog, Delivery, Event, EventKey, EventSink, SinkError};
use tokio::time::{Sleep, sleep_until};

use super::claim::Claim;
use super::settings::{DedupeSettings, WhenDown};
use super::store::{Claimed, DedupeError, Store};

/// A sink that delivers to an inner sink only events that no receiver has delivered before.
///
/// Receivers share this state if they use the same Redis. Made by [`DedupeSettings::around`]. 200 has the
/// meaning that the inner sink gives it, in this receiver or in the one that accepted a copy.
///
/// Several receivers may serve one URL, and X sends copies of an event to any of them, sometimes at
/// the same time. A [`Webhook`](birdhook_pipeline::Webhook) remembers the events that it has
/// delivered itself; with this wrapper, all receivers share that memory in Redis. A
/// [`StreamSink`](crate::StreamSink) does not need it.
///
/// # How it works
/// Each event has one key in Redis: `{birdhook}:` and the event's
/// [`dedupe_key`](birdhook_pipeline::Event::dedupe_key).
///
/// 1. **Claim.** One script checks all events of a delivery. If one is in flight in another
///    request, nothing is claimed; the script is repeated for [a while](DedupeSettings::copies_wait), then
///    X is answered 503 ([`InFlight`](SinkError::InFlight)). Events that are done are removed from
///    the delivery. The others get the request's token, for [`in_flight`](DedupeSettings::in_flight) at
///    most. If none is left, X is answered 200.
/// 2. **Delivery** of the remaining events to the inner sink.
/// 3. **Done**, for the [`horizon`](DedupeSettings::horizon), if the sink returned `Ok`; otherwise
///    **release**, also if the request was dropped. Either is sent to Redis in the background, and
///    repeated until Redis confirms it or the claim has expired.
///
/// # When the answer is given
/// The delivery is answered in the same poll in which the inner sink returns `Ok`, without waiting
/// for Redis to record it. From then on the events are delivered for good. If the answer waited, a
/// deadline that expired meanwhile would turn it into a 503, and a crash would leave X without an
/// answer; in both cases X would repeat events that were delivered. Until Redis has recorded it,
/// the claim is still in place, so a copy waits.
///
/// # When an event is delivered twice
/// - Redis loses its state: it was restarted without its data, evicts keys (set `maxmemory-policy
///   noeviction`), or failed over to a replica that was behind. No event is lost, because Redis
///   holds only the deduplication state.
/// - Redis does not record that an event is done before its claim expires, because Redis is down,
///   which is counted ([`unmarked`](Self::unmarked)), or because the receiver crashed. The claim
///   expires, and a copy counts as new.
/// - [`WhenDown::Trust`], while Redis is down.
/// - A receiver's process is suspended for longer than the claim lasts, and then continues its
///   delivery. A delivery that merely takes long is dropped when its claim expires.
///
/// An event is never lost: only delivered events are marked as done.
///
/// # Cost
/// One round trip before the delivery, and one after it that no request waits for. Redis takes some
/// 12 microseconds for each event and does nothing else meanwhile: a claim of 10,000 events takes
/// 70 ms. Each event takes about 220 bytes of memory for the whole horizon: 100,000 events a day
/// are 110 MB after five days.
pub struct SharedDedupe<S> {
    inner: Arc<S>,
    store: Arc<Store>,
}

impl DedupeSettings {
    /// Wraps the sink that receives the events that no receiver has accepted before.
    pub fn around<S>(self, inner: S) -> SharedDedupe<S> {
        SharedDedupe { inner: Arc::new(inner), store: Arc::new(Store::new(self)) }
    }
}

impl<S> SharedDedupe<S> {
    /// Returns the inner sink.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Returns the settings.
    pub fn settings(&self) -> &DedupeSettings {
        &self.store.settings
    }

    /// Returns the number of delivered events that Redis did not record before their claim expired.
    ///
    /// A copy of such an event may be delivered again.
    pub fn unmarked(&self) -> u64 {
        self.store.unmarked.load(SeqCst)
    }

    /// Returns the number of deliveries made without Redis, under [`WhenDown::Trust`].
    pub fn trusted(&self) -> u64 {
        self.store.trusted.load(SeqCst)
    }
}

impl<S: EventSink> EventSink for SharedDedupe<S> {
    type Future = SharedDedupeFuture<S>;

    fn deliver(&self, delivery: Delivery) -> SharedDedupeFuture<S> {
        let keys = delivery.events().iter().map(Event::dedupe_key).collect();
        let claim = Claim::new(Arc::clone(&self.store), keys);
        let (store, keys, token) = (Arc::clone(&self.store), claim.keys.clone(), claim.token.clone());
        let answer = Box::pin(async move { store.claim(&keys, &token).await });
        SharedDedupeFuture(State::Claiming(Claiming { answer, claim, delivery, inner: Arc::clone(&self.inner) }))
    }

    /// Asks the inner sink only, because Redis cannot be asked synchronously.
    fn remembers(&self, key: &EventKey) -> bool {
        self.inner.remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        self.inner.timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.inner.backlog()
    }

    fn is_open(&self) -> bool {
        self.inner.is_open()
    }

    fn close(&self) {
        self.inner.close();
    }

    /// Waits for the inner sink, and for Redis to record the events that it accepted.
    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let (inner, store) = (self.inner.drained(), Arc::clone(&self.store));
        Box::pin(async move {
            inner.await;
            store.wait_until_settled().await;
        })
    }

    fn reports_consumption(&self) -> bool {
        self.inner.reports_consumption()
    }
}

impl<S: fmt::Debug> fmt::Debug for SharedDedupe<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDedupe")
            .field("inner", &self.inner)
            .field("settings", &self.store.settings)
            .finish_non_exhaustive()
    }
}

/// The future of a [`SharedDedupe`].
///
/// Panics if polled after completion, as the futures of std do.
pub struct SharedDedupeFuture<S: EventSink>(State<S>);

enum State<S: EventSink> {
    Claiming(Claiming<S>),
    Delivering(Delivering<S>),
    Completed,
}

// Field order is drop order: the claim is released after the future that could still deliver.

struct Claiming<S> {
    answer: Pin<Box<dyn Future<Output = Result<Claimed, DedupeError>> + Send>>,
    claim: Claim,
    delivery: Delivery,
    inner: Arc<S>,
}

struct Delivering<S: EventSink> {
    future: Pin<Box<S::Future>>,
    claim: Claim,
    expiry: Pin<Box<Sleep>>,
}

impl<S: EventSink> Claiming<S> {
    /// Starts the delivery of the claimed events. Returns `None` if all were delivered before.
    fn start_delivery(self, answer: Result<Claimed, DedupeError>) -> Result<Option<Delivering<S>>, SinkError> {
        let Self { mut claim, mut delivery, inner, .. } = self;
        match answer {
            Ok(Claimed::Ours(claimed)) => {
                claim.keep(&claimed);
                let mut claimed = claimed.into_iter();
                delivery.retain(|_| claimed.next().unwrap_or(false));
            }
            Ok(Claimed::InFlight { unsure }) => {
                if !unsure {
                    claim.discard();
                }
                return Err(SinkError::InFlight);
            }
            Err(error) => {
                let store = &claim.store;
                match store.settings.when_down {
                    WhenDown::Refuse => return Err(SinkError::failed(error)),
                    WhenDown::Trust => store.trusted.fetch_add(1, SeqCst),
                };
            }
        }
        if claim.keys.is_empty() {
            return Ok(None);
        }
        let future = Box::pin(inner.deliver(delivery));
        let expiry = Box::pin(sleep_until(claim.expires_at));
        Ok(Some(Delivering { future, claim, expiry }))
    }
}

impl<S: EventSink> Future for SharedDedupeFuture<S> {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match mem::replace(&mut self.0, State::Completed) {
                State::Claiming(mut claiming) => match claiming.answer.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.0 = State::Claiming(claiming);
                        return Poll::Pending;
                    }
                    Poll::Ready(answer) => match claiming.start_delivery(answer)? {
                        Some(delivering) => self.0 = State::Delivering(delivering),
                        None => return Poll::Ready(Ok(())),
                    },
                },
                State::Delivering(mut delivering) => match delivering.future.as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => {
                        delivering.claim.done();
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    // Another receiver may claim the events from now on.
                    Poll::Pending if delivering.expiry.as_mut().poll(cx).is_ready() => {
                        return Poll::Ready(Err(SinkError::TooSlow));
                    }
                    Poll::Pending => {
                        self.0 = State::Delivering(delivering);
                        return Poll::Pending;
                    }
                },
                #[expect(clippy::panic, reason = "a future that has completed must not be polled")]
                State::Completed => panic!("`SharedDedupeFuture` polled after completion"),
            }
        }
    }
}

impl<S: EventSink> fmt::Debug for SharedDedupeFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Claiming(_) => "SharedDedupeFuture(claiming)",
            State::Delivering(_) => "SharedDedupeFuture(delivering)",
            State::Completed => "SharedDedupeFuture(completed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use redis::{Client, ErrorKind, ScriptInvocation};

    use super::*;
    use crate::connection::Redis;
    use crate::dedupe::link::{Answer, Link};

    /// A connection on which every call fails.
    struct Broken;

    impl Link for Broken {
        fn run(&self, _: ScriptInvocation<'static>) -> Answer {
            Box::pin(async { Err((ErrorKind::Io, "no connection").into()) })
        }
    }

    #[tokio::test]
    #[should_panic = "polled after completion"]
    async fn polling_a_completed_delivery_panics() {
        let inner = Redis::unconnected(Client::open("redis://127.0.0.1:1").unwrap()).unwrap().sink("events");
        let sink = DedupeSettings::with(Arc::new(Broken)).around(inner);
        let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;
        let mut delivering = sink.deliver(Delivery::restore("shop", body, 1).unwrap());
        assert!(matches!((&mut delivering).await, Err(SinkError::Failed(_))));
        poll_fn(|cx| Pin::new(&mut delivering).poll(cx)).await.unwrap();
    }
}
