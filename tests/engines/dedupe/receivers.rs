//! Two receivers get the same deliveries.

use std::time::Duration;

use birdhook_core::{Delivery, Outcome};
use birdhook_pipeline::EventSink;
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::APP;
use birdhook_test_harness::fixture::webhook;
use futures_util::future::{join, join_all};

use crate::dedupe::fixture::{FOREVER, Mood, Taker, body, key, name, post, post_to_waiting, post_until_taken};
use crate::redis::fixture::Engine;

#[tokio::test(flavor = "multi_thread")]
async fn copies_at_the_same_time_are_handed_over_once() {
    let engine = Engine::new().await;
    let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver()).await;
    let answers = join_all((0..200).map(async |id| join(post(&one, &[id]), post(&other, &[id])).await)).await;
    for (id, (first, second)) in (0..).zip(answers) {
        for answer in [first, second] {
            assert!([Outcome::Accepted, Outcome::InFlight].contains(&answer), "{id}: {answer:?}");
        }
        assert!(first == Outcome::Accepted || second == Outcome::Accepted, "{id}: one of them was first");
    }
    for id in 0..200 {
        post_until_taken(&one, &[id]).await;
        post_until_taken(&other, &[id]).await;
    }
    let mut taken = [ours.taken(), theirs.taken()].concat();
    let mut expected: Vec<_> = (0..200).map(key).collect();
    taken.sort();
    expected.sort();
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn a_copy_of_what_is_in_flight_elsewhere_is_answered_503() {
    let engine = Engine::new().await;
    let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver()).await;
    let first = post_to_waiting(&one, &ours, &[1]).await;
    assert_eq!(post(&other, &[1]).await, Outcome::InFlight);
    // One event in flight is enough to reject a delivery. Its other events are not claimed.
    assert_eq!(post(&other, &[2, 1, 3]).await, Outcome::InFlight);
    assert_eq!(engine.ask::<usize>(&["EXISTS", &name(2), &name(3)]).await, 0);
    assert_eq!(post(&other, &[2, 3]).await, Outcome::Accepted);
    ours.is_to(Mood::Takes);
    assert_eq!(first.await.unwrap(), Outcome::Accepted);
    post_until_taken(&other, &[1]).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(2), key(3)]));
}

#[tokio::test]
async fn a_copy_waits_for_what_becomes_of_the_first_and_takes_what_that_did_not() {
    let engine = Engine::new().await;
    let ((one, ours), (other, theirs)) =
        join(engine.receiver(), engine.receiver_with(|set| set.copies_wait(FOREVER))).await;
    for (id, mood, taken_by_other) in [(1, Mood::Takes, 0), (2, Mood::Fails, 1)] {
        let first = post_to_waiting(&one, &ours, &[id]).await;
        let ids = [id];
        let copy = post(&other, &ids);
        tokio::pin!(copy);
        let waited = tokio::time::timeout(Duration::from_millis(300), &mut copy).await;
        assert!(waited.is_err(), "{waited:?}");
        ours.is_to(mood);
        let expected = if mood == Mood::Takes { Outcome::Accepted } else { Outcome::SinkFull };
        assert_eq!((first.await.unwrap(), copy.await), (expected, Outcome::Accepted));
        assert_eq!(theirs.taken().len(), taken_by_other);
    }
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(2)]));
}

#[tokio::test]
async fn of_several_events_only_those_that_nobody_took_are_handed_over() {
    let engine = Engine::new().await;
    let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver()).await;
    assert_eq!(post(&one, &[2, 4]).await, Outcome::Accepted);
    post_until_taken(&other, &[1, 2, 3, 4, 5]).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(2), key(4)], vec![key(1), key(3), key(5)]));
}

#[tokio::test]
async fn what_is_not_taken_may_be_taken_elsewhere_at_once() {
    let engine = Engine::new().await;
    let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver()).await;
    ours.is_to(Mood::Fails);
    assert_eq!(post(&one, &[1]).await, Outcome::SinkFull);
    // Without the release, the claim would last an hour.
    post_until_taken(&other, &[1]).await;

    let hung_up = post_to_waiting(&one, &ours, &[2]).await;
    hung_up.abort();
    post_until_taken(&other, &[2]).await;

    ours.is_to(Mood::Waits);
    let hurried = webhook().deadline(Duration::from_secs(1)).sink(engine.dedupe().await.around(ours.clone()));
    assert_eq!(post(&hurried, &[3]).await, Outcome::SinkTooSlow);
    post_until_taken(&other, &[3]).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![], [1, 2, 3].map(key).to_vec()));
}

#[tokio::test]
async fn a_hand_over_does_not_outlast_its_claim() {
    let engine = Engine::new().await;
    let (one, ours) = engine.receiver_with(|dedupe| dedupe.in_flight(Duration::from_secs(1))).await;
    ours.is_to(Mood::Waits);
    let answer = tokio::time::timeout(TIMEOUT, post(&one, &[1])).await;
    assert_eq!(answer, Ok(Outcome::SinkTooSlow));
}

/// Events without a webhook, whose keys the caller may set. The events that another receiver has
/// delivered are removed before the inner sink is called.
#[tokio::test]
async fn receivers_share_the_dedupe_keys_of_the_events_which_the_remaining_events_keep() {
    let engine = Engine::new().await;
    let ours = Taker::default();
    let sink = engine.dedupe().await.around(ours.clone());
    let restored = |ids: &[u32]| Delivery::restore(APP, body(ids), 4).unwrap();
    let mut other = restored(&[1]);
    other.set_dedupe_keys(|_| key(5));
    let mut several = restored(&[1, 2, 3, 4]);
    several.set_dedupe_keys(|event| if event.index() == 3 { key(40) } else { event.delivery_key() });
    for (delivery, last, taken) in [
        (restored(&[1, 3]), 3, &[1, 3][..]),
        (restored(&[1, 3]), 3, &[1, 3]),
        (other.clone(), 5, &[1, 3, 5]),
        (other, 5, &[1, 3, 5]),
        (several, 40, &[1, 3, 5, 2, 40]),
    ] {
        sink.deliver(delivery).await.unwrap();
        engine.until_done(last).await;
        assert_eq!(ours.taken(), taken.iter().map(|&id| key(id)).collect::<Vec<_>>());
    }
}
