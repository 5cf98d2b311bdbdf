//! The sink around a sink.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};

use birdhook_pipeline::{Backlog, Delivery, EventKey, EventSink, Keys, SinkError};
use tokio::time::{Sleep, sleep_until};

use super::claim::Claim;
use super::store::{Claimed, DedupeError, Store};
use super::{Dedupe, WhenDown};

/// A sink that hands to the one inside only what no receiver with the same Redis has handed over before. Made by
/// [`Dedupe::around`]. 200 means what it means of the inner sink: this receiver's, or another's that took a copy.
///
/// Several receivers may stand behind one URL, and X sends copies of an event to any of them, sometimes at the same time. A
/// [`Webhook`](birdhook_pipeline::Webhook) remembers what it has handed over itself; with this around its sink all of them remember
/// it, in Redis. A [`StreamSink`](crate::StreamSink) does not need it.
///
/// # How
/// Each event has one key in Redis: `{birdhook}:` and the event's own [key](birdhook_pipeline::EventKey), as it is in a message's
/// `key`.
///
/// 1. **Claim.** One script looks at all events of a delivery. If one is in flight in another request, nothing is claimed; it is
///    asked again for [a while](Dedupe::copies_wait), and then X is answered 503 ([`InFlight`](SinkError::InFlight)). Those that
///    are done are taken out of the delivery. The others get the request's token, for [`in_flight`](Dedupe::in_flight) at most.
///    When none is left, X is answered 200.
/// 2. **Hand-over** to the inner sink, of what is left.
/// 3. **Done**, for the [`horizon`](Dedupe::horizon), if the sink said `Ok`; else **release**, also when the request was dropped.
///    Both are told in the background, again and again until Redis has heard or the claim is over anyway.
///
/// # When the answer is given
/// In the very poll in which the inner sink says `Ok`; nobody waits for Redis to hear that it is done. From then on the events are
/// taken, and nothing changes that: were the answer to wait, a deadline that passes meanwhile would make a 503 of it, and a receiver
/// that ends meanwhile would leave X without an answer, to send again what was taken. Until Redis has heard, the claim stands in
/// for it, and a copy waits.
///
/// # When an event is handed over twice
/// - Redis loses what it knew: it was restarted without its data, evicts keys (set `maxmemory-policy noeviction`), or a replica took
///   over that had not heard everything. Nothing else is lost then: Redis is only a memory here.
/// - Redis does not hear that it is done for as long as the claim lasts: it is down meanwhile, which is counted
///   ([`unmarked`](Self::unmarked)), or the receiver ended before. The claim runs out, and a copy is new again.
/// - [`WhenDown::Trust`], while Redis is down.
/// - A receiver's process stands still for longer than the claim lasts, and goes on with the hand-over. One that only takes long is
///   cut off when its claim is over.
///
/// An event is never lost: what was not handed over is not marked.
///
/// # Cost
/// One round trip before the hand-over and one after it, which nobody waits for. Redis works some 12 microseconds for each event, and
/// does nothing else meanwhile: claiming a delivery of 10,000 events takes it 70 ms. Each event takes about 220 bytes of its memory
/// for the whole horizon: 100,000 events a day are 110 MB after five days.
pub struct SharedDedupe<S> {
    inner: Arc<S>,
    store: Arc<Store>,
}

impl<S> SharedDedupe<S> {
    pub(super) fn new(inner: S, store: Store) -> Self {
        Self { inner: Arc::new(inner), store: Arc::new(store) }
    }

    /// The sink inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The settings.
    pub fn settings(&self) -> &Dedupe {
        &self.store.settings
    }

    /// Events that the inner sink has taken and Redis could not be told of as long as their claim lasted. A copy of one may be
    /// handed over again.
    pub fn unmarked(&self) -> u64 {
        self.store.unmarked.load(SeqCst)
    }

    /// Deliveries that were handed over without having asked Redis, as [`WhenDown::Trust`] says.
    pub fn trusted(&self) -> u64 {
        self.store.trusted.load(SeqCst)
    }
}

impl<S: EventSink> EventSink for SharedDedupe<S> {
    type Future = HandOver<S>;

    fn deliver(&self, delivery: Delivery) -> HandOver<S> {
        let keying = self.store.settings.keying;
        let keys: Vec<EventKey> = delivery.events().iter().map(|event| keying.key(event)).collect();
        self.deliver_keyed(delivery, Keys::from(keys.as_slice()))
    }

