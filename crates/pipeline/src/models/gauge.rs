//! What the gauge of the queue is told, when the app's end is dropped at any moment.

use std::sync::Arc;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use shuttle::future::{block_on, spawn};
use shuttle::rand::{Rng, thread_rng};

use super::posts::delivery;
use super::run;
use super::sync::Runtime;
use crate::EventSink;
use crate::channel::channel;

/// What nobody will read is no queue: however entering, leaving and dropping meet, the gauge comes back to nought.
#[test]
fn the_gauge_of_a_dropped_queue_comes_back_to_nought() {
    run::at_random(|| {
        Runtime::any().set();
        let recorder = DebuggingRecorder::new();
        // All tasks of a schedule run on this thread.
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
        let told = recorder.snapshotter().snapshot().into_vec();
        let mut values = told.into_iter().map(|(_, _, _, value)| value);
        assert_eq!(values.next(), Some(DebugValue::Gauge(0.0.into())));
        assert_eq!(values.next(), None);
    });
}
