//! Model test of the queue gauge while the receiving half is dropped.

use std::sync::Arc;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use shuttle::future::{block_on, spawn};
use shuttle::rand::{Rng, thread_rng};

use super::deliveries::delivery;
use super::run;
use super::sync::Runtime;
use crate::sink::{EventSink, channel};

/// Deliveries that will never be read do not count: in every interleaving of enter, leave and drop
/// the gauge returns to zero.
#[test]
fn the_gauge_of_a_dropped_queue_returns_to_zero() {
    run::at_random(|| {
        Runtime::any().set();
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || {
            block_on(async {
                let (sink, mut deliveries) = channel(thread_rng().gen_range(1..=2));
                let sink = Arc::new(sink);
                let senders = ["1", "2", "3"].map(|id| {
                    let sink = Arc::clone(&sink);
                    spawn(async move { drop(sink.deliver(delivery(&[id])).await) })
                });
                let reader = spawn(async move { drop(deliveries.recv().await) });
                for sender in senders {
                    sender.await.unwrap();
                }
                reader.await.unwrap();
            });
        });
        let recorded = recorder.snapshotter().snapshot().into_vec();
        let mut values = recorded.into_iter().map(|(_, _, _, value)| value);
        assert_eq!(values.next(), Some(DebugValue::Gauge(0.0.into())));
        assert_eq!(values.next(), None);
    });
}
