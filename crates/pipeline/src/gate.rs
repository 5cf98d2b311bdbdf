//! Request acceptance: verification, deduplication and deadlines, without delivery.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use birdhook_core::{Apps, BodyReader, Delivery, Endpoint, EventKey, HeadResult, Outcome, Reply, RequestHead};
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::bodies::{Bodies, Share};
use crate::dedupe::{Claim, Claimed, Dedupe, Keys};
use crate::health::{Counts, Health};
use crate::observe::{self, Trace};
use crate::panics::{Caught, caught};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use crate::sync::{Notify, timeout_at, yield_now};

/// Answers challenges, and verifies and deduplicates deliveries within a deadline. Cheap to clone.
///
/// For code that delivers events itself: a middleware whose inner service handles them, or an
/// adapter of your own. Made by [`Webhook::gate`](crate::Webhook::gate). A gate with a sink is a
/// [`Pipeline`](crate::Pipeline).
#[derive(Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: ArcSwap<Endpoint>,
    dedupe: Arc<Dedupe>,
    bodies: Bodies,
    /// Allows one large body to be parsed at a time.
    turns: Semaphore,
    budget: Duration,
    counts: Counts,
    stopping: AtomicBool,
    in_flight: AtomicUsize,
    idle: Notify,
}

impl Gate {
    pub(crate) fn new(endpoint: Endpoint, dedupe: Dedupe, bodies: Bodies, budget: Duration) -> Self {
        let shared = Shared {
            endpoint: ArcSwap::from_pointee(endpoint),
            dedupe: Arc::new(dedupe),
            bodies,
            turns: Semaphore::new(1),
            budget,
            counts: Counts::new(),
            stopping: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Processes a request's head.
    ///
    /// Challenges are answered here, without I/O, locks or queues, even during a shutdown.
    pub fn begin(&self, head: &RequestHead<'_>) -> HeadResult<IncomingDelivery> {
        let started = Instant::now();
        let refused = |reply: Reply| {
            self.shared.counts.answered(reply.outcome());
            if reply.is_signed_by_x() {
                self.shared.counts.signed_by_x();
                observe::signed_by_x();
            }
            Trace::start(head.method()).answered(reply.outcome(), started);
            HeadResult::Reply(reply)
        };
        match self.shared.endpoint.load().begin(head) {
            HeadResult::Reply(reply) => refused(reply),
            HeadResult::Body(reader) => {
                // Counted before `stopping` is read, so that a shutdown waits for every delivery
                // that passed.
                let request = Request::begin(self, started);
                if self.shared.stopping.load(SeqCst) {
                    return HeadResult::Reply(request.answer(Outcome::ShuttingDown.into()));
                }
                HeadResult::Body(IncomingDelivery { reader: Box::new(reader), request })
            }
        }
    }

    /// Replaces the apps and their secrets for all requests that begin from now on.
    pub fn replace_apps(&self, apps: impl Into<Apps>) {
        let apps = apps.into();
        self.shared.endpoint.rcu(|endpoint| endpoint.with_apps(apps.clone()));
    }

    /// Returns a snapshot of the counts and the state, without the sink's part.
    pub fn health(&self) -> Health {
        let mut health = self.shared.counts.health();
        health.ready = !self.shared.stopping.load(SeqCst) && !self.shared.endpoint.load().apps().is_empty();
        health.in_flight = self.shared.in_flight.load(SeqCst);
        health.body_bytes = self.shared.bodies.taken();
        health.remembered = self.shared.dedupe.remembered();
        health
    }

    /// Shuts down within `patience` and returns the number of deliveries still in flight.
    ///
    /// New deliveries are refused with 503; challenges are still answered. Call it before the
    /// server stops, so that X receives the 503s.
    pub async fn shutdown(&self, patience: Duration) -> usize {
        self.stop();
        match timeout_at(after(Instant::now(), patience), self.idle()).await {
            // Requests counted from now on are refused.
            Ok(()) => 0,
            Err(_) => self.shared.in_flight.load(SeqCst),
        }
    }

    /// Refuses new deliveries with 503 from now on. Challenges are still answered.
    pub fn stop(&self) {
        self.shared.stopping.store(true, SeqCst);
    }

    /// Resolves when no delivery is in flight.
    pub async fn idle(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.shared.in_flight.load(SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("endpoint", &self.shared.endpoint.load()).finish_non_exhaustive()
    }
}

/// A delivery whose body has not been read yet.
#[derive(Debug)]
pub struct IncomingDelivery {
    /// Boxed to keep the futures that move it small.
    reader: Box<BodyReader>,
    request: Request,
}

impl IncomingDelivery {
    /// Reads and verifies the body, and claims its events.
    ///
    /// Waits for events that other requests have claimed. All of this is subject to the deadline.
    ///
    /// # Errors
    /// Returns the answer to send.
    pub async fn verify<E>(self, body: impl Stream<Item = Result<Bytes, E>>) -> Result<VerifiedDelivery, Reply> {
        self.verify_unless(body, |_| false).await
    }

    /// Like [`verify`](Self::verify). `remembers` is asked about events that the gate does not know.
    pub(crate) async fn verify_unless<E>(
        self,
        body: impl Stream<Item = Result<Bytes, E>>,
        remembers: impl Fn(&EventKey) -> bool,
    ) -> Result<VerifiedDelivery, Reply> {
        let Self { reader, request } = self;
        match verify(reader, body, remembers, &request).await {
            Ok((delivery, claim)) => Ok(VerifiedDelivery { delivery, claim, request }),
            Err(reply) => Err(request.answer(reply)),
        }
    }
}

async fn verify<E>(
    reader: Box<BodyReader>,
    body: impl Stream<Item = Result<Bytes, E>>,
    remembers: impl Fn(&EventKey) -> bool,
    request: &Request,
) -> Result<(Delivery, Claim), Reply> {
    let read = timeout_at(request.deadline, read(reader, body, request)).await;
    let (mut delivery, mut turn) = read.map_err(|_| Outcome::BodyTooSlow)??;
    request.verified(&delivery);
    if delivery.events().is_empty() {
        return Err(Outcome::Dropped.into());
    }
    let dedupe = Arc::clone(&request.gate.shared.dedupe);
    let sent = delivery.events().len();
    loop {
        let claimed = caught(|| dedupe.claim(&mut delivery, request.started, &remembers));
        drop(turn.take());
        match claimed? {
            Claimed::InFlight(landed) => {
                timeout_at(request.deadline, landed).await.map_err(|_| Outcome::InFlight)?;
            }
            Claimed::AllDone => {
                request.left_out(sent);
                return Err(Outcome::Duplicate.into());
            }
            Claimed::Ours(claim) => {
                request.left_out(sent - delivery.events().len());
                return Ok((delivery, claim));
            }
        }
    }
}

async fn read<E>(
    mut reader: Box<BodyReader>,
    body: impl Stream<Item = Result<Bytes, E>>,
    request: &Request,
) -> Result<(Delivery, Option<SemaphorePermit<'_>>), Reply> {
    let (mut body, bodies) = (pin!(body), &request.gate.shared.bodies);
    let mut next = |cx: &mut Context<'_>| match body.as_mut().poll_next(cx) {
        Poll::Ready(chunk) => Poll::Ready(chunk.map(|chunk| chunk.map_err(|_| Outcome::BodyCutOff))),
        Poll::Pending => match request.body.wait(bodies, request.started, Instant::now, cx.waker()) {
            Ok(()) => Poll::Pending,
            Err(reason) => Poll::Ready(Some(Err(reason))),
        },
    };
    while let Some(chunk) = poll_fn(&mut next).await {
        let chunk = chunk?;
        let empty = chunk.is_empty();
        request.body.take(bodies, chunk.len(), Instant::now)?;
        reader.push(chunk)?;
        // A body of endless empty chunks is always ready, so the timeout would never be polled.
        if empty && Instant::now() >= request.deadline {
            return Err(Outcome::BodyTooSlow.into());
        }
    }
    request.body.complete(bodies)?;
    let mut turn = None;
    if request.body.is_large() {
        // Parsing a large body takes milliseconds. If many were parsed at once, a challenge would
        // wait for all of them. So one is parsed at a time, after other ready tasks have run.
        turn = request.gate.shared.turns.acquire().await.ok();
        yield_now().await;
    }
    Ok((reader.finish()?, turn))
}

/// A verified delivery, with the right to deliver it once.
///
/// If it is dropped, the delivery is not accepted, and X may send it again.
#[must_use = "dropped, the delivery is not accepted"]
#[derive(Debug)]
pub struct VerifiedDelivery {
    delivery: Delivery,
    claim: Claim,
    request: Request,
}

impl VerifiedDelivery {
    /// Delivers the events with `hand_over`. Send 200 only after `Ok`.
    ///
    /// The delivery counts as accepted in the same poll in which `hand_over` returns `Ok`. If this
    /// future is dropped earlier, nothing was accepted and X may send the delivery again. A panic
    /// of `hand_over` is answered 503. If the deadline expires first, the answer has the reason
    /// `late`.
    ///
    /// # Errors
    /// Returns the answer to send.
    pub async fn deliver_with<T, F>(self, hand_over: impl FnOnce(Delivery) -> F, late: Outcome) -> Result<T, Reply>
    where
        F: Future<Output = Result<T, Outcome>>,
    {
        self.deliver_keyed_with(|delivery, _| hand_over(delivery), late).await
    }

    /// Like [`deliver_with`](Self::deliver_with), and passes the keys of the events.
    pub(crate) async fn deliver_keyed_with<T, F>(
        self,
        hand_over: impl FnOnce(Delivery, Keys<'_>) -> F,
        late: Outcome,
    ) -> Result<T, Reply>
    where
        F: Future<Output = Result<T, Outcome>>,
    {
        let Self { delivery, claim, request } = self;
        let events = delivery.events().len();
        let handed_over = Caught::new(request.trace.within(async { hand_over(delivery, claim.keys()).await }));
        let outcome = timeout_at(request.deadline, handed_over).await;
        match outcome.unwrap_or(Err(late)) {
            Ok(value) => {
                let now = Instant::now();
                claim.commit(now);
                request.gate.shared.counts.handed_over(events, now);
                observe::handed_over(events);
                request.answer(Outcome::Accepted.into());
                Ok(value)
            }
            Err(reason) => {
                drop(claim);
                Err(request.answer(reason.into()))
            }
        }
    }
}

/// Clamps the timeout to 30 years, because timers do not reach further.
pub(crate) fn after(start: Instant, budget: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
    start + budget.min(LONGEST)
}

/// One POST from its head to its answer. Counted as in flight; counted as unanswered if dropped
/// early.
struct Request {
    gate: Gate,
    started: Instant,
    deadline: Instant,
    body: Share,
    trace: Trace,
    answered: bool,
}

impl Request {
    fn begin(gate: &Gate, started: Instant) -> Self {
        gate.shared.in_flight.fetch_add(1, SeqCst);
        observe::began();
        let deadline = after(started, gate.shared.budget);
        Self {
            gate: gate.clone(),
            started,
            deadline,
            body: Share::default(),
            trace: Trace::start("POST"),
            answered: false,
        }
    }

    fn verified(&self, delivery: &Delivery) {
        self.trace.verified(delivery);
        if let Some(kind) = delivery.signed_with_other_kind() {
            self.gate.shared.counts.signed_with_other_kind();
            observe::signed_with_other_kind(kind);
        }
    }

    fn left_out(&self, events: usize) {
        if events > 0 {
            self.gate.shared.counts.left_out(events);
            observe::left_out(events);
        }
    }

    fn answer(mut self, reply: Reply) -> Reply {
        self.answered = true;
        self.gate.shared.counts.answered(reply.outcome());
        self.trace.answered(reply.outcome(), self.started);
        reply
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.answered {
            self.gate.shared.counts.unanswered.fetch_add(1, SeqCst);
            self.trace.unanswered();
        }
        self.body.give_back(&self.gate.shared.bodies);
        observe::ended();
        if self.gate.shared.in_flight.fetch_sub(1, SeqCst) == 1 {
            self.gate.shared.idle.notify_waiters();
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
