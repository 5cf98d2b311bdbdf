//! Pipelines on one thread and across threads.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use crate::support::{SECRET, deleted, ids, incoming, webhook, whole, with_signed_head};
use birdhook_pipeline::{
    ChannelSendFuture, ChannelSink, Deliveries, Delivery, Event, EventSink, Events, Gate, HandlerSink, HeadResult,
    Health, IncomingDelivery, Outcome, Pipeline, Reply, ShutdownReport, SinkError, VerifiedDelivery, Webhook,
};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;

fn send<T: Send>(value: T) -> T {
    value
}

fn is_send_and_sync<T: Send + Sync + 'static>() {}

#[test]
fn public_types_of_adapters_are_send_and_sync() {
    is_send_and_sync::<(Gate, Webhook, Pipeline<ChannelSink>, Deliveries, Events, Delivery, Event, Health)>();
    is_send_and_sync::<Pipeline<HandlerSink<fn(Event) -> std::future::Ready<Result<(), Infallible>>>>>();
    is_send_and_sync::<(ShutdownReport, SinkError, Reply, IncomingDelivery, VerifiedDelivery)>();
    is_send_and_sync::<HeadResult<IncomingDelivery>>();
    fn is_send<T: Send + 'static>() {}
    is_send::<ChannelSendFuture>();
}

/// Needed by every tower adapter, for any `Send` sink.
fn receive_is_send<S>(
    pipeline: &Pipeline<S>,
    incoming: IncomingDelivery,
    body: &str,
) -> impl Future<Output = Reply> + Send
where
    S: EventSink + Send + Sync,
    S::Future: Send,
{
    send(pipeline.receive(incoming, whole(body)))
}

#[tokio::test(start_paused = true)]
async fn the_receiving_future_is_send_for_a_send_sink() {
    let body = deleted(&["1"]);
    let (pipeline, mut deliveries) = webhook().channel(1);
    let reply = receive_is_send(&pipeline, incoming(&pipeline, &body), &body).await;
    assert_eq!(reply.outcome(), Outcome::Accepted);
    assert!(send(deliveries.recv()).await.is_some());
    send(pipeline.shutdown(std::time::Duration::ZERO)).await;

    let handler = webhook().delivery_handler(|_| async { Ok::<(), Infallible>(()) });
    let reply = receive_is_send(&handler, incoming(&handler, &body), &body).await;
    assert_eq!(reply.outcome(), Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn deliver_with_is_send_if_its_future_is() {
    let gate = webhook().gate();
    let body = deleted(&["1"]);
    let HeadResult::Body(incoming) = with_signed_head(SECRET, &body, |head| gate.begin(head)) else {
        panic!("refused")
    };
    let verified = send(incoming.verify(whole(&body))).await.unwrap();
    let count = |delivery: Delivery| async move { Ok(delivery.events().len()) };
    assert_eq!(send(verified.deliver_with(count, Outcome::SinkTooSlow)).await.unwrap(), 1);
    assert_eq!((gate.health().events, gate.health().in_flight), (1, 0));
}

/// A body, a handler and its future that all stay on their thread, as in actix-web.
#[tokio::test(start_paused = true)]
async fn a_handler_that_is_not_send_runs_on_a_local_set() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let seen_by = Rc::clone(&seen);
    let pipeline = webhook().delivery_handler(move |delivery: Delivery| {
        let seen = Rc::clone(&seen_by);
        async move {
            tokio::task::yield_now().await;
            seen.borrow_mut().extend(ids(&delivery));
            Ok::<(), Infallible>(())
        }
    });
    tokio::task::LocalSet::new()
        .run_until(async {
            let tasks: Vec<_> = ["1", "2", "1"]
                .into_iter()
                .map(|id| {
                    let pipeline = pipeline.clone();
                    tokio::task::spawn_local(async move {
                        let body = deleted(&[id]);
                        let chunks = futures_util::stream::iter([Rc::new(Bytes::from(body.clone()))]);
                        let chunks = chunks.map(|chunk| Ok::<_, Infallible>((*chunk).clone()));
                        pipeline.receive(incoming(&pipeline, &body), chunks).await.outcome()
                    })
                })
                .collect();
            let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(answers, [Outcome::Accepted, Outcome::Accepted, Outcome::Duplicate]);
        })
        .await;
    seen.borrow_mut().sort();
    assert_eq!(*seen.borrow(), ["1", "2"]);
}
