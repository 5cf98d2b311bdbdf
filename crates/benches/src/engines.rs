//! Consuming events from JetStream and Redis, compared with storing them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use birdhook::nats::{ConsumerSettings, JetStream, StreamSettings};
use birdhook::redis::{GroupSettings, Redis};
use birdhook::sink::EventSink;
use birdhook::{Delivery, Event};
use birdhook_test_harness::servers::{Kind, Server};
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::machine;
use crate::report::{Table, number, prose, range};
use crate::statistics::Sample;

/// Deliveries that are stored at once.
pub(crate) const CONCURRENCY: usize = 64;

#[derive(Clone, Copy)]
enum Mode {
    /// `recv`, then `ack`, in one task.
    InTurn,
    Run(usize),
}

const MODES: [(&str, Mode); 3] =
    [("`recv` and `ack` in turn", Mode::InTurn), ("`run(1)`", Mode::Run(1)), ("`run(8)`", Mode::Run(8))];

/// A server, and the connection of its consumers and sinks.
enum Engine {
    Nats(Box<JetStream>),
    Redis(Redis),
}

pub(crate) fn run(quick: bool) {
    let (rounds, events) = if quick { (2, 2_000) } else { (5, 10_000) };
    println!("## Consuming from engines compared with storing\n\n{}\n", machine::facts());
    let text = format!(
        "Each round stores {events} events of 2 KB in an empty stream, {CONCURRENCY} at once, and then consumes \
         them with an empty handler, in one process. The client, with two threads, and the server share the \
         processor cores. {rounds} rounds. *vs. storing* compares events per second of one round (range). Redis \
         syncs every write to disk before it replies."
    );
    println!("{}\n", prose(&text));
    let mut table = Table::new(["engine", "consumer", "stored/s", "consumed/s", "vs. storing"]);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for (name, kind) in [("JetStream", Kind::Nats), ("Redis", Kind::Redis)] {
        let server = kind.start();
        let engine = runtime.block_on(connect(&server));
        let mut samples = MODES.map(|_| (Sample::default(), Sample::default()));
        for round in 0..rounds {
            for (at, (_, mode)) in MODES.iter().enumerate() {
                eprintln!("{name}, round {round}, {at}");
                let stream = format!("S{round}x{at}");
                let (stored, consumed) = runtime.block_on(engine.measure(&stream, events, *mode));
                samples[at].0.push(events as f64 / stored.as_secs_f64());
                samples[at].1.push(events as f64 / consumed.as_secs_f64());
            }
        }
        for ((mode, _), (stored, consumed)) in MODES.iter().zip(&samples) {
            let ratio = consumed.of(stored);
            let ratio = format!("{} ({})", number(ratio.median()), range(&ratio));
            let [stored, consumed] = [stored, consumed].map(|sample| number(sample.median()));
            table.row([name.to_owned(), (*mode).to_owned(), stored, consumed, ratio]);
        }
    }
    println!("{table}");
}

async fn connect(server: &Server) -> Engine {
    match server.kind() {
        Kind::Nats => Engine::Nats(Box::new(JetStream::connect(&server.url()).await.expect("a connection"))),
        Kind::Redis => Engine::Redis(Redis::connect(&server.url()).await.expect("a connection")),
    }
}

impl Engine {
    /// Returns the times of storing the events in this stream and of consuming them.
    async fn measure(&self, name: &str, events: usize, mode: Mode) -> (Duration, Duration) {
        match self {
            Self::Nats(jetstream) => {
                let subjects = format!("{name}.{{app}}.{{kind}}.{{subscriber}}").parse().expect("subjects");
                let settings = StreamSettings::new().name(name).subjects([format!("{name}.>")]).max_bytes(256 << 20);
                jetstream.ensure_stream(&settings).await.expect("a stream");
                let stored = store(jetstream.sink().subject(subjects), events).await;
                let settings = ConsumerSettings::new("bench").stream(name);
                let mut consumer = jetstream.consumer(&settings).await.expect("a consumer");
                let started = Instant::now();
                match mode {
                    Mode::InTurn => {
                        for _ in 0..events {
                            let message = consumer.recv().await.expect("a consumer").expect("an event");
                            message.ack().await.expect("an acknowledgement");
                        }
                    }
                    Mode::Run(concurrency) => {
                        let (handler, stop) = counted(events);
                        consumer.run_until(handler, concurrency, stop).await.expect("a consumer");
                    }
                }
                let consumed = started.elapsed();
                let deleted = jetstream.context().delete_stream(name).await;
                deleted.expect("the stream is deleted");
                (stored, consumed)
            }
            Self::Redis(redis) => {
                let stored = store(redis.sink(name), events).await;
                let mut group = redis.group(GroupSettings::new(name, "bench")).await.expect("a group");
                let started = Instant::now();
                match mode {
                    Mode::InTurn => {
                        for _ in 0..events {
                            let message = group.recv().await.expect("an event");
                            message.ack().await.expect("an acknowledgement");
                        }
                    }
                    Mode::Run(concurrency) => {
                        let (handler, stop) = counted(events);
                        group.run_until(handler, concurrency, stop).await;
                    }
                }
                (stored, started.elapsed())
            }
        }
    }
}

/// Returns a handler, and a future that resolves when it has processed this number of events.
pub(crate) fn counted(
    events: usize,
) -> (impl Fn(Event) -> std::future::Ready<Result<(), &'static str>>, impl Future<Output = ()>) {
    let all = Arc::new(Notify::new());
    let (done, count) = (Arc::clone(&all), AtomicUsize::new(0));
    let handler = move |_| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == events {
            done.notify_one();
        }
        std::future::ready(Ok(()))
    };
    (handler, async move { all.notified().await })
}

pub(crate) async fn store(sink: impl EventSink, events: usize) -> Duration {
    let deliveries: Vec<_> = (0..events).map(delivery).collect();
    let started = Instant::now();
    let delivered = stream::iter(deliveries).map(|delivery| sink.deliver(delivery)).buffer_unordered(CONCURRENCY);
    delivered.for_each(async |delivered| delivered.expect("it is stored")).await;
    started.elapsed()
}

/// Returns a delivery of one post, about 2 KB long, with its own id.
pub(crate) fn delivery(at: usize) -> Delivery {
    const USER: &str = "2200440066008801";
    let (id, text) = (1_000_000_000_000_000_000 + fastrand::u64(..1 << 40) * 1_000_000 + at as u64, "a".repeat(1_900));
    let body = format!(
        r#"{{"for_user_id":"{USER}","tweet_create_events":[{{"id_str":"{id}","user":{{"id_str":"{USER}"}},"text":"{text}"}}]}}"#
    );
    Delivery::restore("shop", body, 1).expect("a delivery")
}
