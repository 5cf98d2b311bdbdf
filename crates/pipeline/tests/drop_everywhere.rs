//! Drops the receiving future at every possible point: no claim and no event is lost.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use crate::support::{
    Alarm, SECRET, asking, deleted, deliver, halt, halting, ids, incoming, pending, poll, webhook, with_signed_head,
};
use birdhook_pipeline::{Deliveries, Delivery, EventSink, HeadResult, Outcome, Pipeline, SinkError};
use futures_util::FutureExt;

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Lets a waiting request continue.
type Nudge = Box<dyn FnOnce()>;

/// A delivery in progress, and the nudges that wake it each time it waits.
struct Trial {
    receiving: Boxed<Outcome>,
    nudges: VecDeque<Nudge>,
}

impl Trial {
    fn new<S: EventSink + 'static>(pipeline: &Pipeline<S>, body: &str, nudges: Vec<Nudge>) -> Self {
        let (pipeline, incoming) = (pipeline.clone(), incoming(pipeline, body));
        let body = halting(body, 3);
        let receiving = Box::pin(async move { pipeline.receive(incoming, body).await.outcome() });
        Self { receiving, nudges: nudges.into() }
    }

    /// Takes this many steps, each a poll or a nudge, and drops the future. Returns its answer, if
    /// any.
    fn take(mut self, steps: usize) -> Option<Outcome> {
        let (alarm, waker) = Alarm::new();
        let mut waits = false;
        for _ in 0..steps {
            let rung = alarm.rung();
            if waits {
                self.nudges.pop_front().expect("it waits for something that never comes")();
                assert!(alarm.rung() > rung, "what it waits for came, and it was not woken");
                waits = false;
            } else {
                match self.receiving.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(answer) => return Some(answer),
                    Poll::Pending => waits = alarm.rung() == rung,
                }
            }
        }
        None
    }
}

/// Drops after 0, 1, 2, ... steps until there is an answer. Returns the number of drops.
async fn drop_everywhere(mut trial: impl AsyncFnMut(usize) -> Option<Outcome>, expected: Outcome) -> usize {
    for steps in 0..100 {
        if let Some(answer) = trial(steps).await {
            assert_eq!(answer, expected);
            return steps;
        }
    }
    panic!("never done");
}

/// A delivery that holds its claim until it is dropped.
type Holder = Rc<RefCell<Option<Boxed<Outcome>>>>;

/// Begins a delivery that holds its claim. Returns it and the nudge that drops it.
fn hold<S: EventSink + 'static>(pipeline: &Pipeline<S>, body: &str) -> (Holder, Nudge) {
    let delivery: Boxed<Outcome> = pending(deliver(pipeline, body));
    let holder = Rc::new(RefCell::new(Some(delivery)));
    let held = Rc::clone(&holder);
    (holder, Box::new(move || _ = held.take()))
}

/// The ids that the consumer has seen so far, and its half of the channel.
type Consumer = Rc<RefCell<(Vec<String>, Deliveries)>>;

fn consume(consumer: &Consumer) {
    let (seen, deliveries) = &mut *consumer.borrow_mut();
    while let Some(delivery) = deliveries.recv().now_or_never().flatten() {
        seen.extend(ids(&delivery));
    }
}

/// A body in pieces, a duplicate in it, another copy that holds the claim, and a full channel.
#[tokio::test(start_paused = true)]
async fn a_request_to_a_channel_dropped_at_any_await_is_accepted_or_not() {
    let body = deleted(&["before", "x"]);
    let trial = async |steps| {
        let (pipeline, deliveries) = webhook().channel(1);
        let consumer: Consumer = Rc::new(RefCell::new((Vec::new(), deliveries)));
        assert_eq!(deliver(&pipeline, &deleted(&["before"])).await, Outcome::Accepted);
        // It waits, because there is no room.
        let (holder, drop_holder) = hold(&pipeline, &body);
        let reading = Rc::clone(&consumer);
        let nudges = vec![drop_holder, Box::new(move || consume(&reading))];
        let answer = Trial::new(&pipeline, &body, nudges).take(steps);

        drop(holder.take());
        consume(&consumer);
        let again = deliver(&pipeline, &body).await;
        assert_eq!(again, if answer.is_some() { Outcome::Duplicate } else { Outcome::Accepted }, "after {steps} steps");
        consume(&consumer);
        assert_eq!(consumer.borrow().0, ["before", "x"], "after {steps} steps");
        let health = pipeline.health();
        assert_eq!((health.in_flight, health.events, health.remembered), (0, 2, 2), "after {steps} steps");
        assert_eq!(health.unanswered, 1 + u64::from(answer.is_none()), "the holder, and what was dropped");
        assert_eq!(health.backlog, Some(birdhook_pipeline::Backlog::default()));
        assert!(pipeline.shutdown(std::time::Duration::ZERO).await.is_empty());
        answer
    };
    // Four halts of the body, the waits for the claim and for a slot, one nudge each, the last
    // poll.
    assert_eq!(drop_everywhere(trial, Outcome::Accepted).await, 4 + 2 + 2 + 1);
}

