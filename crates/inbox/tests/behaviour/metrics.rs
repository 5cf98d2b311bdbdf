//! The metrics recorded with the `metrics` crate.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use crate::support::backend::{Fate, Switch};
use crate::support::clock::SetClock;
use crate::support::{PATIENCE, Receiver, deletions, inbox_settings, wait_until};
use birdhook_pipeline::{Delivery, EventSink, SinkError};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// Reads all metrics. This resets counters and histograms.
fn read(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics.map(|(key, _, _, value)| (key.key().name().to_owned(), value)).collect()
}

fn histogram(metrics: &BTreeMap<String, DebugValue>, name: &str) -> Vec<f64> {
    match metrics.get(name) {
        Some(DebugValue::Histogram(values)) => values.iter().map(|value| value.into_inner()).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Fails first, then refuses, then accepts every event.
#[derive(Default)]
struct Moody(AtomicUsize);

impl EventSink for Moody {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        ready(match self.0.fetch_add(1, SeqCst) {
            0 => Err(SinkError::Full),
            1 => Err(SinkError::refused("no")),
            _ => Ok(()),
        })
    }
}

/// Set in the process that runs the test below alone.
const ALONE: &str = "BIRDHOOK_TEST_ALONE";

/// The writer records from its own thread, so the recorder must be that of the whole process. The
/// test runs in a process of its own, because other tests would record there too.
#[test]
fn records_every_documented_metric() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(every_documented_metric_has_its_value());
    }
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "behaviour::metrics::records_every_documented_metric", "--nocapture"]);
    let ended = alone.env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}

async fn every_documented_metric_has_its_value() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let clock = SetClock::at(Duration::from_secs(1_000_000));
    let switch = Arc::<Switch>::default();
    let settings = inbox_settings().clock(clock.clone()).max_attempts(1);
    let receiver = Receiver::failing(&switch, settings).await;

    receiver.send(&deletions("7", [1, 2, 3])).await;
    receiver.send(&deletions("7", [4])).await;
    receiver.next().await.nack(None).await.unwrap();
    receiver.next().await.ack().await.unwrap();
    clock.advance(Duration::from_millis(2500));
    receiver.read_the_clock().await;
    let metrics = read(&snapshotter);
    let disk = receiver.inbox.stats().disk as f64;
    assert!(disk > 0.0);
    let gauges =
        [("depth", 2.0), ("oldest_seconds", 2.5), ("dead_letters", 1.0), ("remembered", 4.0), ("disk_bytes", disk)];
    for (name, value) in gauges {
        let gauge = metrics.get(&format!("birdhook_inbox_{name}"));
        assert_eq!(gauge, Some(&DebugValue::Gauge(value.into())), "{name}");
    }
    assert_eq!(histogram(&metrics, "birdhook_inbox_commit_events"), [3.0, 1.0], "acknowledgements are not counted");
    let seconds = histogram(&metrics, "birdhook_inbox_commit_seconds");
    assert!(seconds.len() == 2 && seconds.iter().all(|took| *took > 0.0 && *took < PATIENCE.as_secs_f64()));
    assert!(!metrics.contains_key("birdhook_inbox_failures_total"));

    switch.set(Fate::Lost);
    assert_eq!(receiver.send(&deletions("7", [5])).await, 503);
    switch.set(Fate::Done);
    let metrics = read(&snapshotter);
    assert_eq!(metrics.get("birdhook_inbox_failures_total"), Some(&DebugValue::Counter(1)));
    let mut seen: Vec<_> = metrics.into_keys().collect();

    // The store is reopened.
    clock.advance(Duration::from_secs(1));
    // Of the two events left, the relay's sink fails for one and then refuses it. It accepts the
    // other.
    let relaying = tokio::spawn(receiver.inbox.relay(Moody::default()).concurrency(1).run());
    wait_until(|| receiver.inbox.stats().depth == 0).await;
    let counted: Vec<_> = snapshotter.snapshot().into_vec();
    for result in ["waiting", "refused", "relayed"] {
        let is_it = |key: &metrics::Key| {
            key.name() == "birdhook_inbox_relayed_total" && key.labels().any(|label| label.value() == result)
        };
        let found = counted.iter().find(|(key, _, _, _)| is_it(key.key()));
        assert_eq!(found.map(|(_, _, _, value)| value), Some(&DebugValue::Counter(1)), "{result}");
    }
    receiver.close().await;
    relaying.await.unwrap();

    seen.extend(counted.iter().map(|(key, _, _, _)| key.key().name().to_owned()));
    let seen: BTreeSet<_> =
        seen.iter().filter(|name| name.starts_with("birdhook_inbox_")).map(String::as_str).collect();
    let documented = include_str!("../../src/lib.rs").split('`').filter(|word| word.starts_with("birdhook_inbox_"));
    let documented: BTreeSet<_> = documented.filter_map(|name| name.split('{').next()).collect();
    // Built with the whole workspace, the pipeline records metrics too; they are filtered out
    // above.
    assert_eq!(seen, documented);
}
