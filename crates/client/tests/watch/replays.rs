//! The replays that are requested for a gap, and their times.

use birdhook_client::ManagementApi;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, DeliveryOrder, Occasion, ReplayAnswer};

use crate::watch::world::{World, at, m};

const KINDS: [MockEventKind; 8] = [
    MockEventKind::Like,
    MockEventKind::Follow,
    MockEventKind::Block,
    MockEventKind::Mute,
    MockEventKind::MessageReceived,
    MockEventKind::Mention,
    MockEventKind::Unblock,
    MockEventKind::Unmute,
];

/// Returns the kinds that X has sent again, in order.
fn again(world: &World) -> Vec<MockEventKind> {
    world.x.ledger().sent().iter().filter(|sent| sent.cause == DeliveryCause::Replay).map(|sent| sent.kind).collect()
}

/// Creates an event every 30 minutes. The app is down from minute 40 to 195, and reports it at 240.
async fn downtime(api: ManagementApi) -> World {
    let world = World::new(api).await;
    for (number, kind) in KINDS.into_iter().enumerate() {
        let is_down = (2..7).contains(&number);
        world.mood(|mood| mood.status = if is_down { 503 } else { 200 });
        world.happen(kind).await;
        world.advance(m(30)).await;
    }
    assert_eq!(world.taken(), ["liked", "followed", "unmuted"]);
    world.watch.was_down(at(40), at(195));
    world
}

#[tokio::test]
async fn exactly_the_gap_is_replayed_one_job_after_the_other() {
    for api in [ManagementApi::V2, ManagementApi::Enterprise] {
        let world = downtime(api).await;
        // Retries of 1.1 may or may not have arrived meanwhile.
        let before = world.taken().len();
        world.x.hold();
        assert_eq!(world.watch.step().await.len(), 2, "the gap and the first job");
        assert_eq!(world.watch.pending().len(), 2);
        for _ in 0..3 {
            assert!(world.watch.step().await.is_empty(), "nothing is asked while a job is under way");
        }
        assert_eq!(world.asked(), ["202611231010-202611231210"], "{api:?}");
        world.x.release(DeliveryOrder::AsHappened, 1);
        world.x.settle().await;
        assert_eq!(
            again(&world),
            [MockEventKind::Block, MockEventKind::Mute, MockEventKind::MessageReceived, MockEventKind::Mention]
        );

        assert_eq!(world.step().await, ["replayed 40 160 true", "replaying 160 195", "replayed 160 195 true"]);
        assert_eq!(world.asked()[1..], ["202611231210-202611231245"]);
        assert!(world.step().await.is_empty());
        assert_eq!(again(&world), KINDS[2..7], "all that was missed, and nothing else");
        let jobs = world.x.ledger().challenges().iter().filter(|one| one.occasion == Occasion::Replay).count();
        assert_eq!((jobs, world.asked().len()), (2, 2));
        assert_eq!(world.taken().len(), before + 5);
        assert!(world.watch.pending().is_empty());
    }
}

#[tokio::test]
async fn what_was_seen_is_dropped_by_a_receiver_that_remembers() {
    let world = World::new(ManagementApi::V2).await;
    world.happen(MockEventKind::Like).await;
    world.mood(|mood| mood.status = 503);
    world.happen(MockEventKind::Follow).await;
    world.mood(|mood| mood.status = 200);
    world.advance(m(60)).await;
    world.watch.was_down(at(0), at(1));
    assert_eq!(world.step().await, ["gap 0 1 down", "replaying 0 1", "replayed 0 1 true"]);
    assert_eq!(again(&world), [MockEventKind::Like, MockEventKind::Follow], "X knows no seconds");
    assert_eq!(world.taken(), ["liked", "followed"]);
}