/// A body in pieces, another copy that holds the claim, and a handler that halts.
#[tokio::test(start_paused = true)]
async fn a_request_to_a_handler_dropped_at_any_await_is_accepted_or_not() {
    for halts in [0, 1, 5] {
        let body = deleted(&["x", "y"]);
        let trial = async |steps| {
            let seen = Rc::new(RefCell::new(Vec::new()));
            let (seen_by, calls) = (Rc::clone(&seen), Rc::new(RefCell::new(0)));
            let pipeline = webhook().delivery_handler(move |delivery: Delivery| {
                let seen = Rc::clone(&seen_by);
                *calls.borrow_mut() += 1;
                let first = *calls.borrow() == 1;
                async move {
                    if first {
                        return std::future::pending().await;
                    }
                    halt(halts).await;
                    seen.borrow_mut().extend(ids(&delivery));
                    Ok::<(), Infallible>(())
                }
            });
            let (holder, drop_holder) = hold(&pipeline, &body);
            let answer = Trial::new(&pipeline, &body, vec![drop_holder]).take(steps);

            drop(holder.take());
            let again = deliver(&pipeline, &body).await;
            assert_eq!(again, if answer.is_some() { Outcome::Duplicate } else { Outcome::Accepted });
            assert_eq!(*seen.borrow(), ["x", "y"], "after {steps} steps");
            let health = pipeline.health();
            assert_eq!((health.in_flight, health.events), (0, 2));
            assert_eq!(health.unanswered, 1 + u64::from(answer.is_none()));
            answer
        };
        assert_eq!(drop_everywhere(trial, Outcome::Accepted).await, 4 + 1 + 1 + halts + 1);
    }
}

/// The copy that holds the claim succeeds or fails while another copy waits and is dropped.
#[tokio::test(start_paused = true)]
async fn a_copy_dropped_at_any_await_does_not_affect_the_delivery_it_waits_for() {
    for succeeds in [true, false] {
        let body = deleted(&["x"]);
        let trial = async |steps| {
            let (pipeline, mut asked) = asking(webhook());
            let mut holder = pending(deliver(&pipeline, &body));
            let verdict = asked.now().unwrap().1;
            let end = move || {
                verdict.say(if succeeds { Ok(()) } else { Err(SinkError::failed("no")) });
                assert!(poll(&mut holder).is_ready());
            };
            let end = Rc::new(RefCell::new(Some(end)));
            let ending = Rc::clone(&end);
            let mut nudges: Vec<Nudge> = vec![Box::new(move || ending.take().unwrap()())];
            let asked = Rc::new(RefCell::new(asked));
            if !succeeds {
                let asked = Rc::clone(&asked);
                nudges.push(Box::new(move || asked.borrow_mut().now().unwrap().1.say(Ok(()))));
            }
            let answer = Trial::new(&pipeline, &body, nudges).take(steps);

            end.take().into_iter().for_each(|end| end());
            let accepted = succeeds || answer.is_some();
            while asked.borrow_mut().now().is_some() {}
            let mut again = Box::pin(deliver(&pipeline, &body));
            let at_once = (&mut again).now_or_never();
            assert_eq!(at_once, accepted.then_some(Outcome::Duplicate), "after {steps} steps");
            if !accepted {
                asked.borrow_mut().now().unwrap().1.say(Ok(()));
                assert_eq!(again.await, Outcome::Accepted, "after {steps} steps");
            }
            let health = pipeline.health();
            assert_eq!((health.in_flight, health.events), (0, 1));
            assert_eq!(health.unanswered, u64::from(answer.is_none()));
            answer
        };
        let expected = if succeeds { (Outcome::Duplicate, 4 + 1 + 1 + 1) } else { (Outcome::Accepted, 4 + 2 + 2 + 1) };
        assert_eq!(drop_everywhere(trial, expected.0).await, expected.1);
    }
}

