//! The process is killed or terminated many times, at random moments under load.

use birdhook_test_harness::seed::seed;
use std::path::Path;
use std::time::Duration;

use birdhook_pipeline::{ApiSource, EventKey};
use birdhook_testkit::mock::{ChallengeSchedule, MockSettings, MockToken, MockX, RetrySchedule};
use birdhook_testkit::{MockEventKind, read};
use std::collections::HashMap;

use crate::receiver::Receiver;
use birdhook_test_harness::consumption::{APP, Line, events_of};
use birdhook_test_harness::load::{Load, SECRET, SUBSCRIBERS, Traffic};
use birdhook_test_harness::violation::{Violation, holds};

/// Each API sends its own kinds of events, so that no event is reported by both.
const BY_ACTIVITY: [MockEventKind; 3] = [MockEventKind::Bio, MockEventKind::SpaceStart, MockEventKind::ChatReceived];
const BY_ACCOUNT: [MockEventKind; 3] = [MockEventKind::Like, MockEventKind::Mention, MockEventKind::MessageSent];

pub async fn lose_nothing(receiver: &Path, cycles: usize) -> Result<(), Violation> {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let receiver = Receiver::new(receiver);
    let load = Load::new(seed);
    let mut process = receiver.run(&["fails=5"], &[]);
    holds(process.is_ready().await, || "the receiver does not start")?;
    let x = mock(seed, &receiver.url()).await;
    let mut sending = Traffic::new(&load, receiver.url()).start(4);
    for _ in 0..cycles {
        process.kill().await;
        process = receiver.run(&["fails=5"], &[]);
        happen(&x, &mut random);
        // Usually the process is working when it is killed; sometimes it is still starting.
        if random.u8(..5) > 0 {
            holds(process.is_ready().await, || "the receiver does not start again")?;
        }
        tokio::time::sleep(Duration::from_millis(random.u64(..90))).await;
    }
    process.kill().await;
    process = receiver.run(&["fails=5"], &[]);
    holds(process.is_ready().await, || "the receiver does not start in the end")?;
    sending.stop().await;
    x.settle().await;
    process.kill().await;
    let sent = x.ledger().sent();
    let mut events = HashMap::new();
    load.journal(|journal| {
        for sent in &sent {
            let reported = events_of(&sent.body);
            journal.sent(&reported);
            if sent.outcome.is_ok() {
                journal.answered(reported.iter().map(|(key, _)| *key));
            }
            let delivery = read(APP, sent.body.clone()).unwrap();
            events.extend(delivery.events().iter().map(|event| (event.delivery_key(), event.clone())));
        }
    });
    let answered = sent.iter().filter(|sent| sent.outcome.is_ok()).count();
    println!(
        "kills: {cycles}, {} events answered 200, of {} of the mock's {} requests",
        load.count_answered(),
        answered,
        sent.len()
    );
    holds(answered > 0 && load.count_answered() > cycles, || "there was no load")?;
    receiver.settle(&load).await?;
    judged_by_the_mock(&x, &events, &Line::read(&receiver.consumed())).await
}

pub async fn terminations_lose_nothing(receiver: &Path, times: usize) -> Result<(), Violation> {
    let receiver = Receiver::new(receiver);
    let load = Load::new(seed());
    let sending = Traffic::new(&load, receiver.url()).start(4);
    for _ in 0..times {
        let before = load.count_answered();
        let mut process = receiver.run(&["fails=5"], &[]);
        holds(process.is_ready().await, || "the receiver does not start")?;
        while load.count_answered() < before + 40 {
            tokio::task::yield_now().await;
        }
        process.terminate();
        let ended = process.ended().await;
        holds(ended.success(), || format!("asked to end, the receiver ended with {ended}"))?;
    }
    // No receiver is left to answer the requests in progress.
    sending.abandon().await;
    receiver.settle(&load).await
}

/// The simulated X, with short retry delays.
async fn mock(seed: u64, url: &str) -> MockX {
    let mut settings = MockSettings::local();
    (settings.seed, settings.consumer_secret) = (seed, Some(MockToken::new(SECRET)));
    (settings.retries, settings.retry_waits) = (RetrySchedule::Always, vec![Duration::from_millis(40); 500]);
    settings.delivery_timeout = Duration::from_secs(10);
    settings.challenges_v1.schedule = ChallengeSchedule::Never;
    settings.challenges_v2.schedule = ChallengeSchedule::Never;
    (settings.chaos.duplicates, settings.chaos.at_once) = (1, 4);
    let x = MockX::start(settings).await.unwrap();
    let webhook = x.register(url).await.unwrap();
    for subscriber in SUBSCRIBERS {
        x.subscribe(&webhook, subscriber).unwrap();
        BY_ACTIVITY.iter().for_each(|kind| drop(x.subscribe_to(&webhook, subscriber, *kind).unwrap()));
    }
    x
}

fn happen(x: &MockX, random: &mut fastrand::Rng) {
    for kinds in [BY_ACCOUNT, BY_ACTIVITY] {
        let (kind, subscriber) = (random.choice(kinds).unwrap(), random.choice(SUBSCRIBERS).unwrap());
        debug_assert!(kind.api_sources().contains(&ApiSource::XActivity));
        x.emit(kind, subscriber);
    }
}

/// Checks that the simulated X's own record of deliveries agrees.
async fn judged_by_the_mock(
    x: &MockX,
    events: &HashMap<EventKey, birdhook_pipeline::Event>,
    lines: &[Line],
) -> Result<(), Violation> {
    let mut consumed = HashMap::new();
    for line in lines {
        if let Line::Consumed { id, key, .. } = line {
            consumed.insert(id, *key);
        }
    }
    let ledger = x.ledger();
    consumed.values().filter_map(|key| events.get(key)).for_each(|event| ledger.consumed(event));
    let judged = ledger.every_200_was_consumed().await.and_then(|()| ledger.none_consumed_twice());
    judged.map_err(Violation::other)
}
