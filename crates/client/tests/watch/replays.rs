use birdhook_client::ManagementApi;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{DeliveryCause, DeliveryOrder, Occasion, ReplayAnswer};

use crate::watch::fixture::{Fixture, m};

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

fn again(fixture: &Fixture) -> Vec<MockEventKind> {
    fixture.x.ledger().sent().iter().filter(|sent| sent.cause == DeliveryCause::Replay).map(|sent| sent.kind).collect()
}

/// Creates an event every 30 minutes. The app is down from minute 40 to 195, and reports it at 240.
async fn downtime(api: ManagementApi) -> Fixture {
    let fixture = Fixture::new(api).await;
    for (number, kind) in KINDS.into_iter().enumerate() {
        let is_down = (2..7).contains(&number);
        fixture.status(if is_down { 503 } else { 200 });
        fixture.emit(kind).await;
        fixture.advance(m(30)).await;
    }
    assert_eq!(fixture.accepted(), ["liked", "followed", "unmuted"]);
    fixture.was_down(40..195);
    fixture
}

#[tokio::test]
async fn a_gap_is_replayed_in_consecutive_jobs() {
    for api in [ManagementApi::V2, ManagementApi::Enterprise] {
        let fixture = downtime(api).await;
        // Retries of 1.1 may or may not have arrived meanwhile.
        let before = fixture.accepted().len();
        fixture.x.hold();
        assert_eq!(fixture.watch.step().await.len(), 2, "the gap and the first job");
        assert_eq!(fixture.watch.pending().len(), 2);
        for _ in 0..3 {
            assert!(fixture.watch.step().await.is_empty(), "nothing is asked while a job is under way");
        }
        assert_eq!(fixture.replays(), ["202611231010-202611231210"], "{api:?}");
        fixture.x.release(DeliveryOrder::AsHappened, 1);
        fixture.x.settle().await;
        assert_eq!(again(&fixture), KINDS[2..6]);

        assert_eq!(fixture.step().await, ["replayed 40 160 true", "replaying 160 195", "replayed 160 195 true"]);
        assert_eq!(fixture.replays()[1..], ["202611231210-202611231245"]);
        assert!(fixture.step().await.is_empty());
        assert_eq!(again(&fixture), KINDS[2..7], "all that was missed, and nothing else");
        let jobs = fixture.x.ledger().challenges().iter().filter(|one| one.occasion == Occasion::Replay).count();
        assert_eq!((jobs, fixture.replays().len()), (2, 2));
        assert_eq!(fixture.accepted().len(), before + 5);
        assert!(fixture.watch.pending().is_empty());
    }
}

#[tokio::test]
async fn replayed_duplicates_are_dropped_by_the_receiver() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.miss(MockEventKind::Follow).await;
    fixture.advance(m(60)).await;
    fixture.was_down(0..1);
    assert_eq!(fixture.step().await, ["gap 0 1 down", "replaying 0 1", "replayed 0 1 true"]);
    assert_eq!(again(&fixture), [MockEventKind::Like, MockEventKind::Follow], "X knows no seconds");
    assert_eq!(fixture.accepted(), ["liked", "followed"]);
}

#[tokio::test]
async fn only_the_part_within_the_window_is_replayed() {
    for (api, lost, jobs) in [(ManagementApi::V2, true, 2), (ManagementApi::Enterprise, false, 5)] {
        let fixture = Fixture::new(api).await;
        fixture.advance(m(30 * 60)).await;
        fixture.was_down(0..10 * 60);
        let mut events = fixture.step().await;
        assert_eq!(events.remove(0), "gap 0 600 down");
        assert_eq!(events.contains(&"lost 0 360 too_old".to_owned()), lost, "{events:?}");
        assert_eq!(fixture.replays().len(), jobs, "{api:?}");
        assert_eq!(fixture.replays().last().unwrap(), "202611231730-202611231930");
    }
    let fixture = Fixture::with_gap(40 * 60, 0..10 * 60).await;
    assert_eq!(fixture.step().await, ["gap 0 600 down", "lost 0 600 too_old"]);
    assert!(fixture.replays().is_empty());
}

#[tokio::test]
async fn a_recent_gap_is_requested_as_soon_as_x_accepts_it() {
    let fixture = Fixture::new(ManagementApi::V2).await;
    fixture.status(503);
    fixture.advance(m(100)).await;
    fixture.emit(MockEventKind::Like).await;
    fixture.status(200);
    fixture.advance(m(50)).await;
    fixture.was_down(0..150);
    // The first two hours can be replayed now. The rest began only 30 minutes ago.
    let events = fixture.step().await;
    assert_eq!(events, ["gap 0 150 down", "replaying 0 120", "replayed 0 120 true", "later 120 150 160"]);
    assert!(fixture.step().await.is_empty(), "it is reported once");
    fixture.advance(m(9)).await;
    assert!(fixture.step().await.is_empty());
    fixture.advance(m(1)).await;
    assert_eq!(fixture.step().await, ["replaying 120 150", "replayed 120 150 true"]);
    assert_eq!(fixture.replays(), ["202611230930-202611231130", "202611231130-202611231200"]);
}

#[tokio::test]
async fn overlapping_gaps_are_replayed_once_in_order() {
    let fixture = Fixture::with_gap(300, 100..130).await;
    fixture.was_down(20..40);
    fixture.was_down(30..110);
    fixture.was_down(5..5);
    let events = fixture.step().await;
    assert_eq!(events[..3], ["gap 100 130 down", "gap 20 40 down", "gap 30 110 down"]);
    let expected = ["202611230950-202611231010", "202611231010-202611231110", "202611231110-202611231140"];
    assert_eq!(fixture.replays(), expected);
}

#[tokio::test]
async fn replays_can_be_disabled() {
    let fixture = Fixture::with(ManagementApi::V2, |_| (), |settings| settings.replays = false).await;
    fixture.advance(m(300)).await;
    fixture.was_down(0..100);
    assert_eq!(fixture.step().await, ["gap 0 100 down"]);
    assert!(fixture.step().await.is_empty() && fixture.replays().is_empty());
}

#[tokio::test]
async fn a_job_without_an_id_ends_with_any_status() {
    let fixture =
        Fixture::with(ManagementApi::V2, |x| x.contradictions.replay_answer = ReplayAnswer::Sample, |_| ()).await;
    fixture.advance(m(300)).await;
    fixture.was_down(0..180);
    let mut events = fixture.step().await;
    assert_eq!(events.remove(0), "gap 0 180 down");
    assert_eq!(events, ["replaying 0 120", "replayed 0 120 true", "replaying 120 180", "replayed 120 180 true"]);
}

#[tokio::test]
async fn the_next_job_does_not_wait_for_the_next_poll() {
    let fixture = Fixture::with(ManagementApi::V2, |_| (), |settings| settings.poll_interval = m(60)).await;
    fixture.advance(m(600)).await;
    fixture.was_down(0..180);
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let watch = fixture.watch.clone();
    let running =
        tokio::spawn(async move { watch.run(|event| sender.send(crate::watch::fixture::line(&event)).unwrap()).await });
    let mut all = Vec::new();
    while all.last().map(String::as_str) != Some("replayed 120 180 true") {
        all.push(tokio::time::timeout(m(1), events.recv()).await.unwrap().unwrap());
    }
    running.abort();
    all.retain(|line| line != "refused 120 180");
    let jobs = ["replaying 0 120", "replayed 0 120 true", "replaying 120 180", "replayed 120 180 true"];
    assert_eq!(all[1..], jobs);
}
