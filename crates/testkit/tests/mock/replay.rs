//! Replay jobs: their dates, their deliveries, and their status.

use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, MockApi, MockWebhook, Occasion, ReplayEnd};
use serde_json::{Value, json};

use crate::mock::receiver::Take;
use crate::mock::world::{START, USER, World, h, s};

/// The manual clock starts at 2026-11-23T09:30:00Z.
const FROM: &str = "202611230930";

fn path(id: &str, from: &str, to: &str) -> String {
    format!("/1.1/account_activity/replay/webhooks/{id}/subscriptions/all.json?from_date={from}&to_date={to}")
}

async fn replay(world: &World, webhook: &MockWebhook, from: &str, to: &str) -> (u16, Value) {
    match webhook.generation {
        MockApi::V2 => {
            let body = json!({"webhook_id": webhook.id, "from_date": from, "to_date": to}).to_string();
            world.call("POST", "/2/webhooks/replay", world.bearer(), &body).await.both()
        }
        _ => world.call("POST", &path(&webhook.id, from, to), world.bearer(), "").await.both(),
    }
}

/// Returns the kinds and causes of the deliveries after the first `before`.
fn since(world: &World, before: usize) -> Vec<(MockEventKind, DeliveryCause)> {
    world.x.ledger().sent().iter().skip(before).map(|sent| (sent.kind, sent.cause)).collect()
}

#[tokio::test]
async fn a_replay_repeats_attempted_deliveries_in_order_and_reports_its_end() {
    for generation in [MockApi::Enterprise, MockApi::V2] {
        let (world, webhook) = World::registered(generation).await;
        world.x.subscribe(&webhook, USER).unwrap();
        world.receiver.set().take = Take::Status(503);
        world.x.emit(MockEventKind::Like, USER);
        world.advance(s(600)).await;
        world.receiver.set().take = Take::Status(200);
        world.x.emit(MockEventKind::Follow, USER);
        // No webhook is subscribed to this user, so there is nothing to replay.
        world.x.emit(MockEventKind::Like, "3003");
        world.x.settle().await;
        world.advance(h(2)).await;

        let before = world.x.ledger().sent().len();
        let challenges = world.receiver.challenges().len();
        let (status, reply) = replay(&world, &webhook, FROM, "202611231000").await;
        let job = match generation {
            MockApi::V2 => {
                assert_eq!((status, &reply["data"]["created_at"]), (200, &json!("2026-11-23T11:40:00.000Z")));
                reply["data"]["job_id"].clone()
            }
            _ => {
                assert_eq!((status, &reply["created_at"]), (202, &json!("2026-11-23T11:40:00Z")));
                reply["job_id"].clone()
            }
        };
        assert_eq!(world.receiver.challenges().len(), challenges + 1, "the webhook is challenged first");
        assert_eq!(world.x.ledger().challenges().last().unwrap().occasion, Occasion::Replay);
        world.x.settle().await;
        let status = (MockEventKind::Replay, DeliveryCause::ReplayStatus);
        let expected =
            [(MockEventKind::Like, DeliveryCause::Replay), (MockEventKind::Follow, DeliveryCause::Replay), status];
        assert_eq!(since(&world, before), expected, "{generation:?}");

        let sent = world.x.ledger().sent();
        let again: Vec<_> = sent.iter().filter(|one| one.cause == DeliveryCause::Replay).collect();
        let first: Vec<_> =
            sent.iter().filter(|one| one.cause == DeliveryCause::MockEvent && one.attempt == 1).collect();
        assert_eq!((&again[0].body, &again[1].body), (&first[0].body, &first[1].body), "byte by byte");
        let end: Value = serde_json::from_slice(&world.receiver.deliveries().last().unwrap().body).unwrap();
        let expected = json!({"replay_job_status": {
            "webhook_id": webhook.id,
            "job_state": "Complete",
            "job_state_description": "Job completed successfully",
            "job_id": job,
        }});
        assert_eq!(end, expected);
        world.x.ledger().expect(MockEventKind::Replay.event_kind()).await.unwrap();
        world.x.ledger().every_200_was_consumed().await.unwrap();
    }
}