#[tokio::test]
async fn what_is_older_than_the_window_is_lost_and_the_rest_is_replayed() {
    for (api, lost, jobs) in [(ManagementApi::V2, true, 2), (ManagementApi::Enterprise, false, 5)] {
        let world = World::new(api).await;
        world.advance(m(30 * 60)).await;
        world.watch.was_down(at(0), at(10 * 60));
        let mut told = world.step().await;
        assert_eq!(told.remove(0), "gap 0 600 down");
        assert_eq!(told.contains(&"lost 0 360 too_old".to_owned()), lost, "{told:?}");
        assert_eq!(world.asked().len(), jobs, "{api:?}");
        assert_eq!(world.asked().last().unwrap(), "202611231730-202611231930");
    }
    let world = World::new(ManagementApi::V2).await;
    world.advance(m(40 * 60)).await;
    world.watch.was_down(at(0), at(10 * 60));
    assert_eq!(world.step().await, ["gap 0 600 down", "lost 0 600 too_old"]);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn what_is_fresh_is_asked_for_as_soon_as_x_takes_it() {
    let world = World::new(ManagementApi::V2).await;
    world.mood(|mood| mood.status = 503);
    world.advance(m(100)).await;
    world.happen(MockEventKind::Like).await;
    world.mood(|mood| mood.status = 200);
    world.advance(m(50)).await;
    world.watch.was_down(at(0), at(150));
    // The first two hours can be replayed now. The rest began only 30 minutes ago.
    let told = world.step().await;
    assert_eq!(told, ["gap 0 150 down", "replaying 0 120", "replayed 0 120 true", "later 120 150 160"]);
    assert!(world.step().await.is_empty(), "that is told once");
    world.advance(m(9)).await;
    assert!(world.step().await.is_empty());
    world.advance(m(1)).await;
    assert_eq!(world.step().await, ["replaying 120 150", "replayed 120 150 true"]);
    assert_eq!(world.asked(), ["202611230930-202611231130", "202611231130-202611231200"]);
}

#[tokio::test]
async fn gaps_that_overlap_are_replayed_once_the_oldest_first() {
    let world = World::new(ManagementApi::V2).await;
    world.advance(m(300)).await;
    world.watch.was_down(at(100), at(130));
    world.watch.was_down(at(20), at(40));
    world.watch.was_down(at(30), at(110));
    world.watch.was_down(at(5), at(5));
    let told = world.step().await;
    assert_eq!(told[..3], ["gap 100 130 down", "gap 20 40 down", "gap 30 110 down"]);
    let expected = ["202611230950-202611231010", "202611231010-202611231110", "202611231110-202611231140"];
    assert_eq!(world.asked(), expected);
}

#[tokio::test]
async fn nothing_is_replayed_when_that_is_not_wanted() {
    let world = World::with(ManagementApi::V2, |_| (), |settings| settings.replays = false).await;
    world.advance(m(300)).await;
    world.watch.was_down(at(0), at(100));
    assert_eq!(world.step().await, ["gap 0 100 down"]);
    assert!(world.step().await.is_empty() && world.asked().is_empty());
}

#[tokio::test]
async fn a_job_without_an_id_ends_with_whatever_ends() {
    let world = World::with(ManagementApi::V2, |x| x.contradictions.replay_answer = ReplayAnswer::Sample, |_| ()).await;
    world.advance(m(300)).await;
    world.watch.was_down(at(0), at(180));
    let mut told = world.step().await;
    assert_eq!(told.remove(0), "gap 0 180 down");
    assert_eq!(told, ["replaying 0 120", "replayed 0 120 true", "replaying 120 180", "replayed 120 180 true"]);
}

#[tokio::test]
async fn a_running_watch_does_not_wait_for_its_next_poll() {
    let world = World::with(ManagementApi::V2, |_| (), |settings| settings.poll_interval = m(60)).await;
    world.advance(m(600)).await;
    world.watch.was_down(at(0), at(180));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watch = world.watch.clone();
    let running =
        tokio::spawn(async move { watch.run(|notice| tell.send(crate::watch::world::line(&notice)).unwrap()).await });
    let mut all = Vec::new();
    while all.last().map(String::as_str) != Some("replayed 120 180 true") {
        all.push(tokio::time::timeout(m(1), told.recv()).await.unwrap().unwrap());
    }
    running.abort();
    all.retain(|line| line != "refused 120 180");
    let jobs = ["replaying 0 120", "replayed 0 120 true", "replaying 120 180", "replayed 120 180 true"];
    assert_eq!(all[1..], jobs);
}
