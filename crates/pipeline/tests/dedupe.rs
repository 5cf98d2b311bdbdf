//! Deduplication: events delivered once, and cases in which an event may come again.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{app, asking, deleted, deleted_for, deliver, deliver_signed, ids, message_for, webhook};
use birdhook_pipeline::{Apps, DedupeScope, Deliveries, Outcome, SinkError, Webhook};
use futures_util::FutureExt;
use tokio::time::advance;

const ACCEPTED: Outcome = Outcome::Accepted;
const DUPLICATE: Outcome = Outcome::Duplicate;

/// Returns the ids of the deliveries that are in the channel right now.
fn taken(deliveries: &mut Deliveries) -> Vec<Vec<String>> {
    std::iter::from_fn(|| deliveries.recv().now_or_never().flatten()).map(|delivery| ids(&delivery)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_is_answered_200_and_not_delivered() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    assert_eq!(deliver(&pipeline, &body).await, DUPLICATE);
    assert_eq!(taken(&mut deliveries), [["1"]]);
    assert_eq!(deliver(&pipeline, &body).await, DUPLICATE, "consumed or not makes no difference");
    assert!(taken(&mut deliveries).is_empty());
    let health = pipeline.health();
    assert_eq!((health.events, health.duplicates, health.remembered), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn only_the_new_events_of_a_delivery_are_delivered() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, ACCEPTED);
    let body = deleted(&["1", "2", "3"]);
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    let first = deliveries.recv().await.unwrap();
    let second = deliveries.recv().await.unwrap();
    assert_eq!((ids(&first), ids(&second)), (vec!["2".into()], vec!["1".into(), "3".into()]));
    assert_eq!(second.body().as_str(), body, "the body stays whole");
    assert_eq!(deliver(&pipeline, &deleted(&["3", "2", "1"])).await, DUPLICATE);
    assert!(taken(&mut deliveries).is_empty());
    assert_eq!((pipeline.health().events, pipeline.health().duplicates), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn the_same_event_twice_in_one_body_is_one_event() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "1", "2", "1"])).await, ACCEPTED);
    assert_eq!(taken(&mut deliveries), [["1", "2"]]);
    assert_eq!((pipeline.health().events, pipeline.health().duplicates), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_sink_rejected_is_not_a_duplicate() {
    let (sink, mut asked) = asking();
    let pipeline = webhook().sink(sink);
    let body = deleted(&["1", "2"]);
    for (error, reason) in [
        (SinkError::Full, Outcome::SinkFull),
        (SinkError::Closed, Outcome::SinkClosed),
        (SinkError::TooSlow, Outcome::SinkTooSlow),
        (SinkError::InFlight, Outcome::InFlight),
        (SinkError::refused("no"), Outcome::SinkFailed),
        (SinkError::failed("no"), Outcome::SinkFailed),
    ] {
        let (answer, ()) = tokio::join!(deliver(&pipeline, &body), async {
            let (delivery, verdict) = asked.next().await;
            assert_eq!(ids(&delivery), ["1", "2"]);
            verdict.say(Err(error));
        });
        assert_eq!((answer, answer.status()), (reason, 503));
        assert_eq!((pipeline.health().remembered, pipeline.health().events), (0, 0));
    }
    let (answer, ()) = tokio::join!(deliver(&pipeline, &body), async { asked.next().await.1.say(Ok(())) });
    assert_eq!((answer, pipeline.health().remembered), (ACCEPTED, 2));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_forgotten_at_the_horizon_and_not_before() {
    let (pipeline, mut deliveries) = webhook().dedupe_window(10, Duration::from_secs(60)).channel(8);
    let body = deleted(&["1"]);
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    advance(Duration::from_millis(59_999)).await;
    assert_eq!(deliver(&pipeline, &body).await, DUPLICATE);
    advance(Duration::from_millis(1)).await;
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED, "a duplicate must not prolong the first one's time");
    assert_eq!(taken(&mut deliveries), [["1"], ["1"]]);
}

#[tokio::test(start_paused = true)]
async fn events_are_remembered_for_15_minutes_by_default() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let body = deleted(&["1"]);
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    advance(Duration::from_millis(15 * 60_000 - 1)).await;
    assert_eq!(deliver(&pipeline, &body).await, DUPLICATE);
    advance(Duration::from_millis(1)).await;
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn the_window_holds_100_000_events_by_default() {
    let (pipeline, mut deliveries) = webhook().channel(200);
    for thousand in 0..100 {
        let ids: Vec<_> = (0..1000).map(|one| (1 + thousand * 1000 + one).to_string()).collect();
        assert_eq!(deliver(&pipeline, &deleted(&ids.iter().map(String::as_str).collect::<Vec<_>>())).await, ACCEPTED);
        deliveries.recv().await.unwrap();
    }
    assert_eq!(pipeline.health().remembered, 100_000);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, DUPLICATE);
    assert_eq!(deliver(&pipeline, &deleted(&["100001"])).await, ACCEPTED);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, ACCEPTED, "pushed out by 100001");
    assert_eq!(pipeline.health().remembered, 100_000);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_event_is_forgotten_when_the_window_is_full() {
    let (pipeline, _deliveries) = webhook().dedupe_window(2, Duration::MAX).channel(8);
    for id in ["1", "2", "3"] {
        assert_eq!(deliver(&pipeline, &deleted(&[id])).await, ACCEPTED);
    }
    advance(Duration::from_secs(1_000_000)).await;
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, DUPLICATE);
    assert_eq!(deliver(&pipeline, &deleted(&["3"])).await, DUPLICATE);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, ACCEPTED);
}

