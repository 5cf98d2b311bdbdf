//! Two receivers get the same deliveries.

use std::time::Duration;

use birdhook_core::Outcome;
use birdhook_engines_proof::{PATIENCE, webhook};
use birdhook_pipeline::{DedupePolicy, EventSink, Keys};
use futures_util::future::{join, join_all};

use crate::dedupe::bed::{Bed, FOREVER, Mood, Taker, body, key, name, post, post_until_taken};

#[tokio::test(flavor = "multi_thread")]
async fn copies_at_the_same_time_are_handed_over_once() {
    let bed = Bed::new();
    let ((one, ours), (other, theirs)) = join(bed.receiver(), bed.receiver()).await;
    let answers = join_all((0..200).map(|id| join(post(&one, body(&[id])), post(&other, body(&[id]))))).await;
    for (id, (first, second)) in (0..).zip(answers) {
        for answer in [first, second] {
            assert!([Outcome::Accepted, Outcome::InFlight].contains(&answer), "{id}: {answer:?}");
        }
        assert!(first == Outcome::Accepted || second == Outcome::Accepted, "{id}: one of them was first");
    }
    for id in 0..200 {
        post_until_taken(&one, body(&[id])).await;
        post_until_taken(&other, body(&[id])).await;
    }
    let mut taken = [ours.taken(), theirs.taken()].concat();
    let mut expected: Vec<_> = (0..200).map(key).collect();
    taken.sort();
    expected.sort();
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn a_copy_of_what_is_in_flight_elsewhere_is_answered_503() {
    let bed = Bed::new();
    let ((one, ours), (other, theirs)) = join(bed.receiver(), bed.receiver()).await;
    ours.is_to(Mood::Waits);
    let first = tokio::spawn(async move { post(&one, body(&[1])).await });
    ours.is_busy().await;
    assert_eq!(post(&other, body(&[1])).await, Outcome::InFlight);
    // One event in flight is enough to reject a delivery. Its other events are not claimed.
    assert_eq!(post(&other, body(&[2, 1, 3])).await, Outcome::InFlight);
    assert_eq!(bed.ask::<usize>(&["EXISTS", &name(2), &name(3)]).await, 0);
    assert_eq!(post(&other, body(&[2, 3])).await, Outcome::Accepted);
    ours.is_to(Mood::Takes);
    assert_eq!(first.await.unwrap(), Outcome::Accepted);
    post_until_taken(&other, body(&[1])).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(2), key(3)]));
}

#[tokio::test]
async fn a_copy_waits_for_what_becomes_of_the_first_and_takes_what_that_did_not() {
    let bed = Bed::new();
    let ((one, ours), (other, theirs)) = join(bed.receiver(), bed.receiver_with(|set| set.copies_wait(FOREVER))).await;
    for (id, mood, taken_by_other) in [(1, Mood::Takes, 0), (2, Mood::Fails, 1)] {
        ours.is_to(Mood::Waits);
        let (first, copy) = (post(&one, body(&[id])), post(&other, body(&[id])));
        tokio::pin!(first, copy);
        tokio::select! {
            _ = &mut first => panic!("it waits"),
            () = ours.is_busy() => {}
        }
        let waited = tokio::time::timeout(Duration::from_millis(300), &mut copy).await;
        assert!(waited.is_err(), "{waited:?}");
        ours.is_to(mood);
        let expected = if mood == Mood::Takes { Outcome::Accepted } else { Outcome::SinkFull };
        assert_eq!((first.await, copy.await), (expected, Outcome::Accepted));
        assert_eq!(theirs.taken().len(), taken_by_other);
    }
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(2)]));
}

#[tokio::test]
async fn of_several_events_only_those_that_nobody_took_are_handed_over() {
    let bed = Bed::new();
    let ((one, ours), (other, theirs)) = join(bed.receiver(), bed.receiver()).await;
    assert_eq!(post(&one, body(&[2, 4])).await, Outcome::Accepted);
    post_until_taken(&other, body(&[1, 2, 3, 4, 5])).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(2), key(4)], vec![key(1), key(3), key(5)]));
}

#[tokio::test]
async fn what_is_not_taken_may_be_taken_elsewhere_at_once() {
    let bed = Bed::new();
    let ((one, ours), (other, theirs)) = join(bed.receiver(), bed.receiver()).await;
    ours.is_to(Mood::Fails);
    assert_eq!(post(&one, body(&[1])).await, Outcome::SinkFull);
    // Without the release, the claim would last an hour.
    post_until_taken(&other, body(&[1])).await;

    ours.is_to(Mood::Waits);
    let hung_up = tokio::spawn(async move { post(&one, body(&[2])).await });
    ours.is_busy().await;
    hung_up.abort();
    post_until_taken(&other, body(&[2])).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![], vec![key(1), key(2)]));
}

#[tokio::test]
async fn what_is_not_taken_by_the_deadline_may_be_taken_elsewhere_at_once() {
    let bed = Bed::new();
    let (other, theirs) = bed.receiver().await;
    let taker = Taker::default();
    taker.is_to(Mood::Waits);
    let one = webhook().deadline(Duration::from_secs(1)).sink(bed.dedupe().await.around(taker));
    assert_eq!(post(&one, body(&[1])).await, Outcome::SinkTooSlow);
    post_until_taken(&other, body(&[1])).await;
    assert_eq!(theirs.taken(), [key(1)]);
}

#[tokio::test]
async fn a_hand_over_does_not_outlast_its_claim() {
    let bed = Bed::new();
    let (one, ours) = bed.receiver_with(|dedupe| dedupe.in_flight(Duration::from_secs(1))).await;
    ours.is_to(Mood::Waits);
    let answer = tokio::time::timeout(PATIENCE, post(&one, body(&[1]))).await;
    assert_eq!(answer, Ok(Outcome::SinkTooSlow));
}

#[tokio::test]
async fn without_a_webhook_the_keying_that_is_set_counts() {
    let bed = Bed::new();
    let ours = Taker::default();
    let sink = bed.dedupe().await.dedupe_policy(DedupePolicy::default()).around(ours.clone());
    let delivery = || birdhook_core::Delivery::restore(birdhook_inbox_proof::APP, body(&[1]), 1).unwrap();
    sink.deliver(delivery()).await.unwrap();
    bed.until(&["GET", &name(1)], Some("done".to_owned())).await;
    sink.deliver(delivery()).await.unwrap();
    assert_eq!(ours.taken(), [key(1)]);
}

#[tokio::test]
async fn keys_of_another_number_than_the_events_do_not_count() {
    let bed = Bed::new();
    let ours = Taker::default();
    let sink = bed.dedupe().await.around(ours.clone());
    let keys = [key(1), key(2), key(3)];
    for (id, keys) in [(10, &keys[..0]), (20, &keys[..1]), (30, &keys)] {
        let delivery = birdhook_core::Delivery::restore(birdhook_inbox_proof::APP, body(&[id, id + 1]), 2).unwrap();
        sink.deliver_keyed(delivery, Keys::from(keys)).await.unwrap();
    }
    assert_eq!(ours.taken(), [10, 11, 20, 21, 30, 31].map(key));
}
