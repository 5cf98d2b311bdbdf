//! Output to the `metrics` crate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::support::{SECRET, app, asking, deleted, deliver, incoming, pending, secret, webhook, whole};
use birdhook_pipeline::{Backlog, Deliveries, Outcome, Webhook};
use futures_util::{StreamExt, stream};
use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// The queue gauge. When it rises, it drops the channel's receiving half that it holds.
///
/// This hits the moment between counting a delivery and sending it, which otherwise depends on
/// luck.
#[derive(Default)]
struct Depth {
    value: Mutex<f64>,
    dropped_next: Mutex<Option<Deliveries>>,
}

impl GaugeFn for Depth {
    fn increment(&self, by: f64) {
        *self.value.lock().unwrap() += by;
        let deliveries = self.dropped_next.lock().unwrap().take();
        drop(deliveries);
    }

    fn decrement(&self, by: f64) {
        *self.value.lock().unwrap() -= by;
    }

    fn set(&self, _: f64) {
        panic!("several receivers in one app add up");
    }
}

struct DepthRecorder(Arc<Depth>);

impl Recorder for DepthRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        if key.name() == "birdhook_queue_depth" { Gauge::from_arc(Arc::clone(&self.0)) } else { Gauge::noop() }
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Returns `name{label=value}` with its value. Reading resets everything to zero.
pub(crate) fn recorded(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let named = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels: String = key.key().labels().map(|l| format!("{{{}={}}}", l.key(), l.value())).collect();
        (format!("{}{labels}", key.key().name()), value)
    });
    named.collect()
}

#[tokio::test(start_paused = true)]
async fn a_queue_dropped_while_a_delivery_enters_leaves_the_gauge_at_zero() {
    let depth = Arc::new(Depth::default());
    let recorder = DepthRecorder(Arc::clone(&depth));
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (pipeline, deliveries) = webhook().channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    assert_eq!(*depth.value.lock().unwrap(), 2.0);
    *depth.dropped_next.lock().unwrap() = Some(deliveries);
    assert_eq!(deliver(&pipeline, &deleted(&["3", "4", "5"])).await, Outcome::SinkClosed);
    assert_eq!(*depth.value.lock().unwrap(), 0.0, "the rest is never read");
    assert_eq!(pipeline.health().backlog, Some(Backlog { deliveries: 1, events: 2 }), "the lost events are reported");
    assert_eq!(deliver(&pipeline, &deleted(&["6"])).await, Outcome::SinkClosed);
    assert_eq!(*depth.value.lock().unwrap(), 0.0);
}

/// Two deliveries, one of which fails: the gauges show both, and return to zero when they end.
#[tokio::test(start_paused = true)]
async fn deliveries_in_flight_and_their_bytes_are_on_the_gauges_until_they_end() {
    let recorder = DebuggingRecorder::new();
    let _told = metrics::set_default_local_recorder(&recorder);
    // Reading resets the gauges.
    let mut sums = [0.0; 2];
    let mut gauges = || {
        let recorded = recorded(&recorder.snapshotter());
        for (sum, name) in sums.iter_mut().zip(["birdhook_in_flight", "birdhook_body_bytes"]) {
            let Some(DebugValue::Gauge(value)) = recorded.get(name) else { panic!("no {name}") };
            *sum += value.into_inner();
        }
        sums
    };
    let (pipeline, mut asked) = asking(webhook());
    let (one, two) = (deleted(&["1"]), deleted(&["2", "3"]));
    let first = pending(pipeline.receive(incoming(&pipeline, &one), whole(&one)));
    assert_eq!(gauges(), [1.0, one.len() as f64]);
    let endless = whole(&two).chain(stream::pending());
    let second = pending(pipeline.receive(incoming(&pipeline, &two), endless));
    assert_eq!(gauges(), [2.0, (one.len() + two.len()) as f64]);
    let health = pipeline.health();
    assert_eq!(gauges(), [health.in_flight as f64, health.body_bytes as f64], "the same facts");
    asked.now().unwrap().1.say(Ok(()));
    assert_eq!(first.await.outcome(), Outcome::Accepted);
    assert_eq!(gauges(), [1.0, two.len() as f64]);
    drop(second);
    assert_eq!(gauges(), [0.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn deliveries_signed_with_another_kind_than_answers_are_on_a_counter() {
    let recorder = DebuggingRecorder::new();
    let _told = metrics::set_default_local_recorder(&recorder);
    let app = app("bees", SECRET).add_client_secret(secret("client"));
    let (pipeline, _deliveries) = Webhook::new(app).channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let recorded = recorded(&recorder.snapshotter());
    assert_eq!(recorded["birdhook_signed_with_other_kind_total{signed=consumer}"], DebugValue::Counter(1));
}
