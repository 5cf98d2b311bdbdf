//! Deduplication: events delivered once, and cases in which an event may come again.

use std::time::Duration;

use crate::support::{
    app, asking, deleted, deleted_for, deliver, deliver_signed, ids, message_for, pending, run_sequences, taken,
    webhook,
};
use birdhook_pipeline::{Apps, DedupeScope, Outcome, SinkError, Webhook};

const ACCEPTED: Outcome = Outcome::Accepted;
const DUPLICATE: Outcome = Outcome::Duplicate;

/// The steps are the ids of events; `body` is the delivery of one of them with other formatting.
#[tokio::test(start_paused = true)]
async fn an_event_is_delivered_once_within_the_window() {
    let otherwise = r#" { "tweet_delete_events" : [ { "status" : { "user_id":"9", "id":"1" } } ], "for_user_id":"7" }"#;
    let bodies = |name: &str| match name.split_once(':') {
        Some(("deleted_for", subscriber)) => deleted_for(subscriber, &["1"]),
        Some((_, subscriber)) => message_for(subscriber, "1"),
        None if name == "otherwise" => otherwise.to_owned(),
        None => deleted(&name.split(',').collect::<Vec<_>>()),
    };
    let minute = Duration::from_secs(60);
    let sequences = [
        ("a redelivery", webhook(), "+1 =1 =1"),
        ("the same event twice in one body", webhook(), "+1,1,2,1 =2,1"),
        // A duplicate must not prolong the first one's time.
        ("the window ends", webhook().dedupe_window(10, minute), "+1 59999 =1 1 +1"),
        ("the window is 15 minutes by default", webhook(), "+1 899999 =1 1 +1"),
        ("the oldest is forgotten", webhook().dedupe_window(2, Duration::MAX), "+1 +2 +3 1000000000 =2 =3 +1"),
        ("another subscriber or event", webhook(), "+deleted_for:7 +deleted_for:8 +2 +message_for:7"),
        // A retry by X: the same events in a body formatted differently, with a new signature.
        ("a redelivery with other formatting", webhook(), "+1 =otherwise"),
    ];
    run_sequences(bodies, sequences).await;
}

#[tokio::test(start_paused = true)]
async fn only_the_new_events_of_a_delivery_are_delivered() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let body = deleted(&["1", "2", "3", "1"]);
    assert_eq!(deliver(&pipeline, &deleted(&["2"])).await, ACCEPTED);
    assert_eq!(deliver(&pipeline, &body).await, ACCEPTED);
    let taken = taken(&mut deliveries).await;
    assert_eq!(taken.iter().map(ids).collect::<Vec<_>>(), [vec!["2"], vec!["1", "3"]]);
    assert_eq!(taken[1].body().as_str(), body, "the body stays whole");
    assert_eq!(deliver(&pipeline, &deleted(&["3", "2", "1"])).await, DUPLICATE, "consumed or not makes no difference");
    let health = pipeline.health();
    assert_eq!((health.events, health.duplicates, health.remembered), (3, 5, 3));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_sink_rejected_is_not_a_duplicate() {
    let (pipeline, mut asked) = asking(webhook());
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
    let answer = asked.answer(Ok(()), deliver(&pipeline, &body)).await;
    assert_eq!((answer, pipeline.health().remembered), (ACCEPTED, 2));
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

/// A window of 0 remembers nothing, but never delivers two copies at the same time.
#[tokio::test(start_paused = true)]
async fn an_empty_window_recognises_only_events_in_flight() {
    let (pipeline, mut asked) = asking(webhook().dedupe_window(0, Duration::from_secs(60)));
    let [first, second] = [(), ()].map(|()| pending(deliver(&pipeline, &deleted(&["1"]))));
    let (_, verdict) = asked.now().unwrap();
    assert!(asked.now().is_none(), "one at a time");
    verdict.say(Ok(()));
    assert_eq!(first.await, ACCEPTED);
    assert_eq!(asked.answer(Ok(()), second).await, ACCEPTED);
}

fn two_apps() -> Webhook {
    Webhook::new(Apps::new([app("one", "first-secret"), app("two", "second-secret")]).unwrap())
}

/// One message between two subscribed users, delivered twice to each of them by each of two apps.
#[tokio::test(start_paused = true)]
async fn each_scope_merges_the_documented_copies() {
    for (scope, expected) in [
        (DedupeScope::default(), "one 30, two 30, one 40, two 40"),
        (DedupeScope::Subscription, "one 30, two 30, one 40, two 40"),
        (DedupeScope::Conversation, "one 30, two 30"),
        (DedupeScope::AcrossApps, "one 30, one 40"),
        (DedupeScope::Everywhere, "one 30"),
    ] {
        let (pipeline, mut deliveries) = two_apps().dedupe_scope(scope).channel(16);
        for subscriber in ["30", "40", "30", "40"] {
            for key in ["first-secret", "second-secret"] {
                let answer = deliver_signed(&pipeline, key, &message_for(subscriber, "1")).await;
                assert_eq!(answer.status(), 200);
            }
        }
        let copies = taken(&mut deliveries).await;
        assert!(copies.iter().all(|delivery| delivery.events().len() == 1), "{scope:?}");
        assert_eq!(pipeline.health().duplicates as usize, 8 - copies.len(), "{scope:?}");
        let copies = copies.iter().map(|copy| format!("{} {}", copy.app(), copy.subscriber().unwrap()));
        assert_eq!(copies.collect::<Vec<_>>().join(", "), expected, "{scope:?}");
    }
}

/// The scope also applies to events in flight.
#[tokio::test(start_paused = true)]
async fn two_sides_of_a_conversation_wait_for_each_other_only_if_merged() {
    for (scope, asks) in [(DedupeScope::Subscription, 2), (DedupeScope::Conversation, 1)] {
        let (pipeline, mut asked) = asking(webhook().dedupe_scope(scope));
        let (sent, received) = (message_for("30", "1"), message_for("40", "1"));
        let both = [&sent, &received].map(|body| pending(deliver(&pipeline, body)));
        let verdicts: Vec<_> = std::iter::from_fn(|| asked.now()).collect();
        assert_eq!(verdicts.len(), asks, "{scope:?}");
        verdicts.into_iter().for_each(|(_, verdict)| verdict.say(Ok(())));
        let mut answers = futures_util::future::join_all(both).await;
        answers.retain(|&answer| answer == ACCEPTED);
        assert_eq!(answers.len(), asks, "{scope:?}");
    }
}