/// With a gate: during `verify`, during `deliver_with`, and between them.
#[tokio::test(start_paused = true)]
async fn a_request_to_a_gate_dropped_at_any_await_is_accepted_or_not() {
    let body = deleted(&["x"]);
    let trial = async |steps| {
        let gate = webhook().gate();
        let done = Rc::new(RefCell::new(0));
        let whole = async |halts| {
            let begun = with_signed_head(SECRET, &body, |head| gate.begin(head));
            let HeadResult::Body(incoming) = begun else { panic!("refused") };
            let verified = match incoming.verify(halting(&body, 3)).await {
                Ok(verified) => verified,
                Err(reply) => return reply.outcome(),
            };
            halt(halts).await; // between the halves
            let deliver_ids = async |delivery: Delivery| {
                halt(halts).await;
                *done.borrow_mut() += delivery.events().len();
                Ok(())
            };
            match verified.deliver_with(deliver_ids, Outcome::SinkTooSlow).await {
                Ok(()) => Outcome::Accepted,
                Err(reply) => reply.outcome(),
            }
        };
        let mut first = Box::pin(whole(2));
        let answer = (0..steps).find_map(|_| (&mut first).now_or_never());
        drop(first);
        let begun = usize::from(steps > 0);
        assert_eq!(gate.health().unanswered as usize, if answer.is_some() { 0 } else { begun });
        gate.idle().now_or_never().expect("nothing is in flight");
        assert_eq!(whole(0).await, if answer.is_some() { Outcome::Duplicate } else { Outcome::Accepted });
        assert_eq!((*done.borrow(), gate.health().events, gate.health().in_flight), (1, 1, 0));
        answer
    };
    assert_eq!(drop_everywhere(trial, Outcome::Accepted).await, 4 + 2 + 2 + 1);
}

/// A head whose body is never read.
#[tokio::test(start_paused = true)]
async fn a_request_dropped_before_its_body_is_read_claims_nothing() {
    let (pipeline, mut deliveries) = webhook().channel(1);
    let body = deleted(&["x"]);
    drop(incoming(&pipeline, &body));
    assert_eq!((pipeline.health().in_flight, pipeline.health().unanswered), (0, 1));
    assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
    assert_eq!(ids(&deliveries.recv().await.unwrap()), ["x"]);
}

/// A handler panics in the call, at its first poll or later: the next copy is delivered, whether it
/// was already waiting or comes later.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_handler_is_answered_503_and_frees_the_claim() {
    for halts in [None, Some(0), Some(1), Some(3)] {
        let (calls, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (called, finished) = (Arc::clone(&calls), Arc::clone(&done));
        let pipeline = webhook().delivery_handler(move |delivery: Delivery| {
            let first = called.fetch_add(1, SeqCst) == 0;
            assert!(!(first && halts.is_none()), "the panic of the test");
            let finished = Arc::clone(&finished);
            async move {
                if first {
                    halt(halts.unwrap_or(0)).await;
                    panic!("the panic of the test");
                }
                finished.fetch_add(delivery.events().len(), SeqCst);
                Ok::<(), Infallible>(())
            }
        });
        let body = deleted(&["x"]);
        let mut first = deliver(&pipeline, &body).boxed();
        let waiter = halts.is_some_and(|halts| halts > 0).then(|| {
            assert!(poll(&mut first).is_pending());
            pending(deliver(&pipeline, &body))
        });
        assert_eq!(first.await, Outcome::SinkPanicked);
        let health = pipeline.health();
        let answered = (health.unanswered, health.answered(Outcome::SinkPanicked));
        assert_eq!((answered, health.in_flight), ((0, 1), usize::from(waiter.is_some())));
        let answer = match waiter {
            Some(waiter) => waiter.await,
            None => deliver(&pipeline, &body).await,
        };
        assert_eq!(answer, Outcome::Accepted, "{halts:?}");
        assert_eq!(deliver(&pipeline, &body).await, Outcome::Duplicate);
        assert_eq!((calls.load(SeqCst), done.load(SeqCst), pipeline.health().in_flight), (2, 1, 0));
    }
}
