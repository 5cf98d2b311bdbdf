use birdhook_client::{ManagementApi, WatchEvent};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, DeliveryOrder, Outage};

use crate::support::receiver::Crc;
use crate::watch::fixture::{Fixture, m};

#[tokio::test]
async fn replays_wait_for_the_end_of_an_outage() {
    for outage in [Outage::Internal, Outage::Unavailable] {
        let fixture = Fixture::new(ManagementApi::V2).await;
        fixture.step().await;
        fixture.advance(m(300)).await;
        fixture.x.set_outage(Some(outage));
        fixture.was_down(0..60);
        let events = fixture.watch.step().await;
        let [WatchEvent::Gap(_), WatchEvent::Unknown { error }] = &events[..] else { panic!("{events:?}") };
        assert!(error.is_retryable(), "{error}");
        assert_eq!(fixture.step().await, ["unknown"]);
        assert!(fixture.replays().is_empty(), "a webhook of which nothing is known is not replayed to");
        fixture.x.set_outage(None);
        assert_eq!(fixture.step().await, ["replaying 0 60", "replayed 0 60 true"], "and its state was no gap");
    }
}

#[tokio::test]
async fn an_outage_during_a_revalidation_is_retried() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.invalidate().await;
    fixture.step().await;
    fixture.x.set_outage(Some(Outage::Unavailable));
    assert_eq!(fixture.step().await, ["unknown"]);
    fixture.x.set_outage(None);
    fixture.crc(Crc::Right);
    fixture.advance(m(60)).await;
    assert_eq!(fixture.step().await, ["revalidated", "gap 0 60 invalid", "later 0 60 70"]);
}

#[tokio::test]
async fn the_wait_for_a_job_status_times_out_twice() {
    let fixture = Fixture::with_gap(60, 0..10).await;
    fixture.behaviour().reports_ends = false;
    assert_eq!(fixture.step().await, ["gap 0 10 down", "replaying 0 10"]);
    fixture.advance(m(120)).await;
    assert!(fixture.step().await.is_empty());
    fixture.advance(m(1)).await;
    assert_eq!(fixture.step().await, ["no_status 0 10", "replaying 0 10"], "asked again");
    fixture.advance(m(121)).await;
    assert_eq!(fixture.step().await, ["no_status 0 10", "lost 0 10 no_status"]);
    assert_eq!(fixture.replays().len(), 2);
    assert!(fixture.watch.pending().is_empty());
}

#[tokio::test]
async fn a_running_job_is_awaited() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.advance(m(60)).await;
    fixture.was_down(0..10);
    fixture.x.hold();
    assert_eq!(fixture.watch.step().await.len(), 2);
    fixture.advance(m(121)).await;
    assert_eq!(fixture.step().await, ["no_status 0 10", "refused 0 10"]);
    let events = fixture.step().await;
    assert!(events.is_empty(), "the same is not reported twice: {events:?}");
    assert_eq!(fixture.watch.pending().len(), 1);
    fixture.x.release(DeliveryOrder::AsHappened, 1);
    fixture.x.settle().await;
    assert_eq!(fixture.step().await, ["replaying 0 10", "replayed 0 10 true"]);
}

#[tokio::test]
async fn an_incomplete_replay_is_requested_again_once() {
    let fails_twice = &["replayed 0 10 false", "lost 0 10 incomplete"][..];
    for (second, events) in [(200, &["replayed 0 10 true"][..]), (500, fails_twice)] {
        let fixture = Fixture::new(ManagementApi::V2).await;
        fixture.emit(MockEventKind::Like).await;
        fixture.advance(m(60)).await;
        fixture.was_down(0..10);
        fixture.behaviour().next = [500, 200, second, 200].into();
        let all = fixture.step().await;
        assert_eq!(all[..4], ["gap 0 10 down", "replaying 0 10", "replayed 0 10 false", "replaying 0 10"]);
        assert_eq!(all[4..], *events);
        let sent = fixture.x.ledger().sent();
        assert_eq!(sent.iter().filter(|one| one.cause == DeliveryCause::Replay).count(), 2);
        assert!(fixture.step().await.is_empty());
    }
}

#[tokio::test]
async fn a_webhook_that_fails_the_challenge_before_a_replay_is_revalidated() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.advance(m(60)).await;
    fixture.step().await;
    fixture.was_down(0..10);
    fixture.crc(Crc::OtherSecret);
    assert_eq!(fixture.step().await, ["gap 0 10 down", "refused 0 10"]);
    fixture.crc(Crc::Right);
    fixture.advance(m(60)).await;
    let events = fixture.step().await;
    assert_eq!(events[..3], ["invalid 60", "revalidated", "gap 60 120 invalid"]);
    assert_eq!(events[3..], ["replaying 0 10", "replayed 0 10 true", "later 60 120 130"]);
}
