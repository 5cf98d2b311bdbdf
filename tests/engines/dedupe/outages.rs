//! Redis does not respond, or has lost its data.

use std::time::{Duration, Instant};

use birdhook_core::Outcome;
use birdhook_redis::{DedupeSettings, WhenDown};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::fixture::webhook;
use birdhook_test_harness::servers::Server;
use futures_util::future::join;

use crate::dedupe::fixture::{FOREVER, Mood, Taker, key, name, post, post_to_waiting, post_until_taken};
use crate::redis::fixture::Engine;

#[tokio::test]
async fn while_redis_does_not_answer_deliveries_are_refused_in_time() {
    let engine = Engine::new().await;
    let (one, ours) = engine.receiver_with(|dedupe| dedupe.timeout(Duration::from_millis(300))).await;
    engine.server.pause();
    let start = Instant::now();
    assert_eq!(post(&one, &[1]).await, Outcome::SinkFailed);
    let took = start.elapsed();
    assert!(Duration::from_millis(300) <= took && took < Duration::from_millis(1900), "{took:?}");
    engine.server.resume();
    // The delayed claim arrives, is released, and blocks no later delivery.
    post_until_taken(&one, &[1]).await;
    assert_eq!(ours.taken(), [key(1)]);
    assert_eq!((one.sink().trusted(), one.sink().unmarked()), (0, 0));
}

#[tokio::test]
async fn those_who_trust_themselves_take_what_comes_meanwhile_and_tell_redis_later() {
    let engine = Engine::new().await;
    let trusting = |dedupe: DedupeSettings| dedupe.when_down(WhenDown::Trust).timeout(Duration::from_millis(300));
    let ((one, ours), (other, theirs)) = join(engine.receiver_with(trusting), engine.receiver()).await;
    engine.server.pause();
    assert_eq!(post(&one, &[1, 2]).await, Outcome::Accepted);
    assert_eq!((ours.taken(), one.sink().trusted()), (vec![key(1), key(2)], 1));
    engine.server.resume();
    engine.until_done(1).await;
    assert_eq!(post(&other, &[2, 1]).await, Outcome::Accepted);
    assert_eq!((theirs.taken(), one.sink().unmarked()), (vec![], 0));
}

#[tokio::test]
async fn what_is_taken_is_answered_at_once_and_redis_hears_of_it_when_it_can() {
    type Action = fn(&mut Server);
    let cases: [(&str, Action, Action); 2] =
        [("suspended", |server| server.pause(), |server| server.resume()), ("killed", Server::kill, Server::restart)];
    for (case, end, begin) in cases {
        let mut engine = Engine::new().await;
        let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver()).await;
        let posting = post_to_waiting(&one, &ours, &[1]).await;
        end(&mut engine.server);
        ours.is_to(Mood::Takes);
        assert_eq!(posting.await.unwrap(), Outcome::Accepted, "{case}");
        // Some attempts to write the key fail.
        if case == "killed" {
            assert_eq!(post(&one, &[2]).await, Outcome::SinkFailed);
        }
        assert!(one.shutdown(Duration::from_millis(300)).await.is_empty());
        begin(&mut engine.server);
        // This shutdown waits for Redis.
        assert!(one.shutdown(TIMEOUT).await.is_empty(), "{case}");
        assert_eq!(engine.ask::<String>(&["GET", &name(1)]).await, "done", "{case}");
        assert_eq!(post(&other, &[1]).await, Outcome::Accepted, "{case}");
        assert_eq!((theirs.taken(), one.sink().unmarked()), (vec![], 0), "{case}");
    }
}

#[tokio::test]
async fn what_redis_never_hears_of_is_counted() {
    let mut engine = Engine::new().await;
    let (one, ours) = engine.receiver_with(|dedupe| dedupe.in_flight(Duration::from_secs(3))).await;
    let posting = post_to_waiting(&one, &ours, &[1, 2]).await;
    engine.server.kill();
    ours.is_to(Mood::Takes);
    assert_eq!(posting.await.unwrap(), Outcome::Accepted);
    // The key is written again and again until its claim would have expired.
    assert!(one.shutdown(TIMEOUT).await.is_empty());
    assert_eq!(one.sink().unmarked(), 2);
}

#[tokio::test]
async fn after_a_disturbance_the_first_delivery_is_taken_and_marks_are_still_there() {
    for case in ["a restart", "a restart, with a connection of another kind", "scripts that Redis forgot"] {
        let mut engine = Engine::new().await;
        let client = redis::Client::open(engine.server.url()).unwrap();
        let dedupe = match case {
            "a restart, with a connection of another kind" => {
                DedupeSettings::over(client.get_connection_manager().await.unwrap()).timeout(TIMEOUT)
            }
            _ => engine.dedupe().await,
        };
        let ours = Taker::default();
        let one = webhook().deadline(FOREVER).sink(dedupe.around(ours.clone()));
        assert_eq!(post(&one, &[1]).await, Outcome::Accepted, "{case}");
        engine.until_done(1).await;
        match case {
            "scripts that Redis forgot" => engine.ask::<()>(&["SCRIPT", "FLUSH"]).await,
            _ => engine.server.restart(),
        }
        assert_eq!(post(&one, &[1, 2]).await, Outcome::Accepted, "{case}");
        engine.until_done(2).await;
        assert_eq!(ours.taken(), [key(1), key(2)], "{case}");
    }
}

#[tokio::test]
async fn a_redis_without_room_is_one_that_does_not_answer() {
    let engine = Engine::new().await;
    let trusting = |dedupe: DedupeSettings| dedupe.when_down(WhenDown::Trust).timeout(Duration::from_millis(300));
    let ((one, ours), (other, theirs)) = join(engine.receiver(), engine.receiver_with(trusting)).await;
    engine.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(post(&one, &[1]).await, Outcome::SinkFailed);
    assert_eq!(post(&other, &[2]).await, Outcome::Accepted);
    engine.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    post_until_taken(&one, &[1]).await;
    assert_eq!((ours.taken(), theirs.taken()), (vec![key(1)], vec![key(2)]));
}