/// A window of 0 remembers nothing, but never delivers two copies at the same time.
#[tokio::test(start_paused = true)]
async fn an_empty_window_recognises_only_events_in_flight() {
    let (sink, mut asked) = asking();
    let pipeline = webhook().dedupe_window(0, Duration::from_secs(60)).sink(sink);
    let body = deleted(&["1"]);
    let mut first = deliver(&pipeline, &body).boxed();
    let mut second = deliver(&pipeline, &body).boxed();
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    let (_, verdict) = asked.now().unwrap();
    assert!(asked.now().is_none(), "one at a time");
    verdict.say(Ok(()));
    assert_eq!(first.await, ACCEPTED);
    let (answer, ()) = tokio::join!(second, async { asked.next().await.1.say(Ok(())) });
    assert_eq!(answer, ACCEPTED);
}

fn two_apps() -> Webhook {
    Webhook::new(Apps::new([app("one", "first-secret"), app("two", "second-secret")]).unwrap())
}

/// One message between two subscribed users, delivered twice to each of them by each of two apps.
async fn all_copies(scope: DedupeScope) -> Vec<(String, String)> {
    let (pipeline, mut deliveries) = two_apps().dedupe_scope(scope).channel(16);
    for _ in 0..2 {
        for subscriber in ["30", "40"] {
            for key in ["first-secret", "second-secret"] {
                let answer = deliver_signed(&pipeline, key, &message_for(subscriber, "1")).await;
                assert_eq!(answer.status(), 200);
            }
        }
    }
    let mut copies = Vec::new();
    while let Some(delivery) = deliveries.recv().now_or_never().flatten() {
        assert_eq!(delivery.events().len(), 1);
        copies.push((delivery.app().to_owned(), delivery.subscriber().unwrap().to_owned()));
    }
    assert_eq!(pipeline.health().duplicates as usize, 8 - copies.len());
    copies
}

#[tokio::test(start_paused = true)]
async fn each_scope_merges_the_documented_copies() {
    let copies = |copies: &[(&str, &str)]| copies.iter().map(|&(a, b)| (a.into(), b.into())).collect::<Vec<_>>();
    let each = copies(&[("one", "30"), ("two", "30"), ("one", "40"), ("two", "40")]);
    assert_eq!(all_copies(DedupeScope::default()).await, each);
    assert_eq!(all_copies(DedupeScope::Subscription).await, each);
    assert_eq!(all_copies(DedupeScope::Conversation).await, copies(&[("one", "30"), ("two", "30")]));
    assert_eq!(all_copies(DedupeScope::AcrossApps).await, copies(&[("one", "30"), ("one", "40")]));
    assert_eq!(all_copies(DedupeScope::Everywhere).await, copies(&[("one", "30")]));
}

/// The scope also applies to events in flight.
#[tokio::test(start_paused = true)]
async fn two_sides_of_a_conversation_wait_for_each_other_only_if_merged() {
    for (scope, asks) in [(DedupeScope::Subscription, 2), (DedupeScope::Conversation, 1)] {
        let (sink, mut asked) = asking();
        let pipeline = webhook().dedupe_scope(scope).sink(sink);
        let (sent, received) = (message_for("30", "1"), message_for("40", "1"));
        let mut both = [deliver(&pipeline, &sent).boxed(), deliver(&pipeline, &received).boxed()];
        for one in &mut both {
            assert!(one.now_or_never().is_none());
        }
        let verdicts: Vec<_> = std::iter::from_fn(|| asked.now()).collect();
        assert_eq!(verdicts.len(), asks, "{scope:?}");
        verdicts.into_iter().for_each(|(_, verdict)| verdict.say(Ok(())));
        let mut answers = futures_util::future::join_all(both).await;
        answers.retain(|&answer| answer == ACCEPTED);
        assert_eq!(answers.len(), asks, "{scope:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_subscriber_or_another_event_is_not_a_duplicate() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    for body in [deleted_for("7", &["1"]), deleted_for("8", &["1"]), deleted_for("7", &["2"]), message_for("7", "1")] {
        assert_eq!(deliver(&pipeline, &body).await, ACCEPTED, "{body}");
    }
    assert_eq!(taken(&mut deliveries).len(), 4);
}

/// A retry by X: the same events in a body formatted differently, with a new signature.
#[tokio::test(start_paused = true)]
async fn a_redelivery_with_other_formatting_is_a_duplicate() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, ACCEPTED);
    let otherwise = r#" { "tweet_delete_events" : [ { "status" : { "user_id":"9", "id":"1" } } ], "for_user_id":"7" }"#;
    assert_eq!(deliver(&pipeline, otherwise).await, DUPLICATE);
    assert_eq!(taken(&mut deliveries).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_window() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let clone = pipeline.clone();
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, ACCEPTED);
    assert_eq!(deliver(&clone, &deleted(&["1"])).await, DUPLICATE);
    assert_eq!(Arc::new(clone).health().duplicates, 1);
}
