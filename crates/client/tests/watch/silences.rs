//! Periods in which nothing arrives for too long.

use birdhook_client::ManagementApi;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::ChallengeSchedule;

use crate::watch::world::{World, at, m};

#[tokio::test]
async fn a_time_without_events_is_a_gap_and_is_told_whole() {
    let world = World::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    world.advance(m(10)).await;
    world.happen(MockEventKind::Like).await;
    world.advance(m(60)).await;
    assert!(world.step().await.is_empty());
    world.mood(|mood| mood.status = 503);
    world.happen(MockEventKind::Follow).await;
    world.mood(|mood| mood.status = 200);
    world.advance(m(1)).await;
    assert_eq!(world.step().await, ["gap 10 71 no_events", "later 10 71 81"]);
    world.advance(m(10)).await;
    assert_eq!(world.step().await, ["replaying 10 71", "replayed 10 71 true"]);
    // A replayed event does not show that new ones arrive.
    world.advance(m(9)).await;
    assert!(world.step().await.is_empty());
    assert_eq!(world.taken(), ["liked", "followed"]);
    world.happen(MockEventKind::Block).await;
    assert_eq!(world.step().await, ["gap 71 90 no_events", "later 71 90 102"]);
    world.happen(MockEventKind::Mute).await;
    world.advance(m(12)).await;
    assert_eq!(world.step().await, ["replaying 71 90", "replayed 71 90 true"]);
    assert!(world.step().await.is_empty(), "the silence is over");
}

#[tokio::test]
async fn a_time_without_challenges_is_a_gap_from_the_last_sign_of_x() {
    let silent = |world: World| async move {
        world.watch.challenged(at(0));
        world.advance(m(26 * 60)).await;
        assert!(world.step().await.is_empty());
        world
    };
    let never = || World::with(ManagementApi::V2, |x| x.challenges_v2.schedule = ChallengeSchedule::Never, |_| ());
    let world = silent(never().await).await;
    world.advance(m(1)).await;
    let told = world.step().await;
    assert_eq!(told[..2], ["gap 0 1561 no_challenges", "lost 0 121 too_old"]);
    assert_eq!(told[2], "replaying 121 241");

    let world = silent(never().await).await;
    world.happen(MockEventKind::Like).await;
    world.advance(m(1)).await;
    assert_eq!(world.step().await, ["gap 1560 1561 no_challenges", "later 1560 1561 1591"]);
}

#[tokio::test]
async fn challenges_that_the_app_does_not_tell_are_not_missed() {
    let world = World::with(ManagementApi::V2, |x| x.challenges_v2.schedule = ChallengeSchedule::Never, |_| ()).await;
    world.advance(m(30 * 60)).await;
    assert!(world.step().await.is_empty());
}

#[tokio::test]
async fn challenges_as_x_sends_them_are_enough() {
    let world = World::new(ManagementApi::V2).await;
    for _ in 0..100 {
        world.advance(m(60)).await;
        assert!(world.step().await.is_empty());
    }
}

#[tokio::test]
async fn what_came_before_the_watch_began_counts() {
    let world = World::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    world.watch.record_activity(at(-59));
    assert!(world.step().await.is_empty());
    world.advance(m(2)).await;
    assert_eq!(world.step().await, ["gap -59 2 no_events", "later -59 2 12"]);
}

#[tokio::test]
async fn the_silence_of_an_invalid_webhook_is_one_gap() {
    let world = World::with(ManagementApi::V2, |_| (), |settings| settings.event_silence = Some(m(60))).await;
    world.happen(MockEventKind::Like).await;
    world.step().await;
    world.invalidate().await;
    world.advance(m(100)).await;
    assert_eq!(world.step().await, ["invalid 0", "still_invalid"]);
    world.mood(|mood| mood.is_right = true);
    world.advance(m(20)).await;
    assert_eq!(world.step().await, ["revalidated", "gap 0 120 invalid", "later 0 120 130"]);
    world.advance(m(60)).await;
    assert_eq!(world.step().await, ["replaying 0 120", "replayed 0 120 true"]);
}
