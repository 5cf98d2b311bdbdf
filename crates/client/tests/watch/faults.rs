//! Outages of X, and replays that fail.

use birdhook_client::{ManagementApi, WatchEvent};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, DeliveryOrder, Outage};

use crate::watch::world::{World, at, m};

#[tokio::test]
async fn x_may_be_down() {
    for outage in [Outage::Internal, Outage::Unavailable] {
        let world = World::new(ManagementApi::V2).await;
        world.step().await;
        world.advance(m(300)).await;
        world.x.set_outage(Some(outage));
        world.watch.was_down(at(0), at(60));
        let told = world.watch.step().await;
        assert!(
            matches!(&told[..], [WatchEvent::Gap(_), WatchEvent::Unknown { error }] if error.is_retryable()),
            "{told:?}"
        );
        assert_eq!(world.step().await, ["unknown"]);
        assert!(world.asked().is_empty(), "a webhook of which nothing is known is not replayed to");
        world.x.set_outage(None);
        assert_eq!(world.step().await, ["replaying 0 60", "replayed 0 60 true"], "and its state was no gap");
    }
}

#[tokio::test]
async fn x_may_be_down_when_it_is_asked_to_challenge_or_to_replay() {
    let world = World::new(ManagementApi::V2).await;
    world.invalidate().await;
    world.step().await;
    world.x.set_outage(Some(Outage::Unavailable));
    assert_eq!(world.step().await, ["unknown"]);
    world.x.set_outage(None);
    world.mood(|mood| mood.is_right = true);
    world.advance(m(60)).await;
    assert_eq!(world.step().await, ["revalidated", "gap 0 60 invalid", "later 0 60 70"]);
}

#[tokio::test]
async fn a_status_that_never_comes_is_not_waited_for_for_ever() {
    let world = World::new(ManagementApi::V2).await;
    world.mood(|mood| mood.tells_ends = false);
    world.advance(m(60)).await;
    world.watch.was_down(at(0), at(10));
    assert_eq!(world.step().await, ["gap 0 10 down", "replaying 0 10"]);
    world.advance(m(120)).await;
    assert!(world.step().await.is_empty());
    world.advance(m(1)).await;
    assert_eq!(world.step().await, ["no_status 0 10", "replaying 0 10"], "asked again");
    world.advance(m(121)).await;
    assert_eq!(world.step().await, ["no_status 0 10", "lost 0 10 no_status"]);
    assert_eq!(world.asked().len(), 2);
    assert!(world.watch.pending().is_empty());
}

#[tokio::test]
async fn a_job_that_x_still_has_under_way_is_waited_for() {
    let world = World::new(ManagementApi::V2).await;
    world.happen(MockEventKind::Like).await;
    world.advance(m(60)).await;
    world.watch.was_down(at(0), at(10));
    world.x.hold();
    assert_eq!(world.watch.step().await.len(), 2);
    world.advance(m(121)).await;
    assert_eq!(world.step().await, ["no_status 0 10", "refused 0 10"]);
    let told = world.step().await;
    assert!(told.is_empty(), "the same is not told twice: {told:?}");
    assert_eq!(world.watch.pending().len(), 1);
    world.x.release(DeliveryOrder::AsHappened, 1);
    world.x.settle().await;
    assert_eq!(world.step().await, ["replaying 0 10", "replayed 0 10 true"]);
}

#[tokio::test]
async fn what_the_receiver_did_not_take_is_asked_for_again_once() {
    let fails_twice = &["replayed 0 10 false", "lost 0 10 incomplete"][..];
    for (second, told) in [(200, &["replayed 0 10 true"][..]), (500, fails_twice)] {
        let world = World::new(ManagementApi::V2).await;
        world.happen(MockEventKind::Like).await;
        world.advance(m(60)).await;
        world.watch.was_down(at(0), at(10));
        world.mood(|mood| mood.next = [500, 200, second, 200].into());
        let all = world.step().await;
        assert_eq!(all[..4], ["gap 0 10 down", "replaying 0 10", "replayed 0 10 false", "replaying 0 10"]);
        assert_eq!(all[4..], *told);
        let sent = world.x.ledger().sent();
        assert_eq!(sent.iter().filter(|one| one.cause == DeliveryCause::Replay).count(), 2);
        assert!(world.step().await.is_empty());
    }
}

#[tokio::test]
async fn a_webhook_that_fails_the_challenge_before_a_replay_is_healed_and_replayed_to() {
    let world = World::new(ManagementApi::V2).await;
    world.advance(m(60)).await;
    world.step().await;
    world.watch.was_down(at(0), at(10));
    world.mood(|mood| mood.is_right = false);
    assert_eq!(world.step().await, ["gap 0 10 down", "refused 0 10"]);
    world.mood(|mood| mood.is_right = true);
    world.advance(m(60)).await;
    let told = world.step().await;
    assert_eq!(told[..3], ["invalid 60", "revalidated", "gap 60 120 invalid"]);
    assert_eq!(told[3..], ["replaying 0 10", "replayed 0 10 true", "later 60 120 130"]);
}