    fn deliver_keyed(&self, delivery: Delivery, keys: Keys<'_>) -> HandOver<S> {
        // Events without a key would be taken for done, and answered 200.
        if keys.len() != delivery.events().len() {
            return self.deliver(delivery);
        }
        let claim = Claim::new(Arc::clone(&self.store), keys.collect());
        let (store, keys, token) = (Arc::clone(&self.store), claim.keys().to_vec(), claim.token().to_owned());
        let answer = Box::pin(async move { store.claim(&keys, &token).await });
        HandOver(State::Claiming(Claiming { answer, claim, delivery, inner: Arc::clone(&self.inner) }))
    }

    /// By the inner sink: what Redis remembers must be asked for.
    fn remembers(&self, key: &EventKey) -> bool {
        self.inner.remembers(key)
    }

    fn when_late(&self) -> SinkError {
        self.inner.when_late()
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

    /// When the inner sink is, and Redis has heard of what it took.
    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let (inner, store) = (self.inner.drained(), Arc::clone(&self.store));
        Box::pin(async move {
            inner.await;
            store.all_heard().await;
        })
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
pub struct HandOver<S: EventSink>(State<S>);

enum State<S: EventSink> {
    Claiming(Claiming<S>),
    Handing(Handing<S>),
    Over,
}

// In both, what is dropped first comes first: the claim is given up when nobody can take the events any more.

struct Claiming<S> {
    answer: Pin<Box<dyn Future<Output = Result<Claimed, DedupeError>> + Send>>,
    claim: Claim,
    delivery: Delivery,
    inner: Arc<S>,
}

struct Handing<S: EventSink> {
    handed: Pin<Box<S::Future>>,
    claim: Claim,
    ends: Pin<Box<Sleep>>,
}

impl<S: EventSink> Claiming<S> {
    /// Hands over what is ours; `None` when every event was handed over before.
    fn answered(self, answer: Result<Claimed, DedupeError>) -> Result<Option<Handing<S>>, SinkError> {
        let Self { mut claim, mut delivery, inner, .. } = self;
        match answer {
            Ok(Claimed::Ours(ours)) => {
                claim.keep(&ours);
                let mut ours = ours.into_iter();
                delivery.retain(|_| ours.next().unwrap_or(false));
            }
            Ok(Claimed::InFlight { unsure }) => {
                if !unsure {
                    claim.nothing();
                }
                return Err(SinkError::InFlight);
            }
            Err(error) => {
                let store = claim.store();
                match store.settings.when_down {
                    WhenDown::Refuse => return Err(SinkError::failed(error)),
                    WhenDown::Trust => store.trusted.fetch_add(1, SeqCst),
                };
            }
        }
        if claim.keys().is_empty() {
            return Ok(None);
        }
        let handed = Box::pin(inner.deliver_keyed(delivery, Keys::from(claim.keys())));
        let ends = Box::pin(sleep_until(claim.ends()));
        Ok(Some(Handing { handed, claim, ends }))
    }
}

impl<S: EventSink> Future for HandOver<S> {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match mem::replace(&mut self.0, State::Over) {
                State::Claiming(mut claiming) => match claiming.answer.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.0 = State::Claiming(claiming);
                        return Poll::Pending;
                    }
                    Poll::Ready(answer) => match claiming.answered(answer)? {
                        Some(handing) => self.0 = State::Handing(handing),
                        None => return Poll::Ready(Ok(())),
                    },
                },
                State::Handing(mut handing) => match handing.handed.as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => {
                        handing.claim.done();
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    // Somebody else may claim the events from now on.
                    Poll::Pending if handing.ends.as_mut().poll(cx).is_ready() => {
                        return Poll::Ready(Err(SinkError::TooSlow));
                    }
                    Poll::Pending => {
                        self.0 = State::Handing(handing);
                        return Poll::Pending;
                    }
                },
                State::Over => return Poll::Pending,
            }
        }
    }
}

impl<S: EventSink> fmt::Debug for HandOver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Claiming(_) => "HandOver(claiming)",
            State::Handing(_) => "HandOver(handing over)",
            State::Over => "HandOver(over)",
        })
    }
}
