//! The mock of X delivers with retries, and its ledger decides.

use std::path::Path;
use std::time::Duration;

use birdhook_inbox_proof::{SECRET, Violation, holds};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockSettings, MockToken, MockX, RetrySchedule};
use tokio::time::{Instant, sleep};

use crate::PATIENCE;
use crate::balancer::Balancer;
use crate::diary::Diary;
use crate::engine::{Engine, Kind};
use crate::fleet::Setup;
use crate::instance::Instance;

/// The time between X's attempts. All attempts together take longer than any fault in this test.
const WAIT: Duration = Duration::from_millis(100);
const ATTEMPTS: usize = 100;

const USER: &str = "2001";
const KINDS: [MockEventKind; 4] =
    [MockEventKind::Like, MockEventKind::Mention, MockEventKind::MessageReceived, MockEventKind::PostDelete];

pub async fn balance(program: &Path, kind: Kind, setup: Setup) -> Result<(), Violation> {
    let seed = birdhook_seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut engine = Engine::start(kind);
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(Instance::start(program, &engine, setup == Setup::Inbox).await?);
    }
    let balancer = Balancer::start(instances.iter().map(Instance::port).collect()).await;
    let mut settings = MockSettings::local();
    (settings.seed, settings.consumer_secret) = (seed, Some(MockToken::new(SECRET)));
    (settings.retries, settings.retry_waits) = (RetrySchedule::Always, vec![WAIT; ATTEMPTS]);
    settings.expect_timeout = PATIENCE;
    let x = MockX::start(settings).await.map_err(|error| Violation::other(error.to_string()))?;
    let diary = Diary::telling(x.ledger());
    let mut consumers = engine.consumers(2, &diary);

    let refused = |error: &dyn std::fmt::Display| Violation::other(format!("X refuses: {error}"));
    let webhook = x.register(&balancer.url()).await.map_err(|error| refused(&error))?;
    x.subscribe(&webhook, USER).map_err(|error| refused(&error))?;
    x.deliver_duplicates(1);
    for round in 0..6 {
        for _ in 0..25 {
            x.emit(random.choice(KINDS).unwrap(), USER);
        }
        sleep(Duration::from_millis(random.u64(..50))).await;
        if round % 3 == 2 {
            engine.kill();
            engine.restart();
        } else {
            let one = random.usize(..instances.len());
            instances[one].kill().await;
            instances[one].restart().await?;
        }
    }
    // X has finished when it sends nothing for longer than the time between two attempts.
    let begun = Instant::now();
    let mut sent = 0;
    while sent < x.ledger().sent().len() {
        holds(begun.elapsed() < PATIENCE, || "X goes on sending".to_owned())?;
        sent = x.ledger().sent().len();
        x.settle().await;
        sleep(5 * WAIT).await;
    }
    for instance in &mut instances {
        instance.stop().await?;
        instance.empty(&engine).await?;
    }
    let taken = engine.taken().await;
    while diary.counts().0 < taken {
        let (seen, _) = diary.counts();
        holds(begun.elapsed() < 2 * PATIENCE, || format!("{seen} of {taken} messages are handed out"))?;
        sleep(Duration::from_millis(10)).await;
    }
    consumers.shutdown().await;
    let said = |error: &dyn std::fmt::Display| Violation::other(error.to_string());
    x.ledger().every_200_was_consumed().await.map_err(|error| said(&error))?;
    x.ledger().none_consumed_twice().map_err(|error| said(&error))?;
    let consumed = x.ledger().count_consumed();
    println!("{sent} requests, {consumed} events consumed of 150");
    holds(consumed == 150, || format!("X tried each until it was taken, and {consumed} of 150 were consumed"))
}
