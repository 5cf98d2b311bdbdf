use birdhook_client::ManagementApi;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::ChallengeSchedule;

use crate::support::receiver::Crc;
use crate::watch::fixture::{Fixture, at, m};

#[tokio::test]
async fn a_time_without_events_is_a_gap() {
    let fixture = Fixture::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    fixture.advance(m(10)).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.advance(m(60)).await;
    assert!(fixture.step().await.is_empty());
    fixture.miss(MockEventKind::Follow).await;
    fixture.advance(m(1)).await;
    assert_eq!(fixture.step().await, ["gap 10 71 no_events", "later 10 71 81"]);
    fixture.advance(m(10)).await;
    assert_eq!(fixture.step().await, ["replaying 10 71", "replayed 10 71 true"]);
    // A replayed event does not show that new ones arrive.
    fixture.advance(m(9)).await;
    assert!(fixture.step().await.is_empty());
    assert_eq!(fixture.accepted(), ["liked", "followed"]);
    fixture.emit(MockEventKind::Block).await;
    assert_eq!(fixture.step().await, ["gap 71 90 no_events", "later 71 90 102"]);
    fixture.emit(MockEventKind::Mute).await;
    fixture.advance(m(12)).await;
    assert_eq!(fixture.step().await, ["replaying 71 90", "replayed 71 90 true"]);
    assert!(fixture.step().await.is_empty(), "the silence is over");
}

#[tokio::test]
async fn a_time_without_challenges_is_a_gap_from_the_last_event() {
    let silent = |fixture: Fixture| async move {
        fixture.watch.challenged(at(0));
        fixture.advance(m(26 * 60)).await;
        assert!(fixture.step().await.is_empty());
        fixture
    };
    let never = || Fixture::with(ManagementApi::V2, |x| x.challenges_v2.schedule = ChallengeSchedule::Never, |_| ());
    let fixture = silent(never().await).await;
    fixture.advance(m(1)).await;
    let events = fixture.step().await;
    assert_eq!(events[..2], ["gap 0 1561 no_challenges", "lost 0 121 too_old"]);
    assert_eq!(events[2], "replaying 121 241");

    let fixture = silent(never().await).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.advance(m(1)).await;
    assert_eq!(fixture.step().await, ["gap 1560 1561 no_challenges", "later 1560 1561 1591"]);
}

#[tokio::test]
async fn unreported_challenges_cause_no_gap() {
    let fixture =
        Fixture::with(ManagementApi::V2, |x| x.challenges_v2.schedule = ChallengeSchedule::Never, |_| ()).await;
    fixture.advance(m(30 * 60)).await;
    assert!(fixture.step().await.is_empty());
}

#[tokio::test]
async fn x_s_schedule_of_challenges_causes_no_gap() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    for _ in 0..100 {
        fixture.advance(m(60)).await;
        assert!(fixture.step().await.is_empty());
    }
}

#[tokio::test]
async fn activity_before_the_watch_began_counts() {
    let fixture = Fixture::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    fixture.watch.record_activity(at(-59));
    assert!(fixture.step().await.is_empty());
    fixture.advance(m(2)).await;
    assert_eq!(fixture.step().await, ["gap -59 2 no_events", "later -59 2 12"]);
}

#[tokio::test]
async fn the_silence_of_an_invalid_webhook_is_one_gap() {
    let fixture = Fixture::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.step().await;
    fixture.invalidate().await;
    fixture.advance(m(100)).await;
    assert_eq!(fixture.step().await, ["invalid 0", "still_invalid"]);
    fixture.crc(Crc::Right);
    fixture.advance(m(20)).await;
    assert_eq!(fixture.step().await, ["revalidated", "gap 0 120 invalid", "later 0 120 130"]);
    fixture.advance(m(60)).await;
    assert_eq!(fixture.step().await, ["replaying 0 120", "replayed 0 120 true"]);
}
