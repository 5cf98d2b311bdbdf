//! The mock of X delivers with retries, and its ledger decides.

use std::path::Path;
use std::time::Duration;

use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Consumption;
use birdhook_test_harness::load::SECRET;
use birdhook_test_harness::seed::seed;
use birdhook_test_harness::servers::Kind;
use birdhook_test_harness::violation::{Violation, holds};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockSettings, MockToken, MockX, RetrySchedule};
use tokio::time::{Instant, sleep};

use crate::engine::{all_consumed, consumers};
use crate::fleet::Setup;
use crate::instance::start_three;

/// The time between X's attempts. All attempts together take longer than any fault in this test.
const WAIT: Duration = Duration::from_millis(100);
const ATTEMPTS: usize = 100;

const USER: &str = "2001";
const KINDS: [MockEventKind; 4] =
    [MockEventKind::Like, MockEventKind::Mention, MockEventKind::MessageReceived, MockEventKind::PostDelete];

pub async fn balance(program: &Path, kind: Kind, setup: Setup) -> Result<(), Violation> {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut engine = kind.start();
    let (mut instances, balancer) = start_three(program, &engine, setup == Setup::Inbox).await?;
    let mut settings = MockSettings::local();
    (settings.seed, settings.consumer_secret) = (seed, Some(MockToken::new(SECRET)));
    (settings.retries, settings.retry_waits) = (RetrySchedule::Always, vec![WAIT; ATTEMPTS]);
    settings.expect_timeout = TIMEOUT;
    let x = MockX::start(settings).await.map_err(Violation::other)?;
    let consumption = Consumption::reported_to(x.ledger());
    let mut consumers = consumers(&engine, 2, &consumption);

    let webhook = x.register(&balancer.http_url()).await.map_err(Violation::other)?;
    x.subscribe(&webhook, USER).map_err(Violation::other)?;
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
        holds(begun.elapsed() < TIMEOUT, || "X goes on sending")?;
        sent = x.ledger().sent().len();
        x.settle().await;
        sleep(5 * WAIT).await;
    }
    for instance in &mut instances {
        instance.stop().await?;
        instance.empty(&engine).await?;
    }
    all_consumed(&engine, &consumption).await?;
    consumers.shutdown().await;
    x.ledger().every_200_was_consumed().await.map_err(Violation::other)?;
    x.ledger().none_consumed_twice().map_err(Violation::other)?;
    let consumed = x.ledger().count_consumed();
    println!("{sent} requests, {consumed} events consumed of 150");
    holds(consumed == 150, || format!("X tried each until it was accepted, and {consumed} of 150 were consumed"))
}