#[tokio::test]
async fn a_replay_covers_its_minutes() {
    let world = World::with(|settings| settings.contradictions.replay_end = ReplayEnd::Exclusive).await;
    let webhook = world.subscribe(MockApi::V2).await;
    let kinds = [MockEventKind::Like, MockEventKind::Follow, MockEventKind::Block, MockEventKind::Mute];
    for kind in kinds {
        world.emit(kind).await;
        world.advance(s(60)).await;
    }
    world.advance(h(1)).await;
    for (from, to, expected) in [
        ("202611230930", "202611230934", &kinds[..]),
        ("202611230931", "202611230933", &kinds[1..3]),
        ("202611230933", "202611230950", &kinds[3..]),
        ("202611230900", "202611230930", &[]),
    ] {
        let before = world.x.ledger().sent().len();
        assert_eq!(replay(&world, &webhook, from, to).await.0, 200, "{from}");
        world.x.settle().await;
        let mut sent: Vec<MockEventKind> = since(&world, before).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(sent.pop(), Some(MockEventKind::Replay), "{from}");
        assert_eq!(sent, expected, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_replay_does_not_retry_and_reports_its_failure() {
    let (world, webhook) = World::subscribed_v1().await;
    world.x.emit(MockEventKind::Like, USER);
    world.x.emit(MockEventKind::Follow, USER);
    world.advance(h(1)).await;
    let before = world.x.ledger().sent().len();
    world.receiver.set().take = Take::Statuses(vec![200, 500, 200]);
    assert_eq!(replay(&world, &webhook, FROM, "202611230940").await.0, 202);
    world.advance(h(1)).await;
    assert_eq!(since(&world, before).len(), 3);
    let end: Value = serde_json::from_slice(&world.receiver.deliveries().last().unwrap().body).unwrap();
    assert_eq!(end["replay_job_status"]["job_state"], "Incomplete");
}

#[tokio::test]
async fn a_webhook_has_one_job_at_a_time() {
    let world = World::new().await;
    let url = format!("{}/2", world.receiver.url);
    let second = world.x.register_for(world.app(), &url, MockApi::Enterprise).await.unwrap();
    let webhook = world.subscribe(MockApi::Enterprise).await;
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(1)).await;
    world.x.hold();
    assert_eq!(replay(&world, &webhook, FROM, "202611230940").await.0, 202);
    let challenges = world.receiver.challenges().len();
    let reply = world.call("POST", &path(&webhook.id, FROM, "202611230940"), world.bearer(), "").await;
    assert_eq!(reply.error(), (409, 355, "A replay job is already in progress for this webhook."));
    let body = json!({"webhook_id": webhook.id, "from_date": FROM, "to_date": "202611230940"}).to_string();
    let reply = world.call("POST", "/2/webhooks/replay", world.bearer(), &body).await;
    assert_eq!(reply.reason(), (409, "ReplayConflictError"));
    assert_eq!(reply.body["title"], "Conflict");
    assert_eq!(world.receiver.challenges().len(), challenges, "it is refused before any challenge");
    assert_eq!(replay(&world, &second, FROM, "202611230940").await.0, 202, "another webhook has its own");
    // Live events continue during the replay.
    world.x.emit(MockEventKind::Follow, USER);
    world.x.release(birdhook_testkit::mock::DeliveryOrder::AsHappened, 1);
    world.x.settle().await;
    assert!(world.delivered().contains(&MockEventKind::Follow));
    assert_eq!(replay(&world, &webhook, FROM, "202611230940").await.0, 202, "when the end has been reported");
}

#[tokio::test]
async fn concurrent_calls_start_one_job() {
    let (world, webhook) = World::subscribed_v1().await;
    world.advance(h(1)).await;
    world.x.hold();
    let ask = || replay(&world, &webhook, FROM, "202611230940");
    let (one, other) = tokio::join!(ask(), ask());
    let mut both = [one.0, other.0];
    both.sort_unstable();
    assert_eq!(both, [202, 409]);
}

#[tokio::test]
async fn a_replay_requires_a_webhook_that_passes_its_challenge() {
    let (world, _) = World::subscribed_v1().await;
    world.x.emit(MockEventKind::Like, USER);
    world.advance(h(1)).await;
    world.play("a replay requires a webhook that passes its challenge").await;
    assert_eq!(world.receiver.challenges().len(), 2, "an invalid one is not challenged again");
    assert_eq!(world.delivered().len(), 1, "nothing was sent again");
}

#[tokio::test]
async fn rejects_invalid_dates_and_ids() {
    let world = World::with(|settings| settings.rate_limits = false).await;
    world.webhook(MockApi::Enterprise).await;
    assert_eq!(world.x.clock().now().as_millis(), START, "09:30");
    world.play("1.1: replays have valid dates and ids").await;
    world.x.settle().await;
    world.play("v2: replays have valid dates and ids").await;
    world.x.settle().await;
    world.play("v2: a replay of the last possible minutes").await;
}
